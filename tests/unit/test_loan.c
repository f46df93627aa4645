/* SPDX-License-Identifier: MIT */
/* test_loan.c - tensors that go to other programs: who deletes what and when, and that both
 * sides see each other's changes, on a device with memory of its own too. */
#include <pthread.h>

#include "lender.h"

/* ---- an allocator that fails at call k (the linker sends malloc and calloc here) ---- */

static long allocations_left = -1; /* negative: all succeed */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);

static int may_allocate(void)
{
    return allocations_left < 0 || allocations_left-- > 0;
}

void *__wrap_malloc(size_t bytes)
{
    return may_allocate() ? __real_malloc(bytes) : NULL;
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return may_allocate() ? __real_calloc(n, bytes) : NULL;
}

static void setup_with_device(void)
{
    setup();
    GOOD(vane_load(ctx, FAKE_PLUGIN));
}

static vane_tensor in_buffer(const float *content, int64_t n, const char *name)
{
    vane_buffer b;
    GOOD(vane_buffer_open(ctx, (uint64_t)n * sizeof(float), name, &b));
    if (content != NULL)
        GOOD(vane_buffer_write(ctx, b, 0, content, (uint64_t)n * sizeof(float)));
    return vane_tensor_in(b, 0, VANE_F32, 1, &n);
}

/* ---- to ---------------------------------------------------------------------- */

START_TEST(a_plain_tensor_goes_out_as_it_lies)
{
    struct DLManagedTensor *out;
    struct DLManagedTensorVersioned *versioned;
    vane_tensor plain = TENSOR(her.data + 5, VANE_F32, 2, 3);
    plain.stride[0] = -3;
    plain.stride[1] = -1;
    GOOD(vane_to_dlpack(ctx, &plain, &out));
    GOOD(vane_to_dlpack_versioned(ctx, &plain, &versioned));
    memset(&plain, 0xff, sizeof plain); /* it keeps a copy of what it needs */
    ck_assert_ptr_eq(out->tensor.data, her.data + 5);
    ck_assert_int_eq(out->tensor.device_type, 1);
    ck_assert_int_eq(out->tensor.device_id, 0);
    ck_assert_int_eq(out->tensor.ndim, 2);
    ck_assert_int_eq(out->tensor.shape[1], 3);
    ck_assert_int_eq(out->tensor.strides[0], -3);
    ck_assert_uint_eq(out->tensor.byte_offset, 0);
    ck_assert_uint_eq(versioned->major, 1);
    ck_assert_uint_eq(versioned->flags, 0);
    ck_assert_ptr_eq(versioned->tensor.data, her.data + 5);
    ck_assert_int_eq(versioned->tensor.strides[1], -1);
    vane_close(ctx);
    ck_assert_int_eq(out->tensor.shape[0], 2);
    out->deleter(out);
    versioned->deleter(versioned);
    ctx = NULL;
}
END_TEST

START_TEST(an_empty_tensor_goes_out)
{
    struct DLManagedTensor *out;
    vane_tensor none = TENSOR(NULL, VANE_F32, 2, 0);
    GOOD(vane_to_dlpack(ctx, &none, &out));
    ck_assert_int_eq(out->tensor.shape[1], 0);
    out->deleter(out);
    t = in_buffer(NULL, 0, "nothing");
    GOOD(vane_to_dlpack(ctx, &t, &out));
    out->deleter(out);
}
END_TEST

START_TEST(what_is_lent_outlives_buffer_and_context)
{
    struct DLManagedTensor *out;
    struct DLManagedTensorVersioned *versioned;
    t = in_buffer((float[]){1, 2, 3, 4}, 4, "lent");
    GOOD(vane_to_dlpack(ctx, &t, &out));
    GOOD(vane_to_dlpack_versioned(ctx, &t, &versioned));
    GOOD(vane_buffer_close(ctx, t.buffer));
    EXPECT((float *)out->tensor.data, 1, 2, 3, 4);
    out->deleter(out);
    vane_close(ctx);
    ctx = NULL;
    ((float *)versioned->tensor.data)[0] = 5;
    EXPECT((float *)versioned->tensor.data, 5, 2, 3, 4);
    versioned->deleter(versioned);
}
END_TEST

START_TEST(both_sides_see_each_others_changes)
{
    struct DLManagedTensor *out;
    t = in_buffer((float[]){1, 2, 3, 4}, 4, "seen");
    GOOD(vane_to_dlpack(ctx, &t, &out));
    float *theirs = out->tensor.data;
    theirs[1] = 20;
    HOLDS(t, 1, 20, 3, 4);
    GOOD(vane_neg(ctx, &t, &t));
    EXPECT(theirs, -1, -20, -3, -4);
    out->deleter(out);
    HOLDS(t, -1, -20, -3, -4);
}
END_TEST

START_TEST(what_nothing_wrote_is_lent_to_be_filled)
{
    struct DLManagedTensor *out;
    t = in_buffer(NULL, 4, "to fill");
    GOOD(vane_to_dlpack(ctx, &t, &out));
    memcpy(out->tensor.data, (float[]){7, 8, 9, 10}, 4 * sizeof(float));
    out->deleter(out);
    HOLDS(t, 7, 8, 9, 10);
}
END_TEST

START_TEST(a_part_of_a_buffer_goes_out)
{
    struct DLManagedTensor *out;
    float back[4];
    t = in_buffer((float[]){1, 2, 3, 4}, 4, "whole");
    vane_tensor part = vane_tensor_in(t.buffer, 4, VANE_F32, SHAPE(2));
    GOOD(vane_to_dlpack(ctx, &part, &out));
    EXPECT((float *)out->tensor.data, 2, 3);
    ((float *)out->tensor.data)[0] = 9;
    out->deleter(out);
    GOOD(vane_buffer_read(ctx, t.buffer, 0, back, sizeof back));
    EXPECT(back, 1, 9, 3, 4);
}
END_TEST

START_TEST(mistakes_in_a_buffer_are_refused)
{
    struct DLManagedTensor *out = (struct DLManagedTensor *)(void *)&her;
    void *p;
    t = in_buffer((float[]){1, 2, 3, 4}, 4, "short");
    vane_tensor bad = vane_tensor_in(t.buffer, 8, VANE_F32, SHAPE(3));
    REFUSED(ARGUMENT, "buffer 'short', which has 16", vane_to_dlpack(ctx, &bad, &out));
    ck_assert_ptr_null(out);
    bad = vane_tensor_in(t.buffer, 2, VANE_F32, SHAPE(2));
    REFUSED(ARGUMENT, "multiple of 4", vane_to_dlpack(ctx, &bad, &out));
    bad = vane_tensor_in(t.buffer, UINT64_MAX, VANE_F32, SHAPE(2));
    REFUSED(ARGUMENT, "which has 16", vane_to_dlpack(ctx, &bad, &out));
    bad = vane_tensor_in(t.buffer, 0, VANE_F32, SHAPE(2));
    bad.stride[0] = -1;
    REFUSED(ARGUMENT, "which has 16", vane_to_dlpack(ctx, &bad, &out));
    GOOD(vane_buffer_map(ctx, t.buffer, 0, 16, VANE_MAP_WRITE, &p));
    REFUSED(BUSY, "mapped", vane_to_dlpack(ctx, &t, &out));
    GOOD(vane_buffer_unmap(ctx, t.buffer, p));
    vane_context *other = kit_context();
    REFUSED(ARGUMENT, "of context", vane_to_dlpack(other, &t, &out));
    vane_close(other);
    GOOD(vane_buffer_close(ctx, t.buffer));
    REFUSED(ARGUMENT, "closed", vane_to_dlpack(ctx, &t, &out));
    bad = TENSOR(NULL, VANE_F32, 2);
    REFUSED(ARGUMENT, "data is NULL", vane_to_dlpack(ctx, &bad, &out));
    bad.rank = 9;
    REFUSED(SHAPE, "rank is 9", vane_to_dlpack(ctx, &bad, &out));
    ck_assert_ptr_null(out);
}
END_TEST

/* ---- there and back ---------------------------------------------------------- */

START_TEST(a_round_trip_holds_the_first_owner_to_the_last)
{
    struct DLManagedTensor *out;
    struct DLManagedTensorVersioned *again;
    vane_tensor second;
    vane_buffer held;
    GOOD(vane_from_dlpack(ctx, &her.plain, &t, &buffer));
    GOOD(vane_to_dlpack(ctx, &t, &out));
    ck_assert_ptr_eq(out->tensor.data, her.data);
    GOOD(vane_from_dlpack(ctx, out, &second, &held));
    GOOD(vane_to_dlpack_versioned(ctx, &second, &again));
    GOOD(vane_buffer_close(ctx, buffer));
    HOLDS(second, 1, 2, 3, 4, 5, 6);
    GOOD(vane_buffer_close(ctx, held));
    ck_assert_int_eq(her.deleted, 0);
    EXPECT((float *)again->tensor.data, 1, 2, 3, 4, 5, 6);
    again->deleter(again); /* which deletes out, which deletes hers */
    ck_assert_int_eq(her.deleted, 1);
}
END_TEST

START_TEST(no_memory_at_any_point_leaves_all_as_it_was)
{
    struct DLManagedTensor *out;
    int tries = 0;
    vane_status st = VANE_E_NOMEM;
    for (; st != VANE_OK; tries++) {
        allocations_left = tries;
        st = vane_from_dlpack(ctx, &her.plain, &t, &buffer);
        allocations_left = -1;
        ck_assert_int_eq(her.deleted, 0);
        ck_assert_msg(st == VANE_OK || (st == VANE_E_NOMEM && buffer.id == 0), "%s",
                      vane_last_error()->message);
    }
    ck_assert_int_gt(tries, 1); /* the allocator did fail */
    for (st = VANE_E_NOMEM, tries = 0; st != VANE_OK; tries++) {
        allocations_left = tries;
        st = vane_to_dlpack(ctx, &t, &out);
        allocations_left = -1;
        ck_assert_msg(st == VANE_OK || (st == VANE_E_NOMEM && out == NULL), "%s",
                      vane_last_error()->message);
    }
    ck_assert_int_gt(tries, 1);
    out->deleter(out);
    GOOD(vane_buffer_close(ctx, buffer));
    ck_assert_int_eq(her.deleted, 1);
}
END_TEST

/* ---- with a device of its own memory ----------------------------------------- */

static vane_status add_there(vane_tensor *a, vane_tensor *b, vane_tensor *out)
{
    vane_decision d;
    vane_status st = add_with(ctx, a, b, out, "fake", &d);
    ck_assert(st != VANE_OK || strcmp(ran_on(&d), "fake") == 0);
    return st;
}

static uint32_t state_of(vane_buffer b)
{
    vane_buffer_info info = {.struct_size = sizeof info};
    GOOD(vane_buffer_info_get(ctx, b, &info));
    return info.state;
}

START_TEST(what_a_device_has_comes_home_whole)
{
    struct DLManagedTensor *out;
    vane_tensor a = in_buffer((float[]){1, 2, 3, 4}, 4, "a"), sum = in_buffer(NULL, 4, "sum");
    GOOD(add_there(&a, &a, &sum));
    ck_assert_uint_eq(state_of(sum.buffer), VANE_BUFFER_DEVICE);
    vane_tensor half = vane_tensor_in(sum.buffer, 0, VANE_F32, SHAPE(2));
    GOOD(vane_to_dlpack(ctx, &half, &out));
    EXPECT((float *)out->tensor.data, 2, 4);
    GOOD(add_there(&sum, &sum, &a)); /* the other half is there too, though nobody lent it */
    HOLDS(a, 4, 8, 12, 16);
    out->deleter(out);
    HOLDS(sum, 2, 4, 6, 8);
}
END_TEST

START_TEST(a_device_sees_what_others_wrote_and_they_what_it_wrote)
{
    struct DLManagedTensor *out;
    vane_tensor a = in_buffer((float[]){1, 2, 3, 4}, 4, "a"), sum = in_buffer(NULL, 4, "sum");
    GOOD(add_there(&a, &a, &sum));
    GOOD(vane_to_dlpack(ctx, &a, &out));
    float *theirs = out->tensor.data;
    theirs[0] = 100;
    GOOD(add_there(&a, &a, &sum));
    HOLDS(sum, 200, 4, 6, 8);
    theirs[1] = 50;
    GOOD(add_there(&a, &sum, &a));
    EXPECT(theirs, 300, 54, 9, 12);
    out->deleter(out);
    HOLDS(a, 300, 54, 9, 12);
}
END_TEST

START_TEST(results_on_a_device_come_home_before_the_deleter)
{
    GOOD(vane_from_dlpack(ctx, &her.plain, &t, &buffer));
    GOOD(add_there(&t, &t, &t));
    GOOD(vane_buffer_close(ctx, buffer));
    EXPECT(her.data, 2, 4, 6, 8, 10, 12);
    ck_assert_int_eq(her.deleted, 1);
}
END_TEST

START_TEST(failed_work_is_not_lent)
{
    struct DLManagedTensor *out;
    vane_stream *s;
    vane_tensor a = in_buffer((float[]){1, 2, 3, 4}, 4, "a"), bad = in_buffer(NULL, 4, "bad");
    vane_device_info info = {.struct_size = sizeof info};
    const char *backend = "";
    uint32_t i = 0;
    for (; vane_device_at(ctx, i, &info, &backend) == VANE_OK && strcmp(backend, "fake") != 0; i++)
        ;
    GOOD(vane_stream_open(ctx, i, &s));
    GOOD(vane_exp_async(s, &a, &bad)); /* fails there after its launch */
    ck_assert_int_ne(vane_to_dlpack(ctx, &bad, &out), VANE_OK);
    ck_assert_ptr_null(out);
    ck_assert_int_ne(vane_stream_close(s), VANE_OK);
    GOOD(vane_to_dlpack(ctx, &a, &out));
    EXPECT((float *)out->tensor.data, 1, 2, 3, 4);
    out->deleter(out);
}
END_TEST

START_TEST(a_device_sees_what_others_wrote_before_they_let_go)
{
    struct DLManagedTensor *out;
    vane_tensor a = in_buffer((float[]){1, 2, 3, 4}, 4, "a"), sum = in_buffer(NULL, 4, "sum");
    GOOD(vane_to_dlpack(ctx, &a, &out));
    GOOD(add_there(&a, &a, &sum)); /* the device has a copy now */
    ((float *)out->tensor.data)[0] = 100;
    out->deleter(out);
    GOOD(add_there(&a, &a, &sum));
    HOLDS(sum, 200, 4, 6, 8);
}
END_TEST

/* ---- read-only --------------------------------------------------------------- */

START_TEST(a_read_only_tensor_is_read_and_not_written)
{
    float x = 9;
    void *p;
    her.versioned.flags = VANE__DL_READ_ONLY;
    GOOD(vane_from_dlpack_versioned(ctx, &her.versioned, &t, &buffer));
    HOLDS(t, 1, 2, 3, 4, 5, 6);
    REFUSED(ARGUMENT, "read-only", vane_neg(ctx, &t, &t));
    REFUSED(ARGUMENT, "read-only", add_there(&t, &t, &t));
    REFUSED(ARGUMENT, "read-only", vane_buffer_write(ctx, buffer, 0, &x, sizeof x));
    REFUSED(ARGUMENT, "read-only",
            vane_buffer_map(ctx, buffer, 0, 4, VANE_MAP_READ | VANE_MAP_WRITE, &p));
    GOOD(vane_buffer_map(ctx, buffer, 0, 4, VANE_MAP_READ, &p));
    GOOD(vane_buffer_unmap(ctx, buffer, p));
    GOOD(vane_buffer_close(ctx, buffer));
    EXPECT(her.data, 1, 2, 3, 4, 5, 6);
    ck_assert_int_eq(her.deleted, 1);
}
END_TEST

START_TEST(read_only_goes_on_as_read_only)
{
    struct DLManagedTensor *plain;
    struct DLManagedTensorVersioned *out;
    her.versioned.flags = VANE__DL_READ_ONLY;
    GOOD(vane_from_dlpack_versioned(ctx, &her.versioned, &t, &buffer));
    REFUSED(UNSUPPORTED, "read-only", vane_to_dlpack(ctx, &t, &plain));
    GOOD(vane_to_dlpack_versioned(ctx, &t, &out));
    ck_assert_uint_eq(out->flags, VANE__DL_READ_ONLY);
    out->deleter(out);
}
END_TEST

/* ---- threads ----------------------------------------------------------------- */

static void *lend_and_compute(void *arg)
{
    vane_tensor *mine = arg;
    for (int i = 0; i < 100; i++) {
        struct DLManagedTensorVersioned *out;
        vane_tensor in;
        vane_buffer b;
        GOOD(vane_to_dlpack_versioned(ctx, mine, &out));
        GOOD(vane_from_dlpack_versioned(ctx, out, &in, &b));
        GOOD(vane_neg(ctx, &in, &in));
        GOOD(vane_buffer_close(ctx, b));
    }
    return NULL;
}

/* Two threads to a buffer, each with an element of its own. */
START_TEST(loans_come_and_go_on_many_threads)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    vane_tensor parts[THREADS];
    vane_tensor a = in_buffer((float[]){1, 2}, 2, "a"), b = in_buffer((float[]){3, 4}, 2, "b");
    for (uint32_t i = 0; i < THREADS; i++)
        parts[i] = vane_tensor_in(i < 2 ? a.buffer : b.buffer, i % 2 * 4, VANE_F32, SHAPE(1));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, lend_and_compute, &parts[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    HOLDS(a, 1, 2);
    HOLDS(b, 3, 4);
}
END_TEST

static void add_to(TCase *tc)
{
    tcase_add_test(tc, a_plain_tensor_goes_out_as_it_lies);
    tcase_add_test(tc, an_empty_tensor_goes_out);
    tcase_add_test(tc, what_is_lent_outlives_buffer_and_context);
    tcase_add_test(tc, both_sides_see_each_others_changes);
    tcase_add_test(tc, what_nothing_wrote_is_lent_to_be_filled);
    tcase_add_test(tc, a_part_of_a_buffer_goes_out);
    tcase_add_test(tc, mistakes_in_a_buffer_are_refused);
    tcase_add_test(tc, a_round_trip_holds_the_first_owner_to_the_last);
    tcase_add_test(tc, no_memory_at_any_point_leaves_all_as_it_was);
    tcase_add_test(tc, loans_come_and_go_on_many_threads);
}

int main(void)
{
    Suite *suite = suite_create("loan");
    TCase *host = tcase_create("host"), *device = tcase_create("device");
    tcase_add_checked_fixture(host, setup, teardown);
    add_to(host);
    suite_add_tcase(suite, host);
    tcase_add_checked_fixture(device, setup_with_device, teardown);
    tcase_add_test(device, what_a_device_has_comes_home_whole);
    tcase_add_test(device, a_device_sees_what_others_wrote_and_they_what_it_wrote);
    tcase_add_test(device, results_on_a_device_come_home_before_the_deleter);
    tcase_add_test(device, failed_work_is_not_lent);
    tcase_add_test(device, a_device_sees_what_others_wrote_before_they_let_go);
    tcase_add_test(device, a_read_only_tensor_is_read_and_not_written);
    tcase_add_test(device, read_only_goes_on_as_read_only);
    suite_add_tcase(suite, device);
    return kit_main(suite);
}
