/* SPDX-License-Identifier: MIT */
/* test_alloc_failures.c - calls, streams, mappings, loans and plans while allocations fail. */
#include "alloc_kit.h"
#include "memory/dlpack_abi.h"

/* ---- scenarios --------------------------------------------------------------------- */

static void a_context(void)
{
    float x[4] = {1, 2, 3, 4}, y[4] = {0};
    vane_tensor tx = TENSOR(x, VANE_F32, 4), ty = TENSOR(y, VANE_F32, 4);
    vane_config config = kit_config();
    vane_context *c = NULL;
    if (!good(vane_open(&config, &c)))
        return;
    good(vane_register(c, &toy_entry));
    if (good(vane_add(c, &tx, &tx, &ty)))
        right(y[3] == 8, "the result");
    vane_close(c);
    right(toy.mem + toy.queues + toy.events == 0, "what the toy was given back");
}

static void calls_that_wait(void)
{
    vane_buffer a = {0}, b = {0}, large = {0};
    float x[N] = {1, 2, 3};
    vane_tensor host = TENSOR(x, VANE_F32, N);
    if (fill(&a, N, 2) && fill(&b, N, 0) && fill(&large, MANY * 4, 1)) {
        vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N), part = in_buffer(b, 3, 5),
                    tl = in_buffer(large, 9, 7), row = in_buffer(a, 0, 7);
        vane_tensor gaps = host;
        gaps.stride[0] = 2;
        gaps.shape[0] = N / 2;
        int ok = good(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb)) && expect(b, 1, 4) &&
                 good(call_on(ctx, "scalar", VANE_OP_MUL, &ta, &ta, &tb)) && expect(b, 1, 4) &&
                 good(call_on(ctx, NULL, VANE_OP_RELU, &ta, NULL, &tb)) && expect(b, 2, 2) &&
                 good(call_on(ctx, "toy", VANE_OP_ADD, &part, &part, &part)) && expect(b, 7, 4) &&
                 good(call_on(ctx, "toy", VANE_OP_ADD, &tl, &row, &tl)) && expect(large, 10, 3);
        if (ok && good(call_on(ctx, "toy", VANE_OP_ADD, &host, &ta, &host)))
            right(x[2] == 5, "the result in host memory");
        ok = refused == 0 && good(call_on(ctx, "toy", VANE_OP_ADD, &gaps, &gaps, &gaps));
        if (ok)
            right(x[4] == 4, "the result with gaps");
    }
    drop(a);
    drop(b);
    drop(large);
}

static atomic_int called;

static void on_call(void *arg, vane_status st)
{
    (void)arg;
    (void)st;
    atomic_fetch_add(&called, 1);
}

static void give_all(vane_stream *toys, vane_stream *any, vane_buffer a, vane_buffer b)
{
    vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N);
    vane_fence *f = NULL;
    int n = atomic_load(&called);
    good(vane_add_async(toys, &ta, &ta, &tb)); /* b = 4 */
    good(vane_add_async(any, &tb, &ta, &tb));  /* b = 6 */
    good(vane_relu_async(any, &tb, &tb));
    n += good(vane_stream_callback(toys, on_call, NULL));
    if (good(vane_stream_record(any, &f)))
        good(vane_stream_await(toys, f));
    good(vane_mul_async(toys, &tb, &ta, &ta)); /* a = 12 */
    if (f != NULL)
        good(vane_fence_wait(f, UINT64_MAX));
    vane_fence_close(f);
    good(vane_stream_wait(any));
    good(vane_stream_wait(toys));
    right(atomic_load(&called) == n, "the number of callbacks");
}

static void streams(void)
{
    vane_buffer a = {0}, b = {0};
    vane_stream *toys = NULL, *any = NULL;
    if (fill(&a, N, 2) && fill(&b, N, 0) && good(vane_stream_open(ctx, toy_index(ctx), &toys)) &&
        good(vane_stream_open(ctx, VANE_ANY_DEVICE, &any)))
        give_all(toys, any, a, b);
    int whole = refused == 0;
    good(vane_stream_close(toys));
    good(vane_stream_close(any));
    if (whole) {
        expect(a, 5, 12);
        expect(b, 5, 6);
    }
    drop(a);
    drop(b);
}

static void host_memory_on_streams(void)
{
    float x[N], y[2 * N];
    vane_tensor tx = TENSOR(x, VANE_F32, N), ty = TENSOR(y, VANE_F32, N);
    const vane_tensor *const both[] = {&tx, &tx, &tx, &tx, &tx};
    vane_stream *s = NULL;
    vane_concat_params axis = {0};
    float joined[5 * N];
    vane_tensor tj = TENSOR(joined, VANE_F32, 5 * N);
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    ty.stride[0] = 2;
    if (!good(vane_stream_open(ctx, toy_index(ctx), &s)))
        return;
    good(vane_add_async(s, &tx, &tx, &ty));
    good(vane_concat_async(s, both, 5, &axis, &tj)); /* more operands than a flight has room for */
    good(vane_stream_wait(s));
    if (refused == 0)
        right(y[6] == 6 && joined[4 * N + 3] == 3, "the result");
    good(vane_stream_close(s));
}

static void maps(void)
{
    vane_buffer a = {0}, w = {0};
    float x[N] = {0};
    void *p;
    if (fill(&a, N, 3) && good(vane_buffer_wrap(ctx, x, sizeof x, "wrapped", &w))) {
        vane_tensor ta = in_buffer(a, 0, N), tw = in_buffer(w, 0, N);
        int there = good(vane_buffer_prefetch(ctx, a, toy_index(ctx))) &&
                    good(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tw));
        if (there && good(vane_buffer_map(ctx, w, 4, 8, VANE_MAP_READ | VANE_MAP_WRITE, &p))) {
            right(((float *)p)[0] == 6, "the result");
            ((float *)p)[0] = 60;
            good(vane_buffer_unmap(ctx, w, p));
        }
        if (there && good(vane_buffer_map(ctx, a, 4, 8, VANE_MAP_WRITE, &p))) {
            ((float *)p)[0] = ((float *)p)[1] = 9;
            good(vane_buffer_unmap(ctx, a, p));
            expect(a, 2, 9);
        }
    }
    drop(a);
    drop(w);
    if (refused == 0)
        right(x[0] == 6 && x[1] == 60 && x[2] == 6, "the result");
}

static void a_full_device(void)
{
    vane_buffer all[5] = {{0}};
    int made = 1;
    for (uint32_t i = 0; i < 5 && made; i++)
        made = fill(&all[i], MANY, (float)i);
    for (uint32_t i = 0; i < 5 && made; i++) {
        vane_tensor t = in_buffer(all[i], 0, N);
        if (good(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t)))
            expect(all[i], 7, 2 * (float)i);
    }
    for (uint32_t i = 0; i < 5; i++)
        drop(all[i]);
}

static void a_plan(void)
{
    vane_buffer a = {0};
    vane_plan *plan = NULL;
    if (fill(&a, N, 2) && good(vane_set_priority(ctx, "toy"))) {
        vane_tensor t = in_buffer(a, 0, N);
        const vane_tensor *const in[] = {&t, &t};
        vane_tensor *const out[] = {&t};
        if (good(vane_plan_open(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &plan)) &&
            good(vane_plan_run(plan)))
            expect(a, 1, 4);
        vane_plan_close(plan);
    }
    drop(a);
}

static void hand_over(struct DLManagedTensor *m)
{
    vane_tensor t;
    vane_buffer back = {0};
    const char *data = (const char *)m->tensor.data + m->tensor.byte_offset;
    right(((const float *)(const void *)data)[3] == 4, "what was handed out");
    if (!good(vane_from_dlpack(ctx, m, &t, &back))) {
        m->deleter(m); /* not taken over */
        return;
    }
    if (good(vane_add(ctx, &t, &t, &t)))
        expect(back, 3, 8);
    drop(back); /* calls the deleter */
}

static void dlpack(void)
{
    vane_buffer a = {0};
    struct DLManagedTensor *m = NULL;
    if (fill(&a, N, 2)) {
        vane_tensor t = in_buffer(a, 0, N);
        if (good(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t)) && good(vane_to_dlpack(ctx, &t, &m)))
            hand_over(m);
    }
    drop(a);
}

/* ---- tests ------------------------------------------------------------------------- */

static void (*const scenarios[])(void) = {calls_that_wait, streams, host_memory_on_streams, maps,
                                          dlpack,          a_plan};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

START_TEST(host_memory_fails_once)
{
    ctx = toy_context(0, 0);
    each_host_allocation(scenarios[_i], 0);
    toy_context_close(ctx);
}
END_TEST

START_TEST(host_memory_fails_for_good)
{
    ctx = toy_context(0, 0);
    each_host_allocation(scenarios[_i], 1);
    toy_context_close(ctx);
}
END_TEST

START_TEST(device_memory_fails)
{
    ctx = toy_context(0, 0);
    each_device_allocation(scenarios[_i], 0, 1);
    toy_context_close(ctx);
}
END_TEST

START_TEST(device_memory_fails_for_good)
{
    ctx = toy_context(0, 0);
    each_device_allocation(scenarios[_i], 1, scenarios[_i] == a_plan);
    toy_context_close(ctx);
}
END_TEST

START_TEST(with_shared_memory)
{
    ctx = toy_context(VANE_CAP_UNIFIED, 0);
    each_host_allocation(scenarios[_i], 0);
    toy_context_close(ctx);
}
END_TEST

START_TEST(a_device_that_is_full)
{
    ctx = toy_context(0, 1);
    each_host_allocation(a_full_device, 0);
    each_device_allocation(a_full_device, 0, 1);
    each_device_allocation(a_full_device, 1, 0);
    toy_context_close(ctx);
}
END_TEST

START_TEST(opening_a_context)
{
    ctx = NULL;
    each_host_allocation(a_context, _i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("failing allocations");
    TCase *t = tcase_create("each in turn");
    tcase_set_timeout(t, 150);
    tcase_add_loop_test(t, host_memory_fails_once, 0, SCENARIOS);
    tcase_add_loop_test(t, host_memory_fails_for_good, 0, SCENARIOS);
    tcase_add_loop_test(t, device_memory_fails, 0, SCENARIOS);
    tcase_add_loop_test(t, device_memory_fails_for_good, 0, SCENARIOS);
    tcase_add_loop_test(t, with_shared_memory, 0, SCENARIOS);
    tcase_add_test(t, a_device_that_is_full);
    tcase_add_loop_test(t, opening_a_context, 0, 2);
    suite_add_tcase(s, t);
    return kit_main(s);
}
