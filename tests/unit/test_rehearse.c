/* SPDX-License-Identifier: MIT */
/* test_rehearse.c - what a kernel is judged by when the data is made up: a plain sum of very many
 * terms is right, short factors are wrong. */
#include <string.h>

#include "dispatch/flight.h"
#include "kit.h"
#include "policy/learn.h"

enum { ROWS = 8, COLS = 64, TERMS = 16384, LONG = 1 << 20 };

static vane_context *ctx;
static uint32_t cut; /* bits of each factor that are not looked at */

static float factor(const vane_view *v, int64_t at)
{
    uint32_t bits;
    memcpy(&bits, (const float *)v->data + at, sizeof bits);
    bits = bits >> cut << cut;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float sum(const vane_view *a, int64_t from, int64_t a_step, const vane_view *b, int64_t at,
                 int64_t b_step, int64_t k)
{
    float all = 0;
    for (int64_t i = 0; i < k; i++)
        all += factor(a, from + i * a_step) * factor(b, at + i * b_step);
    return all;
}

static vane_status in_one_go(const vane_kernel *k, const vane_call *call)
{
    const vane_view *a = &call->arg[0], *b = &call->arg[1], *out = &call->arg[call->n_arg - 1];
    float *to = out->data;
    (void)k;
    if (call->op == VANE_OP_REDUCE_SUM) {
        float all = 0;
        for (int64_t i = 0; i < LONG; i++)
            all += factor(a, i);
        to[0] = all;
        return VANE_OK;
    }
    if (call->op == VANE_OP_DOT) {
        to[0] = sum(a, 0, a->stride[0], b, 0, b->stride[0], a->shape[0]);
        return VANE_OK;
    }
    const uint32_t r = out->rank - 2, c = out->rank - 1;
    for (int64_t i = 0; i < out->shape[r]; i++)
        for (int64_t j = 0; j < out->shape[c]; j++)
            to[i * out->stride[r] + j * out->stride[c]] = sum(
                a, i * a->stride[r], a->stride[c], b, j * b->stride[c], b->stride[r], a->shape[c]);
    return VANE_OK;
}

/* In buffers, so that there is nothing to be judged by but what is made up. */
static int works(uint32_t op, const int64_t *a, const int64_t *b, const int64_t *c, uint32_t rank)
{
    static const vane_kernel kernel = {.struct_size = sizeof kernel,
                                       .name = "in_one_go",
                                       .flags = VANE_KERNEL_CLEAN_FAIL,
                                       .direct = in_one_go};
    vane_buffer all;
    vane__request rq;
    vane__prepared p;
    GOOD(vane_buffer_open(ctx, 2 * LONG * 4, "all", &all));
    vane_tensor ta = vane_tensor_in(all, 0, VANE_F32, rank, a),
                tb = vane_tensor_in(all, 0, VANE_F32, rank, b),
                tc = vane_tensor_in(all, LONG * 4, VANE_F32, op == VANE_OP_MATMUL ? rank : 0, c);
    const vane_tensor *const in[] = {&ta, &tb};
    vane_tensor *const out[] = {&tc};
    GOOD(vane__request_make(ctx, op, in, op == VANE_OP_REDUCE_SUM ? 1 : 2, out, 1, NULL, &rq));
    vane__flight f;
    GOOD(vane__flight_open(ctx, &rq, &f));
    p = f.p;
    const vane__runner r = {.kernel = &kernel, .host = &ctx->program.host, .width = 1, .plain = 1};
    const int good = vane__rehearse_works(ctx, &p, &r);
    vane__flight_close(&f);
    GOOD(vane_buffer_close(ctx, all));
    return good;
}

static int product_works(void)
{
    const int64_t a[] = {ROWS, TERMS}, b[] = {TERMS, COLS}, c[] = {ROWS, COLS};
    return works(VANE_OP_MATMUL, a, b, c, 2);
}

static int dot_works(void)
{
    const int64_t n[] = {LONG};
    return works(VANE_OP_DOT, n, n, n, 1);
}

static int sum_works(void)
{
    const int64_t n[] = {LONG};
    return works(VANE_OP_REDUCE_SUM, n, n, n, 1);
}

START_TEST(sums_in_one_go_are_right)
{
    ctx = kit_context();
    ck_assert(product_works());
    ck_assert(dot_works());
    ck_assert(sum_works());
    vane_close(ctx);
}
END_TEST

/* As of TF32, which is no f32. */
START_TEST(short_factors_are_wrong)
{
    ctx = kit_context();
    cut = 13;
    ck_assert(!product_works());
    vane_close(ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rehearse");
    TCase *t = tcase_create("rehearse");
    tcase_add_test(t, sums_in_one_go_are_right);
    tcase_add_test(t, short_factors_are_wrong);
    suite_add_tcase(s, t);
    return kit_main(s);
}
