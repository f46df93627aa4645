/* SPDX-License-Identifier: MIT */
/* stack.h - the real core over described devices, on the clock that they make: what each call
 * took, beside what the host alone would have taken.
 *
 * Two devices: "cpu", in the host's memory and on its threads, the baseline; and "gpu", which a
 * schedule disturbs. There is no oracle, so that nothing but they makes or takes time.
 */
#ifndef SIM_STACK_H
#define SIM_STACK_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "policy/learn.h"
#include "telemetry/clock.h"

#define SECOND UINT64_C(1000000000)
#define STACK_MOST 1024
#define STACK_CALLS (1 << 16)

#define GOOD(call) ck_assert_msg((call) == VANE_OK, "%s: %s", #call, vane_last_error()->message)

typedef struct stack_operands {
    float x[STACK_MOST], want[STACK_MOST];
} stack_operands;

typedef struct stack {
    vane_context *ctx;
    double base_ns;   /* what a call takes on the cpu */
    int64_t elements; /* of an operand */
    uint64_t epoch_ns;
    uint32_t n;
    struct {
        uint64_t begin_ns, end_ns;
    } call[STACK_CALLS];
    stack_operands operands[2];
    char text[3072];
} stack;

static stack world;

/* gpu: its keys. A call takes base_ns on the cpu. */
static inline void stack_open_with(const vane_config *config, double base_ns, int64_t elements,
                                   const char *gpu)
{
    char all[3072];
    snprintf(all, sizeof all, "cpu: host=1 kind=cpu flops=%.0f/s bytes=1TB/s launch=0us; gpu: %s",
             (double)elements / base_ns * 1e9, gpu);
    snprintf(world.text, sizeof world.text, "%s", all);
    unsetenv("VANE_PLUGIN_PATH");
    setenv("VANE_SIM_DEVICES", all, 1);
    setenv("VANE_SIM_CLOCK", "virtual", 1);
    world.n = 0;
    world.base_ns = base_ns;
    world.elements = elements;
    for (int64_t i = 0; i < 2 * elements; i++) {
        stack_operands *o = &world.operands[i % 2];
        o->x[i / 2] = (float)i;
        o->want[i / 2] = 2 * (float)i;
    }
    GOOD(vane_open(config, &world.ctx));
    ck_assert_msg(vane__clock_virtual(world.ctx), "%s", all);
    world.epoch_ns = vane__clock_now(world.ctx);
}

static inline void stack_open(double base_ns, int64_t elements, const char *gpu)
{
    const vane_config config = {.struct_size = sizeof config,
                                .plugin_path = SIM_PLUGIN,
                                .no_default_path = 1,
                                .policy = "adaptive",
                                .cache = "0",
                                .threads = 1};
    stack_open_with(&config, base_ns, elements, gpu);
}

static inline void stack_close(void)
{
    vane_close(world.ctx);
    world.ctx = NULL;
}

/* Since it was opened. */
static inline uint64_t stack_now(void)
{
    return vane__clock_now(world.ctx) - world.epoch_ns;
}

static inline void stack_call(void)
{
    const stack_operands *o =
        &world.operands[world.n % 2]; /* no result is that of the call before */
    static float y[STACK_MOST];
    int64_t n = world.elements;
    vane_tensor a = vane_tensor_of((void *)(uintptr_t)o->x, VANE_F32, 1, &n),
                b = vane_tensor_of(y, VANE_F32, 1, &n);
    if (world.n == STACK_CALLS) /* check is slow where it has nothing to say */
        ck_abort_msg("%s: %d calls and more", world.text, STACK_CALLS);
    world.call[world.n].begin_ns = stack_now();
    if (vane_add(world.ctx, &a, &a, &b) != VANE_OK)
        ck_abort_msg("%s: %s", world.text, vane_last_error()->message);
    world.call[world.n++].end_ns = stack_now();
    if (memcmp(y, o->want, (size_t)n * sizeof *y) != 0)
        ck_abort_msg("%s: call %u gave a wrong result", world.text, world.n - 1);
}

static inline void stack_calls_until(uint64_t t)
{
    while (stack_now() < t)
        stack_call();
}

/* What the route says of itself now. */
static inline const vane_decision *stack_look(void)
{
    static vane_decision d;
    int64_t n = world.elements;
    vane_tensor t = vane_tensor_of(NULL, VANE_F32, 1, &n);
    const vane_tensor *in[] = {&t, &t};
    vane_tensor *out[] = {&t};
    d = (vane_decision){.struct_size = sizeof d};
    GOOD(vane_explain(world.ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &d));
    return &d;
}

static inline const char *stack_who(void)
{
    const vane_decision *d = stack_look();
    return d->candidates[d->chosen].device;
}

/* The most that the calls of any second of back-to-back calls took, as a share of what the cpu
 * would have taken; *at: the call where that second begins. */
static inline double stack_worst(uint32_t *at)
{
    double worst = 0, took = 0;
    uint32_t last = 0;
    for (uint32_t first = 0; first < world.n; first++) {
        for (; last < world.n && world.call[last].begin_ns < world.call[first].begin_ns + SECOND;
             last++)
            took += (double)(world.call[last].end_ns - world.call[last].begin_ns);
        double share = took / ((last - first) * world.base_ns);
        if (last < world.n && share > worst) {
            worst = share;
            *at = first;
        }
        took -= (double)(world.call[first].end_ns - world.call[first].begin_ns);
    }
    return worst;
}

#endif
