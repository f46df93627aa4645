/* SPDX-License-Identifier: MIT */
/* landings.c - asynchronous work as the trace is told of it: given by one thread, landed later, in
 * order, out of order, and by a giver that nobody knows. */
#include <stdio.h>
#include <string.h>

#include "context.h"
#include "dispatch/call.h"
#include "telemetry/clock.h"
#include "telemetry/event.h"

/* When it was given, when its giver went on, when it landed; in microseconds. */
static const struct {
    uint32_t giver, given, went_on, landed;
} works[] = {{71, 10, 11, 40}, {71, 12, 13, 50},    {71, 14, 15, 50}, {72, 14, 15, 45},
             {0, 20, 0, 60},   {71, 100, 101, 120}, {72, 130, 0, 130}};

static vane__call_event event_of(const vane__prepared *p, const vane__runner *r, uint64_t start,
                                 size_t i)
{
    return (vane__call_event){.begin_ns = start + works[i].given * 1000u,
                              .end_ns = start + works[i].landed * 1000u,
                              .given_ns = works[i].went_on ? start + works[i].went_on * 1000u : 0,
                              .giver = works[i].giver,
                              .asynchronous = 1,
                              .p = p,
                              .runner = r};
}

int main(void)
{
    vane_context *ctx;
    float x[4] = {0};
    vane_tensor t = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){4});
    const vane_tensor *const in[] = {&t};
    vane_tensor *const out[] = {&t};
    vane__request rq;
    vane__prepared p;
    if (vane_open(NULL, &ctx) != VANE_OK ||
        vane__request_make(ctx, VANE_OP_RELU, in, 1, out, 1, NULL, &rq) != VANE_OK ||
        vane__call_prepare(&rq, &p) != VANE_OK)
        return fprintf(stderr, "%s\n", vane_last_error()->message), 1;
    vane_kernel kernel = {.struct_size = sizeof kernel, .name = "k"};
    vane__runner r = {.kernel = &kernel, .device = ctx->registry.backends[0]->devices, .width = 1};
    uint64_t start = vane__clock_now(ctx);
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        vane__call_event e = event_of(&p, &r, start, i);
        vane__tell_call(ctx, &e);
    }
    vane_close(ctx);
    return 0;
}
