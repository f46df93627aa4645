/* SPDX-License-Identifier: MIT */
/* common.cl - the start of every program: types and how elements are read and written.
 *
 * The build defines T_<dtype> (T_f32) and perhaps T2_<dtype>, OP_<NAME>, VARIANT=<n>, ON_CPU=1 or
 * 0 (on a CPU one work-item a core can be better than many) and GROUP=<n>, the size of the
 * work-groups on a GPU. This gives:
 *
 *   T                  what an element is in memory: pointers are __global const T *
 *   C                  what it is computed in: float for f32, f16 and bf16; double for f64; the
 *                      type itself for integers; uchar, 0 or 1, for bool
 *   CV(n), TV(n)       their vectors: CV(4) is float4
 *   LOAD(p, i)         element i of p, as a C          STORE(p, i, v)     and back, rounded once
 *   LOADV(n, p, i)     elements i to i + n - 1,        STOREV(n, p, i, v) and back
 *                      only element-aligned; n is a literal 2, 4, 8 or 16
 *   DT_NAME(x)         x_f32: one name for each type
 *   IS_FLOAT, IS_INT (bool too), IS_BOOL, IS_SIGNED   1 or 0, by T
 *   C_LOWEST, C_HIGHEST   -inf and inf, or the integer's smallest and largest
 *   GROUP_KERNEL       __kernel, of one that GPUs always run in groups of GROUP
 * and with T2_<dtype> what is used of the second type: T2, C2, STORE2, CV2, STOREV2, IS_INT2,
 * IS_BOOL2, C2_LOWEST, C2_HIGHEST (a vector of two C is CV(2), not C2).
 * Any type at any time: LOAD_bf16(p, i), STORE_bool(p, i, v), ELEM_f16, COMP_f16.
 *
 * A STORE's value must be a C already. Integers wrap by cast. On PoCL the vector forms of f16 are
 * many times faster than the scalar ones (hardware conversion against code with branches).
 */
#pragma OPENCL FP_CONTRACT OFF

/* The compiler must fit the registers of a whole group: else the build fails, not the launch. */
#if ON_CPU
#define GROUP_KERNEL __kernel
#else
#define GROUP_KERNEL __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
#endif

#if defined(T_f64) || defined(T2_f64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#define ELEM_f32 float
#define ELEM_f64 double
#define ELEM_f16 half
#define ELEM_bf16 ushort
#define ELEM_i32 int
#define ELEM_i64 long
#define ELEM_u8 uchar
#define ELEM_i8 char
#define ELEM_bool uchar

#define COMP_f32 float
#define COMP_f64 double
#define COMP_f16 float
#define COMP_bf16 float
#define COMP_i32 int
#define COMP_i64 long
#define COMP_u8 uchar
#define COMP_i8 char
#define COMP_bool uchar

/* bf16: the upper half of a float, rounded to nearest even; NaN stays NaN. */
static inline ushort bf16_round(float v)
{
    uint b = as_uint(v);
    uint r = (b + 0x7fffu + ((b >> 16) & 1u)) >> 16;
    return (ushort)(isnan(v) ? (b >> 16) | 0x40u : r);
}
#define BF16_ROUND_VECTOR(n)                                                     \
    static inline ushort##n bf16_round##n(float##n v)                            \
    {                                                                            \
        uint##n b = as_uint##n(v);                                               \
        uint##n r = (b + 0x7fffu + ((b >> 16) & 1u)) >> 16;                      \
        return convert_ushort##n(select(r, (b >> 16) | 0x40u, isnan(v)));        \
    }
BF16_ROUND_VECTOR(2)
BF16_ROUND_VECTOR(4)
BF16_ROUND_VECTOR(8)
BF16_ROUND_VECTOR(16)

#define LOAD_f32(p, i) ((p)[i])
#define LOAD_f64(p, i) ((p)[i])
#define LOAD_f16(p, i) vload_half((i), (p))
#define LOAD_bf16(p, i) as_float((uint)(p)[i] << 16)
#define LOAD_i32(p, i) ((p)[i])
#define LOAD_i64(p, i) ((p)[i])
#define LOAD_u8(p, i) ((p)[i])
#define LOAD_i8(p, i) ((p)[i])
#define LOAD_bool(p, i) ((uchar)((p)[i] != 0))

#define STORE_f32(p, i, v) ((p)[i] = (v))
#define STORE_f64(p, i, v) ((p)[i] = (v))
#define STORE_f16(p, i, v) vstore_half_rte((v), (i), (p))
#define STORE_bf16(p, i, v) ((p)[i] = bf16_round(v))
#define STORE_i32(p, i, v) ((p)[i] = (v))
#define STORE_i64(p, i, v) ((p)[i] = (v))
#define STORE_u8(p, i, v) ((p)[i] = (v))
#define STORE_i8(p, i, v) ((p)[i] = (v))
#define STORE_bool(p, i, v) ((p)[i] = (uchar)((v) != 0))

#define LOADV_f32(n, p, i) vload##n(0, (p) + (i))
#define LOADV_f64(n, p, i) vload##n(0, (p) + (i))
#define LOADV_f16(n, p, i) vload_half##n(0, (p) + (i))
#define LOADV_bf16(n, p, i) as_float##n(convert_uint##n(vload##n(0, (p) + (i))) << 16)
#define LOADV_i32(n, p, i) vload##n(0, (p) + (i))
#define LOADV_i64(n, p, i) vload##n(0, (p) + (i))
#define LOADV_u8(n, p, i) vload##n(0, (p) + (i))
#define LOADV_i8(n, p, i) vload##n(0, (p) + (i))
#define LOADV_bool(n, p, i) (as_uchar##n(vload##n(0, (p) + (i)) != (uchar##n)(0)) & (uchar##n)(1))

#define STOREV_f32(n, p, i, v) vstore##n((v), 0, (p) + (i))
#define STOREV_f64(n, p, i, v) vstore##n((v), 0, (p) + (i))
#define STOREV_f16(n, p, i, v) vstore_half##n##_rte((v), 0, (p) + (i))
#define STOREV_bf16(n, p, i, v) vstore##n(bf16_round##n(v), 0, (p) + (i))
#define STOREV_i32(n, p, i, v) vstore##n((v), 0, (p) + (i))
#define STOREV_i64(n, p, i, v) vstore##n((v), 0, (p) + (i))
#define STOREV_u8(n, p, i, v) vstore##n((v), 0, (p) + (i))
#define STOREV_i8(n, p, i, v) vstore##n((v), 0, (p) + (i))
#define STOREV_bool(n, p, i, v) \
    vstore##n(as_uchar##n((v) != (uchar##n)(0)) & (uchar##n)(1), 0, (p) + (i))

/* The kernel's type. */
#if defined(T_f32)
#define DT f32
#elif defined(T_f64)
#define DT f64
#elif defined(T_f16)
#define DT f16
#elif defined(T_bf16)
#define DT bf16
#elif defined(T_i32)
#define DT i32
#elif defined(T_i64)
#define DT i64
#elif defined(T_u8)
#define DT u8
#elif defined(T_i8)
#define DT i8
#elif defined(T_bool)
#define DT bool
#endif

#if defined(T_f32) || defined(T_f64) || defined(T_f16) || defined(T_bf16)
#define IS_FLOAT 1
#define IS_INT 0
#else
#define IS_FLOAT 0
#define IS_INT 1 /* bool too */
#endif
#if defined(T_u8) || defined(T_bool)
#define IS_SIGNED 0
#else
#define IS_SIGNED 1
#endif
#if defined(T_bool)
#define IS_BOOL 1
#else
#define IS_BOOL 0
#endif

#define LOWEST_f32 (-INFINITY)
#define LOWEST_f64 ((double)-INFINITY)
#define LOWEST_f16 (-INFINITY)
#define LOWEST_bf16 (-INFINITY)
#define LOWEST_i32 INT_MIN
#define LOWEST_i64 LONG_MIN
#define LOWEST_u8 ((uchar)0)
#define LOWEST_i8 ((char)SCHAR_MIN)
#define LOWEST_bool ((uchar)0)
#define HIGHEST_f32 INFINITY
#define HIGHEST_f64 ((double)INFINITY)
#define HIGHEST_f16 INFINITY
#define HIGHEST_bf16 INFINITY
#define HIGHEST_i32 INT_MAX
#define HIGHEST_i64 LONG_MAX
#define HIGHEST_u8 ((uchar)UCHAR_MAX)
#define HIGHEST_i8 ((char)SCHAR_MAX)
#define HIGHEST_bool ((uchar)1)

#define DT_NAME(x) PASTE(x##_, DT)
#define T DT_NAME(ELEM)
#define C DT_NAME(COMP)
#define TV(n) PASTE(T, n)
#define CV(n) PASTE(C, n)
#define LOAD(p, i) DT_NAME(LOAD)(p, i)
#define STORE(p, i, v) DT_NAME(STORE)(p, i, v)
#define LOADV(n, p, i) DT_NAME(LOADV)(n, p, i)
#define STOREV(n, p, i, v) DT_NAME(STOREV)(n, p, i, v)
#define C_LOWEST DT_NAME(LOWEST)
#define C_HIGHEST DT_NAME(HIGHEST)

/* The second type. */
#if defined(T2_f32)
#define DT2 f32
#elif defined(T2_f64)
#define DT2 f64
#elif defined(T2_f16)
#define DT2 f16
#elif defined(T2_bf16)
#define DT2 bf16
#elif defined(T2_i32)
#define DT2 i32
#elif defined(T2_i64)
#define DT2 i64
#elif defined(T2_u8)
#define DT2 u8
#elif defined(T2_i8)
#define DT2 i8
#elif defined(T2_bool)
#define DT2 bool
#endif

#if defined(T2_f32) || defined(T2_f64) || defined(T2_f16) || defined(T2_bf16)
#define IS_INT2 0
#else
#define IS_INT2 1
#endif
#if defined(T2_bool)
#define IS_BOOL2 1
#else
#define IS_BOOL2 0
#endif

#define DT2_NAME(x) PASTE(x##_, DT2)
#define T2 DT2_NAME(ELEM)
#define C2 DT2_NAME(COMP)
#define CV2(n) PASTE(C2, n)
#define STORE2(p, i, v) DT2_NAME(STORE)(p, i, v)
#define STOREV2(n, p, i, v) DT2_NAME(STOREV)(n, p, i, v)
#define C2_LOWEST DT2_NAME(LOWEST)
#define C2_HIGHEST DT2_NAME(HIGHEST)
