/* SPDX-License-Identifier: MIT */
/* matmul.cu - matmul and gemm: a block of threads computes a block of the product through shared
 * memory, each thread TILE x TILE elements of it in registers.
 *
 * Sums are kept in A: float for f16 and bf16; unsigned for integers, which wrap. Every KC terms they
 * are added to a total, so that long sums do not lose what a running sum would.
 */
#include "number.h"

#define KC 512

template <class T> struct sums {
    typedef typename number<T>::U A;
};
DEVICE float mul_add(float x, float y, float z) { return fma(x, y, z); }
DEVICE double mul_add(double x, double y, double z) { return fma(x, y, z); }
DEVICE uint32_t mul_add(uint32_t x, uint32_t y, uint32_t z) { return x * y + z; }
DEVICE uint64_t mul_add(uint64_t x, uint64_t y, uint64_t z) { return x * y + z; }

/* The offset of a batch in one operand. */
DEVICE int64_t batch_at(const matmul_args &a, int side, uint32_t batch)
{
    return a.batch_rank ? offset_of(a.batch, a.step[side], a.batch_rank, batch) : 0;
}

template <class T> struct factors {
    typedef typename sums<T>::A A;
    typedef typename number<T>::C C;
    A alpha, beta;
    __device__ __forceinline__ T finish(const matmul_args &a, A sum, const T *c) const
    {
        const A v = alpha * sum;
        return down<T>((C)(a.has_c ? v + beta * (A)up(*c) : v));
    }
};
template <class T> DEVICE factors<T> factors_of(const matmul_args &a)
{
    typedef typename sums<T>::A A;
    return factors<T>{(A)param<T>(a.alpha), (A)param<T>(a.beta)};
}

/* ---- blocks ------------------------------------------------------------------------------ */

/* SIDE x SIDE threads, EDGE lines of A and of B, DEPTH of k at a time: 4 elements for each thread. */
#define SIDE 16
template <class T, int TILE> struct block {
    typedef typename sums<T>::A A;
    enum { EDGE = SIDE * TILE, DEPTH = 4 * MATMUL_THREADS / EDGE };
    enum { WIDTH = EDGE + 4 }; /* of a line in shared memory: banks, and packs of 4 stay aligned */
};

/* Which 4 elements this thread brings: from line on, or from depth on. */
template <class T, int TILE> DEVICE void own(bool deep, int *line, int *depth)
{
    typedef block<T, TILE> B;
    const int id = (int)threadIdx.x;
    if (deep) {
        *line = id / (B::DEPTH / 4);
        *depth = id % (B::DEPTH / 4) * 4;
    } else {
        *line = id % (B::EDGE / 4) * 4;
        *depth = id / (B::EDGE / 4);
    }
}

/* lines and deep: what there is; beyond are zeros, which add nothing. */
template <class T, int TILE>
DEVICE void fetch(const T *x, int64_t by_line, int64_t by_k, bool deep, bool packed, int64_t lines,
                  int64_t depths, typename sums<T>::A *v)
{
    typedef typename sums<T>::A A;
    int line, depth;
    own<T, TILE>(deep, &line, &depth);
    const int64_t left = deep ? depths - depth : lines - line;
    const bool there = deep ? line < lines : depth < depths;
    const int64_t step = deep ? by_k : by_line;
    const T *from = x + line * by_line + depth * by_k;
    pack<T, 4> some;
    if (packed && there && left >= 4) {
        some = *(const pack<T, 4> *)from;
#pragma unroll
        for (int j = 0; j < 4; j++)
            v[j] = (A)up(some.v[j]);
    } else {
#pragma unroll
        for (int j = 0; j < 4; j++)
            v[j] = there && j < left ? (A)up(from[j * step]) : (A)0;
    }
}

template <class T, int TILE>
DEVICE void put(typename sums<T>::A *shared, bool deep, const typename sums<T>::A *v)
{
    typedef block<T, TILE> B;
    int line, depth;
    own<T, TILE>(deep, &line, &depth);
    if (deep) {
#pragma unroll
        for (int j = 0; j < 4; j++)
            shared[(depth + j) * B::WIDTH + line] = v[j];
    } else {
#pragma unroll
        for (int j = 0; j < 4; j++)
            shared[depth * B::WIDTH + line + j] = v[j];
    }
}

/* A thread's lines: packs of 4, SIDE packs apart. */
DEVICE int line_of(int at, int i)
{
    return i / 4 * 4 * SIDE + at * 4 + i % 4;
}

template <class T, int TILE>
DEVICE void multiply(const typename sums<T>::A *xs, const typename sums<T>::A *ys, int ty, int tx,
                     typename sums<T>::A (&sum)[TILE][TILE])
{
    typedef typename sums<T>::A A;
    typedef block<T, TILE> B;
#pragma unroll
    for (int p = 0; p < B::DEPTH; p++) {
        pack<A, 4> x[TILE / 4], y[TILE / 4];
#pragma unroll
        for (int i = 0; i < TILE / 4; i++) {
            x[i] = *(const pack<A, 4> *)(xs + p * B::WIDTH + line_of(ty, 4 * i));
            y[i] = *(const pack<A, 4> *)(ys + p * B::WIDTH + line_of(tx, 4 * i));
        }
#pragma unroll
        for (int i = 0; i < TILE; i++)
#pragma unroll
            for (int j = 0; j < TILE; j++)
                sum[i][j] = mul_add(x[i / 4].v[i % 4], y[j / 4].v[j % 4], sum[i][j]);
    }
}

template <class T, int TILE> DEVICE void blocks(const matmul_args &a)
{
    typedef typename sums<T>::A A;
    typedef block<T, TILE> B;
    enum { BYTES = B::DEPTH * B::WIDTH };
    SHARED(A, xs, 2 * BYTES);
    SHARED(A, ys, 2 * BYTES);
    const int tx = (int)threadIdx.x % SIDE, ty = (int)threadIdx.x / SIDE;
    const uint32_t tile_n = blockIdx.x % a.tiles_n, rest = blockIdx.x / a.tiles_n;
    const uint32_t tile_m = rest % a.tiles_m, batch = rest / a.tiles_m;
    const int64_t i0 = (int64_t)tile_m * B::EDGE, j0 = (int64_t)tile_n * B::EDGE;
    const T *x = (const T *)a.at[SIDE_A] + batch_at(a, SIDE_A, batch) + i0 * a.row[SIDE_A];
    const T *y = (const T *)a.at[SIDE_B] + batch_at(a, SIDE_B, batch) + j0 * a.col[SIDE_B];
    const bool deep_x = a.col[SIDE_A] == 1, deep_y = a.row[SIDE_B] == 1;
    A sum[TILE][TILE] = {}, total[TILE][TILE] = {}, next_x[4], next_y[4];
    const int64_t steps = (a.k + B::DEPTH - 1) / B::DEPTH;
#define FETCH(from)                                                                            \
    fetch<T, TILE>(x + (from)*a.col[SIDE_A], a.row[SIDE_A], a.col[SIDE_A], deep_x, a.packed[0], \
                   a.m - i0, a.k - (from), next_x);                                             \
    fetch<T, TILE>(y + (from)*a.row[SIDE_B], a.col[SIDE_B], a.row[SIDE_B], deep_y, a.packed[1], \
                   a.n - j0, a.k - (from), next_y)
    if (steps > 0) {
        FETCH((int64_t)0);
        put<T, TILE>(xs, deep_x, next_x);
        put<T, TILE>(ys, deep_y, next_y);
    }
    __syncthreads();
#pragma unroll 1
    for (int64_t s = 0; s < steps; s++) {
        const int now = (int)(s & 1) * BYTES, then = BYTES - now;
        if (s + 1 < steps) {
            FETCH((s + 1) * B::DEPTH);
        }
        multiply<T, TILE>(xs + now, ys + now, ty, tx, sum);
        if (s + 1 < steps) {
            put<T, TILE>(xs + then, deep_x, next_x);
            put<T, TILE>(ys + then, deep_y, next_y);
        }
        if ((s + 1) % (KC / B::DEPTH) == 0) {
#pragma unroll
            for (int i = 0; i < TILE; i++)
#pragma unroll
                for (int j = 0; j < TILE; j++) {
                    total[i][j] += sum[i][j];
                    sum[i][j] = 0;
                }
        }
        __syncthreads();
    }
    const factors<T> f = factors_of<T>(a);
    T *o = (T *)a.at[SIDE_O] + batch_at(a, SIDE_O, batch);
    const T *c = (const T *)a.at[SIDE_C] + (a.has_c ? batch_at(a, SIDE_C, batch) : 0);
#pragma unroll
    for (int i = 0; i < TILE; i++)
#pragma unroll
        for (int j = 0; j < TILE; j++) {
            const int64_t r = i0 + line_of(ty, i), s = j0 + line_of(tx, j);
            if (r < a.m && s < a.n)
                o[r * a.row[SIDE_O] + s * a.col[SIDE_O]] =
                    f.finish(a, total[i][j] + sum[i][j],
                             c + r * a.row[SIDE_C] + s * a.col[SIDE_C]);
        }
}

/* ---- a matrix times a vector --------------------------------------------------------------- */

/* n is 1. Where rows are dense a warp shares each; else 32 rows are side by side, and each warp has
 * every 8th of k. */
template <class T> DEVICE void vector(const matmul_args &a)
{
    typedef typename sums<T>::A A;
    SHARED(A, room, MATMUL_THREADS);
    const int id = (int)threadIdx.x, dense = a.col[SIDE_A] == 1;
    const int parts = dense ? WARP : MATMUL_THREADS / WARP, rows = MATMUL_THREADS / parts;
    const int r = dense ? id / WARP : id % WARP, q = dense ? id % WARP : id / WARP;
    const uint32_t batch = blockIdx.x / a.tiles_m;
    const int64_t i = (int64_t)(blockIdx.x - batch * a.tiles_m) * rows + r;
    const T *x = (const T *)a.at[SIDE_A] + batch_at(a, SIDE_A, batch) + i * a.row[SIDE_A];
    const T *y = (const T *)a.at[SIDE_B] + batch_at(a, SIDE_B, batch);
    A sum = 0;
#pragma unroll 1
    for (int64_t from = q; i < a.m && from < a.k; from += (int64_t)KC * parts) {
        const int64_t past = from + (int64_t)KC * parts, to = past < a.k ? past : a.k;
        A some = 0;
#pragma unroll 4
        for (int64_t p = from; p < to; p += parts)
            some = mul_add((A)up(x[p * a.col[SIDE_A]]), (A)up(y[p * a.row[SIDE_B]]), some);
        sum += some;
    }
    room[id] = sum;
    __syncthreads();
    if (q || i >= a.m)
        return;
    const int apart = dense ? 1 : WARP;
#pragma unroll 1
    for (int p = 1; p < parts; p++)
        sum += room[id + p * apart];
    const T *c = (const T *)a.at[SIDE_C] + (a.has_c ? batch_at(a, SIDE_C, batch) : 0);
    ((T *)a.at[SIDE_O] + batch_at(a, SIDE_O, batch))[i * a.row[SIDE_O]] =
        factors_of<T>(a).finish(a, sum, c + i * a.row[SIDE_C]);
}

#define MATMUL(stem, end, ...)                 \
    KERNEL(stem##_##end, matmul_args, MATMUL_THREADS) \
    {                                          \
        __VA_ARGS__(a);                        \
    }
#define MEDIUM(end, T) MATMUL(matmul_medium, end, blocks<T, 4>)
#define VECTOR(end, T) MATMUL(matmul_vector, end, vector<T>)
MATMUL(matmul_large, f32, blocks<float, 8>)
MATMUL(matmul_large, f16, blocks<f16, 8>)
MATMUL(matmul_large, bf16, blocks<bf16, 8>)
MATMUL(matmul_large, i32, blocks<int32_t, 8>)
WIDE_TYPES(MEDIUM)
WIDE_TYPES(VECTOR)
