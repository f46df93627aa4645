/* SPDX-License-Identifier: MIT */
/* heard.c - calls on streams teach too: of what ran on a device its event's time, of what the lane
 * computed on the host the time of that; what they waited for is in neither. */
#include "dispatch/flight.h"
#include "error.h"
#include "policy/learn.h"

/* Of those that teach, of settled routes one in so many. */
#define SETTLED 4u

static const vane__route *wanted(const vane__flight *f)
{
    static _Thread_local uint32_t passed;
    if (!f->teaches || !f->p.where.buffers || f->p.parts != 1 || !vane__policy_learns(f->ctx))
        return NULL;
    const vane__route *route = vane__route_ready(f->ctx, &f->p);
    return route != NULL && route->settled && !f->tries && ++passed % SETTLED != 0 ? NULL : route;
}

/* The route of that runner, and what moving its operands is thought to take. */
static const vane__route *route_of(const vane__flight *f, vane__site *site, const vane__runner *r,
                                   double *transfer_ns)
{
    const vane__route *route = NULL;
    pthread_mutex_lock(&f->ctx->routes->lock);
    for (uint32_t i = 0; i < site->slate.count; i++) {
        const vane__runner *mine = &site->entries[i]->settled.runner;
        if (mine->kernel == r->kernel && mine->device == r->device && mine->width == r->width) {
            route = &site->entries[i]->settled;
            *transfer_ns = site->slate.candidates[i].transfer_ns;
        }
    }
    pthread_mutex_unlock(&f->ctx->routes->lock);
    return route;
}

/* A mark that others share tells nothing of one. */
static int time_of(const vane__mark *m, const vane__device *d, double *ns)
{
    uint64_t begin = 0, end = 0;
    if (m == NULL || m->event == NULL || m->covers > 1 || !(d->info.caps & VANE_CAP_EVENT_TIME))
        return 0;
    vane_error kept = *vane_last_error();
    vane_status st = d->backend->vt.event_time(m->event, &begin, &end);
    vane__error_restore(&kept);
    *ns = (double)(end - begin);
    return st == VANE_OK && end > begin;
}

void vane__flight_teach(vane__flight *f, vane__device *d)
{
    double ns, transfer_ns = 0;
    const vane__mark *m = f->kernel_mark != NULL ? f->kernel_mark : f->ticket->mark;
    const vane__route *there = wanted(f);
    if (there == NULL || !time_of(m, d, &ns))
        return;
    vane__runner r = {.kernel = f->kernel, .device = d, .width = f->width};
    const vane__route *route = route_of(f, there->site, &r, &transfer_ns);
    if (route != NULL)
        vane__learned_note(f->ctx, route, &f->p, 0, ns + transfer_ns, 1);
}

vane_status vane__flight_run_heard(vane__flight *f, const vane__runner *r)
{
    double transfer_ns;
    const vane__route *there = wanted(f);
    const vane__route *route = there != NULL ? route_of(f, there->site, r, &transfer_ns) : NULL;
    vane_status st = route != NULL ? vane__flight_home(f) : VANE_OK;
    if (st != VANE_OK || route == NULL)
        return st != VANE_OK ? st : vane__flight_run(f, r);
    uint32_t hot = vane__pool_hot(f->ctx->pool) ? 1 : 0;
    uint64_t start = vane__clock_now(f->ctx);
    st = vane__flight_run(f, r);
    double took = (double)(vane__clock_now(f->ctx) - start);
    if (st == VANE_OK)
        vane__learned_note(f->ctx, route, &f->p, hot, took + transfer_ns, 0);
    return st;
}
