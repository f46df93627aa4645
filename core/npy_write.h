/* SPDX-License-Identifier: MIT */
/* npy_write.h - a tensor in NumPy's .npy format (1.0, C order, native byte order; bf16 as <V2). */
#ifndef VANE__NPY_WRITE_H
#define VANE__NPY_WRITE_H

#include <stdio.h>

#include "vane/types.h"

/* 1; 0: writing failed, see errno; -1: there is no such data type or rank. */
int vane__npy_write(FILE *f, const vane_tensor *t);

#endif
