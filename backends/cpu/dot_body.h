/* SPDX-License-Identifier: MIT */
/* dot_body.h - sums of products over k in an order that no register width changes.
 * The includer defines S, T, V, LANES, SLOAD, SLOAD_N, LOAD, STORE, SET1, ADD, FMA.
 *
 * Term i of a chunk belongs to virtual lane i % VIRTUAL. The last round is filled up with
 * zeros in every lane on every ISA, since fma(0, 0, -0) is +0.
 */

enum { VIRTUAL = 256 / sizeof(T), REGS = VIRTUAL / LANES, GATHER = 1024 };

/* lanes += x * y, n terms; x and y have stride 1 */
static void lanes_add(T *lanes, const S *x, const S *y, ptrdiff_t n)
{
    V acc[REGS];
    UNROLL
    for (int r = 0; r < REGS; r++)
        acc[r] = LOAD(lanes + r * LANES);
    ptrdiff_t i = 0;
    for (; i + VIRTUAL <= n; i += VIRTUAL)
        UNROLL
    for (int r = 0; r < REGS; r++)
        acc[r] = FMA(SLOAD(x + i + r * LANES), SLOAD(y + i + r * LANES), acc[r]);
    if (i < n)
        UNROLL
    for (int r = 0; r < REGS; r++) {
        ptrdiff_t left = n - i - r * LANES;
        size_t some = left < 0 ? 0 : (size_t)cpu__min(left, LANES);
        ptrdiff_t at = some ? i + r * LANES : i;
        acc[r] = FMA(SLOAD_N(x + at, some), SLOAD_N(y + at, some), acc[r]);
    }
    UNROLL
    for (int r = 0; r < REGS; r++)
        STORE(lanes + r * LANES, acc[r]);
}

static T lanes_sum(T *lanes)
{
    UNROLL
    for (int half = VIRTUAL / 2; half >= 1; half /= 2)
        for (int i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

static const S *gather(S *run, const S *x, ptrdiff_t step, ptrdiff_t n)
{
    if (step == 1)
        return x;
    for (ptrdiff_t i = 0; i < n; i++)
        run[i] = x[i * step];
    return run;
}

static T dot_chunk(const S *x, ptrdiff_t x_step, const S *y, ptrdiff_t y_step, ptrdiff_t n)
{
    T lanes[VIRTUAL] = {0};
    if (x_step == 1 && y_step == 1) {
        lanes_add(lanes, x, y, n);
        return lanes_sum(lanes);
    }
    for (ptrdiff_t i = 0; i < n; i += GATHER) {
        S x_run[GATHER], y_run[GATHER];
        ptrdiff_t some = cpu__min(n - i, GATHER);
        lanes_add(lanes, gather(x_run, x + i * x_step, x_step, some),
                  gather(y_run, y + i * y_step, y_step, some), some);
    }
    return lanes_sum(lanes);
}

/* The number of leaves that go left in a tree of n > 1: the largest power of two below n. */
static ptrdiff_t tree_left(ptrdiff_t n)
{
    ptrdiff_t left = 1;
    while (left * 2 < n)
        left *= 2;
    return left;
}

static T dot_tree(const S *x, ptrdiff_t x_step, const S *y, ptrdiff_t y_step, ptrdiff_t n)
{
    if (n <= CPU_DOT_CHUNK)
        return dot_chunk(x, x_step, y, y_step, n);
    ptrdiff_t left = CPU_DOT_CHUNK * tree_left((n + CPU_DOT_CHUNK - 1) / CPU_DOT_CHUNK);
    T sum = dot_tree(x, x_step, y, y_step, left);
    return sum + dot_tree(x + left * x_step, x_step, y + left * y_step, y_step, n - left);
}

static void dot(void *sum, const void *x, ptrdiff_t x_step, const void *y, ptrdiff_t y_step,
                ptrdiff_t n)
{
    *(T *)sum = dot_tree(x, x_step, y, y_step, n);
}

static T chunk_tree(const T *sums, ptrdiff_t n)
{
    if (n == 1)
        return sums[0];
    ptrdiff_t left = tree_left(n);
    T sum = chunk_tree(sums, left);
    return sum + chunk_tree(sums + left, n - left);
}

static void chunks(void *sum, const void *sums, ptrdiff_t n)
{
    *(T *)sum = chunk_tree(sums, n);
}
