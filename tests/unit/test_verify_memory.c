/* SPDX-License-Identifier: MIT */
/* test_verify_memory.c - every allocation of opening a check fails in turn: VANE_E_NOMEM and a
 * sentence, everything given back, and the next check is right. */
#include "verify_kit.h"

static long left, open_blocks; /* the how-manyth from now fails, 0 none; not freed yet */
static int counting;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
int __real_posix_memalign(void **out, size_t align, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
int __wrap_posix_memalign(void **out, size_t align, size_t n);
void __wrap_free(void *p);

static int fails(void)
{
    if (counting && left > 0 && --left == 0)
        return 1;
    open_blocks += counting;
    return 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}
int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
    return fails() ? 12 /* ENOMEM */ : __real_posix_memalign(out, align, n);
}
void __wrap_free(void *p)
{
    open_blocks -= counting && p != NULL;
    __real_free(p);
}

static vane_context *ctx;

/* Returns the number of allocations that there are. */
static long each_in_turn(job *j, double budget_ns)
{
    for (long k = 1;; k++) {
        vane__check *c = (vane__check *)j;
        vane__finding f;
        counting = 1;
        left = k;
        open_blocks = 0;
        vane_status st = vane__check_open(ctx, &j->p, budget_ns, &c);
        const long met = left == 0, lost = open_blocks;
        left = 0;
        if (!met) {
            int right = st == VANE_OK && vane__check_result(c, j->out.data, &f);
            vane__check_close(c);
            counting = 0;
            ck_assert(right && open_blocks == 0);
            return k - 1;
        }
        counting = 0;
        ck_assert_msg(st == VANE_E_NOMEM && c == NULL && lost == 0, "allocation %ld: %s, %ld lost",
                      k, vane_status_name(st), lost);
        ck_assert(strstr(vane_last_error()->message, "no memory") != NULL);
    }
}

START_TEST(opening_a_check)
{
    static const int64_t square[] = {100, 100};
    vane_op_info info;
    ctx = kit_context();
    job j = {.op = _i ? VANE_OP_MATMUL : VANE_OP_ADD};
    GOOD(vane_op_at(ctx, j.op, &info));
    job_input(&j, &info, VANE_F32, 1, 2, square);
    job_input(&j, &info, VANE_F32, 1, 2, square);
    job_ready(ctx, &j, VANE_F32);
    GOOD(job_run(ctx, &j, NULL));
    const double all = vane__check_cost_ns(ctx, &j.p, 1e15);
    ck_assert_int_ge(each_in_turn(&j, all * 2), 5);
    ck_assert_int_ge(each_in_turn(&j, all / 4), _i ? 10 : 5); /* of a matmul: its sums */
    job_close(&j);
    vane_close(ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verify, memory");
    TCase *t = tcase_create("each in turn");
    tcase_add_loop_test(t, opening_a_check, 0, 2);
    suite_add_tcase(s, t);
    return kit_main(s);
}
