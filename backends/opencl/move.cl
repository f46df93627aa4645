/* SPDX-License-Identifier: MIT */
/* move.cl - copies, choices, casts and constants: values as they are, or of another type.
 *
 * COPY (TRANSPOSE and CONCAT too), WHERE and FILL; what only moves is built for the integer of its
 * size (the host sees to it), so that every bit of a NaN is kept, and f16 as the 16 bits of bf16.
 * places.cl, the kernels, comes after. A copy whose input and output are contiguous along
 * different dimensions has a kernel of its own, turn.
 */
#if defined(cl_khr_fp64) || defined(__opencl_c_fp64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#if defined(OP_COPY) || defined(OP_WHERE)
#if IS_BOOL
#define RAW(p, i) LOAD_bool(p, i)
#define RAW4(p, i) LOADV_bool(4, p, i)
#else
#define RAW(p, i) ((p)[i])
#define RAW4(p, i) vload4(0, (p) + (i))
#endif
#define O T
#define R4 TV(4)
#define PUT(i, v) (out[i] = (v))
#define PUT4(i, v) vstore4((v), 0, out + (i))
#endif

#if defined(OP_COPY)
#define N_IN 1
#define A_T T
#define X_T T
#define X_T4 TV(4)
#define GET_X(i) RAW(a, i)
#define GET_X4(i) RAW4(a, i)
static inline T apply(T x, C y, C z, C p, C q)
{
    return x;
}
#elif defined(OP_WHERE)
#define N_IN 3
#define A_T uchar
#define X_T uchar
#define X_T4 uchar4
#define GET_X(i) (a[i])
#define GET_X4(i) vload4(0, a + (i))
#define B_T T
#define Y_T T
#define Y_T4 TV(4)
#define GET_Y(i) RAW(b, i)
#define GET_Y4(i) RAW4(b, i)
#define GET_Z(i) RAW(c, i)
#define GET_Z4(i) RAW4(c, i)
static inline T apply(uchar x, T y, T z, C p, C q)
{
    return x ? y : z;
}
#elif defined(OP_FILL)
#define N_IN 0
#define X_T C
#define X_T4 CV(4)
static inline C apply(C x, C y, C z, C p, C q)
{
    return p;
}
#elif defined(OP_CAST)
#define N_IN 1
#define O T2
#define R4 CV2(4)
#define PUT(i, v) STORE2(out, i, v)
#define PUT4(i, v) STOREV2(4, out, i, v)

#if IS_FLOAT && IS_INT2 && !IS_BOOL2
/* Truncates; saturates; NaN is 0. The limits as a C: the upper one may round up to 2^n. */
static inline C2 convert(C v)
{
    const C low = (C)C2_LOWEST, high = (C)C2_HIGHEST;
    const C inside = v > low && v < high ? v : 0;
    return v >= high ? C2_HIGHEST : v <= low ? C2_LOWEST : (C2)inside;
}
#elif IS_BOOL2
static inline C2 convert(C v)
{
    return v != 0;
}
#elif defined(T_f64) && (defined(T2_f16) || defined(T2_bf16))
/* Rounds to odd: what is lost makes the last bit 1. STORE's rounding is then the only one. */
static inline float convert(double v)
{
    const float f = (float)v;
    const int lost = (double)f != v && v == v;
    const uint nearer = as_uint(f) - (uint)(lost && fabs((double)f) > fabs(v));
    return lost ? as_float(nearer | 1) : f;
}
#elif (defined(T_i32) || defined(T_i64)) && (defined(T2_f16) || defined(T2_bf16))
/* The same for integers: 24 bits are kept, and whether any of the others is set. */
static inline float convert(C v)
{
    const ulong size = v < 0 ? 0 - (ulong)v : (ulong)v;
    const int drop = max(40 - (int)clz(size), 0);
    const ulong kept = size >> drop;
    const float f = (float)(uint)(kept | (ulong)(kept << drop != size));
    const float whole = f * as_float((127 + drop) << 23);
    return v < 0 ? -whole : whole;
}
#else
#define convert(v) ((C2)(v))
#endif
static inline C2 apply(C x, C y, C z, C p, C q)
{
    return convert(x);
}
#endif

#if defined(OP_COPY)
/* What the host sends (geometry.h). The tile's sides: along the input's contiguous dimension and
 * along the output's, which is the last. The other dimensions count tiles. */
typedef struct turn_place {
    long from, to;       /* offsets */
    long across, along;  /* lengths: of the input's dimension, of the output's */
    long in_along;       /* the input's stride in the output's dimension */
    long out_across;     /* the output's in the input's */
    int rank, unused;    /* of the others */
    long shape[9], in[9], out[9];
} turn_place;
#define SIDE 32
#define ROWS 8 /* a group has SIDE * ROWS work-items; on a CPU one */

/* Element (i, j) of the tile: i along the output's dimension. */
#define READ_TILE(i, j) tile[i][j] = RAW(a, (along + (i)) * g.in_along + across + (j))
#define WRITE_TILE(i, j) out[(across + (i)) * g.out_across + along + (j)] = tile[j][i]

#if ON_CPU
#define TURN_GROUP 1
#define TILE_SPACE __private
#else
#define TURN_GROUP (SIDE * ROWS)
#define TILE_SPACE __local
#endif
__kernel __attribute__((reqd_work_group_size(TURN_GROUP, 1, 1))) void
turn(__global const T *a, __global T *out, const turn_place g)
{
    TILE_SPACE T tile[SIDE][SIDE + 1];
    const long tiles = (g.along + SIDE - 1) / SIDE, strips = (g.across + SIDE - 1) / SIDE;
    long rest = (long)get_group_id(0);
    const long along = rest % tiles * SIDE, across = rest / tiles % strips * SIDE;
    rest /= tiles * strips;
    a += g.from;
    out += g.to;
    for (int d = g.rank - 1; d >= 0; d--) {
        const long index = rest % g.shape[d];
        rest /= g.shape[d];
        a += index * g.in[d];
        out += index * g.out[d];
    }
    const int width = (int)min(g.along - along, (long)SIDE);
    const int height = (int)min(g.across - across, (long)SIDE);
#if ON_CPU
    if (width == SIDE && height == SIDE) { /* lengths that the compiler knows */
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++)
                READ_TILE(i, j);
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++)
                WRITE_TILE(i, j);
        return;
    }
    for (int i = 0; i < width; i++)
        for (int j = 0; j < height; j++)
            READ_TILE(i, j);
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++)
            WRITE_TILE(i, j);
#else
    const int lane = (int)get_local_id(0) % SIDE, first = (int)get_local_id(0) / SIDE;
    for (int i = first; i < width; i += ROWS)
        if (lane < height)
            READ_TILE(i, lane);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = first; i < height; i += ROWS)
        if (lane < width)
            WRITE_TILE(i, lane);
#endif
}
#endif
