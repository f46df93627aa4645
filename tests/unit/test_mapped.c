/* SPDX-License-Identifier: MIT */
/* test_mapped.c - imported memory is the host's only between mem_map and mem_unmap.
 *
 * This toy works in a shadow of what it imports: mapping brings the shadow to the host's memory,
 * unmapping takes the host's to the shadow. Who looks outside such a pair sees what was before.
 */
#include <sched.h>

#include "context.h"
#include "plugin/registry.h"
#include "toy_kit.h"

enum { N = 64, ROOM = 64 };

typedef struct shadow {
    vane_mem *mem; /* NULL: free */
    unsigned char *host;
    int is_mapped;
} shadow;

static vane_context *ctx;
static shadow shadows[ROOM];
static atomic_int maps, unmaps, waits, launched, mistakes;

static shadow *shadow_of(const vane_mem *m)
{
    for (int i = 0; i < ROOM; i++)
        if (shadows[i].mem == m)
            return &shadows[i];
    return NULL;
}

static vane_status import(vane_device *d, void *host, uint64_t bytes, vane_mem **out)
{
    shadow *s = shadow_of(NULL);
    vane_status st = s != NULL ? toy_mem_import(d, host, bytes, out) : VANE_E_NOMEM;
    if (st != VANE_OK)
        return st;
    (*out)->bytes = malloc(bytes);
    memcpy((*out)->bytes, host, bytes);
    *s = (shadow){*out, host, 0};
    return VANE_OK;
}

static void forget(vane_device *d, vane_mem *m)
{
    shadow *s = shadow_of(m);
    if (s != NULL) {
        free(m->bytes);
        *s = (shadow){NULL, NULL, 0};
    }
    toy_mem_free(d, m);
}

static vane_status map(vane_queue *q, vane_mem *m, uint64_t offset, uint64_t bytes, uint32_t intent,
                       void **out)
{
    shadow *s = shadow_of(m);
    toy_queue_sync(q);
    mistakes += s == NULL || s->is_mapped || bytes > m->size - offset || !(intent & VANE_MAP_READ);
    memcpy(s->host + offset, m->bytes + offset, bytes);
    s->is_mapped = 1;
    maps++;
    *out = s->host + offset;
    return VANE_OK;
}

static vane_status unmap(vane_queue *q, vane_mem *m, void *p, vane_event **out)
{
    shadow *s = shadow_of(m);
    (void)q;
    mistakes += s == NULL || !s->is_mapped || p != s->host || out != NULL;
    memcpy(m->bytes, s->host, m->size);
    s->is_mapped = 0;
    unmaps++;
    return VANE_OK;
}

static vane_status queue_wait(vane_queue *q, vane_event *e)
{
    waits++;
    return toy_queue_wait(q, e);
}

static vane_status launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                          vane_event **out)
{
    for (uint32_t i = 0; i < call->n_arg; i++) {
        const shadow *s = shadow_of(call->arg[i].mem);
        mistakes += s == NULL || s->is_mapped;
    }
    launched++;
    return toy_launch(q, k, call, out);
}

static void setup(void)
{
    ctx = toy_context(VANE_CAP_UNIFIED, 0);
    vane__backend *b = vane__registry_find(&ctx->registry, "toy");
    ck_assert_ptr_nonnull(b);
    b->vt.mem_import = import;
    b->vt.mem_free = forget;
    b->vt.mem_map = map;
    b->vt.mem_unmap = unmap;
    b->vt.queue_wait = queue_wait;
    b->vt.launch = launch;
    maps = unmaps = waits = launched = mistakes = 0;
}

static void teardown(void)
{
    toy_context_close(ctx);
    ck_assert_int_eq(mistakes, 0);
    for (int i = 0; i < ROOM; i++)
        ck_assert_ptr_null(shadows[i].mem);
}

START_TEST(buffers_go_back_and_forth)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1), b = buffer_empty(ctx, "b", N);
    vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N);
    float x = 10;
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb));
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &tb, &tb, &tb));
    ck_assert_int_eq(maps, 0); /* nobody looked */
    expect_at(ctx, b, 0, 4);
    expect_at(ctx, b, 1, 8);
    ck_assert_int_eq(maps, 1); /* mapped still */
    GOOD(vane_buffer_write(ctx, b, 0, &x, sizeof x));
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &tb, &ta, &tb));
    ck_assert_int_eq(unmaps, 1);
    GOOD(call_on(ctx, "scalar", VANE_OP_RELU, &tb, NULL, &tb));
    expect_at(ctx, b, 0, 11);
    expect_at(ctx, b, 1, 10);
    GOOD(call_on(ctx, "toy", VANE_OP_COPY, &tb, NULL, &ta));
    expect_at(ctx, a, 1, 10);
}
END_TEST

/* Who writes and prefetches in turn waits for one mapping, not for one each time. */
START_TEST(a_prefetch_leaves_the_host_its_mapping_until_work_needs_it)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1), b = buffer_empty(ctx, "b", N);
    vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb));
    for (int i = 1; i <= 3; i++) {
        float x = (float)i;
        GOOD(vane_buffer_write(ctx, a, 0, &x, sizeof x));
        GOOD(vane_buffer_prefetch(ctx, a, toy_index(ctx)));
    }
    ck_assert_int_eq(maps, 1);
    ck_assert_int_eq(unmaps, 0);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb));
    ck_assert_int_eq(unmaps, 1);
    expect_at(ctx, b, 0, 6);
    expect_at(ctx, b, 1, 4);
}
END_TEST

static void await_launches(int n)
{
    while (launched < n)
        sched_yield();
}

/* It is unmapped by a command of one queue: work of another queue, which only reads too, comes
 * after that. */
START_TEST(whoever_reads_it_next_waits_for_the_unmapping)
{
    vane_buffer a = buffer_of(ctx, "a", N, 1), b = buffer_empty(ctx, "b", N),
                c = buffer_empty(ctx, "c", N);
    vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N), tc = in_buffer(c, 0, N);
    vane_stream *one, *two;
    float x = 5;
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tb));
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &tc));
    GOOD(vane_buffer_write(ctx, a, 0, &x, sizeof x));
    GOOD(vane_stream_open(ctx, toy_index(ctx), &one));
    GOOD(vane_stream_open(ctx, toy_index(ctx), &two));
    toy_gate(1);
    GOOD(vane_add_async(one, &ta, &ta, &tb));
    await_launches(3);
    ck_assert_int_eq(unmaps, 1);
    ck_assert_int_eq(waits, 0);
    GOOD(vane_mul_async(two, &ta, &ta, &tc));
    await_launches(4);
    ck_assert_int_eq(unmaps, 1);
    ck_assert_int_gt(waits, 0); /* for each operand */
    toy_gate(0);
    GOOD(vane_stream_close(one));
    GOOD(vane_stream_close(two));
    expect_at(ctx, b, 0, 10);
    expect_at(ctx, c, 0, 25);
}
END_TEST

START_TEST(wrapped_memory_has_the_result_after_the_close)
{
    float x[N] = {1, 2, 3};
    vane_buffer mine;
    GOOD(vane_buffer_wrap(ctx, x, sizeof x, "mine", &mine));
    vane_tensor t = in_buffer(mine, 0, N);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &t, &t, &t));
    GOOD(vane_buffer_close(ctx, mine));
    EXPECT(x, 2, 4, 6);
}
END_TEST

START_TEST(operands_in_host_memory)
{
    float x[N] = {1, 2, 3}, y[N] = {0}, gaps[2 * N] = {0};
    vane_tensor tx = TENSOR(x, VANE_F32, N), ty = TENSOR(y, VANE_F32, N),
                tg = TENSOR(gaps, VANE_F32, N);
    tg.stride[0] = 2;
    gaps[1] = 7;
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &tx, &tx, &ty));
    EXPECT(y, 2, 4, 6);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &tx, &ty, &tx)); /* in place: by way of the arena */
    EXPECT(x, 3, 6, 9);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &tx, &ty, &tg));
    EXPECT(gaps, 5, 7, 10, 0, 15);
    ck_assert_int_eq(maps, 3); /* the outputs alone */
    ck_assert_int_eq(unmaps, 3);
}
END_TEST

static vane_status no_map(vane_queue *q, vane_mem *m, uint64_t offset, uint64_t bytes,
                          uint32_t intent, void **out)
{
    (void)q, (void)m, (void)offset, (void)bytes, (void)intent, (void)out;
    return VANE_E_NOMEM; /* and not a word */
}

START_TEST(a_map_that_fails_is_told)
{
    float x[N] = {1, 2, 3}, got;
    vane_buffer a = buffer_of(ctx, "a", N, 1);
    vane_tensor ta = in_buffer(a, 0, N), tx = TENSOR(x, VANE_F32, N);
    GOOD(call_on(ctx, "toy", VANE_OP_ADD, &ta, &ta, &ta));
    vane__registry_find(&ctx->registry, "toy")->vt.mem_map = no_map;
    FAILS(vane_buffer_read(ctx, a, 0, &got, sizeof got), VANE_E_NOMEM, "'a': mem_map failed");
    FAILS(call_on(ctx, "toy", VANE_OP_ADD, &ta, &tx, &tx), VANE_E_NOMEM, "could not be mapped");
    vane__registry_find(&ctx->registry, "toy")->vt.mem_map = map;
    expect_at(ctx, a, 0, 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mapped");
    TCase *t = tcase_create("mapped");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, buffers_go_back_and_forth);
    tcase_add_test(t, a_prefetch_leaves_the_host_its_mapping_until_work_needs_it);
    tcase_add_test(t, whoever_reads_it_next_waits_for_the_unmapping);
    tcase_add_test(t, wrapped_memory_has_the_result_after_the_close);
    tcase_add_test(t, operands_in_host_memory);
    tcase_add_test(t, a_map_that_fails_is_told);
    suite_add_tcase(s, t);
    return kit_main(s);
}
