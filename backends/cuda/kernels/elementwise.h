/* SPDX-License-Identifier: MIT */
/* elementwise.h - the loops that bring each element to an op.
 *
 *   flat   all operands contiguous: packs of 16 bytes
 *   at     any strides: rows along the last dimension, cut into packs; an operand that is the same
 *          for a whole row is read once a pack, so broadcasting costs no memory
 *
 * An op is a struct: X, Y, Z and O, the types in memory of its inputs and its output; INPUTS, their
 * number; and run<N>(a, x, y, z, o), which computes N elements. a has op and param. LANES is what a
 * pack holds in flat, LANES_AT in at; DEEP: two packs of flat are in flight, not one. Inputs that
 * it does not have are not read.
 */
#ifndef CUDA_ELEMENTWISE_H
#define CUDA_ELEMENTWISE_H

#include "number.h"

#define ELEMENTWISE_THREADS 256

/* ---- contiguous ----------------------------------------------------------------------- */

template <class Op, int N> struct flat_loads {
    pack<typename Op::X, N> x;
    pack<typename Op::Y, N> y;
    pack<typename Op::Z, N> z;
};

template <class Op, int N>
DEVICE void flat_load(const flat_args &a, uint64_t i, flat_loads<Op, N> &in)
{
    if (Op::INPUTS > 0)
        in.x = ((const pack<typename Op::X, N> *)a.at[ARG_X])[i];
    if (Op::INPUTS > 1)
        in.y = ((const pack<typename Op::Y, N> *)a.at[ARG_Y])[i];
    if (Op::INPUTS > 2)
        in.z = ((const pack<typename Op::Z, N> *)a.at[ARG_Z])[i];
}

template <class Op, int N>
DEVICE void flat_store(const flat_args &a, uint64_t i, const flat_loads<Op, N> &in)
{
    pack<typename Op::O, N> o;
    Op::template run<N>(a, in.x.v, in.y.v, in.z.v, o.v);
    ((pack<typename Op::O, N> *)a.at[ARG_OUT])[i] = o;
}

/* An output may be an input: two packs are loaded before either is stored, each by its own thread.
 */
template <class Op> DEVICE void flat(const flat_args &a)
{
    const int N = Op::LANES;
    const uint64_t all = (uint64_t)gridDim.x * ELEMENTWISE_THREADS;
    const uint64_t me = (uint64_t)blockIdx.x * ELEMENTWISE_THREADS + threadIdx.x;
    const uint64_t packs = a.aligned ? a.n / N : 0;
    uint64_t i = me;
    flat_loads<Op, N> in, next;
    if (Op::DEEP) {
        for (; i + all < packs; i += 2 * all) {
            flat_load<Op, N>(a, i, in);
            flat_load<Op, N>(a, i + all, next);
            flat_store<Op, N>(a, i, in);
            flat_store<Op, N>(a, i + all, next);
        }
    }
    for (; i < packs; i += all) {
        flat_load<Op, N>(a, i, in);
        flat_store<Op, N>(a, i, in);
    }
    for (i = packs * N + me; i < a.n; i += all) {
        flat_loads<Op, 1> one;
        flat_load<Op, 1>(a, i, one);
        flat_store<Op, 1>(a, i, one);
    }
}

/* ---- any strides ------------------------------------------------------------------------ */

/* count elements of operand k from p on. */
template <class T, int N>
DEVICE void place_load(const place_args &a, int k, const T *p, uint32_t count, T *v)
{
    if (a.mode[k] == PLACE_ONE) {
        const T one = *p;
        for (int j = 0; j < N; j++)
            v[j] = one;
    } else if (a.mode[k] == PLACE_PACK && count == N) {
        *(pack<T, N> *)v = *(const pack<T, N> *)p;
    } else {
        const int64_t step = a.step[k];
#pragma unroll
        for (int j = 0; j < N; j++)
            v[j] = p[j < (int)count ? j * step : 0];
    }
}

template <class T, int N>
DEVICE void place_store(const place_args &a, T *p, uint32_t count, const T *v)
{
    if (a.mode[ARG_OUT] == PLACE_PACK && count == N) {
        *(pack<T, N> *)p = *(const pack<T, N> *)v;
        return;
    }
    const int64_t step = a.step[ARG_OUT];
#pragma unroll
    for (int j = 0; j < N; j++)
        if (j < (int)count)
            p[j * step] = v[j];
}

/* Where pack i of the row begins that it is in. */
struct places {
    int64_t x, y, z, o;
    uint32_t count;
};

template <class Op, int N> DEVICE places place_of(const place_args &a, uint32_t i)
{
    places at = {0, 0, 0, 0, 0};
    uint32_t rest = divide(i, a.per_row);
    const uint32_t first = (i - rest * a.per_row.length) * N;
    at.count = a.row - first < N ? a.row - first : N;
    for (int d = a.rank - 1; d >= 0; d--) {
        const uint32_t next = divide(rest, a.dim[d]);
        const int64_t index = rest - next * a.dim[d].length;
        rest = next;
        if (Op::INPUTS > 0)
            at.x += index * a.stride[ARG_X][d];
        if (Op::INPUTS > 1)
            at.y += index * a.stride[ARG_Y][d];
        if (Op::INPUTS > 2)
            at.z += index * a.stride[ARG_Z][d];
        at.o += index * a.stride[ARG_OUT][d];
    }
    at.x += first * a.step[ARG_X];
    at.y += first * a.step[ARG_Y];
    at.z += first * a.step[ARG_Z];
    at.o += first * a.step[ARG_OUT];
    return at;
}

template <class Op> DEVICE void at(const place_args &a)
{
    const int N = Op::LANES_AT;
    const uint32_t all = gridDim.x * ELEMENTWISE_THREADS;
    for (uint32_t i = blockIdx.x * ELEMENTWISE_THREADS + threadIdx.x; i < a.packs; i += all) {
        const places p = place_of<Op, N>(a, i);
        pack<typename Op::X, N> x;
        pack<typename Op::Y, N> y;
        pack<typename Op::Z, N> z;
        pack<typename Op::O, N> o;
        if (Op::INPUTS > 0)
            place_load<typename Op::X, N>(a, ARG_X, (const typename Op::X *)a.at[ARG_X] + p.x,
                                          p.count, x.v);
        if (Op::INPUTS > 1)
            place_load<typename Op::Y, N>(a, ARG_Y, (const typename Op::Y *)a.at[ARG_Y] + p.y,
                                          p.count, y.v);
        if (Op::INPUTS > 2)
            place_load<typename Op::Z, N>(a, ARG_Z, (const typename Op::Z *)a.at[ARG_Z] + p.z,
                                          p.count, z.v);
        Op::template run<N>(a, x.v, y.v, z.v, o.v);
        place_store<typename Op::O, N>(a, (typename Op::O *)a.at[ARG_OUT] + p.o, p.count, o.v);
    }
}

/* The pair of kernels of an op. */
#define ELEMENTWISE(stem, end, ...)                          \
    KERNEL(stem##_##end, flat_args, ELEMENTWISE_THREADS)     \
    {                                                        \
        flat<__VA_ARGS__>(a);                                \
    }                                                        \
    KERNEL(stem##_at_##end, place_args, ELEMENTWISE_THREADS) \
    {                                                        \
        at<__VA_ARGS__>(a);                                  \
    }

/* Of an op whose operands all have one type: everything but run. */
template <class T, int N_INPUTS> struct uniform {
    typedef T X, Y, Z, O;
    typedef typename number<T>::C C;
    typedef typename number<T>::U U;
    enum {
        INPUTS = N_INPUTS,
        DEEP = N_INPUTS == 1,
        LANES = 16 / number<T>::BYTES,
        LANES_AT = number<T>::BYTES == 8 ? 2 : 4
    };
};

/* A loop over the N elements of a pack. */
#define EACH(j, N) _Pragma("unroll") for (int j = 0; j < (N); j++)

#endif
