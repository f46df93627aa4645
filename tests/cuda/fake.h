/* SPDX-License-Identifier: MIT */
/* fake.h - what the files of the stand-in driver share: its objects, and how a call begins and
 * ends.
 *
 * One lock guards all state; operations run without it, each stream's on a thread of its own. A
 * device pointer is no address that this process has: kernels and copies get the place behind it,
 * host code that follows one ends at once. Handles are numbers with generations, so that a freed
 * one is known.
 */
#ifndef FAKE_FAKE_H
#define FAKE_FAKE_H

#include <cuda.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec.h"

/* The form that drivers export since 11.4; newer headers rename it. */
#undef cuEventElapsedTime
CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent begin, CUevent end);

enum { FAKE_SLOTS = 64 }; /* streams whose order is known; one more has no checks */

typedef struct fake_context fake_context;
typedef struct fake_stream fake_stream;
typedef struct fake_op fake_op;
typedef struct fake_graph fake_graph;

/* ---- a call (call.c) --------------------------------------------------------------- */

typedef struct fake_site { /* one for each function of the driver */
    const char *name;
    uint64_t calls, failed;
    int known;
    struct fake_site *next;
} fake_site;

enum { FAKE_NO_CONTEXT = 1, FAKE_BEFORE_INIT = 2, FAKE_EVEN_LOST = 4 };

/* Begins a function of the driver: from here to fake_done() it has the lock; ctx is the current
 * context, or NULL where flags allow none. */
#define FAKE_CALL(flags) FAKE_CALL_AS(CUresult, flags)
#define FAKE_CALL_AS(type, flags)                             \
    static fake_site site = {.name = __func__};               \
    fake_context *ctx = NULL;                                 \
    do {                                                      \
        const CUresult no = fake_enter(&site, (flags), &ctx); \
        if (no != CUDA_SUCCESS)                               \
            return (type)no;                                  \
        (void)ctx;                                            \
    } while (0)

CUresult fake_enter(fake_site *site, int flags, fake_context **ctx);
CUresult fake_done(CUresult code);
/* An operation that runs, by "run.kernel": the failure asked for, or CUDA_SUCCESS. No lock. */
CUresult fake_injected(fake_site *site);
/* The caller did what the API does not allow: said, counted, and the end of the process unless the
 * settings say otherwise. Returns code. */
CUresult fake_misuse(CUresult code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whether a context is lost once this happened in it. */
int fake_sticky(CUresult code);
uint64_t fake_now_ns(void);
/* A child of fork(), to which nothing works. */
int fake_is_child(void);
/* For test programs: so many misuses were found. */
uint64_t fake_misuses(void);

extern pthread_mutex_t fake_lock;
extern pthread_cond_t fake_changed; /* an operation ended, a context was lost */
/* Frees the lock, which only streams' threads do otherwise, and wakes those that were given work.
 */
void fake_unlock(void);
/* Waits with the lock for fake_changed; may come back without. */
void fake_changed_wait(void);
extern fake_spec fake_settings;
extern _Thread_local int fake_in_callback;

/* ---- handles (handle.c) ------------------------------------------------------------- */

typedef enum fake_kind {
    FAKE_CONTEXT = 1,
    FAKE_STREAM,
    FAKE_EVENT,
    FAKE_MODULE,
    FAKE_FUNCTION,
    FAKE_POOL,
    FAKE_GRAPH,
    FAKE_EXEC,
    FAKE_BLAS,
    FAKE_KINDS
} fake_kind;

/* NULL: no memory. */
void *fake_handle_new(fake_kind kind, void *object);
/* NULL: not of this kind, or freed; a misuse, said by fake_get's name. */
void *fake_get(fake_kind kind, const void *handle);
void fake_handle_free(fake_kind kind, const void *handle);
/* Live handles of a kind; device and host allocations are counted elsewhere. */
unsigned fake_handles_live(fake_kind kind);
const char *fake_kind_name(fake_kind kind);

/* ---- order between streams (race.c) --------------------------------------------------- */

typedef struct fake_clock { /* the serials of each slot that are known to be done before */
    uint64_t at[FAKE_SLOTS];
} fake_clock;

void fake_clock_join(fake_clock *to, const fake_clock *from);
extern fake_clock fake_host_clock;
int fake_slot_take(void); /* FAKE_SLOTS: none left */
void fake_slot_give(int slot);
uint64_t fake_slot_next(int slot, int advance); /* the serial of its next operation */

/* ---- streams and what runs on them (stream.c) ------------------------------------------ */

struct fake_op {
    fake_op *next;
    size_t bytes;    /* of the whole, for copies of it in graphs */
    fake_site *site; /* "run.kernel": where failures are asked for */
    fake_stream *stream;
    const void *module;                      /* whose kernel it is, or NULL */
    uint64_t serial;                         /* of the stream's slot */
    CUresult (*run)(fake_op *op, char *why); /* on the stream's thread, without the lock */
    void (*drop)(fake_op *op);               /* with the lock, run or not; NULL */
    void (*copied)(fake_op *op);             /* what the copy holds too; NULL */
};

struct fake_stream {
    fake_context *ctx;
    void *handle;
    unsigned flags;
    int slot; /* of the clocks; FAKE_SLOTS: none */
    fake_clock clock;
    struct fake_thread *thread; /* NULL: nothing was given yet */
    int closing;
    fake_op *first, *last;
    uint64_t given, done; /* counts */
    fake_graph *capture;  /* what is given goes there */
    fake_stream *next;
};

typedef struct fake_thread {
    pthread_t id;
    pid_t tid;
    int closing, idle; /* its stream was ended, with nothing left to do */
    int ends;          /* it needs the lock no more */
    struct fake_thread *next;
} fake_thread;

typedef struct fake_mark { /* one recording of an event */
    unsigned refs;
    int done;
    uint64_t time_ns;
    fake_clock clock;
} fake_mark;

/* A new operation of this size, or NULL. */
void *fake_op_new(size_t bytes, fake_site *site, CUresult (*run)(fake_op *, char *));
void fake_op_drop(fake_op *op);
/* The operation is the stream's from here on, whatever is returned. */
CUresult fake_give(fake_stream *s, fake_op *op);
/* The stream of a handle; NULL, 1 and 2 (the default streams) are one of the context's own. */
fake_stream *fake_stream_get(fake_context *ctx, CUstream handle);
fake_stream *fake_stream_make(fake_context *ctx, unsigned flags);
/* Waits, releasing the lock, until done(arg) or the context is lost. */
CUresult fake_wait(fake_context *ctx, int (*done)(void *arg), void *arg);
CUresult fake_stream_wait(fake_stream *s);
/* All streams of the context. */
CUresult fake_context_wait(fake_context *ctx);
/* The thread ends when all is done; the stream goes with it. */
void fake_stream_end(fake_stream *s);
/* Of streams that were ended: all of them, or those whose threads are through. */
void fake_threads_join(fake_context *ctx, int all);
fake_mark *fake_mark_new(void);
void fake_mark_drop(fake_mark *m);
/* Gives the operation that ends the mark. */
CUresult fake_mark_give(fake_stream *s, fake_mark *m);
CUresult fake_mark_wait_give(fake_stream *s, fake_mark *m);

/* ---- contexts (context.c) ------------------------------------------------------------ */

struct fake_context {
    void *handle;
    int device;
    unsigned refs;
    CUresult lost; /* every call gets it */
    fake_stream *streams, *usual;
    struct fake_thread *threads; /* of streams, also of those that were ended */
    unsigned peers;              /* bits: devices whose memory it may use */
    uint64_t launches;
    int aged;         /* its first event was */
    unsigned running; /* operations, at this moment */
    struct fake_event *events;
    struct fake_module *modules;
    fake_graph *graphs;
};

/* asked: by VANE_FAKE_CUDA; else it is a misuse too. */
/* context_end: what is left of these goes, and is counted. */
unsigned fake_events_end(fake_context *ctx);
unsigned fake_modules_end(fake_context *ctx);
/* Things that a healthy context still had when it was ended. */
unsigned fake_left_over(void);
void fake_lose(fake_context *ctx, CUresult code, int asked, const char *why);
fake_context *fake_context_current(void);
/* Every context that lives. */
void fake_contexts_lose(CUresult code);
/* Until nothing runs in contexts that are lost: nobody can wait for it otherwise. */
void fake_lost_wait(void);

/* ---- memory (memory.c, pool.c) --------------------------------------------------------- */

typedef struct fake_pool {
    void *handle;
    int device;
    unsigned blocks;
    unsigned peers; /* bits: devices that may use its memory */
    int stays;      /* the device's own */
    uint64_t used, reserved, keep;
} fake_pool;

typedef struct fake_block {
    CUdeviceptr at; /* what the caller has: an address for the host's memory, none for a device's */
    uint64_t bytes, room;
    char *place; /* where it really is */
    int device;  /* -1: pinned memory of the host */
    fake_context *ctx;
    fake_pool *pool;          /* or NULL */
    int freed;                /* in the order of a stream: not to be used by what is given later */
    unsigned pending;         /* operations under way that use it */
    struct fake_touch *touch; /* race.c: uses that the host has not waited for */
    unsigned touches, touch_room;
    int born_slot;
    uint64_t born_serial;
} fake_block;

/* The block that [at, at + bytes) is in, or NULL. */
fake_block *fake_block_find(CUdeviceptr at, uint64_t bytes);
int fake_is_device(CUdeviceptr at);
/* CUDA_ERROR_OUT_OF_MEMORY: more than the device has left. */
CUresult fake_block_new(fake_context *ctx, int device, fake_pool *pool, uint64_t bytes,
                        fake_block **out);
/* Its edges are looked at. */
void fake_block_free(fake_block *b);
unsigned fake_blocks_end(fake_context *ctx);
uint64_t fake_reserved(int device); /* bytes of the device that are not free */
unsigned fake_blocks_live(int host);
/* Reserves or gives back a pool's memory. */
CUresult fake_pool_take(fake_pool *p, uint64_t bytes);
void fake_pool_give(fake_pool *p, uint64_t bytes);
void fake_pool_trim(fake_pool *p, uint64_t keep);
void fake_pool_drop(fake_pool *p); /* where nothing needs it any more */

typedef enum fake_access { FAKE_READS, FAKE_WRITES, FAKE_USES } fake_access;
/* The place behind a device pointer for an operation that stream s is about to be given; says what
 * is wrong with it. *out is NULL where the pointer is the end of a block and bytes is 0. */
CUresult fake_place(fake_stream *s, CUdeviceptr at, uint64_t bytes, fake_access access,
                    const char *what, char **out);
/* What fake_place was asked since the call began: a graph asks again at each launch. */
typedef struct fake_use {
    CUdeviceptr at;
    uint64_t bytes;
    fake_access access;
} fake_use;
enum { FAKE_USES_MOST = 16 };
extern fake_use fake_uses[FAKE_USES_MOST];
extern unsigned fake_n_uses; /* fake_enter begins at 0 */
/* race.c: the order of this use and the earlier ones on other streams. */
CUresult fake_race_use(fake_stream *s, fake_block *b, CUdeviceptr at, uint64_t bytes,
                       fake_access access, const char *what);
CUresult fake_race_free(fake_stream *s, fake_block *b);

/* ---- graphs (graph.c) ------------------------------------------------------------------ */

/* The stream records: the operation belongs to its graph now. */
CUresult fake_capture(fake_stream *s, fake_op *op);
unsigned fake_graphs_end(fake_context *ctx);
/* What may wait for the device, or allocates, is not called by a thread that records. */
CUresult fake_unsafe(const fake_context *ctx, const char *what);
int fake_module_lives(const fake_context *ctx, const void *module);

/* ---- for libcublas's double ------------------------------------------------------------ */

/* fn(places, arg) on the stream; arg (bytes of it) is copied. Pointers of other sizes are checked.
 */
typedef struct fake_operand {
    CUdeviceptr at;
    uint64_t bytes;
    int written;
} fake_operand;
CUresult fake_run(CUstream stream, const fake_operand *operand, unsigned n,
                  void (*fn)(char *const *places, const void *arg), const void *arg, size_t bytes);

#endif
