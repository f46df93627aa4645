/* SPDX-License-Identifier: MIT */
/* test_store.c - what one process learned, the next one knows: what is kept, what is trusted, what
 * is corrected. */
#include "store_kit.h"

#include <math.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "os.h"
#include "policy/build_id.h"

static void learn_and_close(int64_t n)
{
    vane_context *ctx = store_context();
    store_learn(ctx, n);
    vane_close(ctx);
}

static uint32_t samples_of(const vane_decision *d)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->count; i++)
        n += d->candidates[i].samples;
    return n;
}

static double spent(vane_context *ctx)
{
    return ctx->allowance.total_ns;
}

START_TEST(the_next_process_knows_from_the_first_call)
{
    vane_decision before = {.struct_size = sizeof before}, after = before;
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    store_explain(ctx, 1000, &before);
    ck_assert(spent(ctx) > 0);
    vane_close(ctx);
    ctx = store_context();
    GOOD(store_add(ctx, 1000));
    store_explain(ctx, 1000, &after);
    ck_assert(spent(ctx) <= 0); /* nothing was tried */
    ck_assert_uint_eq(after.settled, 1);
    ck_assert_str_eq(after.route_why, "remembered");
    ck_assert_uint_eq(after.route_changes, 0);
    ck_assert_uint_eq(after.chosen, before.chosen);
    ck_assert_uint_eq(samples_of(&after), samples_of(&before));
    const vane_candidate *a = &after.candidates[after.chosen],
                         *b = &before.candidates[before.chosen];
    ck_assert_uint_eq(a->trust, VANE_TRUST_CHECKED);
    ck_assert_uint_ge(a->samples, 5);
    ck_assert(fabs(a->measured_ns - b->measured_ns) <= 1e-3 * b->measured_ns);
    ck_assert_int_eq(store_lines, 0);
    vane_close(ctx);
}
END_TEST

START_TEST(the_file_is_private_and_says_for_what_it_is)
{
    struct stat s;
    size_t bytes;
    char folder[128];
    learn_and_close(1000);
    char *data = store_load(&bytes);
    ck_assert_int_eq(stat(store_path, &s), 0);
    ck_assert_uint_eq(s.st_mode & 0777, 0600);
    snprintf(folder, sizeof folder, "%s/learned", store_dir);
    ck_assert_int_eq(stat(folder, &s), 0);
    ck_assert_uint_eq(s.st_mode & 0777, 0700);
    ck_assert_ptr_nonnull(strstr(store_head(data)->text, "libvane "));
    ck_assert_uint_gt(store_count(bytes), 1);
    for (uint32_t i = 0; i < store_count(bytes); i++) {
        ck_assert_str_eq(store_records(data)[i].op, "add");
        ck_assert_uint_eq(store_records(data)[i].size_class, 9);
    }
    free(data);
}
END_TEST

START_TEST(who_learns_nothing_keeps_nothing)
{
    static const char *const policies[] = {"heuristic", "fixed"};
    for (int i = 0; i < 2; i++) {
        vane_config config = store_config();
        vane_context *ctx;
        config.policy = policies[i];
        GOOD(vane_open(&config, &ctx));
        GOOD(store_add(ctx, 1000));
        ck_assert_ptr_null(atomic_load(&ctx->store));
        vane_close(ctx);
    }
    vane_close(store_context());
    ck_assert_int_eq(store_find(), 0);
    setenv("VANE_CACHE", "0", 1);
    vane_config config = store_config();
    vane_context *ctx;
    setenv("VANE_CACHE", "0", 1);
    GOOD(vane_open(&config, &ctx));
    store_learn(ctx, 1000);
    vane_close(ctx);
    ck_assert_int_eq(store_find(), 0);
}
END_TEST

/* Changes every entry that fits, seals it, and puts the file back. */
static uint32_t change(const char *backend, void (*how)(vane__record *r))
{
    size_t bytes;
    uint32_t n = 0;
    char *data = store_load(&bytes);
    for (uint32_t i = 0; i < store_count(bytes); i++) {
        vane__record *r = &store_records(data)[i];
        if (backend != NULL && strcmp(r->backend, backend) != 0)
            continue;
        how(r);
        vane__record_seal(r, store_head(data)->identity);
        n++;
    }
    store_put(data, bytes);
    free(data);
    return n;
}

static char winner[16];

static void remember_winner(vane_context *ctx)
{
    vane_decision d = {.struct_size = sizeof d};
    store_explain(ctx, 1000, &d);
    snprintf(winner, sizeof winner, "%s", d.candidates[d.chosen].backend);
}

static void make_wrong(vane__record *r)
{
    r->trust = VANE_TRUST_WRONG;
    r->samples = 0;
    r->typical_ns = r->spread_ns = 0;
}

START_TEST(what_was_wrong_stays_out_and_says_so)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    remember_winner(ctx);
    vane_close(ctx);
    ck_assert_str_ne(winner, "scalar");
    ck_assert_uint_gt(change(winner, make_wrong), 0);
    ctx = store_context();
    store_learn(ctx, 1000);
    store_explain(ctx, 1000, &d);
    int seen = 0;
    for (uint32_t i = 0; i < d.count; i++)
        if (d.candidates[i].trust == VANE_TRUST_WRONG) {
            seen++;
            ck_assert_uint_ne(i, d.chosen);
            ck_assert_str_eq(d.candidates[i].backend, winner);
            ck_assert_uint_eq(d.candidates[i].reason, VANE_REASON_WRONG);
        }
    ck_assert_int_gt(seen, 0);
    vane_close(ctx);
}
END_TEST

static void another_build(vane__record *r)
{
    r->stamp ^= 2;
    r->key ^= 0x5555; /* its key has the stamp in it */
}

START_TEST(another_build_is_not_trusted)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    remember_winner(ctx);
    vane_close(ctx);
    ck_assert_uint_gt(change(winner, another_build), 0);
    ctx = store_context();
    store_explain(ctx, 1000, &d);
    GOOD(store_add(ctx, 1000));
    ck_assert(spent(ctx) > 0); /* it had to be checked */
    store_learn(ctx, 1000);
    store_explain(ctx, 1000, &d);
    ck_assert_str_eq(d.candidates[d.chosen].backend, winner);
    vane_close(ctx);
}
END_TEST

static void nobody_judged(vane__record *r)
{
    if (r->trust == VANE_TRUST_CHECKED)
        r->trust = VANE_TRUST_ORACLE;
}

START_TEST(trust_for_want_of_a_judge_ends_where_there_is_one)
{
    learn_and_close(1000);
    ck_assert_uint_gt(change(NULL, nobody_judged), 0);
    vane_context *ctx = store_context();
    GOOD(store_add(ctx, 1000));
    ck_assert(spent(ctx) > 0);
    vane_close(ctx);
    /* and without one it stands */
    ck_assert_uint_gt(change(NULL, nobody_judged), 0);
    vane_config config = store_config();
    config.exclude = "opencl,scalar";
    GOOD(vane_open(&config, &ctx));
    GOOD(store_add(ctx, 1000));
    ck_assert(spent(ctx) <= 0);
    vane_close(ctx);
}
END_TEST

static void far_too_fast(vane__record *r)
{
    if (r->samples > 0)
        r->typical_ns /= 1000;
}

/* A memory that says too little: each call tells otherwise, and soon the site is opened again. */
START_TEST(a_stale_memory_is_corrected)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_context *ctx = store_context();
    store_learn(ctx, 60000);
    store_explain(ctx, 60000, &d);
    double right = d.candidates[d.chosen].measured_ns;
    vane_close(ctx);
    ck_assert_uint_gt(change(NULL, far_too_fast), 0);
    ctx = store_context();
    GOOD(store_add(ctx, 60000));
    store_explain(ctx, 60000, &d);
    ck_assert(d.candidates[d.chosen].measured_ns < right / 100);
    time_t start = time(NULL);
    do {
        for (int i = 0; i < 1000; i++)
            GOOD(store_add(ctx, 60000));
        store_explain(ctx, 60000, &d);
    } while (d.candidates[d.chosen].measured_ns < right / 10 && time(NULL) < start + 60);
    ck_assert(d.candidates[d.chosen].measured_ns > right / 10);
    vane_close(ctx);
}
END_TEST

/* ---- who writes ---------------------------------------------------------------------------- */

static uint64_t inode(void)
{
    struct stat s;
    ck_assert_int_eq(store_find(), 1);
    ck_assert_int_eq(stat(store_path, &s), 0);
    return (uint64_t)s.st_ino;
}

START_TEST(nothing_new_writes_nothing)
{
    learn_and_close(1000);
    uint64_t before = inode();
    int keep = open(store_path, O_RDONLY); /* so that its number is not used again */
    vane_context *ctx = store_context();
    vane_decision d = {.struct_size = sizeof d};
    store_explain(ctx, 1000, &d);
    GOOD(store_add(ctx, 1000));
    vane_close(ctx);
    ck_assert_uint_eq(inode(), before);
    close(keep);
}
END_TEST

START_TEST(two_sizes_of_two_processes_are_both_kept)
{
    vane_context *first = store_context(), *second = store_context();
    store_learn(first, 1000);
    store_learn(second, 3000);
    vane_close(first);
    vane_close(second);
    vane_context *ctx = store_context();
    GOOD(store_add(ctx, 1000));
    GOOD(store_add(ctx, 3000));
    ck_assert(spent(ctx) <= 0);
    vane_close(ctx);
}
END_TEST

START_TEST(eight_processes_at_once)
{
    enum { PROCESSES = 8 };
    static const int64_t sizes[PROCESSES] = {10, 40, 160, 600, 2500, 5000, 10000, 40000};
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0) {
            vane_context *ctx = store_context();
            for (int round = 0; round < 20; round++) { /* writes that meet each other */
                store_learn(ctx, sizes[i]);
                for (int k = 0; k < 200; k++)
                    store_add(ctx, sizes[i]);
                vane__store_save(ctx, 0);
            }
            while (!vane__store_save(ctx, VANE__STORE_PATIENCE))
                ;
            vane_close(ctx);
            _exit(0);
        }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    size_t bytes;
    char *data = store_load(&bytes); /* whole */
    vane__records all;
    uint64_t now = (uint64_t)time(NULL);
    ck_assert_int_eq(vane__records_parse(data, bytes, store_head(data)->identity, now, &all),
                     VANE__RECORDS_OK);
    ck_assert_uint_eq(all.dropped, 0);
    uint64_t classes = 0;
    for (uint32_t i = 0; i < all.count; i++)
        classes |= UINT64_C(1) << all.list[i].size_class;
    ck_assert_int_eq(__builtin_popcountll(classes), PROCESSES);
    free(data);
}
END_TEST

START_TEST(a_child_writes_only_its_own)
{
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    pid_t child = fork();
    if (child == 0) {
        vane_close(ctx);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_eq(store_find(), 0); /* the parent has not closed yet */
    child = fork();
    if (child == 0) {
        store_learn(ctx, 5000);
        vane_close(ctx);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    size_t bytes;
    char *data = store_load(&bytes);
    for (uint32_t i = 0; i < store_count(bytes); i++)
        ck_assert_uint_eq(store_records(data)[i].size_class, 12);
    free(data);
    vane_close(ctx);
    data = store_load(&bytes);
    uint32_t both = 0;
    for (uint32_t i = 0; i < store_count(bytes); i++)
        both |= 1u << store_records(data)[i].size_class;
    ck_assert_uint_eq(both, 1u << 9 | 1u << 12);
    free(data);
}
END_TEST

/* By a clock of the test's: a minute has passed. */
START_TEST(a_long_run_writes_now_and_then)
{
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    ck_assert_int_eq(store_find(), 0);
    vane__store *s = atomic_load(&ctx->store);
    ck_assert_ptr_nonnull(s);
    atomic_store(&s->due_ns, 1);
    for (int i = 0; i < 1000 && store_find() == 0; i++)
        GOOD(store_add(ctx, 1000));
    ck_assert_int_eq(store_find(), 1);
    ck_assert_uint_gt(atomic_load(&s->due_ns), 1);
    vane_close(ctx);
}
END_TEST

START_TEST(somebody_who_holds_the_lock_delays_nobody)
{
    char lock[128];
    learn_and_close(1000);
    uint64_t before = inode();
    int keep = open(store_path, O_RDONLY);
    snprintf(lock, sizeof lock, "%s/learned/lock", store_dir);
    int fd = open(lock, O_RDWR);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    vane_context *ctx = store_context();
    store_learn(ctx, 5000);
    uint64_t start = vane__now_ns();
    ck_assert_int_eq(vane__store_save(ctx, 0), 0);
    ck_assert_uint_eq(inode(), before);
    ck_assert_int_eq(vane__store_save(ctx, VANE__STORE_PATIENCE), 0);
    ck_assert_uint_lt(vane__now_ns() - start, UINT64_C(5000000000)); /* of a machine under load */
    ck_assert_int_eq(flock(fd, LOCK_UN), 0);
    ck_assert_int_eq(vane__store_save(ctx, VANE__STORE_PATIENCE), 1); /* nothing was lost */
    ck_assert_uint_ne(inode(), before);
    vane_close(ctx);
    close(fd);
    close(keep);
}
END_TEST

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
    ck_assert_uint_gt(n, 1);
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
                         strcmp(list[i].backend, "scalar") != 0);
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
    ck_assert_int_eq(vane__build_id((const void *)(uintptr_t)fopen, libc), 1);
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

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *c = tcase_create("process to process");
    tcase_add_checked_fixture(c, store_begin, store_end);
    tcase_add_test(c, the_next_process_knows_from_the_first_call);
    tcase_add_test(c, the_file_is_private_and_says_for_what_it_is);
    tcase_add_test(c, who_learns_nothing_keeps_nothing);
    tcase_add_test(c, what_was_wrong_stays_out_and_says_so);
    tcase_add_test(c, another_build_is_not_trusted);
    tcase_add_test(c, trust_for_want_of_a_judge_ends_where_there_is_one);
    tcase_add_test(c, a_stale_memory_is_corrected);
    suite_add_tcase(suite, c);
    c = tcase_create("who writes");
    tcase_add_checked_fixture(c, store_begin, store_end);
    tcase_add_test(c, nothing_new_writes_nothing);
    tcase_add_test(c, two_sizes_of_two_processes_are_both_kept);
    tcase_add_test(c, eight_processes_at_once);
    tcase_add_test(c, a_child_writes_only_its_own);
    tcase_add_test(c, a_long_run_writes_now_and_then);
    tcase_add_test(c, somebody_who_holds_the_lock_delays_nobody);
    suite_add_tcase(suite, c);
    c = tcase_create("shown");
    tcase_add_checked_fixture(c, store_begin, store_end);
    tcase_add_test(c, it_can_be_listed_and_forgotten);
    tcase_add_test(c, whose_it_is);
    tcase_add_test(c, explain_knows_before_the_first_call);
    tcase_add_test(c, what_cannot_be_shown);
    tcase_add_test(c, one_machine_has_one_identity);
    tcase_add_test(c, code_has_the_build_of_its_file);
    tcase_add_test(c, notes_are_read_with_care);
    suite_add_tcase(suite, c);
    return kit_main(suite);
}
