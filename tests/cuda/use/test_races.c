/* SPDX-License-Identifier: MIT */
/* test_races.c - sequences are opened, run and closed by some threads while calls of another make
 * the device be lost and made anew: what says it is good is right, and what fails says why. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

enum { THREADS = 2, RUNS = 4, STEPS = 3 };

static atomic_int stop;
static atomic_uint good, failed; /* rounds of the threads */

typedef struct act {
    vane_buffer p, q;
    vane_plan *plans[STEPS];
    vane_sequence *all;
    vane_stream *s;
    float got[N];
    char wrong[512]; /* what must not be, if it was */
} act;

/* 0: it failed, in a way in which calls for a lost device may. */
static int is_good(act *a, vane_status st)
{
    const char *said = vane_last_error()->message;
    if (st != VANE_OK && st != VANE_E_DEVICE_LOST && st != VANE_E_UNSUPPORTED && st != VANE_E_BUSY)
        snprintf(a->wrong, sizeof a->wrong, "%s: %.400s", vane_status_name(st), said);
    else if (st != VANE_OK && strlen(said) < 10)
        snprintf(a->wrong, sizeof a->wrong, "%s without a sentence", vane_status_name(st));
    return st == VANE_OK;
}

/* q = 8 p, in three steps. */
static int opened(act *a)
{
    const int64_t n = N;
    vane_tensor p = vane_tensor_in(a->p, 0, VANE_F32, 1, &n),
                q = vane_tensor_in(a->q, 0, VANE_F32, 1, &n);
    const vane_tensor *const first[] = {&p, &p}, *const next[] = {&q, &q};
    vane_tensor *const out[] = {&q};
    int fine = 1;
    for (int i = 0; fine && i < STEPS; i++)
        fine = is_good(
            a, vane_plan_open(ctx, VANE_OP_ADD, i ? next : first, 2, out, 1, NULL, &a->plans[i]));
    return fine && is_good(a, vane_sequence_open(ctx, a->plans, STEPS, &a->all)) &&
           is_good(a, vane_stream_open(ctx, gpu, &a->s));
}

static void closed(act *a)
{
    if (a->s != NULL)
        is_good(a, vane_stream_close(a->s));
    vane_sequence_close(a->all);
    for (int i = 0; i < STEPS; i++)
        vane_plan_close(a->plans[i]);
    a->s = NULL;
    a->all = NULL;
    memset(a->plans, 0, sizeof a->plans);
}

static int ran(act *a)
{
    int fine = is_good(a, vane_buffer_write(ctx, a->p, 0, x, BYTES));
    for (int i = 0; fine && i < RUNS; i++)
        fine = is_good(a, vane_sequence_run(a->s, a->all));
    fine = is_good(a, vane_stream_wait(a->s)) && fine;
    return fine && is_good(a, vane_buffer_read(ctx, a->q, 0, a->got, BYTES));
}

static void *rounds(void *arg)
{
    act *a = arg;
    while (!atomic_load(&stop) && a->wrong[0] == '\0') {
        const int fine = opened(a) && ran(a);
        for (int i = 0; fine && i < N && a->wrong[0] == '\0'; i++)
            if (a->got[i] != 8 * x[i])
                snprintf(a->wrong, sizeof a->wrong, "element %d is %g", i, (double)a->got[i]);
        atomic_fetch_add(fine ? &good : &failed, 1);
        closed(a);
    }
    return NULL;
}

static void next_round(void)
{
    const unsigned before = atomic_load(&good);
    for (int i = 0; i < 100000 && atomic_load(&good) < before + 2 * THREADS; i++) {
        add();
        advance(NULL, SECOND / 250);
    }
    ck_assert_uint_ge(atomic_load(&good), before + 2 * THREADS);
}

START_TEST(sequences_come_and_go)
{
    static act acts[THREADS];
    pthread_t thread[THREADS];
    world_open("fail=run.kernel:700@60,fail=run.kernel:719@300,fail=run.copy:715@600");
    for (int i = 0; i < THREADS; i++) {
        GOOD(vane_buffer_open(ctx, BYTES, "p", &acts[i].p));
        GOOD(vane_buffer_open(ctx, BYTES, "q", &acts[i].q));
        ck_assert_int_eq(pthread_create(&thread[i], NULL, rounds, &acts[i]), 0);
    }
    for (unsigned i = 1; i <= 3; i++) {
        const unsigned before = atomic_load(&failed);
        for (int k = 0; k < 1000000 && look().renewals < i; k++) {
            add();
            if (!look().lost ||
                atomic_load(&failed) > before) /* the loss was seen by one at least */
                advance(NULL, SECOND / 250);
            else
                sched_yield();
        }
        ck_assert_uint_ge(look().renewals, i);
    }
    next_round(); /* and goes on afterwards */
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert_msg(acts[i].wrong[0] == '\0', "%s", acts[i].wrong);
        GOOD(vane_buffer_close(ctx, acts[i].p));
        GOOD(vane_buffer_close(ctx, acts[i].q));
    }
    ck_assert_uint_gt(atomic_load(&failed), 0);
    cuda_computes();
    vane_close(ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("races");
    TCase *t = tcase_create("races");
    tcase_set_timeout(t, 240);
    tcase_add_test(t, sequences_come_and_go);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int n_failed = srunner_ntests_failed(r);
    srunner_free(r);
    return n_failed != 0;
}
