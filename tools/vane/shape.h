/* SPDX-License-Identifier: MIT */
/* shape.h - shapes as people write them: 512x512, 1,3,224,224, scalar, 64x64:f16. */
#ifndef VANE_TOOL_SHAPE_H
#define VANE_TOOL_SHAPE_H

#include "vane/types.h"

/* Reads text into *out, a row-major tensor without data; ":dtype" after the shape wins
 * over dtype. CLI_OK, or CLI_USAGE with the error printed. */
int shape_parse(const char *text, uint32_t dtype, vane_tensor *out);

typedef struct shape_words {
    char s[192];
} shape_words;
shape_words shape_text(const vane_tensor *t); /* "512x512", "scalar" */

/* Bytes between a row-major tensor's first and last element; 0 for an invalid shape. */
uint64_t shape_bytes(const vane_tensor *t);

#endif
