/* SPDX-License-Identifier: MIT */
/* flight.h - one op over operands that may live anywhere, from its check to its landing.
 *
 *   open     handles are looked up, the call is checked like any other
 *   enlist   it takes its place in the order of all work on its buffers
 *   run      on one runner: operands are brought there, the kernel is launched or called; after
 *            a failure everything is as before, and another runner may be tried
 *   land     (asynchronous work) its device is done: outputs in host memory are delivered,
 *            what it held is given back. Where all operands are in buffers a trail is enough for
 *            that, and the flight can be the next call's while the work is in the air
 *   end      it leaves the order; whoever waits for it goes on
 *
 * A call on host memory alone that runs on a device is a flight too; it enlists nowhere.
 */
#ifndef VANE__DISPATCH_FLIGHT_H
#define VANE__DISPATCH_FLIGHT_H

#include "dispatch/call.h"
#include "dispatch/routes.h"
#include "memory/arena.h"
#include "memory/buffer.h"
#include "telemetry/event.h"

typedef struct vane__operand {
    vane_tensor t;        /* as checked: data is a host address, of a buffer too */
    vane_tensor as;       /* as the kernel gets it: t, or its packed form */
    vane__buffer *buffer; /* NULL: host memory */
    vane_buffer handle;
    uint64_t room;     /* bytes of buffer */
    uint64_t lo, hi;   /* the bytes between its first and last element; of a buffer, from its
                        * beginning, else from the first element in memory (lo is 0) */
    char *base;        /* the host address that stands for the beginning of mem */
    vane_mem *mem;     /* on the device, while it runs there */
    vane__copy *copy;  /* of buffer */
    vane__block block; /* staged: memory of the call's own */
    int imported;      /* staged: mem is the caller's memory itself */
    int host_had;      /* an output: the host had all of it before */
    void *packed;      /* staged: its dense form in the arena */
} vane__operand;

/* What landing takes of a flight in the air: its ticket, and after a failure who used which
 * buffers, and what was not written. A thousand of them find room in caches where as many
 * flights do not. */
typedef struct vane__trail {
    struct vane__trail *next; /* of a stream's */
    uint64_t sequence;
    struct vane__flight *flight; /* NULL: it was given back, and the ticket is the trail's */
    struct vane__replay *replay; /* NULL, or what it is the trail of (exec/replay.c) */
    vane__ticket *ticket;
    vane__buffer *out; /* what a kernel in flight writes; NULL: nothing of a buffer */
    vane__copy *copy;
    uint64_t lo, hi;
    vane__buffer *const *locks; /* few, or the flight's */
    uint32_t n_locks;
    int host_had;               /* the host had all of [lo, hi) before */
    uint64_t flying_bytes;      /* as it is counted on its device, without a flight */
    struct vane__trail *joined; /* room for VANE__TRAIL_JOINED, made at the first, or NULL */
    uint32_t n_joined;          /* calls that share its ticket; of these what landing takes */
    vane__buffer *few[4];
} vane__trail;

#define VANE__TRAIL_JOINED (VANE__MARK_MOST - 1)

typedef struct vane__flight {
    vane_context *ctx;
    vane__prepared p;
    vane_params params;
    uint32_t n, n_locks; /* operands: inputs, then the output; buffers, each once, sorted */
    uint32_t writes;     /* operand n - 1 is in a buffer */
    int enlisted, shared;
    uint32_t losses;           /* of the device, when it was given to it */
    int touched;               /* a kernel that writes the output was launched */
    int brief;                 /* soon done, after others: it may share its mark */
    int hopeless;              /* what it reads is not there to be had: no runner can do it */
    vane__ticket *ticket;      /* of the work */
    vane__ticket *place;       /* in the order: the same, but while a call that waits is tried */
    vane__tickets from, after; /* whose results it reads; whom it only has to let go first */
    vane__arena *arena;
    vane__queue *queue;      /* borrowed; NULL: of the stream, or none */
    vane__mark *kernel_mark; /* where the ticket's is a transfer's */
    vane__device *device;    /* in flight there */
    int shadows;             /* of a stream: its result is to be checked (policy/shadow.h) */
    int teaches;             /* of a stream: what it takes is learned (policy/heard.c) */
    int tries;               /* and it runs on somebody for the sake of that (exec/pick.c) */
    int flying;              /* it is counted as under way on device */
    uint64_t flying_bytes;
    const vane_kernel *kernel; /* who computes it there */
    uint32_t width;
    int known; /* closed: p and what is fixed of the operands are still those of its call */
    /* of a stream */
    vane__trail trail; /* in the air, unless it can be given back there */
    struct vane__flight *next;
    uint32_t key, bin; /* of its call; of the stream's spare flights, or the context's */
    uint64_t sequence;
    uint64_t given_ns, went_ns; /* while calls are watched: when it was given, and its giver went
                                 * on; 0: nobody watched then */
    uint32_t giver;             /* that thread */
    vane__ran ran;              /* who tried it */
    char wish_backend[16];      /* "": any */
    uint32_t wish_width;
    /* arrays of n: here, or owned */
    vane__operand *operands;
    const vane_tensor **in;
    vane__buffer **locks;
    vane_tensor *out[1];
    vane__operand few_operands[4];
    const vane_tensor *few_in[4];
    vane__buffer *few_locks[4];
} vane__flight;

/* Checks and prepares; *f is then to be closed. Nothing to close when it fails. params are
 * copied. */
vane_status vane__flight_open(vane_context *ctx, const vane__request *rq, vane__flight *f);
/* again.c: 1: it is the call that the closed flight f was opened with last, but for the buffers
 * that its operands are in, and f is open again. */
int vane__flight_again(vane__flight *f, uint32_t op, const vane_tensor *const *in, uint32_t n_in,
                       vane_tensor *const *out, uint32_t n_out, const vane_params *params);
/* spare.c: where such calls find flights like theirs. */
uint32_t vane__flight_key(uint32_t op, const vane_tensor *const *in, uint32_t n_in,
                          vane_tensor *const *out);
/* A closed flight, this thread's alone, until it is given back; NULL: out of memory. */
vane__flight *vane__flight_take(vane_context *ctx, uint32_t key);
void vane__flight_give(vane__flight *f);
void vane__flights_free(vane_context *ctx);
/* Nothing is left of its last run. */
void vane__flight_renew(vane__flight *f);
/* Its buffers, each once, in the order in which they are locked. */
void vane__flight_list(vane__flight *f);
/* Over a call that was prepared already, of host memory alone. */
vane_status vane__flight_over(vane_context *ctx, const vane__prepared *p, vane__flight *f);
void vane__flight_close(vane__flight *f);

/* Makes the ticket; VANE_E_BUSY when a buffer is mapped. When it fails it did nothing. */
vane_status vane__flight_enlist(vane__flight *f);
/* The same, and its buffers stay locked when it succeeds. */
vane_status vane__flight_enter(vane__flight *f);
/* Its buffers are locked: fills p.where, as enlist does and enter does not. */
void vane__flight_look(vane__flight *f);
/* st becomes the ticket's status. */
void vane__flight_end(vane__flight *f, vane_status st);
/* Must this thread wait before the flight can be launched on q (NULL: on the host)? */
int vane__flight_must_wait(vane__flight *f, const vane__queue *q);

/* join.c, its buffers locked: launches it on r as one more of what t stands for, the work launched
 * just before it. 0: nothing was done. */
int vane__flight_join(vane__flight *f, const vane__runner *r, vane__trail *t);

/* Computes on the host's memory, or on r's device and waits. */
vane_status vane__flight_run(vane__flight *f, const vane__runner *r);
/* On r's device by way of q (a stream's) without waiting: the ticket flies, or it failed. */
vane_status vane__flight_launch(vane__flight *f, const vane__runner *r, vane__queue *q);
/* The same between enter and unlock, when it need not wait. */
vane_status vane__flight_launch_entered(vane__flight *f, const vane__runner *r, vane__queue *q);
/* The call of one part, for r's device, where its operands are placed. 0: it is empty. */
int vane__flight_part(vane__flight *f, const vane__runner *r, uint32_t part, vane_call *call);
/* Has t no gaps in the bytes from its first element to its last? */
int vane__tensor_fills(const vane_tensor *t, uint64_t extent);
/* Where all operands are placed, and nothing is packed: the one call of f, for r. Its addresses are
 * places in device memory until unaim. */
vane_call *vane__flight_aim(vane__flight *f, const vane__runner *r);
void vane__flight_unaim(vane__flight *f);
/* After launch: waits, delivers, gives back. The status is the work's. */
vane_status vane__flight_land(vane__flight *f);

/* Waits for its turn; its inputs are then current on the host, for it to compute or to copy. */
vane_status vane__flight_home(vane__flight *f);

/* policy/heard.c: it landed from d, of which its marks are still there. */
void vane__flight_teach(vane__flight *f, vane__device *d);
/* vane__flight_run on the host; what it took is learned. */
vane_status vane__flight_run_heard(vane__flight *f, const vane__runner *r);

void vane__flight_lock(vane__flight *f); /* its buffers */
void vane__flight_unlock(vane__flight *f);

/* ---- trail.c ------------------------------------------------------------------------------- */

/* Of f, which is launched or was about to be; the ticket stays f's. */
void vane__trail_of(vane__trail *t, const vane__flight *f);
/* In flight on q: can a trail do for it? */
int vane__flight_is_light(const vane__flight *f, const vane__queue *q);
/* Such a flight's, with its ticket; f is then to be closed. */
void vane__trail_leave(vane__trail *t, vane__flight *f);
/* Of a call that shares t's ticket; 0: no room. */
int vane__trail_has_room(vane__trail *t);
void vane__trail_join(vane__trail *t, vane__flight *f);
/* Lands and ends what such a flight was, and those that joined it; its ticket is dropped. */
vane_status vane__trail_land(vane__trail *t);
/* It failed, its queue is idle and its buffers are locked: no copy waits for it any more, and what
 * it should have written is not there. place: its ticket in the order. */
void vane__trail_spoil(const vane__trail *t, const vane__ticket *place, const vane__device *d);
/* It failed with st on d: 1 when that is the failure of what it read, else d may be lost. */
int vane__trail_blame(const vane__trail *t, vane__device *d, vane_status st);

/* ---- stage.c: operands in host memory, on a device ----------------------------------------- */

/* Memory for it on the device, and its content on the way there. Nothing to undo on failure but
 * vane__unstage. */
vane_status vane__stage(vane__flight *f, vane__operand *o, vane__queue *q, int is_output);
/* After the kernel: the output's way back; *out: the transfer's event, or NULL. */
vane_status vane__stage_back(vane__flight *f, vane__operand *o, vane__queue *q, vane_event **out);
/* All is complete: the output is the caller's. */
vane_status vane__stage_deliver(vane__operand *o, vane__queue *q);
void vane__unstage(vane__operand *o, vane__device *d);

#endif
