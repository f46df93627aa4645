/* SPDX-License-Identifier: MIT */
/* opencl_same.c - Vane's own elementwise kernel for the hand: the same source and options, and the
 * same cut of the work as backends/opencl's build.c and geometry.c make for contiguous floats.
 */
#include <stdio.h>

#include "opencl_same.h"

extern const char ocl_text_common[], ocl_text_math[], ocl_text_elementwise[], ocl_text_places[];

static cl_ulong number(cl_device_id d, hand_info info, cl_device_info what, size_t bytes)
{
    cl_ulong wide = 0;
    cl_uint narrow = 0;
    info(d, what, bytes, bytes == sizeof wide ? (void *)&wide : (void *)&narrow, NULL);
    return bytes == sizeof wide ? wide : narrow;
}

void hand_shape_of(hand_shape *s, cl_device_id d, hand_info info)
{
    const cl_ulong most = number(d, info, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t));
    const cl_ulong fp = number(d, info, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(cl_ulong));
    s->is_cpu = (number(d, info, CL_DEVICE_TYPE, sizeof(cl_ulong)) & CL_DEVICE_TYPE_CPU) != 0;
    s->exact_division = (fp & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
    s->units = (size_t)number(d, info, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    for (s->group = 256; s->group > most && s->group > 1;)
        s->group /= 2;
}

void hand_same_texts(const hand_shape *s, bench_op op, const char **texts, char *options,
                     size_t bytes)
{
    static const char *const names[BENCH_OPS] = {"ADD", "MUL", "RELU"};
    texts[0] = ocl_text_common;
    texts[1] = ocl_text_math;
    texts[2] = ocl_text_elementwise;
    texts[3] = ocl_text_places;
    snprintf(options, bytes,
             "-cl-std=CL1.2 -w -DOP_%s -DT_f32 -DVARIANT=0 -DGROUP=%zu -DON_CPU=%d "
             "-DEXACT_DIVISION=%d%s",
             names[op], s->group, s->is_cpu, s->exact_division,
             s->exact_division ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");
}

void hand_same_cut(const hand_shape *s, size_t n, hand_place *place, size_t *global, size_t *local)
{
    const size_t chunk = 16384, most = 16 * s->units;
    const size_t groups = ((n + 3) / 4 + s->group - 1) / s->group;
    *place = (hand_place){.n = (cl_long)n, .chunk = (cl_long)chunk};
    *local = s->is_cpu ? 1 : s->group;
    *global = s->is_cpu ? (n + chunk - 1) / chunk : (groups < most ? groups : most) * s->group;
}
