/* SPDX-License-Identifier: MIT */
/* test_load.c - when a machine counts as busy: signals as they are on machines, read as the
 * sampler reads them, by counters that know whole ticks only. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "telemetry/load.h"

#define MS UINT64_C(1000000)

/* ---- a machine ------------------------------------------------------------------- */

enum { TICK_MS = 10, CPUS = 2, MOST_CHANGES = 64 };

/* What others take of each CPU, from 0 to 1, at a millisecond. */
typedef double (*signal)(uint64_t ms, int cpu);

typedef struct machine {
    signal busy;
    uint64_t ms;
    double idle_ms[CPUS];
    uint64_t ticks[CPUS];      /* whole ones of idle_ms, at the last reading */
    uint64_t read_ms, seen_ms; /* the first reading that saw the load of the last change */
    vane__load load;
    uint64_t changed_ms[MOST_CHANGES];
    uint32_t changes;
} machine;

static void run_to(machine *m, uint64_t ms)
{
    for (; m->ms < ms; m->ms++)
        for (int c = 0; c < CPUS; c++)
            m->idle_ms[c] += 1 - m->busy(m->ms, c);
}

/* One reading, as host.c takes it. */
static void read_machine(machine *m)
{
    double idle = 0, span = (double)(m->ms - m->read_ms);
    for (int c = 0; c < CPUS; c++) {
        uint64_t ticks = (uint64_t)(m->idle_ms[c] / TICK_MS);
        idle += (double)((ticks - m->ticks[c]) * TICK_MS);
        m->ticks[c] = ticks;
    }
    double others = CPUS * span - idle;
    if (vane__load_step(&m->load, (m->ms - m->read_ms) * MS, others / span, CPUS)) {
        ck_assert_uint_lt(m->changes, MOST_CHANGES);
        m->changed_ms[m->changes++] = m->ms;
    }
    if (!m->load.doubt && m->load.state == VANE__LOAD_CALM)
        m->seen_ms = 0;
    else if (m->seen_ms == 0)
        m->seen_ms = m->ms;
    m->read_ms = m->ms;
}

/* Readings come late by up to late_ms. */
static void watch(machine *m, uint64_t until_ms, uint64_t late_ms)
{
    while (m->ms < until_ms) {
        uint64_t late = late_ms ? (uint64_t)rand() % (late_ms + 1) : 0;
        run_to(m, m->ms + vane__load_period_ns(&m->load) / MS + late);
        read_machine(m);
    }
}

static double chance(void)
{
    return (double)rand() / RAND_MAX;
}

/* ---- both CPUs taken, and given back ---------------------------------------------- */

static uint64_t from_ms, to_ms;

static double taken(uint64_t ms, int cpu)
{
    (void)cpu;
    return ms >= from_ms && ms < to_ms ? 1 : 0.02;
}

/* Half a CPU in all: a program that competes with one of our threads. */
static double competes(uint64_t ms, int cpu)
{
    return ms >= from_ms && ms < to_ms ? 0.5 * (cpu == 0) : 0;
}

START_TEST(busy_within_100_ms_and_calm_within_100_ms)
{
    from_ms = 1000 + (uint64_t)_i; /* every phase against the readings */
    to_ms = 2000 + 7 * (uint64_t)_i;
    machine m = {.busy = taken};
    watch(&m, 1900, 0);
    ck_assert_uint_le(m.seen_ms, from_ms + 50 + 25); /* half a period of it is surely seen */
    ck_assert_uint_eq(m.changed_ms[0], m.seen_ms + 90);
    watch(&m, 4000, 0);
    ck_assert_uint_eq(m.changes, 2);
    ck_assert_uint_eq(m.load.changes, 2);
    ck_assert_uint_gt(m.changed_ms[1], to_ms);
    ck_assert_uint_le(m.changed_ms[1], to_ms + 100);
}
END_TEST

START_TEST(first_reading_that_sees_it_to_busy_is_90_ms)
{
    vane__load l = {0};
    ck_assert(!vane__load_step(&l, 50 * MS, 1.0, 2));
    ck_assert_uint_eq(vane__load_period_ns(&l), VANE__LOAD_DOUBT_NS);
    ck_assert(!vane__load_step(&l, VANE__LOAD_DOUBT_NS, 2.0, 2));
    ck_assert(!vane__load_step(&l, VANE__LOAD_DOUBT_NS, 2.0, 2));
    ck_assert(vane__load_step(&l, VANE__LOAD_DOUBT_NS, 2.0, 2));
    ck_assert_int_eq(l.state, VANE__LOAD_BUSY);
    ck_assert_uint_eq(vane__load_period_ns(&l), VANE__LOAD_BUSY_NS);
}
END_TEST

START_TEST(one_competitor_is_noticed_and_kept)
{
    from_ms = 1000 + 3 * (uint64_t)_i;
    to_ms = 31000;
    machine m = {.busy = competes};
    srand((unsigned)_i + 1);
    watch(&m, 30000, 3);
    ck_assert_uint_eq(m.changes, 1); /* in half a minute */
    ck_assert_uint_le(m.changed_ms[0], from_ms + 2000);
    watch(&m, 33000, 3);
    ck_assert_uint_eq(m.changes, 2);
    ck_assert_uint_le(m.changed_ms[1], to_ms + 130);
}
END_TEST

/* ---- noise ----------------------------------------------------------------------- */

static double spike_ms;

/* A spike on both CPUs, of less than a period, every 300 ms, at any phase. */
static double spikes(uint64_t ms, int cpu)
{
    (void)cpu;
    return (double)(ms % 303) < spike_ms ? 1 : 0.02;
}

START_TEST(a_spike_counts_once)
{
    spike_ms = 5 + _i;
    machine m = {.busy = spikes};
    srand((unsigned)_i + 1);
    watch(&m, 60000, 0);
    ck_assert_uint_eq(m.changes, 0);
}
END_TEST

/* Load with gaps of up to 20 ms in it. */
static double gaps(uint64_t ms, int cpu)
{
    if (ms < from_ms || ms >= to_ms)
        return (double)((ms * 7919 + (uint64_t)cpu) % 100 < 5); /* 5 % of background */
    return ms % 61 < 20 ? 0 : 1;
}

START_TEST(one_change_each_way_in_noise)
{
    srand((unsigned)_i + 1);
    from_ms = 1000 + (uint64_t)rand() % 300;
    to_ms = from_ms + 1000 + (uint64_t)rand() % 3000;
    machine m = {.busy = gaps};
    watch(&m, 8000, 5);
    ck_assert_uint_eq(m.changes, 2);
    ck_assert(m.changed_ms[0] > from_ms && m.changed_ms[0] <= from_ms + 250);
    ck_assert(m.changed_ms[1] > to_ms && m.changed_ms[1] <= to_ms + 175);
}
END_TEST

/* ---- recorded --------------------------------------------------------------------- */

/* others_cpus of a desktop with two CPUs, 50 ms each: idle, a page that loads, idle, a build. */
static const double recorded[] = {0.0, 0.2, 0.0, 0.0, 0.1, 0.0, 0.4, 0.0, 0.2, 0.0, 0.0, 0.6, 1.2,
                                  0.0, 0.2, 0.0, 0.0, 0.2, 0.0, 0.8, 0.0, 0.0, 0.2, 0.0, 0.0, 0.4,
                                  1.6, 2.0, 1.8, 2.0, 2.0, 1.4, 0.6, 2.0, 1.8, 2.0, 0.2, 1.8, 2.0,
                                  2.0, 1.6, 0.8, 0.2, 0.0, 0.0, 0.2, 0.0, 0.0, 0.4, 0.0, 0.0};

START_TEST(a_recorded_desktop)
{
    vane__load l = {0};
    size_t busy_at = 0, calm_at = 0;
    for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++)
        if (vane__load_step(&l, 50 * MS, recorded[i], 2))
            *(l.state == VANE__LOAD_BUSY ? &busy_at : &calm_at) = i;
    ck_assert_uint_eq(l.changes, 2);
    ck_assert_uint_eq(busy_at, 29); /* three readings after the first of the build */
    ck_assert_uint_eq(calm_at, 43);
}
END_TEST

/* ---- any -------------------------------------------------------------------------- */

enum { SEGMENTS = 8 };
static uint64_t border_ms[SEGMENTS + 1];
static double level[SEGMENTS];

static double segments(uint64_t ms, int cpu)
{
    int at = 0;
    while (at + 1 < SEGMENTS && ms >= border_ms[at + 1])
        at++;
    double x = level[at] + 0.2 * (chance() - 0.5) * (level[at] > 0.3);
    (void)cpu;
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Calm and busy by turns, each for 300 ms and more: one change at each border, no other. */
START_TEST(ten_thousand_schedules)
{
    for (unsigned round = 0; round < 2500; round++) {
        srand((unsigned)_i * 2500 + round);
        for (int i = 0; i < SEGMENTS; i++) {
            border_ms[i + 1] = border_ms[i] + 300 + (uint64_t)rand() % 500;
            level[i] = i % 2 ? 0.6 + 0.4 * chance() : 0.05 * chance();
        }
        machine m = {.busy = segments};
        watch(&m, border_ms[SEGMENTS], 0);
        ck_assert_msg(m.changes == SEGMENTS - 1, "round %u: %u changes, expected %d", round,
                      m.changes, SEGMENTS - 1);
        for (uint32_t i = 0; i < m.changes; i++)
            ck_assert(m.changed_ms[i] > border_ms[i + 1] &&
                      m.changed_ms[i] <= border_ms[i + 1] + (i % 2 ? 175 : 200));
    }
}
END_TEST

/* Whatever is read: into BUSY takes 60 ms of load, so changes are bounded by time. */
START_TEST(any_readings_change_it_seldom)
{
    for (unsigned round = 0; round < 10000; round++) {
        srand(round);
        vane__load l = {0};
        uint64_t total = 0;
        for (int i = 0; i < 200; i++) {
            uint64_t span = (20 + (uint64_t)rand() % 60) * MS;
            total += span;
            vane__load_step(&l, span, chance() < 0.5 ? 2 * chance() : 0.3 * chance(), 2);
        }
        ck_assert_uint_le(l.changes, 2 * (total / VANE__LOAD_SPIKE_NS) + 1);
        ck_assert_uint_le(l.changes, 60);
        ck_assert_int_eq(l.state, l.changes % 2 ? VANE__LOAD_BUSY : VANE__LOAD_CALM);
    }
}
END_TEST

START_TEST(senseless_readings_change_nothing)
{
    static const double others[] = {-5, (double)NAN, (double)INFINITY, 100, 4.1};
    vane__load l = {0};
    for (int i = 0; i < 50; i++)
        ck_assert(!vane__load_step(&l, 50 * MS, others[i % 5], 2));
    for (int i = 0; i < 50; i++) {
        ck_assert(!vane__load_step(&l, 0, 2, 2));
        ck_assert(!vane__load_step(&l, 50 * MS, 0, 0));
        ck_assert(!vane__load_step(&l, UINT64_MAX, 2, 2));
    }
    ck_assert_uint_eq(l.changes, 0);
    ck_assert_uint_eq(vane__load_period_ns(&l), VANE__LOAD_CALM_NS);
}
END_TEST

START_TEST(what_was_before_a_rest_does_not_count)
{
    vane__load l = {0};
    for (int i = 0; i < 3; i++)
        vane__load_step(&l, 50 * MS, 2, 2);
    vane__load_forget(&l);
    ck_assert(!vane__load_step(&l, 50 * MS, 2, 2));
    ck_assert(!vane__load_step(&l, 50 * MS, 2, 2));
    ck_assert(!vane__load_step(&l, 50 * MS, 2, 2));
    ck_assert(vane__load_step(&l, 50 * MS, 2, 2));
    vane__load_forget(&l);
    ck_assert(!vane__load_step(&l, 25 * MS, 0, 2)); /* not yet a window */
    ck_assert_int_eq(l.state, VANE__LOAD_BUSY);
}
END_TEST

START_TEST(a_large_machine_needs_an_eighth)
{
    vane__load l = {0};
    for (int i = 0; i < 20; i++)
        ck_assert(!vane__load_step(&l, 50 * MS, 7.9, 64));
    for (int i = 0; i < 4; i++)
        vane__load_step(&l, 50 * MS, 8.1, 64);
    ck_assert_int_eq(l.state, VANE__LOAD_BUSY);
    for (int i = 0; i < 20; i++)
        ck_assert(!vane__load_step(&l, 50 * MS, 5.1, 64));
    ck_assert(!vane__load_step(&l, 50 * MS, 4.9, 64)); /* with the one before, above 5 */
    ck_assert(vane__load_step(&l, 50 * MS, 4.8, 64));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("load");
    TCase *t = tcase_create("states");
    tcase_add_loop_test(t, busy_within_100_ms_and_calm_within_100_ms, 0, 100);
    tcase_add_test(t, first_reading_that_sees_it_to_busy_is_90_ms);
    tcase_add_loop_test(t, one_competitor_is_noticed_and_kept, 0, 20);
    tcase_add_loop_test(t, a_spike_counts_once, 0, 44);
    tcase_add_loop_test(t, one_change_each_way_in_noise, 0, 100);
    tcase_add_test(t, a_recorded_desktop);
    tcase_add_loop_test(t, ten_thousand_schedules, 0, 4);
    tcase_add_test(t, any_readings_change_it_seldom);
    tcase_add_test(t, senseless_readings_change_nothing);
    tcase_add_test(t, what_was_before_a_rest_does_not_count);
    tcase_add_test(t, a_large_machine_needs_an_eighth);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
