/* SPDX-License-Identifier: MIT */
/* pool.c - cached device memory: when the driver is asked, and when it gets blocks back.
 *
 * Two locks. The pool's own is held for a few instructions and is all that a block from the
 * cache costs. Whoever needs the driver takes the device's lock first (its contract asks for
 * that), and holds it from the choice of what goes back until the driver answered: memory that
 * somebody is just giving back is then never missed by somebody else's last try. The order is
 * device, then pool.
 */
#include "memory/pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "memory/shelf.h"
#include "plugin/registry.h"

#define TIGHT_UNIT 64u /* what sizes are rounded to under pressure */
#define WINDOW 256u    /* allocations that the recent peak looks back, up to twice */
#define FRESH_TIMES 4u /* the peak, for blocks that were used in the window */

struct vane__mempool {
    vane__device *device;
    uint32_t space;
    uint64_t limit, largest; /* 0: none */
    pthread_mutex_t lock;    /* of what follows */
    vane__shelf shelf;
    uint64_t used, peak, trims;
    uint64_t allocations;           /* so far: the clock */
    uint64_t peak_now, peak_before; /* of used: in this window and the one before */
};

/* ---- sizes and counts ---------------------------------------------------------- */

/* What a block for bytes is allocated with: what fits the limits is not refused because its
 * class does not. */
static uint64_t block_size(const vane__mempool *p, uint64_t bytes)
{
    uint64_t size = vane__shelf_block_size(bytes, p->limit ? p->limit / 16 : UINT64_MAX);
    uint64_t most = p->limit ? p->limit : UINT64_MAX;
    most = p->largest && p->largest < most ? p->largest : most;
    return size > most && bytes <= most ? most : size;
}

static uint64_t tight_size(uint64_t bytes, uint64_t size)
{
    uint64_t units = bytes / TIGHT_UNIT + (bytes % TIGHT_UNIT != 0 || bytes == 0);
    return units < size / TIGHT_UNIT ? units * TIGHT_UNIT : size;
}

/* Under the pool's lock. */
static void count_used(vane__mempool *p, uint64_t bytes)
{
    p->used += bytes;
    if (p->used > p->peak)
        p->peak = p->used;
    if (++p->allocations % WINDOW == 0) {
        p->peak_before = p->peak_now;
        p->peak_now = 0;
    }
    if (p->used > p->peak_now)
        p->peak_now = p->used;
}

/* Under the pool's lock. */
static int cache_take(vane__mempool *p, uint64_t size, vane__block *out)
{
    vane__shelved *n = vane__shelf_take(&p->shelf, size);
    if (!n)
        return 0;
    *out = n->block;
    count_used(p, out->bytes);
    free(n);
    return 1;
}

static uint64_t held(const vane__mempool *p)
{
    return p->used + p->shelf.bytes;
}

/* ---- giving back --------------------------------------------------------------- */

/* The next block to go, NULL: no more. Under the pool's lock. */
typedef vane__shelved *(*choice)(const vane__mempool *p, uint64_t keep);

/* While more than keep bytes are held, used and cached. */
static vane__shelved *above(const vane__mempool *p, uint64_t keep)
{
    return held(p) > keep ? vane__shelf_oldest(&p->shelf) : NULL;
}

static vane__shelved *any(const vane__mempool *p, uint64_t keep)
{
    (void)keep;
    return vane__shelf_oldest(&p->shelf);
}

/* While more is held than the mark, the recent peak of use. What was used in the last window
 * may fill a few times that: sizes that take turns would otherwise push each other out. */
static vane__shelved *above_mark(const vane__mempool *p, uint64_t keep)
{
    (void)keep;
    vane__shelved *n = vane__shelf_oldest(&p->shelf);
    uint64_t mark = p->peak_now > p->peak_before ? p->peak_now : p->peak_before;
    uint64_t times = n && p->allocations - n->since < WINDOW ? FRESH_TIMES : 1;
    return n && held(p) / times > mark ? n : NULL;
}

static void driver_free(vane__mempool *p, vane_mem *mem)
{
    if (!atomic_load(&p->device->orphaned)) /* or it is of the parent's driver */
        p->device->backend->vt.mem_free(p->device->handle, mem);
}

/* Under the device's lock. How many bytes. */
static uint64_t give_back(vane__mempool *p, choice next, uint64_t keep)
{
    vane__shelved *gone = NULL, *n;
    uint64_t bytes = 0;
    pthread_mutex_lock(&p->lock);
    while ((n = next(p, keep)) != NULL) {
        vane__shelf_remove(&p->shelf, n);
        n->next = gone;
        gone = n;
        bytes += n->block.bytes;
    }
    p->trims += bytes > 0;
    pthread_mutex_unlock(&p->lock);
    while ((n = gone) != NULL) {
        gone = n->next;
        driver_free(p, n->block.mem);
        free(n);
    }
    return bytes;
}

uint64_t vane__mempool_trim(vane__mempool *p)
{
    pthread_mutex_lock(&p->device->lock);
    uint64_t bytes = give_back(p, any, 0);
    pthread_mutex_unlock(&p->device->lock);
    return bytes;
}

/* ---- asking the driver (under the device's lock) ------------------------------- */

/* One try, with a sentence for every failure. */
static vane_status driver_alloc(vane__mempool *p, uint64_t size, vane__block *out)
{
    vane__device *d = p->device;
    uint64_t serial = vane__error_serial();
    *out = (vane__block){.bytes = size, .renewals = atomic_load(&d->renewals)};
    vane_status status = d->backend->vt.mem_alloc(d->handle, p->space, size, &out->mem);
    if (status == VANE_OK && out->mem)
        return VANE_OK;
    *out = (vane__block){0};
    if (status == VANE_OK)
        return vane__fail(VANE_E_INTERNAL, "mem_alloc returned VANE_OK but set nothing");
    return vane__failed(status, serial, "mem_alloc failed");
}

/* The pool's words around the driver's, whose name and number stay in the record. */
static vane_status fail_full(vane__mempool *p, uint64_t bytes, const vane_error *said)
{
    vane_error driver = said ? *said : (vane_error){0};
    vane__pool_stats now;
    vane__mempool_stats(p, &now);
    vane__fail(VANE_E_NOMEM,
               "alloc: %s device %u was asked for %" PRIu64
               " bytes, expected less: %s (used %" PRIu64 ", limit %" PRIu64 "%s)",
               p->device->backend->entry->name, p->device->index, bytes,
               said ? driver.message : "that is beyond the limit of its pool", now.used, now.limit,
               now.limit ? "" : ": none");
    vane_error e = *vane_last_error();
    e.native_code = driver.native_code;
    memcpy(e.backend, driver.backend, sizeof e.backend);
    return vane__error_restore(&e);
}

static int is_within_limit(vane__mempool *p, uint64_t size)
{
    if (p->limit == 0)
        return 1;
    if (size <= p->limit)
        give_back(p, above, p->limit - size);
    pthread_mutex_lock(&p->lock);
    int is_within = size <= p->limit && held(p) <= p->limit - size;
    pthread_mutex_unlock(&p->lock);
    return is_within;
}

/* The wished size, else, with all that is cached given back, no more than needed. */
static vane_status new_block(vane__mempool *p, uint64_t bytes, uint64_t size, vane__block *out)
{
    uint64_t tight = tight_size(bytes, size);
    if (!is_within_limit(p, size))
        size = tight;
    if (!is_within_limit(p, size))
        return fail_full(p, bytes, NULL);
    vane_error before = *vane_last_error();
    vane_status status = driver_alloc(p, size, out);
    if (status != VANE_E_NOMEM)
        return status;
    give_back(p, any, 0);
    status = driver_alloc(p, tight, out);
    if (status == VANE_OK)
        vane__error_restore(&before); /* nobody failed */
    return status == VANE_E_NOMEM ? fail_full(p, bytes, vane_last_error()) : status;
}

/* ---- the pool ------------------------------------------------------------------ */

int vane__mempool_open(vane__device *device, uint32_t space, uint64_t limit_bytes,
                       vane__mempool **out)
{
    vane__mempool *p = calloc(1, sizeof *p);
    if (!p)
        return 0;
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        free(p);
        return 0;
    }
    p->device = device;
    p->space = space;
    p->limit = limit_bytes;
    p->largest = device->info.mem_max_alloc_bytes;
    vane__shelf_init(&p->shelf);
    *out = p;
    return 1;
}

void vane__mempool_close(vane__mempool *p)
{
    if (!p)
        return;
    vane__mempool_trim(p);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static int cache_try(vane__mempool *p, uint64_t size, vane__block *out)
{
    pthread_mutex_lock(&p->lock);
    int is_hit = cache_take(p, size, out);
    pthread_mutex_unlock(&p->lock);
    return is_hit;
}

vane_status vane__mempool_alloc(vane__mempool *p, uint64_t bytes, vane__block *out)
{
    uint64_t size = block_size(p, bytes);
    *out = (vane__block){0};
    if (cache_try(p, size, out))
        return VANE_OK;
    vane_status status = VANE_OK;
    pthread_mutex_lock(&p->device->lock);
    if (!cache_try(p, size, out)) { /* still: somebody may have been faster */
        status = new_block(p, bytes, size, out);
        pthread_mutex_lock(&p->lock);
        if (status == VANE_OK)
            count_used(p, out->bytes);
        pthread_mutex_unlock(&p->lock);
    }
    pthread_mutex_unlock(&p->device->lock);
    return status;
}

/* Not what was allocated before the device was made anew. Who renews it trims afterwards. */
static int cache_put(vane__mempool *p, const vane__block *block)
{
    vane__shelved *n = malloc(sizeof *n);
    if (!n)
        return 0;
    n->block = *block;
    pthread_mutex_lock(&p->lock);
    if (block->renewals != atomic_load(&p->device->renewals)) {
        pthread_mutex_unlock(&p->lock);
        free(n);
        return 0;
    }
    n->since = p->allocations;
    vane__shelf_put(&p->shelf, n);
    p->used -= block->bytes;
    int is_much = above_mark(p, 0) != NULL;
    pthread_mutex_unlock(&p->lock);
    if (is_much) {
        pthread_mutex_lock(&p->device->lock);
        give_back(p, above_mark, 0);
        pthread_mutex_unlock(&p->device->lock);
    }
    return 1;
}

/* A block that isn't listed goes back to the driver, before it counts as free. */
void vane__mempool_free(vane__mempool *p, vane__block *block, int keep)
{
    if (block->mem && (!keep || !cache_put(p, block))) {
        pthread_mutex_lock(&p->device->lock);
        driver_free(p, block->mem);
        pthread_mutex_lock(&p->lock);
        p->used -= block->bytes;
        pthread_mutex_unlock(&p->lock);
        pthread_mutex_unlock(&p->device->lock);
    }
    *block = (vane__block){0};
}

void vane__mempool_stats(vane__mempool *p, vane__pool_stats *out)
{
    pthread_mutex_lock(&p->lock);
    *out = (vane__pool_stats){.used = p->used,
                              .cached = p->shelf.bytes,
                              .limit = p->limit,
                              .peak = p->peak,
                              .trims = p->trims};
    pthread_mutex_unlock(&p->lock);
}

void vane__mempool_lock(vane__mempool *p)
{
    pthread_mutex_lock(&p->lock);
}

void vane__mempool_unlock(vane__mempool *p)
{
    pthread_mutex_unlock(&p->lock);
}
