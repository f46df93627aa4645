/* SPDX-License-Identifier: MIT */
/* link.c - time a few transfers, and fit latency and rate. */
#include "memory/link.h"

#include <stdlib.h>

#include "error.h"
#include "exec/queue.h"
#include "memory/pool.h"
#include "os.h"
#include "telemetry/clock.h"

#define SMALL (UINT64_C(4) << 10)
#define LARGE (UINT64_C(1) << 20)
#define ROUNDS 3
#define SHORT_NS 1e6 /* a transfer that takes longer is made once */

struct vane__link {
    atomic_uint state; /* 0 as declared, 1 being measured, 2 measured */
    struct {
        vane__way up, down;
    } told, found; /* declared or guessed; measured, from state 2 on */
};

int vane__link_open(vane__device *d)
{
    struct vane__link *l = calloc(1, sizeof *l);
    if (l == NULL)
        return 0;
    l->told.up.bytes_per_ns = d->info.link_bytes_per_ns > 0 ? d->info.link_bytes_per_ns : 5;
    l->told.up.latency_ns = d->info.link_latency_ns > 0 ? d->info.link_latency_ns : 10000;
    l->told.down = l->told.up;
    l->found.up = l->found.down = l->told.up;
    d->link = l;
    return 1;
}

void vane__link_close(vane__device *d)
{
    free(d->link);
    d->link = NULL;
}

/* One blocking transfer; 0: it failed. */
static double transfer(vane__queue *q, vane_mem *mem, void *host, uint64_t bytes, int up)
{
    const vane_backend_vt *vt = &q->device->backend->vt;
    vane_event *e = NULL;
    const vane_context *ctx = q->device->backend->ctx;
    uint64_t start = vane__clock_now(ctx);
    pthread_mutex_lock(&q->lock);
    vane_status st = up ? vt->upload(q->handle, mem, 0, host, bytes, &e)
                        : vt->download(q->handle, host, mem, 0, bytes, &e);
    pthread_mutex_unlock(&q->lock);
    if (st == VANE_OK && e != NULL) {
        st = vt->event_wait(e, UINT64_MAX);
        vt->event_free(e);
    }
    return st == VANE_OK ? (double)(vane__clock_now(ctx) - start) : 0;
}

static double best(vane__queue *q, vane_mem *mem, void *host, uint64_t bytes, int up)
{
    double least = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double ns = transfer(q, mem, host, bytes, up);
        if (ns <= 0)
            return 0;
        least = i == 0 || ns < least ? ns : least;
        if (ns > SHORT_NS)
            break;
    }
    return least;
}

/* As many bytes as a slow link moves in a time that nobody misses. */
static uint64_t large_of(double small_ns)
{
    double bytes = (double)SMALL * SHORT_NS / small_ns;
    return bytes > (double)LARGE ? LARGE : bytes < 4.0 * SMALL ? 4 * SMALL : (uint64_t)bytes;
}

static void fit(vane__queue *q, vane_mem *mem, void *host, int up, vane__way *way)
{
    double small = best(q, mem, host, SMALL, up);
    if (small <= 0)
        return;
    uint64_t bytes = large_of(small);
    double large = best(q, mem, host, bytes, up);
    if (large <= small)
        return;
    way->bytes_per_ns = (double)(bytes - SMALL) / (large - small);
    way->latency_ns = small - (double)SMALL / way->bytes_per_ns;
    way->latency_ns = way->latency_ns > 0 ? way->latency_ns : 0;
}

static void measure(vane__device *d)
{
    vane__block block;
    void *host = vane__alloc(LARGE, 64);
    if (host == NULL)
        return;
    if (vane__mempool_alloc(d->mempool, LARGE, &block) == VANE_OK) {
        vane__queue *q = vane__queue_borrow(d, 0);
        for (uint64_t i = 0; i < LARGE; i += 4096)
            ((char *)host)[i] = 1; /* pages that are there */
        fit(q, block.mem, host, 1, &d->link->found.up);
        fit(q, block.mem, host, 0, &d->link->found.down);
        vane__queue_return(q);
        vane__mempool_free(d->mempool, &block, !vane__device_lost(d));
    }
    vane__free(host);
}

/* Of those who come at once, one measures and the others go on with what was declared. A
 * transfer that fails here fails again where it is needed, and is told there. */
int vane__link_measure(vane__device *d)
{
    unsigned fresh = 0;
    if ((d->info.caps & (VANE_CAP_UNIFIED | VANE_CAP_HOST_MEM)) ||
        atomic_load_explicit(&d->link->state, memory_order_acquire) != 0 ||
        !atomic_compare_exchange_strong(&d->link->state, &fresh, 1))
        return 0;
    vane_error kept = *vane_last_error();
    measure(d);
    vane__error_restore(&kept);
    atomic_store_explicit(&d->link->state, 2, memory_order_release);
    return 1;
}

static double cost(const vane__way *way, double bytes)
{
    return bytes <= 0 ? 0 : way->latency_ns + bytes / way->bytes_per_ns;
}

static int is_measured(const vane__device *d)
{
    return atomic_load_explicit(&d->link->state, memory_order_acquire) == 2;
}

/* A device in the host's memory has no link. */
double vane__link_up_ns(const vane__device *d, double bytes)
{
    if (d->link == NULL || (d->info.caps & VANE_CAP_UNIFIED))
        return 0;
    return cost(is_measured(d) ? &d->link->found.up : &d->link->told.up, bytes);
}

double vane__link_down_ns(const vane__device *d, double bytes)
{
    if (d->link == NULL || (d->info.caps & VANE_CAP_UNIFIED))
        return 0;
    return cost(is_measured(d) ? &d->link->found.down : &d->link->told.down, bytes);
}
