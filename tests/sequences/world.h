/* SPDX-License-Identifier: MIT */
/* world.h - what a random sequence works on, and a plain model of it.
 *
 * A place is memory that Vane works in (host memory, a buffer, a buffer over host memory) with
 * an array of plain numbers beside it, which says what must be there after all that was asked
 * for so far, one thing after the other. Numbers are small integers, so that every backend's
 * result is exact.
 */
#ifndef SEQUENCES_WORLD_H
#define SEQUENCES_WORLD_H

#include <stdatomic.h>
#include <stdio.h>

#include "vane/vane.h"

enum { PLACES = 9, STREAMS = 4, FENCES = 3, RANK = 3, MOST = 300 };

/* ---- random numbers ------------------------------------------------------------------ */

typedef struct rng {
    uint64_t state;
} rng;
uint64_t rng_next(rng *r);
static inline uint32_t below(rng *r, uint32_t n) /* 0 to n - 1 */
{
    return (uint32_t)(rng_next(r) >> 33) % n;
}
static inline int one_in(rng *r, uint32_t n)
{
    return below(r, n) == 0;
}

/* ---- places, views ----------------------------------------------------------------------- */

typedef enum kind { HOST, OPENED, WRAPPED } kind;

/* Who touched host memory last: n is the number of the stream's work. */
typedef struct mark {
    uint32_t read[STREAMS], written[STREAMS];
} mark;

typedef struct place {
    kind kind;
    vane_dtype dtype;
    uint32_t count; /* elements */
    uint32_t span;  /* of them, those that ops touch: the first ones */
    float *model;
    void *memory; /* not OPENED */
    vane_buffer buffer;
    uint32_t maps, map_writes; /* held */
    void *mapped;
    mark mark; /* HOST */
} place;

typedef struct view {
    uint32_t place, rank;
    int64_t shape[RANK], stride[RANK], offset; /* in elements */
} view;

typedef struct lane { /* a stream and what is certain to be done before its next work */
    vane_stream *stream;
    uint32_t device; /* an index of machine.device, or VANE_ANY_DEVICE */
    uint32_t given;
    uint32_t seen[STREAMS];
    uint32_t callbacks;
    atomic_uint called, bad_status;
} lane;

typedef struct point {
    vane_fence *fence;
    uint32_t stream;
    uint32_t seen[STREAMS];
} point;

typedef struct machine { /* of one context, shared by the threads */
    vane_context *ctx;
    uint32_t devices;
    uint32_t device[16];                              /* as vane_device_at counts */
    char device_backend[16][16], device_name[16][24]; /* "fake", "fake 1" */
    uint32_t backends;
    char backend[8][16];
    int tight; /* device memory is scarce: only what may go elsewhere is asked of devices */
} machine;

typedef struct world {
    const machine *m;
    rng r;
    uint64_t seed;
    place places[PLACES];
    lane lanes[STREAMS];
    point points[FENCES];
    uint32_t seen[STREAMS]; /* the caller itself */
    char log[32768];
    size_t logged;
    int failed;
} world;

/* A line for the story that is told when the sequence fails. */
void tell(world *w, const char *fmt, ...) VANE_PRINTF(2, 3);
/* The sequence failed; with what the story ends. */
void wrong(world *w, const char *fmt, ...) VANE_PRINTF(2, 3);
/* VANE_OK, or the sequence failed. */
int good(world *w, vane_status st, const char *what);

void world_open(world *w, const machine *m, uint64_t seed);
void world_close(world *w); /* waits and compares everything */
int place_open(world *w, uint32_t i);
void place_close(world *w, uint32_t i);
void place_check(world *w, uint32_t i);

uint32_t dtype_bytes(vane_dtype d);
float number_get(const void *memory, vane_dtype d, uint32_t at);
void number_put(void *memory, vane_dtype d, uint32_t at, float x);

/* ---- views.c ------------------------------------------------------------------------------- */

void shape_random(world *w, uint32_t most, view *v);
/* Lays v's shape out somewhere in the place; is_out: no two elements in one spot. */
void view_lay(world *w, uint32_t where, int is_out, view *v);
int64_t view_at(const view *v, const int64_t *index);
int64_t view_count(const view *v);
int view_next(const view *v, int64_t *index); /* 0: that was the last */
vane_tensor view_tensor(const world *w, const view *v);
void view_extent(const view *v, int64_t *lo, int64_t *hi);
void view_tell(world *w, const char *name, const view *v);

/* ---- model.c ------------------------------------------------------------------------------- */

typedef struct task {
    uint32_t op, n_in;
    view in[3], out;
    vane_params params;
    int has_params;
} task;

/* The result, element by element in row-major order; 0: it would not be exact. */
int model_run(const world *w, const task *t, float *result);
void model_store(world *w, const view *out, const float *result);

/* ---- order.c ----------------------------------------------------------------------------- */

/* May lane s (STREAMS: the caller) touch the host memory now, by the rules of vane.h? */
int order_allows(const world *w, const place *p, uint32_t s, int writes);
void order_note(world *w, place *p, uint32_t s, int writes);
void order_given(world *w, uint32_t s);                  /* one more piece of work */
void order_merge(uint32_t *into, const uint32_t *other); /* what is sure there is sure here */

/* ---- tally.c ------------------------------------------------------------------------------ */

void tally_seen(const machine *m); /* these are there, and have to be used */
/* Done by a device of m (an index, or VANE_ANY_DEVICE), or by whom backend says; NULL: unknown. */
void tally_op(const machine *m, uint32_t device, const char *backend, uint32_t op);
/* After so many sequences, all that is there was used; or what was not is told. */
int tally_is_complete(uint64_t sequences);

/* ---- steps.c, ops.c, replays.c --------------------------------------------------------------- */

void step_random(world *w);
void step_op(world *w);
void step_replay(world *w);
/* One op for stream s, in buffers, that is sure to be taken; 0: none came to mind. */
int task_random(world *w, task *t, uint32_t s);
int op_is_tried(const char *backend, uint32_t op);

#endif
