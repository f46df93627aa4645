/* SPDX-License-Identifier: MIT */
/* test_store_shown.c - what is kept, shown and thrown away; how much of it; whose it is. */
#include "store_kit.h"

#include <math.h>

#include "os.h"
#include "policy/build_id.h"

/* ---- shown and thrown away --------------------------------------------------------------------
 */

START_TEST(it_can_be_listed_and_forgotten)
{
    vane_learned_info info = {.struct_size = sizeof info};
    vane_learned_entry list[64];
    uint32_t n = 0, timed = 0;
    vane_context *ctx = store_context();
    GOOD(vane_learned_list(ctx, NULL, 0, &n));
    ck_assert_uint_eq(n, 0);
    store_learn(ctx, 1000);
    GOOD(vane_learned_save(ctx));
    GOOD(vane_learned_get(ctx, &info));
    GOOD(vane_learned_list(ctx, list, 64, &n));
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_le(n, 64);
    ck_assert_uint_eq(n, info.entries);
    ck_assert_uint_eq(info.others, 0);
    ck_assert_int_eq(store_find(), 1);
    ck_assert_ptr_nonnull(strstr(store_path, info.folder));
    ck_assert_ptr_nonnull(strstr(store_path, info.file));
    for (uint32_t i = 0; i < n; i++) {
        ck_assert_str_eq(list[i].op, "add");
        ck_assert_uint_eq(list[i].owner, VANE_LEARNED_CURRENT);
        ck_assert_uint_eq(list[i].dtype, VANE_F32);
        ck_assert_uint_ge((uint64_t)time(NULL), list[i].when_s);
        ck_assert_uint_le((uint64_t)time(NULL) - list[i].when_s, 3600);
        timed += list[i].samples > 0 && list[i].typical_ns > 0;
    }
    ck_assert_uint_gt(timed, 0);
    list[1].op[0] = '!';
    GOOD(vane_learned_list(ctx, list, 1, &n)); /* no more than there is room for */
    ck_assert_int_eq(list[1].op[0], '!');
    GOOD(vane_learned_forget(ctx));
    ck_assert_int_eq(store_find(), 0);
    GOOD(vane_learned_forget(ctx)); /* gone is gone */
    vane_close(ctx);
    ck_assert_int_eq(store_find(), 0); /* what was forgotten is not written again */
}
END_TEST

START_TEST(whose_it_is)
{
    vane_learned_entry list[64];
    uint32_t n, stale = 0;
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    remember_winner(ctx);
    vane_close(ctx);
    uint32_t changed = change(winner, another_build);
    ctx = store_context();
    GOOD(vane_learned_list(ctx, list, 64, &n));
    for (uint32_t i = 0; i < n; i++) {
        stale += list[i].owner == VANE_LEARNED_STALE;
        ck_assert_int_eq(list[i].owner == VANE_LEARNED_STALE, strcmp(list[i].backend, winner) == 0);
    }
    ck_assert_uint_eq(stale, changed);
    vane_close(ctx);
    vane_config config = store_config();
    config.exclude = "opencl,avx2,avx512,generic,neon";
    GOOD(vane_open(&config, &ctx));
    GOOD(vane_learned_list(ctx, list, 64, &n));
    for (uint32_t i = 0; i < n; i++)
        ck_assert_int_eq(list[i].owner == VANE_LEARNED_ABSENT,
                         strstr(config.exclude, list[i].backend) != NULL);
    vane_close(ctx);
}
END_TEST

START_TEST(explain_knows_before_the_first_call)
{
    vane_decision d = {.struct_size = sizeof d};
    learn_and_close(1000);
    vane_context *ctx = store_context();
    store_explain(ctx, 1000, &d);
    ck_assert_uint_eq(d.settled, 1);
    ck_assert_uint_gt(d.candidates[d.chosen].samples, 0);
    vane_close(ctx);
}
END_TEST

START_TEST(what_cannot_be_shown)
{
    vane_learned_info info = {.struct_size = sizeof info}, old = {.struct_size = 8};
    vane_learned_entry one;
    uint32_t n;
    vane_context *ctx = store_context();
    ck_assert_int_eq(vane_learned_get(NULL, &info), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_learned_get(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_learned_get(ctx, &old), VANE_E_ABI);
    ck_assert_int_eq(vane_learned_list(ctx, &one, 1, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_learned_list(ctx, NULL, 1, &n), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_learned_save(NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_learned_forget(NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_set_trials(NULL, 1), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_set_trials(ctx, 101), VANE_E_ARGUMENT);
    GOOD(vane_set_trials(ctx, 0));
    ck_assert(vane__allowance_left(&ctx->allowance, 0) <= 0);
    GOOD(vane_set_trials(ctx, 100));
    ck_assert(vane__allowance_left(&ctx->allowance, 0) >= 9.9e9);
    vane_close(ctx);
    setenv("VANE_CACHE", "0", 1);
    ctx = kit_context();
    ck_assert_int_eq(vane_learned_get(ctx, &info), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "VANE_CACHE is 0"));
    ck_assert_int_eq(vane_learned_list(ctx, &one, 1, &n), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_learned_save(ctx), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_learned_forget(ctx), VANE_E_NOT_FOUND);
    vane_close(ctx);
}
END_TEST

/* ---- identities ---------------------------------------------------------------------------------
 */

START_TEST(one_machine_has_one_identity)
{
    vane__identity a, b, c;
    vane_context *ctx = store_context();
    vane__identity_machine(ctx, &a);
    vane__identity_machine(ctx, &b);
    ck_assert_uint_eq(a.hash, b.hash);
    ck_assert_str_eq(a.text, b.text);
    uint64_t features = ctx->cpu_features;
    ctx->cpu_features ^= 1;
    vane__identity_machine(ctx, &c);
    ck_assert_uint_ne(a.hash, c.hash);
    ctx->cpu_features = features;
    ctx->budget.cpu_quota += 1.5;
    vane__identity_machine(ctx, &c);
    ck_assert_uint_ne(a.hash, c.hash);
    vane_close(ctx);
}
END_TEST

START_TEST(code_has_the_build_of_its_file)
{
    char mine[VANE__BUILD_ID_TEXT], libc[VANE__BUILD_ID_TEXT], none[VANE__BUILD_ID_TEXT];
    static const int data = 1;
    int on_the_stack = 1;
    ck_assert_int_eq(vane__build_id(&data, mine), 1);
    ck_assert_int_eq(vane__build_id((const void *)(uintptr_t)getpagesize, libc), 1);
    ck_assert_str_ne(mine, libc);
    ck_assert_uint_ge(strlen(mine), 16);
    ck_assert_int_eq(vane__build_id(&on_the_stack, none), 0);
    ck_assert_str_eq(none, "");
    ck_assert_uint_eq(vane__identity_code(NULL), 0);
    ck_assert_uint_ne(vane__identity_code(&data), 0);
}
END_TEST

START_TEST(notes_are_read_with_care)
{
    static const uint32_t id[] = {4, 2, 3, 0x00554e47, 0x0000bbaa};
    static const uint32_t other_first[] = {4, 4, 1, 0x00554e47, 7, 4, 2, 3, 0x00554e47, 0x0000bbaa};
    char text[VANE__BUILD_ID_TEXT];
    ck_assert_int_eq(vane__build_id_note(id, sizeof id, 4, text), 1);
    ck_assert_str_eq(text, "aabb");
    ck_assert_int_eq(vane__build_id_note(other_first, sizeof other_first, 4, text), 1);
    ck_assert_str_eq(text, "aabb");
    for (size_t n = 0; n < 18; n++) /* cut in the note */
        ck_assert_int_eq(vane__build_id_note(id, n, 4, text), 0);
    uint32_t bad[5];
    for (int i = 0; i < 2; i++) { /* sizes beyond all bounds */
        memcpy(bad, id, sizeof bad);
        bad[i] = 0xfffffff0;
        ck_assert_int_eq(vane__build_id_note(bad, sizeof bad, 4, text), 0);
    }
    bad[0] = 4;
    bad[1] = 0;
    ck_assert_int_eq(vane__build_id_note(bad, sizeof bad, 4, text), 0);
}
END_TEST

static vane__record some_record(void)
{
    return (vane__record){.key = 1,
                          .stamp = 1,
                          .when_s = 1000,
                          .typical_ns = 5,
                          .width = 1,
                          .samples = 9,
                          .trust = VANE_TRUST_CHECKED,
                          .op = "add",
                          .backend = "avx2",
                          .device = "cpu0",
                          .kernel = "add_f32"};
}

/* ---- bounds -------------------------------------------------------------------------------------
 */

static vane__store_place place_of(const char *folder, const vane__log *log, atomic_int *lock)
{
    return (vane__store_place){.folder = folder,
                               .name = "x.learned",
                               .identity = 42,
                               .text = "a test",
                               .log = log,
                               .lock = lock};
}

START_TEST(the_oldest_go_first)
{
    enum { N = VANE__RECORDS_MAX, MORE = 1000 };
    char folder[128];
    atomic_int lock = -1;
    vane__log log = {.level = VANE_LOG_WARN, .write = store_log};
    snprintf(folder, sizeof folder, "%s/many", store_dir);
    vane__store_place p = place_of(folder, &log, &lock);
    vane__record *r = calloc(N + MORE, sizeof *r);
    for (uint32_t i = 0; i < N + MORE; i++) {
        r[i] = some_record();
        r[i].key = vane__hash_mix(1, i);
        r[i].when_s = 1000 + i;
    }
    ck_assert_int_eq(vane__store_merge(&p, 1u << 30, r, N / 2, 0), 1);
    ck_assert_int_eq(vane__store_merge(&p, 1u << 30, r + N / 2, N / 2 + MORE, 0), 1);
    void *file;
    vane__records all;
    ck_assert_int_eq(vane__store_read(&p, 1u << 30, &file, &all), 1);
    ck_assert_uint_eq(all.count, N);
    for (uint32_t i = 0; i < N; i++)
        ck_assert_uint_ge(all.list[i].when_s, 1000 + MORE);
    free(file);
    free(r);
}
END_TEST

START_TEST(of_one_key_the_newer_stays)
{
    char folder[128];
    atomic_int lock = -1;
    vane__log log = {.level = VANE_LOG_WARN, .write = store_log};
    snprintf(folder, sizeof folder, "%s/one", store_dir);
    vane__store_place p = place_of(folder, &log, &lock);
    vane__record r = some_record();
    static const uint64_t when[] = {2000, 1000, 3000, 3000};
    static const float want[] = {1, 1, 3, 4};
    for (int i = 0; i < 4; i++) {
        void *file;
        vane__records all;
        r.when_s = when[i];
        r.typical_ns = (float)(i + 1);
        ck_assert_int_eq(vane__store_merge(&p, 1u << 30, &r, 1, 0), 1);
        ck_assert_int_eq(vane__store_read(&p, 1u << 30, &file, &all), 1);
        ck_assert_uint_eq(all.count, 1);
        ck_assert(all.list[0].typical_ns - want[i] == 0);
        free(file);
    }
    ck_assert_int_eq(atomic_load(&lock), -1);
}
END_TEST

START_TEST(files_of_other_builds_do_not_pile_up)
{
    char path[256];
    snprintf(path, sizeof path, "%s/learned", store_dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < VANE__STORE_FILES + 5; i++) {
        snprintf(path, sizeof path, "%s/learned/%016x.learned", store_dir, i);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        ck_assert_int_ge(fd, 0);
        struct timespec t[2] = {{.tv_sec = 1000000 + i}, {.tv_sec = 1000000 + i}};
        ck_assert_int_eq(futimens(fd, t), 0);
        close(fd);
    }
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    vane_close(ctx);
    ck_assert_int_eq(store_find(), VANE__STORE_FILES + 1);
    for (int i = 0; i < VANE__STORE_FILES + 5; i++) {
        snprintf(path, sizeof path, "%s/learned/%016x.learned", store_dir, i);
        ck_assert_int_eq(access(path, F_OK) == 0, i >= 5);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_shown");
    TCase *c = tcase_create("shown");
    tcase_add_checked_fixture(c, store_begin, NULL);
    tcase_add_test(c, it_can_be_listed_and_forgotten);
    tcase_add_test(c, whose_it_is);
    tcase_add_test(c, explain_knows_before_the_first_call);
    tcase_add_test(c, what_cannot_be_shown);
    tcase_add_test(c, one_machine_has_one_identity);
    tcase_add_test(c, code_has_the_build_of_its_file);
    tcase_add_test(c, notes_are_read_with_care);
    suite_add_tcase(suite, c);
    c = tcase_create("bounds");
    tcase_add_checked_fixture(c, store_begin, NULL);
    tcase_add_test(c, the_oldest_go_first);
    tcase_add_test(c, of_one_key_the_newer_stays);
    tcase_add_test(c, files_of_other_builds_do_not_pile_up);
    suite_add_tcase(suite, c);
    return kit_main(suite);
}
