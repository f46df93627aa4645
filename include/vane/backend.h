/* SPDX-License-Identifier: MIT */
/* backend.h - the contract between the Vane core and a backend plugin.
 *
 * A plugin is one shared object that exports one constant, vane_backend_entry_v1,
 * and carries the same facts in an ELF note. VANE_BACKEND() below writes both.
 * It links nothing of Vane: what it needs arrives in vane_host. The core reads the
 * note (ABI, CPU bits, sanitizer) from the file before it maps it, and the constant
 * again after, so that nothing of a plugin runs on a machine that cannot run it.
 *
 * Threads   [load]   once, under the core's load lock
 *           [device] never two at once for one device
 *           [queue]  never two at once for one queue
 *           [any]    concurrent, from any thread; blocks only if its name says wait or sync
 *           A plugin starts no threads for its kernels: host->parallel has them.
 * Errors    VANE_OK, or the status just passed to host->fail(). Outputs are written
 *           only on VANE_OK. What fails after launch() is reported by event_wait().
 * Lifetime  open/close and alloc/free pair up; the core ends children first, exactly
 *           once, after their last event completed. A plugin counts no references.
 * Owner     arguments are borrowed for the call; an out-pointer is the core's to free
 *           with the matching call.
 * Units     _bytes, _ns; shapes and strides count elements.
 * Growth    append only; struct_size first, and it says how much the writer knew. The
 *           core copies a shorter table and fills the holes; (opt) entries may be NULL.
 * Process   no abort, no exit, no global constructors, no atexit, no signal handlers.
 */
#ifndef VANE_BACKEND_H
#define VANE_BACKEND_H

#include "vane/cpu.h"
#include "vane/ops.h"
#include "vane/types.h"
#include "vane/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Completed by the plugin in its own source, so that nobody casts a void pointer. */
typedef struct vane_backend vane_backend;
typedef struct vane_device vane_device;
typedef struct vane_queue vane_queue;
typedef struct vane_event vane_event;
typedef struct vane_mem vane_mem;

typedef struct vane_host vane_host;
typedef struct vane_kernel vane_kernel;
typedef struct vane_call vane_call;

/* ---- devices ------------------------------------------------------------------- */

typedef enum vane_space {
    VANE_SPACE_DEVICE, /* fastest for kernels, not readable by the host */
    VANE_SPACE_PINNED, /* host memory that the device copies from at full speed */
    VANE_SPACE_SHARED  /* one memory, readable by both; mem_host_ptr works */
} vane_space;

/* vane_device_info.caps */
enum {
    VANE_CAP_HOST_MEM = 1 << 0,   /* kernels read plain host pointers (vane_view.data) */
    VANE_CAP_ASYNC = 1 << 1,      /* launch returns before the work is done */
    VANE_CAP_EVENT_TIME = 1 << 2, /* event_time works */
    VANE_CAP_UNIFIED = 1 << 3,    /* the device shares the host's memory: mem_import copies nothing.
                                   * The core brackets its own access to imported memory with
                                   * mem_map and mem_unmap where the table has them */
    VANE_CAP_FORK_UNSAFE = 1 << 4 /* unusable in a fork()ed child */
};

/* One device, as it is now. The core zeroes it and sets struct_size; a backend writes
 * what it knows. Zero or an empty string: unknown. */
typedef struct vane_device_info {
    uint32_t struct_size;
    uint32_t kind;            /* vane_kind */
    uint64_t caps;            /* VANE_CAP_* */
    uint64_t cpu_features;    /* VANE_CPU() bits its kernels use; 0 for other kinds */
    uint64_t mem_total_bytes; /* of its own; of the host (after limits) if shared */
    uint64_t mem_free_bytes;
    uint64_t mem_align_bytes; /* of allocations; a power of two */
    uint64_t mem_max_alloc_bytes;
    uint32_t compute_units; /* cores of a CPU, SMs or CUs of a GPU */
    uint32_t simd_bits;     /* widest vector register */
    uint32_t clock_mhz;     /* nominal */
    uint32_t max_queues;
    int32_t numa_node;        /* OS index; -1 unknown (the core presets it) */
    uint32_t dtypes;          /* bit i: vane_dtype i can be computed here */
    double link_bytes_per_ns; /* host to device; 0 unknown or shared */
    double link_latency_ns;
    char name[96]; /* for people: "NVIDIA H200" */
    char vendor[32];
    char driver[32]; /* version text of the driver or runtime */
    char id[32];     /* stable across runs: a PCI address, "cpu0" */
} vane_device_info;

/* ---- kernels and calls --------------------------------------------------------- */

/* One operand, as a kernel sees it: dimensions beyond rank are not initialised.
 * Exactly one of data (host memory) and mem (device memory) is set, or neither where an
 * operand is empty; offset_bytes leads from mem to the element with index 0. */
#define VANE_VIEW_RANK (VANE_MAX_RANK + 1) /* a rule may add a dimension of 1 */
typedef struct vane_view {
    void *data;
    vane_mem *mem;
    uint64_t offset_bytes;
    uint32_t dtype; /* vane_dtype */
    uint32_t rank;  /* 1 to VANE_VIEW_RANK */
    int64_t shape[VANE_VIEW_RANK];
    int64_t stride[VANE_VIEW_RANK]; /* in elements; inputs: may be 0 or negative */
} vane_view;

/* One call, checked and brought into its rule's normal form by the core. What each
 * SHAPE of ops.def promises (inputs first, the output last):
 *   ELEMENTWISE  TRANSPOSE  CONCAT
 *             all views have the same rank and shape (broadcast strides are 0),
 *             neighbouring dimensions are merged where every operand allows it, the
 *             output's strides are positive and do not grow with the dimension, and no
 *             dimension is empty. TRANSPOSE and CONCAT arrive as copies (a concatenation as one
 *             call for each input), so one kernel serves COPY, TRANSPOSE and CONCAT.
 *             The output may be exactly the same memory as an input.
 *   REDUCE  ARGMAX
 *             input and output have the same rank and the input's shape; the first
 *             n_outer dimensions are kept, the others are reduced (in row-major order)
 *             and have output stride 0. At least one of each. A reduced dimension may
 *             be empty. ARGMAX has exactly one reduced dimension.
 *   DOT       two inputs of rank 1 and equal length, perhaps 0; the output has rank 1,
 *             shape 1.
 *   MATMUL  GEMM
 *             all views have the same rank >= 3: merged batch dimensions (broadcast
 *             strides 0), then m x k, k x n, m x n. Transposes are in the strides. GEMM:
 *             alpha and beta are in params, the third input is m x n (broadcast strides
 *             0) or absent (n_in is 2). k may be 0; m, n and batch are not.
 *   SOFTMAX   input and output have the same rank >= 2 and shape; the last dimension is
 *             the axis. The output may be exactly the same memory as the input.
 *   a custom op: the tensors as they are (a scalar as rank 1, shape 1).
 *   Outputs of the other rules than the first may have negative strides. */
struct vane_call {
    uint32_t struct_size;
    uint32_t op;    /* vane_op, or the number of a custom op */
    uint32_t dtype; /* the kernel's: of the values of WHERE, of the output of FILL, of the first
                     * input that is not bool of a custom op, else of the first input */
    uint32_t n_in;
    uint32_t n_arg;            /* n_in inputs, then the outputs */
    uint32_t n_outer;          /* REDUCE and ARGMAX */
    uint32_t width;            /* threads that host->parallel will use, this one included */
    uint32_t flags;            /* VANE_CALL_* */
    const vane_params *params; /* never NULL for an op with parameters */
    const vane_host *host;
    vane_device *device; /* whose kernel is called; NULL: a reference body in the program */
    vane_view arg[VANE_MAX_ARG];
};

/* vane_call.flags */
enum {
    VANE_CALL_FLAT = 1 << 0,   /* ELEMENTWISE, and every view has rank 1 and stride 1 */
    VANE_CALL_INPLACE = 1 << 1 /* the output is the same memory as an input */
};

/* vane_kernel.flags */
enum {
    VANE_KERNEL_PARALLEL = 1 << 0,   /* uses host->parallel: widths above 1 make sense */
    VANE_KERNEL_CLEAN_FAIL = 1 << 1, /* when it fails it has written nothing: the core may
                                      * retry an in-place call elsewhere without staging */
    VANE_KERNEL_SELECTIVE = 1 << 2   /* ask accepts() before each call */
};

/* How far two kernels of one op may differ. REPRO: the bits depend only on the op,
 * the data and the shapes, not on the ISA or the width, within one family of plugins
 * that says so. ORACLE: defines the right answer. FAST: within the op's tolerance. */
typedef enum vane_numerics {
    VANE_NUMERICS_FAST,
    VANE_NUMERICS_REPRO,
    VANE_NUMERICS_ORACLE
} vane_numerics;

typedef vane_status (*vane_direct_fn)(const vane_kernel *self, const vane_call *call);

/* Static data of the plugin; lives until close(). */
struct vane_kernel {
    uint32_t struct_size;
    uint32_t flags;       /* VANE_KERNEL_*; a bit that the core does not know means nothing to it */
    uint32_t numerics;    /* vane_numerics */
    uint32_t align_bytes; /* that every operand's data must have beyond its element size; 0 */
    const char *name;     /* "gemm_f32": reports show name@backend */
    /* [any] Host-memory backends: compute now, on this thread and host->parallel.
     * NULL: the kernel runs through launch(). A kernel is a function of its inputs: a policy
     * that learns runs it beside calls too, into memory of the core's. */
    vane_direct_fn direct;
    void (*impl)(void); /* private to the plugin */
    /* A rule of thumb for a machine that has measured nothing; 0 unknown. One thread. */
    double flops_per_ns;
    double bytes_per_ns;
    double launch_ns;
    /* One more candidate for the same op, dtype and device (a vendor's library beside a kernel
     * of one's own), or NULL. */
    const vane_kernel *alternative;
};

/* An op that is not in ops.def. Names are unique, [a-z0-9_.], "vendor.op". The core
 * checks counts, dtypes and overlap, calls check, and hands the tensors on as they are. */
typedef struct vane_op_desc {
    uint32_t struct_size;
    uint32_t n_in;   /* n_in + n_out <= VANE_MAX_ARG */
    uint32_t n_out;  /* 1, in this version */
    uint32_t dtypes; /* bit i: vane_dtype i is accepted as the kernel's dtype */
    const char *name;
    const char *about;
    /* [any] Are these shapes and dtypes right? May be NULL: any. arg has n_in + n_out
     * views. On failure write one sentence to why. */
    vane_status (*check)(const vane_view *arg, const vane_params *params, char *why,
                         size_t why_bytes);
    /* [any] Estimated flops of the call; NULL: one per output element. */
    double (*work)(const vane_view *arg, const vane_params *params);
    vane_direct_fn reference; /* a body that is right; NULL: only plugins have one */
    double ulp;               /* allowed distance from reference, as in ops.def */
} vane_op_desc;

/* ---- telemetry ----------------------------------------------------------------- */

typedef struct vane_telemetry {
    uint32_t struct_size;
    uint32_t valid;   /* VANE_TELEMETRY_*: which fields were measured */
    uint64_t when_ns; /* host->now_ns() clock */
    uint64_t mem_free_bytes;
    uint32_t queued; /* launches not yet complete */
    uint32_t busy_permille;
    uint32_t clock_mhz;
    uint32_t power_mw;
    int32_t temp_mc;    /* millidegrees Celsius */
    uint32_t throttled; /* 0 no, 1 yes */
} vane_telemetry;

enum {
    VANE_TELEMETRY_MEM = 1 << 0,
    VANE_TELEMETRY_QUEUED = 1 << 1,
    VANE_TELEMETRY_BUSY = 1 << 2,
    VANE_TELEMETRY_CLOCK = 1 << 3,
    VANE_TELEMETRY_POWER = 1 << 4,
    VANE_TELEMETRY_TEMP = 1 << 5,
    VANE_TELEMETRY_THROTTLED = 1 << 6
};

/* ---- what the core gives ------------------------------------------------------- */

enum { VANE_LOG_ERROR, VANE_LOG_WARN, VANE_LOG_INFO, VANE_LOG_DEBUG }; /* levels */

#if defined(__GNUC__)
#define VANE_PRINTF(fmt_arg, first) __attribute__((format(printf, fmt_arg, first)))
#else
#define VANE_PRINTF(fmt_arg, first)
#endif

/* Runs over [lo, hi) of the range given to parallel; worker < call->width. */
typedef void (*vane_range_fn)(void *arg, uint64_t lo, uint64_t hi, uint32_t worker);

/* Valid from open() to the end of close(). All [any]. */
struct vane_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    uint64_t cpu_features;    /* VANE_CPU() bits: present, OS-enabled and not masked */
    uint64_t l1d_bytes;       /* of one core */
    uint64_t l2_bytes;        /* of one core */
    uint64_t l3_bytes;        /* of the package; a share of it is what one process gets */
    uint64_t mem_limit_bytes; /* what this process may use */
    uint32_t threads; /* the budget when the plugin was opened; call->width is what a call gets */
    uint32_t reserved;
    void *ctx; /* pass it back */
    /* Record this thread's error and return status: return h->fail(h->ctx, ...).
     * native_code: the driver's own number, or 0. */
    vane_status (*fail)(void *ctx, vane_status status, int64_t native_code, const char *fmt, ...)
        VANE_PRINTF(4, 5);
    void (*log)(void *ctx, int level, const char *fmt, ...) VANE_PRINTF(3, 4);
    /* align: a power of two, at least 64 is used. NULL when memory is out. */
    void *(*alloc)(void *ctx, uint64_t bytes, uint64_t align);
    void (*free)(void *ctx, void *p);
    uint64_t (*now_ns)(void *ctx); /* monotonic */
    /* The user's option "<backend>.<key>" or a core fact ("cache_dir"); NULL unset. The
     * text lives until close(). */
    const char *(*option)(void *ctx, const char *key);
    /* Split [0, n) into pieces of grain (the last may be shorter), run fn over runs of
     * whole pieces on call->width threads, this one included, and return when all ran.
     * The pieces do not depend on the width. Nested calls run inline. */
    void (*parallel)(const vane_call *call, vane_range_fn fn, void *arg, uint64_t n,
                     uint64_t grain);
    /* A line for the load report, of any length (a compiler's log): copied, always kept. */
    void (*report)(void *ctx, vane_status status, const char *text);
};

/* ---- the table ----------------------------------------------------------------- */

typedef struct vane_backend_vt {
    uint32_t struct_size;
    uint32_t reserved;
    /* life. open touches no device; no devices is not an error. What is slow (a context, a
     * compiler) waits for the first memory or queue that needs it, and kernel() compiles
     * nothing: it is asked under a lock, for every op, of every device */
    vane_status (*open)(const vane_host *host, vane_backend **out); /* [load] */
    void (*close)(vane_backend *b);                                 /* [load] */
    /* devices */
    vane_status (*device_count)(vane_backend *b, uint32_t *out);                    /* [load] */
    vane_status (*device_info)(vane_backend *b, uint32_t i, vane_device_info *out); /* [any] */
    vane_status (*device_open)(vane_backend *b, uint32_t i, vane_device **out);     /* [load] */
    void (*device_close)(vane_device *d);                                           /* [device] */
    /* kernels: the plugin's own static data, or NULL: not supported. name is the op's, for
     * ops that are registered by name. ops: the custom ops that this plugin brings. */
    const vane_kernel *(*kernel)(vane_device *d, uint32_t op, const char *name,
                                 uint32_t dtype);                 /* [any] */
    const vane_op_desc *(*ops)(vane_backend *b, uint32_t *count); /* [load] (opt) */
    /* asked for each call of a VANE_KERNEL_SELECTIVE kernel: VANE_OK, or VANE_E_UNSUPPORTED
     * (shapes, strides, cast's target that it cannot do). Views have shapes and strides, data
     * where the operand is host memory, never mem; records no error */
    vane_status (*accepts)(vane_device *d, const vane_kernel *k,
                           const vane_call *call); /* [any] (opt) */
    /* memory. Needed, with queues, transfers, launch and events, unless CAP_HOST_MEM */
    vane_status (*mem_alloc)(vane_device *d, uint32_t space, uint64_t bytes,
                             vane_mem **out); /* [device] */
    /* the caller keeps host alive until mem_free */
    vane_status (*mem_import)(vane_device *d, void *host, uint64_t bytes,
                              vane_mem **out);                         /* [device] (opt) */
    void (*mem_free)(vane_device *d, vane_mem *m); /* mapped or not */ /* [device] */
    void *(*mem_host_ptr)(vane_mem *m); /* NULL: not host visible */   /* [any] (opt) */
    vane_status (*mem_map)(vane_queue *q, vane_mem *m, uint64_t offset_bytes, uint64_t bytes,
                           uint32_t intent, void **out);
    /* VANE_MAP_*, blocks */ /* [queue] (opt) */
    vane_status (*mem_unmap)(vane_queue *q, vane_mem *m, void *p,
                             vane_event **out); /* [queue] (opt) */
    /* queues: in order. queue_wait makes q wait for e, an event of the same backend */
    vane_status (*queue_open)(vane_device *d, vane_queue **out);      /* [device] */
    void (*queue_close)(vane_queue *q);                               /* [queue] */
    vane_status (*queue_sync)(vane_queue *q); /* blocks until idle */ /* [queue] */
    vane_status (*queue_wait)(vane_queue *q, vane_event *e);          /* [queue] (opt) */
    /* an event that is done when all is that was enqueued before. It fails, as the event of a
     * launch does too, when one of the launches failed that had none, since the last launch with
     * one or the last mark. With this entry, launches that are soon done get no event each. *out
     * may be set to NULL: all is done already, and well */
    vane_status (*queue_mark)(vane_queue *q, vane_event **out); /* [queue] (opt) */
    /* fn runs on a thread of the plugin's choice after all before it; it calls nothing. Once the
     * device is lost it may never run: who waits for it waits for a mark too */
    vane_status (*queue_callback)(vane_queue *q, void (*fn)(void *arg),
                                  void *arg); /* [queue] (opt) */
    /* transfers: host memory stays untouched by the core until the event. Events: out is
     * NULL when the core wants none; *out may be set to NULL: complete already. copy: both on this
     * backend, perhaps two devices */
    vane_status (*upload)(vane_queue *q, vane_mem *dst, uint64_t dst_offset, const void *src,
                          uint64_t bytes, vane_event **out); /* [queue] */
    vane_status (*download)(vane_queue *q, void *dst, vane_mem *src, uint64_t src_offset,
                            uint64_t bytes, vane_event **out); /* [queue] */
    vane_status (*copy)(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                        uint64_t src_offset, uint64_t bytes, vane_event **out); /* [queue] (opt) */
    /* launch: views hold mem, with offsets and any strides (inputs: 0 and negative ones too);
     * it copies what it keeps of call. VANE_E_UNSUPPORTED, here only: this kernel will never
     * work on this device (its program does not build); the core leaves it out from then on */
    vane_status (*launch)(vane_queue *q, const vane_kernel *k, const vane_call *call,
                          vane_event **out); /* [queue] */
    /* events. timeout 0 polls: VANE_E_TIMEOUT when not done */
    vane_status (*event_wait)(vane_event *e, uint64_t timeout_ns); /* [any] */
    vane_status (*event_time)(vane_event *e, uint64_t *begin_ns,
                              uint64_t *end_ns); /* [any] (opt) */
    void (*event_free)(vane_event *e);           /* [any] */
    /* telemetry: within about a millisecond, partial is fine */
    vane_status (*telemetry)(vane_device *d, vane_telemetry *out); /* [any] (opt) */
    /* growth without a table change: a named, versioned struct, or NULL */
    const void *(*extension)(vane_backend *b, const char *id); /* [any] (opt) */
    /* a queue like any other, but event_time of its events may fail: for plugins whose queues are
     * faster when they keep no times. The core asks for times where calls teach */
    vane_status (*queue_open_untimed)(vane_device *d, vane_queue **out); /* [device] (opt) */
} vane_backend_vt;

enum { VANE_MAP_READ = 1, VANE_MAP_WRITE = 2 };

/* ---- the exported constant and the note ---------------------------------------- */

#define VANE_BACKEND_MAGIC 0x656e6156u /* "Vane" in memory, little-endian */

/* vane_backend_entry.flags */
enum {
    VANE_BACKEND_SLOW = 1 << 0 /* opening it takes long (a driver, a compiler): the core maps and
                                * opens it when something needs it, never for nothing */
};

enum { VANE_SANITIZER_NONE, VANE_SANITIZER_ADDRESS, VANE_SANITIZER_THREAD, VANE_SANITIZER_MEMORY };
#if defined(__SANITIZE_ADDRESS__)
#define VANE_SANITIZER VANE_SANITIZER_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define VANE_SANITIZER VANE_SANITIZER_THREAD
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VANE_SANITIZER VANE_SANITIZER_ADDRESS
#elif __has_feature(thread_sanitizer)
#define VANE_SANITIZER VANE_SANITIZER_THREAD
#elif __has_feature(memory_sanitizer)
#define VANE_SANITIZER VANE_SANITIZER_MEMORY
#endif
#endif
#ifndef VANE_SANITIZER
#define VANE_SANITIZER VANE_SANITIZER_NONE
#endif

typedef struct vane_backend_entry {
    uint32_t magic; /* VANE_BACKEND_MAGIC */
    uint32_t struct_size;
    uint32_t abi_minor;    /* VANE_ABI_MINOR when the plugin was built */
    uint32_t sanitizer;    /* VANE_SANITIZER: must be the core's */
    uint64_t cpu_required; /* VANE_CPU() bits that the code was compiled for */
    uint32_t flags;        /* VANE_BACKEND_*: a core refuses a plugin with flags it does not know */
    uint32_t rank;         /* higher is preferred where nothing else decides */
    const char *name;      /* unique, [a-z0-9_-], under 16 bytes: what VANE_BACKEND names */
    const char *version;   /* under 16 bytes */
    const char *about;     /* one line */
    const vane_backend_vt *vt;
} vane_backend_entry;

/* The same facts in the file: an ELF note, owner "Vane", type VANE_NOTE_TYPE. */
#define VANE_NOTE_TYPE 1u
typedef struct vane_backend_note {
    uint32_t owner_bytes; /* 5: "Vane" and its zero */
    uint32_t desc_bytes;  /* from magic to the end */
    uint32_t type;        /* VANE_NOTE_TYPE */
    char owner[8];
    uint32_t magic; /* 4-byte fields only: a note is 4-aligned */
    uint32_t desc_size;
    uint32_t abi_major, abi_minor;
    uint32_t sanitizer;
    uint32_t cpu_required_low, cpu_required_high;
    uint32_t flags;
    uint32_t rank;
    char name[16];
    char version[16];
} vane_backend_note;

#if defined(__GNUC__)
#define VANE_EXPORT __attribute__((visibility("default"), used))
#define VANE_NOTE_SECTION __attribute__((section(".note.vane"), used, aligned(4)))
#else
#define VANE_EXPORT
#define VANE_NOTE_SECTION
#endif

/* VANE_BACKEND("fast", "1.0", "what it is", cpu_bits, rank, &table); once, at file scope,
 * in a C file (the file that holds it needs no CPU flags). */
#define VANE_BACKEND(name_, version_, about_, cpu_, rank_, vt_) \
    VANE_BACKEND_FLAGS(name_, version_, about_, cpu_, rank_, 0u, vt_)
#define VANE_BACKEND_FLAGS(name_, version_, about_, cpu_, rank_, flags_, vt_) \
    VANE_NOTE_SECTION static const vane_backend_note vane_backend_note_v1 = { \
        5u,                                                                   \
        (uint32_t)(sizeof(vane_backend_note) - 20u),                          \
        VANE_NOTE_TYPE,                                                       \
        "Vane",                                                               \
        VANE_BACKEND_MAGIC,                                                   \
        (uint32_t)(sizeof(vane_backend_note) - 20u),                          \
        VANE_ABI_MAJOR,                                                       \
        VANE_ABI_MINOR,                                                       \
        VANE_SANITIZER,                                                       \
        (uint32_t)((uint64_t)(cpu_)&0xffffffffu),                             \
        (uint32_t)((uint64_t)(cpu_) >> 32),                                   \
        (flags_),                                                             \
        (rank_),                                                              \
        name_,                                                                \
        version_};                                                            \
    extern const vane_backend_entry vane_backend_entry_v1;                    \
    VANE_EXPORT const vane_backend_entry vane_backend_entry_v1 = {            \
        VANE_BACKEND_MAGIC,                                                   \
        (uint32_t)sizeof(vane_backend_entry),                                 \
        VANE_ABI_MINOR,                                                       \
        VANE_SANITIZER,                                                       \
        (cpu_),                                                               \
        (flags_),                                                             \
        (rank_),                                                              \
        name_,                                                                \
        version_,                                                             \
        about_,                                                               \
        vt_}

#ifdef __cplusplus
}
#endif
#endif
