/* SPDX-License-Identifier: MIT */
/* copy_run.h - a run of bytes, streamed: the ends that share a cache line with others are copied
 * as usual. VEC_FENCE() after the last one.
 */
#ifndef CPU_COPY_RUN_H
#define CPU_COPY_RUN_H

#include "stream.h"

static inline void cpu__stream_run(void *out, const void *x, size_t bytes)
{
    size_t head = (size_t)(-(uintptr_t)out & 63);
    if (bytes < 256) {
        memcpy(out, x, bytes);
        return;
    }
    memcpy(out, x, head);
    cpu__stream_copy((char *)out + head, (const char *)x + head, bytes - head);
}

#endif
