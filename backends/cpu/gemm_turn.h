/* SPDX-License-Identifier: MIT */
/* gemm_turn.h - a 4 x 4 transpose: one instruction's work on every ISA, 16 bytes wide. */
#ifndef CPU_GEMM_TURN_H
#define CPU_GEMM_TURN_H

#include <simde/x86/sse.h>
#include <stddef.h>

/* dst[l * dst_row + i] = src[i * src_row + l] */
static inline void cpu__turn_f32(float *dst, ptrdiff_t dst_row, const float *src, ptrdiff_t src_row)
{
    simde__m128 a = simde_mm_loadu_ps(src), b = simde_mm_loadu_ps(src + src_row);
    simde__m128 c = simde_mm_loadu_ps(src + 2 * src_row), d = simde_mm_loadu_ps(src + 3 * src_row);
    simde__m128 ab = simde_mm_unpacklo_ps(a, b), cd = simde_mm_unpacklo_ps(c, d);
    simde__m128 ab_high = simde_mm_unpackhi_ps(a, b), cd_high = simde_mm_unpackhi_ps(c, d);
    simde_mm_storeu_ps(dst, simde_mm_movelh_ps(ab, cd));
    simde_mm_storeu_ps(dst + dst_row, simde_mm_movehl_ps(cd, ab));
    simde_mm_storeu_ps(dst + 2 * dst_row, simde_mm_movelh_ps(ab_high, cd_high));
    simde_mm_storeu_ps(dst + 3 * dst_row, simde_mm_movehl_ps(cd_high, ab_high));
}

#endif
