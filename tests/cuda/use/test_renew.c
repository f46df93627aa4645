/* SPDX-License-Identifier: MIT */
/* test_renew.c - a device whose context failed for good: calls go on elsewhere, and after a pause
 * it gets a fresh context and computes again. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"
#include "exec/sequence.h"
#include "vane/graph.h"
#include "world.h"

static float z[N];

/* ---- stories ------------------------------------------------------------------------------------
 */

START_TEST(it_computes_again)
{
    world_open("fail=run.kernel:700@5");
    ck_assert(calls_until(1, 1));
    ck_assert_uint_eq(look().renewals, 0);
    ck_assert_int_ne(add_on_cuda(), VANE_OK);
    ck_assert(calls_until(0, 8));
    const vane_device_load l = look();
    ck_assert(l.health == VANE_HEALTH_GOOD && l.renewals == 1);
    cuda_computes();
    calls_for(1);
    ck_assert_uint_eq(look().renewals, 1);
    ck_assert_uint_eq(warnings, 0);
    vane_close(ctx);
}
END_TEST

static uint64_t free_bytes(void)
{
    GOOD(vane_memory_trim(ctx));
    advance(NULL, SECOND); /* a fresh reading */
    look();
    advance(NULL, SECOND);
    return look().mem_free_bytes;
}

/* Again and again; each time all that the old context had is free. */
START_TEST(nothing_is_left_behind)
{
    uint64_t left[3] = {0};
    world_open("fail=run.kernel:700@5,fail=run.kernel:719@400,fail=run.kernel:715@900");
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(calls_until(1, 8));
        ck_assert(calls_until(0, 40));
        ck_assert_uint_eq(look().renewals, i + 1);
        left[i] = free_bytes();
    }
    ck_assert(left[0] > 0);
    ck_assert_uint_eq(left[1], left[0]);
    ck_assert_uint_eq(left[2], left[0]);
    cuda_computes();
    vane_close(ctx);
}
END_TEST

START_TEST(who_cannot_be_made_anew_is_asked_ever_more_rarely)
{
    world_open("fail=run.kernel:700@5,fail=cuDevicePrimaryCtxRetain:2@2,"
               "fail=cuStreamCreate:304@3,fail=cuMemPoolCreate:2@2");
    ck_assert(calls_until(1, 1));
    const uint64_t lost_ns = now;
    ck_assert(calls_until(0, 40));
    const uint64_t gone = now - lost_ns;
    ck_assert_msg(gone > 15 * SECOND && gone < 24 * SECOND, "back after %.3f s",
                  (double)gone / 1e9); /* 1 + 2 + 4 + 8, and a few hundred calls each time */
    ck_assert_uint_eq(look().renewals, 1);
    ck_assert_msg(warnings == 1 && strstr(warned, "CUDA_ERROR_OUT_OF_MEMORY"), "%u: %s", warnings,
                  warned);
    cuda_computes();
    vane_close(ctx);
}
END_TEST

START_TEST(what_was_lost_is_said)
{
    const int64_t n = N;
    vane_buffer p, q;
    world_open("fail=run.kernel:700@5");
    GOOD(vane_buffer_open(ctx, BYTES, "weights", &p));
    GOOD(vane_buffer_open(ctx, BYTES, "sum", &q));
    GOOD(vane_buffer_write(ctx, p, 0, x, BYTES));
    vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                b = vane_tensor_in(q, 0, VANE_F32, 1, &n);
    GOOD(vane_add(ctx, &a, &a, &b)); /* only the device has it */
    ck_assert(calls_until(1, 1) && calls_until(0, 8));
    cuda_computes();
    ck_assert_int_eq(vane_buffer_read(ctx, q, 0, z, BYTES), VANE_E_DEVICE_LOST);
    ck_assert(strstr(vane_last_error()->message, "sum") != NULL);
    GOOD(vane_add(ctx, &a, &a, &b)); /* the host has what it is made of */
    GOOD(vane_buffer_read(ctx, q, 0, z, BYTES));
    for (int i = 0; i < N; i++)
        ck_assert(z[i] == 2 * x[i]);
    ck_assert_uint_eq(look().renewals, 1);
    GOOD(vane_buffer_close(ctx, p));
    GOOD(vane_buffer_close(ctx, q));
    vane_close(ctx);
}
END_TEST

/* What a stream has in the air goes down with the device, and takes it not down again. */
START_TEST(in_the_middle_of_a_stream)
{
    vane_stream *s;
    vane_tensor a = vector(x), b = vector(z);
    world_open("fail=run.kernel:719@20,slow=100");
    GOOD(vane_stream_open(ctx, gpu, &s));
    vane_status given = VANE_OK;
    for (int i = 0; given == VANE_OK && i < 60; i++)
        given = vane_add_async(s, &a, &a, &b);
    ck_assert(calls_until(1, 2));
    ck_assert(calls_until(0, 8));
    ck_assert_int_eq(vane_stream_wait(s), VANE_E_DEVICE_LOST);
    ck_assert(strstr(vane_last_error()->message, "add") != NULL);
    vane_stream_close(s);
    calls_for(1);
    ck_assert(look().lost == 0 && look().renewals == 1);
    GOOD(vane_stream_open(ctx, gpu, &s));
    memset(z, 0, BYTES);
    GOOD(vane_add_async(s, &a, &a, &b));
    GOOD(vane_stream_close(s));
    for (int i = 0; i < N; i++)
        ck_assert(z[i] == 2 * x[i]);
    vane_close(ctx);
}
END_TEST

static void eight_times(vane_stream *s, vane_sequence *all, vane_buffer p, vane_buffer q)
{
    GOOD(vane_buffer_write(ctx, p, 0, x, BYTES));
    for (int run = 0; run < 4; run++) {
        GOOD(vane_sequence_run(s, all));
        GOOD(vane_stream_wait(s));
        GOOD(vane_buffer_read(ctx, q, 0, z, BYTES));
        for (int i = 0; i < N; i++)
            ck_assert_msg(z[i] == 8 * x[i], "run %d: element %d is %g", run, i, (double)z[i]);
    }
    ck_assert(all->recordings->tape != NULL);
}

/* The graph of a sequence goes with its context, and is recorded anew. */
START_TEST(a_sequence_is_replayed_again)
{
    const int64_t n = N;
    vane_stream *s;
    vane_buffer p, q;
    vane_plan *plans[3];
    vane_sequence *all;
    world_open("fail=run.kernel:700@60");
    GOOD(vane_buffer_open(ctx, BYTES, "p", &p));
    GOOD(vane_buffer_open(ctx, BYTES, "q", &q));
    vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                b = vane_tensor_in(q, 0, VANE_F32, 1, &n);
    const vane_tensor *const first[] = {&a, &a}, *const next[] = {&b, &b};
    vane_tensor *const out[] = {&b};
    for (int i = 0; i < 3; i++)
        GOOD(vane_plan_open(ctx, VANE_OP_ADD, i ? next : first, 2, out, 1, NULL, &plans[i]));
    GOOD(vane_sequence_open(ctx, plans, 3, &all));
    GOOD(vane_stream_open(ctx, gpu, &s));
    eight_times(s, all, p, q);
    ck_assert(calls_until(1, 2));
    ck_assert(calls_until(0, 8));
    vane_stream_close(s);
    GOOD(vane_stream_open(ctx, gpu, &s));
    eight_times(s, all, p, q);
    ck_assert(look().lost == 0 && look().renewals == 1);
    GOOD(vane_stream_close(s));
    vane_sequence_close(all);
    for (int i = 0; i < 3; i++)
        vane_plan_close(plans[i]);
    GOOD(vane_buffer_close(ctx, p));
    GOOD(vane_buffer_close(ctx, q));
    vane_close(ctx);
}
END_TEST

/* Between the core's look at its memory and the recording it may be made anew. */
START_TEST(what_was_lost_is_not_recorded)
{
    vane_queue *q;
    vane_mem *m;
    vane_graph *g = NULL;
    world_open("fail=run.kernel:700@5");
    const vane__device *d = vane__device_nth(ctx, gpu);
    const vane_backend_vt *vt = &d->backend->vt;
    vane_call call = {.struct_size = sizeof call,
                      .op = VANE_OP_ADD,
                      .dtype = VANE_F32,
                      .n_in = 2,
                      .n_arg = 3,
                      .width = 1,
                      .flags = VANE_CALL_FLAT};
    const vane_graph_call one = {vt->kernel(d->handle, VANE_OP_ADD, "add", VANE_F32), &call};
    GOOD(vt->queue_open(d->handle, &q));
    GOOD(vt->mem_alloc(d->handle, VANE_SPACE_DEVICE, BYTES, &m));
    for (int i = 0; i < 3; i++)
        call.arg[i] =
            (vane_view){.mem = m, .dtype = VANE_F32, .rank = 1, .shape = {N}, .stride = {1}};
    GOOD(vt->launch(q, one.kernel, &call, NULL));
    ck_assert(calls_until(1, 1) && calls_until(0, 8));
    cuda_computes(); /* its code is there again */
    ck_assert_int_eq(d->backend->graphs->record(q, &one, 1, &g), VANE_E_DEVICE_LOST);
    ck_assert(strstr(vane_last_error()->message, "an operand") != NULL);
    vt->mem_free(d->handle, m);
    vt->queue_close(q);
    vane_close(ctx);
}
END_TEST

static atomic_int stop;

static void *call_too(void *arg)
{
    const int64_t n = N;
    float own[N];
    long wrong = 0;
    (void)arg;
    while (!atomic_load(&stop)) {
        vane_tensor a = vector(x), b = vane_tensor_of(own, VANE_F32, 1, &n);
        memset(own, 0, sizeof own);
        wrong += vane_add(ctx, &a, &a, &b) != VANE_OK;
        for (int i = 0; i < N; i++)
            wrong += own[i] != 2 * x[i];
    }
    return (void *)wrong;
}

/* Others are in the middle of their calls whenever it is lost or made anew. */
START_TEST(beside_other_threads)
{
    pthread_t thread[2];
    void *wrong;
    world_open("fail=run.kernel:700@50,fail=run.kernel:719@500,fail=run.copy:715@3000");
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, call_too, NULL), 0);
    calls_until(1, 20);
    calls_until(0, 20);
    calls_until(1, 20);
    calls_until(0, 40);
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
        ck_assert(wrong == NULL);
    }
    ck_assert(calls_until(0, 200));
    ck_assert_uint_ge(look().renewals, 1);
    cuda_computes();
    vane_close(ctx);
}
END_TEST

START_TEST(a_child_goes_on_without_it)
{
    world_open("");
    cuda_computes();
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        add();
        const vane_status st = add_on_cuda();
        const int is_clear = st != VANE_OK && strlen(vane_last_error()->message) > 20;
        for (int i = 0; i < 3000; i++) {
            add();
            advance(NULL, SECOND / 100);
        }
        _exit(is_clear && look().lost && look().renewals == 0 ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    cuda_computes();
    vane_close(ctx);
}
END_TEST

/* Somebody else has the device to himself when the program begins. */
START_TEST(it_was_taken_at_first)
{
    world_open("fail=cuDevicePrimaryCtxRetain:46@1,fail=cuDevicePrimaryCtxRetain:46@2");
    ck_assert_int_ne(add_on_cuda(), VANE_OK);
    add();
    ck_assert(look().lost);
    ck_assert(calls_until(0, 8));
    cuda_computes();
    ck_assert_msg(strstr(warned, "DEVICE_UNAVAILABLE") != NULL, "%s", warned);
    vane_close(ctx);
}
END_TEST

/* The primary context is the process's: who else retains it keeps the failed one. */
START_TEST(others_keep_the_old_context)
{
    CUresult (*retain)(CUcontext *, CUdevice);
    CUresult (*release)(CUdevice);
    CUcontext theirs;
    world_open("fail=run.kernel:700@5");
    void *lib = dlopen("libcuda.so.1", RTLD_NOW);
    ck_assert(lib != NULL);
    *(void **)&retain = dlsym(lib, "cuDevicePrimaryCtxRetain");
    *(void **)&release = dlsym(lib, "cuDevicePrimaryCtxRelease_v2");
    ck_assert(retain(&theirs, 0) == CUDA_SUCCESS);
    ck_assert(calls_until(1, 1));
    ck_assert(!calls_until(0, 8));
    ck_assert_msg(strstr(warned, "something else in this process") != NULL, "%s", warned);
    ck_assert(release(0) == CUDA_SUCCESS);
    ck_assert(calls_until(0, 60));
    cuda_computes();
    vane_close(ctx);
}
END_TEST

static vane_status keep(void *arg, const char *text, size_t bytes)
{
    snprintf(arg, 65536, "%.*s", (int)bytes, text);
    return VANE_OK;
}

START_TEST(metrics_count_it)
{
    static char text[65536];
    world_open_as("fail=run.kernel:700@5", (vane_config){.policy = "fixed", .stats = "-"});
    ck_assert(calls_until(1, 1) && calls_until(0, 8));
    GOOD(vane_stats_write(ctx, keep, text));
    const char *line = strstr(text, "vane_device_renewals_total{backend=\"cuda\"");
    ck_assert(line != NULL && strncmp(strchr(line, '}'), "} 1\n", 4) == 0);
    vane_close(ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("renew");
    TCase *t = tcase_create("renew");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, it_computes_again);
    tcase_add_test(t, nothing_is_left_behind);
    tcase_add_test(t, who_cannot_be_made_anew_is_asked_ever_more_rarely);
    tcase_add_test(t, what_was_lost_is_said);
    tcase_add_test(t, in_the_middle_of_a_stream);
    tcase_add_test(t, a_sequence_is_replayed_again);
    tcase_add_test(t, what_was_lost_is_not_recorded);
    tcase_add_test(t, beside_other_threads);
    tcase_add_test(t, a_child_goes_on_without_it);
    tcase_add_test(t, it_was_taken_at_first);
    tcase_add_test(t, others_keep_the_old_context);
    tcase_add_test(t, metrics_count_it);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
