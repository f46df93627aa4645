/* SPDX-License-Identifier: MIT */
/* test_sequence_ends.c - sequences whose graphs fail or whose calls do, that are not for graphs, or
 * that are mistakes. */
#include "sequence_kit.h"

/* ---- what stands against it ------------------------------------------------------------ */

START_TEST(recording_that_fails_is_said_and_not_tried_for_ever)
{
    graphs.fail_record = _i ? VANE_E_NOMEM : VANE_E_UNSUPPORTED;
    graphs.fails = 100;
    seq = three();
    for (int i = 0; i < 8; i++) {
        run(on_toy);
        GOOD(vane_stream_wait(on_toy));
        expect();
    }
    made(0, 0);
    ck_assert_int_eq(graphs.fails, 97);
    ck_assert_int_eq(strstr(toy_log, "the toy records nothing") != NULL, _i);
    ck_assert_int_eq(vane_last_error()->status, VANE_OK);
}
END_TEST

START_TEST(a_launch_that_fails_is_made_of_calls)
{
    graphs.fail_launch = VANE_E_NOMEM;
    seq = three();
    warm(on_toy);
    graphs.fails = 1;
    run(on_toy);
    made(1, 0);
    run(on_toy); /* and tried again */
    made(2, 1);
    expect();
    ck_assert_ptr_nonnull(strstr(toy_log, "the toy launches nothing"));
}
END_TEST

/* Failures count that come one after the other. */
START_TEST(rare_failures_are_never_too_many)
{
    graphs.fail_launch = VANE_E_NOMEM;
    seq = three();
    warm(on_toy);
    for (int i = 1; i <= 5; i++) {
        graphs.fails = 1;
        run(on_toy);
        run(on_toy);
        made(i + 1, i);
    }
    expect();
}
END_TEST

/* The device's losses are nothing against the sequence. */
START_TEST(losses_are_not_counted)
{
    graphs.fail_record = VANE_E_DEVICE_LOST;
    graphs.fails = 5;
    seq = three();
    warm(on_toy);
    for (int i = 0; i < 6; i++) {
        run(on_toy);
        GOOD(vane_stream_wait(on_toy));
    }
    expect();
    ck_assert_int_eq(graphs.fails, 0);
    made(1, 1);
}
END_TEST

START_TEST(a_graph_that_is_out_of_date_is_recorded_again)
{
    graphs.fail_launch = VANE_E_UNSUPPORTED;
    seq = three();
    warm(on_toy);
    run(on_toy);
    graphs.fails = 1;
    run(on_toy);
    made(2, 2);
    expect();
    ck_assert_str_eq(toy_log, "");
}
END_TEST

START_TEST(a_failure_arrives_at_the_wait_with_the_ops_name)
{
    vane_plan *plans[] = {plan(VANE_OP_ADD, &ta, &ta, &tb), plan(VANE_OP_ADD, &tb, &tb, &ta)};
    vane_plan *bad[] = {plan(VANE_OP_NEG, &ta, NULL, &tb), plan(VANE_OP_ADD, &ta, &ta, &ta)};
    vane_sequence *good = sequence_of(2, plans);
    seq = sequence_of(2, bad);
    GOOD(vane_sequence_run(on_toy, good));
    GOOD(vane_sequence_run(on_toy, good)); /* a = 16a */
    GOOD(vane_stream_wait(on_toy));
    /* the first run of the other fails by itself */
    GOOD(vane_sequence_run(on_toy, seq));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    for (int i = 0; i < N; i++)
        x[i] = y[i] = (float)i;
    GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x));
    GOOD(vane_buffer_write(ctx, b, 0, y, sizeof y));
    GOOD(vane_buffer_prefetch(ctx, a, toy_index(ctx)));
    GOOD(vane_buffer_prefetch(ctx, b, toy_index(ctx)));
    const int launches = graphs.launches;
    GOOD(vane_sequence_run(on_toy, seq));
    ck_assert_int_eq(graphs.launches, launches + 1);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    GOOD(vane_stream_wait(on_toy));
    GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x)); /* and goes on with what is written anew */
    GOOD(vane_sequence_run(on_toy, good));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 3, 12);
    vane_sequence_close(good);
}
END_TEST

/* Two calls make the two halves of one range, of which the host had one. */
START_TEST(what_the_host_had_is_current_after_a_failure)
{
    enum { HALF = N / 2 };
    const int64_t n = HALF;
    vane_tensor low = vane_tensor_in(b, 0, VANE_F32, 1, &n),
                high = vane_tensor_in(b, sizeof y / 2, VANE_F32, 1, &n),
                in = vane_tensor_in(a, 0, VANE_F32, 1, &n);
    vane_plan *plans[] = {plan(VANE_OP_ADD, &in, &in, &low), plan(VANE_OP_NEG, &in, NULL, &high)};
    seq = sequence_of(2, plans);
    GOOD(vane_sequence_run(on_toy, seq)); /* by calls */
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    GOOD(vane_add_async(on_toy, &ta, &ta, &tb)); /* the device has all of b */
    GOOD(vane_stream_wait(on_toy));
    GOOD(vane_buffer_write(ctx, b, _i ? sizeof y / 2 : 0, y, sizeof y / 2));
    ck_assert_uint_eq(info_of(ctx, b).host_bytes, sizeof y / 2);
    const int launches = graphs.launches;
    GOOD(vane_sequence_run(on_toy, seq));
    ck_assert_int_eq(graphs.launches, launches + 1);
    ck_assert_uint_eq(info_of(ctx, b).host_bytes, 0);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "broke");
    ck_assert_uint_eq(info_of(ctx, b).host_bytes, sizeof y / 2);
    ck_assert_uint_eq(info_of(ctx, b).device_bytes, 0);
}
END_TEST

START_TEST(a_lost_device_is_lost)
{
    vane_plan *plans[] = {plan(VANE_OP_ADD, &ta, &ta, &tb), plan(VANE_OP_ABS, &tb, NULL, &tb)};
    vane_sequence *fatal = sequence_of(2, plans);
    seq = three();
    toy.passes = UINT32_MAX;
    GOOD(vane_buffer_prefetch(ctx, a, toy_index(ctx)));
    GOOD(vane_buffer_prefetch(ctx, b, toy_index(ctx)));
    /* the first run by calls would lose it: the graph's first must be the second */
    toy_gate(1);
    GOOD(vane_sequence_run(on_toy, fatal));
    GOOD(vane_sequence_run(on_toy, fatal));
    toy_gate(0);
    FAILS(vane_stream_wait(on_toy), VANE_E_DEVICE_LOST, "");
    vane_device_info info = {.struct_size = sizeof info};
    GOOD(vane_device_at(ctx, toy_index(ctx), &info, NULL));
    vane_stream *other;
    FAILS(vane_stream_open(ctx, toy_index(ctx), &other), VANE_E_DEVICE_LOST, "lost");
    GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x));
    GOOD(vane_buffer_write(ctx, b, 0, y, sizeof y));
    run(anywhere);
    GOOD(vane_stream_wait(anywhere));
    expect();
    vane_sequence_close(fatal);
}
END_TEST

START_TEST(earlier_failures_are_inherited)
{
    vane_plan *plans[] = {plan(VANE_OP_ADD, &ta, &ta, &tb), plan(VANE_OP_MUL, &tb, &tb, &tb)};
    vane_stream *other;
    seq = sequence_of(2, plans);
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    for (int i = 0; i < 2; i++) { /* the first neg of the stream is its lane's */
        GOOD(vane_sequence_run(on_toy, seq));
        GOOD(vane_stream_wait(on_toy));
        GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x));
        GOOD(vane_buffer_prefetch(ctx, a, toy_index(ctx)));
        if (i == 1)
            toy_gate(1);
        GOOD(vane_neg_async(other, &ta, &ta));
        if (i == 0) {
            FAILS(vane_stream_wait(other), VANE_E_INTERNAL, "neg");
            GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x));
        }
    }
    const int launches = graphs.launches;
    GOOD(vane_sequence_run(on_toy, seq)); /* reads a */
    ck_assert_int_eq(graphs.launches, launches + 1);
    toy_gate(0);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    FAILS(vane_stream_wait(other), VANE_E_INTERNAL, "neg");
    GOOD(vane_stream_close(other));
}
END_TEST

START_TEST(calls_that_are_watched_or_checked_are_calls)
{
    vane_config config = kit_config();
    vane_sequence *watched;
    vane_context *kept = ctx;
    vane_stream *s;
    config.verify = _i == 0;
    config.stats = _i == 1 ? "-" : NULL;
    GOOD(vane_open(&config, &ctx));
    GOOD(vane_register(ctx, &toy_entry));
    GOOD(vane_stream_open(ctx, toy_index(ctx), &s));
    vane_buffer p = buffer_of(ctx, "p", N, 1), q = buffer_of(ctx, "q", N, 2);
    vane_tensor tp = in_buffer(p, 0, N), tq = in_buffer(q, 0, N);
    vane_plan *plans[] = {plan(VANE_OP_ADD, &tp, &tq, &tq), plan(VANE_OP_ADD, &tp, &tq, &tq)};
    watched = sequence_of(2, plans);
    for (int i = 0; i < 4; i++)
        GOOD(vane_sequence_run(s, watched));
    GOOD(vane_stream_wait(s));
    made(0, 0);
    expect_at(ctx, q, 1, 3 + 8 * 2);
    vane_sequence_close(watched);
    GOOD(vane_stream_close(s));
    vane_close(ctx);
    ctx = kept;
}
END_TEST

/* ---- without graphs ---------------------------------------------------------------------- */

START_TEST(host_memory_goes_call_by_call)
{
    vane_tensor hx = TENSOR(x, VANE_F32, N), hy = TENSOR(y, VANE_F32, N);
    vane_plan *plans[] = {plan(VANE_OP_ADD, &hx, &hx, &hy), plan(VANE_OP_SUB, &hy, &tb, &ta)};
    seq = sequence_of(2, plans);
    vane_stream *const s[] = {on_toy, anywhere};
    for (int i = 0; i < 6; i++) {
        x[0] = 10 + (float)i;
        GOOD(vane_sequence_run(s[i % 2], seq));
        GOOD(vane_stream_wait(s[i % 2]));
        ck_assert(y[0] == 20 + 2 * (float)i);
        expect_at(ctx, a, 0, y[0] - 5);
    }
    made(0, 0);
}
END_TEST

START_TEST(mistakes_are_sentences)
{
    vane_plan *one = plan(VANE_OP_ADD, &ta, &ta, &tb), *none = NULL;
    vane_sequence *out = (void *)&out;
    const vane_host *mine = toy.host;
    vane_context *other = toy_context(0, 0);
    vane_stream *far;
    FAILS(vane_sequence_open(ctx, &one, 1, NULL), VANE_E_ARGUMENT, "out is NULL");
    FAILS(vane_sequence_open(ctx, &one, 0, &out), VANE_E_ARGUMENT, "no plans");
    ck_assert_ptr_null(out);
    FAILS(vane_sequence_open(ctx, NULL, 1, &out), VANE_E_ARGUMENT, "no plans");
    FAILS(vane_sequence_open(ctx, &none, 1, &out), VANE_E_ARGUMENT, "plans[0] is NULL");
    FAILS(vane_sequence_open(NULL, &one, 1, &out), VANE_E_ARGUMENT, "");
    FAILS(vane_sequence_open(other, &one, 1, &out), VANE_E_ARGUMENT, "another context");
    GOOD(vane_sequence_open(ctx, &one, 1, &seq));
    vane_plan_close(one);
    GOOD(vane_stream_open(other, VANE_ANY_DEVICE, &far));
    FAILS(vane_sequence_run(far, seq), VANE_E_ARGUMENT, "another context");
    FAILS(vane_sequence_run(NULL, seq), VANE_E_ARGUMENT, "stream is NULL");
    FAILS(vane_sequence_run(on_toy, NULL), VANE_E_ARGUMENT, "no open one");
    vane_sequence_close(NULL);
    GOOD(vane_stream_close(far));
    vane_close(other);
    toy.host = mine;                      /* the toy speaks to the one that opened it last */
    GOOD(vane_sequence_run(on_toy, seq)); /* one call is one call */
    GOOD(vane_sequence_run(on_toy, seq));
    GOOD(vane_stream_wait(on_toy));
    made(0, 0);
    expect_at(ctx, b, 1, 4);
}
END_TEST

START_TEST(one_that_is_left_open_is_said)
{
    seq = three();
    warm(on_toy);
    run(on_toy);
    GOOD(vane_stream_close(on_toy));
    GOOD(vane_stream_close(anywhere));
    on_toy = anywhere = NULL;
    seq = NULL; /* teardown closes the context */
}
END_TEST

static void left_open(void)
{
    ck_assert_ptr_nonnull(strstr(toy_log, "a sequence was still open"));
}

int main(void)
{
    Suite *s = suite_create("sequence_ends");
    TCase *against = tcase_create("against"), *calls_ = tcase_create("calls"),
          *left = tcase_create("left open");
    tcase_add_checked_fixture(against, setup_graphs, teardown_graphs);
    tcase_add_checked_fixture(calls_, setup_graphs, teardown_graphs);
    tcase_add_checked_fixture(left, setup_graphs, left_open);
    tcase_add_checked_fixture(left, NULL, teardown_graphs);
    tcase_add_loop_test(against, recording_that_fails_is_said_and_not_tried_for_ever, 0, 2);
    tcase_add_test(against, a_launch_that_fails_is_made_of_calls);
    tcase_add_test(against, rare_failures_are_never_too_many);
    tcase_add_test(against, losses_are_not_counted);
    tcase_add_test(against, a_graph_that_is_out_of_date_is_recorded_again);
    tcase_add_test(against, a_failure_arrives_at_the_wait_with_the_ops_name);
    tcase_add_loop_test(against, what_the_host_had_is_current_after_a_failure, 0, 2);
    tcase_add_test(against, a_lost_device_is_lost);
    tcase_add_test(against, earlier_failures_are_inherited);
    tcase_add_loop_test(against, calls_that_are_watched_or_checked_are_calls, 0, 2);
    tcase_add_test(calls_, host_memory_goes_call_by_call);
    tcase_add_test(calls_, mistakes_are_sentences);
    tcase_add_test(left, one_that_is_left_open_is_said);
    suite_add_tcase(s, against);
    suite_add_tcase(s, calls_);
    suite_add_tcase(s, left);
    return kit_main(s);
}
