/* SPDX-License-Identifier: MIT */
/* test_bad_input.c - the table of bad input: each row is refused with its status and one
 * sentence that names the argument, and nothing is written to the output. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "vane/vane.h"

static vane_context *ctx;
static float data[4][64]; /* four operands' memory */
#define UNTOUCHED 77.0f

static void setup(void)
{
    ck_assert_msg(vane_open(NULL, &ctx) == VANE_OK, "%s", vane_last_error()->message);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 64; k++)
            data[i][k] = UNTOUCHED;
}

static void teardown(void)
{
    vane_close(ctx);
}

static vane_tensor tensor(int i, vane_dtype dtype, uint32_t rank, int64_t a, int64_t b)
{
    int64_t shape[2] = {a, b};
    return vane_tensor_of(data[i], dtype, rank, shape);
}

/* One row: up to three inputs and an output, changed by `spoil` from a good call. */
typedef struct row {
    const char *what;
    uint32_t op, n_in;
    vane_status status;
    const char *names; /* must be in the sentence */
    void (*spoil)(vane_tensor *in, vane_tensor *out, vane_params *p);
} row;

/* clang-format off */
#define SPOIL(name) static void name(vane_tensor *in, vane_tensor *out, vane_params *p)
#define UNUSED (void)in, (void)out, (void)p

SPOIL(null_data) { UNUSED; in[1].data = NULL; }
SPOIL(null_out_data) { UNUSED; out->data = NULL; }
SPOIL(odd_address) { UNUSED; in[0].data = (char *)in[0].data + 1; }
SPOIL(dtype_unknown) { UNUSED; in[0].dtype = 99; }
SPOIL(dtype_mixed) { UNUSED; in[1].dtype = VANE_I32; }
SPOIL(dtype_out) { UNUSED; out->dtype = VANE_F64; out->shape[0] = 2; }
SPOIL(dtype_bool) { UNUSED; in[0].dtype = in[1].dtype = out->dtype = VANE_BOOL; }
SPOIL(dtype_int) { UNUSED; in[0].dtype = out->dtype = VANE_I32; }
SPOIL(where_float) { UNUSED; }
SPOIL(compare_out) { UNUSED; }
SPOIL(rank_nine) { UNUSED; in[0].rank = 9; }
SPOIL(negative) { UNUSED; in[0].shape[0] = -4; }
SPOIL(huge) { UNUSED; in[0].shape[0] = INT64_MAX / 2; in[0].shape[1] = 8; }
SPOIL(huge_stride) { UNUSED; in[0].stride[0] = INT64_MAX / 2; }
SPOIL(no_broadcast) { UNUSED; in[1].shape[1] = 3; }
SPOIL(out_shape) { UNUSED; out->shape[1] = 3; }
SPOIL(out_twice) { UNUSED; out->stride[0] = 0; }
SPOIL(out_shifted) { UNUSED; out->data = (float *)in[0].data + 1; }
SPOIL(out_is_input) { UNUSED; out->data = in[0].data; }
SPOIL(matmul_rows) { UNUSED; in[1].shape[0] = 3; }
SPOIL(matmul_scalar) { UNUSED; in[0].rank = 0; }
SPOIL(dot_length) { UNUSED; in[0].rank = in[1].rank = 1; in[1].shape[0] = 3; out->rank = 0; }
SPOIL(axis_out) { UNUSED; p->softmax.axis = 2; }
SPOIL(axes_twice) { UNUSED; p->reduce = (vane_reduce_params){{0, -2}, 2, 0}; }
SPOIL(axes_many) { UNUSED; p->reduce.n_axes = 100; }
SPOIL(perm_short) { UNUSED; p->transpose = (vane_transpose_params){{0}, 1}; }
SPOIL(perm_twice) { UNUSED; p->transpose = (vane_transpose_params){{1, 1}, 2}; }
SPOIL(nan_lo) { UNUSED; p->clip.lo = NAN; }
SPOIL(nan_alpha) { UNUSED; p->gemm = (vane_gemm_params){NAN, 1, 0, 0}; }
SPOIL(nan_axpy) { UNUSED; p->axpy.alpha = NAN; }
SPOIL(fill_range) { UNUSED; out->dtype = VANE_U8; p->fill.value = 256; }
SPOIL(fill_half) { UNUSED; out->dtype = VANE_I32; p->fill.value = 0.5; }
SPOIL(concat_axis) { UNUSED; p->concat.axis = -3; }
SPOIL(concat_shape) { UNUSED; p->concat.axis = 0; in[1].shape[1] = 2; }
SPOIL(empty_argmax) { UNUSED; in[0].shape[0] = 0; p->argmax.axis = 0; }

static const row rows[] = {
    {"NULL data", VANE_OP_ADD, 2, VANE_E_ARGUMENT, "b.data is NULL", null_data},
    {"NULL output data", VANE_OP_ADD, 2, VANE_E_ARGUMENT, "out.data is NULL", null_out_data},
    {"odd address", VANE_OP_ADD, 2, VANE_E_ARGUMENT, "a.data", odd_address},
    {"unknown dtype", VANE_OP_ADD, 2, VANE_E_DTYPE, "a.dtype is 99", dtype_unknown},
    {"mixed dtypes", VANE_OP_ADD, 2, VANE_E_DTYPE, "b is i32, expected f32", dtype_mixed},
    {"output dtype", VANE_OP_ADD, 2, VANE_E_DTYPE, "out is f64, expected f32", dtype_out},
    {"add of bool", VANE_OP_ADD, 2, VANE_E_DTYPE, "a is bool", dtype_bool},
    {"exp of i32", VANE_OP_EXP, 1, VANE_E_DTYPE, "x is i32", dtype_int},
    {"where of a float condition", VANE_OP_WHERE, 3, VANE_E_DTYPE, "a is f32, expected bool", where_float},
    {"comparison into floats", VANE_OP_LESS, 2, VANE_E_DTYPE, "out is f32, expected bool", compare_out},
    {"rank 9", VANE_OP_ADD, 2, VANE_E_SHAPE, "a.rank is 9", rank_nine},
    {"negative dimension", VANE_OP_ADD, 2, VANE_E_SHAPE, "a has shape [-4,4]", negative},
    {"more elements than 63 bits", VANE_OP_ADD, 2, VANE_E_OVERFLOW, "a has shape", huge},
    {"more bytes than 63 bits", VANE_OP_ADD, 2, VANE_E_OVERFLOW, "strides", huge_stride},
    {"no broadcast", VANE_OP_ADD, 2, VANE_E_SHAPE, "b has shape [4,3]", no_broadcast},
    {"output shape", VANE_OP_ADD, 2, VANE_E_SHAPE, "out has shape [4,3], expected [4,4]", out_shape},
    {"output maps twice", VANE_OP_ADD, 2, VANE_E_SHAPE, "out has strides [0,1]", out_twice},
    {"shifted overlap", VANE_OP_ADD, 2, VANE_E_OVERLAP, "out overlaps a", out_shifted},
    {"matmul in place", VANE_OP_MATMUL, 2, VANE_E_OVERLAP, "out overlaps a", out_is_input},
    {"transpose in place", VANE_OP_TRANSPOSE, 1, VANE_E_OVERLAP, "out overlaps x", out_is_input},
    {"matmul rows", VANE_OP_MATMUL, 2, VANE_E_SHAPE, "b has 3 rows, expected 4", matmul_rows},
    {"matmul of a scalar", VANE_OP_MATMUL, 2, VANE_E_SHAPE, "a is a scalar", matmul_scalar},
    {"dot lengths", VANE_OP_DOT, 2, VANE_E_SHAPE, "b has 3 elements, expected 4", dot_length},
    {"axis outside", VANE_OP_SOFTMAX, 1, VANE_E_SHAPE, "axis is 2", axis_out},
    {"axes twice", VANE_OP_REDUCE_SUM, 1, VANE_E_ARGUMENT, "axes names dimension 0 twice", axes_twice},
    {"too many axes", VANE_OP_REDUCE_SUM, 1, VANE_E_ARGUMENT, "n_axes is 100", axes_many},
    {"short perm", VANE_OP_TRANSPOSE, 1, VANE_E_SHAPE, "perm has 1 entries", perm_short},
    {"perm twice", VANE_OP_TRANSPOSE, 1, VANE_E_SHAPE, "dimension 1 twice", perm_twice},
    {"NaN limit", VANE_OP_CLIP, 1, VANE_E_ARGUMENT, "lo is NaN", nan_lo},
    {"NaN alpha", VANE_OP_GEMM, 2, VANE_E_ARGUMENT, "alpha is NaN", nan_alpha},
    {"NaN axpy", VANE_OP_AXPY, 2, VANE_E_ARGUMENT, "alpha is NaN", nan_axpy},
    {"fill out of range", VANE_OP_FILL, 0, VANE_E_ARGUMENT, "value is 256", fill_range},
    {"fill a fraction", VANE_OP_FILL, 0, VANE_E_ARGUMENT, "value is 0.5", fill_half},
    {"concat axis", VANE_OP_CONCAT, 2, VANE_E_SHAPE, "axis is -3", concat_axis},
    {"concat shapes", VANE_OP_CONCAT, 2, VANE_E_SHAPE, "inputs[1] has shape [4,2]", concat_shape},
    {"argmax of nothing", VANE_OP_ARGMAX, 1, VANE_E_SHAPE, "dimension 0 is 0", empty_argmax},
    {"too few inputs", VANE_OP_ADD, 1, VANE_E_ARGUMENT, "1 inputs, expected 2", where_float},
    {"too many inputs", VANE_OP_EXP, 2, VANE_E_ARGUMENT, "2 inputs, expected 1", where_float},
    {"unknown op", VANE_OP_COUNT + 7, 1, VANE_E_NOT_FOUND, "op is", where_float},
    {"unregistered op", VANE_OP_CUSTOM + 3, 1, VANE_E_NOT_FOUND, "op is 259", where_float},
};
/* clang-format on */

static void assert_refused(const row *r, vane_status st)
{
    const vane_error *e = vane_last_error();
    ck_assert_msg(st == r->status, "%s: status %s (%s), expected %s", r->what, vane_status_name(st),
                  e->message, vane_status_name(r->status));
    ck_assert_msg(e->status == st, "%s: the error says %s", r->what, vane_status_name(e->status));
    ck_assert_msg(strstr(e->message, r->names) != NULL, "%s: \"%s\" does not say \"%s\"", r->what,
                  e->message, r->names);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 64; k++)
            ck_assert_msg(data[i][k] == UNTOUCHED, "%s: something was written", r->what);
}

START_TEST(row_is_refused)
{
    const row *r = &rows[_i];
    vane_tensor in[3], out = tensor(3, VANE_F32, 2, 4, 4);
    const vane_tensor *ins[3];
    vane_tensor *outs[1] = {&out};
    vane_params p;
    memset(&p, 0, sizeof p);
    for (int i = 0; i < 3; i++) {
        in[i] = tensor(i, VANE_F32, 2, 4, 4);
        ins[i] = &in[i];
    }
    r->spoil(in, &out, &p);
    assert_refused(r, vane_run(ctx, r->op, ins, r->n_in, outs, 1, &p, NULL));
    vane_plan *plan = (vane_plan *)(void *)data;
    assert_refused(r, vane_plan_open(ctx, r->op, ins, r->n_in, outs, 1, &p, &plan));
    ck_assert_ptr_null(plan);
}
END_TEST

START_TEST(null_pointers_are_refused)
{
    vane_tensor a = tensor(0, VANE_F32, 1, 4, 0), out = tensor(3, VANE_F32, 1, 4, 0);
    vane_device_info info = {.struct_size = sizeof info};
    ck_assert_int_eq(vane_add(NULL, &a, &a, &out), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_add(ctx, NULL, &a, &out), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_add(ctx, &a, NULL, &out), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_add(ctx, &a, &a, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_concat(ctx, NULL, 2, NULL, &out), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_open(NULL, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_load(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_register(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_set_priority(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_set_policy(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_plan_run(NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_device_at(ctx, 0, NULL, NULL), VANE_E_ARGUMENT);
    ck_assert_int_ne(vane_device_at(ctx, 9999, &info, NULL), VANE_OK);
    ck_assert_int_eq(vane_op_find(ctx, "nonsense", &(vane_op_info){0}), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_dtype_parse("f99", &(uint32_t){0}), VANE_E_DTYPE);
    vane_close(NULL);
    vane_plan_close(NULL);
}
END_TEST

START_TEST(wishes_are_checked)
{
    vane_tensor a = tensor(0, VANE_F32, 1, 4, 0), out = tensor(3, VANE_F32, 1, 4, 0);
    const vane_tensor *in[] = {&a, &a};
    vane_tensor *outs[] = {&out};
    vane_options o = {.struct_size = sizeof o, .backend = "avx9"};
    ck_assert_int_eq(vane_run(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &o), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "scalar")); /* lists the names */
    o = (vane_options){.struct_size = 3};
    ck_assert_int_eq(vane_run(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &o), VANE_E_ABI);
    ck_assert_int_eq(vane_set_priority(ctx, "avx9,scalar"), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_set_policy(ctx, "lucky"), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "heuristic"));
}
END_TEST

START_TEST(interleaved_columns_are_no_overlap)
{
    vane_tensor left = tensor(0, VANE_F32, 1, 8, 0), right = left;
    left.stride[0] = right.stride[0] = 2; /* the two columns of one 8 x 2 matrix */
    right.data = (float *)right.data + 1;
    ck_assert_int_eq(vane_neg(ctx, &left, &right), VANE_OK);
    for (int i = 0; i < 8; i++) {
        ck_assert(data[0][2 * i] == UNTOUCHED);
        ck_assert(data[0][2 * i + 1] == -UNTOUCHED);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bad input");
    TCase *t = tcase_create("refused");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, row_is_refused, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(t, null_pointers_are_refused);
    tcase_add_test(t, wishes_are_checked);
    tcase_add_test(t, interleaved_columns_are_no_overlap);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
