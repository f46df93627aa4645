/* SPDX-License-Identifier: MIT */
/* ew_move.c - where, cast and fill: elements moved, chosen or converted, not computed. */
#include "convert.h"
#include "ew.h"

#define WHERE(name, T, EXPR)                                                           \
    static void name(void *out, const void *a, const void *b, const void *c, size_t n, \
                     const vane_call *call)                                            \
    {                                                                                  \
        T *o = out;                                                                    \
        const uint8_t *w = a;                                                          \
        const T *x = b, *y = c;                                                        \
        EW_LOOP                                                                        \
        for (size_t i = 0; i < n; i++)                                                 \
            o[i] = EXPR;                                                               \
        (void)call;                                                                    \
    }
WHERE(where_1, uint8_t, w[i] ? x[i] : y[i])
WHERE(where_2, uint16_t, w[i] ? x[i] : y[i])
WHERE(where_4, uint32_t, w[i] ? x[i] : y[i])
WHERE(where_8, uint64_t, w[i] ? x[i] : y[i])
WHERE(where_bool, uint8_t, (w[i] ? x[i] : y[i]) != 0)

static void cast(void *out, const void *a, const void *b, const void *c, size_t n,
                 const vane_call *call)
{
    cpu__convert(out, call->arg[1].dtype, a, call->arg[0].dtype, n);
    (void)b, (void)c;
}

#define FILL(name, T)                                        \
    static void name(void *out, const void *value, size_t n) \
    {                                                        \
        T *o = out, v;                                       \
        memcpy(&v, value, sizeof v);                         \
        EW_LOOP                                              \
        for (size_t i = 0; i < n; i++)                       \
            o[i] = v;                                        \
    }
FILL(fill_1, uint8_t)
FILL(fill_2, uint16_t)
FILL(fill_4, uint32_t)
FILL(fill_8, uint64_t)

static void fill(void *out, const void *a, const void *b, const void *c, size_t n,
                 const vane_call *call)
{
    static void (*const by_bytes[])(void *, const void *, size_t) = {
        [1] = fill_1, [2] = fill_2, [4] = fill_4, [8] = fill_8};
    const uint32_t dtype = call->arg[0].dtype;
    uint64_t value;
    cpu__convert(&value, dtype, &call->params->fill.value, VANE_F64, 1);
    by_bytes[cpu__dtype_bytes(dtype)](out, &value, n);
    (void)a, (void)b, (void)c;
}

#define CASTS(NAME, name, bytes)                                                   \
    EW_ROW(CAST, NAME, "cast_" #name, 1, cast, EW_FLOPS / 4, VANE_NUMERICS_REPRO), \
        EW_ROW(FILL, NAME, "fill_" #name, 0, fill, EW_FLOPS, VANE_NUMERICS_REPRO),
#define ROW(DT, s, body) EW_ROW(WHERE, DT, "where_" #s, 3, body, EW_FLOPS / 2, VANE_NUMERICS_REPRO)

static const cpu_row rows[] = {
    VANE_DTYPE_MAP(CASTS) ROW(F32, f32, where_4),
    ROW(F64, f64, where_8),
    ROW(F16, f16, where_2),
    ROW(BF16, bf16, where_2),
    ROW(I32, i32, where_4),
    ROW(I64, i64, where_8),
    ROW(U8, u8, where_1),
    ROW(I8, i8, where_1),
    ROW(BOOL, bool, where_bool),
};

const vane_kernel *cpu__move_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
