/* SPDX-License-Identifier: MIT */
/* test_sequence.c - what vane.h promises of sequences that work, and when their calls are one
 * launch: on the toy, which counts launches and graphs. */
#include "sequence_kit.h"

/* ---- one launch ---------------------------------------------------------------------- */

START_TEST(runs_are_one_launch_from_the_second_on)
{
    seq = three();
    for (int i = 0; i < 5; i++) {
        run(on_toy);
        GOOD(vane_stream_wait(on_toy));
        made(i > 0, i);
        expect();
    }
    ck_assert_int_eq(toy.launches, 15);
}
END_TEST

START_TEST(runs_follow_each_other_without_a_wait)
{
    seq = three();
    warm(on_toy);
    for (int i = 0; i < 40; i++) {
        run(on_toy);
        if (i % 8 == 7) /* it doubles: numbers stay small enough to be exact */
            for (int k = 0; k < N; k++)
                x[k] = (float)k, y[k] = 1;
        if (i % 8 == 7) {
            GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x));
            GOOD(vane_buffer_write(ctx, b, 0, y, sizeof y));
        }
    }
    GOOD(vane_stream_wait(on_toy));
    expect();
    made(1, 40 - 4);
}
END_TEST

START_TEST(runs_wait_for_nobody_while_the_device_is_busy)
{
    seq = three();
    warm(on_toy);
    toy_gate(1);
    for (int i = 0; i < 4; i++)
        run(on_toy);
    ck_assert_int_eq(vane_stream_poll(on_toy), VANE_E_BUSY);
    made(1, 4);
    toy_gate(0);
    expect(); /* who reads waits for it */
    GOOD(vane_stream_wait(on_toy));
}
END_TEST

START_TEST(a_sequence_may_be_closed_while_its_work_is_under_way)
{
    seq = three();
    warm(on_toy);
    run(on_toy);
    GOOD(vane_stream_wait(on_toy));
    toy_gate(1);
    run(on_toy);
    vane_sequence_close(seq);
    seq = NULL;
    ck_assert_int_eq(graphs.live, 1); /* the device is at it */
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    ck_assert_int_eq(graphs.live, 0);
    expect();
}
END_TEST

START_TEST(other_work_on_its_buffers_keeps_its_order)
{
    vane_stream *other;
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    seq = three();
    warm(on_toy);
    run(on_toy);
    toy_gate(1);
    run(on_toy);
    GOOD(vane_add_async(other, &ta, &ta, &ta));
    for (int i = 0; i < N; i++)
        x[i] += x[i];
    run(other);
    run(on_toy);
    GOOD(vane_mul_async(anywhere, &tb, &tb, &tb));
    for (int i = 0; i < N; i++)
        y[i] *= y[i];
    toy_gate(0);
    expect();
    GOOD(vane_stream_close(other));
}
END_TEST

START_TEST(each_queue_has_a_graph_of_its_own)
{
    vane_stream *s[2] = {on_toy, NULL};
    GOOD(vane_stream_open(ctx, toy_index(ctx), &s[1]));
    seq = three();
    for (int i = 0; i < 8; i++) {
        run(s[i % 2]);
        GOOD(vane_stream_wait(s[i % 2]));
        expect();
    }
    made(2, 6);
    GOOD(vane_stream_close(s[1]));
}
END_TEST

START_TEST(a_stream_of_any_device_replays_where_the_data_is)
{
    GOOD(vane_set_policy(ctx, "fixed"));
    seq = three();
    for (int i = 0; i < 5; i++) {
        run(anywhere);
        GOOD(vane_stream_wait(anywhere));
    }
    expect();
    ck_assert_int_ge(graphs.launches, 1);
}
END_TEST

START_TEST(gaps_parts_and_what_it_makes_itself)
{
    vane_buffer c = buffer_empty(ctx, "c", 2 * N), e = buffer_of(ctx, "e", N, 0);
    vane_tensor tc = in_buffer(c, 0, 2 * N), te = in_buffer(e, 0, N), te2 = in_buffer(e, 0, N / 2);
    const vane_tensor *const both[] = {&ta, &tb};
    vane_tensor *to = &tc;
    vane_plan *plans[3];
    vane_params end = {.concat = {0}};
    te2.stride[0] = 2;
    vane_tensor half = in_buffer(c, N, N / 2);
    GOOD(vane_plan_open(ctx, VANE_OP_CONCAT, both, 2, &to, 1, &end, &plans[0])); /* c = a, b */
    plans[1] = plan(VANE_OP_ADD, &half, &half, &te2);                            /* e[2i] = 2b[i] */
    plans[2] = plan(VANE_OP_ADD, &te, &te, &te);                                 /* e doubles */
    seq = sequence_of(3, plans);
    for (int i = 0; i < 3; i++) {
        GOOD(vane_sequence_run(on_toy, seq));
        GOOD(vane_stream_wait(on_toy));
    }
    made(1, 2);
    expect_at(ctx, c, 3, 4);
    expect_at(ctx, c, N + 3, 8);
    expect_at(ctx, e, 6, 32);    /* 2 * 8, doubled */
    expect_at(ctx, e, 7, 7 * 8); /* in a gap: doubled three times */
}
END_TEST

/* ---- what changes between runs --------------------------------------------------------- */

START_TEST(new_contents_are_seen)
{
    seq = three();
    warm(on_toy);
    for (int i = 0; i < 2; i++)
        run(on_toy);
    for (int i = 0; i < N; i++)
        x[i] = 100 + (float)i;
    GOOD(vane_buffer_write(ctx, a, 0, x, sizeof x));
    run(on_toy); /* a is not there: call by call */
    made(1, 2);
    expect();
    run(on_toy); /* the copies are the same: so is the graph */
    made(1, 3);
    expect();
}
END_TEST

START_TEST(what_another_device_wrote_is_seen)
{
    vane_stream *far;
    GOOD(vane_stream_open(ctx, toy_index(ctx) + 1, &far));
    seq = three();
    warm(on_toy);
    run(on_toy);
    GOOD(vane_add_async(far, &ta, &ta, &ta));
    for (int i = 0; i < N; i++)
        x[i] += x[i];
    warm(on_toy);
    made(1, 1);
    run(on_toy);
    made(1, 2);
    expect();
    GOOD(vane_stream_close(far));
}
END_TEST

START_TEST(memory_that_moved_is_recorded_anew)
{
    const uint32_t all = (uint32_t)(toy.memory_bytes / sizeof(float));
    seq = three();
    warm(on_toy);
    for (int i = 0; i < 2; i++)
        run(on_toy);
    GOOD(vane_stream_wait(on_toy));
    made(1, 2);
    vane_buffer large = buffer_of(ctx, "large", all, 0);
    GOOD(vane_buffer_prefetch(ctx, large, toy_index(ctx))); /* sends a and b home */
    ck_assert_uint_eq(info_of(ctx, a).devices, 0);
    GOOD(vane_buffer_close(ctx, large));
    run(on_toy);
    made(1, 2);
    run(on_toy);
    made(2, 3);
    expect();
}
END_TEST

START_TEST(a_closed_buffer_is_found_before_anything_is_given)
{
    seq = three();
    run(on_toy);
    run(on_toy);
    GOOD(vane_stream_wait(on_toy));
    const int before = toy.launches;
    GOOD(vane_buffer_close(ctx, a));
    vane_buffer again = buffer_of(ctx, "again", N, 7); /* perhaps in the same place */
    FAILS(vane_sequence_run(on_toy, seq), VANE_E_ARGUMENT, "closed");
    GOOD(vane_stream_wait(on_toy));
    ck_assert_int_eq(toy.launches, before);
    expect_at(ctx, again, 0, 7);
}
END_TEST

START_TEST(a_mapped_buffer_is_busy)
{
    void *p;
    seq = three();
    warm(on_toy);
    run(on_toy);
    GOOD(vane_buffer_map(ctx, a, 0, 4, VANE_MAP_WRITE, &p));
    FAILS(vane_sequence_run(on_toy, seq), VANE_E_BUSY, "mapped");
    made(1, 1);
    GOOD(vane_buffer_unmap(ctx, a, p));
}
END_TEST

START_TEST(routes_that_change_are_followed)
{
    seq = three();
    warm(on_toy);
    run(on_toy);
    GOOD(vane_set_priority(ctx, "toy"));
    run(on_toy);
    made(1, 2); /* to the same kernels: the graph stays */
    expect();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sequence");
    TCase *one = tcase_create("one launch"), *changes = tcase_create("changes");
    tcase_add_checked_fixture(one, setup_graphs, teardown_graphs);
    tcase_add_checked_fixture(changes, setup_graphs, teardown_graphs);
    tcase_add_test(one, runs_are_one_launch_from_the_second_on);
    tcase_add_test(one, runs_follow_each_other_without_a_wait);
    tcase_add_test(one, runs_wait_for_nobody_while_the_device_is_busy);
    tcase_add_test(one, a_sequence_may_be_closed_while_its_work_is_under_way);
    tcase_add_test(one, other_work_on_its_buffers_keeps_its_order);
    tcase_add_test(one, each_queue_has_a_graph_of_its_own);
    tcase_add_test(one, a_stream_of_any_device_replays_where_the_data_is);
    tcase_add_test(one, gaps_parts_and_what_it_makes_itself);
    tcase_add_test(changes, new_contents_are_seen);
    tcase_add_test(changes, what_another_device_wrote_is_seen);
    tcase_add_test(changes, memory_that_moved_is_recorded_anew);
    tcase_add_test(changes, a_closed_buffer_is_found_before_anything_is_given);
    tcase_add_test(changes, a_mapped_buffer_is_busy);
    tcase_add_test(changes, routes_that_change_are_followed);
    suite_add_tcase(s, one);
    suite_add_tcase(s, changes);
    return kit_main(s);
}
