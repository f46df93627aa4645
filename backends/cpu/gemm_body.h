/* SPDX-License-Identifier: MIT */
/* gemm_body.h - everything that is made once for each dtype, as one cpu_gemm_type. The
 * includer defines the element and its vectors:
 *   S, T            the stored and the computed element type
 *   V, LANES, MR    the vector of T, its length, the most rows of a tile
 *   LOAD LOAD_N STORE STORE_N SET1 ADD MUL FMA     on T
 *   SLOAD SLOAD_N SSTORE SSTORE_N WIDEN(p)         on S, widened and rounded
 *   SCALAR(d)       a double as T
 *   MICRO           the tile's function;  TYPE, the name of the table
 */
#include "gemm.h"

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#ifdef MICRO_HERE
#include "micro_body.h"
#endif
#include "pack_body.h"

#include "gemm_out_body.h"

#include "dot_body.h"

#include "gemv_body.h"

const cpu_gemm_type TYPE = {
    .bytes = sizeof(S),
    .wide = sizeof(T),
    .mr = MR,
    .nr = CPU_NV * LANES,
    .micro = MICRO,
    .panel = panel,
    .lines = lines,
    .finish = finish,
    .row = row,
    .dots = dots,
    .dot = dot,
    .chunks = chunks,
};
