/* SPDX-License-Identifier: MIT */
/* program.h - making one cl_program (build.c) for the list of them (program.c). */
#ifndef OCL_PROGRAM_H
#define OCL_PROGRAM_H

#include "opencl.h"

/* From the cache, or from source, and then into the cache. VANE_E_UNSUPPORTED: it will never
 * build; the log went to host->report. With the device's lock held. */
vane_status ocl_program_build(vane_device *d, const ocl_function *f, cl_program *out);

#endif
