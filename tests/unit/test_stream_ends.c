/* SPDX-License-Identifier: MIT */
/* test_stream_ends.c - what vane.h promises of streams whose work fails, whose device dies, and
 * that are closed, forgotten or taken over a fork. */
#include <sys/wait.h>
#include <unistd.h>

#include "toy_streams.h"

/* ---- failure ----------------------------------------------------------------------- */

START_TEST(the_error_arrives_at_the_wait_with_the_ops_name)
{
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta)); /* in the air already, or dropped */
    toy_gate(0);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    ck_assert_str_eq(vane_last_error()->backend, "toy");
    ck_assert_int_eq(vane_last_error()->native_code, 7);
    GOOD(vane_stream_wait(on_toy)); /* said once */
    GOOD(vane_add_async(on_toy, &ta, &ta, &tb));
    GOOD(vane_stream_wait(on_toy));
}
END_TEST

START_TEST(poll_reports_a_failure_once)
{
    vane_status st;
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    ck_assert_int_eq(vane_stream_poll(on_toy), VANE_E_BUSY);
    toy_gate(0);
    while ((st = vane_stream_poll(on_toy)) == VANE_E_BUSY)
        usleep(1000);
    FAILS(st, VANE_E_INTERNAL, "neg: the toy broke");
    ck_assert_str_eq(vane_last_error()->backend, "toy");
    ck_assert_int_eq(vane_last_error()->native_code, 7);
    GOOD(vane_stream_poll(on_toy));
    GOOD(vane_add_async(on_toy, &ta, &ta, &tb)); /* told, so work goes on */
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, b, 0, 2);
}
END_TEST

START_TEST(a_fence_that_is_polled_reports_a_failure)
{
    vane_status st;
    vane_fence *f;
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_stream_record(on_toy, &f));
    ck_assert_int_eq(vane_fence_wait(f, 0), VANE_E_TIMEOUT);
    toy_gate(0);
    while ((st = vane_fence_wait(f, 0)) == VANE_E_TIMEOUT)
        usleep(1000);
    FAILS(st, VANE_E_INTERNAL, "neg: the toy broke");
    vane_fence_close(f);
    FAILS(vane_stream_poll(on_toy), VANE_E_INTERNAL, "neg"); /* the stream's own report */
}
END_TEST

START_TEST(after_a_failure_later_work_is_dropped_until_it_is_told)
{
    vane_buffer c = buffer_of(ctx, "c", N, 1);
    vane_tensor tc = in_buffer(c, 0, N);
    vane_fence *f;
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_stream_record(on_toy, &f));
    FAILS(vane_fence_wait(f, UINT64_MAX), VANE_E_INTERNAL, "neg");
    toy.launches = 0;
    GOOD(vane_add_async(on_toy, &tc, &tc, &tc));
    FAILS(vane_fence_wait(f, UINT64_MAX), VANE_E_INTERNAL, "neg"); /* a fence says it again */
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    ck_assert_int_eq(toy.launches, 0);
    FAILS(vane_fence_wait(f, 0), VANE_E_INTERNAL, "neg"); /* reported or not */
    vane_fence_close(f);
    vane_fill_params zero = {0};
    GOOD(vane_fill(ctx, &zero, &tc));
    GOOD(vane_add_async(on_toy, &tc, &ta, &tc));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, c, 0, 1);
}
END_TEST

START_TEST(who_reads_what_a_failed_op_should_have_written)
{
    float x[N];
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_relu_async(anywhere, &tb, &ta));
    toy_gate(0);
    FAILS(vane_buffer_read(ctx, b, 0, x, sizeof x), VANE_E_INTERNAL, "neg");
    FAILS(vane_stream_wait(anywhere), VANE_E_INTERNAL, "neg");
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    vane_fill_params p = {3};
    GOOD(vane_fill(ctx, &p, &tb)); /* new content is good again */
    expect_at(ctx, b, 0, 3);
    GOOD(vane_relu(ctx, &tb, &ta)); /* and no other backend was blamed */
}
END_TEST

START_TEST(close_reports_what_nobody_was_told)
{
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    toy_gate(0);
    FAILS(vane_stream_close(on_toy), VANE_E_INTERNAL, "neg");
    on_toy = NULL;
    expect_at(ctx, a, 0, 2);
}
END_TEST

static void *open_soon(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){0, 5 * MS}, NULL);
    toy_gate(0);
    return NULL;
}

START_TEST(a_device_that_dies_of_asynchronous_work)
{
    vane_stream *other;
    vane_buffer c = buffer_of(ctx, "c", N, 1);
    vane_tensor tc = in_buffer(c, 0, N);
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    pthread_t opener;
    toy.passes = VANE_OP_ABS;
    toy_gate(1);
    for (int i = 0; i < 3; i++) /* under way on the device while it is being left */
        GOOD(vane_add_async(other, &tc, &tc, &tc));
    GOOD(vane_abs_async(on_toy, &ta, &tb));
    FAILS(vane_stream_wait(on_toy), VANE_E_DEVICE_LOST, "abs");
    FAILS(vane_buffer_prefetch(ctx, a, toy_index(ctx)), VANE_E_DEVICE_LOST, "toy0");
    FAILS(vane_stream_open(ctx, toy_index(ctx), &(vane_stream *){NULL}), VANE_E_DEVICE_LOST,
          "toy0");
    ck_assert_int_eq(pthread_create(&opener, NULL, open_soon, NULL), 0);
    ck_assert_uint_eq(info_of(ctx, c).devices, 0); /* its copy went, after the work on it */
    pthread_join(opener, NULL);
    vane_stream_close(other);
    GOOD(vane_add(ctx, &ta, &ta, &tb)); /* a is current on the host: elsewhere */
    expect_at(ctx, b, 0, 2);
}
END_TEST

/* A stream that gets no queue shares one. Later ones do too, but where the device was lost. */
START_TEST(a_queue_that_is_not_to_be_had)
{
    vane_stream *s[2];
    GOOD(vane_add_async(on_toy, &ta, &ta, &tb));
    GOOD(vane_stream_wait(on_toy));
    const int queues = toy.queues;
    toy.fail_queue = _i ? VANE_E_NOMEM : VANE_E_DEVICE_LOST;
    for (int i = 0; i < 2; i++) {
        GOOD(vane_stream_open(ctx, toy_index(ctx), &s[i]));
        GOOD(vane_add_async(s[i], &ta, &ta, &tb));
        GOOD(vane_stream_wait(s[i]));
        ck_assert_int_eq(toy.queues, queues + (i == 1 && _i == 0));
        toy.fail_queue = VANE_OK;
    }
    for (int i = 0; i < 2; i++)
        GOOD(vane_stream_close(s[i]));
}
END_TEST

START_TEST(a_callback_gets_the_first_failure)
{
    atomic_store(&calls, 0);
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_stream_callback(on_toy, note_status, NULL));
    GOOD(vane_stream_callback(on_toy, note_status, NULL));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    ck_assert_int_eq(atomic_load(&calls), 2);
    GOOD(vane_stream_callback(on_toy, note_status, NULL));
    GOOD(vane_stream_wait(on_toy));
    ck_assert_int_eq(atomic_load(&statuses[0]), VANE_E_INTERNAL);
    ck_assert_int_eq(atomic_load(&statuses[1]), VANE_E_INTERNAL);
    ck_assert_int_eq(atomic_load(&statuses[2]), VANE_OK);
}
END_TEST

/* ---- the end, fork ----------------------------------------------------------------- */

START_TEST(the_context_closes_streams_that_are_open)
{
    pthread_t opener;
    float x[N] = {0};
    vane_buffer mine;
    GOOD(vane_buffer_wrap(ctx, x, sizeof x, "mine", &mine));
    vane_tensor t = in_buffer(mine, 0, N);
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &t));
    ck_assert_int_eq(pthread_create(&opener, NULL, open_soon, NULL), 0);
    toy_log[0] = '\0';
    vane_close(ctx); /* waits */
    pthread_join(opener, NULL);
    ck_assert_ptr_nonnull(strstr(toy_log, "stream was still open"));
    ck_assert_ptr_nonnull(strstr(toy_log, "'mine'"));
    ck_assert(x[1] == 4);
    ck_assert_int_eq(toy.mem + toy.queues + toy.events, 0);
    on_toy = anywhere = NULL;
    ctx = toy_context(0, 0);
}
END_TEST

START_TEST(a_stream_does_not_survive_fork)
{
    float x[N] = {0};
    vane_tensor tx = TENSOR(x, VANE_F32, N);
    GOOD(vane_relu_async(anywhere, &tx, &tx)); /* its thread is up */
    GOOD(vane_stream_wait(anywhere));
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    pid_t child = fork();
    if (child == 0) {
        int bad = vane_stream_wait(on_toy) != VANE_E_UNSUPPORTED;
        bad |= strstr(vane_last_error()->message, "fork()") == NULL ? 2 : 0;
        bad |= vane_add_async(anywhere, &tx, &tx, &tx) != VANE_E_UNSUPPORTED ? 4 : 0;
        bad |= vane_stream_close(anywhere) != VANE_E_UNSUPPORTED ? 8 : 0;
        bad |= vane_add(ctx, &tx, &tx, &tx) != VANE_OK ? 16 : 0; /* host memory: as ever */
        _exit(bad);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child: %d", status);
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("streams that fail or end");
    TCase *t = tcase_create("streams");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_error_arrives_at_the_wait_with_the_ops_name);
    tcase_add_test(t, poll_reports_a_failure_once);
    tcase_add_test(t, a_fence_that_is_polled_reports_a_failure);
    tcase_add_test(t, after_a_failure_later_work_is_dropped_until_it_is_told);
    tcase_add_test(t, who_reads_what_a_failed_op_should_have_written);
    tcase_add_test(t, close_reports_what_nobody_was_told);
    tcase_add_test(t, a_device_that_dies_of_asynchronous_work);
    tcase_add_loop_test(t, a_queue_that_is_not_to_be_had, 0, 2);
    tcase_add_test(t, a_callback_gets_the_first_failure);
    tcase_add_test(t, the_context_closes_streams_that_are_open);
    tcase_add_test(t, a_stream_does_not_survive_fork);
    suite_add_tcase(s, t);
    return kit_main(s);
}
