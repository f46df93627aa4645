/* SPDX-License-Identifier: MIT */
/* test_threads.c - many threads in one context while its mind is changed, a fork of a process
 * whose pool is warm, and what is left after many lives. Meant for TSan and LSan, too. */
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

enum { CALLERS = 4, FLIPS = 500, N = 40000 };

static vane_context *ctx;
static kit alpha;
static atomic_int done;

static void setup(void)
{
    vane_config config = kit_config();
    config.threads = 3;
    GOOD(vane_open(&config, &ctx));
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    atomic_store(&done, 0);
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

/* ---- calls while everything changes -------------------------------------------- */

typedef struct caller {
    pthread_t thread;
    float *x, *y, *sum; /* N, N, and N / 100 */
    float product[4], joined[8];
    int id;
    unsigned rounds, wrong;
    vane_plan *plan;
} caller;

static int elementwise_wrong(caller *c, vane_tensor *x, vane_tensor *y)
{
    int wrong = vane_add(ctx, x, x, y) != VANE_OK;
    for (int i = 0; i < N; i += 997)
        wrong += c->y[i] != 2 * c->x[i];
    wrong += vane_neg(ctx, y, y) != VANE_OK; /* in place */
    for (int i = 0; i < N; i += 997)
        wrong += c->y[i] != -2 * c->x[i];
    return wrong;
}

static int reduction_wrong(caller *c)
{
    vane_tensor m = TENSOR(c->x, VANE_F32, N / 100, 100), s = TENSOR(c->sum, VANE_F32, N / 100);
    int wrong =
        vane_reduce_max(ctx, &m, &(vane_reduce_params){.axes = {1}, .n_axes = 1}, &s) != VANE_OK;
    for (int i = 0; i < N / 100; i++)
        wrong += c->sum[i] != (float)(100 * i + 99 + c->id);
    return wrong;
}

static int product_wrong(caller *c)
{
    vane_tensor a = TENSOR(c->x, VANE_F32, 2, 2), o = TENSOR(c->product, VANE_F32, 2, 2);
    int wrong = vane_matmul(ctx, &a, &a, &o) != VANE_OK;
    const float *x = c->x;
    return wrong + (c->product[0] != x[0] * x[0] + x[1] * x[2]) +
           (c->product[3] != x[2] * x[1] + x[3] * x[3]);
}

static int join_wrong(caller *c)
{
    vane_tensor a = TENSOR(c->x, VANE_F32, 4), o = TENSOR(c->joined, VANE_F32, 8);
    const vane_tensor *const in[] = {&a, &a};
    int wrong = vane_concat(ctx, in, 2, NULL, &o) != VANE_OK;
    return wrong + (memcmp(c->joined, c->x, 16) != 0) + (memcmp(c->joined + 4, c->x, 16) != 0);
}

static int plan_wrong(caller *c)
{
    int wrong = 0;
    for (int i = 0; i < 10; i++) {
        memset(c->y, 0, 64);
        wrong += vane_plan_run(c->plan) != VANE_OK || c->y[15] != 2 * c->x[15];
    }
    return wrong;
}

static void *call_all(void *arg)
{
    caller *c = arg;
    vane_tensor x = TENSOR(c->x, VANE_F32, N), y = TENSOR(c->y, VANE_F32, N);
    do {
        c->wrong += (unsigned)(elementwise_wrong(c, &x, &y) + reduction_wrong(c) +
                               product_wrong(c) + join_wrong(c) + plan_wrong(c));
        c->rounds++;
    } while (!atomic_load(&done));
    return NULL;
}

static void caller_start(caller *c, int id)
{
    *c = (caller){.id = id};
    c->x = malloc(N * sizeof(float));
    c->y = malloc(N * sizeof(float));
    c->sum = malloc(N / 100 * sizeof(float));
    ck_assert(c->x && c->y && c->sum);
    for (int i = 0; i < N; i++)
        c->x[i] = (float)(i + id);
    vane_tensor x = TENSOR(c->x, VANE_F32, 16), y = TENSOR(c->y, VANE_F32, 16);
    const vane_tensor *const in[] = {&x, &x};
    vane_tensor *const outs[] = {&y};
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &c->plan));
    ck_assert_int_eq(pthread_create(&c->thread, NULL, call_all, c), 0);
}

static void caller_end(caller *c)
{
    pthread_join(c->thread, NULL);
    vane_plan_close(c->plan);
    free(c->x);
    free(c->y);
    free(c->sum);
    ck_assert_msg(c->wrong == 0, "caller %d: %u wrong results in %u rounds", c->id, c->wrong,
                  c->rounds);
    ck_assert_uint_gt(c->rounds, 0);
}

static vane_status compute_only(const vane_kernel *self, const vane_call *call)
{
    (void)self; /* unlike the kit's own, keeps nothing that threads would fight for */
    kit_compute(call);
    return VANE_OK;
}

static void flip(int i)
{
    static const char *const orders[] = {"scalar", "alp*,scalar", "", "sca*"};
    GOOD(vane_set_priority(ctx, orders[i % 4]));
    GOOD(vane_set_policy(ctx, i % 3 ? "heuristic" : "fixed"));
    GOOD(vane_set_threads(ctx, (uint32_t)(1 + i % 4)));
}

START_TEST(calls_stay_right_while_all_changes)
{
    caller callers[CALLERS];
    alpha.kernel.direct = compute_only;
    for (int i = 0; i < CALLERS; i++)
        caller_start(&callers[i], i);
    for (int i = 0; i < FLIPS; i++) {
        if (i == FLIPS / 2) /* and a backend comes in between */
            kit_add(ctx, &alpha);
        flip(i);
    }
    atomic_store(&done, 1);
    for (int i = 0; i < CALLERS; i++)
        caller_end(&callers[i]);
}
END_TEST

/* ---- errors are the thread's own ----------------------------------------------- */

static void *fail_otherwise(void *arg)
{
    (void)arg;
    vane_tensor none = {.rank = 1, .shape = {3}, .dtype = 77};
    for (int i = 0; i < 1000; i++)
        if (vane_last_error()->status != (i ? VANE_E_DTYPE : VANE_OK) ||
            vane_neg(ctx, &none, &none) != VANE_E_DTYPE ||
            strstr(vane_last_error()->message, "77") == NULL)
            return &done;
    return NULL;
}

START_TEST(the_last_error_is_the_threads_own)
{
    pthread_t threads[CALLERS];
    void *complaint;
    ck_assert_int_eq(vane_neg(ctx, NULL, NULL), VANE_E_ARGUMENT);
    char mine[sizeof vane_last_error()->message];
    strcpy(mine, vane_last_error()->message);
    for (int i = 0; i < CALLERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, fail_otherwise, NULL), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], &complaint);
        ck_assert_ptr_null(complaint);
    }
    ck_assert_str_eq(vane_last_error()->message, mine);
    ck_assert_int_eq(vane_last_error()->status, VANE_E_ARGUMENT);
}
END_TEST

/* A kernel that dies under several threads at once: all of them get their result. */
static void *add_often(void *arg)
{
    float x[8], y[8];
    vane_tensor a = TENSOR(x, VANE_F32, 8), o = TENSOR(y, VANE_F32, 8);
    (void)arg;
    for (int i = 0; i < 200; i++) {
        for (int j = 0; j < 8; j++)
            x[j] = (float)(i + j);
        if (vane_add(ctx, &a, &a, &o) != VANE_OK || y[7] != 2 * x[7])
            return &done;
    }
    return NULL;
}

static vane_status die(const vane_kernel *self, const vane_call *call)
{
    return (call->host->fail)(call->host->ctx, VANE_E_DEVICE_LOST, 0, "%s is dead", self->name);
}

START_TEST(a_device_dies_under_several_threads)
{
    pthread_t threads[CALLERS];
    void *complaint;
    alpha.kernel.direct = die;
    kit_add(ctx, &alpha);
    for (int i = 0; i < CALLERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_often, NULL), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], &complaint);
        ck_assert_ptr_null(complaint);
    }
}
END_TEST

/* ---- fork ---------------------------------------------------------------------- */

/* Wide on purpose: the child has no workers of the parent's. */
static int big_sum_is_right(void)
{
    enum { BIG = 1 << 20 };
    float *x = malloc(BIG * sizeof *x), got = 0;
    if (x == NULL)
        return 0;
    for (int i = 0; i < BIG; i++)
        x[i] = (float)(i & 1);
    vane_tensor t = TENSOR(x, VANE_F32, BIG), s = scalar_of(&got, VANE_F32);
    vane_status st = vane_reduce_sum(ctx, &t, NULL, &s);
    vane_status st2 = vane_add(ctx, &t, &t, &t);
    int right = st == VANE_OK && st2 == VANE_OK && got == BIG / 2 && x[BIG - 1] == 2 && x[0] == 0;
    free(x);
    return right;
}

START_TEST(a_child_of_a_warm_process_computes)
{
    ck_assert(big_sum_is_right()); /* the pool is hot */
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int right = big_sum_is_right() && big_sum_is_right();
        vane_close(ctx);
        _exit(right ? 0 : 3);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", status);
    ck_assert(big_sum_is_right());
}
END_TEST

static atomic_int stop_calling;

/* Calls with a wish take the control lock: some other thread holds it at most forks. */
static int wishful_add(void)
{
    float x[4] = {1, 2, 3, 4}, y[4] = {0};
    vane_tensor a = TENSOR(x, VANE_F32, 4), b = TENSOR(y, VANE_F32, 4);
    const vane_tensor *in[] = {&a, &a};
    vane_tensor *out[] = {&b};
    vane_options o = {.struct_size = sizeof o, .backend = "scalar"};
    return vane_run(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &o) == VANE_OK && y[3] == 8;
}

static void *keep_calling(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop_calling))
        wishful_add();
    return NULL;
}

START_TEST(a_fork_amid_calls_leaves_no_lock_behind)
{
    pthread_t callers[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&callers[i], NULL, keep_calling, NULL), 0);
    for (int i = 0; i < 60; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            int good = /* a lock left behind would hang */
                wishful_add() && vane_set_priority(ctx, "scalar") == VANE_OK && wishful_add();
            _exit(good ? 0 : 3);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d ended with %x", i,
                      status);
    }
    atomic_store(&stop_calling, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(callers[i], NULL);
}
END_TEST

/* ---- lives --------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What it holds is LSan's to count; a millisecond a life is generous without one. */
START_TEST(two_hundred_lives)
{
    double start = seconds();
    for (int i = 0; i < 200; i++) {
        vane_context *one = kit_context();
        float x[4] = {1, 2, 3, 4};
        vane_tensor t = TENSOR(x, VANE_F32, 4);
        GOOD(vane_add(one, &t, &t, &t));
        EXPECT(x, 2, 4, 6, 8);
        vane_close(one);
    }
    ck_assert_msg(seconds() - start < 20, "200 lives took %g s", seconds() - start);
}
END_TEST

START_TEST(the_last_words_outlive_the_context)
{
    vane_context *one = kit_context();
    kit mine = kit_of("mine", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    float x[4] = {0};
    vane_tensor t = TENSOR(x, VANE_F32, 4);
    vane_decision d;
    kit_add(one, &mine);
    ck_assert_int_eq(add_with(one, &t, &t, &t, "mine", &d), VANE_E_BUSY);
    vane_close(one);
    ck_assert_str_eq(vane_last_error()->message, "mine has had enough");
    ck_assert_str_eq(vane_last_error()->backend, "mine");
}
END_TEST

START_TEST(two_contexts_know_nothing_of_each_other)
{
    vane_context *other = kit_context();
    float x[4] = {1, 2, 3, 4};
    vane_tensor t = TENSOR(x, VANE_F32, 4);
    kit_add(other, &alpha);
    GOOD(vane_set_policy(ctx, "fixed"));
    GOOD(vane_add(ctx, &t, &t, &t));
    ck_assert_uint_eq(atomic_load(&alpha.runs), 0);
    GOOD(vane_add(other, &t, &t, &t));
    ck_assert_uint_eq(atomic_load(&alpha.runs), 1);
    vane_close(other);
    GOOD(vane_add(ctx, &t, &t, &t));
    EXPECT(x, 8, 16, 24, 32);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("threads");
    TCase *t = tcase_create("threads");
    tcase_set_timeout(t, 150);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, calls_stay_right_while_all_changes);
    tcase_add_test(t, the_last_error_is_the_threads_own);
    tcase_add_test(t, a_device_dies_under_several_threads);
    tcase_add_test(t, a_child_of_a_warm_process_computes);
    tcase_add_test(t, a_fork_amid_calls_leaves_no_lock_behind);
    tcase_add_test(t, two_hundred_lives);
    tcase_add_test(t, the_last_words_outlive_the_context);
    tcase_add_test(t, two_contexts_know_nothing_of_each_other);
    suite_add_tcase(s, t);
    return kit_main(s);
}
