/* SPDX-License-Identifier: MIT */
/* reduce.cl - sums, means, extremes, products and the dot product.
 *
 * An output's terms are cut into chunks. Where there is one chunk its result goes to out, else
 * to part[chunk * outputs + output], and reduce_last folds the partial results of each output.
 * On CPU devices a work-item goes along the terms (reduce_along) or across 16 neighbouring outputs
 * (reduce_across). On GPUs the lanes of a team take turns with the terms of a chunk and meet in
 * local memory. plan.cl comes before.
 *
 * Sums of floats: 16 terms are added up, and such subtotals with Knuth's exact sum, so that the
 * error does not grow with their number.
 */
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define WIDE double
#else
#define WIDE float
#endif
#ifdef T_f64
#undef WIDE
#define WIDE double
#endif

/* ---- what the op does -------------------------------------------------------------- */

#if defined(OP_REDUCE_MAX) || defined(OP_REDUCE_MIN)
#define EXTREME 1
#else
#define EXTREME 0
#endif
#if EXTREME || IS_INT || defined(OP_REDUCE_PROD)
#define COMPENSATED 0
#else
#define COMPENSATED 1
#endif

/* A: what terms are combined in. P: what the results of chunks are. Products of floats are formed
 * in double where there is one: a tree does not keep their error or their range in bounds. */
#if EXTREME
#define A C
#define P C
#define TO_A(v) (v)
#define TO_AV(v) (v)
#elif IS_FLOAT && defined(OP_REDUCE_PROD)
#define A WIDE
#define P WIDE
#define TO_A(v) ((WIDE)(v))
#define TO_AV(v) PASTE(PASTE(convert_, WIDE), 16)(v)
#elif IS_FLOAT
#define A C
#define P WIDE
#define TO_A(v) (v)
#define TO_AV(v) (v)
#elif defined(T_i64)
#define A ulong
#define P ulong
#define TO_A(v) as_ulong(v)
#define TO_AV(v) as_ulong16(v)
#elif defined(OP_REDUCE_MEAN)
#define A ulong
#define P ulong
#define TO_A(v) as_ulong((long)(v))
#define TO_AV(v) as_ulong16(convert_long16(v))
#else
#define A uint
#define P uint
#define TO_A(v) as_uint(v)
#define TO_AV(v) as_uint16(v)
#endif
#define AV(n) PASTE(A, n)
#define PV(n) PASTE(P, n)
#define TO_PV(v) PASTE(PASTE(convert_, P), 16)(v)

/* NaN stays: nothing compares greater than it. */
#if EXTREME && IS_FLOAT
#ifdef OP_REDUCE_MAX
#define NEUTRAL C_LOWEST
#define STEP(a, x) select(a, x, isgreater(x, a) | isnan(x))
#define STEP1(a, x) ((x) > (a) || (x) != (x) ? (x) : (a))
#else
#define NEUTRAL C_HIGHEST
#define STEP(a, x) select(a, x, isless(x, a) | isnan(x))
#define STEP1(a, x) ((x) < (a) || (x) != (x) ? (x) : (a))
#endif
#elif defined(OP_REDUCE_MAX)
#define NEUTRAL C_LOWEST
#define STEP(a, x) max(a, x)
#define STEP1(a, x) max(a, x)
#elif defined(OP_REDUCE_MIN)
#define NEUTRAL C_HIGHEST
#define STEP(a, x) min(a, x)
#define STEP1(a, x) min(a, x)
#elif defined(OP_REDUCE_PROD)
#define NEUTRAL 1
#define STEP(a, x) ((a) * (x))
#define STEP1(a, x) ((a) * (x))
#else
#define NEUTRAL 0
#define STEP(a, x) ((a) + (x))
#define STEP1(a, x) ((a) + (x))
#endif

/* total and lost take in s; V is their type. After an overflow lost is NaN and total is right. */
#if COMPENSATED
#define MERGE(V, total, lost, s)                     \
    {                                                \
        const V m_new = (total) + (s);               \
        const V m_back = m_new - (total);            \
        lost += ((total) - (m_new - m_back)) + ((s)-m_back); \
        total = m_new;                               \
    }
#define MERGE1(V, total, lost, s) MERGE(V, total, lost, s)
#define SETTLE1(total, lost) ((lost) == (lost) ? (P)(total) + (P)(lost) : (P)(total))
#else
#define MERGE(V, total, lost, s) total = STEP(total, s);
#define MERGE1(V, total, lost, s) total = STEP1(total, s);
#define SETTLE1(total, lost) ((P)(total))
#endif

/* The element that v stands for. */
static inline C result(P v, long terms)
{
#if defined(OP_REDUCE_MEAN) && IS_FLOAT
    return terms ? (C)(v / (P)terms) : (C)NAN;
#elif defined(OP_REDUCE_MEAN)
    return terms ? (C)(as_long(v) / terms) : 0;
#elif EXTREME
    return v;
#elif IS_FLOAT
    return (C)v;
#else
    return PASTE(as_, C)(v);
#endif
}

/* ---- where things lie -------------------------------------------------------------- */

static inline void put(__global T *out, __global P *part, const plan *p, long k, long c, P v)
{
    if (p->chunks > 1)
        part[c * p->outputs + k] = v;
    else
        STORE(out, p->out_at + offset_of(p->kept, p->kept_out, p->n_kept, (place)k),
              result(v, p->terms));
}

#ifdef OP_DOT
#define INPUTS __global const T *x, __global const T *y
#define PASS x, y
#define ADVANCE(at)                     \
    x += p.x_at + (at);                 \
    y += p.y_at
#define TERM(i) (TO_A(LOAD(x, at + (i)*step)) * TO_A(LOAD(y, (first + (i)) * y_step)))
#define TERM16(i) (TO_AV(LOADV(16, x, at + (i))) * TO_AV(LOADV(16, y, first + (i))))
#define GATHERED(i) (TO_AV(GATHER(x, at + (i)*step, step)) * \
                     TO_AV(GATHER(y, (first + (i)) * y_step, y_step)))
#else
#define INPUTS __global const T *x
#define PASS x
#define ADVANCE(at) x += p.x_at + (at)
#define TERM(i) TO_A(LOAD(x, at + (i)*step))
#define TERM16(i) TO_AV(LOADV(16, x, at + (i)))
#define GATHERED(i) TO_AV(GATHER(x, at + (i)*step, step))
#endif

#if !(VARIANT & 1)
/* ---- CPU devices ------------------------------------------------------------------- */

/* 16 lanes of terms, and the terms that fill no vector. */
typedef struct state {
    AV(16) total, lost;
    A rest, rest_lost;
} state;

static inline AV(16) settle(const state *s)
{
#if COMPENSATED
    return s->total + select(s->lost, (AV(16))(0), isnan(s->lost));
#else
    return s->total;
#endif
}

static inline P fold(const state *s)
{
    const PV(16) v = TO_PV(settle(s));
    const PV(8) v8 = STEP(v.lo, v.hi);
    const PV(4) v4 = STEP(v8.lo, v8.hi);
    const PV(2) v2 = STEP(v4.lo, v4.hi);
    const P v1 = STEP1(v2.x, v2.y), rest = SETTLE1(s->rest, s->rest_lost);
    return STEP1(v1, rest);
}

/* n terms, step apart, into s; first: the number of the first among all of the output's. */
#define RUN(name, V16)                                                              \
    static inline void name(state *s, INPUTS, long at, long step, long n, long first, long y_step) \
    {                                                                               \
        long i = 0;                                                                 \
        for (; i + 1024 <= n; i += 1024) {                                          \
            AV(16) a = V16(i), b = V16(i + 16), c = V16(i + 32), d = V16(i + 48);   \
            for (int j = 64; j < 1024; j += 64) {                                   \
                a = STEP(a, V16(i + j));                                            \
                b = STEP(b, V16(i + j + 16));                                       \
                c = STEP(c, V16(i + j + 32));                                       \
                d = STEP(d, V16(i + j + 48));                                       \
            }                                                                       \
            a = STEP(a, b);                                                         \
            c = STEP(c, d);                                                         \
            a = STEP(a, c);                                                         \
            MERGE(AV(16), s->total, s->lost, a)                                     \
        }                                                                           \
        if (i + 16 <= n) {                                                          \
            AV(16) a = (AV(16))(NEUTRAL), b = a;                                    \
            for (; i + 32 <= n; i += 32) {                                          \
                a = STEP(a, V16(i));                                                \
                b = STEP(b, V16(i + 16));                                           \
            }                                                                       \
            a = STEP(a, b);                                                         \
            if (i + 16 <= n) {                                                      \
                a = STEP(a, V16(i));                                                \
                i += 16;                                                            \
            }                                                                       \
            MERGE(AV(16), s->total, s->lost, a)                                     \
        }                                                                           \
        if (i < n) {                                                                \
            A a = TERM(i);                                                          \
            for (i++; i < n; i++)                                                   \
                a = STEP1(a, TERM(i));                                              \
            MERGE1(A, s->rest, s->rest_lost, a)                                       \
        }                                                                           \
    }
RUN(run_dense, TERM16)
RUN(run_apart, GATHERED)

static inline P terms_of(INPUTS, const plan *p, long lo, long hi)
{
    const long inner = p->red[p->n_red - 1], step = p->red_x[p->n_red - 1];
    state s = {(AV(16))(NEUTRAL), (AV(16))(0), NEUTRAL, 0};
    for (long i = lo, n; i < hi; i += n) {
        const long pos = p->n_red == 1 ? i : i % inner;
        const long at = p->n_red == 1
                            ? i * step
                            : offset_of(p->red, p->red_x, p->n_red - 1, i / inner) + pos * step;
        n = min(inner - pos, hi - i);
        if (step == 1 && p->y_step == 1)
            run_dense(&s, PASS, at, step, n, i, p->y_step);
        else
            run_apart(&s, PASS, at, step, n, i, p->y_step);
    }
    return fold(&s);
}

__kernel void reduce_along(INPUTS, __global T *out, __global P *part, const plan given)
{
    const plan p = given;
    ADVANCE(0);
    SHARE(p.outputs * p.chunks, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long k = u / p.chunks, c = u - k * p.chunks, begin = c * p.chunk;
        const long at = offset_of(p.kept, p.kept_x, p.n_kept, k);
#ifdef OP_DOT
        const P v = terms_of(x, y, &p, begin, min(begin + p.chunk, p.terms));
#else
        const P v = terms_of(x + at, &p, begin, min(begin + p.chunk, p.terms));
#endif
        put(out, part, &p, k, c, v);
    }
}

#ifndef OP_DOT
/* COUNT vectors of neighbouring outputs, from x on, into spill. */
#define STRIP(name, COUNT, V16)                                                        \
    static inline void name(__global const T *x, long step, const plan *p, long lo,    \
                            long hi, P *spill)                                         \
    {                                                                                  \
        state s[COUNT];                                                                \
        for (int v = 0; v < COUNT; v++) {                                              \
            s[v].total = (AV(16))(NEUTRAL);                                            \
            s[v].lost = (AV(16))(0);                                                   \
        }                                                                              \
        for (long i = lo; i < hi;) {                                                   \
            AV(16) a[COUNT];                                                           \
            for (int v = 0; v < COUNT; v++)                                            \
                a[v] = (AV(16))(NEUTRAL);                                              \
            for (const long end = min(i + 16, hi); i < end; i++) {                     \
                const long row = offset_of(p->red, p->red_x, p->n_red, i);             \
                for (int v = 0; v < COUNT; v++) {                                      \
                    const long at = row + v * 16 * step;                               \
                    a[v] = STEP(a[v], V16(0));                                         \
                }                                                                      \
            }                                                                          \
            for (int v = 0; v < COUNT; v++)                                            \
                MERGE(AV(16), s[v].total, s[v].lost, a[v])                             \
        }                                                                              \
        for (int v = 0; v < COUNT; v++)                                                \
            vstore16(TO_PV(settle(&s[v])), v, spill);                                  \
    }
STRIP(strip4_dense, 4, TERM16)
STRIP(strip1_dense, 1, TERM16)
STRIP(strip1_apart, 1, GATHERED)

/* A tile is 64 to 127 outputs of the innermost kept dimension, or all of 16 to 63; the last
 * vector overlaps the one before it. */
__kernel void reduce_across(__global const T *x, __global T *out, __global P *part,
                            const plan given)
{
    const plan p = given;
    const long wide = p.kept[p.n_kept - 1], step = p.kept_x[p.n_kept - 1];
    ADVANCE(0);
    SHARE(p.outputs / wide * p.tiles * p.chunks, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long t = u / p.chunks, c = u - t * p.chunks, line = t / p.tiles;
        const long first = (t - line * p.tiles) * 64;
        const long end = t - line * p.tiles == p.tiles - 1 ? wide : first + 64;
        const long begin = c * p.chunk, stop = min(begin + p.chunk, p.terms);
        const long out_step = p.kept_out[p.n_kept - 1];
        __global const T *from = x + offset_of(p.kept, p.kept_x, p.n_kept - 1, line);
        __global T *to = out + p.out_at + offset_of(p.kept, p.kept_out, p.n_kept - 1, line);
        __global P *results = part + c * p.outputs + line * wide;
        for (long j = first; j < end;) {
            P spill[64];
            const int count = step == 1 && j + 64 <= end ? 64 : 16;
            j = min(j, end - count);
            if (count == 64)
                strip4_dense(from + j, 1, &p, begin, stop, spill);
            else if (step == 1)
                strip1_dense(from + j, 1, &p, begin, stop, spill);
            else
                strip1_apart(from + j * step, step, &p, begin, stop, spill);
            if (p.chunks > 1)
                for (int i = 0; i < count; i++)
                    results[j + i] = spill[i];
            else if (out_step == 1)
                for (int i = 0; i < count; i++)
                    STORE(to, j + i, result(spill[i], p.terms));
            else
                for (int i = 0; i < count; i++)
                    STORE(to, (j + i) * out_step, result(spill[i], p.terms));
            j += count;
        }
    }
}
#endif

__kernel void reduce_last(__global T *out, __global const P *part, const plan given)
{
    plan p = given;
    const long chunks = p.chunks;
    p.chunks = 1;
    SHARE(p.outputs, lo, hi);
    for (long k = lo; k < hi; k++) {
        P v = NEUTRAL, lost = 0;
        for (long c = 0; c < chunks; c++) {
            const P s = part[c * p.outputs + k];
            MERGE1(P, v, lost, s)
        }
        put(out, 0, &p, k, 0, SETTLE1(v, lost));
    }
}

#else
/* ---- GPUs -------------------------------------------------------------------------- */

/* Every L-th of the terms from i on. */
#define LANE(name, FROM, AT, V)                                                 \
    static inline P name(FROM, const plan *p, place i, const place hi, const place L) \
    {                                                                           \
        const place step = (place)p->red_x[0], y_step = (place)p->y_step;       \
        V total = NEUTRAL, lost = 0;                                            \
        while (i < hi) {                                                        \
            V a = AT(i);                                                        \
            i += L;                                                             \
            if (i + 14 * L < hi) {                                              \
                for (int j = 0; j < 15; j++)                                    \
                    a = STEP1(a, AT(i + j * L));                                \
                i += 15 * L;                                                    \
            }                                                                   \
            MERGE1(V, total, lost, a)                                           \
        }                                                                       \
        (void)step;                                                             \
        (void)y_step;                                                           \
        return SETTLE1(total, lost);                                            \
    }
#ifdef OP_DOT
#define INPUT_AT(i) (TO_A(LOAD(x, (i)*step)) * TO_A(LOAD(y, (i)*y_step)))
#else
#define INPUT_AT(i) \
    TO_A(LOAD(x, p->n_red == 1 ? (i)*step : offset_of(p->red, p->red_x, p->n_red, i)))
#endif
#define PART_AT(i) part[(i) * (place)p->outputs]
LANE(lane_of_input, INPUTS, INPUT_AT, A)
LANE(lane_of_parts, __global const P *part, PART_AT, P)

/* What the L lanes of this lane's team have found, in the team's first. */
static inline P meet(P v, __local P *buffer, int L)
{
    const int id = (int)get_local_id(0);
    buffer[id] = v;
    for (int w = L / 2; w >= 1; w /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if ((id & (L - 1)) < w)
            buffer[id] = STEP1(buffer[id], buffer[id + w]);
    }
    return buffer[id];
}

GROUP_KERNEL void reduce_group(INPUTS, __global T *out, __global P *part, const plan given,
                               __local P *buffer)
{
    const plan p = given;
    P v = NEUTRAL;
    TEAM(L, lane, team);
    const bool mine = team < p.outputs * p.chunks;
    const place c = mine ? (place)team / (place)p.outputs : 0;
    const place k = (place)team - c * (place)p.outputs;
    if (mine) {
        const place begin = c * (place)p.chunk;
        const place end = min(begin + (place)p.chunk, (place)p.terms);
        ADVANCE(offset_of(p.kept, p.kept_x, p.n_kept, k));
        v = lane_of_input(PASS, &p, begin + lane, end, L);
    }
    v = meet(v, buffer, L);
    if (mine && lane == 0)
        put(out, part, &p, k, c, v);
}

GROUP_KERNEL void reduce_group_last(__global T *out, __global const P *part, const plan given,
                                    __local P *buffer)
{
    plan p = given;
    P v = NEUTRAL;
    TEAM(L, lane, k);
    if (k < p.outputs)
        v = lane_of_parts(part + k, &p, lane, (place)p.chunks, L);
    v = meet(v, buffer, L);
    p.chunks = 1;
    if (k < p.outputs && lane == 0)
        put(out, 0, &p, k, 0, v);
}
#endif
