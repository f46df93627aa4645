/* SPDX-License-Identifier: MIT */
/* test_tensor.c - what reaches a kernel and comes back: broadcasting, strides, ranks, empty
 * tensors, in place, against answers worked out by hand. */
#include <math.h>

#include "kit.h"

static vane_context *ctx;

static void setup(void)
{
    ctx = kit_context();
}

static void teardown(void)
{
    vane_close(ctx);
}

/* ---- broadcasting -------------------------------------------------------------- */

static float x6[] = {1, 2, 3, 4, 5, 6}; /* [2,3] */
static float row[] = {10, 20, 30}, column[] = {100, 200}, one[] = {1000};

START_TEST(a_matrix_and_a_scalar_row_or_column)
{
    float out[6];
    vane_tensor x = TENSOR(x6, VANE_F32, 2, 3), o = TENSOR(out, VANE_F32, 2, 3);
    vane_tensor s = scalar_of(one, VANE_F32), r = TENSOR(row, VANE_F32, 3);
    vane_tensor c = TENSOR(column, VANE_F32, 2, 1), s3 = TENSOR(one, VANE_F32, 1);
    GOOD(vane_add(ctx, &x, &s, &o));
    EXPECT(out, 1001, 1002, 1003, 1004, 1005, 1006);
    GOOD(vane_add(ctx, &s3, &x, &o));
    EXPECT(out, 1001, 1002, 1003, 1004, 1005, 1006);
    GOOD(vane_add(ctx, &r, &x, &o));
    EXPECT(out, 11, 22, 33, 14, 25, 36);
    GOOD(vane_add(ctx, &x, &c, &o));
    EXPECT(out, 101, 102, 103, 204, 205, 206);
}
END_TEST

START_TEST(two_operands_widen_each_other)
{
    float out[6];
    vane_tensor r = TENSOR(row, VANE_F32, 1, 3), c = TENSOR(column, VANE_F32, 2, 1);
    vane_tensor o = TENSOR(out, VANE_F32, 2, 3);
    GOOD(vane_sub(ctx, &c, &r, &o));
    EXPECT(out, 90, 80, 70, 190, 180, 170);
    vane_tensor narrow = TENSOR(out, VANE_F32, 3);
    ck_assert_int_eq(vane_sub(ctx, &c, &r, &narrow), VANE_E_SHAPE);
    vane_tensor four = TENSOR(x6, VANE_F32, 4);
    ck_assert_int_eq(vane_sub(ctx, &four, &r, &o), VANE_E_SHAPE);
}
END_TEST

START_TEST(three_operands_widen_each_other)
{
    uint8_t yes[] = {1, 0}; /* [2,1,1] */
    float out[12];
    vane_tensor w = TENSOR(yes, VANE_BOOL, 2, 1, 1), c = TENSOR(column, VANE_F32, 2, 1);
    vane_tensor r = TENSOR(row, VANE_F32, 3), o = TENSOR(out, VANE_F32, 2, 2, 3);
    GOOD(vane_where(ctx, &w, &c, &r, &o));
    EXPECT(out, 100, 100, 100, 200, 200, 200, 10, 20, 30, 10, 20, 30);
}
END_TEST

START_TEST(a_stride_of_zero_is_a_broadcast)
{
    float out[6];
    vane_tensor x = TENSOR(row, VANE_F32, 2, 3), y = TENSOR(x6, VANE_F32, 2, 3);
    vane_tensor o = TENSOR(out, VANE_F32, 2, 3);
    x.stride[0] = 0;
    GOOD(vane_add(ctx, &x, &y, &o));
    EXPECT(out, 11, 22, 33, 14, 25, 36);
    o.stride[0] = 0; /* an output may not */
    ck_assert_int_eq(vane_add(ctx, &x, &y, &o), VANE_E_SHAPE);
}
END_TEST

/* ---- strides ------------------------------------------------------------------- */

START_TEST(negative_strides_read_and_write_backwards)
{
    float out[6] = {0};
    vane_tensor x = TENSOR(x6 + 5, VANE_F32, 2, 3), o = TENSOR(out, VANE_F32, 2, 3);
    x.stride[0] = -3;
    x.stride[1] = -1;
    GOOD(vane_neg(ctx, &x, &o));
    EXPECT(out, -6, -5, -4, -3, -2, -1);
    o.data = out + 5;
    o.stride[0] = -3;
    o.stride[1] = -1;
    GOOD(vane_neg(ctx, &x, &o)); /* both: as if neither */
    EXPECT(out, -1, -2, -3, -4, -5, -6);
    vane_tensor flat = TENSOR(x6, VANE_F32, 6), back = TENSOR(out + 5, VANE_F32, 6);
    back.stride[0] = -1;
    GOOD(vane_neg(ctx, &flat, &back));
    EXPECT(out, -6, -5, -4, -3, -2, -1);
}
END_TEST

START_TEST(negative_strides_in_every_rule)
{
    float out[6], sum[2], soft[2];
    vane_tensor x = TENSOR(x6 + 5, VANE_F32, 2, 3), s = TENSOR(sum, VANE_F32, 2),
                o = TENSOR(out, VANE_F32, 3, 2);
    x.stride[0] = -3;
    x.stride[1] = -1; /* 6 5 4 / 3 2 1 */
    GOOD(vane_reduce_sum(ctx, &x, &(vane_reduce_params){.axes = {1}, .n_axes = 1}, &s));
    EXPECT(sum, 15, 6);
    GOOD(vane_transpose(ctx, &x, NULL, &o));
    EXPECT(out, 6, 3, 5, 2, 4, 1);
    vane_tensor eye = TENSOR(((float[]){1, 0, 0, 1, 1, 1}), VANE_F32, 3, 2),
                p = TENSOR(out, VANE_F32, 2, 2);
    GOOD(vane_matmul(ctx, &x, &eye, &p));
    EXPECT(out, 10, 9, 4, 3);
    int64_t at[2];
    vane_tensor i = TENSOR(at, VANE_I64, 2);
    GOOD(vane_argmax(ctx, &x, &(vane_argmax_params){.axis = 1}, &i));
    ck_assert_int_eq(at[0], 0);
    ck_assert_int_eq(at[1], 0);
    vane_tensor v = TENSOR(x6 + 1, VANE_F32, 2), q = TENSOR(soft + 1, VANE_F32, 2);
    v.stride[0] = q.stride[0] = -1; /* of 2, 1 */
    GOOD(vane_softmax(ctx, &v, NULL, &q));
    ck_assert(fabsf(soft[1] - 0.7310586f) < 1e-6f && fabsf(soft[0] - 0.2689414f) < 1e-6f);
    const vane_tensor *const parts[] = {&v, &v};
    vane_tensor both = TENSOR(out, VANE_F32, 4);
    GOOD(vane_concat(ctx, parts, 2, NULL, &both));
    EXPECT(out, 2, 1, 2, 1);
}
END_TEST

START_TEST(interleaved_views_do_not_overlap)
{
    float z[] = {1, 2, 3, 4, 5, 6, 7, 8}; /* four pairs */
    vane_tensor re = TENSOR(z, VANE_F32, 4), im = TENSOR(z + 1, VANE_F32, 4);
    re.stride[0] = im.stride[0] = 2;
    GOOD(vane_add(ctx, &re, &im, &im)); /* im in place, re beside it */
    EXPECT(z, 1, 3, 3, 7, 5, 11, 7, 15);
    im.data = z + 2; /* now the same places, one pair on */
    im.shape[0] = re.shape[0] = 3;
    ck_assert_int_eq(vane_neg(ctx, &re, &im), VANE_E_OVERLAP);
    EXPECT(z, 1, 3, 3, 7, 5, 11, 7, 15);
}
END_TEST

START_TEST(in_place)
{
    float a[] = {1, -2, 3, -4}, half[] = {1, 2, 3, 4, 5};
    vane_tensor x = TENSOR(a, VANE_F32, 2, 2), turned = x, s = scalar_of(a, VANE_F32);
    turned.stride[0] = 1;
    turned.stride[1] = 2;
    GOOD(vane_add(ctx, &x, &x, &x));
    EXPECT(a, 2, -4, 6, -8);
    GOOD(vane_relu(ctx, &turned, &turned));
    EXPECT(a, 2, 0, 6, 0);
    ck_assert_int_eq(vane_neg(ctx, &x, &turned), VANE_E_OVERLAP);
    ck_assert_int_eq(vane_add(ctx, &x, &s, &x),
                     VANE_E_OVERLAP); /* a scalar that the output holds */
    vane_tensor front = TENSOR(half, VANE_F32, 4), behind = TENSOR(half + 1, VANE_F32, 4);
    ck_assert_int_eq(vane_neg(ctx, &front, &behind), VANE_E_OVERLAP);
    ck_assert_int_eq(vane_transpose(ctx, &x, NULL, &x), VANE_E_OVERLAP);
    EXPECT(a, 2, 0, 6, 0);
    EXPECT(half, 1, 2, 3, 4, 5);
    int32_t bits[2] = {1, -3};
    vane_tensor from = TENSOR(bits, VANE_I32, 2), to = TENSOR(bits, VANE_F32, 2);
    GOOD(vane_cast(ctx, &from, &to)); /* another type of the same size */
    float cast[2];
    memcpy(cast, bits, sizeof cast);
    EXPECT(cast, 1, -3);
}
END_TEST

START_TEST(softmax_in_place)
{
    float a[] = {0, 0, 5, 5};
    vane_tensor x = TENSOR(a, VANE_F32, 2, 2);
    GOOD(vane_softmax(ctx, &x, NULL, &x));
    EXPECT(a, 0.5f, 0.5f, 0.5f, 0.5f);
}
END_TEST

/* ---- ranks --------------------------------------------------------------------- */

/* Rank _i, every dimension 2, the first operand's dimensions reversed in memory. */
START_TEST(add_of_every_rank)
{
    uint32_t rank = (uint32_t)_i, n = 1u << rank;
    float a[256], b[256], out[256];
    int64_t shape[VANE_MAX_RANK] = {2, 2, 2, 2, 2, 2, 2, 2};
    for (uint32_t i = 0; i < n; i++) {
        a[i] = (float)i;
        b[i] = 1000 * (float)i;
    }
    vane_tensor x = vane_tensor_of(a, VANE_F32, rank, shape),
                y = vane_tensor_of(b, VANE_F32, rank, shape);
    vane_tensor o = vane_tensor_of(out, VANE_F32, rank, shape);
    for (uint32_t d = 0; d < rank; d++)
        x.stride[d] = (int64_t)1 << d;
    GOOD(vane_add(ctx, &x, &y, &o));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t turned = 0;
        for (uint32_t d = 0; d < rank; d++)
            turned |= (i >> d & 1) << (rank - 1 - d);
        ck_assert_msg(out[i] == (float)turned + 1000 * (float)i, "[%u] is %g", i, (double)out[i]);
    }
}
END_TEST

/* No two dimensions merge (strides are powers of 3, all dimensions 2), so the kernel's view
 * has the kept dimension of 1 and eight reduced ones: VANE_VIEW_RANK. */
START_TEST(a_full_rank_reduction_over_all_axes)
{
    static float a[3300];
    int64_t shape[VANE_MAX_RANK] = {2, 2, 2, 2, 2, 2, 2, 2};
    vane_tensor x = vane_tensor_of(a, VANE_F32, 8, shape);
    float want = 0, got = 0;
    int64_t step = 1;
    for (uint32_t d = 8; d-- > 0; step *= 3)
        x.stride[d] = step;
    for (uint32_t i = 0; i < 3300; i++)
        a[i] = 5e5f; /* must not be read */
    for (uint32_t i = 0; i < 256; i++) {
        int64_t at = 0;
        for (uint32_t d = 0; d < 8; d++)
            at += (i >> d & 1) * x.stride[d];
        a[at] = (float)(i + 1);
        want += (float)(i + 1);
    }
    vane_tensor s = scalar_of(&got, VANE_F32);
    GOOD(vane_reduce_sum(ctx, &x, NULL, &s));
    ck_assert(got == want);
    int64_t ones[VANE_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    vane_tensor kept = vane_tensor_of(&got, VANE_F32, 8, ones);
    GOOD(vane_reduce_max(ctx, &x, NULL, &kept));
    ck_assert(got == 256);
    ck_assert_int_eq(vane_reduce_sum(ctx, &(vane_tensor){.rank = 9, .data = a}, NULL, &s),
                     VANE_E_SHAPE);
}
END_TEST

START_TEST(full_rank_matmul_broadcasts_its_batches)
{
    float a[4] = {1, 2, 3, 4}, b[2] = {10, 100}, out[4];
    vane_tensor x = TENSOR(a, VANE_F32, 1, 1, 2, 1, 1, 1, 2, 1),
                y = TENSOR(b, VANE_F32, 1, 2, 1, 1, 1, 1, 1, 1);
    float big[8];
    vane_tensor o = TENSOR(big, VANE_F32, 1, 2, 2, 1, 1, 1, 2, 1);
    GOOD(vane_matmul(ctx, &x, &y, &o));
    EXPECT(big, 10, 20, 30, 40, 100, 200, 300, 400);
    vane_tensor v = TENSOR(a, VANE_F32, 2), m = TENSOR(a, VANE_F32, 2, 2),
                r = TENSOR(out, VANE_F32, 2);
    GOOD(vane_matmul(ctx, &v, &m, &r)); /* 1 2 times 1 2 / 3 4 */
    EXPECT(out, 7, 10);
    GOOD(vane_matmul(ctx, &m, &v, &r));
    EXPECT(out, 5, 11);
    vane_tensor s = scalar_of(out, VANE_F32);
    GOOD(vane_matmul(ctx, &v, &v, &s));
    EXPECT(out, 5);
    GOOD(vane_dot(ctx, &v, &v, &s));
    EXPECT(out, 5);
}
END_TEST

/* ---- reductions, concat, gemm -------------------------------------------------- */

START_TEST(both_forms_of_a_reduction)
{
    float out[3] = {0};
    int64_t at[3];
    vane_tensor x = TENSOR(x6, VANE_F32, 2, 3), dropped = TENSOR(out, VANE_F32, 3),
                kept = TENSOR(out, VANE_F32, 1, 3);
    vane_tensor turned = TENSOR(out, VANE_F32, 3, 1), i3 = TENSOR(at, VANE_I64, 3),
                i13 = TENSOR(at, VANE_I64, 1, 3);
    for (uint32_t drop = 0; drop < 2; drop++) { /* only vane_infer reads it */
        vane_reduce_params p = {.axes = {-2}, .n_axes = 1, .drop_dims = drop};
        GOOD(vane_reduce_sum(ctx, &x, &p, &dropped));
        EXPECT(out, 5, 7, 9);
        GOOD(vane_reduce_prod(ctx, &x, &p, &kept));
        EXPECT(out, 4, 10, 18);
        ck_assert_int_eq(vane_reduce_sum(ctx, &x, &p, &turned), VANE_E_SHAPE);
        GOOD(vane_argmax(ctx, &x, &(vane_argmax_params){.drop_dims = drop}, &i3));
        GOOD(vane_argmax(ctx, &x, &(vane_argmax_params){.drop_dims = drop}, &i13));
        ck_assert_int_eq(at[2], 1);
        vane_tensor want = {0};
        const vane_tensor *const in[] = {&x};
        GOOD(vane_infer(ctx, VANE_OP_REDUCE_SUM, in, 1, &(vane_params){.reduce = p}, &want));
        ck_assert_uint_eq(want.rank, drop ? 1 : 2);
    }
}
END_TEST

START_TEST(concat_of_1_2_and_40)
{
    float out[40 * 3], cells[40], want[40];
    vane_tensor x = TENSOR(x6, VANE_F32, 2, 2), y = TENSOR(column, VANE_F32, 2, 1),
                o = TENSOR(out, VANE_F32, 2, 2);
    vane_tensor wide = TENSOR(out, VANE_F32, 2, 3), parts[40], all = TENSOR(out, VANE_F32, 40);
    const vane_tensor *const two[] = {&x, &y}, *list[40];
    GOOD(vane_concat(ctx, two, 1, NULL, &o));
    EXPECT(out, 1, 2, 3, 4);
    GOOD(vane_concat(ctx, two, 2, &(vane_concat_params){.axis = -1}, &wide));
    EXPECT(out, 1, 2, 100, 3, 4, 200);
    ck_assert_int_eq(vane_concat(ctx, two, 2, &(vane_concat_params){.axis = 0}, &wide),
                     VANE_E_SHAPE);
    uint32_t n = 0;
    for (uint32_t i = 0; i < 40; i++) { /* of 0, 1 or 2 elements */
        cells[i] = (float)i;
        parts[i] = TENSOR(cells + (i < 39 ? i : 0), VANE_F32, i % 3);
        for (uint32_t j = 0; j < i % 3; j++)
            want[n++] = (float)(i < 39 ? i + j : j);
        list[i] = &parts[i];
    }
    all.shape[0] = n;
    GOOD(vane_concat(ctx, list, 40, NULL, &all));
    expect_floats(out, want, n);
}
END_TEST

START_TEST(gemm_with_and_without_c)
{
    float a[] = {1, 2, 3, 4}, out[4];
    vane_tensor x = TENSOR(a, VANE_F32, 2, 2), o = TENSOR(out, VANE_F32, 2, 2),
                r = TENSOR(row, VANE_F32, 2);
    vane_tensor c = TENSOR(column, VANE_F32, 2, 1), s = scalar_of(one, VANE_F32);
    GOOD(vane_gemm(ctx, &x, &x, NULL, NULL, &o));
    EXPECT(out, 7, 10, 15, 22);
    const vane_tensor *const in[] = {&x, &x, NULL};
    vane_tensor *const outs[] = {&o};
    out[0] = 0;
    GOOD(vane_run(ctx, VANE_OP_GEMM, in, 2, outs, 1, NULL, NULL));
    EXPECT(out, 7, 10, 15, 22);
    GOOD(vane_run(ctx, VANE_OP_GEMM, in, 3, outs, 1, NULL, NULL));
    GOOD(vane_gemm(ctx, &x, &x, &r, &(vane_gemm_params){2, 1, 0, 0}, &o));
    EXPECT(out, 24, 40, 40, 64);
    GOOD(vane_gemm(ctx, &x, &x, &c, &(vane_gemm_params){1, 0.5, 1, 0}, &o)); /* A' A */
    EXPECT(out, 60, 64, 114, 120);
    GOOD(vane_gemm(ctx, &x, &x, &s, &(vane_gemm_params){1, 1, 0, 1}, &o)); /* A A' */
    EXPECT(out, 1005, 1011, 1011, 1025);
}
END_TEST

/* ---- empty tensors ------------------------------------------------------------- */

/* An empty call of op _i: shapes that give it an output without elements, data NULL. */
START_TEST(every_op_with_an_empty_output)
{
    vane_op_info op;
    GOOD(vane_op_at(ctx, (uint32_t)_i, &op));
    int is_product = strcmp(op.shape, "MATMUL") == 0 || strcmp(op.shape, "GEMM") == 0;
    vane_tensor in[3], out = {.dtype = VANE_F32, .rank = 2, .shape = {0, 3}};
    const vane_tensor *const ins[] = {&in[0], &in[1], &in[2]};
    vane_tensor *const outs[] = {&out};
    vane_params axis1 = {.argmax = {.axis = 1}}, axes1 = {.reduce = {.axes = {1}, .n_axes = 1}};
    const vane_params *p = _i == VANE_OP_ARGMAX              ? &axis1
                           : strcmp(op.shape, "REDUCE") == 0 ? &axes1
                                                             : NULL;
    if (_i == VANE_OP_DOT)
        return; /* its output has one element: below */
    for (int i = 0; i < 3; i++)
        in[i] = TENSOR(NULL, _i == VANE_OP_WHERE && i == 0 ? VANE_BOOL : VANE_F32, 0, 3);
    if (is_product)
        in[1] = TENSOR(NULL, VANE_F32, 3, 0); /* the output: 0 x 0 */
    uint32_t n_in = op.max_in < 3 ? op.max_in : _i == VANE_OP_GEMM ? 2 : op.min_in;
    GOOD(vane_infer(ctx, op.op, ins, n_in, p, &out));
    ck_assert_int_eq(vane_tensor_count(&out), 0);
    vane_decision d;
    GOOD(vane_run(ctx, op.op, ins, n_in, outs, 1, p, NULL));
    GOOD(vane_explain(ctx, op.op, ins, n_in, outs, 1, p, &d));
    ck_assert_uint_lt(d.chosen, d.count);
    vane_plan *plan;
    GOOD(vane_plan_open(ctx, op.op, ins, n_in, outs, 1, p, &plan));
    GOOD(vane_plan_run(plan));
    vane_plan_close(plan);
}
END_TEST

START_TEST(reductions_of_nothing)
{
    float out[3];
    int64_t at[3];
    vane_tensor x = TENSOR(NULL, VANE_F32, 0, 3), o = TENSOR(out, VANE_F32, 3),
                i = TENSOR(at, VANE_I64, 3);
    vane_reduce_params p = {.axes = {0}, .n_axes = 1};
    GOOD(vane_reduce_sum(ctx, &x, &p, &o));
    EXPECT(out, 0, 0, 0);
    GOOD(vane_reduce_prod(ctx, &x, &p, &o));
    EXPECT(out, 1, 1, 1);
    GOOD(vane_reduce_max(ctx, &x, &p, &o));
    EXPECT(out, -INFINITY, -INFINITY, -INFINITY);
    GOOD(vane_reduce_min(ctx, &x, &p, &o));
    EXPECT(out, INFINITY, INFINITY, INFINITY);
    GOOD(vane_reduce_mean(ctx, &x, &p, &o));
    ck_assert(isnan(out[0]) && isnan(out[2]));
    ck_assert_int_eq(vane_argmax(ctx, &x, NULL, &i), VANE_E_SHAPE);
}
END_TEST

START_TEST(products_over_nothing)
{
    float out[6] = {9, 9, 9, 9, 9, 9};
    vane_tensor a = TENSOR(NULL, VANE_F32, 2, 0), b = TENSOR(NULL, VANE_F32, 0, 3),
                o = TENSOR(out, VANE_F32, 2, 3);
    vane_tensor c = TENSOR(row, VANE_F32, 3), v = TENSOR(NULL, VANE_F32, 0),
                s = scalar_of(out, VANE_F32);
    GOOD(vane_matmul(ctx, &a, &b, &o));
    EXPECT(out, 0, 0, 0, 0, 0, 0);
    GOOD(vane_gemm(ctx, &a, &b, &c, &(vane_gemm_params){3, 2, 0, 0}, &o));
    EXPECT(out, 20, 40, 60, 20, 40, 60);
    GOOD(vane_dot(ctx, &v, &v, &s));
    EXPECT(out, 0);
}
END_TEST

/* Empty is empty: no time is spent on the dimensions beside. */
START_TEST(a_huge_empty_reduction_takes_no_time)
{
    float out[2];
    int64_t huge = INT64_C(1) << 40;
    vane_tensor x = TENSOR(NULL, VANE_F32, 2, huge, 0), o = TENSOR(out, VANE_F32, 2);
    GOOD(vane_reduce_prod(ctx, &x, &(vane_reduce_params){.axes = {1, 2}, .n_axes = 2}, &o));
    EXPECT(out, 1, 1);
}
END_TEST

/* Nothing is read through them, but their arithmetic must not overflow either. */
START_TEST(empty_tensors_with_wild_strides)
{
    float cell = 0;
    vane_tensor x = TENSOR(&cell, VANE_F32, 0, 5), o = x;
    o.stride[0] = INT64_MIN;
    o.stride[1] = INT64_MIN + 1;
    x.stride[1] = INT64_MAX;
    ck_assert_int_eq(vane_neg(ctx, &x, &o), VANE_E_OVERFLOW);
    vane_tensor bytes = TENSOR(&cell, VANE_U8, 0, 2), from = bytes;
    bytes.stride[1] = INT64_MIN;
    ck_assert_int_eq(vane_abs(ctx, &from, &bytes), VANE_E_OVERFLOW);
    o.stride[0] = INT64_MIN / 64; /* as far as arithmetic goes */
    o.stride[1] = -INT64_MAX / 64;
    x.stride[1] = INT64_MAX / 64;
    GOOD(vane_neg(ctx, &x, &o));
    GOOD(vane_softmax(ctx, &x, NULL, &o));
    GOOD(vane_add(ctx, &o, &o, &o));
    const vane_tensor *const in[] = {&x, &o};
    vane_tensor joined = o;
    GOOD(vane_concat(ctx, in, 2, NULL, &joined));
    vane_tensor s = scalar_of(&cell, VANE_F32);
    GOOD(vane_reduce_prod(ctx, &o, NULL, &s));
    ck_assert(cell == 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tensor");
    TCase *t = tcase_create("tensor");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_matrix_and_a_scalar_row_or_column);
    tcase_add_test(t, two_operands_widen_each_other);
    tcase_add_test(t, three_operands_widen_each_other);
    tcase_add_test(t, a_stride_of_zero_is_a_broadcast);
    tcase_add_test(t, negative_strides_read_and_write_backwards);
    tcase_add_test(t, negative_strides_in_every_rule);
    tcase_add_test(t, interleaved_views_do_not_overlap);
    tcase_add_test(t, in_place);
    tcase_add_test(t, softmax_in_place);
    tcase_add_loop_test(t, add_of_every_rank, 0, VANE_MAX_RANK + 1);
    tcase_add_test(t, a_full_rank_reduction_over_all_axes);
    tcase_add_test(t, full_rank_matmul_broadcasts_its_batches);
    tcase_add_test(t, both_forms_of_a_reduction);
    tcase_add_test(t, concat_of_1_2_and_40);
    tcase_add_test(t, gemm_with_and_without_c);
    tcase_add_loop_test(t, every_op_with_an_empty_output, 0, VANE_OP_COUNT);
    tcase_add_test(t, reductions_of_nothing);
    tcase_add_test(t, products_over_nothing);
    tcase_add_test(t, a_huge_empty_reduction_takes_no_time);
    tcase_add_test(t, empty_tensors_with_wild_strides);
    suite_add_tcase(s, t);
    return kit_main(s);
}
