/* SPDX-License-Identifier: MIT */
/* stream.h - stores that pass the caches by, for outputs that would not stay there anyway:
 * an ordinary store first reads the line that it will overwrite.
 */
#ifndef CPU_STREAM_H
#define CPU_STREAM_H

#include "vane/backend.h"
#include "vec.h"

/* Measured: up to here the last level keeps enough of the lines that both ways take the same
 * time, and whoever reads the output next finds it near. Beyond, streaming wins 1.3 to 1.5x. */
#define CPU_STREAM_L2S 8

/* Is a call that touches so many bytes on width threads better off streaming its output? */
static inline int cpu__stream_pays(const vane_call *call, uint64_t bytes)
{
    const uint64_t l2 = call->host->l2_bytes ? call->host->l2_bytes : 1u << 20;
    return bytes > CPU_STREAM_L2S * l2 * call->width;
}

/* dst is aligned to 64. VEC_FENCE() after the last one. */
static inline void cpu__stream_copy(void *dst, const void *src, size_t bytes)
{
    float *d = dst;
    const float *s = src;
    size_t i = 0, n = bytes / 4;
    for (; i + 64 / 4 <= n; i += 64 / 4) {
        for (size_t j = 0; j < 64 / 4; j += VF32_LANES)
            vf32_stream(d + i + j, vf32_load(s + i + j));
    }
    if (bytes > 4 * i)
        memcpy(d + i, s + i, bytes - 4 * i);
}

#endif
