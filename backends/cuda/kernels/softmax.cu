/* SPDX-License-Identifier: MIT */
/* softmax.cu - exp(x - max) over its sum, along one dimension.
 *
 *   softmax, _long   rows that a team of threads holds in registers: one read, one write
 *   _stats, _write   longer rows, by chunks: the largest and the sum of each, then the writing
 *   _across          neighbouring rows whose elements lie apart: 32 rows side by side, 8 threads each
 * A NaN or +inf, or nothing but -inf, makes the sum NaN and so the row. The output may be the input:
 * what is written has been read for the last time.
 */
#include "number.h"

template <class C> DEVICE C larger(C a, C b)
{
    return b > a ? b : a;
}

/* What to subtract where the largest so far may be -inf: exp(-inf - 0) is 0, as it should. */
template <class C> DEVICE C base_of(C most)
{
    return most == -(C)INFINITY ? (C)0 : most;
}

/* ---- what threads have found ------------------------------------------------------------ */

struct by_largest {
    template <class C> DEVICE_MEMBER C of(C a, C b) { return larger(a, b); }
};
struct by_sum {
    template <class C> DEVICE_MEMBER C of(C a, C b) { return a + b; }
};

/* Every one of L lanes gets what all of them have. room: a value for each warp. */
template <class By, class C> DEVICE C meet(C v, int L, C *room)
{
#pragma unroll 1
    for (int apart = 1; apart < WARP && apart < L; apart *= 2)
        v = By::of(v, __shfl_xor_sync(WARP_ALL, v, apart));
    if (L <= WARP)
        return v;
    if (threadIdx.x % WARP == 0)
        room[threadIdx.x / WARP] = v;
    __syncthreads();
    const C *of_team = room + ((int)threadIdx.x & ~(L - 1)) / WARP;
    v = of_team[0];
#pragma unroll 1
    for (int w = 1; w < L / WARP; w++)
        v = By::of(v, of_team[w]);
    __syncthreads();
    return v;
}

template <class T> DEVICE const T *row_of(const softmax_args &a, uint32_t k)
{
    return (const T *)a.x + offset_of(a.kept, a.kept_x, a.n_kept, k);
}
template <class T> DEVICE T *out_of(const softmax_args &a, uint32_t k)
{
    return (T *)a.out + offset_of(a.kept, a.kept_out, a.n_kept, k);
}

/* ---- rows that are held ------------------------------------------------------------------ */

/* Element j that a lane holds is number index_of of the row. */
template <class T> struct held {
    typedef typename number<T>::C C;
    enum { N = 16 / number<T>::BYTES, P = SOFTMAX_HOLD / N };
    C v[SOFTMAX_HOLD];
    int64_t lane, L, terms;
    bool packed;
    __device__ __forceinline__ int64_t index_of(int j) const
    {
        return packed ? (lane + j / N * L) * N + j % N : lane + j * L;
    }
};

template <class T> DEVICE void hold(const softmax_args &a, held<T> &h, const T *x)
{
    typedef typename number<T>::C C;
    enum { N = held<T>::N };
    if (h.packed) {
#pragma unroll
        for (int p = 0; p < held<T>::P; p++) {
            const int64_t i = (h.lane + p * h.L) * N;
            pack<T, N> some;
            if (i + N <= h.terms)
                some = *(const pack<T, N> *)(x + i);
            for (int e = 0; e < N; e++)
                h.v[p * N + e] = i + N <= h.terms   ? up(some.v[e])
                                 : i + e < h.terms ? up(x[i + e])
                                                   : -(C)INFINITY;
        }
    } else {
#pragma unroll
        for (int j = 0; j < SOFTMAX_HOLD; j++)
            h.v[j] = h.index_of(j) < h.terms ? up(x[h.index_of(j) * a.x_step]) : -(C)INFINITY;
    }
}

template <class T>
DEVICE void let_go(const softmax_args &a, const held<T> &h, T *out, typename number<T>::C factor)
{
    enum { N = held<T>::N };
    if (h.packed) {
#pragma unroll
        for (int p = 0; p < held<T>::P; p++) {
            const int64_t i = (h.lane + p * h.L) * N;
            pack<T, N> some;
            for (int e = 0; e < N; e++)
                some.v[e] = down<T>(h.v[p * N + e] * factor);
            if (i + N <= h.terms)
                *(pack<T, N> *)(out + i) = some;
            else
                for (int e = 0; e < N; e++)
                    if (i + e < h.terms)
                        out[i + e] = some.v[e];
        }
    } else {
#pragma unroll
        for (int j = 0; j < SOFTMAX_HOLD; j++)
            if (h.index_of(j) < h.terms)
                out[h.index_of(j) * a.out_step] = down<T>(h.v[j] * factor);
    }
}

template <class T, int THREADS> DEVICE void rows(const softmax_args &a)
{
    typedef typename number<T>::C C;
    SHARED(C, room, THREADS / WARP);
    const int L = a.lanes, teams = THREADS / L;
    held<T> h;
    h.L = L;
    h.lane = (int)threadIdx.x & (L - 1);
    h.packed = a.packed != 0;
#pragma unroll 1
    for (uint32_t first = blockIdx.x * teams; first < a.outputs; first += gridDim.x * teams) {
        const uint32_t mine = first + threadIdx.x / L;
        const uint32_t k = mine < a.outputs ? mine : first;
        h.terms = mine < a.outputs ? a.terms : 0;
        hold<T>(a, h, row_of<T>(a, k));
        C most = -(C)INFINITY, sum = 0;
#pragma unroll
        for (int j = 0; j < SOFTMAX_HOLD; j++)
            most = larger(most, h.v[j]);
        most = meet<by_largest>(most, L, room);
#pragma unroll
        for (int j = 0; j < SOFTMAX_HOLD; j++) {
            h.v[j] = h.index_of(j) < h.terms ? exp(h.v[j] - most) : (C)0;
            sum += h.v[j];
        }
        sum = meet<by_sum>(sum, L, room);
        let_go<T>(a, h, out_of<T>(a, k), 1 / sum);
    }
}

/* ---- rows that are too long --------------------------------------------------------------- */

/* The largest and the sum of some elements, apart from each other, taken in 4 at a time. */
template <class T>
DEVICE void take(const T *x, int64_t step, int64_t i, int64_t end, int64_t apart,
                 typename number<T>::C *most, typename number<T>::C *sum)
{
    typedef typename number<T>::C C;
#pragma unroll 1
    for (; i < end; i += 4 * apart) {
        C v[4], m = *most, s = 0;
        for (int j = 0; j < 4; j++) {
            v[j] = i + j * apart < end ? up(x[(i + j * apart) * step]) : -(C)INFINITY;
            m = larger(m, v[j]);
        }
        for (int j = 0; j < 4; j++)
            s += i + j * apart < end ? exp(v[j] - base_of(m)) : (C)0;
        *sum = (m > *most ? *sum * exp(*most - m) : *sum) + s;
        *most = m;
    }
}

template <class T> DEVICE void stats(const softmax_args &a)
{
    typedef typename number<T>::C C;
    SHARED(C, room, SOFTMAX_THREADS / WARP);
#pragma unroll 1
    for (uint32_t u = blockIdx.x; u < a.outputs * a.chunks; u += gridDim.x) {
        const uint32_t k = u / a.chunks;
        const int64_t begin = (u - k * a.chunks) * a.chunk, past = begin + a.chunk;
        C most = -(C)INFINITY, sum = 0;
        take<T>(row_of<T>(a, k), a.x_step, begin + threadIdx.x, past < a.terms ? past : a.terms,
                SOFTMAX_THREADS, &most, &sum);
        const C m = meet<by_largest>(most, SOFTMAX_THREADS, room);
        sum = meet<by_sum>(sum * exp(most - base_of(m)), SOFTMAX_THREADS, room);
        if (threadIdx.x == 0) {
            ((C *)a.part)[2 * u] = m;
            ((C *)a.part)[2 * u + 1] = sum;
        }
    }
}

template <class T> DEVICE void write(const softmax_args &a)
{
    typedef typename number<T>::C C;
    SHARED(C, room, SOFTMAX_THREADS / WARP);
#pragma unroll 1
    for (uint32_t u = blockIdx.x; u < a.outputs * a.chunks; u += gridDim.x) {
        const uint32_t k = u / a.chunks;
        const int64_t begin = (u - k * a.chunks) * a.chunk, past = begin + a.chunk;
        const int64_t end = past < a.terms ? past : a.terms;
        const C *part = (const C *)a.part + 2 * (uint64_t)k * a.chunks;
        C most = -(C)INFINITY, sum = 0;
#pragma unroll 1
        for (uint32_t c = threadIdx.x; c < a.chunks; c += SOFTMAX_THREADS)
            most = larger(most, part[2 * c]);
        most = meet<by_largest>(most, SOFTMAX_THREADS, room);
#pragma unroll 1
        for (uint32_t c = threadIdx.x; c < a.chunks; c += SOFTMAX_THREADS)
            sum += part[2 * c + 1] * exp(part[2 * c] - most);
        const C factor = 1 / meet<by_sum>(sum, SOFTMAX_THREADS, room);
        const T *x = row_of<T>(a, k);
        T *out = out_of<T>(a, k);
#pragma unroll 4
        for (int64_t i = begin + threadIdx.x; i < end; i += SOFTMAX_THREADS)
            out[i * a.out_step] = down<T>(exp(up(x[i * a.x_step]) - most) * factor);
    }
}

/* ---- rows side by side --------------------------------------------------------------------- */

#define COLUMNS 32
#define ROWS (SOFTMAX_THREADS / COLUMNS)

/* All threads of a column get what all of them have. */
template <class By, class C> DEVICE C meet_column(C v, C *room)
{
    __syncthreads();
    room[threadIdx.x] = v;
    __syncthreads();
    v = room[threadIdx.x % COLUMNS];
#pragma unroll 1
    for (int r = 1; r < ROWS; r++)
        v = By::of(v, room[r * COLUMNS + threadIdx.x % COLUMNS]);
    return v;
}

template <class T> DEVICE void across(const softmax_args &a)
{
    typedef typename number<T>::C C;
    SHARED(C, room, SOFTMAX_THREADS);
    const uint32_t column = threadIdx.x % COLUMNS, row = threadIdx.x / COLUMNS;
    const uint32_t wide = a.kept[a.n_kept - 1].length;
#pragma unroll 1
    for (uint32_t u = blockIdx.x; u < a.outputs / wide * a.tiles; u += gridDim.x) {
        const uint32_t line = u / a.tiles, j = (u - line * a.tiles) * COLUMNS + column;
        const uint32_t k = line * wide + (j < wide ? j : 0);
        const int64_t terms = j < wide ? a.terms : 0;
        const T *x = row_of<T>(a, k);
        T *out = out_of<T>(a, k);
        C most = -(C)INFINITY, sum = 0;
        take<T>(x, a.x_step, row, terms, ROWS, &most, &sum);
        const C m = meet_column<by_largest>(most, room);
        const C factor = 1 / meet_column<by_sum>(sum * exp(most - m), room);
#pragma unroll 4
        for (int64_t i = row; i < terms; i += ROWS)
            out[i * a.out_step] = down<T>(exp(up(x[i * a.x_step]) - m) * factor);
    }
}

#define SOFTMAX(stem, end, threads, body)      \
    KERNEL(stem##_##end, softmax_args, threads) \
    {                                           \
        body(a);                                \
    }
#define ALL(end, T)                                                         \
    SOFTMAX(softmax, end, SOFTMAX_THREADS, (rows<T, SOFTMAX_THREADS>))      \
    SOFTMAX(softmax_long, end, SOFTMAX_LONG, (rows<T, SOFTMAX_LONG>))       \
    SOFTMAX(softmax_stats, end, SOFTMAX_THREADS, stats<T>)                  \
    SOFTMAX(softmax_write, end, SOFTMAX_THREADS, write<T>)                  \
    SOFTMAX(softmax_across, end, SOFTMAX_THREADS, across<T>)
FLOAT_TYPES(ALL)
