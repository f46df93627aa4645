/* SPDX-License-Identifier: MIT */
/* text.h - text that grows, in memory of its own or in a caller's array.
 *
 * What does not fit, or for which there is no memory, sets failed; whoever reads the text looks
 * there once, at the end.
 */
#ifndef VANE__TELEMETRY_TEXT_H
#define VANE__TELEMETRY_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "vane/vane.h"

typedef struct vane__text {
    char *at; /* no '\0' at its end, but after vane__text_print */
    size_t used, room;
    int borrowed; /* at is the caller's */
    int failed;
} vane__text;

/* {0} is an empty text that grows. */
static inline vane__text vane__text_over(char *at, size_t room)
{
    return (vane__text){.at = at, .room = room, .borrowed = 1};
}
void vane__text_free(vane__text *t);

void vane__text_add(vane__text *t, const char *s, size_t bytes);
void vane__text_put(vane__text *t, const char *s);
void vane__text_print(vane__text *t, const char *fmt, ...) VANE_PRINTF(2, 3);
void vane__text_number(vane__text *t, int64_t value);
/* In thousandths: 12345 is "12.345". */
void vane__text_milli(vane__text *t, uint64_t thousandths);
/* Whole below 2^53, else as many digits as it takes to read it back. */
void vane__text_real(vane__text *t, double value);
/* A string of JSON, quotes included, whatever the bytes are: what is no UTF-8 is U+FFFD. */
void vane__text_json(vane__text *t, const char *s);
/* A label's value as Prometheus reads it, quotes included. */
void vane__text_label(vane__text *t, const char *s);

#endif
