/* SPDX-License-Identifier: MIT */
/* proc.c - parsers of /proc/stat, /proc/self/stat, pressure files and keyed lists. */
#include "telemetry/proc.h"

#include <string.h>

/* ---- numbers ------------------------------------------------------------------- */

/* Digits, then a blank, a line's end or the text's; *at moves behind digits and blanks. */
static int take(const char **at, uint64_t *out)
{
    const char *p = *at;
    uint64_t value = 0;
    if (*p < '0' || *p > '9')
        return 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    if (*p != '\0' && *p != ' ' && *p != '\n')
        return 0;
    *at = p + strspn(p, " ");
    *out = value;
    return 1;
}

static const char *next_line(const char *at)
{
    const char *end = strchr(at, '\n');
    return end == NULL ? at + strlen(at) : end + 1;
}

static int add(uint64_t *sum, uint64_t value)
{
    if (value > UINT64_MAX - *sum)
        return 0;
    *sum += value;
    return 1;
}

int vane__proc_number(const char *text, uint64_t *out)
{
    uint64_t value;
    if (!take(&text, &value) || (*text != '\0' && strcmp(text, "\n") != 0))
        return 0;
    *out = value;
    return 1;
}

/* ---- /proc/stat ---------------------------------------------------------------- */

/* user nice system IDLE IOWAIT irq softirq steal; kernels older than 2.6.11 write fewer. */
static int take_columns(const char *at, vane__cpu_ticks *sum)
{
    enum { COLUMNS = 8, LEAST = 5, IDLE = 3, IOWAIT = 4 };
    for (int i = 0; i < COLUMNS; i++) {
        uint64_t ticks;
        if (*at == '\n' || *at == '\0')
            return i >= LEAST;
        if (!take(&at, &ticks) || !add(&sum->all, ticks) ||
            ((i == IDLE || i == IOWAIT) && !add(&sum->idle, ticks)))
            return 0;
    }
    return 1;
}

static int has(const vane__cpus *mask, uint64_t cpu)
{
    return cpu < VANE__CPUS && (mask->bits[cpu / 64] >> (cpu % 64) & 1);
}

int vane__proc_cpus(const char *text, const vane__cpus *mask, vane__cpu_ticks *out)
{
    vane__cpu_ticks sum = {0};
    uint64_t before = 0, cpu;
    for (const char *at = text; strncmp(at, "cpu", 3) == 0; at = next_line(at)) {
        const char *line = at + 3;
        if (*line == ' ')
            continue; /* the sum of all */
        if (!take(&line, &cpu) || cpu + 1 <= before)
            return 0; /* twice the same one */
        before = cpu + 1;
        if (!has(mask, cpu))
            continue;
        if (!take_columns(line, &sum))
            return 0;
        sum.cpus++;
    }
    if (sum.cpus == 0)
        return 0;
    *out = sum;
    return 1;
}

/* ---- /proc/<pid>/stat ---------------------------------------------------------- */

/* The text of a field, counted from 1; NULL: there is none. */
static const char *field_of(const char *text, int wanted)
{
    enum { STATE = 3 };
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] != ' ')
        return NULL;
    at += 2;
    for (int field = STATE; field < wanted; field++) {
        at += strcspn(at, " \n");
        if (*at != ' ')
            return NULL;
        at++;
    }
    return at;
}

int vane__proc_self(const char *text, uint64_t *out)
{
    enum { UTIME = 14 };
    uint64_t user, system;
    const char *at = field_of(text, UTIME);
    if (at == NULL || !take(&at, &user) || !take(&at, &system) || !add(&user, system))
        return 0;
    *out = user;
    return 1;
}

int vane__proc_started(const char *text, uint64_t *out)
{
    enum { STATE = 3, STARTTIME = 22 };
    const char *state = field_of(text, STATE), *at = field_of(text, STARTTIME);
    return at != NULL && strchr("ZXx", *state) == NULL && take(&at, out);
}

/* ---- pressure ------------------------------------------------------------------ */

/* "12.34": a percentage, at most 100. */
static int take_percent(const char **at, double *out)
{
    const char *p = *at;
    unsigned whole = 0, cents = 0;
    size_t digits = strspn(p, "0123456789");
    if (digits == 0 || digits > 3 || p[digits] != '.' || strspn(p + digits + 1, "0123456789") != 2)
        return 0;
    for (size_t i = 0; i < digits; i++)
        whole = whole * 10 + (unsigned)(p[i] - '0');
    cents = (unsigned)(p[digits + 1] - '0') * 10 + (unsigned)(p[digits + 2] - '0');
    if (whole * 100 + cents > 10000)
        return 0;
    *at = p + digits + 3;
    *out = (double)(whole * 100 + cents) / 100;
    return 1;
}

int vane__proc_pressure(const char *text, vane__pressure *out)
{
    static const char first[] = "some avg10=", last[] = " total=";
    vane__pressure p;
    if (strncmp(text, first, sizeof first - 1) != 0)
        return 0;
    const char *at = text + sizeof first - 1, *end = text + strcspn(text, "\n");
    if (!take_percent(&at, &p.avg10_percent) || *at != ' ')
        return 0;
    const char *total = strstr(at, last);
    if (total == NULL || total > end)
        return 0;
    total += sizeof last - 1;
    if (!take(&total, &p.total_us) || total != end)
        return 0;
    *out = p;
    return 1;
}

/* ---- keyed lists --------------------------------------------------------------- */

int vane__proc_keyed(const char *text, const char *key, uint64_t *out)
{
    size_t n = strlen(key);
    uint64_t value;
    for (const char *at = text; *at != '\0'; at = next_line(at)) {
        if (strncmp(at, key, n) != 0 || (at[n] != ' ' && at[n] != ':'))
            continue;
        at += n + (at[n] == ':');
        at += strspn(at, " ");
        if (!take(&at, &value))
            return 0;
        int is_kib = strncmp(at, "kB", 2) == 0;
        at += is_kib ? 2 : 0;
        if ((*at != '\n' && *at != '\0') || (is_kib && value > UINT64_MAX / 1024))
            return 0;
        *out = is_kib ? value * 1024 : value;
        return 1;
    }
    return 0;
}
