/* SPDX-License-Identifier: MIT */
/* entry.c - the exported constant and the note of one ISA's plugin. Constants only. */
#include "device.h"
#include "vane/backend.h"

VANE_BACKEND(CPU_ISA_NAME, VANE_VERSION, "host CPU kernels compiled for " CPU_ISA_NAME,
             CPU_ISA_BITS, CPU_ISA_RANK, &cpu__backend);
