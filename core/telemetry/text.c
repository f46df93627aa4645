/* SPDX-License-Identifier: MIT */
/* text.c - text that grows; numbers and strings as JSON and Prometheus want them. */
#include "telemetry/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vane__text_free(vane__text *t)
{
    if (!t->borrowed)
        free(t->at);
    *t = (vane__text){0};
}

static int has_room(vane__text *t, size_t bytes)
{
    if (t->failed || bytes <= t->room - t->used)
        return !t->failed;
    size_t room = t->room ? t->room : 4096;
    while (room - t->used < bytes && room <= SIZE_MAX / 2)
        room *= 2;
    char *at = t->borrowed || room - t->used < bytes ? NULL : realloc(t->at, room);
    if (at == NULL) {
        t->failed = 1;
        return 0;
    }
    t->at = at;
    t->room = room;
    return 1;
}

void vane__text_add(vane__text *t, const char *s, size_t bytes)
{
    if (!has_room(t, bytes))
        return;
    memcpy(t->at + t->used, s, bytes);
    t->used += bytes;
}

void vane__text_put(vane__text *t, const char *s)
{
    vane__text_add(t, s, strlen(s));
}

void vane__text_print(vane__text *t, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int bytes = vsnprintf(NULL, 0, fmt, args);
    if (bytes >= 0 && has_room(t, (size_t)bytes + 1)) {
        vsnprintf(t->at + t->used, (size_t)bytes + 1, fmt, again);
        t->used += (size_t)bytes;
    }
    va_end(again);
    va_end(args);
}

/* At least so many digits. */
static void digits(vane__text *t, uint64_t value, int least)
{
    char all[24];
    int n = 0;
    do
        all[sizeof all - (size_t)++n] = (char)('0' + value % 10);
    while ((value /= 10) > 0 || n < least);
    vane__text_add(t, all + sizeof all - (size_t)n, (size_t)n);
}

void vane__text_number(vane__text *t, int64_t value)
{
    if (value < 0)
        vane__text_add(t, "-", 1);
    digits(t, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

void vane__text_milli(vane__text *t, uint64_t thousandths)
{
    digits(t, thousandths / 1000, 1);
    vane__text_add(t, ".", 1);
    digits(t, thousandths % 1000, 3);
}

void vane__text_real(vane__text *t, double value)
{
    if (value >= 0 && value < 0x1p53 && value == (double)(int64_t)value)
        vane__text_number(t, (int64_t)value);
    else if (value - value == 0)
        vane__text_print(t, "%.17g", value);
    else /* JSON has no name for it */
        vane__text_add(t, "0", 1);
}

/* ---- strings -------------------------------------------------------------------------- */

/* The length of the UTF-8 sequence at s, or 0: overlong forms, surrogates and values beyond
 * U+10FFFF are none. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void quoted(vane__text *t, const char *text, void (*odd)(vane__text *, unsigned char))
{
    const unsigned char *s = (const unsigned char *)text;
    vane__text_add(t, "\"", 1);
    while (*s != '\0') {
        size_t plain = 0, n = 0;
        while (s[plain] >= 0x20 && s[plain] < 0x7f && s[plain] != '"' && s[plain] != '\\')
            plain++;
        vane__text_add(t, (const char *)s, plain);
        s += plain;
        if (*s == '\0')
            break;
        n = utf8_length(s);
        if (n == 0)
            vane__text_put(t, "\xef\xbf\xbd");
        else if (n > 1)
            vane__text_add(t, (const char *)s, n);
        else
            odd(t, *s);
        s += n ? n : 1;
    }
    vane__text_add(t, "\"", 1);
}

static void odd_json(vane__text *t, unsigned char c)
{
    if (c == '"' || c == '\\')
        vane__text_add(t, (const char[]){'\\', (char)c}, 2);
    else
        vane__text_print(t, "\\u%04x", c);
}

void vane__text_json(vane__text *t, const char *s)
{
    quoted(t, s, odd_json);
}

/* Three escapes; every other character stands for itself. */
static void odd_label(vane__text *t, unsigned char c)
{
    char escaped = c == '\n' ? 'n' : (char)c;
    if (c == '"' || c == '\\' || c == '\n')
        vane__text_add(t, (const char[]){'\\', escaped}, 2);
    else
        vane__text_add(t, (const char *)&c, 1);
}

void vane__text_label(vane__text *t, const char *s)
{
    quoted(t, s, odd_label);
}
