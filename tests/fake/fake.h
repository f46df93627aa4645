/* SPDX-License-Identifier: MIT */
/* fake.h - a device with memory of its own and queues that run behind the caller's back,
 * made of host memory and one thread a queue. It fills every entry of the contract, so that
 * the contract is known to be enough for real devices.
 *
 * Events complete in order. ADD and MUL compute; COPY, TRANSPOSE and CONCAT copy; EXP fails
 * after launch, as a kernel that crashes would; SQRT is refused by launch; LOG does not build on
 * device 0, and copies on the other; MUL declines calls of
 * more than 1,000 elements.
 */
#ifndef FAKE_H
#define FAKE_H

#include <pthread.h>

#include "vane/backend.h"
#include "vane/graph.h"

#define FAKE_DEVICES 2

/* Defects for the conformance suite to find: tests/conformance/wrong builds this device once more
 * with each of them. */
enum {
    FAKE_RIGHT,
    FAKE_NO_OFFSET,     /* kernels take every operand from the beginning of its memory */
    FAKE_EARLY_EVENT,   /* a launch's event is complete before the kernel ran */
    FAKE_NO_QUEUE_WAIT, /* a queue does not wait for another's event */
    FAKE_SHORT_GRAPH    /* a graph leaves its last call out */
};
#ifndef FAKE_DEFECT
#define FAKE_DEFECT FAKE_RIGHT
#endif

typedef struct fake_command fake_command;

struct vane_event {
    vane_backend *backend;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, references; /* the command's and the caller's */
    vane_status status;
    uint64_t begin_ns, end_ns;
};

struct vane_mem {
    vane_device *device;
    unsigned char *bytes;
    uint64_t size;
    uint32_t space;
    int imported, mapped;
};

struct vane_queue {
    vane_device *device;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    fake_command *first, *last;
    int running, closing;
    vane_status
        failed; /* of a launch without an event, since the last one with, or the last mark */
};

struct vane_device {
    vane_backend *backend;
    uint32_t index;
    _Atomic uint64_t used; /* telemetry reads it at any time */
    uint32_t queued;
    pthread_mutex_t lock;
};

struct vane_backend {
    const vane_host *host;
    pthread_mutex_t lock;
    int live_mem, live_queues, live_events; /* what was not given back */
};

/* The named extension: counters for the tests. */
typedef struct fake_counters {
    uint32_t struct_size;
    int mem, queues, events;
    uint64_t launches;
} fake_counters;

/* Everything a queue can be told; run() returns the status of the event. */
struct fake_command {
    fake_command *next;
    vane_status (*run)(fake_command *c);
    vane_event *event; /* may be NULL */
    vane_event *wait_for;
    unsigned char *to;
    const unsigned char *from;
    uint64_t bytes;
    void (*callback)(void *arg);
    void *arg;
    const vane_kernel *kernel; /* of a launch */
    int is_mark;
    vane_call call;
    vane_params params;
};

vane_status fake_fail(vane_backend *b, vane_status st, const char *what);
void fake_count(vane_backend *b, int *counter, int change);

vane_event *fake_event_new(vane_backend *b);
void fake_event_finish(vane_event *e, vane_status st, uint64_t begin_ns, uint64_t end_ns);
vane_status fake_event_wait(vane_event *e, uint64_t timeout_ns);
vane_status fake_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns);
void fake_event_free(vane_event *e);

/* Copies *c; makes the event when out is not NULL. */
vane_status fake_submit(vane_queue *q, const fake_command *c, vane_event **out);
vane_status fake_queue_open(vane_device *d, vane_queue **out);
void fake_queue_close(vane_queue *q);
vane_status fake_queue_sync(vane_queue *q);
vane_status fake_queue_wait(vane_queue *q, vane_event *e);
vane_status fake_queue_mark(vane_queue *q, vane_event **out);
vane_status fake_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg);

vane_status fake_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out);
vane_status fake_mem_import(vane_device *d, void *host, uint64_t bytes, vane_mem **out);
void fake_mem_free(vane_device *d, vane_mem *m);
void *fake_mem_host_ptr(vane_mem *m);
vane_status fake_mem_map(vane_queue *q, vane_mem *m, uint64_t offset, uint64_t bytes,
                         uint32_t intent, void **out);
vane_status fake_mem_unmap(vane_queue *q, vane_mem *m, void *p, vane_event **out);
vane_status fake_upload(vane_queue *q, vane_mem *dst, uint64_t offset, const void *src,
                        uint64_t bytes, vane_event **out);
vane_status fake_download(vane_queue *q, void *dst, vane_mem *src, uint64_t offset, uint64_t bytes,
                          vane_event **out);
vane_status fake_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                      uint64_t src_offset, uint64_t bytes, vane_event **out);

const vane_kernel *fake_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype);
vane_status fake_accepts(vane_device *d, const vane_kernel *k, const vane_call *call);
vane_status fake_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                        vane_event **out);
extern const vane_graphs fake_graphs;
const vane_op_desc *fake_ops(vane_backend *b, uint32_t *count);

#endif
