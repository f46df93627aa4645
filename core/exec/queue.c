/* SPDX-License-Identifier: MIT */
/* queue.c - open, lend, share and close the queues of one device. */
#include "exec/queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "context.h"
#include "error.h"
#include "exec/mark.h"
#include "plugin/health.h"
#include "plugin/loader.h"

#define MAX_QUEUES 8u /* of a device that does not say how many it takes */

typedef struct vane__queues vane__queues;
struct vane__queues {
    pthread_mutex_t lock;
    vane__queue *first;
    uint32_t count, most;
};

/* Those that keep no times are said to be faster: only who wants times gets others. */
static int is_timed(const vane__device *d, int wanted)
{
    return wanted || !vane__vtable_untimed(&d->backend->vt);
}

static vane_status queue_open(vane__device *d, int timed, vane__queue **out)
{
    const vane_backend_vt *vt = &d->backend->vt;
    vane__queue *q = calloc(1, sizeof *q);
    if (q == NULL || pthread_mutex_init(&q->lock, NULL) != 0) {
        free(q);
        return vane__fail(VANE_E_NOMEM, "%s: no memory for a queue", d->info.id);
    }
    q->device = d;
    q->has_marks = (uint32_t)vane__vtable_marks(&d->backend->vt);
    q->is_timed = (uint32_t)is_timed(d, timed);
    pthread_mutex_lock(&d->lock);
    vane_status st = q->is_timed ? vt->queue_open(d->handle, &q->handle)
                                 : vt->queue_open_untimed(d->handle, &q->handle);
    pthread_mutex_unlock(&d->lock);
    if (st == VANE_OK && q->handle == NULL)
        st = VANE_E_INTERNAL;
    if (st != VANE_OK) {
        pthread_mutex_destroy(&q->lock);
        free(q);
        return st;
    }
    *out = q;
    return VANE_OK;
}

vane_status vane__queues_open(vane__device *d, char *why, size_t why_bytes)
{
    vane__queues *list = calloc(1, sizeof *list);
    if (list == NULL || pthread_mutex_init(&list->lock, NULL) != 0) {
        free(list);
        snprintf(why, why_bytes, "no memory for its queues");
        return VANE_E_NOMEM;
    }
    vane__error_clear();
    vane_status st = queue_open(d, 0, &list->first);
    if (st != VANE_OK) {
        vane__plugin_said("queue_open", st, why, why_bytes);
        if (st == VANE_E_INTERNAL && vane_last_error()->status == VANE_OK)
            snprintf(why, why_bytes, "queue_open returned VANE_OK but set nothing");
        pthread_mutex_destroy(&list->lock);
        free(list);
        return st;
    }
    list->count = 1;
    list->most = d->info.max_queues != 0 ? d->info.max_queues : MAX_QUEUES;
    d->queues = list;
    return VANE_OK;
}

void vane__queues_close(vane__device *d)
{
    const vane_backend_vt *vt = &d->backend->vt;
    vane__queue *next;
    if (d->queues == NULL)
        return;
    for (vane__queue *q = d->queues->first; q != NULL; q = next) {
        next = q->next;
        int mine = !atomic_load(&d->orphaned); /* or it is the parent's */
        vane_status st = mine ? vt->queue_sync(q->handle) : VANE_OK;
        if (st != VANE_OK)
            vane__log_line(&d->backend->ctx->settings.log, VANE_LOG_WARN,
                           "%s: device %u: queue_sync failed while closing: %s",
                           d->backend->entry->name, d->index, vane_status_string(st));
        vane__mark_drop(q->open);
        if (mine)
            vt->queue_close(q->handle);
        pthread_mutex_destroy(&q->lock);
        free(q);
    }
    pthread_mutex_destroy(&d->queues->lock);
    free(d->queues);
    d->queues = NULL;
}

/* Of that kind, if there is one. */
static vane__queue *least_used(const vane__queues *list, int timed)
{
    vane__queue *best = list->first;
    for (vane__queue *q = best; q != NULL; q = q->next) {
        int is_kind = (int)q->is_timed == timed, was = (int)best->is_timed == timed;
        if (is_kind > was || (is_kind == was && q->users < best->users))
            best = q;
    }
    return best;
}

/* There is always one: the first was opened with the device. */
vane__queue *vane__queue_borrow(vane__device *d, int timed)
{
    vane__queues *list = d->queues;
    int kind = is_timed(d, timed);
    pthread_mutex_lock(&list->lock);
    vane__queue *q = least_used(list, kind), *made = NULL;
    if ((q->users > 0 || (int)q->is_timed != kind) && list->count < list->most) {
        vane_error kept = *vane_last_error();
        const vane_status st = queue_open(d, kind, &made);
        if (st == VANE_OK) {
            made->next = list->first;
            list->first = q = made;
            list->count++;
        } else { /* share; where the device is lost it may be otherwise later */
            if (st != VANE_E_DEVICE_LOST)
                list->most = list->count; /* the driver has no more */
            vane__error_restore(&kept);
        }
    }
    q->users++;
    pthread_mutex_unlock(&list->lock);
    return q;
}

void vane__queue_return(vane__queue *q)
{
    vane__queues *list = q->device->queues;
    pthread_mutex_lock(&list->lock);
    q->users--;
    pthread_mutex_unlock(&list->lock);
}

vane_status vane__queue_sync(vane__queue *q)
{
    pthread_mutex_lock(&q->lock);
    vane_status st = q->device->backend->vt.queue_sync(q->handle);
    pthread_mutex_unlock(&q->lock);
    return st;
}

void vane__queue_settle(vane__queue *q)
{
    vane_error kept = *vane_last_error();
    if (vane__queue_sync(q) != VANE_OK) {
        atomic_store(&q->device->wedged, 1);
        vane__device_lose(q->device);
    }
    vane__error_restore(&kept);
}

vane_status vane__queues_sync(vane__device *d)
{
    vane_status first = VANE_OK;
    if (atomic_load(&d->orphaned))
        return VANE_E_DEVICE_LOST;
    pthread_mutex_lock(&d->queues->lock);
    for (vane__queue *q = d->queues->first; q != NULL; q = q->next) {
        vane_status st = vane__queue_sync(q);
        first = first == VANE_OK ? st : first;
    }
    pthread_mutex_unlock(&d->queues->lock);
    return first;
}

/* ---- fork ------------------------------------------------------------------------- */

void vane__queues_lock(vane__device *d)
{
    if (d->queues == NULL)
        return;
    pthread_mutex_lock(&d->queues->lock);
    for (vane__queue *q = d->queues->first; q != NULL; q = q->next)
        pthread_mutex_lock(&q->lock);
}

void vane__queues_unlock(vane__device *d)
{
    if (d->queues == NULL)
        return;
    for (vane__queue *q = d->queues->first; q != NULL; q = q->next)
        pthread_mutex_unlock(&q->lock);
    pthread_mutex_unlock(&d->queues->lock);
}
