/* SPDX-License-Identifier: MIT */
/* table.h - rows of text printed as aligned columns. */
#ifndef VANE_TOOL_TABLE_H
#define VANE_TOOL_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "vane/backend.h" /* VANE_PRINTF */

#define TABLE_COLUMNS 16

typedef struct table {
    const char *align; /* one letter a column: l or r */
    size_t columns;
    char **cell; /* row after row */
    size_t count, capacity;
    int out_of_memory;
} table;

/* heads: "name|time|why"; NULL: no line of heads */
void table_begin(table *t, const char *align, const char *heads);
void table_cell(table *t, const char *fmt, ...) VANE_PRINTF(2, 3);
/* Prints every full row after indent blanks, and frees the table. */
void table_end(table *t, FILE *out, int indent);

#endif
