/* SPDX-License-Identifier: MIT */
/* json.c - a writer of JSON: always well-formed, whatever the texts and numbers are. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* The length of the UTF-8 sequence at s, or 0 when there is none: overlong forms,
 * surrogates and values beyond U+10FFFF are none. */
static int utf8_length(const unsigned char *s)
{
    int n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4)
        return 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void put_text(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', out);
    while (*s) {
        int n = utf8_length(s);
        if (n == 0)
            fputs("\\ufffd", out);
        else if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7f)
            fprintf(out, "\\u%04x", *s);
        else
            fwrite(s, 1, (size_t)n, out);
        s += n ? n : 1;
    }
    fputc('"', out);
}

static void new_line(const json *j)
{
    if (!j->one_line)
        fprintf(j->out, "\n%*s", 2 * j->depth, "");
}

static void lead(json *j, const char *key)
{
    if (j->depth) {
        if (j->has_member[j->depth - 1])
            fputs(j->one_line ? ", " : ",", j->out);
        j->has_member[j->depth - 1] = 1;
        new_line(j);
    }
    if (key) {
        put_text(j->out, key);
        fputs(": ", j->out);
    }
}

static void open_with(json *j, const char *key, char opener, char closer)
{
    lead(j, key);
    fputc(opener, j->out);
    j->closer[j->depth] = closer;
    j->has_member[j->depth++] = 0;
}

void json_begin(json *j, FILE *out)
{
    j->out = out;
    j->depth = 0;
    j->one_line = 0;
}

void json_begin_line(json *j, FILE *out)
{
    json_begin(j, out);
    j->one_line = 1;
}

void json_object(json *j, const char *key)
{
    open_with(j, key, '{', '}');
}
void json_array(json *j, const char *key)
{
    open_with(j, key, '[', ']');
}

void json_close(json *j)
{
    j->depth--;
    if (j->has_member[j->depth])
        new_line(j);
    fputc(j->closer[j->depth], j->out);
}

void json_end(json *j)
{
    while (j->depth)
        json_close(j);
    fputc('\n', j->out);
}

void json_null(json *j, const char *key)
{
    lead(j, key);
    fputs("null", j->out);
}

void json_text(json *j, const char *key, const char *value)
{
    if (!value) {
        json_null(j, key);
        return;
    }
    lead(j, key);
    put_text(j->out, value);
}

void json_real(json *j, const char *key, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    lead(j, key);
    fputs(text, j->out);
}

void json_integer(json *j, const char *key, int64_t value)
{
    lead(j, key);
    fprintf(j->out, "%" PRId64, value);
}

void json_unsigned(json *j, const char *key, uint64_t value)
{
    lead(j, key);
    fprintf(j->out, "%" PRIu64, value);
}

void json_boolean(json *j, const char *key, int value)
{
    lead(j, key);
    fputs(value ? "true" : "false", j->out);
}
