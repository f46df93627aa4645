/* SPDX-License-Identifier: MIT */
/* elementwise.cl - arithmetic and comparisons: one value for each element.
 *
 * apply(x, y, z, p, q) is the op on one element, with the parameters p and q. math.cl comes before
 * and places.cl, the kernels, after. VARIANT bit 0: gelu's tanh form.
 */
#if defined(OP_FMA)
#define N_IN 3
#elif defined(OP_ADD) || defined(OP_SUB) || defined(OP_MUL) || defined(OP_DIV) || \
    defined(OP_POW) || defined(OP_MAX) || defined(OP_MIN) || defined(OP_AXPY) ||  \
    defined(OP_EQUAL) || defined(OP_LESS) || defined(OP_GREATER)
#define N_IN 2
#else
#define N_IN 1
#endif

/* Integers are computed unsigned, so that they wrap. */
#if defined(T_i32)
#define U uint
#elif defined(T_i64)
#define U ulong
#else
#define U uchar
#endif
#define WRAP(op, x, y) ((C)(U)((U)(x)op(U)(y)))

/* Divide and sqrt of float may be 2.5 and 3 ulp off: not where the device rounds them correctly,
 * nor by way of double, which does. Else one step of Newton's mends them. */
#if defined(OP_DIV) && IS_FLOAT
static inline C divide(C x, C y)
{
#if defined(T_f64) || EXACT_DIVISION
    return x / y;
#elif HAS_F64
    return (float)((double)x / (double)y);
#else
    float v = x / y, better = v + fma(-v, y, x) / y;
    return fabs(v) < 0x1p126f && fabs(v) > 0x1p-100f && isfinite(better) ? better : v;
#endif
}
#elif defined(OP_DIV)
/* Toward zero; by zero 0; MIN / -1 is MIN. Neither may reach the processor's divider, which
 * traps; doubles divide 32 bits exactly, and as vectors. */
static inline C divide(C x, C y)
{
    const int minus = IS_SIGNED && y == (C)-1;
    C safe = y == 0 || minus ? 1 : y;
#if ON_CPU && HAS_F64 && !defined(T_i64)
    C v = (C)(int)((double)x / (double)safe);
#else
    C v = x / safe;
#endif
    return y == 0 ? 0 : minus ? WRAP(-, 0, x) : v;
}
#endif

#if defined(OP_SQRT)
static inline C root(C x)
{
#if defined(T_f64) || EXACT_DIVISION
    return sqrt(x);
#elif HAS_F64
    return (float)sqrt((double)x);
#else
    float v = sqrt(x), better = v + fma(-v, v, x) / (v + v);
    return x > 0x1p-100f && isfinite(better) ? better : v;
#endif
}
#endif

#if defined(OP_POW) && IS_INT
static inline C power(C base, C exponent)
{
    U result = 1, factor = (U)base;
    if (IS_SIGNED && exponent < 0)
        return base == 1 ? 1 : base == (C)-1 ? (exponent % 2 ? (C)-1 : 1) : 0;
    for (; exponent; exponent >>= 1, factor = (U)(factor * factor))
        result = exponent & 1 ? (U)(result * factor) : result;
    return (C)result;
}
#endif

#if IS_INT
#define PICK(float_way, int_way) int_way
#else
#define PICK(float_way, int_way) float_way
#endif

#if defined(OP_ABS)
#define APPLY(x, y, z) PICK(fabs(x), (IS_SIGNED && x < 0 ? WRAP(-, 0, x) : x))
#elif defined(OP_NEG)
#define APPLY(x, y, z) PICK(-x, WRAP(-, 0, x))
#elif defined(OP_SQRT)
#define APPLY(x, y, z) root(x)
#elif defined(OP_EXP)
#define APPLY(x, y, z) m_exp(x)
#elif defined(OP_LOG)
#define APPLY(x, y, z) m_log(x)
#elif defined(OP_TANH)
#define APPLY(x, y, z) m_tanh(x)
#elif defined(OP_SIGMOID)
#define APPLY(x, y, z) m_sigmoid(x)
#elif defined(OP_RELU)
#define APPLY(x, y, z) (x < 0 ? 0 : x)
#elif defined(OP_GELU)
#define APPLY(x, y, z) m_gelu(x)
#elif defined(OP_CLIP)
#define APPLY(x, y, z) ((x < p ? p : x) > q ? q : x < p ? p : x)
#elif defined(OP_ADD)
#define APPLY(x, y, z) PICK(x + y, WRAP(+, x, y))
#elif defined(OP_SUB)
#define APPLY(x, y, z) PICK(x - y, WRAP(-, x, y))
#elif defined(OP_MUL)
#define APPLY(x, y, z) PICK(x *y, WRAP(*, x, y))
#elif defined(OP_DIV)
#define APPLY(x, y, z) divide(x, y)
#elif defined(OP_POW)
#define APPLY(x, y, z) PICK((C)m_pow(x, y), power(x, y))
#elif defined(OP_MAX) /* NaN if any is */
#define APPLY(x, y, z) (x != x || x >= y ? x : y)
#elif defined(OP_MIN)
#define APPLY(x, y, z) (x != x || x <= y ? x : y)
#elif defined(OP_FMA)
#define APPLY(x, y, z) PICK(fma(x, y, z), WRAP(+, WRAP(*, x, y), z))
#elif defined(OP_AXPY)
#define APPLY(x, y, z) PICK(fma(p, x, y), WRAP(+, WRAP(*, p, x), y))
#elif defined(OP_EQUAL)
#define APPLY(x, y, z) ((uchar)(x == y))
#elif defined(OP_LESS)
#define APPLY(x, y, z) ((uchar)(x < y))
#elif defined(OP_GREATER)
#define APPLY(x, y, z) ((uchar)(x > y))
#endif

#if defined(OP_EQUAL) || defined(OP_LESS) || defined(OP_GREATER)
#define O uchar
#define R uchar
#define R4 uchar4
#define PUT(i, v) (out[i] = (v))
#define PUT4(i, v) vstore4((v), 0, out + (i))
#else
#define R C
#endif

INLINE R apply(C x, C y, C z, C p, C q)
{
    return APPLY(x, y, z);
}
