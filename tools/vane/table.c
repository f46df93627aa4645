/* SPDX-License-Identifier: MIT */
/* table.c - rows of text printed as aligned columns. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Columns on the screen: characters, not bytes. */
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

void table_begin(table *t, const char *align, const char *heads)
{
    memset(t, 0, sizeof *t);
    t->align = align;
    t->columns = strlen(align);
    while (heads) {
        const char *end = strchr(heads, '|');
        int length = end ? (int)(end - heads) : (int)strlen(heads);
        table_cell(t, "%.*s", length, heads);
        heads = end ? end + 1 : NULL;
    }
}

void table_cell(table *t, const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 64;
        char **cell = realloc(t->cell, capacity * sizeof *cell);
        if (!cell) {
            t->out_of_memory = 1;
            return;
        }
        t->cell = cell;
        t->capacity = capacity;
    }
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0) {
        text = NULL;
        t->out_of_memory = 1;
    }
    va_end(ap);
    if (text)
        t->cell[t->count++] = text;
}

static void print_row(const table *t, FILE *out, int indent, char *const *row, const size_t *width)
{
    fprintf(out, "%*s", indent, "");
    for (size_t c = 0; c < t->columns; c++) {
        int pad = (int)(width[c] - width_of(row[c]));
        int last = c + 1 == t->columns;
        if (t->align[c] == 'r')
            fprintf(out, "%*s%s", pad, "", row[c]);
        else
            fprintf(out, "%s%*s", row[c], last ? 0 : pad, "");
        fputs(last ? "\n" : "  ", out);
    }
}

void table_end(table *t, FILE *out, int indent)
{
    size_t width[TABLE_COLUMNS] = {0};
    size_t rows = t->count / t->columns;
    for (size_t i = 0; i < rows * t->columns; i++) {
        size_t w = width_of(t->cell[i]);
        if (w > width[i % t->columns])
            width[i % t->columns] = w;
    }
    if (t->out_of_memory)
        fputs("(out of memory: this table is not complete)\n", out);
    else
        for (size_t r = 0; r < rows; r++)
            print_row(t, out, indent, t->cell + r * t->columns, width);
    for (size_t i = 0; i < t->count; i++)
        free(t->cell[i]);
    free(t->cell);
    memset(t, 0, sizeof *t);
}
