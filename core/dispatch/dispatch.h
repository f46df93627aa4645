/* SPDX-License-Identifier: MIT */
/* dispatch.h - the data plane: check, look the route up, run, retry elsewhere. */
#ifndef VANE__DISPATCH_DISPATCH_H
#define VANE__DISPATCH_DISPATCH_H

#include "dispatch/call.h"
#include "dispatch/routes.h"
#include "dispatch/slate.h"

struct vane__flight;

/* One call, all of it. options and params may be NULL. */
vane_status vane__dispatch(vane_context *ctx, uint32_t op, const vane_tensor *const *in,
                           uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                           const vane_params *params, const vane_options *options);
/* Is any operand in a buffer? Arrays and their members may be NULL. */
int vane__has_buffers(const vane_tensor *const *in, uint32_t n_in, vane_tensor *const *out,
                      uint32_t n_out);
vane_status vane__options_check(const vane_options *options);
/* A prepared call, told to those who watch. options may be NULL. */
vane_status vane__dispatch_with(vane_context *ctx, vane__prepared *p, const vane_options *options);
/* A prepared call on its route; when that fails, elsewhere. */
vane_status vane__dispatch_prepared(vane_context *ctx, vane__prepared *p);
/* The same on the runner of a route. */
vane_status vane__dispatch_on(vane_context *ctx, vane__prepared *p, const vane__runner *r);
/* All parts of p by the direct function of r. */
vane_status vane__execute_on_host(const vane__prepared *p, const vane__runner *r);
/* All parts of p on r, wherever that is. f: NULL, or the flight that p is part of. */
vane_status vane__execute(vane_context *ctx, const vane__prepared *p, struct vane__flight *f,
                          const vane__runner *r);
/* The election with everything looked at: wishes, alignment, retries, the record.
 * f as for vane__execute. launch: NULL, or how a stream launches instead of running.
 * failed: a runner that was tried already and what it returned, or NULL and VANE_OK. */
typedef struct vane__election {
    vane_context *ctx;
    const vane__prepared *p;
    struct vane__flight *f;
    const char *backend; /* wishes: NULL, 0, NULL none */
    uint32_t width;
    const vane__device *device;
    vane_decision *decision;
    vane_status (*launch)(void *arg, struct vane__flight *f, const vane__runner *r);
    void *arg;
    const vane__runner *failed;
    vane_status failed_with;
} vane__election;
vane_status vane__elect(vane__election *e);
/* The same for calls on host memory. */
vane_status vane__elect_and_run(vane_context *ctx, const vane__prepared *p,
                                const vane_options *options, const vane__runner *failed,
                                vane_status failed_with);
/* The cell's route for p, made now if it has to be; NULL and the sentence: none. */
const vane__route *vane__route_for(vane_context *ctx, const vane__prepared *p);
/* The same, for calls that are no occasion to learn themselves; under no lock. */
const vane__route *vane__route_learned(vane_context *ctx, const vane__prepared *p);
/* The same, but NULL when it has to be made anew. */
const vane__route *vane__route_ready(vane_context *ctx, const vane__prepared *p);
/* Makes p's site if there is none, with what is remembered of it, and what other sizes
 * let expect; publishes nothing. */
void vane__route_foresee(vane_context *ctx, const vane__prepared *p, uint32_t hot);
/* What a kernel returned, with a sentence even if it recorded none of its own: serial is
 * vane__error_serial() from before the call, 0 where nobody looked. */
vane_status vane__kernel_status(const vane__runner *r, vane_status st, uint64_t serial);
/* explain.c: fills the record from a slate; logs it. */
void vane__decision_fill(vane_context *ctx, const vane__prepared *p, const vane__slate *s,
                         vane_decision *out);
void vane__decision_log(const vane_context *ctx, const vane__op *op, const vane_decision *d);
/* plan.c: what a plan asks for, and of whom; good until it is closed. */
const vane__request *vane__plan_request(const vane_plan *plan, vane_context **ctx);

#endif
