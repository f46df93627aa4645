/* SPDX-License-Identifier: MIT */
/* deferred.h - backends that are slow to open: judged by their note when the context opens,
 * mapped and opened when something needs them.
 *
 * Needed: a wish names one (only that one), somebody lists the devices (all), a call is long
 * enough to be worth a search for something faster (all, on a thread of their own). The list is
 * made by vane_open and never changes after it; states do, under the lock, and each file is
 * tried once in a context.
 */
#ifndef VANE__PLUGIN_DEFERRED_H
#define VANE__PLUGIN_DEFERRED_H

#include <pthread.h>
#include <stdatomic.h>

#include "vane/vane.h"

#define VANE__DEFER_NS 5e6 /* work from which on a slow driver may be worth its opening */

enum { VANE__DEFERRED_WAITS, VANE__DEFERRED_OPENED, VANE__DEFERRED_FAILED };

typedef struct vane__deferred_item {
    struct vane__deferred_item *next;
    atomic_uint state;
    vane_status status; /* once FAILED, with the sentence */
    char *why;          /* NULL: no memory for it */
    char *path, *real;  /* as found; links resolved */
    char name[16];
} vane__deferred_item;

typedef struct vane__deferred {
    vane__deferred_item *first, *last;
    atomic_uint waiting;         /* items not tried yet */
    atomic_uint armed;           /* work may start the thread */
    atomic_uint stop;            /* the context closes: the thread ends after the item in hand */
    pthread_mutex_t lock;        /* one is opened at a time; fork() waits for it */
    pthread_mutex_t thread_lock; /* the rest; taken after lock */
    pthread_t thread;
    int joinable, done;
} vane__deferred;

vane_status vane__deferred_init(vane__deferred *d);
void vane__deferred_free(vane__deferred *d);

/* During vane_open: keeps a judged file aside; and, at its end, lets work open what waits. */
vane_status vane__deferred_add(vane__deferred *d, const char *name, const char *path,
                               const char *real);
void vane__deferred_arm(vane__deferred *d);
/* Does a file other than path wait under this name? Then its path. */
const char *vane__deferred_holds(const vane__deferred *d, const char *name, const char *path);
/* Appends "name (deferred)" for each that waits to the list in out. */
void vane__deferred_names(const vane__deferred *d, char *out, size_t bytes);

/* Each opens now, or waits for the thread that does, and renews the routes. source: what the
 * report says about why.
 * by name: VANE_OK when a backend of that name is loaded then, else VANE_E_NOT_FOUND, in words
 * that begin with said ("options.backend is") */
vane_status vane__deferred_open_named(vane_context *ctx, const char *name, const char *said);
/* all that fit a list with patterns; failures are report lines, here and of all */
void vane__deferred_open_listed(vane_context *ctx, const char *names, const char *source);
void vane__deferred_open_all(vane_context *ctx, const char *source);
/* the file, if it is one of them: *item tells, and then the result, also of an earlier try */
vane_status vane__deferred_open_file(vane_context *ctx, const char *path, const char *source,
                                     int *is_item);

/* From the route maker: the best candidate will take so long. From VANE__DEFER_NS on, once,
 * a thread opens all that wait. One load when there is nothing to do. */
void vane__deferred_want(vane_context *ctx, double predicted_ns);
/* Ends that thread: before anything else of the context ends. */
void vane__deferred_stop(vane_context *ctx);
/* Around fork(): nothing is half open. In the child then: the thread is not there. */
void vane__deferred_before_fork(vane__deferred *d);
void vane__deferred_after_fork(vane__deferred *d);
void vane__deferred_in_child(vane__deferred *d);

#endif
