/* SPDX-License-Identifier: MIT */
/* test_stream_blame.c - whose failure it is: of the device that a transfer died with, of the work
 * that came first, of what was read; and nobody else's. Each was once told of the wrong one. */
#include <sys/wait.h>
#include <unistd.h>

#include "context.h"
#include "memory/dlpack_abi.h"
#include "plugin/registry.h"
#include "toy_streams.h"

static vane__backend *the_toy(void)
{
    vane__backend *toy_backend = vane__registry_find(&ctx->registry, "toy");
    ck_assert_ptr_nonnull(toy_backend);
    return toy_backend;
}

static int is_lost(const char *backend, uint32_t device)
{
    vane__backend *found = vane__registry_find(&ctx->registry, backend);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_lt(device, found->device_count);
    return vane__device_lost(&found->devices[device]);
}

/* ---- devices ------------------------------------------------------------------------- */

static vane_status dies(vane_queue *q, void *to, vane_mem *from, uint64_t offset, uint64_t bytes,
                        vane_event **out)
{
    (void)q, (void)to, (void)from, (void)offset, (void)bytes, (void)out;
    return toy_fail(VANE_E_DEVICE_LOST, "gone while reading back");
}

START_TEST(a_transfer_that_dies_takes_its_own_device)
{
    float x[N] = {0}, y[N];
    vane_tensor hx = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){N}),
                hy = vane_tensor_of(y, VANE_F32, 1, (int64_t[]){N});
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb)); /* only the toy has b now */
    the_toy()->vt.download = dies;
    FAILS(vane_tanh(ctx, &tb, &hy), VANE_E_DEVICE_LOST, "'b'");
    ck_assert(is_lost("toy", 0));
    ck_assert(!is_lost("scalar", 0));
    GOOD(vane_tanh(ctx, &hx, &hy)); /* who needed the data is as well as before */
    the_toy()->vt.download = toy_download;
}
END_TEST

START_TEST(an_earlier_failure_is_not_the_next_ops)
{
    vane_buffer c = buffer_empty(ctx, "c", N);
    vane_tensor tc = in_buffer(c, 0, N);
    toy_gate(1);
    GOOD(give_on(anywhere, "toy", VANE_OP_ABS, &ta, NULL, &tb)); /* takes the toy along */
    GOOD(give_on(anywhere, "scalar", VANE_OP_ADD, &ta, &ta, &tc));
    toy_gate(0);
    FAILS(vane_stream_wait(anywhere), VANE_E_DEVICE_LOST, "abs");
    ck_assert(!is_lost("scalar", 0));
    GOOD(call_on(ctx, "scalar", VANE_OP_ADD, &ta, &ta, &tc));
    expect_at(ctx, c, 0, 2);
}
END_TEST

/* ---- the first, and who was told ------------------------------------------------------- */

START_TEST(the_first_in_order_is_reported)
{
    vane_fence *f;
    vane_buffer c = buffer_empty(ctx, "c", N);
    vane_tensor tc = in_buffer(c, 0, N);
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &ta, &tb)); /* fails later */
    GOOD(vane_stream_record(on_toy, &f));
    GOOD(vane_sqrt_async(on_toy, &ta, &tc)); /* fails at once */
    toy_gate(0);
    FAILS(vane_fence_wait(f, UINT64_MAX), VANE_E_INTERNAL, "neg");
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    FAILS(vane_fence_wait(f, UINT64_MAX), VANE_E_INTERNAL, "neg");
    vane_fence_close(f);
}
END_TEST

START_TEST(a_fence_remembers_over_two_reports)
{
    vane_fence *f;
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_stream_record(on_toy, &f));
    FAILS(vane_stream_wait(on_toy), VANE_E_INTERNAL, "neg");
    GOOD(vane_sqrt_async(on_toy, &ta, &tb));
    ck_assert_int_ne(vane_stream_wait(on_toy), VANE_OK);
    FAILS(vane_fence_wait(f, UINT64_MAX), VANE_E_INTERNAL, "neg");
    vane_fence_close(f);
}
END_TEST

/* ---- what was read ----------------------------------------------------------------------- */

START_TEST(a_partial_write_does_not_hide_a_failed_one)
{
    vane_buffer c = buffer_empty(ctx, "c", N);
    vane_tensor tc = in_buffer(c, 0, N), half_a = in_buffer(a, 0, N / 2),
                half_b = in_buffer(b, 0, N / 2);
    vane_stream *other;
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    toy_gate(1);
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_copy_async(other, &half_a, &half_b));
    GOOD(vane_copy_async(other, &tb, &tc));
    toy_gate(0);
    FAILS(vane_stream_close(other), VANE_E_INTERNAL, "neg");
    ck_assert_int_ne(vane_stream_wait(on_toy), VANE_OK);
    GOOD(vane_copy(ctx, &ta, &tb)); /* who rewrites all of it makes it good */
    expect_at(ctx, b, N - 1, N);
}
END_TEST

/* A launch that is complete when it returns, as the contract allows. */
static vane_status at_once(vane_queue *q, const vane_kernel *k, const vane_call *call,
                           vane_event **out)
{
    if (call->op != VANE_OP_ADD)
        return toy_launch(q, k, call, out);
    toy_queue_sync(q);
    *out = NULL;
    return toy_compute(call);
}

START_TEST(work_without_an_event_fails_with_what_it_reads)
{
    vane_buffer c = buffer_empty(ctx, "c", N);
    vane_tensor tc = in_buffer(c, 0, N);
    vane_stream *other;
    the_toy()->vt.launch = at_once;
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    GOOD(vane_add_async(other, &ta, &ta, &tc));
    GOOD(vane_stream_wait(other));
    GOOD(vane_neg_async(on_toy, &ta, &tb));
    GOOD(vane_add_async(other, &tb, &tb, &tc));
    FAILS(vane_stream_close(other), VANE_E_INTERNAL, "neg");
    ck_assert_int_ne(vane_stream_wait(on_toy), VANE_OK);
}
END_TEST

static int breaks;

static vane_status forgets(vane_queue *q, vane_mem *to, uint64_t offset, const void *from,
                           uint64_t bytes, vane_event **out)
{
    if (!breaks)
        return toy_upload(q, to, offset, from, bytes, out);
    if (out != NULL)
        *out = NULL;
    return VANE_OK; /* queue_sync will tell */
}

static vane_status tells(vane_queue *q)
{
    return breaks ? toy_fail(VANE_E_INTERNAL, "an upload failed") : toy_queue_sync(q);
}

START_TEST(a_prefetch_that_failed_left_nothing)
{
    the_toy()->vt.upload = forgets;
    the_toy()->vt.queue_sync = tells;
    breaks = 1;
    FAILS(vane_buffer_prefetch(ctx, a, toy_index(ctx)), VANE_E_INTERNAL, "an upload failed");
    breaks = 0;
    GOOD(call_on(ctx, "toy", VANE_OP_COPY, &ta, NULL, &tb));
    expect_at(ctx, b, 3, 4);
}
END_TEST

static void *copy_into_b(void *arg)
{
    *(vane_status *)arg = call_on(ctx, "toy", VANE_OP_COPY, &ta, NULL, &tb);
    return NULL;
}

START_TEST(a_loan_that_ends_amid_the_work)
{
    struct DLManagedTensor *loan;
    vane_status st = VANE_E_BUSY;
    pthread_t t;
    GOOD(vane_to_dlpack(ctx, &tb, &loan));
    toy_gate(1);
    ck_assert_int_eq(pthread_create(&t, NULL, copy_into_b, &st), 0);
    for (int given = 0; !given;) {
        pthread_mutex_lock(&toy.lock);
        given = toy.launches > 0;
        pthread_mutex_unlock(&toy.lock);
        usleep(1000);
    }
    loan->deleter(loan);
    toy_gate(0);
    pthread_join(t, NULL);
    ck_assert_int_eq(st, VANE_OK);
    expect_at(ctx, b, 0, 1);
}
END_TEST

/* ---- order and length ----------------------------------------------------------------------- */

START_TEST(a_callback_comes_after_what_its_stream_awaits)
{
    vane_fence *f, *f2;
    vane_stream *other;
    GOOD(vane_stream_open(ctx, toy_index(ctx), &other));
    atomic_store(&calls, 0);
    toy_gate(1);
    GOOD(vane_copy_async(on_toy, &ta, &tb));
    GOOD(vane_stream_record(on_toy, &f));
    GOOD(vane_stream_await(other, f));
    GOOD(vane_stream_callback(other, note_status, NULL));
    GOOD(vane_stream_record(other, &f2));
    ck_assert_int_eq(vane_fence_wait(f2, 20 * MS), VANE_E_TIMEOUT);
    ck_assert_int_eq(atomic_load(&calls), 0);
    toy_gate(0);
    GOOD(vane_fence_wait(f2, UINT64_MAX));
    ck_assert_int_eq(atomic_load(&calls), 1);
    vane_fence_close(f);
    vane_fence_close(f2);
    GOOD(vane_stream_close(other));
}
END_TEST

enum { LINKS = 4000 };

/* Each reads what the one before it writes; on a small stack. */
static void *give_a_chain(void *arg)
{
    vane_status *st = arg;
    toy_gate(1);
    for (int i = 0; *st == VANE_OK && i < LINKS; i++)
        *st = vane_copy_async(on_toy, &ta, &ta);
    toy_gate(0);
    if (*st == VANE_OK)
        *st = vane_stream_wait(on_toy);
    return NULL;
}

START_TEST(a_long_chain_needs_no_deep_stack)
{
    pthread_t t;
    pthread_attr_t attr;
    vane_status st = VANE_OK;
    ta = in_buffer(a, 0, 4);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256 << 10);
    ck_assert_int_eq(pthread_create(&t, &attr, give_a_chain, &st), 0);
    pthread_join(t, NULL);
    ck_assert_msg(st == VANE_OK, "%s", vane_status_name(st));
    ck_assert_int_le(toy.events, 8); /* and they do not pile up */
    expect_at(ctx, a, 3, 4);
}
END_TEST

/* ---- strangers ---------------------------------------------------------------------------------
 */

START_TEST(a_handle_that_was_never_given)
{
    float x;
    GOOD(vane_buffer_close(ctx, b));
    vane_buffer next = {b.id + (UINT64_C(1) << 24)}; /* as a closed slot counts */
    FAILS(vane_buffer_read(ctx, next, 0, &x, sizeof x), VANE_E_ARGUMENT, "closed");
}
END_TEST

START_TEST(a_fence_in_a_child)
{
    vane_fence *f;
    toy_gate(1);
    GOOD(vane_copy_async(on_toy, &ta, &tb));
    GOOD(vane_stream_record(on_toy, &f));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(vane_fence_wait(f, UINT64_MAX) != VANE_E_UNSUPPORTED);
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child: %d", status);
    toy_gate(0);
    GOOD(vane_fence_wait(f, UINT64_MAX));
    vane_fence_close(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("whose failure it is");
    TCase *t = tcase_create("streams");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_transfer_that_dies_takes_its_own_device);
    tcase_add_test(t, an_earlier_failure_is_not_the_next_ops);
    tcase_add_test(t, the_first_in_order_is_reported);
    tcase_add_test(t, a_fence_remembers_over_two_reports);
    tcase_add_test(t, a_partial_write_does_not_hide_a_failed_one);
    tcase_add_test(t, work_without_an_event_fails_with_what_it_reads);
    tcase_add_test(t, a_prefetch_that_failed_left_nothing);
    tcase_add_test(t, a_loan_that_ends_amid_the_work);
    tcase_add_test(t, a_callback_comes_after_what_its_stream_awaits);
    tcase_add_test(t, a_long_chain_needs_no_deep_stack);
    tcase_add_test(t, a_handle_that_was_never_given);
    tcase_add_test(t, a_fence_in_a_child);
    suite_add_tcase(s, t);
    return kit_main(s);
}
