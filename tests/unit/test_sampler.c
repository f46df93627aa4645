/* SPDX-License-Identifier: MIT */
/* test_sampler.c - the sampler's life: it starts when wanted, rests, ends, and is forked; what
 * it reads reaches readers, hooks and the pool. Meant for TSan, too. */
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "folder.h"
#include "kit.h"
#include "os.h"
#include "telemetry/clock.h"
#include "telemetry/pager.h"
#include "telemetry/want.h"

#define MS UINT64_C(1000000)

static vane_context *ctx;

static void setup(void)
{
    vane_config config = kit_nowhere();
    GOOD(vane_open(&config, &ctx));
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static uint64_t readings(void)
{
    vane__snapshot s;
    return vane__sampler_look(ctx, &s) ? s.readings : 0;
}

/* Wants it until there are so many readings; false: not in ten seconds. */
static int want_until(uint64_t count)
{
    for (int i = 0; i < 10000 && readings() < count; i++) {
        vane__sampler_want(ctx);
        pause_ms(1);
    }
    return readings() >= count;
}

/* ---- life ------------------------------------------------------------------------ */

START_TEST(nothing_runs_unasked)
{
    pause_ms(100);
    ck_assert_int_eq(ctx->sampler.up, 0);
    ck_assert_uint_eq(readings(), 0);
}
END_TEST

START_TEST(a_young_context_has_no_thread)
{
    ctx->sampler.born_ns = vane__now_ns();
    vane__sampler_want(ctx);
    int still_young = vane__now_ns() - ctx->sampler.born_ns < VANE__SAMPLER_YOUNG_NS;
    ck_assert(!still_young || !ctx->sampler.up);
    ctx->sampler.born_ns = vane__now_ns() - VANE__SAMPLER_YOUNG_NS;
    vane__sampler_want(ctx);
    ck_assert(ctx->sampler.up);
    ck_assert(want_until(1));
}
END_TEST

static void note_time(void *arg, int level, const char *line)
{
    (void)level;
    (void)line;
    *(uint64_t *)arg = vane__now_ns();
}

/* However long vane_open took: what it had to say was said before. */
START_TEST(age_begins_when_it_is_open)
{
    uint64_t last = 0;
    vane_config config = kit_nowhere();
    config.log = note_time;
    config.log_arg = &last;
    setenv("VANE_LOG", "debug", 1);
    unsetenv("VANE_TOP");
    teardown();
    GOOD(vane_open(&config, &ctx));
    setenv("VANE_LOG", "warn", 1);
    setenv("VANE_TOP", "0", 1);
    ck_assert_uint_ne(last, 0);
    ck_assert_uint_ge(ctx->sampler.born_ns, last);
    ck_assert_uint_ge(atomic_load(&ctx->pager->next_ns), last + VANE__PAGER_YOUNG_NS);
}
END_TEST

START_TEST(it_reads_while_it_is_wanted)
{
    vane__snapshot s;
    ck_assert(want_until(5));
    ck_assert(vane__sampler_look(ctx, &s));
    ck_assert(s.host.valid & VANE_HOST_CPUS);
    ck_assert_uint_ge(s.host.cpus, 1);
    ck_assert(s.host.when_ns <= vane__now_ns());
    ck_assert(!atomic_load(&ctx->sampler.absent));
}
END_TEST

START_TEST(it_rests_and_wakes)
{
    ck_assert(want_until(2));
    for (int i = 0; i < 600 && !atomic_load(&ctx->sampler.absent); i++)
        pause_ms(10);
    ck_assert(atomic_load(&ctx->sampler.absent));
    uint64_t count = readings();
    pause_ms(300);
    ck_assert_uint_eq(readings(), count); /* not one */
    ck_assert(want_until(count + 3));
}
END_TEST

START_TEST(closed_at_any_moment)
{
    for (int i = 0; i < 20; i++) {
        ctx->sampler.born_ns -= VANE__SAMPLER_YOUNG_NS;
        vane__sampler_want(ctx);
        pause_ms(i % 7);
        teardown();
        setup();
    }
    vane__sampler_stop(ctx);
    ctx->sampler.born_ns -= VANE__SAMPLER_YOUNG_NS;
    vane__sampler_want(ctx); /* of a stream that still works */
    ck_assert(!ctx->sampler.up);
}
END_TEST

static atomic_int going;
static void *wanter(void *arg)
{
    (void)arg;
    vane__snapshot s;
    while (atomic_load(&going)) {
        vane__sampler_want(ctx);
        if (vane__sampler_look(ctx, &s))
            ck_assert(s.host.others_cpus >= 0 && s.load <= VANE__LOAD_BUSY);
    }
    return NULL;
}

START_TEST(many_want_it_while_it_is_asked)
{
    enum { WANTERS = 3 };
    pthread_t threads[WANTERS];
    vane_host_load load = {.struct_size = sizeof load};
    atomic_store(&going, 1);
    for (int i = 0; i < WANTERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wanter, NULL), 0);
    for (int i = 0; i < 200; i++) {
        GOOD(vane_host_load_get(ctx, &load));
        pause_ms(1);
    }
    atomic_store(&going, 0);
    for (int i = 0; i < WANTERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert(load.valid & VANE_HOST_CPUS);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------ */

static int child_works(void)
{
    uint64_t before = readings();
    if (ctx->sampler.up || !atomic_load(&ctx->sampler.absent))
        return 1;
    if (!want_until(before + 3))
        return 2;
    if (!ctx->sampler.up)
        return 3;
    vane_close(ctx);
    return 0;
}

START_TEST(a_child_has_its_own)
{
    if (_i > 0)
        ck_assert(want_until(2));
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(child_works());
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert(want_until(readings() + 2));
}
END_TEST

START_TEST(forked_while_it_reads)
{
    ck_assert(want_until(1));
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            vane_host_load load = {.struct_size = sizeof load};
            _exit(vane_host_load_get(ctx, &load) != VANE_OK);
        }
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        vane__sampler_want(ctx);
    }
}
END_TEST

/* ---- what follows from readings, by a clock of the test's ------------------------- */

static uint64_t time_ns;
static uint64_t made_ns(vane_backend *self)
{
    (void)self;
    return time_ns;
}
static const vane_clock made = {sizeof made, 0, NULL, made_ns, NULL};
static const vane__cpus both = {{3}};
static uint32_t told_load, told_budget;

static void hook(vane_context *c, uint32_t what, void *arg)
{
    ck_assert_ptr_eq(c, ctx);
    ck_assert_ptr_eq(arg, &told_load);
    told_load += what & VANE__CHANGED_LOAD ? 1 : 0;
    told_budget += what & VANE__CHANGED_BUDGET ? 1 : 0;
}

static void put_cpu_max(const char *text)
{
    put("proc/self/cgroup", "0::/\n");
    put("proc/self/mountinfo", "40 30 0:29 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
    put("sys/devices/system/cpu/online", "0-7\n");
    put("sys/fs/cgroup/cpu.max", text);
}

static void setup_made(void)
{
    setup();
    make_root();
    put_cpu_max("max 100000\n");
    time_ns = 1000 * MS;
    vane__clock_set(ctx, &made);
    ck_assert(vane__sampler_root(ctx, root, &both));
    ck_assert(vane__sampler_add(ctx, hook, &told_load));
    told_load = told_budget = 0;
}

static double idle_ticks;
/* Others take so many CPUs for so long; a call every 5 ms. */
static void go_on(double others, unsigned ms)
{
    for (unsigned at = 0; at < ms; at += 5) {
        char text[256];
        time_ns += 5 * MS;
        idle_ticks += (2 - others) * 5 / 10;
        double all = (double)time_ns / (double)MS / 10 * 2;
        snprintf(text, sizeof text, "cpu0 %.0f 0 0 %.0f 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\nintr 0\n",
                 all - idle_ticks, idle_ticks);
        put("proc/stat", text);
        put("proc/self/stat", "42 (a) R 1 1 1 0 -1 4194304 98 0 0 0 0 0 0 0 20 0\n");
        vane__sampler_want(ctx);
    }
}

START_TEST(load_is_told_once_each_way)
{
    vane__snapshot s;
    idle_ticks = 0;
    go_on(0, 500);
    ck_assert_uint_eq(told_load, 0);
    go_on(2, 500);
    ck_assert_uint_eq(told_load, 1);
    ck_assert(vane__sampler_look(ctx, &s));
    ck_assert_uint_eq(s.load, VANE__LOAD_BUSY);
    go_on(0, 500);
    ck_assert_uint_eq(told_load, 2);
    ck_assert(vane__sampler_look(ctx, &s));
    ck_assert_uint_eq(s.load, VANE__LOAD_CALM);
    ck_assert_uint_eq(s.host.lies, 0);
    ck_assert_int_eq(ctx->sampler.up, 0); /* no thread under a made clock */
}
END_TEST

/* The pool's size after the quota became so and stayed. */
static uint32_t width_after(const char *cpu_max, unsigned ms)
{
    put_cpu_max(cpu_max);
    go_on(0, ms);
    return vane__pool_max(ctx->pool);
}

START_TEST(the_pool_follows_the_quota)
{
    uint32_t at_first = vane__pool_max(ctx->pool);
    idle_ticks = 0;
    go_on(0, 500);
    ck_assert_uint_eq(vane__pool_max(ctx->pool), at_first);
    uint32_t told = told_budget;
    ck_assert_uint_eq(width_after("100000 100000\n", 2000), 1);
    ck_assert_uint_eq(told_budget, told + 1);
    vane_machine m = {.struct_size = sizeof m};
    GOOD(vane_machine_get(ctx, &m));
    ck_assert_uint_eq(m.threads, 1);
    ck_assert_double_eq_tol(m.cpu_quota, 1, 1e-9);
    ck_assert_uint_eq(width_after("max 100000\n", 2000), at_first);
    ck_assert_uint_eq(told_budget, told + 2);
}
END_TEST

START_TEST(a_quota_that_flutters_is_not_followed)
{
    idle_ticks = 0;
    go_on(0, 2000);
    uint32_t told = told_budget;
    for (int i = 0; i < 20; i++) {
        width_after("100000 100000\n", 100);
        width_after("max 100000\n", 100);
    }
    ck_assert_uint_le(told_budget - told, 4); /* in 4 s */
}
END_TEST

START_TEST(who_said_how_many_keeps_them)
{
    GOOD(vane_set_threads(ctx, 3));
    idle_ticks = 0;
    go_on(0, 500);
    ck_assert_uint_eq(width_after("100000 100000\n", 2000), 3);
    GOOD(vane_set_threads(ctx, 0)); /* as the budget is by then */
    ck_assert_uint_eq(vane__pool_max(ctx->pool), 1);
}
END_TEST

START_TEST(a_made_clock_says_nothing_of_this_machine)
{
    vane__snapshot s;
    ck_assert(vane__sampler_root(ctx, "", NULL));
    for (int i = 0; i < 10; i++) {
        time_ns += 50 * MS;
        vane__sampler_want(ctx);
    }
    ck_assert(!vane__sampler_look(ctx, &s));
    vane_host_load load = {.struct_size = sizeof load};
    GOOD(vane_host_load_get(ctx, &load));
    ck_assert_uint_eq(load.valid, 0);
}
END_TEST

START_TEST(hooks_are_few)
{
    int n = 0; /* beside those that are there */
    while (vane__sampler_add(ctx, hook, &told_load))
        ck_assert_int_lt(++n, VANE__SAMPLER_HOOKS);
    ck_assert_int_ge(n, 1);
}
END_TEST

/* ---- the public view -------------------------------------------------------------- */

START_TEST(asked_without_a_thread)
{
    vane_host_load load = {.struct_size = sizeof load};
    GOOD(vane_host_load_get(ctx, &load));
    ck_assert(load.valid & VANE_HOST_CPUS);
    ck_assert(!(load.valid & VANE_HOST_USE));
    for (int i = 0; i < 50 && !(load.valid & VANE_HOST_USE); i++) {
        pause_ms(40);
        GOOD(vane_host_load_get(ctx, &load));
    }
    ck_assert(load.valid & VANE_HOST_USE);
    ck_assert(load.others_cpus >= 0 && load.others_cpus <= load.cpus);
    ck_assert_uint_ge(load.span_ns, VANE__HOST_SPAN_NS);
    ck_assert_uint_eq(load.struct_size, sizeof load);
    ck_assert_int_eq(ctx->sampler.up, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sampler");
    TCase *t = tcase_create("life");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, nothing_runs_unasked);
    tcase_add_test(t, a_young_context_has_no_thread);
    tcase_add_test(t, age_begins_when_it_is_open);
    tcase_add_test(t, it_reads_while_it_is_wanted);
    tcase_add_test(t, it_rests_and_wakes);
    tcase_add_test(t, closed_at_any_moment);
    tcase_add_test(t, many_want_it_while_it_is_asked);
    if (VANE_SANITIZER ==
        VANE_SANITIZER_THREAD) /* no new threads in a child of a process with some */
        puts("skipped under TSan: a child's thread beside the parent's");
    tcase_add_loop_test(t, a_child_has_its_own, 0, VANE_SANITIZER == VANE_SANITIZER_THREAD ? 1 : 2);
    tcase_add_test(t, forked_while_it_reads);
    tcase_add_test(t, asked_without_a_thread);
    suite_add_tcase(s, t);
    t = tcase_create("consequences");
    tcase_add_checked_fixture(t, setup_made, teardown);
    tcase_add_test(t, load_is_told_once_each_way);
    tcase_add_test(t, the_pool_follows_the_quota);
    tcase_add_test(t, a_quota_that_flutters_is_not_followed);
    tcase_add_test(t, who_said_how_many_keeps_them);
    tcase_add_test(t, a_made_clock_says_nothing_of_this_machine);
    tcase_add_test(t, hooks_are_few);
    suite_add_tcase(s, t);
    return kit_main(s);
}
