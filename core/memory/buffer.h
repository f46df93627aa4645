/* SPDX-License-Identifier: MIT */
/* buffer.h - a buffer from the inside: its copies, what is current in each, and who uses it.
 *
 * Addresses. A buffer has host memory from the first moment (untouched memory costs nothing),
 * so that a tensor in it has an address like any other: shapes, overlap and views are checked
 * and built by the same code. A copy on a device has the buffer's size; the place of a byte is
 * its distance from data.
 *
 * Order. Work registers with all of its buffers at once, under their locks, before it starts:
 * it finds the tickets that it has to wait for, and leaves its own. So there is one order of
 * all work on common buffers, the order in which it was given, and no cycle.
 *
 * Locks. Several buffers are locked in the order of their slots; after them come queue,
 * pool and device locks. A lock is held while data is moved, never while a kernel computes.
 */
#ifndef VANE__MEMORY_BUFFER_H
#define VANE__MEMORY_BUFFER_H

#include "context.h"
#include "exec/ticket.h"
#include "memory/hostmem.h"
#include "memory/pool.h"
#include "memory/ranges.h"

typedef struct vane__copy {
    struct vane__copy *next;
    vane__device *device;
    vane__block block;   /* of the device's pool; block.mem alone where it is imported */
    int imported;        /* the host's memory itself: current where the host's is */
    int unmappable;      /* imported, and the plugin knows no mapping: it needs none */
    void *mapped;        /* imported: the host has it (between mem_map and mem_unmap) */
    vane__ranges valid;  /* not of an imported copy */
    vane__ticket *ready; /* the last work that changed the copy; NULL: done */
    uint32_t losses;     /* of the device, when it was made */
    uint32_t pins;       /* work that is being enqueued on it: it must stay */
    uint64_t made;       /* its number: no other copy ever had it */
    uint64_t used;       /* a clock of the table: who was not used for longest goes first */
} vane__copy;

/* Went its content with its device? That may be back since. */
static inline int vane__copy_lost(const vane__copy *c)
{
    return vane__device_lost(c->device) || c->losses != atomic_load(&c->device->losses);
}

#define VANE__GENERATIONS 0xffffffu /* 24 bits of a handle */
typedef struct vane__buffer {
    pthread_mutex_t lock;
    vane_context *ctx;
    uint32_t slot;
    atomic_uint generation; /* odd: open */
    char name[32];
    vane__hostmem *host;
    uint64_t bytes;
    int wrapped; /* the close brings results home */
    vane__ranges host_valid;
    vane__ranges lost; /* was current only on a device that is gone */
    vane__copy *copies;
    vane__ticket *writer;            /* the last work that writes; kept when it failed */
    uint64_t writer_lo, writer_hi;   /* and what it writes */
    vane__ticket **readers;          /* since then */
    uint32_t n_readers, max_readers; /* used, room */
    uint32_t read_maps, write_maps;
    uint64_t up_bytes, down_bytes, peer_bytes;
} vane__buffer;

static inline char *vane__buffer_data(const vane__buffer *b)
{
    return b->host->data;
}
static inline int vane__buffer_is_open(const vane__buffer *b)
{
    return atomic_load(&b->generation) % 2 == 1;
}
/* Is b open, and what the handle means? For good only under the lock. */
static inline int vane__buffer_is(const vane__buffer *b, vane_buffer handle)
{
    uint32_t generation = atomic_load_explicit(&b->generation, memory_order_acquire);
    return generation % 2 == 1 && generation == (handle.id >> 24 & VANE__GENERATIONS);
}

/* ---- the table (table.c) --------------------------------------------------------- */

typedef struct vane__buffers vane__buffers;
vane_status vane__buffers_open(vane_context *ctx);
/* Warns of each buffer that is still open, by name, and closes it. */
void vane__buffers_close(vane_context *ctx);
/* A new one over host, whose reference it takes on success. */
vane_status vane__buffer_make(vane_context *ctx, vane__hostmem *host, const char *name,
                              vane_buffer *handle, vane__buffer **out);
/* One over memory of somebody else (host may be NULL: out of memory), whose release is called
 * when the buffer is closed; not when this fails. */
vane_status vane__buffer_adopt(vane_context *ctx, const char *op, vane__hostmem *host,
                               const char *name, vane_buffer *out);
/* The buffer behind the handle, locked; what says whose it is: "x", "buffer". The sentence when it
 * is none, stale or of another context. */
vane_status vane__buffer_enter(vane_context *ctx, const char *op, const char *what,
                               vane_buffer handle, vane__buffer **out);
/* Under the lock: the slot is free from now on, its content is the caller's to give back. */
void vane__buffer_retire(vane__buffer *b);
/* For evict.c, stats and fork(): the i-th slot ever used, or NULL beyond. */
vane__buffer *vane__buffer_at(vane_context *ctx, uint32_t i);
uint64_t vane__buffers_clock(vane_context *ctx); /* ticks at each call */
void vane__buffers_lock(vane_context *ctx);      /* for fork(): the table's and every buffer's */
void vane__buffers_unlock(vane_context *ctx);
void vane__buffers_orphan(vane_context *ctx);

/* ---- moving (place.c, copy.c); all under the buffer's lock -------------------------- */

/* Is any of [lo, hi) current anywhere? If not: the sentence, with op and what. */
vane_status vane__buffer_known(vane__buffer *b, const char *op, const char *what, uint64_t lo,
                               uint64_t hi);
/* The same as a question with a quick yes: nothing of it is lost, and the host has it, or the
 * first copy. */
static inline int vane__buffer_sound(const vane__buffer *b, uint64_t lo, uint64_t hi)
{
    const vane__copy *c = b->copies;
    return b->lost.count == 0 && (c == NULL || (c->next == NULL && !vane__copy_lost(c))) &&
           (vane__ranges_cover(&b->host_valid, lo, hi) ||
            (c != NULL && vane__ranges_cover(&c->valid, lo, hi)));
}
/* A copy on the device of q; with read, [lo, hi) is current in it after what is enqueued on q.
 * Nothing of it waits for the device, but a copy from a third place may. */
vane_status vane__buffer_place(vane__buffer *b, vane__queue *q, vane__ticket *for_whom, int read,
                               uint64_t lo, uint64_t hi, vane__copy **out);
/* The same for nobody's work yet: of memory that is the host's own the host keeps its mapping,
 * until work takes it by a command of its own queue, and nobody has to wait for that. */
vane_status vane__buffer_gather(vane__buffer *b, vane__queue *q, vane__ticket *for_whom, int read,
                                uint64_t lo, uint64_t hi, vane__copy **out);
/* [lo, hi) current on the host, now. Waits for transfers, not for work: the caller did. */
vane_status vane__buffer_home(vane__buffer *b, uint64_t lo, uint64_t hi);
int vane__buffer_is_lost(const vane__buffer *b, uint64_t lo, uint64_t hi);
/* The host is about to touch it without needing the content: imported copies are mapped. */
vane_status vane__buffer_host_access(vane__buffer *b);
/* [lo, hi) is new in copy (NULL: on the host) and current nowhere else. */
void vane__buffer_written(vane__buffer *b, vane__copy *copy, uint64_t lo, uint64_t hi);
/* Room in every set for so many more changes: what follows cannot fail for want of memory. */
int vane__buffer_reserve(vane__buffer *b, uint32_t changes);
/* The usual case, at a glance: one copy, which is not lost, nothing is, and there is such room. */
static inline int vane__buffer_is_calm(const vane__buffer *b)
{
    const vane__copy *c = b->copies;
    return c != NULL && c->next == NULL && !vane__copy_lost(c) && b->lost.count == 0 &&
           b->lost.capacity >= 2 && b->host_valid.count + 2 <= b->host_valid.capacity &&
           c->valid.count + 2 <= c->valid.capacity;
}
/* t was given up, and its queue is idle: no copy waits for it any more. */
void vane__buffer_settle(vane__buffer *b, const vane__ticket *t);
/* A failed writer left no content in copy (NULL: on the host): [lo, hi) is not current there. */
void vane__buffer_spoilt(vane__buffer *b, vane__copy *copy, uint64_t lo, uint64_t hi);
/* A transfer to d may have failed: what others have as well counts as not there. */
void vane__buffer_doubt(vane__buffer *b, const vane__device *d);
/* Copies on lost devices go; what only they had is lost. */
void vane__buffer_mourn(vane__buffer *b);
/* Somebody else may have written to the host memory (DLPack): the copies count for nothing. */
void vane__buffer_distrust(vane__buffer *b);
vane_status vane__copy_make(vane__buffer *b, vane__device *d, vane__copy **out);
vane__copy *vane__copy_find(const vane__buffer *b, const vane__device *d);
void vane__copy_free(vane__buffer *b, vane__copy *c); /* unlinks and gives back */

/* q goes on only when t (may be NULL) is done; this thread waits where the plugin cannot. */
vane_status vane__queue_after(vane__queue *q, vane__ticket *t);

/* ---- who uses it (use.c); under the lock --------------------------------------------- */

typedef struct vane__tickets {
    vane__ticket **at; /* few, or owned */
    uint32_t count, room;
    vane__ticket *few[6];
} vane__tickets;
void vane__tickets_init(vane__tickets *t);
void vane__tickets_free(vane__tickets *t);                     /* drops each */
int vane__tickets_add(vane__tickets *t, vane__ticket *ticket); /* holds it; 0: out of memory */
/* Waits for each; the first failure, with its sentence. */
vane_status vane__tickets_wait(vane__tickets *t);

/* Adds to deps what work that reads (or writes) b must wait for: only work not DONE, and a
 * writer that failed when b is read. */
int vane__buffer_deps(vane__buffer *b, int writes, vane__tickets *deps);
/* Whoever writes less than the writer before him cannot make good what that one spoils: its
 * failure is his own. */
static inline int vane__buffer_makes_good(const vane__buffer *b, uint64_t lo, uint64_t hi)
{
    return b->writer == NULL || (lo <= b->writer_lo && b->writer_hi <= hi);
}
/* Leaves t as a user of b. 0: out of memory, and nothing was left. */
int vane__buffer_use(vane__buffer *b, vane__ticket *t, int writes);
/* t flies: earlier readers in the same queue are done before it is, or are done already. */
void vane__buffer_tidy(vane__buffer *b, vane__ticket *t);
/* t never came to be, or is done: it is forgotten. A writer that failed stays. */
void vane__buffer_unuse(vane__buffer *b, vane__ticket *t);
/* Until nobody uses it (writes 0: until nobody writes it): releases and retakes the lock.
 * VANE_E_ARGUMENT, the lock held: it was closed meanwhile. With writes 0 the failure of the last
 * writer is returned: there is nothing to read. */
vane_status vane__buffer_quiet(vane__buffer *b, int writes);

/* ---- memory of a device (evict.c, import.c) -------------------------------------------- */

/* From its pool, then by sending idle copies of other buffers home. keep is never touched. */
vane_status vane__memory_take(vane__device *d, uint64_t bytes, const vane__buffer *keep,
                              vane__block *out);
/* The host's memory itself, on a device that works in it: out->mem. 0: not there. */
int vane__memory_import(vane__device *d, void *host, uint64_t bytes, vane__block *out);
/* Back to where it came from. What a wedged device may still be at stays. */
void vane__memory_give(vane__device *d, vane__block *block, int imported);

#endif
