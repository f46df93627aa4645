/* SPDX-License-Identifier: MIT */
/* places.cl - the kernels that bring each element to apply(x, y, z, p, q), after elementwise.cl
 * or move.cl.
 *
 *   flat    all operands contiguous
 *   walk    any strides, on a CPU: a work-item takes a run of the output's elements in order
 *   spread  any strides, elsewhere: each element's place is worked out by division
 * On a CPU a work-item has a chunk of thousands and the compiler vectorises the loop over it
 * (PoCL puts a vload16 together from pairs: explicit vectors are slower there). On a GPU
 * neighbouring work-items take neighbouring elements, four at a time when contiguous.
 * VARIANT bit 1: 64-bit indexes in spread.
 *
 * Defined before: N_IN, the number of inputs, 0 to 3; and where the defaults are not right,
 *   A_T, X_T, GET_X and GET_X4   an element of input a: in memory, as a value, one and four
 *   B_T, Y_T, GET_Y ...          the same for inputs b and c
 *   O, R, R4, PUT, PUT4          the same for the output
 * An input that the op does not have reads as 0.
 */
#ifndef A_T
#define A_T T
#define X_T C
#define X_T4 CV(4)
#define GET_X(i) LOAD(a, i)
#define GET_X4(i) LOADV(4, a, i)
#endif
#ifndef B_T
#define B_T T
#define Y_T C
#define Y_T4 CV(4)
#define GET_Y(i) LOAD(b, i)
#define GET_Y4(i) LOADV(4, b, i)
#define GET_Z(i) LOAD(c, i)
#define GET_Z4(i) LOADV(4, c, i)
#endif
#ifndef O
#define O T
#define R4 CV(4)
#define PUT(i, v) STORE(out, i, v)
#define PUT4(i, v) STOREV(4, out, i, v)
#endif

#if N_IN == 0
#define INPUTS
#define INPUT_NAMES
#define TO_BEGIN out += g.at[0];
#elif N_IN == 1
#define INPUTS __global const A_T *a,
#define INPUT_NAMES a,
#define TO_BEGIN a += g.at[0], out += g.at[1];
#elif N_IN == 2
#define INPUTS __global const A_T *a, __global const B_T *b,
#define INPUT_NAMES a, b,
#define TO_BEGIN a += g.at[0], b += g.at[1], out += g.at[2];
#else
#define INPUTS __global const A_T *a, __global const B_T *b, __global const B_T *c,
#define INPUT_NAMES a, b, c,
#define TO_BEGIN a += g.at[0], b += g.at[1], c += g.at[2], out += g.at[3];
#endif
#if N_IN < 1
#undef GET_X
#undef GET_X4
#define GET_X(i) 0
#define GET_X4(i) 0
#endif
#if N_IN < 2
#undef GET_Y
#undef GET_Y4
#define GET_Y(i) 0
#define GET_Y4(i) 0
#endif
#if N_IN < 3
#undef GET_Z
#undef GET_Z4
#define GET_Z(i) 0
#define GET_Z4(i) 0
#endif

/* A parameter: the bits of a C. */
#if IS_INT
#define PARAM(bits) ((C)(bits))
#elif defined(T_f64)
#define PARAM(bits) as_double(bits)
#else
#define PARAM(bits) as_float((int)(bits))
#endif

/* Before a loop: operands are the same memory or do not overlap, so that its turns do not depend on
 * each other, which a compiler cannot know. Where arithmetic decides (math.cl), 64 bytes at a time:
 * LLVM prefers 32 on most processors that have 64, and more registers do no harm to the others. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* PoCL tries again after it linked fma */
#if MANTISSA == 52
#define ANY_ORDER _Pragma("clang loop vectorize(assume_safety) vectorize_width(8)")
#elif MANTISSA == 23
#define ANY_ORDER _Pragma("clang loop vectorize(assume_safety) vectorize_width(16)")
#else
#define ANY_ORDER _Pragma("clang loop vectorize(assume_safety)")
#endif
#else
#define ANY_ORDER
#endif

/* What the host sends (geometry.h). Offsets and strides count elements. */
typedef struct flat_place {
    long n, chunk;
    long param[2];
    long at[4]; /* inputs, then the output */
} flat_place;
typedef struct place {
    long n, chunk;
    long param[2];
    long at[4];
    int rank;
    int even; /* the last dimension's strides are 0 or 1, the output's 1 */
    long shape[9];
    long stride[4][9];
} place;

GROUP_KERNEL void flat(INPUTS __global O *out, const flat_place g)
{
    const C p = PARAM(g.param[0]), q = PARAM(g.param[1]);
    const size_t me = get_global_id(0);
    TO_BEGIN
#if ON_CPU
    const long begin = (long)me * g.chunk, end = min(begin + g.chunk, g.n);
    ANY_ORDER
    for (long i = begin; i < end; i++)
        PUT(i, apply(GET_X(i), GET_Y(i), GET_Z(i), p, q));
#else
    const size_t all = get_global_size(0), n = (size_t)g.n;
    for (size_t i = me; i < n / 4; i += all) {
        const X_T4 x = GET_X4(i * 4);
        const Y_T4 y = GET_Y4(i * 4), z = GET_Z4(i * 4);
        PUT4(i * 4, (R4)(apply(x.s0, y.s0, z.s0, p, q), apply(x.s1, y.s1, z.s1, p, q),
                         apply(x.s2, y.s2, z.s2, p, q), apply(x.s3, y.s3, z.s3, p, q)));
    }
    for (size_t i = n / 4 * 4 + me; i < n; i += all)
        PUT(i, apply(GET_X(i), GET_Y(i), GET_Z(i), p, q));
#endif
}

#if ON_CPU
/* run elements, from at, step apart */
static inline void row(INPUTS __global O *out, long4 at, long4 step, int even, long run, C p, C q)
{
    if (!even) {
        ANY_ORDER
        for (long i = 0; i < run; i++)
            PUT(at.s3 + i * step.s3,
                apply(GET_X(at.s0 + i * step.s0), GET_Y(at.s1 + i * step.s1),
                      GET_Z(at.s2 + i * step.s2), p, q));
        return;
    }
    const X_T x = GET_X(at.s0);
    const Y_T y = GET_Y(at.s1), z = GET_Z(at.s2);
    ANY_ORDER
    for (long i = 0; i < run; i++)
        PUT(at.s3 + i, apply(step.s0 ? GET_X(at.s0 + i) : x, step.s1 ? GET_Y(at.s1 + i) : y,
                             step.s2 ? GET_Z(at.s2 + i) : z, p, q));
}

#define STRIDE(d) (long4)(g.stride[0][d], g.stride[1][d], g.stride[2][d], g.stride[N_IN][d])
__kernel void walk(INPUTS __global O *out, const place g)
{
    const C p = PARAM(g.param[0]), q = PARAM(g.param[1]);
    const int last = g.rank - 1;
    const long begin = (long)get_global_id(0) * g.chunk, end = min(begin + g.chunk, g.n);
    const long4 step = STRIDE(last);
    long4 at = (long4)(g.at[0], g.at[1], g.at[2], g.at[N_IN]);
    long index[9], column = begin % g.shape[last], rest = begin / g.shape[last];
    for (int d = last - 1; d >= 0; d--) {
        index[d] = rest % g.shape[d];
        rest /= g.shape[d];
        at += STRIDE(d) * index[d];
    }
    for (long i = begin, run; i < end; i += run, column = 0) {
        run = min(end - i, g.shape[last] - column);
        row(INPUT_NAMES out, at + step * column, step, g.even, run, p, q);
        for (int d = last - 1; d >= 0; d--) { /* to where the next row begins */
            at += STRIDE(d);
            if (++index[d] < g.shape[d])
                break;
            at -= STRIDE(d) * g.shape[d];
            index[d] = 0;
        }
    }
}
#else
#if VARIANT & 2
#define INDEX ulong
#define OFFSET long
#else
#define INDEX uint
#define OFFSET int
#endif
GROUP_KERNEL void spread(INPUTS __global O *out, const place g)
{
    const C p = PARAM(g.param[0]), q = PARAM(g.param[1]);
    const INDEX n = (INDEX)g.n, all = (INDEX)get_global_size(0);
    TO_BEGIN
    for (INDEX i = (INDEX)get_global_id(0); i < n; i += all) {
        OFFSET x = 0, y = 0, z = 0, o = 0;
        INDEX rest = i;
        for (int d = g.rank - 1; d >= 0; d--) {
            const INDEX length = (INDEX)g.shape[d], next = rest / length;
            const OFFSET index = (OFFSET)(rest - next * length);
            rest = next;
            x += index * (OFFSET)g.stride[0][d];
            y += index * (OFFSET)g.stride[1][d];
            z += index * (OFFSET)g.stride[2][d];
            o += index * (OFFSET)g.stride[N_IN][d];
        }
        PUT(o, apply(GET_X(x), GET_Y(y), GET_Z(z), p, q));
    }
}
#endif
