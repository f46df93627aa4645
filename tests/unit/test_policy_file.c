/* SPDX-License-Identifier: MIT */
/* test_policy_file.c - policies from shared objects: one that works, and those that cannot. */
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"
#include "scratch.h"

static vane_context *ctx;
static kit alpha, beta;
static float a4[] = {1, 2, 3, 4}, out4[4];

static const char *in_plugins(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", getenv("VANE_TEST_PLUGINS"), name);
    return path;
}

static void setup(void)
{
    vane_config config = kit_config();
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta = kit_of("beta", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    config.exclude = "avx*,generic,neon,opencl,template,sim";
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &alpha);
    kit_add(ctx, &beta);
}

static void teardown(void)
{
    vane_close(ctx);
}

static vane_status add(void)
{
    vane_tensor a = TENSOR(a4, VANE_F32, 4), out = TENSOR(out4, VANE_F32, 4);
    return vane_add(ctx, &a, &a, &out);
}

START_TEST(it_chooses)
{
    GOOD(vane_set_policy(ctx, in_plugins("policy_last.so")));
    GOOD(add());
    ck_assert_uint_eq(atomic_load(&beta.runs), 1); /* alpha and the oracle come before it */
    GOOD(vane_set_policy(ctx, "fixed"));
    GOOD(add());
    ck_assert_uint_eq(atomic_load(&alpha.runs), 1);
    GOOD(vane_set_policy(ctx, in_plugins("policy_last.so"))); /* mapped already */
    GOOD(add());
    ck_assert_uint_eq(atomic_load(&beta.runs), 2);
}
END_TEST

START_TEST(the_environment_names_one)
{
    vane_context *other;
    vane_config config = kit_config();
    setenv("VANE_POLICY", in_plugins("policy_last.so"), 1);
    GOOD(vane_open(&config, &other));
    unsetenv("VANE_POLICY");
    vane_close(other);
    config.policy = in_plugins("nothing.so");
    ck_assert_int_eq(vane_open(&config, &other), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "nothing.so"));
}
END_TEST

START_TEST(a_winner_that_is_none)
{
    GOOD(vane_set_policy(ctx, in_plugins("policy_wild.so")));
    ck_assert_int_eq(add(), VANE_E_UNSUPPORTED);
    GOOD(vane_set_policy(ctx, "heuristic"));
    GOOD(add());
}
END_TEST

static const struct {
    const char *file, *says;
    vane_status status;
} bad[] = {{"policy_short.so", "struct_size is 8", VANE_E_ABI},
           {"policy_unsized.so", "candidate_size is 0", VANE_E_ABI},
           {"minimal.so", "vane_policy_entry_v1", VANE_E_ABI},
           {"nothing.so", "nothing.so", VANE_E_NOT_FOUND}};

START_TEST(what_cannot_be_one)
{
    ck_assert_int_eq(vane_set_policy(ctx, in_plugins(bad[_i].file)), bad[_i].status);
    ck_assert_msg(strstr(vane_last_error()->message, bad[_i].says) != NULL, "%s",
                  vane_last_error()->message);
    GOOD(add()); /* the one before goes on */
}
END_TEST

START_TEST(no_shared_object)
{
    char path[SCRATCH_ROOM];
    int fd = scratch_file(path);
    ck_assert_int_eq(vane_set_policy(ctx, path), VANE_E_IO);
    ck_assert_int_eq(fchmod(fd, 0666), 0);
    ck_assert_int_eq(vane_set_policy(ctx, path), VANE_E_PERMISSION);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("policy_file");
    TCase *t = tcase_create("policy_file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, it_chooses);
    tcase_add_test(t, the_environment_names_one);
    tcase_add_test(t, a_winner_that_is_none);
    tcase_add_loop_test(t, what_cannot_be_one, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(t, no_shared_object);
    suite_add_tcase(s, t);
    return kit_main(s);
}
