/* SPDX-License-Identifier: MIT */
/* test_frozen.c - plugins compiled against the headers of v1 still load and compute. */
#include "../unit/kit.h"

#define OLD FROZEN_FOLDER "/frozen_v1.so"
#define SHORTER FROZEN_FOLDER "/frozen_v1_short.so"
#define LATER FROZEN_FOLDER "/frozen_v1_later.so"

static const struct {
    const char *path, *name;
} plugins[] = {{OLD, "frozen-v1"}, {SHORTER, "frozen-v1-short"}, {LATER, "frozen-v1-later"}};
enum { PLUGINS = sizeof plugins / sizeof plugins[0] };

static vane_context *ctx;

/* Nothing but the plugin: what is computed, it computed. */
static void open_alone(int i)
{
    vane_config config = kit_nowhere();
    GOOD(vane_open(&config, &ctx));
    GOOD(vane_load(ctx, plugins[i].path));
    GOOD(vane_set_priority(ctx, plugins[i].name));
}

static void teardown(void)
{
    vane_close(ctx);
}

START_TEST(it_computes)
{
    float x[] = {1, -2, 3, -4}, y[4], batch[] = {1, 0, 0, 1, 2, 0, 0, 2}, z[8];
    vane_tensor a = TENSOR(x, VANE_F32, 2, 2), o = TENSOR(y, VANE_F32, 2, 2),
                r = TENSOR(x, VANE_F32, 2);
    vane_tensor b = TENSOR(batch, VANE_F32, 2, 2, 2), p = TENSOR(z, VANE_F32, 2, 2, 2);
    open_alone(_i);
    GOOD(vane_add(ctx, &a, &r, &o));
    EXPECT(y, 2, -4, 4, -6);
    GOOD(vane_relu(ctx, &a, &o));
    EXPECT(y, 1, 0, 3, 0);
    GOOD(vane_matmul(ctx, &a, &b, &p));
    EXPECT(z, 1, -2, 3, -4, 2, -4, 6, -8);
    GOOD(vane_add(ctx, &a, &a, &a));
    EXPECT(x, 2, -4, 6, -8);
    ck_assert_int_eq(vane_neg(ctx, &a, &o), VANE_E_UNSUPPORTED); /* and nothing else */
}
END_TEST

START_TEST(it_is_listed)
{
    const char *name = NULL;
    vane_device_info info = {.struct_size = sizeof info};
    vane_report_line line;
    open_alone(_i);
    ck_assert_uint_eq(vane_device_count(ctx), 1);
    GOOD(vane_device_at(ctx, 0, &info, &name));
    ck_assert_str_eq(name, plugins[_i].name);
    ck_assert(info.caps & VANE_CAP_HOST_MEM);
    GOOD(vane_report_at(ctx, vane_report_count(ctx) - 1, &line));
    ck_assert_int_eq(line.status, VANE_OK);
    ck_assert_str_eq(line.version, "1.0");
}
END_TEST

/* In company: elected, beaten, and asked for by name, like any other. */
START_TEST(it_competes)
{
    float x[] = {1, 2}, y[2];
    vane_tensor a = TENSOR(x, VANE_F32, 2), o = TENSOR(y, VANE_F32, 2);
    vane_decision d;
    ctx = kit_context();
    for (int i = 0; i < PLUGINS; i++)
        GOOD(vane_load(ctx, plugins[i].path));
    for (int i = 0; i < PLUGINS; i++) {
        GOOD(add_with(ctx, &a, &a, &o, plugins[i].name, &d));
        ck_assert_str_eq(ran_on(&d), plugins[i].name);
        EXPECT(y, 2, 4);
    }
    GOOD(add_with(ctx, &a, &a, &o, NULL, &d));
    ck_assert_str_ne(ran_on(&d), "frozen-v1"); /* it declares a low rate */
    EXPECT(y, 2, 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("frozen");
    TCase *t = tcase_create("frozen");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_loop_test(t, it_computes, 0, PLUGINS);
    tcase_add_loop_test(t, it_is_listed, 0, PLUGINS);
    tcase_add_test(t, it_competes);
    suite_add_tcase(s, t);
    return kit_main(s);
}
