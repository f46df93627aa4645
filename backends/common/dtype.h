/* SPDX-License-Identifier: MIT */
/* dtype.h - what backends know of a data type beside its number. Plugins link nothing of the core:
 * each compiles this folder's sources into itself. */
#ifndef COMMON_DTYPE_H
#define COMMON_DTYPE_H

#include "vane/types.h"

const char *common_dtype_name(uint32_t dtype); /* "f32", as vane_dtype_name; any of the enum's */
uint64_t common_dtype_bytes(uint32_t dtype);
/* v cast to dtype as ops.h says, as the bits of what a device computes it in: a float for f16 and
 * bf16, the type itself for the others. A float that is to be rounded to f16 or bf16 when it is
 * stored keeps a sticky last bit, so that it is rounded once. */
int64_t common_number_bits(uint32_t dtype, double v);

#endif
