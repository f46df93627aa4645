/* SPDX-License-Identifier: MIT */
/* ew.h - elementwise kernels: a body that computes n neighbouring elements, and the loop
 * (ew_loop.c) that brings every call down to such runs.
 */
#ifndef CPU_EW_H
#define CPU_EW_H

#include "kernels.h"
#include "vec.h"

/* out[i] = f(a[i], b[i], c[i]) for i < n; out may be a, b or c. Operands that the op does
 * not have are NULL. */
typedef void (*ew_body)(void *out, const void *a, const void *b, const void *c, size_t n,
                        const vane_call *call);

/* Direct functions of kernels with 0 to 3 inputs; self->impl is an ew_body. */
vane_status cpu__ew_run0(const vane_kernel *self, const vane_call *call);
vane_status cpu__ew_run1(const vane_kernel *self, const vane_call *call);
vane_status cpu__ew_run2(const vane_kernel *self, const vane_call *call);
vane_status cpu__ew_run3(const vane_kernel *self, const vane_call *call);

/* Every elementwise op but COPY. */
const vane_kernel *cpu__elementwise_kernel(uint32_t op, uint32_t dtype);

/* Of ew_arith.c, ew_math.c, ... */
const vane_kernel *cpu__arith_kernel(uint32_t op, uint32_t dtype);
const vane_kernel *cpu__integer_kernel(uint32_t op, uint32_t dtype);
const vane_kernel *cpu__math_kernel(uint32_t op, uint32_t dtype);
const vane_kernel *cpu__pow_kernel(uint32_t op, uint32_t dtype);
const vane_kernel *cpu__compare_kernel(uint32_t op, uint32_t dtype);
const vane_kernel *cpu__move_kernel(uint32_t op, uint32_t dtype);

/* Rules of thumb for one thread: flops of ops.def, bytes in the caches. */
#if VEC_BYTES == 64
#define EW_FLOPS 64.0
#define EW_BYTES 60.0
#elif VEC_BYTES == 32
#define EW_FLOPS 32.0
#define EW_BYTES 45.0
#else
#define EW_FLOPS 12.0
#define EW_BYTES 25.0
#endif
/* Of bodies that use FMA: the same bits on every ISA that has one. */
#define EW_FMA_NUMERICS (VEC_HAS_FMA ? VANE_NUMERICS_REPRO : VANE_NUMERICS_FAST)

#define EW_ROW(OP, DT, text, n_in, body, flops, numerics_)                                 \
    {                                                                                      \
        VANE_OP_##OP, VANE_##DT,                                                           \
        {                                                                                  \
            .struct_size = sizeof(vane_kernel),                                            \
            .flags = VANE_KERNEL_PARALLEL | VANE_KERNEL_CLEAN_FAIL, .numerics = numerics_, \
            .name = text, .direct = cpu__ew_run##n_in, .impl = (void (*)(void))(body),     \
            .flops_per_ns = (flops), .bytes_per_ns = EW_BYTES, .launch_ns = 5.0            \
        }                                                                                  \
    }

/* Before a loop over out[i] = f(in[i]): iterations do not touch each other's elements. */
#if defined(__clang__)
#define EW_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define EW_LOOP _Pragma("GCC ivdep")
#endif

#endif
