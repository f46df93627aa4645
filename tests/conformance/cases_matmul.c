/* SPDX-License-Identifier: MIT */
/* cases_matmul.c - products of matrices: sizes around register and cache blocks, vectors,
 * batches; and gemm with its transposes, factors and forms of c. */
#include "groups.h"

static const int64_t sizes[] = {1, 2, 3, 7, 8, 13, 16, 17, 31, 33, 64, 65, 100};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* Mostly ordinary numbers: their sums find more than NaNs do. */
static conform_class some_class(conform *c)
{
    static const conform_class classes[] = {CONFORM_ORDINARY, CONFORM_ORDINARY, CONFORM_WIDE,
                                            CONFORM_SPECIAL};
    return classes[conform_below(&c->random, 4)];
}

static conform_layout some_layout(conform *c)
{
    return (conform_layout)(1 + conform_below(&c->random, CONFORM_MIXED));
}

static void product(conform *c, const vane_op_info *info, uint32_t dtype, uint32_t rank_a,
                    const int64_t *a, uint32_t rank_b, const int64_t *b, int every_layout)
{
    conform_trial t;
    conform_trial_open(&t, info, dtype, some_class(c));
    t.terms = (double)a[rank_a - 1];
    uint32_t flat = every_layout && rank_a > 2 ? 1 : 0; /* one matrix for the whole batch */
    if (conform_trial_input(&t, dtype, rank_a, a, flat) &&
        conform_trial_input(&t, dtype, rank_b, b, 0) && conform_trial_solve(c, &t)) {
        if (every_layout) {
            conform_trial_layouts(c, &t, 0);
        } else {
            conform_trial_check(c, &t, CONFORM_DENSE);
            conform_trial_check(c, &t, some_layout(c));
        }
    }
    conform_trial_close(&t);
}

static void product_2d(conform *c, const vane_op_info *info, uint32_t dtype, int64_t m, int64_t n,
                       int64_t k)
{
    const int64_t a[] = {m, k}, b[] = {k, n};
    product(c, info, dtype, 2, a, 2, b, 0);
}

static void squares(conform *c, const vane_op_info *info, uint32_t dtype)
{
    for (int m = 0; m < N_SIZES; m++)
        for (int n = 0; n < N_SIZES; n++) {
            if (c->options->quick && (m * 3 + n) % 7)
                continue;
            int k = (m * 5 + n * 3 + (int)dtype) % N_SIZES;
            product_2d(c, info, dtype, sizes[m], sizes[n], sizes[k]);
        }
    for (int i = 0; !c->options->quick && i < 125; i++) /* all triples of 1 2 3 7 8 */
        product_2d(c, info, dtype, sizes[i % 5], sizes[i / 5 % 5], sizes[i / 25]);
}

static void blocks(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const int64_t large[][3] = {{130, 70, 257}, {257, 129, 40}, {5, 500, 33},  {400, 5, 100},
                                       {1, 1000, 300}, {1000, 1, 300}, {12, 24, 1100}};
    for (size_t i = 0; !c->options->quick && i < sizeof large / sizeof large[0]; i++)
        product_2d(c, info, dtype, large[i][0], large[i][1], large[i][2]);
}

void conform_cases_matmul(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const struct {
        uint32_t rank_a;
        int64_t a[4];
        uint32_t rank_b;
        int64_t b[4];
    } odd[] = {{2, {5, 7}, 2, {7, 9}},          {1, {7}, 1, {7}},
               {1, {17}, 2, {17, 33}},          {2, {33, 17}, 1, {17}},
               {1, {5}, 3, {4, 5, 3}},          {3, {4, 3, 5}, 1, {5}},
               {3, {3, 4, 5}, 3, {3, 5, 6}},    {4, {2, 3, 4, 5}, 2, {5, 6}},
               {4, {2, 1, 4, 5}, 3, {3, 5, 6}}, {2, {4, 5}, 3, {4, 5, 6}},
               {3, {1, 4, 5}, 3, {5, 5, 6}},    {3, {6, 17, 9}, 3, {1, 9, 33}},
               {2, {5, 0}, 2, {0, 7}},          {1, {0}, 1, {0}},
               {3, {2, 3, 0}, 3, {2, 0, 4}},    {2, {0, 5}, 2, {5, 7}},
               {2, {5, 7}, 2, {7, 0}},          {3, {0, 4, 5}, 3, {0, 5, 6}},
               {3, {40, 3, 2}, 3, {40, 2, 3}},  {4, {2, 3, 16, 8}, 4, {2, 3, 8, 16}}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        product(c, info, dtype, odd[i].rank_a, odd[i].a, odd[i].rank_b, odd[i].b, 1);
    squares(c, info, dtype);
    blocks(c, info, dtype);
}

/* ---- gemm ------------------------------------------------------------------------ */

typedef struct form {
    uint32_t trans_a, trans_b, addend; /* addend: 0 none; 1 scalar; 2 [n]; 3 [1,n]; 4 [m,1];
                                        * 5 [m,n]; 6 [1] */
    double alpha, beta;
} form;

static int addend_input(conform_trial *t, uint32_t dtype, uint32_t addend, int64_t m, int64_t n)
{
    const int64_t shapes[][2] = {{0}, {0}, {n, 0}, {1, n}, {m, 1}, {m, n}, {1, 0}};
    static const uint32_t ranks[] = {0, 0, 1, 2, 2, 2, 1};
    return addend == 0 || conform_trial_input(t, dtype, ranks[addend], shapes[addend], 0);
}

static void gemm(conform *c, const vane_op_info *info, uint32_t dtype, const form *f, int64_t m,
                 int64_t n, int64_t k, int every_layout)
{
    const int64_t a[] = {f->trans_a ? k : m, f->trans_a ? m : k};
    const int64_t b[] = {f->trans_b ? n : k, f->trans_b ? k : n};
    vane_params p = {.gemm = {f->alpha, f->beta, f->trans_a, f->trans_b}};
    conform_trial t;
    conform_trial_open(&t, info, dtype, some_class(c));
    conform_trial_params(&t, &p, "alpha=%g beta=%g%s%s", f->alpha, f->beta, f->trans_a ? " ta" : "",
                         f->trans_b ? " tb" : "");
    t.terms = (double)k + 1;
    if (conform_trial_input(&t, dtype, 2, a, 0) && conform_trial_input(&t, dtype, 2, b, 0) &&
        addend_input(&t, dtype, f->addend, m, n) && conform_trial_solve(c, &t)) {
        if (every_layout) {
            conform_trial_layouts(c, &t, 0);
        } else {
            conform_trial_check(c, &t, CONFORM_DENSE);
            conform_trial_check(c, &t, some_layout(c));
        }
    }
    conform_trial_close(&t);
}

void conform_cases_gemm(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const double factors[][2] = {{1, 1}, {0.5, -2}, {0, 1}, {1, 0}, {0, 0}, {2, 3}};
    for (uint32_t i = 0; i < 4 * 6 * 7; i++) {
        form f = {i & 1, i >> 1 & 1, i / 4 % 7, factors[i / 28][0], factors[i / 28][1]};
        int64_t m = sizes[conform_below(&c->random, N_SIZES)];
        int64_t n = sizes[conform_below(&c->random, N_SIZES)];
        int64_t k = sizes[conform_below(&c->random, N_SIZES)];
        if (!c->options->quick)
            gemm(c, info, dtype, &f, m, n, k, 0);
        if (!c->options->quick || i % 5 == 0)
            gemm(c, info, dtype, &f, 5, 7, (int64_t)(i % 10), i % 7 == 0);
    }
    form big = {1, 0, 5, 1, 1};
    if (!c->options->quick)
        gemm(c, info, dtype, &big, 130, 70, 300, 0);
}
