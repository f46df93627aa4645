/* SPDX-License-Identifier: MIT */
/* test_streams.c - what vane.h promises of streams and fences that work; callbacks are in
 * test_stream_callbacks.c, and what fails and ends in test_stream_ends.c. */
#include <signal.h>

#include "toy_streams.h"

/* ---- work, order ------------------------------------------------------------------- */

START_TEST(work_goes_on_beside_the_caller)
{
    GOOD(vane_stream_poll(on_toy));
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    ck_assert_int_eq(vane_stream_poll(on_toy), VANE_E_BUSY);
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    GOOD(vane_stream_poll(on_toy));
    expect_at(ctx, a, 1, 8);
}
END_TEST

START_TEST(poll_records_no_error)
{
    ck_assert_int_eq(vane_tensor_count(&ta), N);
    FAILS(vane_stream_poll(NULL), VANE_E_ARGUMENT, "stream is NULL");
    char before[400];
    snprintf(before, sizeof before, "%s", vane_last_error()->message);
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    ck_assert_int_eq(vane_stream_poll(on_toy), VANE_E_BUSY);
    ck_assert_str_eq(vane_last_error()->message, before);
}
END_TEST

static void note_signals(void *arg, vane_status st)
{
    (void)st;
    pthread_sigmask(SIG_BLOCK, NULL, arg);
}

START_TEST(a_streams_thread_takes_only_its_own_signals)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGPROF};
    sigset_t blocked, mine;
    sigemptyset(&blocked);
    GOOD(vane_stream_callback(anywhere, note_signals, &blocked));
    GOOD(vane_stream_wait(anywhere));
    ck_assert_int_eq(sigismember(&blocked, SIGINT), 1);
    ck_assert_int_eq(sigismember(&blocked, SIGTERM), 1);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        ck_assert_int_eq(sigismember(&blocked, own[i]), 0);
    pthread_sigmask(SIG_BLOCK, NULL, &mine);
    ck_assert_int_eq(sigismember(&mine, SIGINT), 0); /* the caller's are as they were */
}
END_TEST

START_TEST(calls_on_one_buffer_keep_their_order)
{
    vane_stream *other;
    GOOD(vane_stream_open(ctx, toy_index(ctx) + 1, &other));
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &tb)); /* b = 2a */
    GOOD(vane_add_async(other, &tb, &tb, &tb));  /* b = 4a, on the other device */
    GOOD(vane_relu_async(anywhere, &tb, &ta));   /* a = 4a, on the host */
    GOOD(vane_add_async(on_toy, &ta, &tb, &tb)); /* b = 8a */
    toy_gate(0);
    expect_at(ctx, b, 2, 24); /* who reads it waits for all of them */
    expect_at(ctx, a, 2, 12);
    GOOD(vane_stream_close(other));
}
END_TEST

START_TEST(host_memory_is_done_after_the_wait)
{
    float x[N], y[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    vane_tensor tx = TENSOR(x, VANE_F32, N), ty = TENSOR(y, VANE_F32, N);
    GOOD(vane_add_async(on_toy, &tx, &tx, &ty));
    GOOD(vane_mul_async(on_toy, &ty, &ty, &tx));
    GOOD(vane_neg_async(anywhere, &ta, &ta));
    memset(&tx, 0xee, sizeof tx); /* the descriptors were copied */
    memset(&ty, 0xee, sizeof ty);
    GOOD(vane_stream_wait(on_toy));
    ck_assert(y[5] == 10 && x[5] == 100);
}
END_TEST

START_TEST(parameters_are_copied)
{
    vane_fill_params p = {7};
    vane_transpose_params turn = {.perm = {1, 0}, .n_perm = 2};
    vane_tensor wide = vane_tensor_in(a, 0, VANE_F32, 2, (int64_t[]){2, N / 2}),
                tall = vane_tensor_in(b, 0, VANE_F32, 2, (int64_t[]){N / 2, 2});
    toy_gate(1);
    GOOD(vane_transpose_async(on_toy, &wide, &turn, &tall));
    GOOD(vane_fill_async(anywhere, &p, &wide));
    memset(&turn, 0xee, sizeof turn);
    p.value = 9;
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, b, 1, 1 + N / 2);
    expect_at(ctx, a, 0, 7);
}
END_TEST

/* What lands late must not overwrite what a later op has put there. */
START_TEST(outputs_in_host_memory_keep_their_order)
{
    float x[2 * N], one[N];
    for (int i = 0; i < 2 * N; i++)
        x[i] = 1;
    for (int i = 0; i < N; i++)
        one[i] = 10;
    vane_tensor gaps = TENSOR(x, VANE_F32, N), dense = TENSOR(x, VANE_F32, N),
                ten = TENSOR(one, VANE_F32, N);
    gaps.stride[0] = 2;
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &gaps, &gaps, &gaps));
    GOOD(vane_copy_async(on_toy, &ten, &dense));
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    ck_assert(x[0] == 10 && x[2] == 10 && x[N - 1] == 10 && x[N] == 2 && x[N + 1] == 1);
}
END_TEST

/* An op without elements touches nothing, and does not hide who was at work. */
START_TEST(an_empty_op_waits_its_turn)
{
    vane_tensor none = vane_tensor_in(a, 0, VANE_F32, 1, (int64_t[]){0});
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_copy(ctx, &none, &none));
    expect_at(ctx, a, 0, 2);
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_copy_async(anywhere, &none, &none));
    expect_at(ctx, a, 0, 4);
}
END_TEST

START_TEST(a_buffer_may_close_before_its_stream_is_waited_for)
{
    vane_buffer c = buffer_of(ctx, "c", N, 1);
    vane_tensor t = in_buffer(c, 0, N);
    for (int i = 0; i < 5; i++)
        GOOD(vane_add_async(on_toy, &t, &t, &t));
    GOOD(vane_buffer_close(ctx, c));
    GOOD(vane_stream_wait(on_toy));
}
END_TEST

START_TEST(a_thousand_at_once)
{
    vane_stream *more[6]; /* more than the toy has queues */
    vane_fill_params zero = {0};
    for (int i = 0; i < 6; i++)
        GOOD(vane_stream_open(ctx, toy_index(ctx), &more[i]));
    GOOD(vane_fill(ctx, &zero, &ta));
    for (int i = 0; i < 1000; i++)
        GOOD(vane_add_async(more[i % 6], &ta, &tb, &ta));
    for (int i = 0; i < 6; i++)
        GOOD(vane_stream_close(more[i]));
    expect_at(ctx, a, 3, 8000);
}
END_TEST

static void *give_many(void *arg)
{
    vane_tensor *t = arg;
    int bad = 0;
    for (int i = 0; i < 100; i++)
        bad |= vane_add_async(on_toy, t, t + 1, t) != VANE_OK ||
               vane_stream_poll(anywhere) == VANE_E_INTERNAL;
    return bad ? arg : NULL;
}

START_TEST(several_threads_give_to_one_stream)
{
    pthread_t threads[3];
    vane_buffer sums[3];
    vane_tensor t[3][2];
    for (int i = 0; i < 3; i++) {
        sums[i] = buffer_of(ctx, "sum", N, 0);
        t[i][0] = in_buffer(sums[i], 0, N);
        t[i][1] = ta;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, give_many, t[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        ck_assert_ptr_null(bad);
    }
    GOOD(vane_stream_wait(on_toy));
    for (int i = 0; i < 3; i++)
        expect_at(ctx, sums[i], 1, 201);
}
END_TEST

/* ---- where ------------------------------------------------------------------------- */

START_TEST(a_stream_of_a_device_uses_that_one)
{
    toy.launches = 0;
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_stream_wait(on_toy));
    ck_assert_int_eq(toy.launches, 1);
    vane_status st = vane_relu_async(on_toy, &ta, &tb);
    if (st == VANE_OK)
        st = vane_stream_wait(on_toy);
    ck_assert_int_eq(st, VANE_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "relu"));
    expect_at(ctx, a, 0, 2);
}
END_TEST

/* ---- marks --------------------------------------------------------------------------- */

/* The first of its kind finds out who computes, and the device's first what its link is like: after
 * both the caller's thread launches. */
static void warm_up(void)
{
    for (int i = 0; i < 2; i++) {
        GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
        GOOD(vane_stream_wait(on_toy));
    }
}

START_TEST(small_work_shares_events)
{
    warm_up();
    toy_gate(1);
    for (int i = 0; i < 64; i++)
        GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    ck_assert_int_ge(toy.events, 1);
    ck_assert_int_le(toy.events, 1 + 64 / 16);
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10);
}
END_TEST

START_TEST(a_failure_is_that_of_all_who_share_its_event)
{
    warm_up();
    GOOD(vane_neg_async(on_toy, &tb, &ta)); /* breaks on the toy */
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg: the toy broke");
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_neg_async(on_toy, &tb, &ta));
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    toy_gate(0);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg, or what was launched with it");
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10);
}
END_TEST

START_TEST(small_work_does_not_wait_for_large_work_after_it)
{
    enum { MANY = 100000 };
    vane_fence *fence;
    vane_buffer large = buffer_of(ctx, "large", MANY, 1);
    vane_tensor tl = in_buffer(large, 0, MANY);
    warm_up();
    GOOD(vane_mul_async(on_toy, &tl, &tl, &tl));
    GOOD(vane_stream_wait(on_toy));
    toy_gate(1);
    toy.passes = VANE_OP_ADD;
    GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
    GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
    GOOD(vane_stream_record(on_toy, &fence));
    GOOD(vane_mul_async(on_toy, &tl, &tl, &tl)); /* held back */
    GOOD(vane_fence_wait(fence, 10000 * (uint64_t)MS));
    ck_assert_int_eq(vane_stream_poll(on_toy), VANE_E_BUSY);
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    vane_fence_close(fence);
    expect_at(ctx, a, 0, 20);
}
END_TEST

/* The same call is not checked again: all that may have changed since has to be seen. */
START_TEST(the_same_call_on_what_is_not_the_same)
{
    const float three = 3;
    warm_up();
    GOOD(vane_buffer_write(ctx, b, 0, &three, sizeof three));
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 6);
    vane_tensor less = in_buffer(b, 0, N - 1);
    FAILS(vane_add_async(on_toy, &less, &tb, &ta), VANE_E_SHAPE, "does not broadcast");
    GOOD(vane_buffer_close(ctx, b));
    FAILS(vane_add_async(on_toy, &tb, &tb, &ta), VANE_E_ARGUMENT, "closed");
}
END_TEST

START_TEST(a_wish_of_one_call)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_options options = {.struct_size = sizeof options, .decision = &d};
    const vane_tensor *const in[] = {&ta, &ta};
    vane_tensor *const out[] = {&ta};
    toy.launches = 0;
    GOOD(give_on(anywhere, "toy", VANE_OP_ADD, &ta, &ta, &ta));
    GOOD(vane_stream_wait(anywhere));
    ck_assert_int_eq(toy.launches, 1);
    GOOD(give_on(anywhere, "scalar", VANE_OP_ADD, &ta, &ta, &ta));
    GOOD(vane_stream_wait(anywhere));
    ck_assert_int_eq(toy.launches, 1);
    expect_at(ctx, a, 0, 4);
    FAILS(vane_run_async(anywhere, VANE_OP_ADD, in, 2, out, 1, NULL, &options), VANE_E_ARGUMENT,
          "decision");
    vane_status st = give_on(anywhere, "nobody", VANE_OP_ADD, &ta, &ta, &ta);
    if (st == VANE_OK)
        st = vane_stream_wait(anywhere);
    ck_assert_int_eq(st, VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "nobody"));
    GOOD(vane_stream_wait(anywhere));
}
END_TEST

START_TEST(arguments_that_cannot_be)
{
    vane_stream *s;
    vane_fence *f;
    vane_tensor wrong = vane_tensor_in(b, 0, VANE_F32, 1, (int64_t[]){3}), none = ta;
    FAILS(vane_stream_open(ctx, 99, &s), VANE_E_ARGUMENT, "99");
    FAILS(vane_stream_open(ctx, VANE_ANY_DEVICE, NULL), VANE_E_ARGUMENT, "out is NULL");
    FAILS(vane_stream_open(NULL, VANE_ANY_DEVICE, &s), VANE_E_ARGUMENT, "ctx is NULL");
    FAILS(vane_stream_wait(NULL), VANE_E_ARGUMENT, "stream is NULL");
    FAILS(vane_add_async(NULL, &ta, &ta, &ta), VANE_E_ARGUMENT, "stream is NULL");
    FAILS(vane_stream_callback(on_toy, NULL, NULL), VANE_E_ARGUMENT, "fn is NULL");
    FAILS(vane_stream_record(on_toy, NULL), VANE_E_ARGUMENT, "out is NULL");
    FAILS(vane_stream_record(NULL, &f), VANE_E_ARGUMENT, "stream is NULL");
    FAILS(vane_stream_await(on_toy, NULL), VANE_E_ARGUMENT, "fence is NULL");
    FAILS(vane_fence_wait(NULL, 0), VANE_E_ARGUMENT, "fence is NULL");
    FAILS(vane_add_async(on_toy, &ta, &ta, &wrong), VANE_E_SHAPE, "add"); /* at once */
    none.buffer.id = 0;
    ck_assert_int_eq(vane_add_async(on_toy, &none, &ta, &tb), VANE_E_ARGUMENT);
    vane_fence_close(NULL);
    GOOD(vane_stream_close(NULL));
}
END_TEST

/* ---- fences ------------------------------------------------------------------------ */

START_TEST(a_fence_is_a_point_in_a_stream)
{
    vane_fence *first, *second;
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_stream_record(on_toy, &first));
    GOOD(vane_fence_wait(first, UINT64_MAX));
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &ta));
    GOOD(vane_stream_record(on_toy, &second));
    GOOD(vane_fence_wait(first, 0)); /* later work does not matter */
    ck_assert_int_eq(vane_fence_wait(second, 0), VANE_E_TIMEOUT);
    ck_assert_int_eq(vane_fence_wait(second, 2 * MS), VANE_E_TIMEOUT);
    toy_gate(0);
    GOOD(vane_fence_wait(second, UINT64_MAX));
    GOOD(vane_stream_close(on_toy));
    on_toy = NULL;
    GOOD(vane_fence_wait(second, 0)); /* it outlives its stream */
    vane_fence_close(first);
    vane_fence_close(second);
}
END_TEST

START_TEST(a_stream_waits_for_a_fence_of_another)
{
    float x[N] = {0}, y[N] = {0};
    vane_tensor tx = TENSOR(x, VANE_F32, N), ty = TENSOR(y, VANE_F32, N);
    vane_fence *f;
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &ta, &ta, &tx)); /* host memory: only the fence orders it */
    GOOD(vane_stream_record(on_toy, &f));
    GOOD(vane_stream_await(anywhere, f));
    vane_fence_close(f); /* at any time */
    GOOD(give_on(anywhere, "scalar", VANE_OP_ADD, &tx, &tx, &ty));
    ck_assert_int_eq(vane_stream_poll(anywhere), VANE_E_BUSY);
    toy_gate(0);
    GOOD(vane_stream_wait(anywhere));
    ck_assert(y[2] == 12);
}
END_TEST

START_TEST(a_fence_of_another_context)
{
    vane_context *other = kit_context();
    vane_stream *s;
    vane_fence *f;
    GOOD(vane_stream_open(other, VANE_ANY_DEVICE, &s));
    GOOD(vane_stream_record(s, &f));
    FAILS(vane_stream_await(on_toy, f), VANE_E_ARGUMENT, "another context");
    vane_fence_close(f);
    GOOD(vane_stream_close(s));
    vane_close(other);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("streams");
    TCase *t = tcase_create("streams");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, work_goes_on_beside_the_caller);
    tcase_add_test(t, poll_records_no_error);
    tcase_add_test(t, a_streams_thread_takes_only_its_own_signals);
    tcase_add_test(t, calls_on_one_buffer_keep_their_order);
    tcase_add_test(t, host_memory_is_done_after_the_wait);
    tcase_add_test(t, parameters_are_copied);
    tcase_add_test(t, outputs_in_host_memory_keep_their_order);
    tcase_add_test(t, an_empty_op_waits_its_turn);
    tcase_add_test(t, a_buffer_may_close_before_its_stream_is_waited_for);
    tcase_add_test(t, a_thousand_at_once);
    tcase_add_test(t, several_threads_give_to_one_stream);
    tcase_add_test(t, a_stream_of_a_device_uses_that_one);
    tcase_add_test(t, small_work_shares_events);
    tcase_add_test(t, a_failure_is_that_of_all_who_share_its_event);
    tcase_add_test(t, small_work_does_not_wait_for_large_work_after_it);
    tcase_add_test(t, the_same_call_on_what_is_not_the_same);
    tcase_add_test(t, a_wish_of_one_call);
    tcase_add_test(t, arguments_that_cannot_be);
    tcase_add_test(t, a_fence_is_a_point_in_a_stream);
    tcase_add_test(t, a_stream_waits_for_a_fence_of_another);
    tcase_add_test(t, a_fence_of_another_context);
    suite_add_tcase(s, t);
    return kit_main(s);
}
