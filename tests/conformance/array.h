/* SPDX-License-Identifier: MIT */
/* array.h - the same values in two forms: dense, and laid out awkwardly between guards.
 *
 * An array holds the values row-major; the oracle computes on those. A box is memory with
 * guard bytes in front, behind and in every gap, and a tensor that views elements in it; a
 * plugin under test gets boxes.
 */
#ifndef CONFORM_ARRAY_H
#define CONFORM_ARRAY_H

#include "vane/vane.h"

typedef struct conform_array {
    vane_tensor t; /* dense; t.data is owned */
    int64_t count;
    uint32_t flat; /* bit d: the values do not change along dimension d */
} conform_array;

/* 0: no memory, or no such shape. The bytes are zero. */
int conform_array_make(conform_array *a, uint32_t dtype, uint32_t rank, const int64_t *shape);
void conform_array_free(conform_array *a);

typedef enum conform_layout {
    CONFORM_DENSE,
    CONFORM_OFFSET,     /* dense, but one element past an aligned address */
    CONFORM_STRIDED,    /* every second element */
    CONFORM_REVERSED,   /* every stride negative */
    CONFORM_PADDED,     /* rows with gaps between them */
    CONFORM_TURNED,     /* inputs column-major, output row-major */
    CONFORM_TURNED_OUT, /* the other way round */
    CONFORM_MIXED,      /* another of the above for each operand */
    CONFORM_ZERO,       /* stride 0 where the values allow it */
    CONFORM_LAYOUTS
} conform_layout;

const char *conform_layout_name(conform_layout l);
/* Of one operand (the output is the last of n) when the call has layout l. */
conform_layout conform_layout_of(conform_layout l, uint32_t operand, uint32_t n);

typedef struct conform_box {
    vane_tensor t;
    unsigned char *base, *before; /* before: a copy of base */
    size_t bytes;
} conform_box;

/* A box with the array's shape and dtype, all guard bytes. 0: no memory. */
int conform_box_make(conform_box *b, const conform_array *like, conform_layout layout);
void conform_box_free(conform_box *b);
void conform_box_fill(conform_box *b, const conform_array *values); /* and remembers */
void conform_box_read(const conform_box *b, conform_array *out);
/* The byte that differs from what was there, outside the elements (or anywhere, for
 * is_input); -1: none. It counts from the tensor's data. */
int conform_box_intact(const conform_box *b, int is_input, int64_t *at);

#endif
