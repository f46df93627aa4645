/* SPDX-License-Identifier: MIT */
/* test_sequence_memory.c - sequences while allocations fail: opened, run by calls, recorded,
 * replayed. */
#include "alloc_kit.h"
#include "toy_graphs.h"

static vane_sequence *opened(const vane_tensor *ta, vane_tensor *tb)
{
    const vane_tensor *const in[] = {ta, ta}, *const more[] = {tb, ta};
    vane_plan *plans[2] = {NULL};
    vane_sequence *q = NULL;
    if (good(vane_plan_open(ctx, VANE_OP_ADD, in, 2, &tb, 1, NULL, &plans[0])) &&
        good(vane_plan_open(ctx, VANE_OP_MUL, more, 2, &tb, 1, NULL, &plans[1])))
        good(vane_sequence_open(ctx, plans, 2, &q));
    for (int i = 0; i < 2; i++)
        vane_plan_close(plans[i]);
    return q;
}

static void replays(void)
{
    vane_buffer a = {0}, b = {0};
    vane_stream *toys = NULL;
    if (fill(&a, N, 2) && fill(&b, N, 0) && good(vane_stream_open(ctx, toy_index(ctx), &toys))) {
        vane_tensor ta = in_buffer(a, 0, N), tb = in_buffer(b, 0, N);
        vane_sequence *q = opened(&ta, &tb);
        for (int i = 0; q != NULL && i < 4; i++) /* b = 4, then 8 */
            if (good(vane_sequence_run(toys, q)) && good(vane_stream_wait(toys)))
                expect(b, 1, 8);
        vane_sequence_close(q);
    }
    good(vane_stream_close(toys));
    drop(a);
    drop(b);
    right(graphs.live == 0 && graphs.wrong == 0, "the number of graphs");
}

START_TEST(every_allocation_fails)
{
    toy.extension = graphs_extension;
    ctx = toy_context(0, 0);
    run_whole(replays, "at first", 0);
    ck_assert_int_eq(graphs.launches, 3);
    if (_i < 2)
        each_host_allocation(replays, _i);
    else
        each_device_allocation(replays, 0, 1);
    toy_context_close(ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sequences while allocations fail");
    TCase *t = tcase_create("each in turn");
    tcase_set_timeout(t, 150);
    tcase_add_loop_test(t, every_allocation_fails, 0, 3);
    suite_add_tcase(s, t);
    return kit_main(s);
}
