/* SPDX-License-Identifier: MIT */
/* dispatch.h - the data plane: check, look the route up, run, retry elsewhere. */
#ifndef VANE__DISPATCH_DISPATCH_H
#define VANE__DISPATCH_DISPATCH_H

#include "dispatch/call.h"
#include "dispatch/routes.h"
#include "dispatch/slate.h"

/* One call, all of it. options and params may be NULL. */
vane_status vane__dispatch(vane_context *ctx, uint32_t op, const vane_tensor *const *in,
                           uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                           const vane_params *params, const vane_options *options);
/* A prepared call on its route; when that fails, elsewhere. */
vane_status vane__dispatch_prepared(vane_context *ctx, vane__prepared *p);
/* All parts of p on one runner: direct, or resident.c for a device with memory of its own. */
vane_status vane__execute(vane_context *ctx, const vane__prepared *p, const vane__runner *r);
/* The election with everything looked at: wishes, alignment, retries, the record.
 * failed: a runner that was tried already and what it returned, or NULL and VANE_OK. */
vane_status vane__elect_and_run(vane_context *ctx, const vane__prepared *p,
                                const vane_options *options, const vane__runner *failed,
                                vane_status failed_with);
/* What a kernel returned, with a sentence even if it recorded none of its own: serial is
 * vane__error_serial() from before the call, 0 where nobody looked. */
vane_status vane__kernel_status(const vane__runner *r, vane_status st, uint64_t serial);
/* One vane_call on a device with memory of its own: upload, launch, wait, download. */
vane_status vane__run_resident(const vane__runner *r, vane_call *call);
/* Copies elements between views of one shape and element size, any strides. */
void vane__view_copy(const vane_view *from, const vane_view *to);
/* A dense copy's strides: 0 stays 0, the others row-major. Returns elements held. */
uint64_t vane__view_dense(const vane_view *v, vane_view *dense);
/* explain.c: fills the record from a slate; logs it. */
void vane__decision_fill(vane_context *ctx, const vane__prepared *p, const vane__slate *s,
                         vane_decision *out);
void vane__decision_log(const vane_context *ctx, const vane__op *op, const vane_decision *d);

#endif
