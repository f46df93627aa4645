/* SPDX-License-Identifier: MIT */
/* test_probes.c - somebody begins to look at the probes of calls while a program runs: its calls
 * take the watched way soon after, and the short one again when nobody looks. */
#include "context.h"
#include "kit.h"
#include "telemetry/probe.h"

static vane_context *ctx;
static kit quick;

static int probed(void)
{
    return (atomic_load(&ctx->watch) & VANE__WATCH_PROBES) != 0;
}

static void add(int times)
{
    float x[4] = {1, 2, 3, 4}, y[4];
    vane_tensor a = TENSOR(x, VANE_F32, 4), out = TENSOR(y, VANE_F32, 4);
    for (int i = 0; i < times; i++)
        GOOD(vane_add(ctx, &a, &a, &out));
    EXPECT(y, 2, 4, 6, 8);
}

START_TEST(looked_at_and_not)
{
    vane_config config = kit_nowhere();
    GOOD(vane_open(&config, &ctx));
    quick = kit_of("quick", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    kit_add(ctx, &quick);
    add(300);
    ck_assert(!probed());
#ifdef VANE_HAVE_SDT
    extern unsigned short vane_call__end_semaphore;
    vane_call__end_semaphore = 1; /* as the kernel does for who looks */
    add(300);
    ck_assert(probed());
    vane_call__end_semaphore = 0;
    add(2);
    ck_assert(!probed());
#endif
    vane_close(ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("probes");
    TCase *t = tcase_create("probes");
    tcase_add_test(t, looked_at_and_not);
    suite_add_tcase(s, t);
    return kit_main(s);
}
