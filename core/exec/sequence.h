/* SPDX-License-Identifier: MIT */
/* sequence.h - prepared calls that are given to a stream again and again.
 *
 * A run is either n calls like any others, or a replay: the plugin's graph of their launches is one
 * launch, one ticket and one mark. For that the sequence knows beforehand what a run does to each
 * of its buffers as a whole. The graph is recorded at the second run on a queue, when the first has
 * brought everything there, and is good while each call's kernel and each buffer's copy are those
 * that it was recorded with.
 *
 * Locks: a stream's give, the sequence's, then the buffers'.
 */
#ifndef VANE__EXEC_SEQUENCE_H
#define VANE__EXEC_SEQUENCE_H

#include "dispatch/flight.h"
#include "exec/tape.h"

/* A buffer, and what a run does to it. */
typedef struct vane__used {
    vane__buffer *buffer;
    vane_buffer handle;
    uint32_t reads;    /* some of what was in it before */
    vane__ranges made; /* what a run writes */
    vane__copy *copy;  /* while a run is given */
} vane__used;

typedef struct vane__need { /* bytes that must be there before */
    uint32_t used;
    uint64_t lo, hi;
} vane__need;

/* What is known on one queue. */
typedef struct vane__recording {
    struct vane__recording *next;
    vane__queue *queue;
    uint32_t version;      /* of the routes when runners were chosen; 0 never */
    uint32_t runs;         /* call by call or not */
    uint32_t failures;     /* to record, or to launch what was recorded, in a row */
    vane__tape *tape;      /* NULL: not recorded */
    vane__runner *runners; /* by call */
    uint64_t *copies;      /* by used buffer: its copy's number */
} vane__recording;

struct vane_sequence {
    struct vane_sequence *next; /* of the context's */
    _Atomic uint64_t magic;
    vane_context *ctx;
    uint32_t count, room; /* calls; while it is opened count grows to room */
    vane_plan **plans;
    vane__flight *flights;            /* checked and never given: what the calls are */
    uint32_t n_used, n_needs, n_made; /* made: ranges, of all buffers */
    vane__used *used;                 /* in the order in which they are locked */
    vane__need *needs;
    uint32_t launches; /* of a run; parts of calls count for themselves */
    int in_buffers;    /* every operand */
    int brief;
    uint64_t bytes;
    pthread_mutex_t lock; /* of what follows, and of flights and copies above */
    vane__recording *recordings;
};

#define VANE__SEQUENCE_MAGIC UINT64_C(0x65636e6575716573)

/* Every one that was not closed; warns. Streams are closed before. */
void vane__sequences_close(vane_context *ctx);

/* replay.c. Under give: 1: a run of q is in the air; 0: nothing was done, it is to be given call by
 * call. */
int vane__replay_give(vane_stream *s, vane_sequence *q);
/* recording.c; all under the sequence's lock. That of q, with another run counted; NULL: out of
 * memory. */
vane__recording *vane__recording_of(vane_sequence *q, vane__queue *queue);
/* Chooses who computes each call on s, under no lock but give. 0: somebody else than d's queue. */
int vane__recording_choose(vane_sequence *q, vane__recording *r, vane_stream *s,
                           const vane__device *d);
/* used.copy is set: what was recorded with others is no good any more. */
int vane__recording_fits(vane_sequence *q, vane__recording *r);
/* Records if need be; buffers are locked. */
vane_status vane__recording_ready(vane_sequence *q, vane__recording *r);
void vane__recording_drop(vane__recording *r); /* what was recorded */
/* Recorded, or launched, it was not: said, and not tried for ever. */
void vane__recording_failed(const vane_sequence *q, vane__recording *r);
void vane__recordings_free(vane_sequence *q);

/* A replay in the air; landing ends it. */
typedef struct vane__replay vane__replay;
vane_status vane__replay_land(vane__replay *r);

#endif
