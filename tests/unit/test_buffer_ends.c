/* SPDX-License-Identifier: MIT */
/* test_buffer_ends.c - what vane.h promises of buffers whose work fails, whose close fails, that
 * were written in part, and of the operator's limit on device memory. */
#include "toy_kit.h"

enum { N = 4, BYTES = N * 4 };

static vane_context *ctx;

static void setup(void)
{
    ctx = toy_context(0, 0);
}

static void teardown(void)
{
    toy_context_close(ctx);
}

/* ---- written in part ----------------------------------------------------------------- */

START_TEST(half_of_it_was_written)
{
    vane_buffer half = buffer_empty(ctx, "half", N), out = buffer_empty(ctx, "out", N);
    vane_tensor all = in_buffer(half, 0, N), rest = in_buffer(half, N / 2, N / 2),
                to = in_buffer(out, 0, N), to_rest = in_buffer(out, N / 2, N / 2);
    float x[N] = {1, 2, 3, 4}, got[N] = {0};
    GOOD(vane_buffer_write(ctx, half, 0, x, BYTES / 2));
    GOOD(vane_buffer_read(ctx, half, 0, got, BYTES));
    EXPECT(got, 1, 2, got[2], got[3]); /* the rest is undefined, and no error */
    FAILS(vane_buffer_read(ctx, half, BYTES / 2, got, BYTES / 2), VANE_E_ARGUMENT,
          "bytes 8 to 16 of buffer 'half', which nothing has written");
    for (int i = 0; i < 2; i++) {
        const char *backend = i == 0 ? "scalar" : "toy";
        FAILS(call_on(ctx, backend, VANE_OP_COPY, &rest, NULL, &to_rest), VANE_E_ARGUMENT,
              "nothing has written");
        GOOD(call_on(ctx, backend, VANE_OP_ADD, &all, &all, &to));
        expect_at(ctx, out, 0, 2);
        expect_at(ctx, out, 1, 4);
    }
}
END_TEST

/* ---- in place ------------------------------------------------------------------------ */

START_TEST(in_place_the_only_copy_goes_with_the_failure)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    vane_tensor t = in_buffer(a, 0, N);
    float x[N] = {0};
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t)); /* only the device has it */
    GOOD(vane_set_priority(ctx, "toy"));
    toy.launches = 0;
    FAILS(vane_neg(ctx, &t, &t), VANE_E_INTERNAL, "the toy broke"); /* and nobody can redo it */
    ck_assert_int_eq(toy.launches, 1);
    ck_assert_str_eq(vane_last_error()->backend, "toy");
    ck_assert_uint_eq(info_of(ctx, a).state, VANE_BUFFER_NONE);
    ck_assert_int_ne(vane_buffer_read(ctx, a, 0, x, BYTES), VANE_OK);
    GOOD(vane_buffer_write(ctx, a, 0, x, BYTES)); /* new content is good */
    GOOD(vane_add(ctx, &t, &t, &t));
    expect_at(ctx, a, 0, 0);
}
END_TEST

/* ---- a close that fails --------------------------------------------------------------- */

static void expect_gone(vane_buffer b)
{
    float x;
    vane_buffer_info info = {.struct_size = sizeof info};
    FAILS(vane_buffer_read(ctx, b, 0, &x, sizeof x), VANE_E_ARGUMENT, "closed");
    FAILS(vane_buffer_info_get(ctx, b, &info), VANE_E_ARGUMENT, "closed");
    FAILS(vane_buffer_close(ctx, b), VANE_E_ARGUMENT, "closed");
}

static uint32_t open_buffers(void)
{
    vane_memory m = {.struct_size = sizeof m};
    GOOD(vane_memory_get(ctx, VANE_HOST, &m));
    return m.buffers;
}

START_TEST(the_handle_is_gone_after_a_close_that_lost_it)
{
    float x[N] = {1, 2, 3, 4};
    vane_buffer lost, other = buffer_of(ctx, "other", N, 1);
    vane_tensor to = in_buffer(other, 0, N);
    GOOD(vane_buffer_wrap(ctx, x, BYTES, "lost", &lost));
    vane_tensor t = in_buffer(lost, 0, N);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    ck_assert_int_eq(call_on(ctx, "toy", VANE_OP_ABS, &to, NULL, &to), VANE_E_DEVICE_LOST);
    FAILS(vane_buffer_close(ctx, lost), VANE_E_DEVICE_LOST, "'lost'");
    expect_gone(lost);
    ck_assert_uint_eq(open_buffers(), 1);
}
END_TEST

START_TEST(the_handle_is_gone_after_a_close_that_tells_of_failed_work)
{
    float x[N] = {1, 2, 3, 4};
    vane_buffer mine;
    vane_stream *s;
    GOOD(vane_buffer_wrap(ctx, x, BYTES, "mine", &mine));
    GOOD(vane_stream_open(ctx, toy_index(ctx), &s));
    vane_tensor t = in_buffer(mine, 0, N);
    GOOD(vane_neg_async(s, &t, &t));
    FAILS(vane_buffer_close(ctx, mine), VANE_E_INTERNAL, "neg");
    expect_gone(mine);
    ck_assert_uint_eq(open_buffers(), 0);
    ck_assert_int_eq(vane_stream_close(s), VANE_E_INTERNAL);
}
END_TEST

/* ---- the operator's limit --------------------------------------------------------------- */

START_TEST(the_environment_limits_device_memory)
{
    vane_config config = kit_config();
    vane_memory m = {.struct_size = sizeof m};
    vane_context *limited;
    float *x = calloc(1, 3 << 20);
    vane_tensor t = TENSOR(x, VANE_F32, 3 << 18);
    ck_assert_ptr_nonnull(x);
    config.mem_limit_mib = 5;
    setenv("VANE_MEM_LIMIT", "2", 1);
    GOOD(vane_open(&config, &limited));
    unsetenv("VANE_MEM_LIMIT");
    GOOD(vane_register(limited, &toy_entry));
    GOOD(vane_memory_get(limited, toy_index(limited), &m));
    ck_assert_uint_eq(m.limit_bytes, UINT64_C(2) << 20);
    FAILS(call_on(limited, "toy", VANE_OP_ADD, &t, &t, &t), VANE_E_NOMEM, "limit");
    GOOD(vane_add(limited, &t, &t, &t)); /* elsewhere */
    vane_close(limited);
    free(x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("buffers that fail or end");
    TCase *t = tcase_create("buffers");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, half_of_it_was_written);
    tcase_add_test(t, in_place_the_only_copy_goes_with_the_failure);
    tcase_add_test(t, the_handle_is_gone_after_a_close_that_lost_it);
    tcase_add_test(t, the_handle_is_gone_after_a_close_that_tells_of_failed_work);
    tcase_add_test(t, the_environment_limits_device_memory);
    suite_add_tcase(s, t);
    return kit_main(s);
}
