/* SPDX-License-Identifier: MIT */
/* softmax.cl - exp(x - max) over its sum, along one dimension.
 *
 * A row that fits is read once and written once: it is parked in private memory (CPU devices) or
 * in the registers of a team of work-items (GPUs). Of the others each chunk's maximum and sum go
 * to part in one pass (..._stats), and a second pass combines and writes (..._write).
 * A NaN or +inf, or nothing but -inf, makes the sum NaN and so the row. The output may be the
 * input: what is written has been read for the last time. plan.cl comes before: red_x[0] and y_step
 * are the strides along the row.
 */

#define X_AT(k) (x + p.x_at + offset_of(p.kept, p.kept_x, p.n_kept, (place)(k)))
#define OUT_AT(k) (out + p.out_at + offset_of(p.kept, p.kept_out, p.n_kept, (place)(k)))

/* What to subtract where the largest so far may be -inf: exp(-inf - 0) is 0, as it should. */
static inline C base_of(C most)
{
    return most == C_LOWEST ? 0 : most;
}

/* The row's largest and the reciprocal of its sum from those of its chunks; n: chunks that lie
 * apart elements from each other. */
static inline C combine(__global const C *part, long n, long apart, C *most)
{
    C m = C_LOWEST, sum = 0;
    for (long c = 0; c < n; c++)
        m = part[c * apart] > m ? part[c * apart] : m;
    for (long c = 0; c < n; c++)
        sum += part[c * apart + 1] * exp(part[c * apart] - m);
    *most = m;
    return 1 / sum;
}

#if !(VARIANT & 1)
/* ---- CPU devices ------------------------------------------------------------------- */

#define PARK 16384  /* elements; OCL_PARK of softmax.c */
#define BLOCK 1024

static inline CV(16) larger(CV(16) a, CV(16) x)
{
    return select(a, x, x > a);
}

static inline C largest(CV(16) a)
{
    const CV(8) v8 = select(a.lo, a.hi, a.hi > a.lo);
    const CV(4) v4 = select(v8.lo, v8.hi, v8.hi > v8.lo);
    const CV(2) v2 = select(v4.lo, v4.hi, v4.hi > v4.lo);
    return v2.y > v2.x ? v2.y : v2.x;
}
static inline C total_of(CV(16) a)
{
    const CV(8) v8 = a.lo + a.hi;
    const CV(4) v4 = v8.lo + v8.hi;
    const CV(2) v2 = v4.lo + v4.hi;
    return v2.x + v2.y;
}

/* n <= 16 elements with -inf behind them. */
static inline CV(16) load_tail(__global const T *x, long step, long n)
{
    C tail[16];
    for (long j = 0; j < 16; j++)
        tail[j] = j < n ? LOAD(x, j * step) : C_LOWEST;
    return vload16(0, tail);
}

/* n elements, step apart, to row, up to a multiple of 16; returns the largest. */
static inline C load_row(__global const T *x, long step, long n, C *row)
{
    CV(16) a = (CV(16))(C_LOWEST);
    long i = 0;
    for (; i + 16 <= n; i += 16) {
        const CV(16) v = step == 1 ? LOADV(16, x, i) : GATHER(x, i * step, step);
        vstore16(v, 0, row + i);
        a = larger(a, v);
    }
    if (i < n) {
        const CV(16) v = load_tail(x + i * step, step, n - i);
        vstore16(v, 0, row + i);
        a = larger(a, v);
    }
    return largest(a);
}

/* The largest of n neighbours. */
static inline C most_dense(__global const T *x, long n)
{
    CV(16) a = (CV(16))(C_LOWEST), b = a;
    long i = 0;
    for (; i + 32 <= n; i += 32) {
        a = larger(a, LOADV(16, x, i));
        b = larger(b, LOADV(16, x, i + 16));
    }
    for (; i + 16 <= n; i += 16)
        a = larger(a, LOADV(16, x, i));
    if (i < n)
        b = larger(b, load_tail(x + i, 1, n - i));
    return largest(larger(a, b));
}

/* Where the output holds what is computed, the row is parked there. */
#if defined(T_f32) || defined(T_f64)
#define NEAR __global
#else
#define NEAR
#endif

/* exp(what it gets - most) of n elements to row; returns the sum. The lanes are emptied every
 * BLOCK elements, to keep the error small. */
#define EXP_ROW(name, PARAMS, GET, GET_TAIL)             \
    static inline C name(PARAMS, long n, C most)         \
    {                                                    \
        CV(16) total = (CV(16))(0);                      \
        long i = 0;                                      \
        while (i + 16 <= n) {                            \
            CV(16) a = (CV(16))(0), b = a;               \
            const long end = min(i + BLOCK, n);          \
            for (; i + 32 <= end; i += 32) {             \
                const CV(16) v = exp(GET(i) - most);     \
                const CV(16) w = exp(GET(i + 16) - most); \
                vstore16(v, 0, row + i);                 \
                vstore16(w, 0, row + i + 16);            \
                a += v;                                  \
                b += w;                                  \
            }                                            \
            for (; i + 16 <= end; i += 16) {             \
                const CV(16) v = exp(GET(i) - most);     \
                vstore16(v, 0, row + i);                 \
                a += v;                                  \
            }                                            \
            total += a + b;                              \
        }                                                \
        if (i < n) {                                     \
            const CV(16) v = exp(GET_TAIL(i) - most);    \
            C tail[16];                                  \
            vstore16(v, 0, tail);                        \
            total += v;                                  \
            for (long j = i; j < n; j++)                 \
                row[j] = tail[j - i];                    \
        }                                                \
        return total_of(total);                          \
    }
#define FROM_ROW(i) vload16(0, row + (i))
#define FROM_X(i) LOADV(16, x, i)
#define TAIL_OF_X(i) load_tail(x + (i), 1, n - (i))
#define X_AND_ROW __global const T *x, NEAR C *row
EXP_ROW(exp_parked, C *row, FROM_ROW, FROM_ROW)
EXP_ROW(exp_dense, X_AND_ROW, FROM_X, TAIL_OF_X)

#define STORE_ROW(name, ROW)                                                   \
    static inline void name(ROW, C factor, __global T *out, long step, long n) \
    {                                                                          \
        long i = 0;                                                            \
        for (; step == 1 && i + 16 <= n; i += 16)                              \
            STOREV(16, out, i, vload16(0, row + i) * factor);                  \
        for (; i < n; i++)                                                     \
            STORE(out, i * step, row[i] * factor);                             \
    }
STORE_ROW(store_parked, const C *row)
#if defined(T_f32) || defined(T_f64)
STORE_ROW(store_dense, __global const C *row)
#define PARKED(row, out) out
#else
#define store_dense store_parked
#define PARKED(row, out) row
#endif

__kernel void softmax_rows(__global const T *x, __global T *out, __global C *part,
                           const plan given)
{
    const plan p = given;
    C row[PARK];
    SHARE(p.outputs, lo, hi);
    for (long k = lo; k < hi; k++) {
        __global const T *from = X_AT(k);
        __global T *to = OUT_AT(k);
        if (p.red_x[0] == 1 && p.y_step == 1) {
            const C sum = exp_dense(from, PARKED(row, to), p.terms, most_dense(from, p.terms));
            store_dense(PARKED(row, to), 1 / sum, to, 1, p.terms);
        } else {
            const C most = load_row(from, p.red_x[0], p.terms, row);
            const C sum = exp_parked(row, p.terms, most);
            store_parked(row, 1 / sum, to, p.y_step, p.terms);
        }
    }
}

/* Element i of count neighbouring rows, step apart. */
static inline CV(16) take(__global const T *x, long step, int count)
{
    C some[16];
    if (count == 16 && step == 1)
        return LOADV(16, x, 0);
    if (count == 16)
        return GATHER(x, 0, step);
    for (int j = 0; j < 16; j++)
        some[j] = j < count ? LOAD(x, j * step) : (C)0;
    return vload16(0, some);
}
static inline void give(__global T *out, long step, int count, CV(16) v)
{
    C some[16];
    if (count == 16 && step == 1) {
        STOREV(16, out, 0, v);
        return;
    }
    vstore16(v, 0, some);
    for (int j = 0; j < count; j++)
        STORE(out, j * step, some[j]);
}

/* 16 neighbouring rows at a time: rows that are short, or whose elements are neighbours. */
__kernel void softmax_across(__global const T *x, __global T *out, __global C *part,
                             const plan given)
{
    const plan p = given;
    const long n = p.terms, sx = p.red_x[0], so = p.y_step, last = p.n_kept - 1;
    const bool parks = n * 16 <= PARK;
    C row[PARK];
    SHARE(p.outputs / p.kept[last] * p.tiles, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long line = u / p.tiles, first = (u - line * p.tiles) * 16;
        const int count = (int)min(p.kept[last] - first, 16L);
        const long step = p.kept_x[last], out_step = p.kept_out[last];
        __global const T *from = X_AT(line * p.kept[last] + first);
        __global T *to = OUT_AT(line * p.kept[last] + first);
        CV(16) most = (CV(16))(C_LOWEST), total = (CV(16))(0);
        for (long i = 0; i < n; i++) {
            const CV(16) v = take(from + i * sx, step, count);
            if (parks)
                vstore16(v, i, row);
            most = larger(most, v);
        }
        for (long i = 0; i < n;) {
            CV(16) sum = (CV(16))(0);
            for (const long end = min(i + 64, n); i < end; i++) {
                CV(16) v = parks ? vload16(i, row) : take(from + i * sx, step, count);
                v = exp(v - most);
                if (parks)
                    vstore16(v, i, row);
                sum += v;
            }
            total += sum;
        }
        total = 1 / total;
        for (long i = 0; i < n; i++) {
            const CV(16) v =
                parks ? vload16(i, row) : exp(take(from + i * sx, step, count) - most);
            give(to + i * so, out_step, count, v * total);
        }
    }
}

__kernel void softmax_stats(__global const T *x, __global T *out, __global C *part,
                            const plan given)
{
    const plan p = given;
    C row[BLOCK];
    SHARE(p.outputs * p.chunks, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long k = u / p.chunks, begin = (u - k * p.chunks) * p.chunk;
        const long end = min(begin + p.chunk, p.terms);
        __global const T *from = X_AT(k);
        C most = C_LOWEST, sum = 0;
        for (long i = begin; i < end; i += BLOCK) {
            const long n = min(end - i, (long)BLOCK);
            const C m = load_row(from + i * p.red_x[0], p.red_x[0], n, row);
            if (m > most) {
                sum *= exp(most - m);
                most = m;
            }
            sum += exp_parked(row, n, base_of(most));
        }
        part[2 * u] = most;
        part[2 * u + 1] = sum;
    }
}

__kernel void softmax_write(__global const T *x, __global T *out, __global C *part,
                            const plan given)
{
    const plan p = given;
    C row[BLOCK];
    SHARE(p.outputs * p.chunks, lo, hi);
    for (long u = lo; u < hi; u++) {
        const long k = u / p.chunks, begin = (u - k * p.chunks) * p.chunk;
        const long end = min(begin + p.chunk, p.terms);
        C most;
        const C factor = combine(part + 2 * k * p.chunks, p.chunks, 2, &most);
        __global const T *from = X_AT(k);
        __global T *to = OUT_AT(k);
        for (long i = begin; i < end; i += BLOCK) {
            const long n = min(end - i, (long)BLOCK);
            load_row(from + i * p.red_x[0], p.red_x[0], n, row);
            exp_parked(row, n, most);
            store_parked(row, factor, to + i * p.y_step, p.y_step, n);
        }
    }
}

#else
/* ---- GPUs -------------------------------------------------------------------------- */

/* What the team has in all; every lane gets it. */
static inline C meet_most(C v, __local C *buffer, int L)
{
    const int id = (int)get_local_id(0), first = id & ~(L - 1);
    buffer[id] = v;
    for (int w = L / 2; w >= 1; w /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (id - first < w)
            buffer[id] = buffer[id + w] > buffer[id] ? buffer[id + w] : buffer[id];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    v = buffer[first];
    barrier(CLK_LOCAL_MEM_FENCE);
    return v;
}
static inline C meet_sum(C v, __local C *buffer, int L)
{
    const int id = (int)get_local_id(0), first = id & ~(L - 1);
    buffer[id] = v;
    for (int w = L / 2; w >= 1; w /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (id - first < w)
            buffer[id] += buffer[id + w];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    v = buffer[first];
    barrier(CLK_LOCAL_MEM_FENCE);
    return v;
}

#define HOLD 16 /* elements of a lane; OCL_HOLD of softmax.c */

GROUP_KERNEL void softmax_team(__global const T *x, __global T *out, __global C *part,
                               const plan given, __local C *buffer)
{
    const plan p = given;
    TEAM(L, lane, k);
    const place n = k < p.outputs ? (place)p.terms : 0;
    const place sx = (place)p.red_x[0], so = (place)p.y_step;
    __global const T *from = X_AT(n ? k : 0);
    __global T *to = OUT_AT(n ? k : 0);
    C v[HOLD], most = C_LOWEST, sum = 0;
    for (int j = 0; j < HOLD; j++) {
        v[j] = lane + j * L < n ? LOAD(from, (lane + j * L) * sx) : C_LOWEST;
        most = v[j] > most ? v[j] : most;
    }
    most = meet_most(most, buffer, L);
    for (int j = 0; j < HOLD; j++) {
        v[j] = lane + j * L < n ? exp(v[j] - most) : 0;
        sum += v[j];
    }
    sum = 1 / meet_sum(sum, buffer, L);
    for (int j = 0; j < HOLD; j++)
        if (lane + j * L < n)
            STORE(to, (lane + j * L) * so, v[j] * sum);
}

/* Chunk c of row k, if this team has one. */
#define CHUNK(mine, k, c, begin, end)                                 \
    const bool mine = team < p.outputs * p.chunks;                    \
    const place c = mine ? (place)(team / p.outputs) : 0;             \
    const place k = mine ? (place)(team - (long)c * p.outputs) : 0;   \
    const place begin = c * (place)p.chunk;                           \
    const place end = mine ? min(begin + (place)p.chunk, (place)p.terms) : 0

GROUP_KERNEL void softmax_team_stats(__global const T *x, __global T *out, __global C *part,
                                     const plan given, __local C *buffer)
{
    const plan p = given;
    TEAM(L, lane, team);
    CHUNK(mine, k, c, begin, end);
    const place step = (place)p.red_x[0];
    __global const T *from = X_AT(k);
    C most = C_LOWEST, sum = 0;
    for (place i = begin + lane; i < end; i += 8 * L) {
        C v[8], m = most, s = 0;
        for (int j = 0; j < 8; j++) {
            v[j] = i + j * L < end ? LOAD(from, (i + j * L) * step) : C_LOWEST;
            m = v[j] > m ? v[j] : m;
        }
        for (int j = 0; j < 8; j++)
            s += i + j * L < end ? exp(v[j] - base_of(m)) : 0;
        sum = (m > most ? sum * exp(most - m) : sum) + s;
        most = m;
    }
    const C m = meet_most(most, buffer, L);
    sum = meet_sum(sum * exp(most - base_of(m)), buffer, L);
    if (mine && lane == 0) {
        part[2 * team] = m;
        part[2 * team + 1] = sum;
    }
}

GROUP_KERNEL void softmax_team_write(__global const T *x, __global T *out, __global C *part,
                                     const plan given, __local C *buffer)
{
    const plan p = given;
    TEAM(L, lane, team);
    CHUNK(mine, k, c, begin, end);
    const place sx = (place)p.red_x[0], so = (place)p.y_step;
    __global const T *from = X_AT(k);
    __global T *to = OUT_AT(k);
    C most;
    const C factor = combine(part + 2 * k, p.chunks, 2 * p.outputs, &most);
    for (place i = begin + lane; i < end; i += L)
        STORE(to, i * so, exp(LOAD(from, i * sx) - most) * factor);
}
#endif
