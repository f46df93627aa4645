/* SPDX-License-Identifier: MIT */
/* store.h - what was learned, from one process to the next.
 *
 * Read once, when the first site is made under a policy that learns; a site that is new then
 * begins with what is remembered of its candidates: times count as samples, what was checked is
 * trusted for the very build that was checked. Written at vane_close, and in long runs now and
 * then. Nothing here is an error to anybody's call.
 */
#ifndef VANE__POLICY_STORE_H
#define VANE__POLICY_STORE_H

#include "context.h"
#include "dispatch/site.h"
#include "policy/identity.h"
#include "policy/index.h"
#include "policy/store_file.h"

#define VANE__STORE_PAUSE_NS UINT64_C(60000000000) /* between two writes of one process */
#define VANE__STORE_PATIENCE 8u                    /* at the end: 40 ms for the lock */

typedef struct vane__store {
    char *folder, name[32];
    vane__identity machine;
    vane__store_place place;
    atomic_int lock;
    /* as they were read; do not change */
    void *file;
    vane__records records;
    vane__index index;
    /* whoever sets saving owns these */
    atomic_uint saving;
    vane__record *pending; /* learned and not written yet */
    uint32_t n_pending, room;
    atomic_uint_fast64_t due_ns; /* the next write in a long run */
} vane__store;

/* The context's, read now if it was not; NULL: nothing is kept (VANE_CACHE=0), or no memory.
 * Not under a lock. */
vane__store *vane__store_of(vane_context *ctx);
/* The same for the sake of a new site: not unless the policy learns. */
void vane__store_ready(vane_context *ctx);
/* Writes what is new. 1: it is written, or there is nothing. */
int vane__store_save(vane_context *ctx, uint32_t patience);
/* Saves, when the context learned anything, and ends it. */
void vane__store_close(vane_context *ctx);
/* Once in a while, from calls that are timed anyway. */
void vane__store_later(vane_context *ctx, vane__store *s, uint64_t now_ns);
static inline void vane__store_tick(vane_context *ctx, uint64_t now_ns)
{
    vane__store *s = atomic_load_explicit(&ctx->store, memory_order_acquire);
    if (s != NULL && now_ns >= atomic_load_explicit(&s->due_ns, memory_order_relaxed))
        vane__store_later(ctx, s, now_ns);
}
/* In the child of fork(): what the parent learned is the parent's to write. */
void vane__store_in_child(vane_context *ctx);

/* ---- remember.c, under the lock of the routes --------------------------------------------------
 */

/* A new entry gets what is remembered of it. judged: somebody here can say what is right. For
 * vane__site.remembers: was it something, and of a cell that was settled, the host idle or busy? */
#define VANE__REMEMBERS_IDLE 2u
#define VANE__REMEMBERS_BUSY 4u
#define VANE__REMEMBERS_DOUBT 8u /* one that was timed, and is not trusted here */
uint32_t vane__remember(vane_context *ctx, const vane__site *site, vane__entry *e, int judged);
/* What is new in all sites goes to the store's pending entries. */
void vane__remember_collect(vane_context *ctx, vane__store *s);
/* From now on only what is learned later is new. */
void vane__remember_nothing_new(vane_context *ctx);
/* Whose code is it? With the code that says what is right, where that is the op's own. 0: nobody
 * knows. device NULL: the op's reference body. */
uint64_t vane__remember_stamp(const vane__op *op, const vane__device *device);

#endif
