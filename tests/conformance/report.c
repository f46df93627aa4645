/* SPDX-License-Identifier: MIT */
/* report.c - counts cases and says what failed; a case that the skip file names may fail,
 * and must: one that passes there is a failure, so that such lists do not grow stale. */
#include "report.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the skip file --------------------------------------------------------------- */

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t used = 0, room = 0;
    while (f && !feof(f) && !ferror(f)) {
        if (used + 1 >= room) {
            char *more = realloc(text, room = room ? room * 2 : 4096);
            if (!more)
                break;
            text = more;
        }
        used += fread(text + used, 1, room - used - 1, f);
    }
    if (f)
        fclose(f);
    if (text)
        text[used] = '\0';
    return text;
}

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    for (size_t n = strlen(s); n > 0 && strchr(" \t\r", s[n - 1]); n--)
        s[n - 1] = '\0';
    return s;
}

static vane_status skips_read(conform_skips *s, const char *path, char error[512])
{
    uint32_t room = 1, number = 0;
    s->text = read_all(path);
    if (!s->text)
        return snprintf(error, 512, "%s: cannot be read", path), VANE_E_IO;
    for (const char *c = s->text; *c; c++)
        room += *c == '\n';
    s->rows = calloc(room, sizeof *s->rows);
    if (!s->rows)
        return snprintf(error, 512, "out of memory"), VANE_E_NOMEM;
    for (char *rest = s->text, *line; (line = strsep(&rest, "\n"));) {
        number++;
        line = trim(line);
        if (!*line || *line == '#')
            continue;
        char *colon = strchr(line, ':');
        if (!colon || !*trim(colon + 1))
            return snprintf(error, 512, "%s:%u: expected 'pattern: reason'", path, number),
                   VANE_E_ARGUMENT;
        *colon = '\0';
        s->rows[s->count].reason = trim(colon + 1);
        s->rows[s->count++].pattern = trim(line);
    }
    return VANE_OK;
}

/* Why this case may fail, or NULL. */
static const char *excuse(const conform_report *r, const char *label)
{
    char name[400];
    if (!r->skips.count)
        return NULL;
    snprintf(name, sizeof name, "%s %s %s %s", r->group, r->op, r->dtype, label);
    for (uint32_t i = 0; i < r->skips.count; i++)
        if (fnmatch(r->skips.rows[i].pattern, name, 0) == 0)
            return r->skips.rows[i].reason;
    return NULL;
}

vane_status conform_report_open(conform_report *r, const conform_options *o, char error[512])
{
    *r = (conform_report){.options = o, .group = "", .op = "", .dtype = ""};
    return o->skip_file ? skips_read(&r->skips, o->skip_file, error) : VANE_OK;
}

void conform_report_close(conform_report *r)
{
    free(r->skips.rows);
    free(r->skips.text);
}

/* ---- events ---------------------------------------------------------------------- */

static void tell(conform_report *r, conform_kind kind, const char *text)
{
    conform_event e = {kind, r->group, r->op, r->dtype, text, r->unit};
    if (r->options->event)
        r->options->event(r->options->arg, &e);
}

void conform_unit_begin(conform_report *r, const char *group, const char *op, const char *dtype)
{
    r->group = group;
    r->op = op;
    r->dtype = dtype;
    r->unit = (conform_count){0};
    r->lines = 0;
}

void conform_unit_end(conform_report *r)
{
    r->total.passed += r->unit.passed;
    r->total.failed += r->unit.failed;
    r->total.skipped += r->unit.skipped;
    tell(r, CONFORM_UNIT, "");
    conform_unit_begin(r, "", "", "");
}

void conform_note(conform_report *r, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tell(r, CONFORM_NOTE, text);
}

static void failed(conform_report *r, const char *label, const char *why)
{
    char text[1024];
    r->unit.failed++;
    if (r->lines++ >= CONFORM_LINES)
        return;
    snprintf(text, sizeof text, "%s: %s", label, why);
    tell(r, CONFORM_FAIL, text);
}

void conform_pass(conform_report *r, const char *label)
{
    const char *why = excuse(r, label);
    if (!why) {
        r->unit.passed++;
        return;
    }
    failed(r, label, "it passes, but the skip file excuses it");
}

void conform_fail(conform_report *r, const char *label, const char *fmt, ...)
{
    char text[768];
    va_list ap;
    const char *why = excuse(r, label);
    if (why) {
        conform_skip(r, label, why);
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    failed(r, label, text);
}

void conform_skip(conform_report *r, const char *label, const char *reason)
{
    char text[512];
    r->unit.skipped++;
    snprintf(text, sizeof text, "%s%s%s", label, label[0] ? ": " : "", reason);
    tell(r, CONFORM_SKIP, text);
}
