/* SPDX-License-Identifier: MIT */
/* values.c - the values that are lists: schedules, memory that others hold, failures. */
#include <string.h>

#include "text.h"

#define TIME_MOST 1e18 /* 31 years */

static int time_of(sim_text t, uint64_t *out)
{
    double ns;
    if (!sim_number(t, SIM_TIME, 0, TIME_MOST, &ns))
        return 0;
    *out = (uint64_t)ns;
    return 1;
}

/* FROM or FROM..TO */
static int window_of(sim_text t, sim_window *out)
{
    sim_text from;
    int is_range = sim_split(&t, "..", &from);
    out->to_ns = UINT64_MAX;
    if (!time_of(from, &out->from_ns) || (is_range && !time_of(t, &out->to_ns)))
        return 0;
    if (out->to_ns <= out->from_ns)
        return sim_refuse(t, "an end that is after the beginning");
    return 1;
}

int sim_read_range(sim_text t, sim_unit unit, double most, double *low, double *high)
{
    sim_text first;
    if (!sim_split(&t, "..", &first))
        return sim_refuse(first, "two values with .. between, such as 75W..700W");
    if (!sim_number(first, unit, 0, most, low) || !sim_number(t, unit, 0, most, high))
        return 0;
    return *high >= *low ? 1 : sim_refuse(t, "a second value that is not below the first");
}

/* ---- throttle=30s:50%,60s:100% ------------------------------------------------- */

static int step_of(sim_text t, sim_schedule *s)
{
    sim_text at;
    if (!sim_split(&t, ":", &at))
        return sim_refuse(at, "TIME:SHARE, such as 30s:50%");
    if (!time_of(at, &s->step[s->count].at_ns) ||
        !sim_number(t, SIM_PERCENT, 0, 10, &s->step[s->count].share))
        return 0;
    if (s->count > 0 && s->step[s->count].at_ns <= s->step[s->count - 1].at_ns)
        return sim_refuse(at, "a time that is after the one before it");
    s->count++;
    return 1;
}

int sim_read_schedule(sim_text t, sim_schedule *out)
{
    sim_text item;
    int more = 1;
    for (out->count = 0; more;) {
        more = sim_split(&t, ",", &item);
        if (out->count == SIM_STEPS)
            return sim_refuse(item, "16 steps at most");
        if (!step_of(item, out))
            return 0;
    }
    return out->step[out->count - 1].share >= 0.001
               ? 1
               : sim_refuse(item, "a last share of 0.1% or more, or work would never end");
}

/* ---- held=40GiB@10s..20s ------------------------------------------------------- */

int sim_read_held(sim_text t, sim_spec *s)
{
    sim_text item, size;
    int more = 1;
    for (s->n_held = 0; more;) {
        sim_held *h = &s->held[s->n_held];
        double bytes;
        more = sim_split(&t, ",", &item);
        if (s->n_held == SIM_STEPS)
            return sim_refuse(item, "16 entries at most");
        if (!sim_split(&item, "@", &size))
            return sim_refuse(size, "SIZE@FROM..TO, such as 40GiB@10s..20s");
        if (!sim_number(size, SIM_SIZE, 1, 1e15, &bytes) || !window_of(item, &h->when))
            return 0;
        h->bytes = (uint64_t)bytes;
        s->n_held++;
    }
    return 1;
}

/* ---- fail=matmul:device@5s,lost@90s..120s -------------------------------------- */

typedef struct word {
    const char *text;
    uint32_t value;
} word;

static const word kinds[] = {
    {"lost", SIM_LOST}, {"device", SIM_DEVICE},           {"nomem", SIM_NOMEM},
    {"busy", SIM_BUSY}, {"unsupported", SIM_UNSUPPORTED}, {"wrong", SIM_WRONG}};
static const word targets[] = {
#define VANE_OP(ID, name, ...) {#name, VANE_OP_##ID},
#include "vane/ops.def"
    {"alloc", SIM_ALLOC}, {"link", SIM_LINK}, {"launch", SIM_LAUNCH}, {"telemetry", SIM_TELEMETRY}};

static const word *find(sim_text t, const word *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sim_word_is(t, list[i].text))
            return &list[i];
    return NULL;
}

/* What is hit where no target is named. */
static uint32_t usual_target(uint32_t kind)
{
    return kind == SIM_LOST ? SIM_ANY : kind == SIM_NOMEM ? SIM_ALLOC : SIM_LAUNCH;
}

static int fault_of(sim_text t, sim_fault *f)
{
    sim_text what, target;
    if (!sim_split(&t, "@", &what))
        return sim_refuse(what, "KIND@FROM or TARGET:KIND@FROM..TO, such as lost@90s..120s");
    int named = sim_split(&what, ":", &target);
    sim_text kind_text = named ? what : target;
    const word *kind = find(kind_text, kinds, sizeof kinds / sizeof kinds[0]);
    if (!kind)
        return sim_refuse(kind_text, "lost, device, nomem, busy, unsupported or wrong");
    const word *w = named ? find(target, targets, sizeof targets / sizeof targets[0]) : NULL;
    if (named && !w)
        return sim_refuse(target, "an op's name, launch, alloc, link or telemetry");
    f->kind = (sim_kind)kind->value;
    f->target = w ? w->value : usual_target(kind->value);
    if (f->kind == SIM_WRONG && f->target == SIM_ALLOC)
        return sim_refuse(target, "something else: memory cannot be wrong");
    return window_of(t, &f->when);
}

int sim_read_faults(sim_text t, sim_spec *s)
{
    sim_text item;
    int more = 1;
    for (s->n_fault = 0; more;) {
        more = sim_split(&t, ",", &item);
        if (s->n_fault == SIM_FAULTS)
            return sim_refuse(item, "16 failures at most");
        if (!fault_of(item, &s->fault[s->n_fault]))
            return 0;
        s->n_fault++;
    }
    return 1;
}
