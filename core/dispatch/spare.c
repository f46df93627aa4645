/* SPDX-License-Identifier: MIT */
/* spare.c - closed flights of calls that wait, kept for calls like theirs. A thread finds its own
 * again, as long as it makes few kinds of calls; none is shared, and none waits for another. */
#include <stdlib.h>

#include "dispatch/flight.h"

uint32_t vane__flight_key(uint32_t op, const vane_tensor *const *in, uint32_t n_in,
                          vane_tensor *const *out)
{
    uint64_t key = op;
    if (n_in > 0 && in != NULL && in[0] != NULL)
        key += in[0]->buffer.id * 31;
    if (out != NULL && out[0] != NULL)
        key += out[0]->buffer.id * 7;
    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* Another one in each thread. */
static uint32_t of_thread(void)
{
    static _Thread_local char here;
    return (uint32_t)((uintptr_t)&here >> 6) * UINT32_C(0x9e3779b9) >> 16;
}

vane__flight *vane__flight_take(vane_context *ctx, uint32_t key)
{
    const uint32_t bin = (key ^ of_thread()) % VANE__SPARE_FLIGHTS;
    vane__flight *f = atomic_exchange(&ctx->flights[bin], NULL);
    if (f == NULL)
        f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->ctx = ctx;
    f->bin = bin;
    return f;
}

void vane__flight_give(vane__flight *f)
{
    free(atomic_exchange(&f->ctx->flights[f->bin], f));
}

void vane__flights_free(vane_context *ctx)
{
    for (uint32_t i = 0; i < VANE__SPARE_FLIGHTS; i++)
        free(atomic_exchange(&ctx->flights[i], NULL));
}
