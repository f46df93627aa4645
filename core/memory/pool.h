/* SPDX-License-Identifier: MIT */
/* pool.h - the memory of one device (or of one space of it), cached in size classes.
 *
 * A driver's allocation costs microseconds to milliseconds and may wait for the device; blocks
 * are therefore kept and handed out again. Classes are a quarter of a power of two apart (at
 * most 25 % is wasted) from 256 bytes up; above 1/16 of the limit or 256 MiB exact sizes, rounded
 * to 2 MiB or a sixteenth, whichever is less. The high-water mark is the peak of use over the last
 * 256 to 512 allocations. When a block is freed, what makes used and cached together exceed the
 * mark goes back to the driver, oldest first; blocks that were in use during the last 256
 * allocations go only beyond four times the mark. Everything cached goes back before an
 * allocation fails.
 *
 * Locks: whatever may reach the driver (alloc, free, trim, close) takes device->lock: the caller
 * holds neither that nor the pool's.
 */
#ifndef VANE__MEMORY_POOL_H
#define VANE__MEMORY_POOL_H

#include "vane/backend.h"

struct vane__device;

typedef struct vane__block {
    vane_mem *mem;
    uint64_t bytes;    /* of its class: what it was allocated with */
    uint32_t renewals; /* its device's, then: of an earlier one it is not handed out again */
} vane__block;

typedef struct vane__pool_stats {
    uint64_t used, cached, limit; /* bytes of blocks */
    uint64_t peak;                /* of used, ever */
    uint64_t trims;               /* how often cached blocks went back to the driver */
} vane__pool_stats;

typedef struct vane__mempool vane__mempool;

/* space: a vane_space. limit_bytes: of used and cached; 0 none. 0: out of memory. */
int vane__mempool_open(struct vane__device *device, uint32_t space, uint64_t limit_bytes,
                       vane__mempool **out);
/* Gives everything cached back, so before the device closes; what is used must have been freed. */
void vane__mempool_close(vane__mempool *p);
/* Any thread. VANE_E_NOMEM, in words (device, bytes asked, used, limit), when the limit or the
 * driver says no even after everything cached went back; other failures as the driver words
 * them. Content is undefined. */
vane_status vane__mempool_alloc(vane__mempool *p, uint64_t bytes, vane__block *out);
/* The device is done with it (no command that uses it is under way). keep 0: straight back to the
 * driver (a device that failed), as what was allocated before its device was made anew. */
void vane__mempool_free(vane__mempool *p, vane__block *block, int keep);
uint64_t vane__mempool_trim(vane__mempool *p); /* bytes given back */
void vane__mempool_stats(vane__mempool *p, vane__pool_stats *out);
void vane__mempool_lock(vane__mempool *p); /* for fork(); after device->lock, never before */
void vane__mempool_unlock(vane__mempool *p);

#endif
