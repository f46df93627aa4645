/* SPDX-License-Identifier: MIT */
/* arena.h - scratch memory of the host for one call at a time: 64-byte aligned, near the
 * thread that asks.
 *
 * Each thread of Vane's callers borrows an arena from its context, bumps a pointer through it
 * and gives all of it back at once. Chunks stay for the next call up to a high-water mark that
 * sinks when it is not reached. On machines with several NUMA nodes new chunks are bound to
 * the node of the thread that asks (hwloc); elsewhere hwloc is not loaded for it.
 */
#ifndef VANE__MEMORY_ARENA_H
#define VANE__MEMORY_ARENA_H

#include <stdint.h>

typedef struct vane__arena vane__arena;   /* one borrower at a time */
typedef struct vane__arenas vane__arenas; /* of a context, any thread */

/* limit_bytes: of what idle arenas keep in all; 0 takes a default (64 MiB). 0: out of memory. */
int vane__arenas_open(uint64_t limit_bytes, vane__arenas **out);
void vane__arenas_close(vane__arenas *a);
/* NULL: out of memory. */
vane__arena *vane__arena_borrow(vane__arenas *a);
/* At least bytes, aligned to align (a power of two; at least 64), until the return; NULL: out of
 * memory (idle arenas were given back first). 0 bytes give a valid pointer. */
void *vane__arena_alloc(vane__arena *arena, uint64_t bytes, uint64_t align);
void vane__arena_return(vane__arena *arena);
/* Gives back what idle arenas keep; bytes freed. */
uint64_t vane__arenas_trim(vane__arenas *a);
void vane__arenas_count(vane__arenas *a, uint64_t *used, uint64_t *cached, uint64_t *peak);
/* For fork(): all locks of it. */
void vane__arenas_lock(vane__arenas *a);
void vane__arenas_unlock(vane__arenas *a);

#endif
