/* SPDX-License-Identifier: MIT */
/* text.c - numbers to text with units, and text to numbers without guessing. */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* value in steps of base, with the unit that keeps it short; three significant digits, or
 * none after the point where the value is whole */
static text_words scaled(double value, double base, const char *const *units, int count)
{
    text_words t;
    int u = 0;
    while (u + 1 < count && fabs(value) >= 0.9995 * base) {
        value /= base;
        u++;
    }
    int whole = value == floor(value) && fabs(value) < base;
    int digits = whole || fabs(value) >= 99.95 ? 0 : fabs(value) < 9.995 ? 2 : 1;
    snprintf(t.s, sizeof t.s, "%.*f %s", digits, value, units[u]);
    return t;
}

text_words text_ns(double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    return scaled(ns, 1000, units, 4);
}

text_words text_bytes(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    return scaled(bytes, 1024, units, 5);
}

text_words text_flops(double n)
{
    static const char *const units[] = {"flop", "kflop", "Mflop", "Gflop", "Tflop"};
    return scaled(n, 1000, units, 5);
}

text_words text_figure(double value)
{
    text_words t;
    double size = fabs(value);
    if (isnan(value))
        return (text_words){"-"};
    int digits = size < 0.0995 ? 4 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    snprintf(t.s, sizeof t.s, "%.*f", value == 0 ? 0 : digits, value);
    return t;
}

int text_integer(const char *s, int64_t *out)
{
    char *end;
    if (!isdigit((unsigned char)s[0]) && s[0] != '-' && s[0] != '+')
        return 0;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end || end == s)
        return 0;
    *out = v;
    return 1;
}

int text_real(const char *s, double *out)
{
    char *end;
    if (!s[0] || isspace((unsigned char)s[0]))
        return 0;
    double v = strtod(s, &end); /* out of range gives infinity or zero, as in C */
    if (*end)
        return 0;
    *out = v;
    return 1;
}
