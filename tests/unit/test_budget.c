/* SPDX-License-Identifier: MIT */
/* test_budget.c - threads and memory, from made-up cgroup trees of every kind. */
#include "detect/budget.h"
#include "detect/cgroup.h"
#include "detect/hierarchy.h"
#include "folder.h"
#include "os.h"

/* ---- fake machines ------------------------------------------------------------- */

#define MOUNT_V2 "40 30 0:29 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_OTHER "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
#define MOUNT_V1                                                          \
    "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" \
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"   \
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

/* A v2 machine with this process in group. */
static void put_v2(const char *group)
{
    char text[512];
    snprintf(text, sizeof text, "0::%s\n", group);
    put("proc/self/cgroup", text);
    put("proc/self/mountinfo", MOUNT_OTHER MOUNT_V2);
}

static void put_v1(const char *cpu_group, const char *memory_group)
{
    char text[512];
    snprintf(text, sizeof text, "9:name=systemd:/\n5:cpuset:/\n4:memory:%s\n2:cpu,cpuacct:%s\n",
             memory_group, cpu_group);
    put("proc/self/cgroup", text);
    put("proc/self/mountinfo", MOUNT_OTHER MOUNT_V1);
}

static void expect_limits(double cpus, uint64_t mem_bytes)
{
    vane__cgroup_limits limits;
    vane__cgroup_read(root, &limits);
    ck_assert_double_eq_tol(limits.cpus, cpus, 1e-12);
    ck_assert_uint_eq(limits.mem_bytes, mem_bytes);
}

START_TEST(v2_own_group)
{
    put_v2("/app");
    put("sys/fs/cgroup/app/cpu.max", "150000 100000\n");
    put("sys/fs/cgroup/app/memory.max", "1073741824\n");
    expect_limits(1.5, UINT64_C(1) << 30);
}
END_TEST

START_TEST(v2_tighter_parent)
{
    put_v2("/a/b/c");
    put("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
    put("sys/fs/cgroup/a/memory.max", "4096000\n");
    put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    put("sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
    put("sys/fs/cgroup/a/b/c/memory.max", "8192000\n");
    expect_limits(0.5, 4096000);
}
END_TEST

START_TEST(v2_limit_at_the_mount_itself)
{
    put_v2("/"); /* a container sees its own group as the top */
    put("sys/fs/cgroup/cpu.max", "300000 100000\n");
    put("sys/fs/cgroup/memory.max", "12345\n");
    expect_limits(3, 12345);
}
END_TEST

START_TEST(v2_folder_of_the_group_is_not_there)
{
    put_v2("/gone/deeper");
    put("sys/fs/cgroup/cpu.max", "200000 50000\n");
    expect_limits(4, 0);
}
END_TEST

START_TEST(v2_max_and_nothing)
{
    put_v2("/app");
    expect_limits(0, 0);
    put("sys/fs/cgroup/app/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/app/memory.max", "max\n");
    expect_limits(0, 0);
}
END_TEST

START_TEST(v2_default_period)
{
    put_v2("/app");
    put("sys/fs/cgroup/app/cpu.max", "250000");
    expect_limits(2.5, 0);
}
END_TEST

static const char *const garbage[] = {"",
                                      "\n",
                                      "garbage\n",
                                      "-5 100000\n",
                                      "100000 0\n",
                                      "100000 x\n",
                                      "0 100000\n",
                                      "1e5 100000\n",
                                      "0x10 100000\n",
                                      "99999999999999999999999 100000\n",
                                      "100000x 100000\n"};
START_TEST(v2_garbage_sets_no_limit)
{
    put_v2("/app");
    put("sys/fs/cgroup/app/cpu.max", garbage[_i]);
    expect_limits(0, 0);
    put("sys/fs/cgroup/cpu.max", "70000 100000\n"); /* and hides no other */
    expect_limits(0.7, 0);
}
END_TEST

START_TEST(memory_garbage_sets_no_limit)
{
    static const char *const texts[] = {
        "", "lots\n", "-1\n", "0\n", "18446744073709551616\n", "9223372036854771712\n", "1024M\n"};
    put_v2("/app");
    put("sys/fs/cgroup/app/memory.max", texts[_i]);
    expect_limits(0, 0);
}
END_TEST

START_TEST(v1_quota_and_memory)
{
    put_v1("/docker/x", "/docker/y");
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "250000\n");
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/docker/y/memory.limit_in_bytes", "536870912\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    expect_limits(2.5, 536870912);
    put("sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "30000\n");
    put("sys/fs/cgroup/cpu/docker/cpu.cfs_period_us", "20000\n");
    put("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "4096\n");
    expect_limits(1.5, 4096);
}
END_TEST

START_TEST(v1_none)
{
    put_v1("/", "/");
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    expect_limits(0, 0);
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "bad\n");
    expect_limits(0, 0);
}
END_TEST

/* Without a cgroup namespace the mount shows the container's group, not the top. */
START_TEST(v1_mount_of_a_group)
{
    put("proc/self/cgroup", "2:cpu:/docker/x/inner\n4:memory:/elsewhere\n");
    put("proc/self/mountinfo", "33 31 0:30 /docker/x /cg/c rw - cgroup cgroup rw,cpu\n"
                               "34 31 0:31 /docker/x /cg/m rw - cgroup cgroup rw,memory\n");
    put("cg/c/inner/cpu.cfs_quota_us", "60000\n");
    put("cg/c/inner/cpu.cfs_period_us", "20000\n");
    put("cg/m/memory.limit_in_bytes", "777\n");
    expect_limits(3, 777);
}
END_TEST

START_TEST(hybrid)
{
    put("proc/self/cgroup", "4:memory:/m\n2:cpu:/c\n0::/u\n");
    put("proc/self/mountinfo",
        MOUNT_V1 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "400000\n");
    put("sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1000\n");
    put("sys/fs/cgroup/unified/u/memory.max", "2000\n");
    expect_limits(4, 1000);
    put("sys/fs/cgroup/unified/u/cpu.max", "100000 100000\n");
    put("sys/fs/cgroup/unified/memory.max", "500\n");
    expect_limits(1, 500);
}
END_TEST

START_TEST(the_mount_that_shows_our_group_is_taken)
{
    put("proc/self/cgroup", "0::/a/b\n");
    put("proc/self/mountinfo", "40 30 0:29 /other /one rw - cgroup2 cgroup2 rw\n"
                               "41 30 0:29 /a /two\\040blank rw - cgroup2 cgroup2 rw\n"
                               "42 30 0:29 /other /three rw - cgroup2 cgroup2 rw\n");
    put("one/cpu.max", "100000 100000\n");
    put("two blank/b/cpu.max", "200000 100000\n");
    put("three/cpu.max", "100000 100000\n");
    expect_limits(2, 0);
}
END_TEST

/* "/.." in the group: the process is outside what the mount shows. Never leave the mount. */
START_TEST(group_outside_the_mount)
{
    put_v2("/../../secret");
    put("sys/secret/cpu.max", "10000 100000\n");
    put("sys/fs/cgroup/cpu.max", "500000 100000\n");
    expect_limits(5, 0);
}
END_TEST

START_TEST(broken_proc_files)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "0",
                                        "0:",
                                        "0::",
                                        ":::",
                                        "a b c\n- - -\n",
                                        "40 30 0:29 / /x rw - cgroup2\n",
                                        " - cgroup2 x rw\n"};
    expect_limits(0, 0); /* no files at all */
    put("sys/fs/cgroup/cpu.max", "100000 100000\n");
    put("proc/self/cgroup", "0::/\n");
    put("proc/self/mountinfo", texts[_i]);
    expect_limits(0, 0);
    put("proc/self/cgroup", texts[_i]);
    expect_limits(0, 0);
}
END_TEST

/* ---- budget -------------------------------------------------------------------- */

START_TEST(budget_of_a_fake_machine)
{
    vane__budget b;
    put_v2("/app");
    put("proc/meminfo", "MemTotal:        2048 kB\nMemFree:  1 kB\n");
    put("sys/devices/system/cpu/online", "0-5,8,10-11\n");
    put("sys/fs/cgroup/app/cpu.max", "190000 100000\n");
    put("sys/fs/cgroup/app/memory.max", "1000000\n");
    vane__budget_read(root, &b);
    ck_assert_uint_eq(b.cpus_online, 9);
    ck_assert_uint_ge(b.cpus_affinity, 1);
    ck_assert_double_eq_tol(b.cpu_quota, 1.9, 1e-12);
    ck_assert_uint_eq(b.threads, 1); /* floor(1.9) */
    ck_assert_uint_eq(b.mem_total_bytes, 2048 * 1024);
    ck_assert_uint_eq(b.mem_limit_bytes, 1000000);
    put("sys/fs/cgroup/app/memory.max", "100000000\n"); /* more than there is */
    put("sys/fs/cgroup/app/cpu.max", "9000 100000\n");
    vane__budget_read(root, &b);
    ck_assert_uint_eq(b.mem_limit_bytes, 2048 * 1024);
    ck_assert_uint_eq(b.threads, 1); /* 0.09 CPUs still get a thread */
}
END_TEST

START_TEST(budget_is_bounded_by_affinity_and_online)
{
    vane__budget b;
    put_v2("/");
    put("sys/devices/system/cpu/online", "0-99999\n");
    vane__budget_read(root, &b);
    ck_assert_uint_eq(b.cpus_online, 100000);
    ck_assert_uint_eq(b.threads, b.cpus_affinity);
    put("sys/devices/system/cpu/online", "0\n");
    vane__budget_read(root, &b);
    ck_assert_uint_eq(b.threads, 1);
}
END_TEST

START_TEST(budget_without_files)
{
    static const char *const lists[] = {"",       "x",   "3-1\n", "0-99999999999999999999\n",
                                        "0,,1\n", "0-\n"};
    vane__budget b;
    put("sys/devices/system/cpu/online", lists[_i]);
    put("proc/meminfo", "MemTotal: many kB\n");
    vane__budget_read(root, &b);
    ck_assert_int_eq((int)b.cpus_online, (int)sysconf(_SC_NPROCESSORS_ONLN));
    ck_assert_uint_eq(b.mem_total_bytes, 0);
    ck_assert_uint_eq(b.mem_limit_bytes, 0);
    ck_assert_double_eq(b.cpu_quota, 0);
    ck_assert_uint_ge(b.threads, 1);
}
END_TEST

START_TEST(budget_here_is_sane_and_cheap)
{
    vane__budget b;
    uint64_t best_ns = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t begin = vane__now_ns();
        vane__budget_read("", &b);
        uint64_t took = vane__now_ns() - begin;
        if (took < best_ns)
            best_ns = took;
    }
    ck_assert_uint_ge(b.threads, 1);
    ck_assert(b.threads <= b.cpus_affinity && b.threads <= b.cpus_online);
    ck_assert(b.mem_limit_bytes > 0 && b.mem_limit_bytes <= b.mem_total_bytes);
    printf("budget: %.1f us\n", (double)best_ns / 1000);
    ck_assert_uint_lt(best_ns, 5000000); /* a guard against milliseconds, not a benchmark */
}
END_TEST

/* ---- the suite ----------------------------------------------------------------- */

#define COUNT(array) ((int)(sizeof array / sizeof array[0]))

static TCase *cgroup_cases(void)
{
    TCase *cgroup = tcase_create("cgroup");
    tcase_add_checked_fixture(cgroup, make_root, NULL);
    tcase_add_test(cgroup, v2_own_group);
    tcase_add_test(cgroup, v2_tighter_parent);
    tcase_add_test(cgroup, v2_limit_at_the_mount_itself);
    tcase_add_test(cgroup, v2_folder_of_the_group_is_not_there);
    tcase_add_test(cgroup, v2_max_and_nothing);
    tcase_add_test(cgroup, v2_default_period);
    tcase_add_loop_test(cgroup, v2_garbage_sets_no_limit, 0, COUNT(garbage));
    tcase_add_loop_test(cgroup, memory_garbage_sets_no_limit, 0, 7);
    tcase_add_test(cgroup, v1_quota_and_memory);
    tcase_add_test(cgroup, v1_none);
    tcase_add_test(cgroup, v1_mount_of_a_group);
    tcase_add_test(cgroup, hybrid);
    tcase_add_test(cgroup, the_mount_that_shows_our_group_is_taken);
    tcase_add_test(cgroup, group_outside_the_mount);
    tcase_add_loop_test(cgroup, broken_proc_files, 0, 9);
    return cgroup;
}

static void expect_same_place(const vane__hierarchy *a, const vane__hierarchy *b)
{
    struct stat of_a, of_b;
    ck_assert_int_eq(a->is_member, b->is_member);
    ck_assert_int_eq(a->is_mounted, b->is_mounted);
    ck_assert_str_eq(a->group, b->group);
    ck_assert_str_eq(a->mount_group, b->mount_group);
    if (!a->is_mounted)
        return;
    ck_assert_int_eq(stat(a->mount_point, &of_a), 0);
    ck_assert_int_eq(stat(b->mount_point, &of_b), 0);
    ck_assert(of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino);
}

/* Under another name for the same root all mounts are looked through. */
START_TEST(usual_places_are_those_of_the_mounts)
{
    static vane__hierarchy here[VANE__HIERARCHIES], looked[VANE__HIERARCHIES];
    vane__hierarchy_find("", here);
    vane__hierarchy_find("/proc/self/root", looked);
    for (int i = 0; i < VANE__HIERARCHIES; i++)
        expect_same_place(&here[i], &looked[i]);
    vane__cgroup_limits limits, of_all;
    vane__cgroup_read("", &limits);
    vane__cgroup_read("/proc/self/root", &of_all);
    ck_assert_double_eq_tol(limits.cpus, of_all.cpus, 1e-12);
    ck_assert_uint_eq(limits.mem_bytes, of_all.mem_bytes);
}
END_TEST

static TCase *budget_cases(void)
{
    TCase *budget = tcase_create("budget");
    tcase_add_checked_fixture(budget, make_root, NULL);
    tcase_add_test(budget, budget_of_a_fake_machine);
    tcase_add_test(budget, budget_is_bounded_by_affinity_and_online);
    tcase_add_loop_test(budget, budget_without_files, 0, 6);
    tcase_add_test(budget, budget_here_is_sane_and_cheap);
    tcase_add_test(budget, usual_places_are_those_of_the_mounts);
    return budget;
}

int main(void)
{
    Suite *suite = suite_create("budget");
    suite_add_tcase(suite, cgroup_cases());
    suite_add_tcase(suite, budget_cases());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
