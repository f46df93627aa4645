/* SPDX-License-Identifier: MIT */
/* clock.c - asks the context's clock, which is the machine's unless somebody made one. */
#include "telemetry/clock.h"

#include "context.h"
#include "os.h"

static const vane_clock *clock_of(const vane_context *ctx)
{
    return atomic_load_explicit(&ctx->clock, memory_order_acquire);
}

uint64_t vane__clock_now(const vane_context *ctx)
{
    const vane_clock *clock = clock_of(ctx);
    return clock == NULL ? vane__now_ns() : clock->now_ns(clock->self);
}

int vane__clock_virtual(const vane_context *ctx)
{
    return clock_of(ctx) != NULL;
}

void vane__clock_set(vane_context *ctx, const vane_clock *clock)
{
    atomic_store_explicit(&ctx->clock, clock, memory_order_release);
}

void vane__clock_adopt(vane_context *ctx, vane__backend *b)
{
    const vane_clock *offered = b->vt.extension(b->handle, VANE_CLOCK), *none = NULL;
    if (offered == NULL || offered->struct_size < sizeof *offered || offered->now_ns == NULL)
        return;
    if (atomic_compare_exchange_strong(&ctx->clock, &none, offered))
        vane__log_line(&ctx->settings.log, VANE_LOG_INFO, "time is made by %s", b->entry->name);
}
