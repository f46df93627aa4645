/* SPDX-License-Identifier: MIT */
/* copy.h - the lookup of the kernels of copy, transpose and concat: one kernel, three names. */
#ifndef CPU_COPY_H
#define CPU_COPY_H

#include "vane/backend.h"

/* NULL: not supported. */
const vane_kernel *cpu__copy_kernel(uint32_t op, uint32_t dtype);

#endif
