/* SPDX-License-Identifier: MIT */
/* test_joins.c - calls share the ticket of the work before them (join.c), and closed flights become
 * other calls (again.c): what is in the air, whom they keep their order with, and how their
 * failures are told. */
#include "exec/stream.h"
#include "plugin/registry.h"
#include "toy_streams.h"

/* Who computes is known, and so is the device's link: from here on the caller's thread launches. */
static void warm_up(vane_stream *s)
{
    for (int i = 0; i < 3; i++) {
        GOOD(vane_add_async(s, &tb, &tb, &ta));
        GOOD(vane_stream_wait(s));
    }
}

/* Places of n calls in a row: a mark covers so many; one call in 64 that is heard (exec/give.c) has
 * a place of its own, and those after it begin another. */
#define PLACES(n) (1 + (n) / VANE__MARK_MOST + 1 + 2 * (1 + (n) / 64))

static uint32_t trails_of(vane_stream *s)
{
    uint32_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (const vane__trail *t = s->air; t != NULL; t = t->next)
        n++;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- what is in the air ------------------------------------------------------------------- */

START_TEST(like_calls_share_a_place)
{
    warm_up(on_toy);
    int before = toy.launches;
    toy_gate(1);
    for (int i = 0; i < 64; i++)
        GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    ck_assert_int_eq(toy.launches - before, 64);
    ck_assert_uint_eq(on_toy->in_air, 64);
    ck_assert_uint_le(trails_of(on_toy), PLACES(64));
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    ck_assert_uint_eq(on_toy->in_air, 0);
    expect_at(ctx, a, 0, 10);
}
END_TEST

START_TEST(in_place_each_of_them_counts)
{
    warm_up(on_toy);
    toy_gate(1);
    for (int i = 0; i < 100; i++)
        GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
    ck_assert_uint_le(trails_of(on_toy), PLACES(100));
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, N - 1, 2 * 68 + 100 * 68); /* b is 5, 6, ... 68 */
}
END_TEST

START_TEST(operands_that_rotate_share_a_place)
{
    vane_buffer out[5];
    vane_tensor t[5];
    char name[8];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "out%d", i);
        out[i] = buffer_of(ctx, name, N, (float)i);
        t[i] = in_buffer(out[i], 0, N);
    }
    warm_up(on_toy);
    for (int round = 0; round < 3; round++) {
        toy_gate(1);
        for (int i = 0; i < 60; i++) /* each adds b to the one after it */
            GOOD(vane_add_async(on_toy, &t[i % 5], &tb, &t[(i + 1) % 5]));
        if (round > 0) /* all of them are there */
            ck_assert_uint_le(trails_of(on_toy), PLACES(60));
        toy_gate(0);
        GOOD(vane_stream_wait(on_toy));
    }
    expect_at(ctx, out[0], 0, 3 * 60 * 5);
    expect_at(ctx, out[0], N - 1, N - 1 + 3 * 60 * 68);
}
END_TEST

START_TEST(other_parts_and_other_buffers)
{
    vane_buffer c = buffer_of(ctx, "c", N, 7);
    vane_tensor tc = in_buffer(c, 0, N), half = in_buffer(a, 0, N / 2),
                from = in_buffer(b, 0, N / 2);
    warm_up(on_toy);
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_add_async(on_toy, &tb, &tc, &ta));
    GOOD(vane_add_async(on_toy, &from, &from, &half));
    GOOD(vane_add_async(on_toy, &tb, &tb, &tc));
    toy_gate(0);
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10);
    expect_at(ctx, a, N - 1, 68 + 70);
    expect_at(ctx, c, 0, 10);
}
END_TEST

/* ---- order -------------------------------------------------------------------------------- */

START_TEST(who_reads_between_sees_what_was_before)
{
    vane_buffer c = buffer_empty(ctx, "c", N);
    vane_tensor tc = in_buffer(c, 0, N);
    vane_stream *other;
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    warm_up(on_toy);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 3; i++)
            GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
        GOOD(vane_copy_async(other, &ta, &tc));
        for (int i = 0; i < 3; i++)
            GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
        GOOD(vane_stream_wait(other));
        expect_at(ctx, c, 0, (float)(10 + round * 30 + 15));
    }
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10 + 20 * 30);
    GOOD(vane_stream_close(other));
}
END_TEST

/* Work of two streams under one mark, each reading what the other wrote: neither may wait for the
 * other's end. */
START_TEST(two_streams_on_one_queue)
{
    enum { STREAMS = 8 }; /* more than the toy has queues */
    vane_stream *more[STREAMS], *twin = NULL;
    vane_buffer x = buffer_of(ctx, "x", N, 0), y = buffer_of(ctx, "y", N, 0),
                z = buffer_of(ctx, "z", N, 0);
    vane_tensor tx = in_buffer(x, 0, N), ty = in_buffer(y, 0, N), tz = in_buffer(z, 0, N);
    warm_up(on_toy);
    for (int i = 0; i < STREAMS; i++) {
        GOOD(vane_stream_open(ctx, toy_index(ctx), &more[i]));
        warm_up(more[i]);
        if (twin == NULL && more[i]->tail != NULL &&
            more[i]->queues[more[i]->n_queues - 1] == on_toy->queues[on_toy->n_queues - 1])
            twin = more[i];
    }
    ck_assert_ptr_nonnull(twin);
    for (int i = 0; i < 3; i++) { /* who computes is known of these, too */
        GOOD(vane_add_async(on_toy, &tb, &tb, &tx));
        GOOD(vane_add_async(on_toy, &tx, &tx, &ty));
        GOOD(vane_add_async(on_toy, &ty, &ty, &tz));
        GOOD(vane_stream_wait(on_toy));
    }
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_add_async(twin, &tb, &tb, &tz));
    GOOD(vane_add_async(on_toy, &tb, &tb, &tx));
    GOOD(vane_add_async(twin, &tx, &tx, &ty));
    GOOD(vane_add_async(on_toy, &ty, &ty, &tz));
    toy_gate(0);
    GOOD(vane_stream_wait(twin));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, z, 0, 40);
    for (int i = 0; i < STREAMS; i++)
        GOOD(vane_stream_close(more[i]));
}
END_TEST

START_TEST(the_host_writes_between)
{
    warm_up(on_toy);
    for (int round = 0; round < 20; round++) {
        const float x = (float)round;
        for (int i = 0; i < 4; i++)
            GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
        GOOD(vane_buffer_write(ctx, a, 0, &x, sizeof x));
        for (int i = 0; i < 4; i++)
            GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
        expect_at(ctx, a, 0, x + 20);
    }
    GOOD(vane_stream_wait(on_toy));
}
END_TEST

START_TEST(a_fence_among_them)
{
    vane_fence *f;
    warm_up(on_toy);
    toy_gate(1);
    for (int i = 0; i < 20; i++) {
        GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
        if (i == 5)
            GOOD(vane_stream_record(on_toy, &f));
    }
    ck_assert_int_eq(vane_fence_wait(f, 0), VANE_E_TIMEOUT);
    toy_gate(0);
    GOOD(vane_fence_wait(f, UINT64_MAX));
    vane_fence_close(f);
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10 + 20 * 5);
}
END_TEST

static atomic_int is_over;

static void *waits(void *unused)
{
    while (!atomic_load(&is_over)) {
        if (vane_stream_poll(on_toy) != VANE_E_BUSY)
            GOOD(vane_stream_wait(on_toy));
    }
    return unused;
}

START_TEST(somebody_waits_meanwhile)
{
    pthread_t waiter;
    warm_up(on_toy);
    atomic_store(&is_over, 0);
    ck_assert_int_eq(pthread_create(&waiter, NULL, waits, NULL), 0);
    for (int i = 0; i < 2000; i++)
        GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
    GOOD(vane_stream_wait(on_toy));
    atomic_store(&is_over, 1);
    ck_assert_int_eq(pthread_join(waiter, NULL), 0);
    ck_assert_uint_eq(on_toy->in_air, 0);
    expect_at(ctx, a, 0, 10 + 2000 * 5);
}
END_TEST

/* ---- failures ------------------------------------------------------------------------------- */

START_TEST(a_failure_among_them_has_its_name)
{
    vane_fence *f;
    warm_up(on_toy);
    GOOD(vane_neg_async(on_toy, &tb, &ta)); /* breaks on the toy, later */
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg: the toy broke");
    toy_gate(1);
    for (int i = 0; i < 6; i++)
        GOOD(vane_neg_async(on_toy, &tb, &ta));
    GOOD(vane_stream_record(on_toy, &f));
    toy_gate(0);
    FAILS(vane_fence_wait(f, UINT64_MAX), VANE_E_INTERNAL, "neg");
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    vane_fence_close(f);
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10);
}
END_TEST

START_TEST(what_each_of_them_should_have_written_is_not_there)
{
    vane_buffer c = buffer_of(ctx, "c", N, 7), d = buffer_of(ctx, "d", N, 8);
    vane_tensor tc = in_buffer(c, 0, N), td = in_buffer(d, 0, N), half = in_buffer(a, 0, N / 2),
                other = in_buffer(a, N / 2, N / 2), from = in_buffer(b, 0, N / 2);
    float x[N];
    warm_up(on_toy);
    GOOD(vane_neg_async(on_toy, &tb, &ta));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg: the toy broke");
    GOOD(vane_neg_async(on_toy, &from, &half));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg: the toy broke");
    toy_gate(1);
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta)); /* well, and by itself */
    GOOD(vane_neg_async(on_toy, &tb, &tc));
    GOOD(vane_add_async(on_toy, &tc, &tb, &td));
    GOOD(vane_neg_async(on_toy, &from, &half));
    GOOD(vane_add_async(on_toy, &from, &from, &other));
    toy_gate(0);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "the toy broke");
    FAILS(vane_buffer_read(ctx, c, 0, x, sizeof x), VANE_E_INTERNAL, "the toy broke");
    FAILS(vane_buffer_read(ctx, d, 0, x, sizeof x), VANE_E_INTERNAL, "the toy broke");
    FAILS(vane_buffer_read(ctx, a, 0, x, sizeof x), VANE_E_INTERNAL, "the toy broke");
    ck_assert_uint_eq(on_toy->in_air, 0);
    GOOD(vane_add_async(on_toy, &tb, &tb, &td));
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, d, 0, 10);
    FAILS(vane_buffer_read(ctx, c, 0, x, sizeof x), VANE_E_INTERNAL, "the toy broke");
}
END_TEST

START_TEST(who_reads_what_failed_before_fails)
{
    vane_buffer c = buffer_of(ctx, "c", N, 7), d = buffer_of(ctx, "d", N, 8);
    vane_tensor tc = in_buffer(c, 0, N), td = in_buffer(d, 0, N);
    float x[N];
    warm_up(on_toy);
    GOOD(vane_neg_async(on_toy, &tb, &ta));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg: the toy broke");
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &tb, &tc)); /* has a mark of its own: nothing is in the air */
    for (int i = 0; i < 8; i++)
        GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_add_async(on_toy, &tc, &tb, &td));
    toy_gate(0);
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    FAILS(vane_buffer_read(ctx, d, 0, x, sizeof x), VANE_E_INTERNAL, "the toy broke");
}
END_TEST

static int left;

static vane_status fails_in_the_end(vane_queue *q, const vane_kernel *k, const vane_call *call,
                                    vane_event **out)
{
    if (left-- > 0)
        return toy_launch(q, k, call, out);
    return toy_fail(VANE_E_INTERNAL, "the toy takes no more");
}

START_TEST(one_that_cannot_be_launched)
{
    vane__backend *the_toy = vane__registry_find(&ctx->registry, "toy");
    ck_assert_ptr_nonnull(the_toy);
    warm_up(on_toy);
    left = 5;
    the_toy->vt.launch = fails_in_the_end;
    toy_gate(1);
    for (int i = 0; i < 5; i++)
        GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
    toy_gate(0);
    GOOD(vane_add_async(on_toy, &ta, &tb, &ta));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "add");
    the_toy->vt.launch = toy_launch;
    ck_assert_uint_eq(on_toy->in_air, 0);
}
END_TEST

START_TEST(a_buffer_that_is_mapped_or_closed)
{
    void *data;
    warm_up(on_toy);
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_buffer_map(ctx, b, 0, N * sizeof(float), VANE_MAP_READ | VANE_MAP_WRITE, &data));
    FAILS(vane_add_async(on_toy, &tb, &tb, &ta), VANE_E_BUSY, "mapped");
    GOOD(vane_buffer_unmap(ctx, b, data));
    GOOD(vane_add_async(on_toy, &tb, &tb, &ta));
    GOOD(vane_buffer_close(ctx, b));
    FAILS(vane_add_async(on_toy, &tb, &tb, &ta), VANE_E_ARGUMENT, "closed");
    GOOD(vane_stream_wait(on_toy));
    expect_at(ctx, a, 0, 10);
}
END_TEST

/* ---- flights become other calls ------------------------------------------------------------- */

START_TEST(operands_elsewhere)
{
    vane_buffer c = buffer_of(ctx, "c", N, 7);
    vane_tensor out = in_buffer(a, 0, 16), x = in_buffer(b, 0, 16), y = in_buffer(b, 0, 16);
    warm_up(on_toy);
    for (uint32_t i = 0; i < 32; i++) { /* one flight, the second input in two buffers by turns */
        out.offset_bytes = (i % 4) * 64;
        y.buffer = i % 2 ? c : b;
        y.offset_bytes = (i % 3) * 64;
        GOOD(vane_add_async(on_toy, &x, &y, &out));
        GOOD(vane_stream_wait(on_toy));
        expect_at(ctx, a, (i % 4) * 16 + 3, (float)(11 + (i % 2 ? 7u : 5u) + (i % 3) * 16));
    }
}
END_TEST

START_TEST(operands_where_they_may_not_be)
{
    vane_buffer c = buffer_of(ctx, "c", N, 7), small = buffer_of(ctx, "small", 8, 1);
    vane_tensor out = in_buffer(a, 0, 16), x = in_buffer(b, 0, 16), y = in_buffer(b, 0, 16), bad;
    warm_up(on_toy);
    GOOD(vane_add_async(on_toy, &x, &y, &out));
#define TRY(field, value, st, words)            \
    bad = y;                                    \
    bad.field = (value);                        \
    GOOD(vane_add_async(on_toy, &x, &y, &out)); \
    FAILS(vane_add_async(on_toy, &x, &bad, &out), st, words)
    TRY(offset_bytes, N * sizeof(float) - 60, VANE_E_ARGUMENT, "reaches from byte");
    TRY(offset_bytes, UINT64_MAX - 8, VANE_E_ARGUMENT, "reaches from byte");
    TRY(offset_bytes, 2, VANE_E_ARGUMENT, "expected a multiple of 4");
    TRY(buffer, small, VANE_E_ARGUMENT, "reaches from byte");
    TRY(buffer.id, 77, VANE_E_ARGUMENT, "buffer");
    GOOD(vane_buffer_close(ctx, c));
    TRY(buffer, c, VANE_E_ARGUMENT, "closed");
    y.buffer = a;
    y.offset_bytes = 64;
    GOOD(vane_add_async(on_toy, &x, &y, &out));
    y.offset_bytes = 32;
    FAILS(vane_add_async(on_toy, &x, &y, &out), VANE_E_OVERLAP, "overlaps");
    GOOD(vane_stream_wait(on_toy));
#undef TRY
}
END_TEST

int main(void)
{
    Suite *s = suite_create("calls that join the work before them");
    TCase *t = tcase_create("joins");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, like_calls_share_a_place);
    tcase_add_test(t, in_place_each_of_them_counts);
    tcase_add_test(t, operands_that_rotate_share_a_place);
    tcase_add_test(t, other_parts_and_other_buffers);
    tcase_add_test(t, who_reads_between_sees_what_was_before);
    tcase_add_test(t, two_streams_on_one_queue);
    tcase_add_test(t, the_host_writes_between);
    tcase_add_test(t, a_fence_among_them);
    tcase_add_test(t, somebody_waits_meanwhile);
    tcase_add_test(t, a_failure_among_them_has_its_name);
    tcase_add_test(t, what_each_of_them_should_have_written_is_not_there);
    tcase_add_test(t, who_reads_what_failed_before_fails);
    tcase_add_test(t, one_that_cannot_be_launched);
    tcase_add_test(t, a_buffer_that_is_mapped_or_closed);
    tcase_add_test(t, operands_elsewhere);
    tcase_add_test(t, operands_where_they_may_not_be);
    suite_add_tcase(s, t);
    return kit_main(s);
}
