/* SPDX-License-Identifier: MIT */
/* test_stream_callbacks.c - functions of the program's in a stream, and a stream that is given more
 * than it does. */
#include <sched.h>

#include "exec/stream.h"
#include "toy_streams.h"

static float seen;

static void compute(void *arg, vane_status st)
{
    vane_tensor *t = arg;
    if (st == VANE_OK && vane_add(ctx, t, t, t) == VANE_OK)
        vane_buffer_read(ctx, t->buffer, 0, &seen, sizeof seen);
    note_status(NULL, st);
}

START_TEST(callbacks_run_after_the_work_before)
{
    atomic_store(&calls, 0);
    GOOD(vane_stream_callback(on_toy, note_status, NULL)); /* nothing before it */
    GOOD(vane_stream_wait(on_toy));
    ck_assert_int_eq(atomic_load(&calls), 1);
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_stream_callback(on_toy, compute, &ta)); /* calls Vane */
    ck_assert_int_eq(atomic_load(&calls), 1);
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    ck_assert_int_eq(atomic_load(&calls), 2);
    ck_assert(seen == 4);
    ck_assert_int_eq(atomic_load(&statuses[0]), VANE_OK);
    ck_assert_int_eq(atomic_load(&statuses[1]), VANE_OK);
}
END_TEST

enum { FLOOD = 3 * VANE__LANE_MOST };

static atomic_int held, begun, given_all, refused;

static void hold(void *arg, vane_status st)
{
    (void)arg;
    (void)st;
    atomic_store(&begun, 1);
    while (atomic_load(&held))
        sched_yield();
}

/* On the lane, where the queue is full: it must not wait for itself. */
static void give_more(void *arg, vane_status st)
{
    hold(arg, st);
    atomic_fetch_add(&refused, vane_stream_callback(arg, note_status, NULL) != VANE_OK);
}

static void *flood(void *arg)
{
    for (int i = 0; i < FLOOD; i += 2) {
        atomic_fetch_add(&refused, vane_stream_callback(arg, note_status, NULL) != VANE_OK);
        atomic_fetch_add(&refused, vane_add_async(arg, &ta, &tb, &ta) != VANE_OK);
    }
    atomic_store(&given_all, 1);
    return NULL;
}

START_TEST(who_gives_more_than_is_done_waits)
{
    pthread_t giver;
    atomic_store(&calls, 0);
    atomic_store(&held, 1);
    GOOD(vane_stream_callback(anywhere, give_more, anywhere));
    while (!atomic_load(&begun))
        sched_yield();
    ck_assert_int_eq(pthread_create(&giver, NULL, flood, anywhere), 0);
    while (atomic_load(&anywhere->waiting) < VANE__LANE_MOST)
        sched_yield();
    usleep(20000); /* without a limit it goes on */
    ck_assert_uint_eq(atomic_load(&anywhere->waiting), VANE__LANE_MOST);
    ck_assert_int_eq(atomic_load(&given_all), 0);
    atomic_store(&held, 0);
    pthread_join(giver, NULL);
    GOOD(vane_stream_wait(anywhere));
    ck_assert_int_eq(atomic_load(&refused), 0);
    ck_assert_int_eq(atomic_load(&calls), FLOOD / 2 + 1);
    ck_assert_uint_eq(atomic_load(&anywhere->waiting), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stream_callbacks");
    TCase *t = tcase_create("stream_callbacks");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, callbacks_run_after_the_work_before);
    tcase_add_test(t, who_gives_more_than_is_done_waits);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
