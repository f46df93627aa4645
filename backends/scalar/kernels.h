/* SPDX-License-Identifier: MIT */
/* kernels.h - the dtype sets of ops.def as lists, and a prototype for every op and dtype.
 *
 * A set's list calls M(ID, type, ...) for each of its types; the rest is handed on.
 * The prototypes are hidden, so a body that is missing is an error of the linker.
 */
#ifndef SCALAR_KERNELS_H
#define SCALAR_KERNELS_H

#include "vane/backend.h"

#define INTS_WIDE(M, ...) M(I32, i32, __VA_ARGS__) M(I64, i64, __VA_ARGS__)
#define INTS_SIGNED(M, ...) INTS_WIDE(M, __VA_ARGS__) M(I8, i8, __VA_ARGS__)
#define INTS_NUMERIC(M, ...) INTS_SIGNED(M, __VA_ARGS__) M(U8, u8, __VA_ARGS__)

#define SET_FLOAT(M, ...)    \
    M(F32, f32, __VA_ARGS__) \
    M(F64, f64, __VA_ARGS__) M(F16, f16, __VA_ARGS__) M(BF16, bf16, __VA_ARGS__)
#define SET_WIDE(M, ...) SET_FLOAT(M, __VA_ARGS__) INTS_WIDE(M, __VA_ARGS__)
#define SET_SIGNED(M, ...) SET_FLOAT(M, __VA_ARGS__) INTS_SIGNED(M, __VA_ARGS__)
#define SET_NUMERIC(M, ...) SET_FLOAT(M, __VA_ARGS__) INTS_NUMERIC(M, __VA_ARGS__)
#define SET_ALL(M, ...) SET_NUMERIC(M, __VA_ARGS__) M(BOOL, bool, __VA_ARGS__)

#define SCALAR_KERNEL(name, T) \
    vane_status scalar_##name##_##T(const vane_kernel *self, const vane_call *call)

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif
#define SCALAR_PROTOTYPE(DT, T, name) SCALAR_KERNEL(name, T);
#define VANE_OP(ID, name, SIG, P, SET, ...) SET_##SET(SCALAR_PROTOTYPE, name)
#include "vane/ops.def"
#undef SCALAR_PROTOTYPE
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
