/* SPDX-License-Identifier: MIT */
/* text.h - numbers to text with units, and text to numbers without guessing. */
#ifndef VANE_TOOL_TEXT_H
#define VANE_TOOL_TEXT_H

#include <stdint.h>

/* By value, so that several fit in one printf: text_ns(t).s */
typedef struct text_words {
    char s[32];
} text_words;

text_words text_ns(double ns);       /* "12.3 us" */
text_words text_bytes(double bytes); /* "1.50 MiB" */
text_words text_flops(double n);     /* "268 Mflop" */
text_words
text_figure(double value); /* three digits: "0.0123", "1.23", "12.3", "1230"; "-" for NaN */

/* The whole text is the number, or 0 is returned and *out is untouched. */
int text_integer(const char *s, int64_t *out); /* decimal, perhaps with a sign */
int text_real(const char *s, double *out);     /* as strtod: also inf, nan, 0x1p3 */

#endif
