/* SPDX-License-Identifier: MIT */
/* test_frozen_policy.c - policies compiled against the headers of v1 still choose, whatever the
 * size of the candidates that they know. */
#include "../unit/kit.h"

static const char *const files[] = {FROZEN_FOLDER "/frozen_policy.so",
                                    FROZEN_FOLDER "/frozen_policy_short.so",
                                    FROZEN_FOLDER "/frozen_policy_later.so"};

START_TEST(it_chooses)
{
    float x[] = {1, 2, 3, 4}, y[4];
    vane_tensor a = TENSOR(x, VANE_F32, 4), o = TENSOR(y, VANE_F32, 4);
    vane_decision d;
    kit first = kit_of("first", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL),
        last = kit_of("last", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    vane_context *ctx = kit_context();
    kit_add(ctx, &first);
    kit_add(ctx, &last);
    GOOD(vane_set_policy(ctx, files[_i]));
    for (int i = 0; i < 50; i++) {
        GOOD(vane_add(ctx, &a, &a, &o));
        EXPECT(y, 2, 4, 6, 8);
    }
    ck_assert_uint_eq(atomic_load(&last.runs), 50); /* and nobody was tried */
    ck_assert_uint_eq(atomic_load(&first.runs), 0);
    GOOD(add_with(ctx, &a, &a, &o, NULL, &d));
    ck_assert_str_eq(ran_on(&d), "last");
    ck_assert_str_eq(d.policy, "frozen");
    for (uint32_t i = 0; i < d.count; i++) { /* what it said of each */
        ck_assert_double_ge(d.candidates[i].predicted_ns, 1000);
        ck_assert_uint_eq(d.candidates[i].reason,
                          i == d.ran ? VANE_REASON_CHOSEN : VANE_REASON_LATER);
    }
    vane_close(ctx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("frozen_policy");
    TCase *t = tcase_create("policy");
    tcase_add_loop_test(t, it_chooses, 0, sizeof files / sizeof files[0]);
    suite_add_tcase(s, t);
    return kit_main(s);
}
