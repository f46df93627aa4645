/* SPDX-License-Identifier: MIT */
/* sim.h - the simulated backend's own types, and what its files share.
 *
 * Results are computed when a command is given, by the caller's thread; only time is simulated. A
 * command knows its beginning and its end when it is given, so nothing runs in the background:
 * an event is two times and a status, and waiting for it is waiting for the clock.
 */
#ifndef SIM_H
#define SIM_H

#include <pthread.h>
#include <stdatomic.h>

#include "spec.h"
#include "vane/backend.h"
#include "vane/clock.h"

/* What can be busy on its own. A copy on the device is work of its kernels' memory. */
typedef enum sim_engine { SIM_COMPUTE, SIM_UP, SIM_DOWN, SIM_ENGINES } sim_engine;

enum { SIM_SPANS = 128, SIM_PENDING = 1024 };

/* Work of the compute engine without a pause worth the name. */
typedef struct sim_span {
    uint64_t begin_ns, end_ns, busy_ns;
} sim_span;

struct vane_backend {
    const vane_host *host;
    vane_clock clock;
    int is_virtual;
    atomic_int warned; /* that this machine is slower than what it plays */
    atomic_uint_fast64_t virtual_ns;
    uint64_t epoch_ns;    /* when it was opened: 0 of all schedules */
    pthread_mutex_t lock; /* of all devices' engines, memory and history */
    uint32_t count;
    sim_spec spec[SIM_DEVICES];
};

typedef struct sim_kernel {
    vane_kernel base; /* first: a kernel's self leads here */
    vane_direct_fn body;
    vane_device *device;
    uint32_t op;
} sim_kernel;

struct vane_device {
    vane_backend *backend;
    const sim_spec *spec;
    atomic_uint_fast64_t commands; /* so far: what jitter is drawn from */
    /* under the backend's lock */
    uint64_t free_ns[SIM_ENGINES];
    uint64_t used_bytes;
    sim_span span[SIM_SPANS]; /* a ring; the newest is last */
    uint32_t last_span;
    uint64_t pending[SIM_PENDING]; /* ends of launches, a ring in their order */
    uint32_t first_pending, n_pending;
    sim_kernel kernel[VANE_OP_COUNT][VANE_DTYPE_COUNT];
};

struct vane_queue {
    vane_device *device;
    uint64_t free_ns;   /* when its last command ends; under the backend's lock */
    vane_status failed; /* of a command without an event: the next event has it */
};

struct vane_mem {
    vane_device *device;
    unsigned char *bytes;
    uint64_t size, seen_ns; /* seen: when it was last found not to be lost */
    uint32_t space;
};

struct vane_event {
    vane_device *device;
    uint64_t begin_ns, end_ns;
    vane_status status;
};

/* One command before it has its time: the engine that it needs, and perhaps one of another
 * device too. */
typedef struct sim_work {
    vane_device *at, *also; /* also: NULL, none */
    sim_engine engine, also_engine;
    uint32_t target;  /* of faults: an op, or SIM_LINK */
    double fixed_ns;  /* before anything moves */
    double rated_ns;  /* what rates decide, at full rate */
    const char *name; /* for sentences */
} sim_work;

/* The command in its place. is_wrong: the result is to be spoilt. */
typedef struct sim_slot {
    uint64_t given_ns, begin_ns, end_ns;
    vane_status status; /* of its event */
    int is_wrong;
} sim_slot;

vane_status sim_fail(vane_backend *b, vane_status status, const char *fmt, ...) VANE_PRINTF(3, 4);

/* clock.c */
uint64_t sim_now(const vane_backend *b);
void sim_clock_open(vane_backend *b, int is_virtual);
/* VANE_OK at `until`, VANE_E_TIMEOUT when timeout_ns passed before. */
vane_status sim_wait_until(vane_backend *b, uint64_t until, uint64_t timeout_ns);

/* cost.c: what one call is, and what it takes of a device at full rate */
double sim_flops(const vane_call *call);
double sim_bytes(const vane_call *call);
sim_class sim_class_of(uint32_t op);
double sim_call_ns(const sim_spec *s, const vane_call *call);

/* schedule.c: times count from the epoch */
double sim_share(const sim_schedule *s, uint64_t at_ns);
uint64_t sim_finish(const sim_schedule *s, uint64_t begin_ns, double rated_ns);
uint64_t sim_held_bytes(const sim_spec *s, uint64_t at_ns);
const sim_fault *sim_fault_at(const sim_spec *s, uint32_t target, uint64_t at_ns);
/* When the device is lost first, after `after` and before `before`; UINT64_MAX: it is not. */
uint64_t sim_loss(const sim_spec *s, uint64_t after_ns, uint64_t before_ns);
vane_status sim_fault_status(sim_kind kind);

/* timeline.c */
/* Fails what fails at once; gives the rest its place. */
vane_status sim_book(vane_queue *q, const sim_work *work, sim_slot *out);
/* The result is there: an end that the real clock has already passed is moved. */
void sim_done(vane_queue *q, const sim_work *work, sim_slot *slot);
/* What the next command's times are multiplied with. */
double sim_jitter(vane_device *d);
/* Says once that the machine took longer for name than the device would. */
void sim_slow(vane_device *d, const char *name, uint64_t took_ns, uint64_t told_ns);
/* history.c, under the lock */
void sim_history_add(vane_device *d, uint64_t begin_ns, uint64_t end_ns);
uint32_t sim_queued(vane_device *d, uint64_t now);
uint32_t sim_busy_permille(const vane_device *d, uint64_t now);

/* event.c */
vane_status sim_event_make(vane_device *d, const sim_slot *slot, vane_event **out);
vane_status sim_event_wait(vane_event *e, uint64_t timeout_ns);
vane_status sim_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns);
void sim_event_free(vane_event *e);

/* memory.c */
/* Under the lock: content that went with a lost device is gone. */
void sim_mem_touch(vane_mem *m, uint64_t now);
vane_status sim_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out);
void sim_mem_free(vane_device *d, vane_mem *m);
void *sim_mem_host_ptr(vane_mem *m);
uint64_t sim_mem_total(const vane_device *d);
uint64_t sim_mem_available(const vane_device *d, uint64_t now); /* under the lock */

/* queue.c, transfer.c, launch.c */
vane_status sim_queue_open(vane_device *d, vane_queue **out);
void sim_queue_close(vane_queue *q);
vane_status sim_queue_sync(vane_queue *q);
vane_status sim_queue_wait(vane_queue *q, vane_event *e);
/* The event of a command, or none (out NULL), whose failure the next one has then. */
vane_status sim_queue_event(vane_queue *q, sim_slot *slot, vane_event **out);
vane_status sim_upload(vane_queue *q, vane_mem *dst, uint64_t offset, const void *src,
                       uint64_t bytes, vane_event **out);
vane_status sim_download(vane_queue *q, void *dst, vane_mem *src, uint64_t offset, uint64_t bytes,
                         vane_event **out);
vane_status sim_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                     uint64_t src_offset, uint64_t bytes, vane_event **out);
void sim_kernels_fill(vane_device *d);
const vane_kernel *sim_kernel_of(vane_device *d, uint32_t op, const char *name, uint32_t dtype);
vane_status sim_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                       vane_event **out);

/* device.c, telemetry.c */
vane_status sim_device_info(vane_backend *b, uint32_t i, vane_device_info *out);
vane_status sim_device_open(vane_backend *b, uint32_t i, vane_device **out);
void sim_device_close(vane_device *d);
vane_status sim_telemetry(vane_device *d, vane_telemetry *out);

/* backends/scalar: the oracle's table. It reads neither device nor name. */
#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif
const vane_kernel *scalar_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype);
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
