/* SPDX-License-Identifier: MIT */
/* reduce.h - the loops that bring the terms of each output together, in one pass.
 *
 *   along    lanes of a block take turns with an output's terms, by packs where those are
 * contiguous; a block has 256 / lanes outputs across   outputs whose terms lie apart while they are
 * neighbours: 32 threads side by side take a pack of outputs each, 8 rows of them take turns with
 * the terms An output's terms may be cut into chunks, one for each block: their states go to
 * a.part, and the block that comes last, by a counter, folds them in their order. So a result does
 * not depend on which block that was.
 *
 * A reduction is a struct: T, the type in memory, O, that of the output; S, a state; and
 *   start(a)                        the state of nothing
 *   take<P, N>(a, s, v, i, apart)   s takes in P packs of N values; value e of pack p has the index
 *                                   i + p * apart + e, and they come in that order for each state
 *   join(a, s, t)                   s takes in t
 *   give(a, s)                      the output, an O
 */
#ifndef CUDA_REDUCE_H
#define CUDA_REDUCE_H

#include "number.h"

/* ---- places ---------------------------------------------------------------------------- */

DEVICE int64_t kept_x_of(const reduce_args &a, uint32_t k)
{
    return offset_of(a.kept, a.kept_x, a.n_kept, k);
}
DEVICE int64_t kept_out_of(const reduce_args &a, uint32_t k)
{
    return offset_of(a.kept, a.kept_out, a.n_kept, k);
}
DEVICE int64_t red_x_of(const reduce_args &a, int64_t i)
{
    return a.n_red == 1 ? i * a.red_x[0] : offset_of(a.red, a.red_x, a.n_red, (uint32_t)i);
}

/* ---- what threads have found ------------------------------------------------------------ */

template <class V> DEVICE V shuffled(V v, int apart)
{
    return __shfl_down_sync(WARP_ALL, v, apart);
}

/* The first of L lanes gets what all of them have, in order. room: a state for each warp. */
template <class R>
DEVICE typename R::S meet(const reduce_args &a, typename R::S s, int L, typename R::S *room)
{
    const int lane = (int)threadIdx.x & (WARP - 1), warp = (int)threadIdx.x / WARP;
#pragma unroll 1
    for (int apart = 1; apart < WARP && apart < L; apart *= 2) {
        const typename R::S t = R::shuffled(s, apart);
        R::join(a, s, t);
    }
    if (L <= WARP)
        return s;
    if (lane == 0)
        room[warp] = s;
    __syncthreads();
    if (((int)threadIdx.x & (L - 1)) == 0)
#pragma unroll 1
        for (int w = 1; w < L / WARP; w++)
            R::join(a, s, room[warp + w]);
    __syncthreads();
    return s;
}

/* Has every chunk of this one's outputs been stored? The counter is 0 again then. */
DEVICE bool is_last(const reduce_args &a, int64_t which)
{
    SHARED(unsigned, last, 1);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0)
        last[0] = atomicInc((unsigned *)a.count + which, (unsigned)a.chunks - 1) ==
                  (unsigned)a.chunks - 1;
    __syncthreads();
    const bool answer = last[0] != 0;
    __threadfence();
    __syncthreads();
    return answer;
}

/* ---- along ------------------------------------------------------------------------------- */

/* N values each time, of which a thread has P times in flight; what is left comes one by one. */
template <class R, int P, int N>
DEVICE void take_terms(const reduce_args &a, typename R::S &s, int64_t at, int64_t i, int64_t end,
                       int64_t step)
{
    typename R::V v[P * N];
#pragma unroll 1
    for (; i + (P - 1) * step + N <= end; i += P * step) {
        R::template load<P, N>(a, at, i, step, v);
        R::template take<P, N>(a, s, v, i, step);
    }
#pragma unroll 1
    for (; i + N <= end; i += step) {
        R::template load<1, N>(a, at, i, step, v);
        R::template take<1, N>(a, s, v, i, step);
    }
#pragma unroll 1
    for (; N > 1 && i < end; i++) { /* part of a pack: one thread has it */
        R::template load<1, 1>(a, at, i, 1, v);
        R::template take<1, 1>(a, s, v, i, 1);
    }
}

template <class R> DEVICE void along(const reduce_args &a)
{
    typedef typename R::S S;
    enum { BYTES = number<typename R::T>::BYTES, N = 16 / BYTES };
    enum { P = BYTES == 1 ? 1 : BYTES == 2 ? 2 : 4 };
    SHARED(S, room, REDUCE_THREADS / WARP);
    const int L = a.lanes, teams = REDUCE_THREADS / L;
    const int lane = (int)threadIdx.x & (L - 1), team = (int)threadIdx.x / L;
    const uint32_t units = (uint32_t)(a.outputs * a.chunks), outputs = (uint32_t)a.outputs;
#pragma unroll 1
    for (uint32_t first = blockIdx.x * teams; first < units; first += gridDim.x * teams) {
        const uint32_t u = first + team, c = u / outputs, k = u - c * outputs;
        const bool mine = u < units;
        S s = R::start(a);
        if (mine) {
            const int64_t begin = c * a.chunk, past = begin + a.chunk;
            const int64_t end = past < a.terms ? past : a.terms, at = kept_x_of(a, k);
            if (a.packed)
                take_terms<R, P, N>(a, s, at, begin + lane * N, end, (int64_t)L * N);
            else
                take_terms<R, 4, 1>(a, s, at, begin + lane, end, L);
        }
        s = meet<R>(a, s, L, room);
        if (a.chunks > 1) { /* a whole block has one output */
            if (threadIdx.x == 0)
                ((S *)a.part)[u] = s;
            if (!is_last(a, k))
                continue;
            s = R::start(a);
#pragma unroll 1
            for (uint32_t i = threadIdx.x; i < a.chunks; i += REDUCE_THREADS)
                R::join(a, s, ((const S *)a.part)[i * outputs + k]);
            s = meet<R>(a, s, L, room);
        }
        if (mine && lane == 0)
            ((typename R::O *)a.out)[kept_out_of(a, k)] = R::give(a, s);
    }
}

/* ---- across ------------------------------------------------------------------------------ */

/* N neighbouring outputs from k on; count of them there are. */
template <class R, int N, int P>
DEVICE void take_rows(const reduce_args &a, typename R::S *s, int64_t at, int64_t i, int count)
{
    typedef typename R::T T;
    const int64_t step = a.kept_x[a.n_kept - 1];
    alignas(16) T v[P][N]; /* written by packs */
    for (int p = 0; p < P; p++) {
        const T *from = (const T *)a.x + at + red_x_of(a, i + p * REDUCE_ROWS);
        if (a.packed && count == N) {
            *(pack<T, N> *)v[p] = *(const pack<T, N> *)from;
        } else {
            for (int j = 0; j < N; j++)
                v[p][j] = from[j < count ? j * step : 0];
        }
    }
#pragma unroll
    for (int j = 0; j < N; j++) {
        typename R::V column[P];
        for (int p = 0; p < P; p++)
            column[p] = up(v[p][j]);
        R::template take<P, 1>(a, s[j], column, i, REDUCE_ROWS);
    }
}

/* The first row of threads gets what all have; room: N states for each thread. */
template <class R, int N>
DEVICE void meet_rows(const reduce_args &a, typename R::S *s, typename R::S *room)
{
    const int row = (int)threadIdx.x / REDUCE_COLUMNS;
    __syncthreads();
    for (int j = 0; j < N; j++)
        room[j * REDUCE_THREADS + (int)threadIdx.x] = s[j];
    __syncthreads();
    if (row == 0)
        for (int j = 0; j < N; j++)
#pragma unroll 1
            for (int r = 1; r < REDUCE_ROWS; r++)
                R::join(a, s[j], room[j * REDUCE_THREADS + r * REDUCE_COLUMNS + (int)threadIdx.x]);
}

template <class R> DEVICE void across(const reduce_args &a)
{
    enum { BYTES = number<typename R::T>::BYTES, N = BYTES >= 8 ? 1 : BYTES == 4 ? 2 : 4 };
    typedef typename R::S S;
    SHARED(S, room, N * REDUCE_THREADS);
    const uint32_t column = threadIdx.x % REDUCE_COLUMNS, row = threadIdx.x / REDUCE_COLUMNS;
    const uint32_t outputs = (uint32_t)a.outputs, wide = a.kept[a.n_kept - 1].length;
    const uint32_t of_line = (uint32_t)a.tiles, tiles = outputs / wide * of_line;
#pragma unroll 1
    for (uint32_t u = blockIdx.x; u < tiles * (uint32_t)a.chunks; u += gridDim.x) {
        const uint32_t c = u / tiles, tile = u - c * tiles, line = tile / of_line;
        const uint32_t j0 = ((tile - line * of_line) * REDUCE_COLUMNS + column) * N;
        const uint32_t k = line * wide + j0;
        const int count = j0 >= wide ? 0 : wide - j0 < N ? (int)(wide - j0) : N;
        S s[N];
        for (int j = 0; j < N; j++)
            s[j] = R::start(a);
        if (count > 0) {
            const int64_t begin = c * a.chunk, past = begin + a.chunk;
            const int64_t end = past < a.terms ? past : a.terms, at = kept_x_of(a, k);
            int64_t i = begin + row;
#pragma unroll 1
            for (; i + 3 * REDUCE_ROWS < end; i += 4 * REDUCE_ROWS)
                take_rows<R, N, 4>(a, s, at, i, count);
#pragma unroll 1
            for (; i < end; i += REDUCE_ROWS)
                take_rows<R, N, 1>(a, s, at, i, count);
        }
        meet_rows<R, N>(a, s, room);
        if (a.chunks > 1) {
            if (row == 0)
                for (int j = 0; j < N; j++)
                    if (j < count)
                        ((S *)a.part)[c * outputs + k + j] = s[j];
            if (!is_last(a, tile))
                continue;
            for (int j = 0; j < N; j++) {
                s[j] = R::start(a);
#pragma unroll 1
                for (uint32_t i = row; j < count && i < a.chunks; i += REDUCE_ROWS)
                    R::join(a, s[j], ((const S *)a.part)[i * outputs + k + j]);
            }
            meet_rows<R, N>(a, s, room);
        }
        if (row == 0)
            for (int j = 0; j < N; j++)
                if (j < count)
                    ((typename R::O *)a.out)[kept_out_of(a, k + j)] = R::give(a, s[j]);
    }
}

/* Of a reduction with one input: load. */
template <class T_> struct one_input {
    typedef T_ T;
    typedef typename number<T_>::C V;
    template <int P, int N>
    DEVICE_MEMBER void load(const reduce_args &a, int64_t at, int64_t i, int64_t apart, V *v)
    {
#pragma unroll
        for (int p = 0; p < P; p++) {
            const T *x = (const T *)a.x + at + red_x_of(a, i + p * apart);
            const pack<T, N> some = *(const pack<T, N> *)x;
            for (int e = 0; e < N; e++)
                v[p * N + e] = up(some.v[e]);
        }
    }
};

#define REDUCE_ALONG(stem, end, ...)                  \
    KERNEL(stem##_##end, reduce_args, REDUCE_THREADS) \
    {                                                 \
        along<__VA_ARGS__>(a);                        \
    }
#define REDUCE_ACROSS(stem, end, ...)                        \
    KERNEL(stem##_across_##end, reduce_args, REDUCE_THREADS) \
    {                                                        \
        across<__VA_ARGS__>(a);                              \
    }
#define REDUCE(stem, end, ...)           \
    REDUCE_ALONG(stem, end, __VA_ARGS__) \
    REDUCE_ACROSS(stem, end, __VA_ARGS__)

#endif
