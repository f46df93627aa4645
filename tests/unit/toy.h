/* SPDX-License-Identifier: MIT */
/* toy.h - for tests of buffers and streams: a backend in the program whose devices have memory
 * of their own and a thread for each queue, and which does what the test says: its gate stops
 * the queues, its memory is as large as told, and each allocation of it can fail.
 *
 * ADD, SUB, MUL, COPY, TRANSPOSE and CONCAT of f32 compute; NEG fails after launch
 * (VANE_E_INTERNAL), ABS takes the device with it (VANE_E_DEVICE_LOST), SQRT is refused by
 * launch (VANE_E_BUSY).
 */
#ifndef TOY_H
#define TOY_H

#include <pthread.h>
#include <time.h>

#include "kit.h"

enum { TOY_DEVICES = 2 };

typedef struct toy_command toy_command;
struct toy_command {
    toy_command *next;
    vane_event *event, *wait_for; /* may be NULL */
    vane_queue *queue;
    unsigned char *to;
    const unsigned char *from;
    uint64_t bytes;
    int computes, is_mark;
    uint64_t took_ns;
    vane_call call;
};
struct vane_event {
    int done, references;
    uint64_t took_ns;
    vane_status status;
};
struct vane_mem {
    uint32_t device;
    uint64_t size;
    unsigned char *bytes; /* of the device, or the host's */
    int imported;
};
struct vane_queue {
    pthread_t thread;
    toy_command *first, *last;
    int running, closing;
    vane_status failed; /* of a launch without an event, since the last one with, or a mark */
};
typedef struct toy_device {
    uint32_t index;
    uint64_t used;
} toy_device;

/* All there is of it, under one lock. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const vane_host *host;
    uint64_t memory_bytes, caps;
    uint32_t n_devices;
    uint64_t took_ns, other_ns; /* what events say; and of the other kernel, where there is one */
    atomic_uint others;         /* launches of it */
    int closed;                 /* the gate: kernels wait */
    uint32_t passes;            /* the op that passes it all the same */
    int fail_alloc;             /* the how-manyth device allocation from now fails; 0 none */
    vane_status fail_queue;     /* what queue_open answers; VANE_OK: it opens one */
    int fail_later;             /* and then all of them: fail_alloc is -1 */
    int mem, queues, events, launches;        /* alive; kernels given */
    const void *(*extension)(const char *id); /* NULL: none */
    toy_device devices[TOY_DEVICES];
} toy = {.lock = PTHREAD_MUTEX_INITIALIZER,
         .changed = PTHREAD_COND_INITIALIZER,
         .memory_bytes = 1 << 20,
         .n_devices = 1};

/* kit.h has given vane_device and vane_backend their bodies: here they are only addresses. */
static inline toy_device *toy_of(vane_device *d)
{
    return (toy_device *)(void *)d;
}

static inline vane_status toy_fail(vane_status st, const char *what)
{
    return (toy.host->fail)(toy.host->ctx, st, 7, "%s", what);
}

static inline void toy_gate(int closed)
{
    pthread_mutex_lock(&toy.lock);
    toy.closed = closed;
    pthread_cond_broadcast(&toy.changed);
    pthread_mutex_unlock(&toy.lock);
}

/* ---- memory ------------------------------------------------------------------------ */

static inline vane_status toy_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes,
                                        vane_mem **out)
{
    (void)space;
    toy_device *device = toy_of(d);
    vane_mem *m = malloc(sizeof *m);
    unsigned char *memory = malloc(bytes ? bytes : 1);
    pthread_mutex_lock(&toy.lock);
    int told_to = toy.fail_alloc == 1 || toy.fail_alloc < 0;
    if (toy.fail_alloc > 0 && --toy.fail_alloc == 0)
        toy.fail_alloc = -toy.fail_later;
    int failed = told_to || m == NULL || memory == NULL || device->used + bytes > toy.memory_bytes;
    if (!failed) {
        device->used += bytes;
        toy.mem++;
    }
    pthread_mutex_unlock(&toy.lock);
    if (failed) {
        free(m);
        free(memory);
        return toy_fail(VANE_E_NOMEM, "the toy is full");
    }
    memset(memory, 0xa5, bytes);
    *m = (vane_mem){device->index, bytes, memory, 0};
    *out = m;
    return VANE_OK;
}

static inline vane_status toy_mem_import(vane_device *d, void *host, uint64_t bytes, vane_mem **out)
{
    vane_mem *m = malloc(sizeof *m);
    if (m == NULL)
        return toy_fail(VANE_E_NOMEM, "no memory");
    *m = (vane_mem){toy_of(d)->index, bytes, host, 1};
    pthread_mutex_lock(&toy.lock);
    toy.mem++;
    pthread_mutex_unlock(&toy.lock);
    *out = m;
    return VANE_OK;
}

static inline void toy_mem_free(vane_device *d, vane_mem *m)
{
    pthread_mutex_lock(&toy.lock);
    toy.mem--;
    toy_of(d)->used -= m->imported ? 0 : m->size;
    pthread_mutex_unlock(&toy.lock);
    if (!m->imported)
        free(m->bytes);
    free(m);
}

/* ---- kernels ----------------------------------------------------------------------- */

static inline unsigned char *toy_at(const vane_view *v, const int64_t *index)
{
    int64_t at = (int64_t)v->offset_bytes;
    for (uint32_t d = 0; d < v->rank; d++)
        at += index[d] * v->stride[d] * 4;
    return v->mem->bytes + at;
}

static inline void toy_element(const vane_call *call, const int64_t *index)
{
    float a, b = 0;
    memcpy(&a, toy_at(&call->arg[0], index), 4);
    if (call->n_in > 1)
        memcpy(&b, toy_at(&call->arg[1], index), 4);
    a = call->op == VANE_OP_ADD   ? a + b
        : call->op == VANE_OP_SUB ? a - b
        : call->op == VANE_OP_MUL ? a * b
                                  : a;
    memcpy(toy_at(&call->arg[call->n_in], index), &a, 4);
}

static inline vane_status toy_compute(const vane_call *call)
{
    int64_t index[VANE_VIEW_RANK] = {0};
    const vane_view *out = &call->arg[call->n_in];
    uint32_t d;
    if (call->op == VANE_OP_NEG || call->op == VANE_OP_ABS)
        return call->op == VANE_OP_NEG ? VANE_E_INTERNAL : VANE_E_DEVICE_LOST;
    do {
        toy_element(call, index);
        for (d = out->rank; d-- > 0;) {
            if (++index[d] < out->shape[d])
                break;
            index[d] = 0;
        }
    } while (d < out->rank);
    return VANE_OK;
}

#define TOY_KERNEL(text, rate, other)                                           \
    {                                                                           \
        .struct_size = sizeof(vane_kernel), .name = text, .flops_per_ns = rate, \
        .bytes_per_ns = rate, .alternative = other                              \
    }
static const vane_kernel toy_kernel_f32 = TOY_KERNEL("toy_f32", 1e6, NULL),
                         toy_other_f32 = TOY_KERNEL("toy_other_f32", 5e5, NULL),
                         toy_first_f32 = TOY_KERNEL("toy_f32", 1e6, &toy_other_f32);

static inline const vane_kernel *toy_kernel(vane_device *d, uint32_t op, const char *name,
                                            uint32_t dtype)
{
    static const uint32_t known[] = {VANE_OP_ADD,  VANE_OP_SUB,       VANE_OP_MUL,
                                     VANE_OP_COPY, VANE_OP_TRANSPOSE, VANE_OP_CONCAT,
                                     VANE_OP_NEG,  VANE_OP_ABS,       VANE_OP_SQRT};
    (void)d;
    (void)name;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == op && dtype == VANE_F32)
            return toy.other_ns > 0 ? &toy_first_f32 : &toy_kernel_f32;
    return NULL;
}

/* ---- queues and events ------------------------------------------------------------- */

static inline void toy_release(vane_event *e) /* under the lock */
{
    if (e != NULL && --e->references == 0) {
        toy.events--;
        free(e);
    }
}

static inline void toy_run(vane_queue *q, toy_command *c) /* under the lock, let go meanwhile */
{
    while ((c->computes && toy.closed && c->call.op != toy.passes) ||
           (c->wait_for != NULL && !c->wait_for->done))
        pthread_cond_wait(&toy.changed, &toy.lock);
    pthread_mutex_unlock(&toy.lock);
    vane_status st = c->computes ? toy_compute(&c->call) : VANE_OK;
    if (c->bytes > 0)
        memmove(c->to, c->from, c->bytes);
    pthread_mutex_lock(&toy.lock);
    toy_release(c->wait_for);
    if (c->computes || c->is_mark) {
        st = st == VANE_OK ? q->failed : st;
        q->failed = c->event == NULL ? st : VANE_OK;
    }
    if (c->event != NULL) {
        c->event->done = 1;
        c->event->status = st;
        toy_release(c->event);
    }
    free(c);
}

static inline void *toy_serve(void *arg)
{
    vane_queue *q = arg;
    pthread_mutex_lock(&toy.lock);
    for (;;) {
        while (q->first == NULL && !q->closing)
            pthread_cond_wait(&toy.changed, &toy.lock);
        toy_command *c = q->first;
        if (c == NULL)
            break;
        q->first = c->next;
        q->last = c->next == NULL ? NULL : q->last;
        q->running = 1;
        toy_run(q, c);
        q->running = 0;
        pthread_cond_broadcast(&toy.changed);
    }
    pthread_mutex_unlock(&toy.lock);
    return NULL;
}

static inline vane_status toy_queue_open(vane_device *d, vane_queue **out)
{
    (void)d;
    if (toy.fail_queue != VANE_OK)
        return toy_fail(toy.fail_queue, "the toy opens no queue");
    vane_queue *q = calloc(1, sizeof *q);
    if (q == NULL || pthread_create(&q->thread, NULL, toy_serve, q) != 0) {
        free(q);
        return toy_fail(VANE_E_NOMEM, "no memory for a queue");
    }
    pthread_mutex_lock(&toy.lock);
    toy.queues++;
    pthread_mutex_unlock(&toy.lock);
    *out = q;
    return VANE_OK;
}

static inline vane_status toy_queue_sync(vane_queue *q)
{
    pthread_mutex_lock(&toy.lock);
    while (q->first != NULL || q->running)
        pthread_cond_wait(&toy.changed, &toy.lock);
    pthread_mutex_unlock(&toy.lock);
    return VANE_OK;
}

static inline void toy_queue_close(vane_queue *q)
{
    pthread_mutex_lock(&toy.lock);
    q->closing = 1;
    toy.queues--;
    pthread_cond_broadcast(&toy.changed);
    pthread_mutex_unlock(&toy.lock);
    pthread_join(q->thread, NULL);
    free(q);
}

static inline vane_status toy_submit(vane_queue *q, const toy_command *what, vane_event **out)
{
    toy_command *c = malloc(sizeof *c);
    vane_event *e = out != NULL ? calloc(1, sizeof *e) : NULL;
    if (c == NULL || (out != NULL && e == NULL)) {
        free(c);
        free(e);
        return toy_fail(VANE_E_NOMEM, "no memory for a command");
    }
    *c = *what;
    c->event = e;
    c->next = NULL;
    pthread_mutex_lock(&toy.lock);
    if (e != NULL) {
        e->references = 2;
        e->took_ns = what->took_ns;
        toy.events++;
        *out = e;
    }
    if (c->wait_for != NULL)
        c->wait_for->references++;
    *(q->last != NULL ? &q->last->next : &q->first) = c;
    q->last = c;
    toy.launches += c->computes;
    pthread_cond_broadcast(&toy.changed);
    pthread_mutex_unlock(&toy.lock);
    return VANE_OK;
}

static inline vane_status toy_queue_wait(vane_queue *q, vane_event *e)
{
    return toy_submit(q, &(toy_command){.wait_for = e}, NULL);
}

static inline vane_status toy_queue_mark(vane_queue *q, vane_event **out)
{
    return toy_submit(q, &(toy_command){.is_mark = 1}, out);
}

static inline vane_status toy_upload(vane_queue *q, vane_mem *dst, uint64_t offset, const void *src,
                                     uint64_t bytes, vane_event **out)
{
    return toy_submit(q, &(toy_command){.to = dst->bytes + offset, .from = src, .bytes = bytes},
                      out);
}

static inline vane_status toy_download(vane_queue *q, void *dst, vane_mem *src, uint64_t offset,
                                       uint64_t bytes, vane_event **out)
{
    return toy_submit(q, &(toy_command){.to = dst, .from = src->bytes + offset, .bytes = bytes},
                      out);
}

static inline vane_status toy_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                                   uint64_t src_offset, uint64_t bytes, vane_event **out)
{
    return toy_upload(q, dst, dst_offset, src->bytes + src_offset, bytes, out);
}

static inline vane_status toy_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                                     vane_event **out)
{
    if (call->op == VANE_OP_SQRT)
        return toy_fail(VANE_E_BUSY, "launch refused");
    uint64_t ns = k == &toy_other_f32 ? toy.other_ns : toy.took_ns;
    atomic_fetch_add(&toy.others, k == &toy_other_f32);
    return toy_submit(q, &(toy_command){.computes = 1, .took_ns = ns, .call = *call}, out);
}

static inline vane_status toy_event_wait(vane_event *e, uint64_t timeout_ns)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ns >= UINT64_C(1000000000) ? 3600 : 0;
    until.tv_nsec += timeout_ns < UINT64_C(1000000000) ? (long)timeout_ns : 0;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&toy.lock);
    int late = timeout_ns == 0;
    while (!e->done && !late)
        late = pthread_cond_timedwait(&toy.changed, &toy.lock, &until) != 0;
    vane_status st = e->done ? e->status : VANE_E_TIMEOUT;
    pthread_mutex_unlock(&toy.lock);
    return st == VANE_OK          ? st
           : st == VANE_E_TIMEOUT ? toy_fail(st, "not yet")
                                  : toy_fail(st, "the toy broke");
}

static inline vane_status toy_event_time(vane_event *e, uint64_t *begin, uint64_t *end)
{
    *begin = 1000;
    *end = *begin + e->took_ns;
    return VANE_OK;
}

static inline void toy_event_free(vane_event *e)
{
    pthread_mutex_lock(&toy.lock);
    toy_release(e);
    pthread_mutex_unlock(&toy.lock);
}
/* ---- its table --------------------------------------------------------------------- */

static inline vane_status toy_open(const vane_host *host, vane_backend **out)
{
    toy.host = host;
    *out = (vane_backend *)(void *)&toy;
    return VANE_OK;
}

static inline void toy_close(vane_backend *b)
{
    (void)b;
}

static inline vane_status toy_device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = toy.n_devices;
    return VANE_OK;
}

static inline vane_status toy_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    out->kind = VANE_KIND_OTHER;
    out->caps = VANE_CAP_ASYNC | toy.caps;
    out->mem_total_bytes = toy.memory_bytes;
    out->max_queues = 4;
    out->link_bytes_per_ns = 10;
    out->link_latency_ns = 1000;
    snprintf(out->id, sizeof out->id, "toy%u", i);
    return VANE_OK;
}

static inline vane_status toy_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)b;
    toy.devices[i] = (toy_device){.index = i};
    *out = (vane_device *)(void *)&toy.devices[i];
    return VANE_OK;
}

static inline void toy_device_close(vane_device *d)
{
    (void)d;
}

static inline const void *toy_extension(vane_backend *b, const char *id)
{
    (void)b;
    return toy.extension != NULL ? toy.extension(id) : NULL;
}

static const vane_backend_vt toy_table = {
    .struct_size = sizeof toy_table,
    .open = toy_open,
    .close = toy_close,
    .device_count = toy_device_count,
    .device_info = toy_device_info,
    .device_open = toy_device_open,
    .device_close = toy_device_close,
    .kernel = toy_kernel,
    .mem_alloc = toy_mem_alloc,
    .mem_import = toy_mem_import,
    .mem_free = toy_mem_free,
    .queue_open = toy_queue_open,
    .queue_close = toy_queue_close,
    .queue_sync = toy_queue_sync,
    .queue_wait = toy_queue_wait,
    .queue_mark = toy_queue_mark,
    .upload = toy_upload,
    .download = toy_download,
    .copy = toy_copy,
    .launch = toy_launch,
    .event_wait = toy_event_wait,
    .event_time = toy_event_time,
    .event_free = toy_event_free,
    .extension = toy_extension,
};

static const vane_backend_entry toy_entry = {.magic = VANE_BACKEND_MAGIC,
                                             .struct_size = sizeof toy_entry,
                                             .abi_minor = VANE_ABI_MINOR,
                                             .sanitizer = VANE_SANITIZER,
                                             .rank = 1000,
                                             .name = "toy",
                                             .version = "1",
                                             .about = "a device that does as told",
                                             .vt = &toy_table};

#endif
