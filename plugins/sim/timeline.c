/* SPDX-License-Identifier: MIT */
/* timeline.c - gives each command its place in time, on its queue and on the engine it needs.
 *
 * An engine does one thing after another, so queues share a device by taking turns. A copy
 * between two devices needs the way out of one and the way into the other.
 */
#include "sim.h"

/* splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014) */
static double drawn(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (double)(x >> 11) / 4503599627370496.0 - 1; /* -1 to 1 */
}

double sim_jitter(vane_device *d)
{
    uint64_t n = atomic_fetch_add(&d->commands, 1);
    if (d->spec->jitter <= 0)
        return 1;
    return 1 + d->spec->jitter * drawn(d->spec->seed * UINT64_C(0x100000001b3) + n);
}

/* What is known before the command has its place. */
static vane_status refused(vane_device *d, uint32_t target, uint64_t since)
{
    const sim_fault *f = sim_fault_at(d->spec, target, since);
    if (!f || f->kind == SIM_WRONG)
        return VANE_OK;
    if (f->kind == SIM_DEVICE || (f->kind == SIM_LOST && f->target != SIM_ANY))
        return VANE_OK; /* found out by its event */
    return sim_fail(d->backend, sim_fault_status(f->kind), "%s: %s, as described (fail=)",
                    d->spec->name, f->kind == SIM_LOST ? "the device is lost" : "refused");
}

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What becomes of it: a fault of its own, or the device's loss before its end. */
static void meet_faults(const vane_device *d, uint32_t target, sim_slot *s)
{
    uint64_t epoch = d->backend->epoch_ns;
    const sim_fault *f = sim_fault_at(d->spec, target, s->begin_ns - epoch);
    uint64_t lost = sim_loss(d->spec, s->given_ns - epoch, s->end_ns - epoch);
    s->status = f && f->kind != SIM_NOMEM && f->kind != SIM_BUSY && f->kind != SIM_UNSUPPORTED
                    ? sim_fault_status(f->kind)
                    : VANE_OK;
    s->is_wrong = f && f->kind == SIM_WRONG;
    if (lost != UINT64_MAX) {
        s->status = VANE_E_DEVICE_LOST;
        s->end_ns = latest(lost + epoch, s->begin_ns);
    }
}

static const sim_schedule *schedule_of(const sim_work *w)
{
    return w->engine == SIM_COMPUTE ? &w->at->spec->throttle : &w->at->spec->congest;
}

static void place(vane_queue *q, const sim_work *w, double factor, sim_slot *s)
{
    uint64_t epoch = w->at->backend->epoch_ns;
    uint64_t begin = latest(latest(s->given_ns, q->free_ns), w->at->free_ns[w->engine]);
    if (w->also)
        begin = latest(begin, w->also->free_ns[w->also_engine]);
    uint64_t moving = begin - epoch + (uint64_t)(w->fixed_ns * factor + 0.5);
    s->begin_ns = begin;
    s->end_ns = sim_finish(schedule_of(w), moving, w->rated_ns * factor) + epoch;
}

/* Until then queue and engines are taken. */
static void occupy(vane_queue *q, const sim_work *w, uint64_t until)
{
    q->free_ns = latest(q->free_ns, until);
    w->at->free_ns[w->engine] = latest(w->at->free_ns[w->engine], until);
    if (w->also)
        w->also->free_ns[w->also_engine] = latest(w->also->free_ns[w->also_engine], until);
}

vane_status sim_book(vane_queue *q, const sim_work *w, sim_slot *out)
{
    vane_backend *b = w->at->backend;
    double factor = sim_jitter(w->at);
    pthread_mutex_lock(&b->lock);
    *out = (sim_slot){.given_ns = sim_now(b)};
    uint64_t since = out->given_ns - b->epoch_ns;
    vane_status st = refused(w->at, w->target, since);
    if (st == VANE_OK && w->also)
        st = refused(w->also, w->target, since);
    if (st == VANE_OK) {
        place(q, w, factor, out);
        meet_faults(w->at, w->target, out);
        if (w->also && out->status == VANE_OK)
            meet_faults(w->also, w->target, out);
        occupy(q, w, out->end_ns);
        if (w->engine == SIM_COMPUTE)
            sim_history_add(w->at, out->begin_ns, out->end_ns);
    }
    pthread_mutex_unlock(&b->lock);
    return st;
}

#define LATE_NS 20000 /* less is not worth a word */

void sim_slow(vane_device *d, const char *name, uint64_t took_ns, uint64_t told_ns)
{
    const vane_host *host = d->backend->host;
    if (took_ns < told_ns + LATE_NS || atomic_exchange(&d->backend->warned, 1))
        return;
    host->log(host->ctx, VANE_LOG_WARN,
              "%s: %s took this machine %.3g us and would take the device %.3g: such times are "
              "this machine's (VANE_SIM_CLOCK=virtual or compute=0 avoid that)",
              d->spec->name, name, (double)took_ns / 1e3, (double)told_ns / 1e3);
}

void sim_done(vane_queue *q, const sim_work *w, sim_slot *slot)
{
    vane_backend *b = w->at->backend;
    uint64_t now = b->is_virtual ? 0 : sim_now(b);
    if (now <= slot->end_ns)
        return;
    pthread_mutex_lock(&b->lock);
    occupy(q, w, now);
    pthread_mutex_unlock(&b->lock);
    sim_slow(w->at, w->name, now - slot->given_ns, slot->end_ns - slot->begin_ns);
    slot->end_ns = now;
}
