/* SPDX-License-Identifier: MIT */
/* move.cu - copies, choices and constants: what only moves has a kernel for each size, so that every
 * bit is kept; a bool becomes 0 or 1. A copy whose input and output are contiguous along different
 * dimensions goes through shared memory.
 */
#include "elementwise.h"

/* X(end, T): sizes, and bool */
#define SIZES(X) X(1, uint8_t) X(2, uint16_t) X(4, uint32_t) X(8, uint64_t) X(bool, b8)

template <> struct number<uint16_t> {
    enum { INT = 1, BYTES = 2 };
    typedef uint16_t C, U;
};
template <> struct number<uint32_t> {
    enum { INT = 1, BYTES = 4 };
    typedef uint32_t C, U;
};
template <> struct number<uint64_t> {
    enum { INT = 1, BYTES = 8 };
    typedef uint64_t C, U;
};

template <class T> DEVICE T kept(T v)
{
    return v;
}
DEVICE b8 kept(b8 v)
{
    return b8{(uint8_t)(v.v != 0)};
}

template <class T> struct copy : uniform<T, 1> {
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const T *x, const T *, const T *, T *o)
    {
        EACH(j, N) o[j] = kept(x[j]);
    }
};

template <class T> struct where : uniform<T, 3> {
    typedef uint8_t X;
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const uint8_t *x, const T *y, const T *z, T *o)
    {
        EACH(j, N) o[j] = kept(x[j] ? y[j] : z[j]);
    }
};

template <class T> struct constant : uniform<T, 0> {
    template <int N, class A>
    DEVICE_MEMBER void run(const A &a, const T *, const T *, const T *, T *o)
    {
        const T v = down<T>(param<T>(a.param[0]));
        EACH(j, N) o[j] = v;
    }
};

/* ---- transposes ---------------------------------------------------------------------- */

/* Two threads of a warp must not want one bank: rows of the tile are one element longer. */
template <class T> DEVICE void turn(const turn_args &a)
{
    SHARED(T, tile, TURN_SIDE *(TURN_SIDE + 1));
    const int lane = (int)threadIdx.x % TURN_SIDE, first = (int)threadIdx.x / TURN_SIDE;
    for (uint64_t t = blockIdx.x; t < a.tiles; t += gridDim.x) {
        const T *from = (const T *)a.from;
        T *to = (T *)a.to;
        uint32_t rest = divide((uint32_t)t, a.tiles_along);
        const int64_t along = (int64_t)((uint32_t)t - rest * a.tiles_along.length) * TURN_SIDE;
        uint32_t next = divide(rest, a.tiles_across);
        const int64_t across = (int64_t)(rest - next * a.tiles_across.length) * TURN_SIDE;
        for (int d = a.rank - 1; d >= 0; d--) {
            rest = next;
            next = divide(rest, a.dim[d]);
            const int64_t index = rest - next * a.dim[d].length;
            from += index * a.in[d];
            to += index * a.out[d];
        }
        const int64_t width = a.along - along, height = a.across - across;
        from += along * a.in_along + across;
        to += across * a.out_across + along;
        __syncthreads(); /* the tile before has been written */
        for (int i = first; i < TURN_SIDE; i += TURN_ROWS)
            if (i < width && lane < height)
                tile[i * (TURN_SIDE + 1) + lane] = from[i * a.in_along + lane];
        __syncthreads();
        for (int i = first; i < TURN_SIDE; i += TURN_ROWS)
            if (i < height && lane < width)
                to[i * a.out_across + lane] = kept(tile[lane * (TURN_SIDE + 1) + i]);
    }
}

#define COPY(end, T) ELEMENTWISE(copy, end, copy<T>)
#define WHERE(end, T) ELEMENTWISE(where, end, where<T>)
#define FILL(end, T) ELEMENTWISE(fill, end, constant<T>)
#define TURN(end, T)                                              \
    KERNEL(turn_##end, turn_args, TURN_SIDE *TURN_ROWS)           \
    {                                                             \
        turn<T>(a);                                               \
    }
SIZES(COPY)
SIZES(WHERE)
ALL_TYPES(FILL)
SIZES(TURN)
