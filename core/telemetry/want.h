/* SPDX-License-Identifier: MIT */
/* want.h - how a call says that it goes on, and that it would like to know what else does.
 *
 * Two loads, and a store about twenty times a second. The caller holds no lock of the core.
 */
#ifndef VANE__TELEMETRY_WANT_H
#define VANE__TELEMETRY_WANT_H

#include "context.h"

/* seen before absent, as the thread has it the other way round: one of the two is noticed. */
static inline void vane__sampler_want(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    if (!atomic_load_explicit(&s->seen, memory_order_relaxed))
        atomic_store(&s->seen, 1);
    if (atomic_load(&s->absent))
        vane__sampler_wake(ctx);
}

#endif
