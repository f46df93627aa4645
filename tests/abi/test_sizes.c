/* SPDX-License-Identifier: MIT */
/* test_sizes.c - the layout that plugins and programs were compiled against (LP64). A line
 * here is never changed; a struct that grows gets its v1 size checked by its last v1 field. */
#include <check.h>
#include <stddef.h>

#include "vane/clock.h"
#include "vane/graph.h"
#include "vane/renew.h"
#include "vane/vane.h"

typedef struct fact {
    const char *what;
    size_t is, was;
} fact;

#define END(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
#define AT(type, field, was)                         \
    {                                                \
#type "." #field, offsetof(type, field), was \
    }
#define UPTO(type, field, was)                        \
    {                                                 \
#type " up to " #field, END(type, field), was \
    }
#define SIZE(type, was)                    \
    {                                      \
        "sizeof " #type, sizeof(type), was \
    }

static const fact facts[] = {
    SIZE(vane_tensor, 160),
    SIZE(vane_params, 64),
    SIZE(vane_view, 176),
    AT(vane_view, shape, 32),
    UPTO(vane_call, arg, 1464),
    AT(vane_call, params, 32),
    AT(vane_call, device, 48),
    AT(vane_call, arg, 56),
    UPTO(vane_kernel, alternative, 72),
    AT(vane_kernel, direct, 24),
    UPTO(vane_host, report, 128),
    AT(vane_host, ctx, 56),
    UPTO(vane_backend_vt, extension, 248),
    AT(vane_backend_vt, kernel, 56),
    AT(vane_backend_vt, launch, 200),
    UPTO(vane_backend_entry, vt, 64),
    AT(vane_backend_entry, name, 32),
    UPTO(vane_backend_note, version, 88),
    UPTO(vane_device_info, id, 288),
    UPTO(vane_telemetry, throttled, 48),
    UPTO(vane_op_desc, ulp, 64),
    UPTO(vane_clock, advance, 32),
    UPTO(vane_graphs, close, 32),
    SIZE(vane_graph_call, 16),
    UPTO(vane_candidate, most_ns, 152),
    AT(vane_candidate, predicted_ns, 72),
    AT(vane_candidate, trust, 88),
    AT(vane_candidate, queued, 128),
    UPTO(vane_query, moved, 60),
    AT(vane_query, flops, 16),
    UPTO(vane_policy, self, 48),
    AT(vane_policy, choose, 24),
    AT(vane_decision, candidates, 104),
    UPTO(vane_renew, device_renew, 16),
    UPTO(vane_device_load, renewals, 80),
};

START_TEST(layout_is_as_it_was)
{
    const fact *f = &facts[_i];
    ck_assert_msg(f->is == f->was, "%s is %zu, was %zu", f->what, f->is, f->was);
}
END_TEST

START_TEST(numbers_are_as_they_were)
{
    ck_assert_int_eq(VANE_E_INTERNAL, -17);
    ck_assert_int_eq(VANE_BOOL, 8);
    ck_assert_int_eq(VANE_OP_ABS, 0);
    ck_assert_int_eq(VANE_OP_MATMUL, 30);
    ck_assert_int_eq(VANE_OP_CONCAT, 37);
    ck_assert_int_eq(VANE_CPU_AVX512VL_BIT, 16);
    ck_assert_uint_eq(VANE_BACKEND_MAGIC, 0x656e6156u);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("abi");
    TCase *t = tcase_create("layout");
    tcase_add_loop_test(t, layout_is_as_it_was, 0, (int)(sizeof facts / sizeof facts[0]));
    tcase_add_test(t, numbers_are_as_they_were);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
