/* SPDX-License-Identifier: MIT */
/* pack_body.h - bringing pieces of A and B into the order that the tile reads them in.
 * The includer defines S (stored), T (computed), V, LANES, SLOAD, SLOAD_N, STORE, STORE_N,
 * WIDEN(p) (one element), and TRANSPOSE4 where 4 x 4 elements can be turned at once.
 */

/* n elements, step apart, widened. */
static inline void widen_run(T *dst, const S *src, ptrdiff_t step, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    if (step == 1) {
        for (; i + LANES <= n; i += LANES)
            STORE(dst + i, SLOAD(src + i));
        if (i < n)
            STORE_N(dst + i, SLOAD_N(src + i, (size_t)(n - i)), (size_t)(n - i));
        return;
    }
    for (; i < n; i++)
        dst[i] = WIDEN(src + i * step);
}

#ifdef TRANSPOSE4
/* k is the direction of stride 1: turn 4 x 4 elements at a time. Returns how many of the w
 * are done; the rest is done by the caller. */
static ptrdiff_t panel_turn(T *dst, int width, const S *src, ptrdiff_t step, int w, ptrdiff_t k)
{
    ptrdiff_t i = 0, k4 = k & ~(ptrdiff_t)3;
    for (; i + 4 <= w; i += 4) {
        const S *s = src + i * step;
        for (ptrdiff_t l = 0; l < k4; l += 4)
            TRANSPOSE4(dst + l * width + i, width, s + l, step);
        for (ptrdiff_t l = k4; l < k; l++)
            for (ptrdiff_t q = 0; q < 4; q++)
                dst[l * width + i + q] = WIDEN(s + q * step + l);
    }
    return i;
}
#endif

static void panel(void *to, int width, const void *from, ptrdiff_t step, ptrdiff_t k_step, int w,
                  ptrdiff_t k)
{
    T *dst = to;
    const S *src = from;
    ptrdiff_t i = 0;
    if (step == 1) {
        for (ptrdiff_t l = 0; l < k; l++)
            widen_run(dst + l * width, src + l * k_step, 1, w);
        i = w;
    }
#ifdef TRANSPOSE4
    else if (k_step == 1)
        i = panel_turn(dst, width, src, step, w, k);
#endif
    for (; i < w; i++)
        for (ptrdiff_t l = 0; l < k; l++)
            dst[l * width + i] = WIDEN(src + i * step + l * k_step);
    if (w < width)
        for (ptrdiff_t l = 0; l < k; l++)
            for (i = w; i < width; i++)
                dst[l * width + i] = 0;
}

static void lines(void *to, ptrdiff_t dst_row, const void *from, ptrdiff_t step, ptrdiff_t k_step,
                  int rows, ptrdiff_t k)
{
    for (int i = 0; i < rows; i++)
        widen_run((T *)to + i * dst_row, (const S *)from + i * step, k_step, k);
}
