/* SPDX-License-Identifier: MIT */
/* spec.c - reads VANE_FAKE_CUDA: items "key=value" between commas. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

/* A whole number up to limit, perhaps with K, M or G behind it; -1: it is none. */
static int read_number(const char *text, uint64_t limit, int units, uint64_t *out)
{
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint64_t)(*p - '0');
        if (n > (UINT64_C(1) << 40))
            return -1;
    }
    if (p == text || (*p && (!units || !strchr("KMG", *p) || p[1])))
        return -1;
    const unsigned shift = !*p ? 0 : *p == 'K' ? 10 : *p == 'M' ? 20 : 30;
    if (n > (UINT64_MAX >> shift))
        return -1;
    n <<= shift;
    *out = n;
    return n <= limit ? 0 : -1;
}

/* NAME:CODE, NAME:CODE@K or NAME:CODE@K+ */
static int read_fail(char *value, fake_fail *out)
{
    char *colon = strchr(value, ':');
    uint64_t code, from = 1;
    if (!colon || colon == value || (size_t)(colon - value) >= sizeof out->name)
        return -1;
    *colon = 0;
    char *at = strchr(colon + 1, '@');
    if (at)
        *at = 0;
    const size_t length = at ? strlen(at + 1) : 0;
    const int onwards = length > 0 && at[length] == '+';
    if (onwards)
        at[length] = 0;
    if (read_number(colon + 1, 10000, 0, &code) != 0 || code == 0 ||
        (at && (read_number(at + 1, UINT32_MAX, 0, &from) != 0 || from == 0)))
        return -1;
    *out = (fake_fail){.code = (int)code, .from = from, .to = onwards ? UINT64_MAX : from};
    strcpy(out->name, value);
    return 0;
}

static int read_item(fake_spec *s, const char *key, char *value)
{
    uint64_t n = 0;
    if (strcmp(key, "fail") == 0)
        return s->n_fails < FAKE_FAILS ? read_fail(value, &s->fail[s->n_fails++]) : -1;
    if (strcmp(key, "report") == 0) {
        snprintf(s->report, sizeof s->report, "%s", value);
        return strlen(value) < sizeof s->report ? 0 : -1;
    }
    if (strcmp(key, "misuse") == 0) {
        s->misuse_ends = 0;
        return strcmp(value, "report") == 0 ? 0 : -1;
    }
    if (strcmp(key, "memory") == 0)
        return read_number(value, UINT64_C(1) << 36, 1, &s->memory_bytes);
    if (read_number(value, 1000000, 0, &n) != 0)
        return -1;
    if (strcmp(key, "devices") == 0)
        s->devices = (unsigned)n;
    else if (strcmp(key, "cc") == 0)
        s->cc = (unsigned)n;
    else if (strcmp(key, "driver") == 0)
        s->driver = (unsigned)n;
    else if (strcmp(key, "slow") == 0)
        s->slow_us = (unsigned)n;
    else if (strcmp(key, "age") == 0)
        s->age_s = (unsigned)n;
    else if (strcmp(key, "peer") == 0)
        s->peer = (int)n;
    else if (strcmp(key, "pools") == 0)
        s->pools = (int)n;
    else if (strcmp(key, "race") == 0)
        s->race = (int)n;
    else
        return -1;
    return s->devices <= FAKE_DEVICES ? 0 : -1;
}

int fake_spec_read(fake_spec *out, const char *text, char *why, size_t why_bytes)
{
    *out = (fake_spec){.devices = 1,
                       .cc = 90,
                       .driver = 13000,
                       .memory_bytes = UINT64_C(4) << 30,
                       .peer = 1,
                       .pools = 1,
                       .race = 1,
                       .misuse_ends = 1};
    while (text && *text) {
        char item[600], said[600];
        const size_t length = strcspn(text, ",");
        snprintf(item, sizeof item, "%.*s", (int)(length < 599 ? length : 599), text);
        snprintf(said, sizeof said, "%s", item);
        char *value = strchr(item, '=');
        if (value)
            *value++ = 0;
        if (length > 599 || !value || read_item(out, item, value) != 0) {
            snprintf(why, why_bytes, "VANE_FAKE_CUDA: \"%.200s\" is not understood", said);
            return -1;
        }
        text += length + (text[length] == ',');
    }
    return 0;
}
