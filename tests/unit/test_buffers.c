/* SPDX-License-Identifier: MIT */
/* test_buffers.c - what vane.h promises of buffers, one promise after the other. */
#include "toy_kit.h"

enum { N = 256, BYTES = N * 4 };

static vane_context *ctx;

static void setup(void)
{
    ctx = toy_context(0, 0);
}

static void teardown(void)
{
    toy_context_close(ctx);
}

/* ---- what is current where --------------------------------------------------------- */

START_TEST(the_state_follows_the_data)
{
    vane_buffer a = buffer_empty(ctx, "a", N), b = buffer_empty(ctx, "b", N);
    vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N);
    float x[N] = {0};
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_NONE);
    FAILS(vane_buffer_read(ctx, a, 0, x, BYTES), VANE_E_ARGUMENT, "'a', which nothing has written");
    FAILS(vane_add(ctx, &ta, &ta, &tb), VANE_E_ARGUMENT, "nothing has written");
    GOOD(vane_buffer_write(ctx, a, 0, x, BYTES));
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_HOST);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb));
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_BOTH);
    ck_assert_uint_eq(info_of(ctx, b).state, VANE_BUFFER_DEVICE);
    ck_assert_uint_eq(info_of(ctx, b).device_bytes, BYTES);
    expect_at(ctx, b, N - 1, 0);
    ck_assert_uint_eq(info_of(ctx, b).state, VANE_BUFFER_BOTH);
    GOOD(vane_buffer_write(ctx, a, 0, x, BYTES)); /* the device's copy is old from now on */
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_HOST);
    ck_assert_uint_eq(info_of(ctx, a).devices, 1);
}
END_TEST

START_TEST(only_the_bytes_that_are_needed_move)
{
    vane_buffer a = buffer_of(ctx, "a", 4096, 1), b = buffer_empty(ctx, "b", 4096);
    vane_tensor ta = in_buffer(a, 100, 16), tb = in_buffer(b, 8, 16);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb));
    ck_assert_uint_eq(info_of(ctx, a).up_bytes, 64);
    ck_assert_uint_eq(info_of(ctx, b).up_bytes, 0);
    expect_at(ctx, b, 8, 2);
    ck_assert_uint_eq(info_of(ctx, b).down_bytes, 4);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb)); /* is there already */
    ck_assert_uint_eq(info_of(ctx, a).up_bytes, 64);
}
END_TEST

START_TEST(a_chain_moves_its_bytes_once_each_way)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    vane_tensor t = in_buffer(a, 0, N);
    vane_memory before = {.struct_size = sizeof before}, after = before;
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    GOOD(vane_memory_get(ctx, VANE_HOST, &before)); /* with the link's measurement behind us */
    for (int i = 0; i < 9; i++)
        GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    expect_at(ctx, a, 0, 1024);
    GOOD(vane_memory_get(ctx, VANE_HOST, &after));
    ck_assert_uint_eq(info_of(ctx, a).up_bytes, BYTES);
    ck_assert_uint_eq(after.up_bytes, before.up_bytes);
    ck_assert_uint_eq(after.down_bytes - before.down_bytes, 4);
}
END_TEST

START_TEST(on_shared_memory_nothing_moves)
{
    toy_context_close(ctx);
    ctx = toy_context(VANE_CAP_UNIFIED, 0);
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    vane_tensor t = in_buffer(a, 0, N);
    for (int i = 0; i < 10; i++)
        GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    expect_at(ctx, a, 2, 3 * 1024);
    vane_buffer_info info = info_of(ctx, a);
    ck_assert_uint_eq(info.up_bytes + info.down_bytes + info.peer_bytes, 0);
    ck_assert_uint_eq(info.state, VANE_BUFFER_BOTH);
}
END_TEST

START_TEST(one_device_hands_over_to_the_other)
{
    toy_context_close(ctx);
    toy.n_devices = 2;
    ctx = toy_context(0, 0);
    vane_buffer a = buffer_of(ctx, "a", N, 1), b = buffer_empty(ctx, "b", N);
    vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N);
    vane_stream *first, *s;
    GOOD(vane_stream_open(ctx, toy_index(ctx), &first));
    GOOD(vane_stream_open(ctx, toy_index(ctx) + 1, &s));
    GOOD(vane_add_async(first, &ta, &ta, &tb));
    GOOD(vane_add_async(s, &tb, &tb, &tb));
    GOOD(vane_stream_close(first));
    GOOD(vane_stream_close(s));
    expect_at(ctx, b, 1, 8);
    ck_assert_uint_eq(info_of(ctx, b).peer_bytes, BYTES);
    ck_assert_uint_eq(info_of(ctx, b).up_bytes, 0);
    ck_assert_uint_eq(info_of(ctx, b).devices, 2);
}
END_TEST

START_TEST(prefetch_brings_it_there_and_home)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    uint32_t toy0 = toy_index(ctx);
    GOOD(vane_buffer_prefetch(ctx, a, toy0));
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_BOTH);
    ck_assert_uint_eq(info_of(ctx, a).up_bytes, BYTES);
    vane_tensor t = in_buffer(a, 0, N);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_DEVICE);
    GOOD(vane_buffer_prefetch(ctx, a, VANE_HOST));
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_BOTH);
    ck_assert_uint_eq(info_of(ctx, a).down_bytes, BYTES);
    FAILS(vane_buffer_prefetch(ctx, a, 99), VANE_E_ARGUMENT, "99");
    vane_buffer none = buffer_empty(ctx, "none", 4);
    FAILS(vane_buffer_prefetch(ctx, none, toy0), VANE_E_ARGUMENT, "nothing has written");
}
END_TEST

/* ---- handles ----------------------------------------------------------------------- */

static void refuse(vane_buffer b, const char *says)
{
    float x[4] = {0};
    void *p;
    vane_buffer_info info = {.struct_size = sizeof info};
    vane_tensor t = in_buffer(b, 0, 4), out = TENSOR(x, VANE_F32, 4);
    FAILS(vane_buffer_read(ctx, b, 0, x, 4), VANE_E_ARGUMENT, says);
    FAILS(vane_buffer_write(ctx, b, 0, x, 4), VANE_E_ARGUMENT, says);
    FAILS(vane_buffer_map(ctx, b, 0, 4, VANE_MAP_READ, &p), VANE_E_ARGUMENT, says);
    FAILS(vane_buffer_unmap(ctx, b, x), VANE_E_ARGUMENT, says);
    FAILS(vane_buffer_prefetch(ctx, b, VANE_HOST), VANE_E_ARGUMENT, says);
    FAILS(vane_buffer_info_get(ctx, b, &info), VANE_E_ARGUMENT, says);
    FAILS(vane_buffer_close(ctx, b), VANE_E_ARGUMENT, says);
    if (b.id != 0)
        FAILS(vane_relu(ctx, &t, &out), VANE_E_ARGUMENT, says);
}

START_TEST(handles_that_are_none_stale_or_foreign)
{
    vane_context *other = kit_context();
    vane_buffer a = buffer_of(ctx, "a", 4, 1), foreign = buffer_of(other, "f", 4, 1);
    refuse((vane_buffer){0}, "is no buffer");
    refuse((vane_buffer){a.id ^ 0x7fffff}, "is no buffer");
    refuse(foreign, "of context");
    GOOD(vane_buffer_close(ctx, a));
    refuse(a, "closed");
    vane_buffer again = buffer_of(ctx, "again", 4, 1);
    ck_assert_uint_ne(again.id, a.id);
    refuse(a, "closed");
    vane_close(other);
}
END_TEST

START_TEST(arguments_that_cannot_be)
{
    vane_buffer a = buffer_of(ctx, "a", 4, 1), b;
    float x[8] = {0};
    void *p;
    vane_tensor out = TENSOR(x, VANE_F32, 4), beyond = in_buffer(a, 1, 4);
    FAILS(vane_buffer_open(ctx, 4, "x", NULL), VANE_E_ARGUMENT, "out is NULL");
    FAILS(vane_buffer_open(ctx, UINT64_MAX, "x", &b), VANE_E_OVERFLOW, "bytes");
    FAILS(vane_buffer_open(ctx, UINT64_C(1) << 60, "vast", &b), VANE_E_NOMEM, "vast");
    FAILS(vane_buffer_wrap(ctx, NULL, 4, "x", &b), VANE_E_ARGUMENT, "host is NULL");
    FAILS(vane_buffer_read(ctx, a, 12, x, 8), VANE_E_ARGUMENT, "outside buffer 'a'");
    FAILS(vane_buffer_write(ctx, a, UINT64_MAX, x, 8), VANE_E_ARGUMENT, "outside buffer 'a'");
    FAILS(vane_buffer_write(ctx, a, 0, NULL, 8), VANE_E_ARGUMENT, "from is NULL");
    FAILS(vane_buffer_read(ctx, a, 0, NULL, 8), VANE_E_ARGUMENT, "to is NULL");
    FAILS(vane_buffer_map(ctx, a, 0, 4, 0, &p), VANE_E_ARGUMENT, "intent");
    FAILS(vane_buffer_map(ctx, a, 0, 4, 4, &p), VANE_E_ARGUMENT, "intent");
    FAILS(vane_buffer_map(ctx, a, 0, 4, VANE_MAP_READ, NULL), VANE_E_ARGUMENT, "out is NULL");
    FAILS(vane_buffer_unmap(ctx, a, x), VANE_E_ARGUMENT, "unmap");
    FAILS(vane_relu(ctx, &beyond, &out), VANE_E_ARGUMENT, "buffer 'a', which has 16");
    beyond.offset_bytes = UINT64_MAX - 3;
    FAILS(vane_relu(ctx, &beyond, &out), VANE_E_ARGUMENT, "buffer 'a'");
}
END_TEST

START_TEST(small_things)
{
    vane_buffer none, named;
    vane_tensor empty;
    GOOD(vane_buffer_open(ctx, 0, NULL, &none));
    empty = vane_tensor_in(none, 0, VANE_F32, 1, (int64_t[]){0});
    GOOD(vane_relu(ctx, &empty, &empty));
    GOOD(vane_buffer_write(ctx, none, 0, NULL, 0));
    GOOD(vane_buffer_open(ctx, 4, "a name that is far longer than thirty-one bytes", &named));
    ck_assert_str_eq(info_of(ctx, named).name, "a name that is far longer than ");
    ck_assert_str_eq(info_of(ctx, none).name, "");
    GOOD(vane_buffer_close(ctx, none));
}
END_TEST

/* ---- map --------------------------------------------------------------------------- */

START_TEST(what_is_mapped_is_busy)
{
    vane_buffer a = buffer_of(ctx, "a", 4, 1), b = buffer_of(ctx, "b", 4, 1);
    vane_tensor ta = in_buffer(a, 0, 4), tb = in_buffer(b, 0, 4);
    float x[4] = {0};
    void *p, *q;
    GOOD(vane_buffer_map(ctx, a, 0, 16, VANE_MAP_READ, &p));
    GOOD(vane_buffer_map(ctx, a, 4, 4, VANE_MAP_READ, &q));
    ck_assert_uint_eq(info_of(ctx, a).maps, 2);
    ck_assert_float_eq(((float *)p)[3], 4);
    ck_assert_ptr_eq(q, (char *)p + 4);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb)); /* both read */
    FAILS(vane_add(ctx, &tb, &tb, &ta), VANE_E_BUSY, "'a' is mapped");
    FAILS(vane_buffer_write(ctx, a, 0, x, 4), VANE_E_BUSY, "'a' is mapped");
    FAILS(vane_buffer_map(ctx, a, 0, 4, VANE_MAP_WRITE, &q), VANE_E_BUSY, "'a' is mapped");
    GOOD(vane_buffer_unmap(ctx, a, p));
    GOOD(vane_buffer_unmap(ctx, a, p));
    FAILS(vane_buffer_unmap(ctx, a, p), VANE_E_ARGUMENT, "not mapped");
    GOOD(vane_buffer_map(ctx, a, 0, 16, VANE_MAP_READ | VANE_MAP_WRITE, &p));
    FAILS(vane_add(ctx, &ta, &ta, &tb), VANE_E_BUSY, "'a' is mapped");
    FAILS(vane_buffer_read(ctx, a, 0, x, 4), VANE_E_BUSY, "'a' is mapped");
    FAILS(vane_buffer_prefetch(ctx, a, toy_index(ctx)), VANE_E_BUSY, "'a' is mapped");
    ((float *)p)[0] = 50;
    GOOD(vane_buffer_unmap(ctx, a, p));
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb)); /* the device's copy was old */
    expect_at(ctx, b, 0, 100);
    expect_at(ctx, b, 3, 8);
}
END_TEST

START_TEST(map_to_write_brings_nothing_home)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    vane_tensor t = in_buffer(a, 0, N);
    void *p;
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    GOOD(vane_buffer_map(ctx, a, 0, BYTES / 2, VANE_MAP_WRITE, &p));
    memset(p, 0, BYTES / 2);
    GOOD(vane_buffer_unmap(ctx, a, p));
    ck_assert_uint_eq(info_of(ctx, a).down_bytes, 0);
    expect_at(ctx, a, 0, 0);
    expect_at(ctx, a, N / 2, 2 * (1 + (float)(N / 2 % 100)));
    ck_assert_uint_eq(info_of(ctx, a).down_bytes, 4);
}
END_TEST

/* ---- wrapped memory, mixtures ------------------------------------------------------ */

START_TEST(wrapped_memory_has_the_results_after_the_close)
{
    float x[4] = {1, 2, 3, 4};
    vane_buffer a;
    GOOD(vane_buffer_wrap(ctx, x, sizeof x, "mine", &a));
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_HOST);
    vane_tensor t = in_buffer(a, 0, 4), half = in_buffer(a, 2, 2);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    GOOD(call_on(ctx, "scalar", VANE_OP_RELU, &half, NULL, &half));
    GOOD(call_on(ctx, "toy", VANE_OP_MUL, &half, &half, &half));
    GOOD(vane_buffer_close(ctx, a));
    EXPECT(x, 2, 4, 36, 64);
}
END_TEST

START_TEST(host_memory_and_buffers_in_one_call)
{
    float x[4] = {1, 2, 3, 4}, y[4] = {0};
    vane_buffer a = buffer_of(ctx, "a", 4, 10);
    vane_tensor host = TENSOR(x, VANE_F32, 4), out = TENSOR(y, VANE_F32, 4), t = in_buffer(a, 0, 4);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &host, &t, &out));
    EXPECT(y, 11, 13, 15, 17);
    GOOD(call_on(ctx, "scalar", VANE_OP_ADD, &out, &t, &t));
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &host, &host, &out));
    EXPECT(y, 2, 4, 6, 8);
    expect_at(ctx, a, 3, 30);
    vane_tensor shifted = in_buffer(a, 1, 3), first = in_buffer(a, 0, 3);
    FAILS(vane_add(ctx, &first, &first, &shifted), VANE_E_OVERLAP, "overlap");
}
END_TEST

START_TEST(gaps_of_an_output_stay_as_they_are)
{
    vane_buffer a = buffer_of(ctx, "a", 8, 0);
    vane_tensor even = in_buffer(a, 0, 4), odd = in_buffer(a, 1, 4);
    even.stride[0] = odd.stride[0] = 2;
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &odd, &odd, &even));
    float want[8] = {2, 1, 6, 3, 10, 5, 14, 7}, got[8];
    GOOD(vane_buffer_read(ctx, a, 0, got, sizeof got));
    ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

/* ---- room -------------------------------------------------------------------------- */

START_TEST(a_full_device_sends_buffers_home)
{
    enum { COUNT = 8, LARGE = 75000 };
    vane_buffer all[COUNT];
    toy_context_close(ctx);
    ctx = toy_context(0, 1);
    vane_memory m = {.struct_size = sizeof m};
    for (uint32_t i = 0; i < COUNT; i++)
        all[i] = buffer_of(ctx, "large", LARGE, (float)i);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < COUNT; i++) {
            vane_tensor t = in_buffer(all[i], 0, LARGE);
            GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
            GOOD(vane_memory_get(ctx, toy_index(ctx), &m));
            ck_assert_uint_le(m.used_bytes + m.cached_bytes, UINT64_C(1) << 20);
        }
    ck_assert_uint_eq(m.limit_bytes, UINT64_C(1) << 20);
    ck_assert_uint_ge(m.evictions, COUNT - 3);
    for (uint32_t i = 0; i < COUNT; i++)
        expect_at(ctx, all[i], 7, 4 * (float)(i + 7));
}
END_TEST

START_TEST(too_large_for_the_device_goes_elsewhere)
{
    enum { LARGE = 3 << 20 };
    vane_buffer a = buffer_of(ctx, "vast", LARGE, 1);
    vane_tensor t = in_buffer(a, 0, LARGE);
    GOOD(vane_set_priority(ctx, "toy"));
    GOOD(vane_add(ctx, &t, &t, &t));
    expect_at(ctx, a, LARGE - 1, 2 * (1 + (float)((LARGE - 1) % 100)));
    ck_assert_int_eq(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t), VANE_E_NOMEM);
    expect_at(ctx, a, 0, 2);
}
END_TEST

START_TEST(cached_memory_is_given_back)
{
    uint32_t toy0 = toy_index(ctx);
    vane_memory m = {.struct_size = sizeof m};
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    GOOD(vane_buffer_prefetch(ctx, a, toy0));
    GOOD(vane_memory_get(ctx, toy0, &m));
    ck_assert_uint_eq(m.buffers, 1);
    ck_assert_uint_ge(m.used_bytes, BYTES);
    GOOD(vane_buffer_close(ctx, a));
    GOOD(vane_memory_get(ctx, toy0, &m));
    ck_assert_uint_eq(m.buffers, 0);
    ck_assert_uint_eq(m.used_bytes, 0);
    ck_assert_uint_ge(m.cached_bytes, BYTES);
    ck_assert_uint_ge(m.peak_bytes, BYTES);
    GOOD(vane_memory_trim(ctx));
    GOOD(vane_memory_get(ctx, toy0, &m));
    ck_assert_uint_eq(m.cached_bytes, 0);
    ck_assert_int_eq(toy.mem, 0);
}
END_TEST

/* ---- failure ----------------------------------------------------------------------- */

START_TEST(an_op_that_fails_there_is_done_elsewhere)
{
    vane_buffer a = buffer_of(ctx, "a", 4, 1), b = buffer_of(ctx, "b", 4, 9);
    vane_tensor ta = in_buffer(a, 0, 4), tb = in_buffer(b, 0, 4);
    GOOD(vane_set_priority(ctx, "toy"));
    GOOD(vane_sqrt(ctx, &ta, &tb)); /* refused at launch */
    expect_at(ctx, b, 3, 2);
    GOOD(vane_neg(ctx, &ta, &ta)); /* fails after it, in place */
    expect_at(ctx, a, 0, -1);
    ck_assert_int_eq(call_on(ctx, "toy", VANE_OP_SQRT, &ta, NULL, &tb), VANE_E_BUSY);
    expect_at(ctx, b, 3, 2);
}
END_TEST

START_TEST(in_place_where_only_the_device_had_it)
{
    vane_buffer a = buffer_of(ctx, "a", 4, 1);
    vane_tensor t = in_buffer(a, 0, 4);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    ck_assert_int_eq(call_on(ctx, "toy", VANE_OP_SQRT, &t, NULL, &t), VANE_E_BUSY);
    expect_at(ctx, a, 0, 2); /* nothing was launched: the content is what it was */
}
END_TEST

START_TEST(a_lost_device_is_left)
{
    float x[4] = {1, 2, 3, 4};
    vane_buffer both = buffer_of(ctx, "both", 4, 1), gone = buffer_empty(ctx, "gone", 4), mine;
    vane_tensor tb = in_buffer(both, 0, 4), tg = in_buffer(gone, 0, 4),
                host = TENSOR(x, VANE_F32, 4);
    GOOD(vane_buffer_wrap(ctx, x, sizeof x, "mine", &mine));
    vane_tensor tm = in_buffer(mine, 0, 4);
    uint32_t toy0 = toy_index(ctx);
    GOOD(vane_set_priority(ctx, "toy"));
    GOOD(vane_add(ctx, &tb, &tb, &tg));
    GOOD(vane_add(ctx, &tm, &tm, &tm));
    ck_assert_uint_eq(info_of(ctx, gone).state, VANE_BUFFER_DEVICE);
    vane_buffer out = buffer_empty(ctx, "out", 4);
    vane_tensor to = in_buffer(out, 0, 4);
    GOOD(vane_abs(ctx, &tb, &to)); /* the device dies of it; elsewhere it is done */
    expect_at(ctx, out, 3, 4);
    ck_assert_uint_eq(info_of(ctx, gone).state, VANE_BUFFER_NONE);
    FAILS(vane_relu(ctx, &tg, &to), VANE_E_DEVICE_LOST, "'gone'");
    FAILS(vane_buffer_read(ctx, gone, 0, x, 4), VANE_E_DEVICE_LOST, "'gone'");
    FAILS(vane_buffer_prefetch(ctx, both, toy0), VANE_E_DEVICE_LOST, "toy0");
    FAILS(vane_buffer_close(ctx, mine), VANE_E_DEVICE_LOST, "'mine'");
    GOOD(vane_add(ctx, &tb, &tb, &tg)); /* new content: it is good again */
    expect_at(ctx, gone, 3, 8);
    (void)host;
}
END_TEST

START_TEST(what_is_still_open_is_named)
{
    buffer_of(ctx, "forgotten", 4, 1);
    GOOD(vane_buffer_close(ctx, buffer_of(ctx, "closed", 4, 1)));
    toy_context_close(ctx);
    ck_assert_ptr_nonnull(strstr(toy_log, "'forgotten' (16 bytes)"));
    ck_assert_ptr_null(strstr(toy_log, "'closed'"));
    ctx = toy_context(0, 0);
}
END_TEST

/* ---- plans and reasons ------------------------------------------------------------- */

START_TEST(a_plan_over_buffers)
{
    vane_buffer a = buffer_of(ctx, "a", 4, 1);
    vane_tensor t = in_buffer(a, 0, 4);
    const vane_tensor *const in[] = {&t, &t};
    vane_tensor *const out[] = {&t};
    vane_plan *plan;
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &plan));
    GOOD(vane_plan_run(plan));
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    GOOD(vane_plan_run(plan));
    expect_at(ctx, a, 3, 32);
    GOOD(vane_buffer_close(ctx, a));
    FAILS(vane_plan_run(plan), VANE_E_ARGUMENT, "closed");
    vane_plan_close(plan);
}
END_TEST

static double transfer_of(const vane_decision *d, const char *backend)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (strcmp(d->candidates[i].backend, backend) == 0)
            return d->candidates[i].transfer_ns;
    return -1;
}

START_TEST(to_be_elsewhere_costs)
{
    vane_buffer a = buffer_of(ctx, "a", 65536, 1), b = buffer_empty(ctx, "b", 65536);
    vane_tensor ta = in_buffer(a, 0, 65536), tb = in_buffer(b, 0, 65536);
    const vane_tensor *const in[] = {&ta, &ta};
    vane_tensor *const out[] = {&tb};
    vane_decision d = {.struct_size = sizeof d};
    GOOD(vane_explain(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &d));
    ck_assert_double_gt(transfer_of(&d, "toy"), 0);
    ck_assert_double_eq(transfer_of(&d, "scalar"), 0);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &ta));
    GOOD(vane_explain(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &d));
    ck_assert_double_eq(transfer_of(&d, "toy"), 0);
    ck_assert_double_gt(transfer_of(&d, "scalar"), 0);
    ck_assert_str_eq(d.candidates[d.chosen].backend, "toy");
    ck_assert_uint_eq(info_of(ctx, b).state, VANE_BUFFER_NONE); /* asked, not done */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("buffers");
    TCase *t = tcase_create("buffers");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_state_follows_the_data);
    tcase_add_test(t, only_the_bytes_that_are_needed_move);
    tcase_add_test(t, a_chain_moves_its_bytes_once_each_way);
    tcase_add_test(t, on_shared_memory_nothing_moves);
    tcase_add_test(t, one_device_hands_over_to_the_other);
    tcase_add_test(t, prefetch_brings_it_there_and_home);
    tcase_add_test(t, handles_that_are_none_stale_or_foreign);
    tcase_add_test(t, arguments_that_cannot_be);
    tcase_add_test(t, small_things);
    tcase_add_test(t, what_is_mapped_is_busy);
    tcase_add_test(t, map_to_write_brings_nothing_home);
    tcase_add_test(t, wrapped_memory_has_the_results_after_the_close);
    tcase_add_test(t, host_memory_and_buffers_in_one_call);
    tcase_add_test(t, gaps_of_an_output_stay_as_they_are);
    tcase_add_test(t, a_full_device_sends_buffers_home);
    tcase_add_test(t, too_large_for_the_device_goes_elsewhere);
    tcase_add_test(t, cached_memory_is_given_back);
    tcase_add_test(t, an_op_that_fails_there_is_done_elsewhere);
    tcase_add_test(t, in_place_where_only_the_device_had_it);
    tcase_add_test(t, a_lost_device_is_left);
    tcase_add_test(t, what_is_still_open_is_named);
    tcase_add_test(t, a_plan_over_buffers);
    tcase_add_test(t, to_be_elsewhere_costs);
    suite_add_tcase(s, t);
    return kit_main(s);
}
