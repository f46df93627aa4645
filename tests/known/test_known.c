/* SPDX-License-Identifier: MIT */
/* test_known.c - the oracle against answers that come from outside: one check for a case. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

static known_case *cases;
static uint32_t n_cases;
static vane_context *ctx;

/* 1 when it ran; else why says what stopped it. */
static int run(const known_case *c, void *out_data, char *why, size_t why_bytes)
{
    const vane_tensor *in[VANE_MAX_ARG];
    vane_tensor out = c->out, *const outs[] = {&out};
    vane_op_info op;
    out.data = out_data;
    for (uint32_t k = 0; k < c->n_in; k++)
        in[k] = &c->in[k];
    vane_status status = vane_op_find(ctx, c->op, &op);
    if (status == VANE_OK)
        status =
            vane_run(ctx, op.op, in, c->n_in, outs, 1, c->has_params ? &c->params : NULL, NULL);
    if (status != VANE_OK)
        snprintf(why, why_bytes, "%s: %s", vane_status_name(status), vane_last_error()->message);
    return status == VANE_OK;
}

/* Every byte that the op does not write stays wrong. */
static void *spoiled(const vane_tensor *t)
{
    const size_t bytes = (size_t)vane_tensor_count(t) * vane_dtype_bytes(t->dtype);
    void *const p = malloc(bytes + 1);
    if (p)
        memset(p, 0xa5, bytes + 1);
    return p;
}

START_TEST(known)
{
    const known_case *const c = &cases[_i];
    void *const got = spoiled(&c->out);
    char why[400] = "out of memory";
    uint64_t wrong = 1;
    if (got && run(c, got, why, sizeof why))
        wrong = known_compare(c, got, why, sizeof why);
    free(got);
    ck_assert_msg(!wrong, "%s (line %u, %s): %llu wrong: %s", c->name, c->line, c->op,
                  (unsigned long long)wrong, why);
}
END_TEST

/* The comparison itself: 1 + 2^-23 is 1 ulp from 1, and NaN is only NaN. */
START_TEST(compare)
{
    const float one[] = {1.0f, -0.0f}, next[] = {1.0f + 0x1p-23f, 0.0f};
    const float nan[] = {__builtin_nanf(""), 0.0f};
    const int64_t shape[] = {2};
    char why[200];
    known_case c = {.out = vane_tensor_of((void *)(uintptr_t)one, VANE_F32, 1, shape)};
    ck_assert_uint_eq(known_compare(&c, one, why, sizeof why), 0);
    ck_assert_uint_eq(known_compare(&c, next, why, sizeof why), 1);
    ck_assert_uint_eq(known_compare(&c, nan, why, sizeof why), 1);
    c.ulps = 1;
    ck_assert_uint_eq(known_compare(&c, next, why, sizeof why), 0);
    c.sign = 1;
    ck_assert_uint_eq(known_compare(&c, next, why, sizeof why), 1);
    ck_assert_uint_eq(known_compare(&c, nan, why, sizeof why), 2);
}
END_TEST

/* Every op of the table must have known answers. */
START_TEST(all_ops_known)
{
    for (uint32_t i = 0; i < VANE_OP_COUNT; i++) {
        vane_op_info op;
        uint32_t found = 0;
        ck_assert_int_eq(vane_op_at(ctx, i, &op), VANE_OK);
        for (uint32_t k = 0; k < n_cases; k++)
            found += !strcmp(cases[k].op, op.name);
        ck_assert_msg(found, "%s has no known answer", op.name);
    }
}
END_TEST

static int run_all(void)
{
    Suite *const suite = suite_create("known");
    TCase *const each = tcase_create("known answers"), *const own = tcase_create("the test");
    tcase_add_loop_test(each, known, 0, (int)n_cases);
    tcase_add_test(own, compare);
    tcase_add_test(own, all_ops_known);
    suite_add_tcase(suite, each);
    suite_add_tcase(suite, own);
    SRunner *const runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

int main(void)
{
    const char *const path = getenv("VANE_KNOWN") ? getenv("VANE_KNOWN") : VANE_KNOWN_FILE;
    const vane_config config = {.struct_size = sizeof config, .backend = "scalar"};
    char why[300] = "";
    int failed = 1;
    unsetenv("VANE_BACKEND"); /* the environment would win over the program */
    cases = known_open(path, &n_cases, why, sizeof why);
    if (!cases || !n_cases)
        fprintf(stderr, "known: %s\n", cases ? "no cases" : why);
    else if (vane_open(&config, &ctx) != VANE_OK)
        fprintf(stderr, "known: %s\n", vane_last_error()->message);
    else
        failed = run_all();
    vane_close(ctx);
    known_close(cases, n_cases);
    return failed != 0;
}
