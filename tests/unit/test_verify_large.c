/* SPDX-License-Identifier: MIT */
/* test_verify_large.c - one wrong element in a million; products by random sums; a budget that
 * pays for a part. */
#include "verify_kit.h"

static vane_context *ctx;

static void setup(void)
{
    ctx = kit_context();
}
static void teardown(void)
{
    vane_close(ctx);
}

/* A sanitizer watches: fewer of what is done again and again. */
static int is_brief(void)
{
    const char *brief = getenv("VANE_TEST_BRIEF");
    return brief && *brief == '1';
}

static void open_job(job *j, uint32_t op, uint32_t dtype, const int64_t *a, uint32_t rank_a,
                     const int64_t *b, uint32_t rank_b)
{
    vane_op_info info;
    GOOD(vane_op_at(ctx, op, &info));
    *j = (job){.op = op};
    job_input(j, &info, dtype, 1, rank_a, a);
    if (b != NULL)
        job_input(j, &info, dtype, 1, rank_b, b);
}

static void expect_right(const vane__check *c, const job *j, vane__finding *f)
{
    int right = vane__check_result(c, j->out.data, f);
    ck_assert_msg(right && f->right, "op %u of %s: %s", j->op, vane_dtype_name(j->p.dtype), f->why);
}

static void expect_wrong_at(const vane__check *c, const job *j, int64_t i)
{
    vane__finding f;
    int right = vane__check_result(c, j->out.data, &f);
    ck_assert_msg(!right && f.at == (uint64_t)i, "op %u of %s, element %lld: %s", j->op,
                  vane_dtype_name(j->p.dtype), (long long)i, f.why);
}

static void spoil_and_find(const vane__check *c, job *j, int64_t i)
{
    unsigned char kept[8];
    const size_t size = vane_dtype_bytes(j->out.dtype);
    char *at = (char *)j->out.data + (size_t)i * size;
    memcpy(kept, at, size);
    spoil(&j->out, i);
    expect_wrong_at(c, j, i);
    memcpy(at, kept, size);
}

/* ---- all of it ---------------------------------------------------------------------- */

START_TEST(one_in_a_million)
{
    static const int64_t square[] = {1000, 1000}, many[] = {1000000, 3};
    static const uint32_t ops[] = {VANE_OP_ADD, VANE_OP_SOFTMAX, VANE_OP_REDUCE_SUM};
    const int64_t *shape = ops[_i] == VANE_OP_REDUCE_SUM ? many : square;
    vane__finding f;
    job j;
    open_job(&j, ops[_i], VANE_F32, shape, 2, ops[_i] == VANE_OP_ADD ? shape : NULL, 2);
    j.params.reduce = (vane_reduce_params){{1}, 1, 0}; /* of a softmax: its axis */
    j.given = ops[_i] == VANE_OP_ADD ? NULL : &j.params;
    job_ready(ctx, &j, VANE_F32);
    vane__check *c = check_of(ctx, &j, ALL_OF_IT);
    GOOD(job_run(ctx, &j, NULL));
    expect_right(c, &j, &f);
    ck_assert(f.checked == 1000000 && f.of == 1000000);
    for (int n = 0; n < (is_brief() ? 2 : 20); n++) {
        const int64_t i = (int64_t)(job_random() % 1000000);
        spoil_and_find(c, &j, i);
        ((float *)j.out.data)[i] *= 1.0001f; /* a thousand times the tolerance */
        expect_wrong_at(c, &j, i);
        ((float *)j.out.data)[i] /= 1.0001f;
    }
    vane__check_close(c);
    job_close(&j);
}
END_TEST

/* ---- products by sums --------------------------------------------------------------- */

/* A budget that does not pay for the product, but for its sums. */
static double sums_budget(job *j)
{
    double all = vane__check_cost_ns(ctx, &j->p, ALL_OF_IT * 1e6), sums = all / 2;
    ck_assert_msg(vane__check_cost_ns(ctx, &j->p, sums) <= sums, "it is too small a product");
    return sums;
}

/* f32: errors of a few times what is allowed, in elements anywhere. */
START_TEST(a_matmul_of_a_million)
{
    static const int64_t square[] = {1000, 1000};
    vane__finding f;
    job j;
    open_job(&j, VANE_OP_MATMUL, VANE_F32, square, 2, square, 2);
    job_ready(ctx, &j, VANE_F32);
    vane__check *c = check_of(ctx, &j, sums_budget(&j));
    GOOD(job_run(ctx, &j, NULL));
    expect_right(c, &j, &f);
    ck_assert_msg(f.checked == 1000000, "%s", f.why);
    for (int n = 0; n < 30; n++) {
        const int64_t i = (int64_t)(job_random() % 1000000);
        float *y = (float *)j.out.data + i, kept = *y;
        *y = kept + 1000;
        ck_assert(!vane__check_result(c, j.out.data, &f) && f.at == (uint64_t)i);
        *y = kept + (float)(f.allowed * (n & 1 ? 4 : -4));
        expect_wrong_at(c, &j, i);
        *y = kept;
    }
    expect_right(c, &j, &f);
    vane__check_close(c);
    job_close(&j);
}
END_TEST

static const uint32_t wide[] = {VANE_F32, VANE_F64, VANE_F16, VANE_BF16, VANE_I32, VANE_I64};
enum { WIDE = sizeof wide / sizeof wide[0] };

/* The backends that there are; what each computes is right, and one wrong element is found. */
static void try_products(job *j)
{
    static const char *const backends[] = {"generic", "avx2", "avx512", "neon"};
    const int64_t n = job_elements(j);
    vane__finding f;
    vane__check *c = check_of(ctx, j, sums_budget(j));
    for (size_t b = 0; b < sizeof backends / sizeof backends[0]; b++) {
        if (job_run(ctx, j, backends[b]) != VANE_OK)
            continue;
        expect_right(c, j, &f);
        ck_assert_msg(f.checked == f.of, "%s", f.why);
        for (int i = 0; i < 8; i++)
            spoil_and_find(c, j, (int64_t)(job_random() % (uint64_t)n));
        spoil_and_find(c, j, n - 1);
    }
    vane__check_close(c);
    job_close(j);
}

START_TEST(every_type)
{
    static const int64_t a[] = {90, 130}, b[] = {130, 111};
    job j;
    open_job(&j, VANE_OP_MATMUL, wide[_i], a, 2, b, 2);
    job_ready(ctx, &j, wide[_i]);
    try_products(&j);
}
END_TEST

START_TEST(batches)
{
    static const int64_t a[] = {3, 1, 40, 130}, b[] = {4, 130, 67};
    job j;
    open_job(&j, VANE_OP_MATMUL, wide[_i], a, 4, b, 3);
    job_ready(ctx, &j, wide[_i]);
    try_products(&j);
}
END_TEST

START_TEST(gemms)
{
    static const int64_t a[] = {130, 90}, b[] = {111, 130}, bias[] = {111};
    vane_op_info info;
    job j;
    open_job(&j, VANE_OP_GEMM, wide[_i], a, 2, b, 2);
    GOOD(vane_op_at(ctx, VANE_OP_GEMM, &info));
    job_input(&j, &info, wide[_i], 2, 1, bias);
    j.params.gemm = (vane_gemm_params){-2.5, 1.5, 1, 1};
    j.given = &j.params;
    job_ready(ctx, &j, wide[_i]);
    try_products(&j);
}
END_TEST

/* Two elements of a row whose errors cancel in a plain sum. */
START_TEST(errors_that_cancel)
{
    static const int64_t square[] = {128, 128};
    int missed = 0;
    for (int n = 0; n < 20; n++) {
        vane__finding f;
        job j;
        open_job(&j, VANE_OP_MATMUL, VANE_I32, square, 2, square, 2);
        job_ready(ctx, &j, VANE_I32);
        vane__check *c = check_of(ctx, &j, sums_budget(&j));
        GOOD(job_run(ctx, &j, NULL));
        ((int32_t *)j.out.data)[5] += 7;
        ((int32_t *)j.out.data)[9] -= 7;
        missed += vane__check_result(c, j.out.data, &f);
        vane__check_close(c);
        job_close(&j);
    }
    ck_assert_int_eq(missed, 0);
}
END_TEST

/* Infinities and NaN among the operands: sums say nothing, the oracle does. */
START_TEST(products_of_no_numbers)
{
    static const int64_t square[] = {128, 128};
    vane__finding f;
    job j;
    open_job(&j, VANE_OP_MATMUL, VANE_F32, square, 2, square, 2);
    ((float *)j.in[0].data)[128 * 7] = NAN;
    ((float *)j.in[0].data)[128 * 9] = INFINITY;
    job_ready(ctx, &j, VANE_F32);
    vane__check *c = check_of(ctx, &j, sums_budget(&j));
    GOOD(job_run(ctx, &j, NULL));
    expect_right(c, &j, &f);
    ck_assert_msg(f.checked == f.of, "%s", f.why);
    ((float *)j.out.data)[128 * 7 + 3] = 1;
    expect_wrong_at(c, &j, 128 * 7 + 3);
    ((float *)j.out.data)[128 * 7 + 3] = NAN;
    ((float *)j.out.data)[128 * 9 + 100] *= -1;
    expect_wrong_at(c, &j, 128 * 9 + 100);
    vane__check_close(c);
    job_close(&j);
}
END_TEST

/* Some rows, some columns, some batches: never more than the budget says. */
START_TEST(a_part_of_a_product)
{
    static const int64_t a[] = {6, 300, 300}, b[] = {6, 300, 300};
    job j;
    vane__finding f;
    open_job(&j, VANE_OP_MATMUL, _i ? VANE_I32 : VANE_F32, a, 3, b, 3);
    job_ready(ctx, &j, _i ? VANE_I32 : VANE_F32);
    GOOD(job_run(ctx, &j, NULL));
    const double all = sums_budget(&j);
    uint64_t last = UINT64_MAX;
    for (double budget = vane__check_cost_ns(ctx, &j.p, all); budget > 1000; budget /= 7) {
        vane__check *c = check_of(ctx, &j, budget);
        expect_right(c, &j, &f);
        ck_assert_msg(f.checked > 0 && f.checked <= last, "%s", f.why);
        last = f.checked;
        memset(j.out.data, 0x41, 6 * 300 * 300 * 4); /* wherever it looks */
        ck_assert_msg(!vane__check_result(c, j.out.data, &f), "%s", f.why);
        GOOD(job_run(ctx, &j, NULL));
        vane__check_close(c);
    }
    ck_assert(last < 300 * 300);
    job_close(&j);
}
END_TEST

/* ---- pieces -------------------------------------------------------------------------- */

/* A tenth of the budget: about a tenth of the elements, the last among them, none twice. */
static void try_pieces(job *j)
{
    vane__finding f;
    const double all = vane__check_cost_ns(ctx, &j->p, ALL_OF_IT);
    const int64_t n = job_elements(j);
    vane__check *c = check_of(ctx, j, all / 10);
    GOOD(job_run(ctx, j, NULL));
    expect_right(c, j, &f);
    ck_assert_msg(f.checked > f.of / 40 && f.checked < f.of / 5, "%s", f.why);
    ck_assert(vane__check_cost_ns(ctx, &j->p, all / 10) < all / 5);
    spoil_and_find(c, j, n - 1);
    const int64_t tries = is_brief() ? 400 : 4000;
    uint64_t found = 0;
    for (int64_t i = 0; i < n; i += n / tries + 1) {
        unsigned char *at =
            (unsigned char *)j->out.data + (size_t)i * vane_dtype_bytes(j->out.dtype);
        at[vane_dtype_bytes(j->out.dtype) - 1] ^= 0x40;
        found += !vane__check_result(c, j->out.data, &f);
        at[vane_dtype_bytes(j->out.dtype) - 1] ^= 0x40;
    }
    ck_assert_msg(found > 0 && found < (uint64_t)tries / 2, "%llu of %lld",
                  (unsigned long long)found, (long long)tries);
    vane__check_close(c);
    job_close(j);
}

START_TEST(a_part_of_the_elements)
{
    static const int64_t matrix[] = {400, 300}, row[] = {300}, cube[] = {40, 1000, 10};
    static const uint32_t ops[] = {VANE_OP_ADD,        VANE_OP_EXP,    VANE_OP_SOFTMAX,
                                   VANE_OP_REDUCE_SUM, VANE_OP_ARGMAX, VANE_OP_TRANSPOSE,
                                   VANE_OP_CONCAT};
    const uint32_t op = ops[_i];
    const int is_cube = op == VANE_OP_REDUCE_SUM || op == VANE_OP_ARGMAX;
    job j;
    open_job(&j, op, VANE_F32, is_cube ? cube : matrix, is_cube ? 3 : 2,
             op == VANE_OP_ADD      ? row
             : op == VANE_OP_CONCAT ? matrix
                                    : NULL,
             op == VANE_OP_ADD ? 1 : 2);
    j.given = op == VANE_OP_ADD || op == VANE_OP_EXP ? NULL : &j.params;
    if (op == VANE_OP_REDUCE_SUM)
        j.params.reduce = (vane_reduce_params){{2}, 1, 0};
    else if (op != VANE_OP_TRANSPOSE)
        j.params.concat.axis = op == VANE_OP_ARGMAX ? 2 : 1;
    job_ready(ctx, &j, VANE_F32);
    try_pieces(&j);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verify, large");
    TCase *t = tcase_create("large");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 150);
    tcase_add_loop_test(t, one_in_a_million, 0, 3);
    tcase_add_test(t, a_matmul_of_a_million);
    tcase_add_loop_test(t, every_type, 0, WIDE);
    tcase_add_loop_test(t, batches, 0, WIDE);
    tcase_add_loop_test(t, gemms, 0, WIDE);
    tcase_add_test(t, errors_that_cancel);
    tcase_add_test(t, products_of_no_numbers);
    tcase_add_loop_test(t, a_part_of_a_product, 0, 2);
    tcase_add_loop_test(t, a_part_of_the_elements, 0, 7);
    suite_add_tcase(s, t);
    return kit_main(s);
}
