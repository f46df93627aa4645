/* SPDX-License-Identifier: MIT */
/* argmax.cl - where the largest element along one dimension is; the first NaN is the largest.
 *
 * The chunks are those of reduce.cl; plan.cl comes before. A chunk's result is an index;
 * where there are several, argmax_last looks at the elements again. Of nothing: 0.
 */

/* Does a, which comes after best, win? */
static inline bool wins(C a, C best, bool last)
{
#if IS_FLOAT
    if (best != best)
        return false;
    if (a != a)
        return true;
#endif
    return a > best || (last && a == best);
}

/* The same where either may come first. */
static inline bool wins_at(C a, long at, C best, long best_at, bool last)
{
    return at > best_at ? wins(a, best, last) : !wins(best, a, last);
}

static inline void put(__global long *out, __global long *part, const plan *p, long k, long c,
                       long v)
{
    if (p->chunks > 1)
        part[c * p->outputs + k] = v;
    else
        out[p->out_at + offset_of(p->kept, p->kept_out, p->n_kept, (place)k)] = v;
}

#if !(VARIANT & 1)
/* ---- CPU devices ------------------------------------------------------------------- */

#if defined(T_f64) || defined(T_i64)
#define MASK long16
#elif defined(T_u8) || defined(T_i8)
#define MASK char16
#else
#define MASK int16
#endif
#if IS_FLOAT
#define STAYS(a) (a == a) /* is no NaN */
#define LOSES(a, best) (a <= best)
#define LOSES_LAST(a, best) (a < best)
#else
#define STAYS(a) ((MASK)(-1))
#define LOSES(a, best) (a <= best)
#define LOSES_LAST(a, best) (a < best)
#endif
/* best and where take in a, which comes after; NaN makes a comparison false, so a wins. */
#define TAKE(best, where, a, now)                                                            \
    {                                                                                        \
        const CV(16) t_a = (a);                                                              \
        const MASK t_win = (last ? ~LOSES_LAST(t_a, best) : ~LOSES(t_a, best)) & STAYS(best); \
        best = select(best, t_a, t_win);                                                     \
        where = select(where, (int16)(now), convert_int16(t_win));                           \
    }
#define DENSE(p, i, s) LOADV(16, p, i)

/* Of n > 0 terms, step apart. Two vectors of lanes hide how long one comparison takes. */
#define ALONG(name, V16)                                                          \
    static inline long name(__global const T *x, long step, long n, bool last)    \
    {                                                                             \
        C most = LOAD(x, 0);                                                      \
        long at = 0, i = 0;                                                       \
        if (n >= 32) {                                                            \
            CV(16) best[2];                                                       \
            int16 where[2];                                                       \
            best[0] = V16(x, 0, step);                                            \
            best[1] = V16(x, 16 * step, step);                                    \
            where[0] = where[1] = (int16)(0);                                     \
            int round = 1;                                                        \
            for (i = 32; i + 32 <= n; i += 32, round++) {                         \
                TAKE(best[0], where[0], V16(x, i * step, step), round)            \
                TAKE(best[1], where[1], V16(x, (i + 16) * step, step), round)     \
            }                                                                     \
            C value[32];                                                          \
            int number[32];                                                       \
            for (int v = 0; v < 2; v++) {                                         \
                vstore16(best[v], v, value);                                      \
                vstore16(where[v], v, number);                                    \
            }                                                                     \
            at = (long)number[0] * 32;                                            \
            most = value[0];                                                      \
            for (int j = 1; j < 32; j++) {                                        \
                const long here = (long)number[j] * 32 + j;                       \
                if (wins_at(value[j], here, most, at, last)) {                    \
                    most = value[j];                                              \
                    at = here;                                                    \
                }                                                                 \
            }                                                                     \
        }                                                                         \
        for (; i < n; i++) {                                                      \
            const C a = LOAD(x, i * step);                                        \
            if (wins(a, most, last)) {                                            \
                most = a;                                                         \
                at = i;                                                           \
            }                                                                     \
        }                                                                         \
        return at;                                                                \
    }
ALONG(along_dense, DENSE)
ALONG(along_apart, GATHER)

__kernel void argmax_along(__global const T *x, __global long *out, __global long *part,
                           const plan given)
{
    const plan p = given;
    const long step = p.red_x[0];
    SHARE(p.outputs * p.chunks, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long k = u / p.chunks, c = u - k * p.chunks, begin = c * p.chunk;
        const long n = min(p.chunk, p.terms - begin);
        __global const T *from =
            x + p.x_at + offset_of(p.kept, p.kept_x, p.n_kept, k) + begin * step;
        long at = 0;
        if (n > 0)
            at = step == 1 ? along_dense(from, 1, n, p.last_index)
                           : along_apart(from, step, n, p.last_index);
        put(out, part, &p, k, c, begin + at);
    }
}

/* Of 16 neighbouring outputs, step apart; rows > 0 terms, row apart. */
#define ACROSS(name, V16)                                                                        \
    static inline void name(__global const T *x, long step, long row, long rows, bool last,     \
                            int *spill)                                                         \
    {                                                                                            \
        CV(16) best = V16(x, 0, step);                                                           \
        int16 where = (int16)(0);                                                                \
        for (long i = 1; i < rows; i++)                                                          \
            TAKE(best, where, V16(x, i * row, step), (int)i)                                     \
        vstore16(where, 0, spill);                                                               \
    }
ACROSS(across_dense, DENSE)
ACROSS(across_apart, GATHER)

/* A tile is 64 to 127 outputs of the innermost kept dimension, or all of 16 to 63; the last
 * vector overlaps the one before it. */
__kernel void argmax_across(__global const T *x, __global long *out, __global long *part,
                            const plan given)
{
    const plan p = given;
    const long wide = p.kept[p.n_kept - 1], step = p.kept_x[p.n_kept - 1], row = p.red_x[0];
    SHARE(p.outputs / wide * p.tiles * p.chunks, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long t = u / p.chunks, c = u - t * p.chunks, line = t / p.tiles;
        const long first = (t - line * p.tiles) * 64;
        const long end = t - line * p.tiles == p.tiles - 1 ? wide : first + 64;
        const long begin = c * p.chunk, rows = min(p.chunk, p.terms - begin);
        __global const T *from =
            x + p.x_at + offset_of(p.kept, p.kept_x, p.n_kept - 1, line) + begin * row;
        const long to_step = p.chunks > 1 ? 1 : p.kept_out[p.n_kept - 1];
        __global long *to =
            p.chunks > 1 ? part + c * p.outputs + line * wide
                         : out + p.out_at + offset_of(p.kept, p.kept_out, p.n_kept - 1, line);
        for (long j = first; j < end; j += 16) {
            int spill[16] = {0};
            j = min(j, end - 16);
            if (rows > 0 && step == 1)
                across_dense(from + j, 1, row, rows, p.last_index, spill);
            else if (rows > 0)
                across_apart(from + j * step, step, row, rows, p.last_index, spill);
            for (int i = 0; i < 16; i++)
                to[(j + i) * to_step] = begin + spill[i];
        }
    }
}

__kernel void argmax_last(__global const T *x, __global long *out, __global const long *part,
                          const plan given)
{
    plan p = given;
    const long chunks = p.chunks;
    p.chunks = 1;
    SHARE(p.outputs, lo, hi);
    for (long k = lo; k < hi; k++) {
        __global const T *from = x + p.x_at + offset_of(p.kept, p.kept_x, p.n_kept, k);
        long at = part[k];
        for (long c = 1; c < chunks; c++) {
            const long here = part[c * p.outputs + k];
            if (wins(LOAD(from, here * p.red_x[0]), LOAD(from, at * p.red_x[0]), p.last_index))
                at = here;
        }
        put(out, 0, &p, k, 0, at);
    }
}

#else
/* ---- GPUs -------------------------------------------------------------------------- */

/* What the L lanes of a team have found, in its first; at < 0: nothing. */
static inline long meet(C v, long at, __local C *values, __local long *places, int L, bool last)
{
    const int id = (int)get_local_id(0);
    values[id] = v;
    places[id] = at;
    for (int w = L / 2; w >= 1; w /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if ((id & (L - 1)) < w && places[id + w] >= 0 &&
            (places[id] < 0 ||
             wins_at(values[id + w], places[id + w], values[id], places[id], last))) {
            values[id] = values[id + w];
            places[id] = places[id + w];
        }
    }
    return max(places[id], 0L);
}

GROUP_KERNEL void argmax_group(__global const T *x, __global long *out, __global long *part,
                               const plan given, __local C *values, __local long *places)
{
    const plan p = given;
    C best = 0;
    long at = -1;
    TEAM(L, lane, team);
    const bool mine = team < p.outputs * p.chunks;
    const place c = mine ? (place)team / (place)p.outputs : 0;
    const place k = (place)team - c * (place)p.outputs;
    if (mine) {
        const place begin = c * (place)p.chunk, step = (place)p.red_x[0];
        const place end = min(begin + (place)p.chunk, (place)p.terms);
        __global const T *from = x + p.x_at + offset_of(p.kept, p.kept_x, p.n_kept, k);
        for (place i = begin + lane; i < end; i += L) {
            const C a = LOAD(from, i * step);
            if (at < 0 || wins(a, best, p.last_index)) {
                best = a;
                at = i;
            }
        }
    }
    at = meet(best, at, values, places, L, p.last_index);
    if (mine && lane == 0)
        put(out, part, &p, k, c, at);
}

GROUP_KERNEL void argmax_group_last(__global const T *x, __global long *out,
                                    __global const long *part, const plan given, __local C *values,
                                    __local long *places)
{
    plan p = given;
    C best = 0;
    long at = -1;
    TEAM(L, lane, k);
    if (k < p.outputs) {
        __global const T *from = x + p.x_at + offset_of(p.kept, p.kept_x, p.n_kept, (place)k);
        for (place c = lane; c < (place)p.chunks; c += L) {
            const long here = part[c * (place)p.outputs + k];
            const C a = LOAD(from, (place)here * (place)p.red_x[0]);
            if (at < 0 || wins(a, best, p.last_index)) {
                best = a;
                at = here;
            }
        }
    }
    at = meet(best, at, values, places, L, p.last_index);
    p.chunks = 1;
    if (k < p.outputs && lane == 0)
        put(out, 0, &p, k, 0, at);
}
#endif
