/* SPDX-License-Identifier: MIT */
/* threads.c - several threads call at once, each another op; every result must be right. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "groups.h"
#include "sample.h"

enum { CALLERS = 4, TRIALS = 96 };

typedef struct caller {
    conform own; /* the suite's, with streams of its own */
    conform_trial *trials;
    uint32_t count, first, rounds;
    uint64_t passed, failed;
    char label[256], why[512]; /* of the first failure */
    pthread_t thread;
} caller;

static void *call(void *arg)
{
    caller *me = arg;
    for (uint32_t n = 0; n < me->rounds * me->count; n++) {
        conform_trial *t = &me->trials[(me->first + n) % me->count];
        conform_attempt a = {.layout = n % 3 ? CONFORM_DENSE : CONFORM_MIXED,
                             .path = (conform_path)(n % CONFORM_PATHS),
                             .way = conform_way_of(me->own.via, me->first + n)};
        char why[512];
        conform_trial_attempt(&me->own, t, &a, why);
        if (!why[0]) {
            me->passed++;
        } else if (me->failed++ == 0) {
            conform_trial_label(t, t->info.name, me->label);
            snprintf(me->why, sizeof me->why, "%s", why);
        }
    }
    conform_lanes_close(&me->own.lanes);
    return NULL;
}

/* Trials that the plugin can do; found out here, where there is one thread. */
static uint32_t collect(conform *c, conform_trial *trials)
{
    static const uint32_t dtypes[] = {VANE_F32, VANE_I32, VANE_F16};
    vane_op_info info;
    uint32_t count = 0;
    for (uint32_t i = 0; i < VANE_OP_COUNT; i++)
        for (uint32_t k = 0; k < 3 && count < TRIALS; k++) {
            conform_attempt a = {.layout = CONFORM_MIXED, .way = conform_way_of(c->via, 0)};
            char why[512];
            if (vane_op_at(c->ctx, i, &info) != VANE_OK || !(info.dtypes >> dtypes[k] & 1) ||
                !conform_wanted(c, info.name, dtypes[k]))
                continue;
            c->unsupported = 0;
            if (conform_sample(c, &trials[count], &info, dtypes[k], i % 3, 31, i % 2 ? 33 : 257) &&
                conform_trial_attempt(c, &trials[count], &a, why) && !why[0])
                count++; /* what fails alone is the kernels group's */
            else
                conform_trial_close(&trials[count]);
        }
    c->unsupported = 0;
    return count;
}

static void call_at_once(conform *c, conform_trial *trials, uint32_t count)
{
    caller callers[CALLERS] = {0};
    int started[CALLERS] = {0};
    for (uint32_t i = 0; i < CALLERS; i++) {
        callers[i].own = *c;
        callers[i].own.lanes = conform_lanes_again(&c->lanes);
        callers[i].trials = trials;
        callers[i].count = count;
        callers[i].first = i * count / CALLERS;
        callers[i].rounds = c->options->quick ? 1 : 8;
        started[i] = !pthread_create(&callers[i].thread, NULL, call, &callers[i]);
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        if (!started[i]) {
            conform_skip(&c->report, "caller", "no thread to be had");
            continue;
        }
        pthread_join(callers[i].thread, NULL);
        for (uint64_t n = 0; n < callers[i].passed; n++)
            conform_pass(&c->report, "at once");
        for (uint64_t n = 0; n < callers[i].failed; n++)
            conform_fail(&c->report, callers[i].label, "with %d threads calling: %s", CALLERS,
                         callers[i].why);
    }
}

void conform_threads(conform *c)
{
    conform_trial *trials = calloc(TRIALS, sizeof *trials);
    conform_unit_begin(&c->report, "threads", "", "");
    c->random = c->options->seed;
    uint32_t count = trials && !c->options->list ? collect(c, trials) : 0;
    if (count > 0)
        call_at_once(c, trials, count);
    else if (!c->options->list)
        conform_skip(&c->report, "", trials ? "the plugin has none of these kernels" : "no memory");
    for (uint32_t i = 0; i < count; i++)
        conform_trial_close(&trials[i]);
    free(trials);
    conform_unit_end(&c->report);
}
