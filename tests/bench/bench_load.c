/* SPDX-License-Identifier: MIT */
/* bench_load.c - how soon routes follow when other processes take all CPUs, and when they are
 * gone, and how often they change on the way. Not a test.
 *
 * One thread multiplies matrices without a pause. From the reading in which the sampler saw the
 * change to the first call on another route; the first round, in which the busy machine is new
 * to it, stands apart. Where the same candidate is best in both states, nothing changes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context.h"
#include "dispatch/dispatch.h"
#include "dispatch/site.h"
#include "os.h"
#include "telemetry/clock.h"

enum { MOST = 256, ROUNDS = 6 };
#define PHASE_NS UINT64_C(1200000000)
#define FIRST_NS UINT64_C(3000000000)
#define PATIENCE_NS UINT64_C(10000000000)

static vane_context *ctx;
static vane_tensor a, b, out;
static vane__prepared call;
static _Atomic uint64_t seen_ns; /* the reading that changed the state; 0 none yet */

static void on_change(vane_context *changed, uint32_t what, void *arg)
{
    (void)arg;
    if (what & VANE__CHANGED_LOAD)
        atomic_store(&seen_ns, changed->sampler.step_ns); /* of this thread */
}

/* ---- others ------------------------------------------------------------------------ */

static pid_t others[MOST];
static long cpus;

static void others_come(void)
{
    for (long i = 0; i < cpus; i++)
        if ((others[i] = fork()) == 0)
            for (;;)
                ;
}

static void others_go(void)
{
    for (long i = 0; i < cpus; i++)
        if (others[i] > 0) {
            kill(others[i], SIGKILL);
            waitpid(others[i], NULL, 0);
        }
}

/* ---- calls ------------------------------------------------------------------------- */

typedef struct phase {
    double noticed_ms, followed_ms; /* since it began; since it was noticed. -1: not */
    int changes[2], most,
        calls;            /* of the routes, before it was noticed and since; of one of them */
    int each[2];          /* since, by hot */
    vane__runner last[2]; /* by hot */
} phase;

static int is_same(const vane__runner *x, const vane__runner *y)
{
    return x->kernel == y->kernel && x->device == y->device && x->width == y->width;
}

/* Both cells, though the pool is seldom asleep: what changed there is not to be found later. */
static int follow(phase *p, int seen)
{
    int changes = 0;
    for (uint32_t hot = 0; hot < 2; hot++) {
        const vane__cell *cell = vane__cell_of(ctx->routes, &call, hot);
        const vane__route *route = cell != NULL ? atomic_load(cell) : NULL;
        if (route == NULL || route->runner.kernel == NULL)
            continue;
        vane__runner *last = &p->last[hot];
        int changed = last->kernel != NULL && !is_same(&route->runner, last);
        changes += changed;
        p->each[hot] += seen && changed;
        p->most = p->each[hot] > p->most ? p->each[hot] : p->most;
        *last = route->runner;
    }
    p->changes[seen] += changes;
    return changes;
}

/* Calls until the state changed, where it is to, and for_ns more. */
static void call_for(uint64_t for_ns, int until_seen, phase *p)
{
    const vane_tensor *in[] = {&a, &b};
    vane_tensor *outs[] = {&out};
    uint64_t start = vane__now_ns(), end = start + for_ns, seen = 0, now = start;
    phase before = *p;
    *p = (phase){.noticed_ms = -1, .followed_ms = -1, .last = {before.last[0], before.last[1]}};
    while (now < end || (until_seen && seen == 0 && now < start + PATIENCE_NS)) {
        if (vane_run(ctx, VANE_OP_MATMUL, in, 2, outs, 1, NULL, NULL) != VANE_OK)
            return;
        now = vane__now_ns();
        if (seen == 0 && (seen = atomic_load(&seen_ns)) > 0) {
            p->noticed_ms = (double)(seen - start) / 1e6;
            end = seen + for_ns;
        }
        if (follow(p, seen > 0) > 0 && p->followed_ms < 0 && seen > 0)
            p->followed_ms = now > seen ? (double)(now - seen) / 1e6 : 0;
        p->calls++;
    }
}

static void show(int round, const char *what, const phase *p)
{
    printf("%5d  %-5s %9.0f %14.1f %7d %6d %8d %7d ", round, what, p->noticed_ms, p->followed_ms,
           p->changes[0], p->changes[1], p->most, p->calls);
    for (int hot = 0; hot < 2; hot++)
        if (p->last[hot].kernel != NULL && p->last[hot].device != NULL)
            printf("  %s: %s, %u threads", hot ? "hot" : "asleep",
                   p->last[hot].device->backend->entry->name, p->last[hot].width);
    puts("");
}

static void one_round(int round, phase *p)
{
    atomic_store(&seen_ns, 0);
    others_come();
    call_for(round == 0 ? FIRST_NS : PHASE_NS, 1, p);
    show(round, "busy", p);
    atomic_store(&seen_ns, 0);
    others_go();
    call_for(round == 0 ? FIRST_NS : PHASE_NS, 1, p);
    show(round, "calm", p);
}

static int prepare(int64_t n)
{
    int64_t shape[] = {n, n};
    uint64_t count = (uint64_t)(n * n);
    float *memory = calloc(3 * count, sizeof *memory);
    if (memory == NULL)
        return 0;
    const vane_tensor *in[] = {&a, &b};
    vane_tensor *outs[] = {&out};
    vane__request rq;
    a = vane_tensor_of(memory, VANE_F32, 2, shape);
    b = vane_tensor_of(memory + count, VANE_F32, 2, shape);
    out = vane_tensor_of(memory + 2 * count, VANE_F32, 2, shape);
    return vane__request_make(ctx, VANE_OP_MATMUL, in, 2, outs, 1, NULL, &rq) == VANE_OK &&
           vane__call_prepare(&rq, &call) == VANE_OK;
}

int main(int argc, char **argv)
{
    vane_config config = {.struct_size = sizeof config, .cache = "0"};
    int64_t n = argc > 1 ? atoi(argv[1]) : 192;
    phase p = {.calls = 0};
    cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cpus = cpus > MOST ? MOST : cpus;
    if (n < 1 || vane_open(&config, &ctx) != VANE_OK || !prepare(n)) {
        fprintf(stderr, "bench_load: %s\n", vane_last_error()->message);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    vane__sampler_add(ctx, on_change, NULL);
    printf("matmul %lldx%lld; ms\nround  state   noticed  then followed  before  since  of one   "
           "calls\n",
           (long long)n, (long long)n);
    call_for(FIRST_NS, 0, &p);
    show(0, "calm", &p);
    if (atomic_load(&ctx->busy))
        puts("the machine is not calm: no measure of load");
    for (int round = 0; round < ROUNDS && !atomic_load(&ctx->busy); round++)
        one_round(round, &p);
    vane_close(ctx);
    free(a.data);
    return 0;
}
