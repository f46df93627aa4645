/* SPDX-License-Identifier: MIT */
/* transpose.c - 2-D transposes in 16-byte registers, tile by tile. Memory is the limit, not the
 * shuffles, so the narrow registers that every ISA has are enough.
 */
#include "transpose.h"

#include "copy_run.h"

/* One cache line. */
static inline __attribute__((always_inline)) void put_line(void *out, const void *x, int stream)
{
    float *to = out;
    const float *from = x;
    if (!stream)
        memcpy(out, x, 64);
    else
        for (int k = 0; k < 16; k += VF32_LANES)
            vf32_stream(to + k, vf32_load(from + k));
}

#define T uint8_t
#define LOG 4
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define N(name) name##_1
#include "transpose_tmpl.h"
#undef T
#undef LOG
#undef LOW
#undef HIGH
#undef N
#define T uint16_t
#define LOG 3
#define LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define N(name) name##_2
#include "transpose_tmpl.h"
#undef T
#undef LOG
#undef LOW
#undef HIGH
#undef N
#define T uint32_t
#define LOG 2
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#define N(name) name##_4
#include "transpose_tmpl.h"
#undef T
#undef LOG
#undef LOW
#undef HIGH
#undef N
#define T uint64_t
#define LOG 1
#define LOW 0, 2
#define HIGH 1, 3
#define N(name) name##_8
#include "transpose_tmpl.h"

void cpu__transpose(int64_t size, const void *x, int64_t row_x, void *out, int64_t row_out,
                    int64_t m, int64_t n, int stream)
{
    if (size == 4)
        transpose_4(x, row_x, out, row_out, m, n, stream);
    else if (size == 8)
        transpose_8(x, row_x, out, row_out, m, n, stream);
    else if (size == 2)
        transpose_2(x, row_x, out, row_out, m, n, stream);
    else
        transpose_1(x, row_x, out, row_out, m, n, stream);
}
