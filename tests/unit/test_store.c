/* SPDX-License-Identifier: MIT */
/* test_store.c - what one process learned, the next one knows: what is kept, what is trusted, what
 * is corrected. */
#include "store_kit.h"

#include <math.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "os.h"
#include "policy/build_id.h"

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
    ck_assert_uint_eq(samples_of(&after), samples_of(&before));
    const vane_candidate *a = &after.candidates[after.chosen];
    const vane_candidate *b =
        &before.candidates[after.chosen]; /* which may have been a close second */
    ck_assert(a->measured_ns <= before.candidates[before.chosen].measured_ns * 1.001);
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
    ck_assert_uint_gt(store_count(bytes), 0);
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
    uint32_t samples = 0;
    for (uint32_t i = 0; i < d.count; i++)
        if (strcmp(d.candidates[i].backend, winner) == 0 &&
            d.candidates[i].trust == VANE_TRUST_CHECKED)
            samples += d.candidates[i].samples;
    ck_assert_uint_gt(samples, 0); /* and was */
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
    store_learn(ctx, 1000); /* all of it: what is kept of half a lesson is no reason to stop */
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

static void add_in_buffers(vane_context *ctx, int64_t n)
{
    vane_buffer in, out;
    GOOD(vane_buffer_wrap(ctx, store_a, (uint64_t)n * sizeof store_a[0], "in", &in));
    GOOD(vane_buffer_wrap(ctx, store_c, (uint64_t)n * sizeof store_c[0], "out", &out));
    vane_tensor a = vane_tensor_in(in, 0, VANE_F32, 1, &n),
                c = vane_tensor_in(out, 0, VANE_F32, 1, &n);
    GOOD(vane_add(ctx, &a, &a, &c));
    GOOD(vane_buffer_close(ctx, in));
    GOOD(vane_buffer_close(ctx, out));
}

/* All candidates of calls in buffers, as if they were timed there. */
static uint32_t time_in_buffers(vane_context *ctx)
{
    uint32_t timed = 0;
    pthread_mutex_lock(&ctx->routes->lock);
    for (vane__site *s = atomic_load(&ctx->routes->sites); s != NULL; s = s->next)
        for (uint32_t i = 0; s->where.buffers && i < s->n_all; i++, timed++)
            vane__window_push(&s->all[i]->learned.window[0][0], 1000);
    pthread_mutex_unlock(&ctx->routes->lock);
    return timed;
}

START_TEST(times_without_trust_of_their_own_are_not_kept)
{
    size_t bytes;
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    add_in_buffers(ctx, 1000);
    ck_assert_uint_gt(time_in_buffers(ctx), 1); /* the oracle, and others */
    vane_close(ctx);
    char *data = store_load(&bytes);
    ck_assert_uint_gt(store_count(bytes), 0);
    for (uint32_t i = 0; i < store_count(bytes); i++)
        ck_assert(store_records(data)[i].samples == 0 ||
                  store_records(data)[i].trust != VANE_TRUST_NONE);
    free(data);
    ctx = store_context();
    add_in_buffers(ctx, 1000);
    ck_assert(spent(ctx) <= 0); /* nothing was in doubt, nothing was tried */
    vane_close(ctx);
}
END_TEST

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

static void *learn_one(void *arg)
{
    static _Thread_local float x[4096], y[4096];
    static atomic_uint next;
    int64_t n = 16 << (2 * (atomic_fetch_add(&next, 1) % 4));
    vane_tensor a = TENSOR(x, VANE_F32, n), b = TENSOR(y, VANE_F32, n);
    for (int i = 0; i < 2000; i++)
        if (vane_neg(arg, &a, &b) != VANE_OK)
            return arg;
    return NULL;
}

/* The first calls of all come at once: the file is read by several, and kept by one. */
START_TEST(threads_learn_while_one_saves)
{
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    learn_and_close(1000);
    vane_context *ctx = store_context();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, learn_one, ctx), 0);
    for (int i = 0; i < 50; i++)
        vane__store_save(ctx, 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(thread[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    GOOD(vane_learned_save(ctx));
    vane_learned_info info = {.struct_size = sizeof info};
    GOOD(vane_learned_get(ctx, &info));
    ck_assert_uint_gt(info.entries, 4);
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

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *c = tcase_create("process to process");
    tcase_add_checked_fixture(c, store_begin, NULL);
    tcase_add_test(c, the_next_process_knows_from_the_first_call);
    tcase_add_test(c, the_file_is_private_and_says_for_what_it_is);
    tcase_add_test(c, who_learns_nothing_keeps_nothing);
    tcase_add_test(c, what_was_wrong_stays_out_and_says_so);
    tcase_add_test(c, another_build_is_not_trusted);
    tcase_add_test(c, trust_for_want_of_a_judge_ends_where_there_is_one);
    tcase_add_test(c, a_stale_memory_is_corrected);
    suite_add_tcase(suite, c);
    c = tcase_create("who writes");
    tcase_add_checked_fixture(c, store_begin, NULL);
    tcase_add_test(c, times_without_trust_of_their_own_are_not_kept);
    tcase_add_test(c, nothing_new_writes_nothing);
    tcase_add_test(c, two_sizes_of_two_processes_are_both_kept);
    tcase_add_test(c, eight_processes_at_once);
    tcase_add_test(c, a_child_writes_only_its_own);
    tcase_add_test(c, a_long_run_writes_now_and_then);
    tcase_add_test(c, threads_learn_while_one_saves);
    tcase_add_test(c, somebody_who_holds_the_lock_delays_nobody);
    suite_add_tcase(suite, c);
    return kit_main(suite);
}
