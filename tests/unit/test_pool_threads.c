/* SPDX-License-Identifier: MIT */
/* test_pool_threads.c - the pool's threads, seen from outside: how many there are, where
 * they run, what they cost, and what becomes of them after a fork.
 *
 * Workers are found in /proc/self/task by their names.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "exec/fpmode.h"
#include "pool_jobs.h"

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int is_worker(const char *tid)
{
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", tid);
    FILE *f = fopen(path, "r");
    int ok = f != NULL && fgets(name, sizeof name, f) != NULL && strncmp(name, "vane-", 5) == 0;
    if (f != NULL)
        fclose(f);
    return ok;
}

static int workers_list(pid_t *tids, int room)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        if (e->d_name[0] != '.' && is_worker(e->d_name)) {
            if (count < room)
                tids[count] = (pid_t)atoi(e->d_name);
            count++;
        }
    closedir(dir);
    return count;
}

static int workers_count(void)
{
    return workers_list(NULL, 0);
}

/* A joined thread leaves /proc a moment after pthread_join returned. */
static int workers_gone(void)
{
    for (int i = 0; i < 1000 && workers_count() != 0; i++)
        usleep(1000);
    return workers_count() == 0;
}

static uint64_t worker_blocked_signals(pid_t tid)
{
    char path[64], line[256];
    unsigned long long mask = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)tid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "SigBlk: %llx", &mask) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return mask;
}

static int cpus_allowed(void)
{
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    return CPU_COUNT(&set);
}

static void stay_on(unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
}

START_TEST(open_makes_no_thread)
{
    vane__pool *p = open_pool(4);
    ck_assert_int_eq(run_marked(p, 1, 100, 1), 0);
    ck_assert_int_eq(run_marked(p, 4, 100, 100), 0); /* one piece */
    ck_assert_int_eq(run_marked(p, 4, 0, 1), 0);
    ck_assert_int_eq(workers_count(), 0);
    ck_assert_int_eq(vane__pool_hot(p), 0);
    run_meeting(p, 3);
    ck_assert_int_eq(workers_count(), 2);
    vane__pool_close(p);
    ck_assert(workers_gone());
}
END_TEST

static void worker_is_late(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)lo, (void)hi;
    atomic_int *begun = arg;
    atomic_fetch_add(begun, 1);
    if (worker == 0)
        while (atomic_load(begun) < 2)
            sched_yield();
    else
        usleep(5000); /* longer than the caller polls: it must go to sleep and be woken */
}

START_TEST(caller_sleeps_until_a_long_piece_is_done)
{
    vane__pool *p = open_pool(2);
    double start = cpu_seconds();
    for (int i = 0; i < 20; i++) {
        atomic_int begun = 0;
        vane__pool_run(p, 2, worker_is_late, &begun, 2, 1);
        ck_assert_int_eq(begun, 2);
    }
    ck_assert_double_lt(cpu_seconds() - start, 0.075); /* 20 x 5 ms passed */
    vane__pool_close(p);
}
END_TEST

START_TEST(an_idle_pool_uses_no_cpu)
{
    vane__pool *p = open_pool(4);
    int hot = 0;
    for (int i = 0; i < 1000 && !hot; i++) { /* on a busy machine 100 us may pass at once */
        run_meeting(p, 4);
        hot = vane__pool_hot(p);
    }
    ck_assert_int_eq(hot, cpus_allowed() > 1);
    usleep(20000);
    ck_assert_int_eq(vane__pool_hot(p), 0);
    double start = cpu_seconds();
    usleep(500000);
    ck_assert_double_lt(cpu_seconds() - start, 0.01);
    vane__pool_close(p);
}
END_TEST

START_TEST(workers_are_pinned_and_the_caller_is_not)
{
    int cpus = cpus_allowed();
    vane__pool *p = open_pool(4);
    run_meeting(p, 4);
    ck_assert_int_eq(cpus_allowed(), cpus);
    pid_t tids[3];
    ck_assert_int_eq(workers_list(tids, 3), 3);
    int pinned = 0;
    for (int i = 0; i < 3; i++) {
        cpu_set_t set;
        ck_assert_int_eq(sched_getaffinity(tids[i], sizeof set, &set), 0);
        pinned += CPU_COUNT(&set) == 1;
        uint64_t blocked = worker_blocked_signals(tids[i]);
        ck_assert(blocked >> (SIGINT - 1) & 1);
        ck_assert(!(blocked >> (SIGSEGV - 1) & 1));
    }
    ck_assert_int_eq(pinned, cpus == 1 ? 3 : cpus > 3 ? 3 : cpus - 1);
    vane__pool_close(p);
}
END_TEST

START_TEST(worker_makes_way_for_the_caller)
{
    vane__pool *p = open_pool(2);
    run_meeting(p, 2);
    pid_t tid;
    cpu_set_t old, set;
    ck_assert_int_eq(workers_list(&tid, 1), 1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof old, &old), 0);
    for (unsigned cpu = 0; cpus_allowed() > 1 && cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &old))
            continue;
        stay_on(cpu);
        vane__pool_run(p, 2, nothing, NULL, 2, 1);
        ck_assert_int_eq(sched_getaffinity(tid, sizeof set, &set), 0);
        ck_assert_int_eq(CPU_COUNT(&set), 1);
        ck_assert(!CPU_ISSET(cpu, &set));
        ck_assert_int_eq(sched_setaffinity(0, sizeof old, &old), 0);
    }
    vane__pool_close(p);
}
END_TEST

START_TEST(one_cpu_is_enough)
{
    stay_on((unsigned)sched_getcpu());
    vane__pool *p = open_pool(4);
    for (int i = 0; i < 300; i++) {
        ck_assert_int_eq(run_marked(p, 4, 1000, 3), 0);
        run_meeting(p, 3);
    }
    vane__pool_close(p);
}
END_TEST

typedef struct fp_check {
    atomic_int missing, wrong;
    uint32_t mode;
} fp_check;

static void check_fpmode(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    fp_check *c = arg;
    if (vane__fpmode_get() != c->mode)
        atomic_fetch_add(&c->wrong, 1);
    meet(&c->missing, lo, hi, worker);
}

START_TEST(workers_round_as_the_caller_does)
{
    vane__pool *p = open_pool(2);
    run_meeting(p, 2);
    fp_check c = {.missing = 2};
    uint32_t old = vane__fpmode_get();
#if defined(__x86_64__)
    vane__fpmode_set(old | 0x8040); /* flush denormals, both ways */
#endif
    c.mode = vane__fpmode_get();
    vane__pool_run(p, 2, check_fpmode, &c, 2, 1);
    vane__fpmode_set(old);
    ck_assert_int_eq(c.wrong, 0);
    vane__pool_close(p);
}
END_TEST

START_TEST(without_threads_the_caller_does_it_all)
{
    vane__pool *p = open_pool(4);
    struct rlimit old, none = {0, 0};
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    none.rlim_max = old.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0); /* no stack can be mapped */
    int wrong = run_marked(p, 4, 1000, 3);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(workers_count(), 0);
    for (int i = 0; i < 1001; i++) /* it does not ask again at once */
        wrong |= run_marked(p, 4, 10, 3);
    ck_assert_int_eq(wrong, 0);
    run_meeting(p, 4); /* hangs if it never asked */
    ck_assert_int_eq(workers_count(), 3);
    vane__pool_close(p);
}
END_TEST

/* In a child: 0 when the pool works, with threads of its own. */
static int child_uses(vane__pool *p)
{
    int wrong = !workers_gone();
    run_meeting(p, 3);
    wrong |= run_marked(p, 3, 1000, 3) != 0 || workers_count() != 2;
    vane__pool_close(p);
    return wrong | !workers_gone();
}

static void fork_and_use(vane__pool *p, int use)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (use)
            _exit(child_uses(p));
        vane__pool_close(p); /* nobody to join */
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(a_forked_child_makes_its_own_workers)
{
    vane__pool *p = open_pool(3);
    for (int i = 0; i < 20; i++) {
        run_meeting(p, 3); /* hot */
        if (i % 4 == 0)
            usleep(2000); /* asleep */
        fork_and_use(p, i % 5);
        ck_assert_int_eq(run_marked(p, 3, 1000, 3), 0);
    }
    vane__pool_close(p);
}
END_TEST

START_TEST(a_fork_in_the_middle_of_a_job_is_survived)
{
    vane__pool *p = open_pool(3);
    pthread_t caller;
    void *failures;
    ck_assert_int_eq(pthread_create(&caller, NULL, call_often, p), 0);
    for (int i = 0; i < 20; i++)
        fork_and_use(p, i % 5);
    pthread_join(caller, &failures);
    ck_assert_ptr_null(failures);
    vane__pool_close(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool threads");
    TCase *tc = tcase_create("pool");
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, open_makes_no_thread);
    tcase_add_test(tc, caller_sleeps_until_a_long_piece_is_done);
    tcase_add_test(tc, an_idle_pool_uses_no_cpu);
    tcase_add_test(tc, workers_are_pinned_and_the_caller_is_not);
    tcase_add_test(tc, worker_makes_way_for_the_caller);
    tcase_add_test(tc, one_cpu_is_enough);
    tcase_add_test(tc, workers_round_as_the_caller_does);
    if (SANITIZED) /* it needs address space of its own */
        puts("skipped under a sanitizer: without_threads_the_caller_does_it_all");
    else
        tcase_add_test(tc, without_threads_the_caller_does_it_all);
    if (TSAN) /* it supports no threads in a child of a process with threads */
        puts("skipped under TSan: the two tests that fork");
    else {
        tcase_add_test(tc, a_forked_child_makes_its_own_workers);
        tcase_add_test(tc, a_fork_in_the_middle_of_a_job_is_survived);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
