/* SPDX-License-Identifier: MIT */
/* test_adaptive.c - the adaptive policy as a function: what it chooses, what it tries, and what
 * becomes of it over ten thousand made-up machines. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/slate.h"
#include "policy/allowance.h"
#include "policy/learned.h"

#define MOST 8
static vane_candidate c[MOST];
static vane_query q;
static const vane_policy *const policy = &vane__policy_adaptive;

static void setup(void)
{
    q = (vane_query){.struct_size = sizeof q, .flops = 1000, .bytes = 12000};
    q.current = VANE_NO_CANDIDATE;
    for (uint32_t i = 0; i < MOST; i++)
        c[i] = (vane_candidate){.struct_size = sizeof c[i],
                                .width = 1,
                                .order = i,
                                .backend = "b",
                                .kernel = "k",
                                .flops_per_ns = 10,
                                .bytes_per_ns = 10,
                                .trust = VANE_TRUST_CHECKED};
}

static void measured(uint32_t i, double ns, uint32_t samples)
{
    c[i].measured_ns = ns;
    c[i].samples = samples;
}

static uint32_t choose(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (c[i].reason != VANE_REASON_WRONG)
            c[i].reason = VANE_REASON_CHOSEN;
    return policy->choose(policy->self, &q, c, count);
}

static uint32_t explore(uint32_t count)
{
    choose(count);
    return policy->explore(policy->self, &q, c, count);
}

/* ---- choosing -------------------------------------------------------------------- */

START_TEST(the_measured_time_decides)
{
    c[0].bytes_per_ns = 1000; /* says it is fast */
    measured(0, 500, 5);
    measured(1, 400, 5);
    ck_assert_uint_eq(choose(2), 1);
    ck_assert_uint_eq(c[0].reason, VANE_REASON_SLOWER);
    ck_assert_double_eq(c[0].predicted_ns, 500);
}
END_TEST

START_TEST(what_is_expected_stands_for_what_was_not_measured)
{
    measured(0, 500, 5);
    c[1].expected_ns = 300;
    ck_assert_uint_eq(choose(2), 1);
    c[1].expected_ns = 700;
    ck_assert_uint_eq(choose(2), 0);
}
END_TEST

START_TEST(trust_comes_before_speed)
{
    measured(0, 500, 5);
    c[1].expected_ns = 5;
    c[1].trust = VANE_TRUST_NONE;
    ck_assert_uint_eq(choose(2), 0);
    ck_assert_uint_eq(c[1].reason, VANE_REASON_UNCHECKED);
    c[1].reason = VANE_REASON_WRONG;
    c[1].trust = VANE_TRUST_WRONG;
    ck_assert_uint_eq(choose(2), 0);
    ck_assert_uint_eq(explore(2), VANE_NO_CANDIDATE);
}
END_TEST

START_TEST(what_the_user_prefers_comes_before_both)
{
    measured(0, 500, 5);
    measured(1, 5, 5);
    c[1].tier = 1;
    ck_assert_uint_eq(choose(2), 0);
    ck_assert_uint_eq(c[1].reason, VANE_REASON_LATER);
}
END_TEST

START_TEST(equals_do_not_take_turns)
{
    measured(0, 100, 9);
    measured(1, 98, 9);
    q.current = 0;
    ck_assert_uint_eq(choose(2), 0);
    measured(1, 96, 9);
    ck_assert_uint_eq(choose(2), 1);
    q.current = 1;
    measured(0, 95, 9);
    ck_assert_uint_eq(choose(2), 1);
}
END_TEST

static void varying(uint32_t i, double least_ns, double most_ns, uint32_t samples)
{
    measured(i, least_ns, samples);
    c[i].least_ns = least_ns;
    c[i].most_ns = most_ns;
}

/* The route changed with the load already: again only for one that was faster each time. */
START_TEST(after_a_border_only_a_clear_lead_moves_again)
{
    q.current = 0;
    varying(0, 100, 150, 9);
    varying(1, 70, 120, 9);
    ck_assert_uint_eq(choose(2), 1);
    q.moved = VANE_MOVED_SEEN;
    ck_assert_uint_eq(choose(2), 0);
    varying(1, 70, 89, 9);
    ck_assert_uint_eq(choose(2), 1);
    varying(1, 70, 91, 9); /* no more than two may differ that are alike */
    ck_assert_uint_eq(choose(2), 0);
    measured(1, 0, 0);
    c[1].expected_ns = 50;
    ck_assert_uint_eq(choose(2), 0);
    q.moved = VANE_MOVED_UNSEEN;
    ck_assert_uint_eq(choose(2), 1);
    q.moved = VANE_MOVED_SEEN;
    c[1].expected_ns = 0;
    varying(1, 50, 50, 8); /* nobody knows yet how it varies */
    ck_assert_uint_eq(choose(2), 0);
    varying(0, 100, 150, 5);
    varying(1, 50, 50, 9);
    ck_assert_uint_eq(choose(2), 0);
    ck_assert_uint_eq(explore(2), 0); /* and that is found out */
    varying(0, 100, 150, 9);
    ck_assert_uint_eq(explore(2), VANE_NO_CANDIDATE);
    ck_assert_uint_eq(choose(2), 1);
}
END_TEST

START_TEST(who_cannot_or_is_not_trusted_is_left_all_the_same)
{
    q.current = 0;
    q.moved = VANE_MOVED_SEEN;
    varying(0, 100, 190, 9);
    varying(1, 90, 190, 9);
    ck_assert_uint_eq(choose(2), 0);
    c[0].trust = VANE_TRUST_NONE;
    ck_assert_uint_eq(choose(2), 1);
    c[0].trust = VANE_TRUST_WRONG;
    c[0].reason = VANE_REASON_WRONG;
    ck_assert_uint_eq(choose(2), 1);
}
END_TEST

/* ---- trying ---------------------------------------------------------------------- */

START_TEST(everybody_plausible_is_tried_until_enough_is_known)
{
    uint32_t tries[3] = {0};
    for (uint32_t i; (i = explore(3)) != VANE_NO_CANDIDATE;) {
        ck_assert_uint_lt(++tries[i], 20);
        measured(i, 100 + i, c[i].samples + 1);
    }
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_ge(c[i].samples, 5);
}
END_TEST

START_TEST(the_hopeless_are_not_tried)
{
    c[1].bytes_per_ns = 1; /* ten times slower by its own words */
    c[2].expected_ns = 350;
    measured(0, 100, 9);
    ck_assert_uint_eq(explore(3), VANE_NO_CANDIDATE);
    c[2].expected_ns = 120;
    ck_assert_uint_eq(explore(3), 2);
}
END_TEST

START_TEST(what_costs_nothing_to_try_is_tried)
{
    q.bytes = 120;
    q.flops = 10;
    c[1].bytes_per_ns = 1; /* ten times slower, by its own words */
    measured(0, 20, 9);
    ck_assert_uint_eq(explore(2), 1);
}
END_TEST

START_TEST(of_several_threads_the_start_is_believed_and_the_work_is_not)
{
    c[0].width = c[1].width = 2;
    c[1].bytes_per_ns = 4; /* 2.5 times slower, by its own words */
    q.fork_ns = 500;
    measured(0, 2000, 9);
    ck_assert_uint_eq(explore(2), 1);
    q.bytes = 120;
    q.flops = 10;
    c[0].width = 1;
    measured(0, 20, 9);
    ck_assert_uint_eq(explore(2), VANE_NO_CANDIDATE);
}
END_TEST

START_TEST(one_spike_is_not_the_end_of_a_candidate)
{
    measured(0, 100, 9);
    measured(1, 100000, 1);
    ck_assert_uint_eq(explore(2), 1);
    measured(1, 100000, 2);
    ck_assert_uint_eq(explore(2), VANE_NO_CANDIDATE);
}
END_TEST

START_TEST(alone_there_is_nothing_to_learn)
{
    c[0].trust = VANE_TRUST_NONE;
    ck_assert_uint_eq(explore(1), VANE_NO_CANDIDATE);
    c[1].reason = VANE_REASON_WRONG;
    c[1].trust = VANE_TRUST_WRONG;
    ck_assert_uint_eq(explore(2), VANE_NO_CANDIDATE);
}
END_TEST

/* ---- windows and the allowance ---------------------------------------------------- */

START_TEST(a_window_is_not_moved_by_spikes)
{
    vane__window w = {.pushed = 0};
    ck_assert_double_eq(vane__window_typical(&w), 0);
    for (int i = 0; i < 100; i++)
        vane__window_push(&w, i % 4 == 3 ? 1e8 : 190000 + i % 3);
    ck_assert_double_lt(vane__window_typical(&w), 190010);
    ck_assert_uint_eq(vane__window_count(&w), VANE__WINDOW);
    vane__window_push(&w, -1);
    vane__window_push(&w, NAN);
    vane__window_push(&w, 0);
    vane__window_push(&w, INFINITY);
    ck_assert_double_lt(vane__window_typical(&w), 190010);
}
END_TEST

START_TEST(an_aged_window_keeps_the_last)
{
    vane__window w = {.pushed = 0};
    for (int i = 1; i <= 23; i++)
        vane__window_push(&w, i);
    vane__window_age(&w, 0, 0);
    ck_assert_uint_eq(vane__window_count(&w), 2);
    ck_assert_double_eq(vane__window_typical(&w), 22);
    vane__window_push(&w, 5);
    ck_assert_double_eq(vane__window_typical(&w), 5);
}
END_TEST

START_TEST(no_ten_seconds_hold_more_than_the_allowance)
{
    vane__allowance a = {.total_ns = 0};
    double spent[4000] = {0};
    uint64_t when[4000] = {0};
    srand(7);
    uint64_t now = 123456789;
    for (int i = 0; i < 4000; i++) {
        double cost = rand() % 3000000;
        now += (uint64_t)(rand() % 20000000);
        if (vane__allowance_left(&a, now) < cost)
            continue;
        vane__allowance_spend(&a, now, cost);
        spent[i] = cost;
        when[i] = now;
        double sum = 0;
        for (int k = 0; k <= i; k++)
            sum += spent[k] > 0 && when[k] + 10000000000u > now ? spent[k] : 0;
        ck_assert_double_le(sum, VANE__ALLOWANCE_NS);
    }
    ck_assert_double_gt(a.total_ns, VANE__ALLOWANCE_NS); /* it was given back */
}
END_TEST

/* ---- made-up machines -------------------------------------------------------------- */

static double uniform(void)
{
    return rand() / (RAND_MAX + 1.0);
}

/* A call: what the candidate takes, some noise, and now and then a spike. */
static double call_ns(double truth)
{
    return truth * (1 + 0.03 * uniform()) + (uniform() < 0.05 ? truth * 500 * uniform() : 0);
}

typedef struct machine {
    double truth[MOST];
    vane__window window[MOST];
    uint32_t count, changes, trials;
} machine;

static void machine_make(machine *m)
{
    *m = (machine){.count = 2 + (uint32_t)rand() % (MOST - 2)};
    for (uint32_t i = 0; i < m->count; i++) {
        double declared = 100 * exp(uniform() * 4);
        c[i].bytes_per_ns = q.bytes / declared;
        c[i].flops_per_ns = 1e9;
        m->truth[i] = declared * exp(uniform() - 0.5); /* declarations are rules of thumb */
    }
}

static void recall(const machine *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        measured(i, vane__window_typical(&m->window[i]), vane__window_count(&m->window[i]));
}

static uint32_t machine_step(machine *m)
{
    recall(m);
    uint32_t next = explore(m->count), chosen = choose(m->count);
    m->changes += q.current != VANE_NO_CANDIDATE && chosen != q.current;
    q.current = chosen;
    m->trials += next != VANE_NO_CANDIDATE;
    uint32_t ran = next != VANE_NO_CANDIDATE ? next : chosen;
    vane__window_push(&m->window[ran], call_ns(m->truth[ran]));
    return chosen;
}

START_TEST(ten_thousand_machines)
{
    const char *brief = getenv("VANE_TEST_BRIEF"); /* a thousand where a sanitizer watches */
    const uint32_t machines = brief && *brief == '1' ? 1000 : 10000;
    double regret = 0;
    uint32_t late = 0;
    srand(42);
    for (uint32_t i = 0; i < machines; i++) {
        machine m;
        uint32_t chosen = 0;
        setup();
        machine_make(&m);
        for (int k = 0; k < 200; k++)
            chosen = machine_step(&m);
        double best = m.truth[0];
        for (uint32_t j = 1; j < m.count; j++)
            best = m.truth[j] < best ? m.truth[j] : best;
        regret += m.truth[chosen] / best - 1;
        late += m.truth[chosen] / best > 1.05;
        ck_assert_uint_le(m.trials, m.count * 9);
        uint32_t before = m.changes; /* and then it stays */
        for (int k = 0; k < 200; k++)
            machine_step(&m);
        ck_assert_uint_le(m.changes - before, 1);
    }
    ck_assert_double_lt(regret / machines, 0.01);
    ck_assert_uint_lt(late, machines / 100 * 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("adaptive");
    TCase *tcase = tcase_create("adaptive");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, the_measured_time_decides);
    tcase_add_test(tcase, what_is_expected_stands_for_what_was_not_measured);
    tcase_add_test(tcase, trust_comes_before_speed);
    tcase_add_test(tcase, what_the_user_prefers_comes_before_both);
    tcase_add_test(tcase, equals_do_not_take_turns);
    tcase_add_test(tcase, after_a_border_only_a_clear_lead_moves_again);
    tcase_add_test(tcase, who_cannot_or_is_not_trusted_is_left_all_the_same);
    tcase_add_test(tcase, everybody_plausible_is_tried_until_enough_is_known);
    tcase_add_test(tcase, the_hopeless_are_not_tried);
    tcase_add_test(tcase, what_costs_nothing_to_try_is_tried);
    tcase_add_test(tcase, of_several_threads_the_start_is_believed_and_the_work_is_not);
    tcase_add_test(tcase, one_spike_is_not_the_end_of_a_candidate);
    tcase_add_test(tcase, alone_there_is_nothing_to_learn);
    tcase_add_test(tcase, a_window_is_not_moved_by_spikes);
    tcase_add_test(tcase, an_aged_window_keeps_the_last);
    tcase_add_test(tcase, no_ten_seconds_hold_more_than_the_allowance);
    tcase_add_test(tcase, ten_thousand_machines);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
