/* SPDX-License-Identifier: MIT */
/* place.h - a box in a buffer: the guards lie in the buffer too, and the elements begin at an
 * offset that is a multiple of their size and of nothing else.
 */
#ifndef CONFORM_PLACE_H
#define CONFORM_PLACE_H

#include "array.h"

typedef struct conform_place {
    vane_context *ctx;
    vane_buffer buffer;
    vane_tensor t;        /* the box's, in the buffer */
    unsigned char *bytes; /* those of the box that are in the buffer */
    size_t count;
    uint32_t how; /* they got there, and come back: copied, mapped or wrapped */
    int is_open;
} conform_place;

/* A new buffer with the box's content. lot: how, and at which offset. */
vane_status conform_place_open(vane_context *ctx, conform_place *p, const conform_box *box,
                               uint64_t lot);
/* The buffer's content becomes the box's; waits for work on it. */
vane_status conform_place_take(conform_place *p);
/* Nothing when it is not open. */
vane_status conform_place_close(conform_place *p);

#endif
