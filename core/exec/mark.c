/* SPDX-License-Identifier: MIT */
/* mark.c - making, sharing and waiting for marks. */
#include "exec/mark.h"

#include <stdlib.h>

#include "error.h"

enum { OPEN, SET, DONE };

static const vane_backend_vt *table(const vane__queue *q)
{
    return &q->device->backend->vt;
}

static vane__mark *make(vane__queue *q)
{
    vane__mark *m = malloc(sizeof *m);
    if (m == NULL)
        return NULL;
    atomic_init(&m->refs, 1);
    atomic_init(&m->state, OPEN);
    atomic_init(&m->telling, 0);
    m->covers = m->launches = 0;
    m->losses = atomic_load(&q->device->losses);
    m->queue = q;
    m->event = NULL;
    m->status = VANE_OK;
    m->error = NULL;
    return m;
}

void vane__mark_drop(vane__mark *m)
{
    if (m == NULL || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (m->event != NULL && !atomic_load(&m->queue->device->orphaned))
        table(m->queue)->event_free(m->event);
    free(m->error);
    free(m);
}

/* ---- its event; under the queue's lock ------------------------------------------------------- */

static void leave(vane__mark *m)
{
    if (m->queue->open == m) {
        m->queue->open = NULL;
        vane__mark_drop(m);
    }
}

static void set(vane__mark *m, vane_event *event)
{
    m->event = event;
    atomic_store_explicit(&m->state, event != NULL ? SET : DONE, memory_order_release);
    leave(m);
}

static vane_status close(vane__mark *m, vane_event **out)
{
    vane_event *event = NULL;
    *out = NULL;
    if (vane__mark_is_stale(m)) /* its end is not the queue's of today */
        return vane__fail(VANE_E_DEVICE_LOST, "the device was lost before this was done");
    vane_status st = table(m->queue)->queue_mark(m->queue->handle, &event);
    *out = event;
    if (st == VANE_OK)
        set(m, event);
    return st;
}

/* What takes long has a mark of its own: those before it are not to wait for it. When none can be
 * made for them they share it all the same. */
static vane__mark *mark_for(vane__queue *q, int brief)
{
    if (q->open != NULL && vane__mark_is_stale(q->open))
        leave(q->open);
    if (q->open != NULL && !brief) {
        vane_error kept = *vane_last_error();
        vane_event *event;
        if (close(q->open, &event) != VANE_OK)
            vane__error_restore(&kept);
    }
    return q->open != NULL ? vane__mark_hold(q->open) : make(q);
}

/* What is launched: a kernel on one call, or a graph. */
typedef struct work {
    const vane_kernel *kernel;
    const vane_call *call;
    vane_graph *graph;
    uint32_t calls;
} work;

static vane_status begin(vane__queue *q, const work *w, vane_event **out)
{
    return w->graph != NULL ? q->device->backend->graphs->launch(q->handle, w->graph, out)
                            : table(q)->launch(q->handle, w->kernel, w->call, out);
}

static vane_status launch(vane__queue *q, const work *w, int brief, vane__mark *m)
{
    vane_event *event = NULL;
    int last = !brief || m->launches + 1 >= VANE__MARK_MOST;
    vane_status st = begin(q, w, last ? &event : NULL);
    if (st != VANE_OK)
        return st;
    m->covers += w->calls;
    m->launches++;
    if (last)
        set(m, event);
    else if (q->open == NULL)
        q->open = vane__mark_hold(m);
    return VANE_OK;
}

static vane_status marked(vane__queue *q, const work *w, int brief, vane__mark **out)
{
    brief = brief && q->has_marks;
    pthread_mutex_lock(&q->lock);
    vane__mark *m = mark_for(q, brief);
    vane_status st = VANE_OK;
    if (m == NULL)
        st = vane__fail(VANE_E_NOMEM, "no memory for a mark");
    else
        st = out != NULL ? launch(q, w, brief, m) : begin(q, w, NULL);
    pthread_mutex_unlock(&q->lock);
    if (st == VANE_OK && out != NULL)
        *out = m;
    else
        vane__mark_drop(m);
    return st;
}

vane_status vane__mark_launch(vane__queue *q, const vane_kernel *k, const vane_call *call,
                              int brief, vane__mark **out)
{
    const work w = {.kernel = k, .call = call, .calls = 1};
    return marked(q, &w, brief, out);
}

vane_status vane__mark_replay(vane__queue *q, vane_graph *graph, uint32_t calls, int brief,
                              vane__mark **out)
{
    const work w = {.graph = graph, .calls = calls};
    return marked(q, &w, brief, out);
}

int vane__mark_enter(vane__mark *m)
{
    pthread_mutex_lock(&m->queue->lock);
    if (m->queue->open == m && !vane__mark_is_stale(m))
        return 1;
    pthread_mutex_unlock(&m->queue->lock);
    return 0;
}

vane_status vane__mark_join(vane__mark *m, const vane_kernel *k, const vane_call *call)
{
    const work w = {.kernel = k, .call = call, .calls = 1};
    return launch(m->queue, &w, 1, m);
}

void vane__mark_leave(vane__mark *m)
{
    pthread_mutex_unlock(&m->queue->lock);
}

vane_status vane__mark_take(vane__queue *q, vane_event *event, vane__mark **out)
{
    vane__mark *m = make(q);
    if (m == NULL) {
        if (event != NULL)
            table(q)->event_free(event);
        return vane__fail(VANE_E_NOMEM, "no memory for a mark");
    }
    m->event = event;
    atomic_init(&m->state, event != NULL ? SET : DONE);
    *out = m;
    return VANE_OK;
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

static uint32_t state_of(vane__mark *m)
{
    return atomic_load_explicit(&m->state, memory_order_acquire);
}

int vane__mark_is_done(vane__mark *m)
{
    return state_of(m) == DONE && m->status == VANE_OK;
}

vane_status vane__mark_event(vane__mark *m, vane_event **out)
{
    vane_status st = VANE_OK;
    vane__queue *q = m->queue;
    if (state_of(m) != OPEN) {
        *out = m->event;
        return VANE_OK;
    }
    pthread_mutex_lock(&q->lock);
    *out = m->event;
    if (state_of(m) == OPEN)
        st = close(m, out);
    if (st != VANE_OK)
        leave(m); /* nobody else is to join it */
    pthread_mutex_unlock(&q->lock);
    return st;
}

/* The first that knows tells the others. */
static vane_status tell(vane__mark *m, vane_status st, uint64_t serial)
{
    if (st != VANE_OK && (vane__error_serial() == serial || vane_last_error()->status != st))
        vane__fail(st, "%s", vane_status_string(st));
    if (atomic_exchange(&m->telling, 1))
        return st;
    m->status = st;
    m->error = st != VANE_OK ? malloc(sizeof *m->error) : NULL;
    if (m->error != NULL)
        *m->error = *vane_last_error();
    atomic_store_explicit(&m->state, DONE, memory_order_release);
    return st;
}

/* VANE_E_TIMEOUT is the plugin's word for not yet, and no failure. */
static vane_status await(vane__mark *m, uint64_t timeout_ns)
{
    vane_error kept = *vane_last_error();
    uint64_t serial = vane__error_serial();
    vane_event *event = NULL;
    vane_status st = vane__mark_event(m, &event);
    if (st == VANE_OK && event != NULL)
        st = table(m->queue)->event_wait(event, timeout_ns);
    if (st != VANE_E_TIMEOUT || timeout_ns == UINT64_MAX)
        return tell(m, st, serial);
    vane__error_restore(&kept);
    return st;
}

vane_status vane__mark_wait(vane__mark *m, uint64_t timeout_ns)
{
    if (state_of(m) != DONE)
        return await(m, timeout_ns);
    if (m->status == VANE_OK)
        return VANE_OK;
    return m->error != NULL ? vane__error_restore(m->error)
                            : vane__fail(m->status, "%s", vane_status_string(m->status));
}
