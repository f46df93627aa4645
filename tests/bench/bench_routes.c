/* SPDX-License-Identifier: MIT */
/* bench_routes.c - what a call waits for while 10,000 routes are published. Not a test.
 *
 * Two threads call short operations of some hundred sites in turn, each call timed, while a
 * third thread, every 50 ms, does one of: make all routes anew (vane__routes_refresh, as
 * vane_set_threads does); tell all that the host is busy, or calm again (vane__learn_busy), and
 * both also of another context as large, which is what the first two are compared with: the
 * same work, but not on the routes of the calls; call all
 * candidates out of date (vane__routes_renew, as a device that is lost does). Calls during which
 * the system gave the CPU to another thread without being asked are counted apart; those that gave
 * it away, which only waiting for a lock does, as well.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "context.h"
#include "dispatch/site.h"
#include "os.h"
#include "policy/learn.h"

enum { SITES = 5000, CALLED = 1000, CALLERS = 2, CLASSES = 4, BOUNDS = 7 };
#define MODE_NS UINT64_C(2000000000)
#define PERIOD_MS 50
#define FOREVER_NS UINT64_C(1000000000000)

static const double bounds_us[BOUNDS] = {0.5, 1, 2, 5, 10, 100, 1e9};
static vane_context *ctx, *other;
static vane__prepared first; /* a call whose size class is another's */
static atomic_int stop;

typedef struct caller {
    vane_plan *plan[CALLED];
    int plans;
    pthread_t thread;
    uint64_t bin[BOUNDS], aside, waited;
    double most_us;
} caller;

/* ---- sites ------------------------------------------------------------------------ */

static vane_tensor made_up(uint32_t dtype, int64_t n)
{
    return vane_tensor_of(calloc((size_t)n, 8), dtype, 1, &n);
}

/* 0: no such op, or nobody computes it. */
static int site_make(vane_context *in_ctx, const vane_op_info *op, uint32_t dtype,
                     uint32_t size_class)
{
    static vane_tensor one[4];
    const vane_tensor *in[] = {&one[0], &one[1], &one[2]};
    vane_tensor *out[] = {&one[3]};
    vane__request rq;
    for (int i = 0; i < 4; i++) {
        free(one[i].data);
        one[i] = made_up(dtype, 1);
    }
    if (vane__request_make(in_ctx, op->op, in, op->min_in, out, 1, NULL, &rq) != VANE_OK ||
        vane__call_prepare(&rq, &first) != VANE_OK)
        return 0;
    first.size_class = size_class;
    return vane__route_make(in_ctx, &first, 0) != NULL &&
           vane__route_make(in_ctx, &first, 1) != NULL;
}

static int fill(vane_context *in_ctx)
{
    int sites = 0;
    for (uint32_t size = 0; size < VANE__THIN; size++)
        for (uint32_t i = 0; i < vane_op_count(ctx); i++)
            for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT && sites < SITES; dtype++) {
                vane_op_info op;
                sites += vane_op_at(ctx, i, &op) == VANE_OK && op.min_in <= 3 &&
                         site_make(in_ctx, &op, dtype, size);
            }
    return sites;
}

static void plans_make(caller *c)
{
    for (uint32_t i = 0; i < vane_op_count(ctx); i++)
        for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++)
            for (uint32_t size = 0; size < CLASSES && c->plans < CALLED; size++) {
                vane_op_info op;
                vane_tensor t[4], *out[] = {&t[3]};
                const vane_tensor *in[] = {&t[0], &t[1], &t[2]};
                for (int k = 0; k < 4; k++)
                    t[k] = made_up(dtype, 1 << size); /* of those that are called: until the end */
                if (vane_op_at(ctx, i, &op) == VANE_OK && op.min_in <= 3 &&
                    vane_plan_open(ctx, op.op, in, op.min_in, out, 1, NULL, &c->plan[c->plans]) ==
                        VANE_OK)
                    c->plans++;
            }
}

/* Lessons are not what is measured here: the next ones are far away. */
static void rest_all(void)
{
    pthread_mutex_lock(&ctx->routes->lock);
    for (vane__site *s = atomic_load(&ctx->routes->sites); s != NULL; s = s->next)
        for (int busy = 0; busy < 2; busy++) {
            s->lesson[busy].lessons = 7;
            atomic_store(&s->lesson[busy].due_ns, vane__clock_now(ctx) + FOREVER_NS);
        }
    pthread_mutex_unlock(&ctx->routes->lock);
}

/* ---- calls ------------------------------------------------------------------------ */

/* How often the CPU was taken from this thread, and how often it gave it away to wait. */
static struct rusage switches(void)
{
    struct rusage r;
    getrusage(RUSAGE_THREAD, &r);
    return r;
}

static void count(caller *c, double us, struct rusage *before)
{
    int at = 0;
    if (us >= bounds_us[0]) { /* rare enough to ask */
        struct rusage now = switches();
        int taken = now.ru_nivcsw != before->ru_nivcsw;
        c->waited += now.ru_nvcsw != before->ru_nvcsw;
        c->aside += (unsigned)taken;
        *before = now;
        if (taken)
            return;
    }
    while (us >= bounds_us[at])
        at++;
    c->bin[at]++;
    c->most_us = us > c->most_us ? us : c->most_us;
}

static void *call_on(void *arg)
{
    caller *c = arg;
    struct rusage before = switches();
    while (!atomic_load(&stop))
        for (int i = 0; i < c->plans; i++) {
            uint64_t start = vane__now_ns();
            vane_plan_run(c->plan[i]);
            count(c, (double)(vane__now_ns() - start) / 1e3, &before);
        }
    return NULL;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    nanosleep(&t, NULL);
}

/* ---- publications ------------------------------------------------------------------ */

static void refresh(void)
{
    vane__routes_refresh(ctx);
}

static void refresh_other(void)
{
    vane__routes_refresh(other);
}

static void renew(void)
{
    vane__routes_renew(ctx);
}

static void load_changes(void)
{
    vane__learn_busy(ctx, !atomic_load(&ctx->busy));
}

static void load_changes_other(void)
{
    vane__learn_busy(other, !atomic_load(&other->busy));
}

static void run_mode(const char *name, void (*what)(void), caller *callers)
{
    int times = 0;
    double took = 0, trials = ctx->allowance.total_ns;
    atomic_store(&stop, 0);
    for (int i = 0; i < CALLERS; i++) {
        memset(callers[i].bin, 0, sizeof callers[i].bin);
        callers[i].aside = callers[i].waited = 0;
        callers[i].most_us = 0;
        pthread_create(&callers[i].thread, NULL, call_on, &callers[i]);
    }
    for (uint64_t end = vane__now_ns() + MODE_NS; vane__now_ns() < end; times++) {
        pause_ms(PERIOD_MS);
        uint64_t start = vane__now_ns();
        what();
        took += (double)(vane__now_ns() - start);
    }
    atomic_store(&stop, 1);
    printf("%-22s %3d x %5.1f ms", name, times, took / times / 1e6);
    uint64_t aside = 0, waited = 0;
    double most = 0;
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        aside += callers[i].aside;
        waited += callers[i].waited;
        most = callers[i].most_us > most ? callers[i].most_us : most;
    }
    for (int at = 0; at < BOUNDS; at++)
        printf(" %9llu", (unsigned long long)(callers[0].bin[at] + callers[1].bin[at]));
    printf(" %7llu %9.1f %7llu %6.1f ms\n", (unsigned long long)aside, most,
           (unsigned long long)waited, (ctx->allowance.total_ns - trials) / 1e6);
}

static int is_all_learned(uint32_t busy)
{
    for (vane__site *s = atomic_load(&ctx->routes->sites); s != NULL; s = s->next)
        if (s->lesson[busy].paused && !atomic_load(&s->lesson[busy].over))
            return 0;
    return 1;
}

/* A lesson that would take long goes on a little later. */
static void learn_all(const caller *c, uint32_t busy)
{
    for (int k = 0; k < 40; k++) {
        for (int i = 0; i < c->plans; i++)
            for (int often = 0; often < 2 * (int)VANE__SHARES; often++)
                vane_plan_run(c->plan[i]);
        if (is_all_learned(busy))
            return;
        pause_ms(100);
    }
    puts("not all is learned: some delays are of lessons");
}

/* All that is to be learned of the calls, and the whole table, before the first figure. */
static void warm_up(caller *callers)
{
    ctx->allowance.more_ns = (double)FOREVER_NS;
    for (int i = 0; i < CALLERS; i++)
        plans_make(&callers[i]);
    int sites = fill(ctx);
    fill(other);
    for (uint32_t busy = 0; busy < 2; busy++) {
        vane__learn_busy(ctx, busy);
        learn_all(&callers[0], busy);
    }
    vane__learn_busy(ctx, 0);
    rest_all();
    printf("%d sites with 2 routes each, %d of them called; %d threads call\n", sites,
           callers[0].plans, CALLERS);
}

int main(void)
{
    vane_config config = {.struct_size = sizeof config, .cache = "0"};
    static caller callers[CALLERS];
    if (vane_open(&config, &ctx) != VANE_OK || vane_open(&config, &other) != VANE_OK) {
        fprintf(stderr, "bench_routes: %s\n", vane_last_error()->message);
        return 1;
    }
    warm_up(callers);
    printf("%-22s %14s", "calls, by us", "each");
    for (int at = 0; at < BOUNDS - 1; at++)
        printf(" %8.1f-", bounds_us[at]);
    printf(" %9s %7s %9s %7s %9s\n", "more", "aside", "most", "waited", "trials");
    static const struct {
        const char *name;
        void (*what)(void);
    } modes[] = {{"another's: made anew", refresh_other},
                 {"made anew", refresh},
                 {"another's: load", load_changes_other},
                 {"load", load_changes},
                 {"out of date", renew}};
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        rest_all();
        run_mode(modes[m].name, modes[m].what, callers);
    }
    for (int i = 0; i < CALLERS; i++)
        for (int k = 0; k < callers[i].plans; k++)
            vane_plan_close(callers[i].plan[k]);
    vane_close(other);
    vane_close(ctx);
    return 0;
}
