/* SPDX-License-Identifier: MIT */
/* test_host.c - readings of made-up machines: true ones, broken ones, ones that lie. */
#include "telemetry/host.h"

#include "folder.h"
#include "os.h"
#include "vane/vane.h"

#define MS UINT64_C(1000000)
#define START (UINT64_C(1000) * MS)

static const vane__cpus both = {{3}};
static vane__host host;
static vane__host_reading now_;

static void setup(void)
{
    make_root();
    ck_assert(vane__host_open(&host, root, &both));
}

static void teardown(void)
{
    vane__host_close(&host);
}

/* ---- a machine with two CPUs ----------------------------------------------------- */

/* Ticks of each: busy with anything, and idle. */
static void put_stat(unsigned busy0, unsigned idle0, unsigned busy1, unsigned idle1)
{
    char text[512];
    snprintf(text, sizeof text,
             "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 %u 0 1 %u 2 0 1 0 7 0\ncpu1 1 0 0 %u 3 %u 0 2 0 0\n"
             "cpu7 9 9 9 9 9 9 9 9 9 9\nintr 123 0 0\nctxt 5\n",
             busy0, idle0, idle1, busy1);
    put("proc/stat", text);
}

static void put_own(unsigned user, unsigned system)
{
    char text[256];
    snprintf(text, sizeof text, "42 (a) b (c)) R 1 1 1 0 -1 4194304 98 0 0 0 %u %u 0 0 20 0 1 0\n",
             user, system);
    put("proc/self/stat", text);
}

static void put_rest(void)
{
    put("proc/pressure/cpu", "some avg10=12.34 avg60=0.00 avg300=0.00 total=5000\n");
    put("proc/pressure/memory",
        "some avg10=0.50 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.00 avg60=0.00 avg300=0.00 "
        "total=0\n");
    put("proc/meminfo", "MemTotal:       2000 kB\nMemFree: 3 kB\nMemAvailable:    1500 kB\n");
    put("proc/self/cgroup", "0::/app\n");
    put("proc/self/mountinfo", "40 30 0:29 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/app/cpu.max", "150000 100000\n");
    put("sys/fs/cgroup/app/cpu.stat", "usage_usec 9\nnr_periods 1\nnr_throttled 3\n"
                                      "throttled_usec 400\n");
    put("sys/fs/cgroup/app/memory.max", "1024000\n");
    put("sys/fs/cgroup/app/memory.current", "4096\n");
}

static void read_at(uint64_t ms)
{
    vane__host_read(&host, START + ms * MS, &now_);
}

static void first_reading(void)
{
    put_stat(1000, 5000, 2000, 6000);
    put_own(100, 10);
    put_rest();
    read_at(0);
}

START_TEST(first_has_all_but_rates)
{
    first_reading();
    ck_assert_uint_eq(now_.valid, VANE_HOST_CPUS | VANE_HOST_CPU_PRESSURE | VANE_HOST_MEM_PRESSURE |
                                      VANE_HOST_MEM | VANE_HOST_GROUP_MEM);
    ck_assert_uint_eq(now_.cpus, 2);
    ck_assert_double_eq_tol(now_.cpu_pressure.avg10_percent, 12.34, 1e-9);
    ck_assert_uint_eq(now_.cpu_pressure.total_us, 5000);
    ck_assert_double_eq_tol(now_.mem_pressure.avg10_percent, 0.5, 1e-9);
    ck_assert_uint_eq(now_.mem_available_bytes, 1500 * 1024);
    ck_assert_uint_eq(now_.group_mem_bytes, 4096);
    ck_assert_uint_eq(now_.group_mem_limit_bytes, 1024000);
    ck_assert_double_eq_tol(now_.budget.cpu_quota, 1.5, 1e-9);
    ck_assert_uint_eq(now_.lies + now_.missing, 0);
}
END_TEST

START_TEST(rates_are_of_our_cpus_without_us)
{
    first_reading();
    put_stat(1016, 5004, 2010, 6010); /* 200 ms: 16 of 20 ticks busy, and 10 of 20 */
    put_own(104, 12);                 /* 6 of these are ours */
    put("sys/fs/cgroup/app/cpu.stat", "nr_throttled 5\nthrottled_usec 1400\n");
    read_at(200);
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert_uint_eq(now_.span_ns, 200 * MS);
    ck_assert_double_eq_tol(now_.others_cpus, 1.0, 1e-9);
    ck_assert_double_eq_tol(now_.own_cpus, 0.3, 1e-9);
    ck_assert(now_.valid & VANE_HOST_THROTTLED);
    ck_assert_uint_eq(now_.throttled, 2);
    ck_assert_uint_eq(now_.throttled_ns, 1000000);
    ck_assert_uint_eq(now_.lies + now_.missing, 0);
}
END_TEST

START_TEST(too_soon_is_kept_for_the_next)
{
    first_reading();
    put_stat(1001, 5000, 2000, 6001);
    read_at(10); /* a tick or none says nothing */
    ck_assert(!(now_.valid & VANE_HOST_USE));
    put_stat(1010, 5000, 2000, 6010);
    read_at(100);
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert_uint_eq(now_.span_ns, 100 * MS);
    ck_assert_double_eq_tol(now_.others_cpus, 1.0, 1e-9);
    read_at(150); /* no tick, in 50 ms */
    ck_assert(!(now_.valid & VANE_HOST_USE));
    put_stat(1015, 5005, 2010, 6010);
    read_at(200);
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert_uint_eq(now_.span_ns, 100 * MS);
    ck_assert_double_eq_tol(now_.others_cpus, 1.5, 1e-9);
    ck_assert_uint_eq(now_.lies, 0);
}
END_TEST

START_TEST(a_file_that_stands_still_is_no_load)
{
    first_reading();
    for (uint64_t at = 50; at < 500; at += 50) {
        read_at(at);
        ck_assert(!(now_.valid & VANE_HOST_USE));
    }
    ck_assert_uint_eq(now_.lies, 0);
    read_at(500);
    ck_assert(!(now_.valid & VANE_HOST_USE));
    ck_assert_uint_eq(now_.lies, 1);
}
END_TEST

START_TEST(a_cpu_that_goes_is_a_new_beginning)
{
    first_reading();
    put("proc/stat", "cpu  1 2 3 4\ncpu0 1005 0 1 5005 2 0 1 0 0 0\nintr 1\n");
    read_at(100);
    ck_assert(!(now_.valid & VANE_HOST_USE));
    ck_assert_uint_eq(now_.cpus, 1);
    put("proc/stat", "cpu  1 2 3 4\ncpu0 1010 0 1 5010 2 0 1 0 0 0\nintr 1\n");
    read_at(200);
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert_double_eq_tol(now_.others_cpus, 0.5, 1e-9);
    ck_assert_uint_eq(now_.lies, 0);
}
END_TEST

/* ---- what cannot be -------------------------------------------------------------- */

typedef struct lie {
    unsigned busy0, idle0, busy1, idle1, own;
} lie;
static const lie lies[] = {
    {1005, 4990, 2005, 6001, 110},  /* idleness runs backwards */
    {900, 5010, 2000, 6000, 110},   /* all of it does */
    {1000, 5010, 2000, 6010, 109},  /* we have used less than before */
    {1000, 5010, 2000, 6010, 140},  /* all was idle, yet we used much */
    {1100, 5010, 2100, 6010, 110},  /* more ticks than time */
    {1000, 5100, 2000, 6000, 110},  /* more idleness than time */
    {1000, 5000, 2000, 6001, 4294}, /* both */
};

START_TEST(what_cannot_be_is_dropped)
{
    const lie *l = &lies[_i];
    first_reading();
    put_stat(l->busy0, l->idle0, l->busy1, l->idle1);
    put_own(l->own, 0);
    read_at(100);
    ck_assert(!(now_.valid & VANE_HOST_USE));
    ck_assert_uint_eq(now_.lies, 1);
    ck_assert(now_.others_cpus <= 0 && now_.own_cpus <= 0);
    /* and from there on it is believed again */
    put_stat(l->busy0 + 10, l->idle0, l->busy1, l->idle1 + 10);
    put_own(l->own, 0);
    read_at(200);
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert_double_eq_tol(now_.others_cpus, 1.0, 1e-9);
}
END_TEST

START_TEST(time_that_does_not_pass)
{
    first_reading();
    put_stat(1005, 5005, 2005, 6005);
    vane__host_read(&host, START - 50 * MS, &now_);
    ck_assert(!(now_.valid & VANE_HOST_USE));
    ck_assert_uint_eq(now_.lies, 1);
}
END_TEST

typedef struct spoilt {
    const char *file, *text;
    uint32_t bit;
} spoilt;
#define HUGE_ "99999999999999999999999"
static const spoilt spoilts[] = {
    {"proc/stat", "", VANE_HOST_CPUS},
    {"proc/stat", "cpu  1 2 3 4 5\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu0 1 2 3 -4 5 6 7 8\ncpu1 1 2 3 4 5 6 7 8\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu0 1 2 3 " HUGE_ " 5\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu0 1 2 3 nan 5 6 7 8\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu0 1 2 3\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu0 18446744073709551615 18446744073709551615 1 1 1\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu0 1 2 3 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8\n", VANE_HOST_CPUS},
    {"proc/stat", "cpu9 1 2 3 4 5 6 7 8\n", VANE_HOST_CPUS},
    {"proc/stat", "cpux 1 2 3 4 5 6 7 8\n", VANE_HOST_CPUS},
    {"proc/self/stat", "", VANE_HOST_CPUS},
    {"proc/self/stat", "42 (a) R 1 2 3\n", VANE_HOST_CPUS},
    {"proc/self/stat", "42 (a R 1 1 1 0 -1 4194304 98 0 0 0 5 5 0 0\n", VANE_HOST_CPUS},
    {"proc/self/stat", "42 (a) R 1 1 1 0 -1 4194304 98 0 0 0 -5 5 0 0\n", VANE_HOST_CPUS},
    {"proc/self/stat", "42 (a) R 1 1 1 0 -1 4194304 98 0 0 0 18446744073709551615 0 0 0\n",
     VANE_HOST_CPUS},
    {"proc/pressure/cpu", "", VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "full avg10=1.00 avg60=0.00 avg300=0.00 total=1\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "some avg10=nan avg60=0.00 avg300=0.00 total=1\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "some avg10=-1.00 avg60=0.00 avg300=0.00 total=1\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "some avg10=100.01 avg60=0.00 avg300=0.00 total=1\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "some avg10=1e1 avg60=0.00 avg300=0.00 total=1\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "some avg10=1.00 avg60=0.00 avg300=0.00\nfull avg10=1.00 total=1\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/cpu", "some avg10=1.00 avg60=0.00 avg300=0.00 total=" HUGE_ "\n",
     VANE_HOST_CPU_PRESSURE},
    {"proc/pressure/memory", "some avg10=1.00 avg60=0.00 avg300=0.00 total=-1\n",
     VANE_HOST_MEM_PRESSURE},
    {"proc/meminfo", "MemTotal: 2000 kB\n", VANE_HOST_MEM},
    {"proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 2001 kB\n", VANE_HOST_MEM},
    {"proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: -1 kB\n", VANE_HOST_MEM},
    {"proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 18446744073709551615 kB\n", VANE_HOST_MEM},
    {"proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 1 MB\n", VANE_HOST_MEM},
    {"sys/fs/cgroup/app/memory.current", "", VANE_HOST_GROUP_MEM},
    {"sys/fs/cgroup/app/memory.current", "max\n", VANE_HOST_GROUP_MEM},
    {"sys/fs/cgroup/app/memory.current", "-4096\n", VANE_HOST_GROUP_MEM},
    {"sys/fs/cgroup/app/memory.current", "1 2\n", VANE_HOST_GROUP_MEM},
};

START_TEST(a_spoilt_file_hides_itself_alone)
{
    const spoilt *s = &spoilts[_i];
    const uint32_t all = VANE_HOST_CPUS | VANE_HOST_CPU_PRESSURE | VANE_HOST_MEM_PRESSURE |
                         VANE_HOST_MEM | VANE_HOST_GROUP_MEM;
    put_stat(1000, 5000, 2000, 6000);
    put_own(100, 10);
    put_rest();
    put(s->file, s->text);
    read_at(0);
    ck_assert_uint_eq(now_.valid, all & ~s->bit);
    ck_assert_uint_eq(now_.lies, 1);
    ck_assert_uint_eq(now_.missing, 0);
}
END_TEST

START_TEST(a_file_that_is_gone_is_missing)
{
    first_reading();
    take_away(spoilts[_i].file);
    read_at(200);
    ck_assert(!(now_.valid & spoilts[_i].bit));
    ck_assert_uint_ge(now_.missing, 1);
    ck_assert_uint_le(now_.lies, 1); /* the others stood still */
}
END_TEST

START_TEST(nothing_is_there)
{
    read_at(0);
    read_at(100);
    ck_assert_uint_eq(now_.valid, 0);
    ck_assert_uint_eq(now_.lies, 0);
    ck_assert_uint_eq(now_.missing, 2 + 5); /* the CPUs twice, and all that is slow */
}
END_TEST

static const char *const throttles[] = {"nr_throttled 2\nthrottled_usec 500\n",
                                        "nr_throttled 4\nthrottled_usec 300\n",
                                        "nr_throttled x\nthrottled_usec 500\n", "nr_throttled 4\n",
                                        "nr_throttled 4\nthrottled_usec 18446744073709551615\n"};
START_TEST(throttling_that_cannot_be)
{
    first_reading();
    put("sys/fs/cgroup/app/cpu.stat", throttles[_i]);
    put_stat(1010, 5010, 2010, 6010);
    read_at(200);
    ck_assert(!(now_.valid & VANE_HOST_THROTTLED));
    ck_assert_uint_eq(now_.throttled + now_.throttled_ns, 0);
    ck_assert_uint_eq(now_.lies, 1);
}
END_TEST

START_TEST(pressure_that_runs_backwards)
{
    first_reading();
    put("proc/pressure/cpu", "some avg10=1.00 avg60=0.00 avg300=0.00 total=4999\n");
    put_stat(1010, 5010, 2010, 6010);
    read_at(200);
    ck_assert(!(now_.valid & VANE_HOST_CPU_PRESSURE));
    ck_assert_uint_eq(now_.lies, 1);
    read_at(400);
    ck_assert(now_.valid & VANE_HOST_CPU_PRESSURE);
}
END_TEST

/* ---- what changes ---------------------------------------------------------------- */

START_TEST(the_quota_as_it_changes)
{
    first_reading();
    put("sys/fs/cgroup/app/cpu.max", "50000 100000\n");
    read_at(100); /* not looked at so soon */
    ck_assert_double_eq_tol(now_.budget.cpu_quota, 1.5, 1e-9);
    read_at(200);
    ck_assert_double_eq_tol(now_.budget.cpu_quota, 0.5, 1e-9);
    ck_assert_uint_eq(now_.budget.threads, 1);
    put("sys/fs/cgroup/app/cpu.max", "max 100000\n");
    read_at(400);
    ck_assert_double_eq_tol(now_.budget.cpu_quota, 0, 1e-9);
}
END_TEST

START_TEST(the_group_that_binds_is_the_one_read)
{
    put_stat(1000, 5000, 2000, 6000);
    put_own(100, 10);
    put_rest();
    put("proc/self/cgroup", "0::/app/deep\n");
    put("sys/fs/cgroup/app/deep/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/app/deep/cpu.stat", "nr_throttled 0\nthrottled_usec 0\n");
    put("sys/fs/cgroup/app/deep/memory.max", "max\n");
    put("sys/fs/cgroup/app/deep/memory.current", "11\n");
    read_at(0);
    ck_assert_uint_eq(now_.group_mem_bytes, 4096);
    put("sys/fs/cgroup/app/cpu.stat", "nr_throttled 4\nthrottled_usec 401\n");
    read_at(200);
    ck_assert_uint_eq(now_.throttled, 1);
    ck_assert_uint_eq(now_.throttled_ns, 1000);
}
END_TEST

START_TEST(cgroups_of_version_1)
{
    put_stat(1000, 5000, 2000, 6000);
    put_own(100, 10);
    put("proc/self/cgroup", "4:memory:/m\n2:cpu,cpuacct:/c\n0::/\n");
    put("proc/self/mountinfo", "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                               "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                               "40 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/unified/cpu.stat", "usage_usec 1\n");
    put("sys/fs/cgroup/cpu/c/cpu.stat", "nr_periods 5\nnr_throttled 1\nthrottled_time 70\n");
    put("sys/fs/cgroup/memory/m/memory.usage_in_bytes", "77\n");
    read_at(0);
    ck_assert_uint_eq(now_.group_mem_bytes, 77);
    ck_assert_uint_eq(now_.group_mem_limit_bytes, 0);
    put("sys/fs/cgroup/cpu/c/cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_time 90\n");
    read_at(200);
    ck_assert_uint_eq(now_.throttled, 1);
    ck_assert_uint_eq(now_.throttled_ns, 20);
}
END_TEST

START_TEST(a_machine_of_many_cpus)
{
    enum { CPUS = 4096 };
    vane__cpus all;
    char *text = malloc(CPUS * 128), *at = text;
    ck_assert_ptr_nonnull(text);
    memset(&all, 0xff, sizeof all);
    vane__host_close(&host);
    ck_assert(vane__host_open(&host, root, &all));
    put_own(0, 0);
    for (int round = 0; round < 2; round++) {
        at = text;
        for (int i = 0; i < CPUS; i++)
            at += sprintf(at, "cpu%d 1000000 2000000 3000000 %d 5000000 6000000 7 8 9 9\n", i,
                          4000000 + 10 * round * (i % 2));
        put("proc/stat", text);
        read_at((uint64_t)round * 100);
        ck_assert_uint_eq(now_.cpus, CPUS);
    }
    free(text);
    ck_assert_uint_eq(now_.lies, 0);
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert_double_eq_tol(now_.others_cpus, CPUS / 2.0, 1e-6);
}
END_TEST

/* ---- this machine ---------------------------------------------------------------- */

START_TEST(this_machine_sees_this_process)
{
    volatile uint64_t spin = 0;
    vane__host_close(&host);
    ck_assert(vane__host_open(&host, "", NULL));
    vane__host_read(&host, vane__now_ns(), &now_);
    ck_assert(now_.valid & VANE_HOST_CPUS);
    uint64_t start = vane__now_ns();
    for (int tries = 0; tries < 50 && !(now_.valid & VANE_HOST_USE); tries++) {
        while (vane__now_ns() - start < 100 * MS)
            spin++;
        vane__host_read(&host, vane__now_ns(), &now_);
        start = vane__now_ns();
    }
    ck_assert(now_.valid & VANE_HOST_USE);
    ck_assert(now_.own_cpus > 0 && now_.own_cpus <= now_.cpus + 0.5);
    ck_assert(now_.others_cpus >= 0 && now_.others_cpus <= now_.cpus);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("host");
    TCase *t = tcase_create("readings");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, first_has_all_but_rates);
    tcase_add_test(t, rates_are_of_our_cpus_without_us);
    tcase_add_test(t, too_soon_is_kept_for_the_next);
    tcase_add_test(t, a_file_that_stands_still_is_no_load);
    tcase_add_test(t, a_cpu_that_goes_is_a_new_beginning);
    tcase_add_loop_test(t, what_cannot_be_is_dropped, 0, sizeof lies / sizeof lies[0]);
    tcase_add_test(t, time_that_does_not_pass);
    tcase_add_loop_test(t, a_spoilt_file_hides_itself_alone, 0, sizeof spoilts / sizeof spoilts[0]);
    tcase_add_loop_test(t, a_file_that_is_gone_is_missing, 0, sizeof spoilts / sizeof spoilts[0]);
    tcase_add_test(t, nothing_is_there);
    tcase_add_loop_test(t, throttling_that_cannot_be, 0, sizeof throttles / sizeof throttles[0]);
    tcase_add_test(t, pressure_that_runs_backwards);
    tcase_add_test(t, the_quota_as_it_changes);
    tcase_add_test(t, the_group_that_binds_is_the_one_read);
    tcase_add_test(t, cgroups_of_version_1);
    tcase_add_test(t, a_machine_of_many_cpus);
    tcase_add_test(t, this_machine_sees_this_process);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
