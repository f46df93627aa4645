/* SPDX-License-Identifier: MIT */
/* text.c - words, and numbers with their units; the same in every locale. */
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 32 }; /* bytes of the text that a sentence repeats */

static void show(char *out, const char *from, size_t bytes)
{
    size_t n = bytes < SHOWN ? bytes : SHOWN;
    for (size_t i = 0; i < n; i++)
        out[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
    out[n] = '\0';
}

int sim_refuse(sim_text t, const char *expected)
{
    sim_place *p = t.place;
    char value[SHOWN + 1], device[SHOWN + 1], key[SHOWN + 1];
    if (p->refused)
        return 0;
    p->refused = 1;
    show(value, t.at, (size_t)(t.end - t.at));
    show(device, p->device ? p->device : "", (size_t)p->device_bytes);
    show(key, p->key ? p->key : "", (size_t)p->key_bytes);
    snprintf(p->why, p->why_bytes,
             "sim.devices: device %u%s%s%s%s%s: '%s' at byte %zu, expected %s", p->number,
             p->device ? " (" : "", device, p->device ? ")" : "", p->key ? ", " : "", key, value,
             (size_t)(t.at - p->text), expected);
    return 0;
}

int sim_word_is(sim_text t, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(t.end - t.at) == n && memcmp(t.at, word, n) == 0;
}

int sim_name(sim_text t, char *out)
{
    size_t n = (size_t)(t.end - t.at);
    for (size_t i = 0; i < n; i++)
        if (t.at[i] == '\0' || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", t.at[i]))
            n = 0;
    if (n == 0 || n >= SIM_NAME)
        return sim_refuse(t, "a name of 1 to 15 characters from [a-z0-9_-]");
    memcpy(out, t.at, n);
    out[n] = '\0';
    return 1;
}

int sim_split(sim_text *rest, const char *by, sim_text *part)
{
    size_t n = strlen(by);
    *part = *rest;
    for (const char *p = rest->at; (size_t)(rest->end - p) >= n; p++)
        if (memcmp(p, by, n) == 0) {
            part->end = p;
            rest->at = p + n;
            return 1;
        }
    rest->at = rest->end;
    return 0;
}

/* ---- numbers ------------------------------------------------------------------- */

typedef struct suffix {
    const char *text;
    double factor;
} suffix;

typedef struct unit {
    const char *expected;
    suffix suffix[12];
} unit;

static const unit units[] = {
    [SIM_TIME] = {"a time such as 8us (ns, us, ms, s, min, h)",
                  {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}},
    [SIM_SIZE] = {"a size such as 80GiB (B, kB to TB, KiB to TiB)",
                  {{"B", 1},
                   {"kB", 1e3},
                   {"MB", 1e6},
                   {"GB", 1e9},
                   {"TB", 1e12},
                   {"KiB", 1024.0},
                   {"MiB", 1048576.0},
                   {"GiB", 1073741824.0},
                   {"TiB", 1099511627776.0}}},
    [SIM_BYTE_RATE] = {"bytes a second such as 50GB/s (/s, B/s, kB/s to TB/s, KiB/s to TiB/s)",
                       {{"/s", 1},
                        {"B/s", 1},
                        {"kB/s", 1e3},
                        {"MB/s", 1e6},
                        {"GB/s", 1e9},
                        {"TB/s", 1e12},
                        {"KiB/s", 1024.0},
                        {"MiB/s", 1048576.0},
                        {"GiB/s", 1073741824.0},
                        {"TiB/s", 1099511627776.0}}},
    [SIM_FLOP_RATE] =
        {"operations a second such as 30e12/s or 30T/s (/s, k/s to P/s)",
         {{"/s", 1}, {"k/s", 1e3}, {"M/s", 1e6}, {"G/s", 1e9}, {"T/s", 1e12}, {"P/s", 1e15}}},
    [SIM_PERCENT] = {"a share such as 5%", {{"%", 0.01}}},
    [SIM_POWER] = {"a power such as 700W (mW, W, kW)", {{"mW", 1}, {"W", 1e3}, {"kW", 1e6}}},
    [SIM_FREQUENCY] = {"a frequency such as 1980MHz (MHz, GHz)", {{"MHz", 1}, {"GHz", 1e3}}},
    [SIM_DEGREES] = {"a temperature such as 85C", {{"C", 1e3}}},
    [SIM_COUNT] = {"a whole number", {{"", 1}}},
};

static int is_digit(const sim_text *t)
{
    return t->at < t->end && *t->at >= '0' && *t->at <= '9';
}

/* How many digits there were. */
static int digits(sim_text *t, double *value)
{
    int n = 0;
    for (; is_digit(t); t->at++, n++)
        *value = *value * 10 + (*t->at - '0');
    return n;
}

/* e12, e-3; what is no exponent is left for the unit. */
static double exponent(sim_text *t)
{
    sim_text p = *t;
    double e = 0, sign = 1;
    if (p.at == p.end || (*p.at != 'e' && *p.at != 'E'))
        return 0;
    p.at++;
    if (p.at < p.end && (*p.at == '+' || *p.at == '-'))
        sign = *p.at++ == '-' ? -1 : 1;
    if (digits(&p, &e) == 0)
        return 0;
    *t = p;
    return sign * (e < 99 ? e : 99);
}

static double scaled(double value, double power)
{
    for (; power >= 1; power--)
        value *= 10;
    double down = 1;
    for (; power <= -1; power++)
        down *= 10;
    return value / down;
}

static const suffix *suffix_of(sim_text t, const unit *u)
{
    for (const suffix *s = u->suffix; s < u->suffix + 12 && s->factor > 0; s++)
        if (sim_word_is(t, s->text))
            return s;
    return NULL;
}

int sim_number(sim_text t, sim_unit which, double least, double most, double *out)
{
    const unit *u = &units[which];
    sim_text rest = t;
    double value = 0;
    int whole = digits(&rest, &value), part = 0;
    if (whole > 0 && rest.at < rest.end && *rest.at == '.' && which != SIM_COUNT) {
        rest.at++;
        part = digits(&rest, &value);
    }
    double power = which == SIM_COUNT ? 0 : exponent(&rest);
    const suffix *s = suffix_of(rest, u);
    if (whole == 0 || whole + part > 15 || !s)
        return sim_refuse(t, u->expected);
    value = scaled(value, power - part) * s->factor;
    if (!(value >= least && value <= most)) {
        char expected[128];
        snprintf(expected, sizeof expected, "%s, from %g to %g of its smallest unit", u->expected,
                 least / u->suffix[0].factor, most / u->suffix[0].factor);
        return sim_refuse(t, expected);
    }
    *out = value;
    return 1;
}
