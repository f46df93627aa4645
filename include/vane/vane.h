/* SPDX-License-Identifier: MIT */
/* vane.h - the user API: open a context, hand it tensors, ask it why.
 *
 * Threads   every function may be called from any thread at any time, except
 *           vane_close, which ends a context nobody uses any more.
 * Errors    a vane_status; vane_last_error() then holds one sentence for this thread.
 *           Nothing aborts. A call that is refused has written nothing; only a kernel that
 *           fails halfway may leave a separate output (never an input) undefined; in place in
 *           a buffer that only a device has current, what was there goes with the failure.
 * Owner     the caller owns tensors and their memory; strings that Vane returns live as
 *           long as the context, or as long as the call says.
 *           Of asynchronous work the error arrives at the wait, with the op's name.
 * Overlap   an output may be exactly the same view as an input of an elementwise op or of
 *           softmax. Any other overlap of an output with an input is VANE_E_OVERLAP.
 */
#ifndef VANE_VANE_H
#define VANE_VANE_H

#include "vane/backend.h"
#include "vane/ops.h"
#include "vane/policy.h"
#include "vane/status.h"
#include "vane/types.h"
#include "vane/version.h"

#if defined(__GNUC__)
#define VANE_API __attribute__((visibility("default")))
#else
#define VANE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status -------------------------------------------------------------------- */

/* The last failure on this thread; survives the context and any plugin. */
typedef struct vane_error {
    vane_status status;
    int64_t native_code; /* the driver's own number, or 0 */
    char backend[16];    /* which backend said so, or "" */
    char message[360];   /* one sentence: the argument, what it was, what was expected */
} vane_error;

VANE_API const char *vane_status_name(vane_status status);   /* "VANE_E_SHAPE" */
VANE_API const char *vane_status_string(vane_status status); /* its sentence; never NULL */
VANE_API vane_status_class vane_status_class_of(vane_status status);
VANE_API const vane_error *vane_last_error(void); /* this thread's; never NULL */
VANE_API const char *vane_version(void);

/* ---- tensors and tables -------------------------------------------------------- */

/* A row-major tensor over the caller's memory. An invalid rank or shape is kept as it is
 * and reported by the first call that gets it. shape may be NULL for rank 0. */
VANE_API vane_tensor vane_tensor_of(void *data, vane_dtype dtype, uint32_t rank,
                                    const int64_t *shape);
/* Elements; -1 when the shape is invalid or overflows. */
VANE_API int64_t vane_tensor_count(const vane_tensor *t);
VANE_API const char *vane_dtype_name(uint32_t dtype); /* "f32"; "?" unknown */
VANE_API uint32_t vane_dtype_bytes(uint32_t dtype);   /* 0 unknown */
VANE_API vane_status vane_dtype_parse(const char *text, uint32_t *out);

/* One row of ops.def, or of a registered op. */
typedef struct vane_op_info {
    uint32_t op;
    uint32_t min_in, max_in; /* max_in UINT32_MAX: any number */
    uint32_t n_out;
    uint32_t dtypes; /* bit i: vane_dtype i */
    const char *name, *signature, *params, *dtype_set, *out, *shape, *onnx;
    double flops, ulp;
} vane_op_info;

/* ---- contexts ------------------------------------------------------------------ */

typedef struct vane_context vane_context;

/* What the program wishes. Zeroed with struct_size set: the defaults. A variable of the
 * environment named beside a field wins over it: the operator has the last word. */
typedef struct vane_config {
    uint32_t struct_size;     /* sizeof(vane_config) */
    uint32_t threads;         /* VANE_THREADS; 0: affinity, cpuset and quota decide */
    const char *backend;      /* VANE_BACKEND: only this one; missing is an error (for one that the
                               * program registers itself: set allow_empty too) */
    const char *prefer;       /* VANE_PREFER: "avx512,scalar" */
    const char *exclude;      /* VANE_EXCLUDE: never opened */
    const char *ops;          /* VANE_OPS: "matmul=avx2,softmax=scalar" */
    const char *policy;       /* VANE_POLICY: "adaptive" (default), "heuristic" or "fixed" */
    const char *plugin_path;  /* VANE_PLUGIN_PATH, searched first, ':' between folders */
    const char *cpu_mask;     /* VANE_CPU_MASK: "avx2": pretend the CPU has no more */
    uint32_t repro;           /* VANE_REPRO: 1 leaves only kernels of numerics class REPRO */
    uint32_t no_default_path; /* 1: search plugin_path only */
    /* NULL: stderr, by VANE_LOG. Called from any thread, perhaps under a lock: it calls nothing
     * of Vane. */
    void (*log)(void *arg, int level, const char *line);
    void *log_arg;
    uint32_t allow_empty;   /* 1: vane_open succeeds with no backend at all, so that the load
                             * report can be read; calls then give VANE_E_NO_BACKEND */
    uint32_t mem_limit_mib; /* VANE_MEM_LIMIT: of each device's memory, MiB; 0 none */
    const char *stats;      /* VANE_STATS: "1": what ran where, on stderr at vane_close; a file's
                             * name: the same as metrics for Prometheus, into it; "-": only
                             * counted, for vane_stats_write; "0": not counted */
    const char *trace;      /* VANE_TRACE: a file for a trace that Perfetto opens */
    const char *record;     /* VANE_RECORD: a file for the calls, for vane replay */
    const char *cache;      /* VANE_CACHE: where what was learned is kept: a folder; "0": nowhere;
                             * default: the user's cache folder */
    const char *optimize;   /* VANE_OPTIMIZE: "time" (default) or "energy" */
    uint32_t verify; /* VANE_VERIFY=1/1000: one call in so many is checked against the oracle after
                      * it was made, and made again elsewhere where it was wrong; 1: each; 0 none */
} vane_config;

/* Opens a context: detects, searches, judges, loads. config may be NULL. On failure *out
 * is NULL. No usable backend: VANE_E_NO_BACKEND. */
VANE_API vane_status vane_open(const vane_config *config, vane_context **out);
/* Closes backends; NULL is nothing. No call may be running, and plans are closed before. Does
 * not unload plugins (VANE_UNLOAD=1 does). */
VANE_API void vane_close(vane_context *ctx);

/* The context's op table. vane_op_find also knows registered names. */
VANE_API uint32_t vane_op_count(const vane_context *ctx);
/* i: 0 to vane_op_count - 1 */
VANE_API vane_status vane_op_at(const vane_context *ctx, uint32_t i, vane_op_info *out);
VANE_API vane_status vane_op_find(const vane_context *ctx, const char *name, vane_op_info *out);
/* Copies desc (not its texts: they must live as long as the context). *out: its number. */
VANE_API vane_status vane_op_register(vane_context *ctx, const vane_op_desc *desc, uint32_t *out);

/* ---- backends ------------------------------------------------------------------ */

/* Load one plugin file now, judged like any other; or a backend in the program itself
 * (entry and all it points to live until vane_close). */
VANE_API vane_status vane_load(vane_context *ctx, const char *path);
VANE_API vane_status vane_register(vane_context *ctx, const vane_backend_entry *entry);
/* A backend that says it is slow to open (VANE_BACKEND_SLOW) waits, deferred, until a wish names
 * it, its file is loaded, devices are listed, nothing else is there, or long work makes it worth
 * while. Opens every one that waits, now; what fails is in the report, and tried once only. */
VANE_API vane_status vane_backends_open(vane_context *ctx);

/* The operator's variables stay in force: VANE_PREFER goes before names, VANE_THREADS is the
 * most, VANE_POLICY is kept. Each change makes the route of every operation in use anew
 * before it returns: for changes of mind, not for every call. */
VANE_API vane_status vane_set_priority(vane_context *ctx, const char *names); /* "a,b"; "" none */
VANE_API vane_status vane_set_policy(vane_context *ctx, const char *name);
/* VANE_OPTIMIZE is kept. "time" or "energy": time times what the device draws at work, as far as
 * that is known (vane_candidate.power_mw); two of whom one's is not are compared by time. */
VANE_API vane_status vane_set_objective(vane_context *ctx, const char *name);
VANE_API vane_status vane_set_threads(vane_context *ctx, uint32_t threads); /* 0: the budget */

VANE_API uint32_t vane_device_count(const vane_context *ctx);
/* The caller sets out->struct_size. backend may be NULL; else it gets the backend's name. */
VANE_API vane_status vane_device_at(const vane_context *ctx, uint32_t i, vane_device_info *out,
                                    const char **backend);

/* One line of the load report: a path tried, and the verdict. Always kept. */
typedef struct vane_report_line {
    const char *path;    /* a folder, a file, or "(program)" */
    const char *source;  /* why it was tried: "VANE_PLUGIN_PATH", "beside libvane", ... */
    const char *backend; /* its name when known, else "" */
    const char *version;
    const char *reason; /* a sentence: why refused, or what was found */
    vane_status status; /* VANE_OK: loaded, or deferred as reason says (a file), read (a folder) */
    uint32_t is_folder;
} vane_report_line;
VANE_API uint32_t vane_report_count(const vane_context *ctx);
VANE_API vane_status vane_report_at(const vane_context *ctx, uint32_t i, vane_report_line *out);

/* The machine: what detection found. Units in the names; 0: unknown. */
typedef struct vane_machine {
    uint32_t struct_size;   /* in: sizeof(vane_machine); out: how much of it was written */
    uint32_t threads;       /* the budget: the smallest of the next three */
    uint32_t cpus_affinity; /* CPUs in the affinity mask (a cpuset is in it) */
    uint32_t cpus_online;
    double cpu_quota; /* CPUs' worth of cgroup quota; 0 none */
    uint64_t mem_total_bytes;
    uint64_t mem_limit_bytes;             /* the smaller of total and the cgroup's limit */
    uint64_t cpu_features;                /* VANE_CPU() bits in force */
    uint64_t cpu_features_masked;         /* present, but masked away */
    uint32_t packages, cores, numa_nodes; /* topology (loads hwloc at the first ask) */
    uint32_t l1d_bytes, l2_bytes;
    uint64_t l3_bytes;
    char cpu_name[64];
    char platform[32];        /* "Linux x86_64" */
    char topology_source[64]; /* "hwloc 2.9.0", or why there is none */
} vane_machine;
VANE_API vane_status vane_machine_get(vane_context *ctx, vane_machine *out);

/* ---- buffers ------------------------------------------------------------------- */

/* Memory that may have current copies on the host and on several devices. Data moves when an
 * op needs it, and only the bytes it needs; on a device that shares the host's memory nothing
 * moves. Tensors of buffers and of host memory mix freely in one call. Calls that touch the
 * same buffer take effect in the order in which they were made, whatever their streams.
 * Reading a range of which nothing was ever written is an error in words (where part of it was,
 * the rest is undefined); so is a handle that is stale or of another context. name: for people
 * and reports, may be NULL, is copied (31 bytes). */
VANE_API vane_status vane_buffer_open(vane_context *ctx, uint64_t bytes, const char *name,
                                      vane_buffer *out);
/* Over the caller's memory, which stays alive and is not touched until vane_buffer_close (but
 * through vane_buffer_map); its content is current. After the close it holds the results. */
VANE_API vane_status vane_buffer_wrap(vane_context *ctx, void *host, uint64_t bytes,
                                      const char *name, vane_buffer *out);
/* Waits for the work that uses it. A failure is that of bringing results home to wrapped memory;
 * the handle is gone in any case. */
VANE_API vane_status vane_buffer_close(vane_context *ctx, vane_buffer buffer);
/* Host memory with the content of these bytes. intent: VANE_MAP_READ, VANE_MAP_WRITE (all of
 * the range will be written: nothing is brought home for it), or both. Waits for work on the
 * buffer; until the unmap, work that would touch it is VANE_E_BUSY (both reading: allowed). */
VANE_API vane_status vane_buffer_map(vane_context *ctx, vane_buffer buffer, uint64_t offset_bytes,
                                     uint64_t bytes, uint32_t intent, void **out);
VANE_API vane_status vane_buffer_unmap(vane_context *ctx, vane_buffer buffer, void *p);
/* Copies in and out; they wait for work on the buffer. */
VANE_API vane_status vane_buffer_write(vane_context *ctx, vane_buffer buffer, uint64_t offset_bytes,
                                       const void *from, uint64_t bytes);
VANE_API vane_status vane_buffer_read(vane_context *ctx, vane_buffer buffer, uint64_t offset_bytes,
                                      void *to, uint64_t bytes);
#define VANE_HOST UINT32_MAX /* in place of a device's index */
/* Makes the content current on device (an index of vane_device_at, or VANE_HOST) now. A device
 * that shares the host's memory takes it from the host with the work that first needs it. */
VANE_API vane_status vane_buffer_prefetch(vane_context *ctx, vane_buffer buffer, uint32_t device);

typedef enum vane_buffer_state {
    VANE_BUFFER_NONE,   /* nothing was written yet, or it was lost with its device */
    VANE_BUFFER_HOST,   /* all that is current is current on the host alone */
    VANE_BUFFER_DEVICE, /* ... on one or more devices alone */
    VANE_BUFFER_BOTH    /* some or all of it on the host and on a device */
} vane_buffer_state;

/* The caller sets struct_size. */
typedef struct vane_buffer_info {
    uint32_t struct_size;
    uint32_t state; /* vane_buffer_state */
    uint64_t bytes;
    uint64_t host_bytes;                       /* current on the host */
    uint64_t device_bytes;                     /* current on the device that has most */
    uint64_t up_bytes, down_bytes, peer_bytes; /* moved so far: to devices, home, between them */
    uint32_t devices;                          /* that hold a copy, current or not */
    uint32_t maps;                             /* not yet unmapped */
    char name[32];
} vane_buffer_info;
VANE_API vane_status vane_buffer_info_get(vane_context *ctx, vane_buffer buffer,
                                          vane_buffer_info *out);

/* A row-major tensor in a buffer; mistakes are reported by the first call that gets it. */
VANE_API vane_tensor vane_tensor_in(vane_buffer buffer, uint64_t offset_bytes, vane_dtype dtype,
                                    uint32_t rank, const int64_t *shape);

/* What one memory space holds for this context; host: VANE_HOST. The caller sets struct_size. */
typedef struct vane_memory {
    uint32_t struct_size;
    uint32_t buffers;      /* open ones with memory there */
    uint64_t used_bytes;   /* by buffers and calls under way; of the host: scratch of calls */
    uint64_t cached_bytes; /* kept for the next, given back under pressure */
    uint64_t peak_bytes;   /* the most that was ever used at once */
    uint64_t limit_bytes;  /* of used and cached; 0 none */
    uint64_t up_bytes, down_bytes, peer_bytes; /* of all calls and buffers; host: the sums */
    uint64_t trims, evictions; /* times that memory was given back; buffers sent home for room */
} vane_memory;
VANE_API vane_status vane_memory_get(vane_context *ctx, uint32_t device, vane_memory *out);
/* Gives cached memory of all spaces back. */
VANE_API vane_status vane_memory_trim(vane_context *ctx);

/* DLPack (github.com/dmlc/dlpack), both forms of its struct, which its own header completes.
 * From: host memory only; no copy. *buffer holds it, like vane_buffer_wrap: nobody else touches
 * it until vane_buffer_close, which calls its deleter; on failure it is not taken over. To: a new
 * managed tensor over the tensor's host memory (a buffer's content is brought home, and the buffer
 * lives until the deleter is called; its content then counts as changed by anyone at any time, and
 * every use elsewhere copies). A plain tensor's memory stays the caller's to keep. */
struct DLManagedTensor;
struct DLManagedTensorVersioned;
VANE_API vane_status vane_from_dlpack(vane_context *ctx, struct DLManagedTensor *from,
                                      vane_tensor *out, vane_buffer *buffer);
VANE_API vane_status vane_from_dlpack_versioned(vane_context *ctx,
                                                struct DLManagedTensorVersioned *from,
                                                vane_tensor *out, vane_buffer *buffer);
VANE_API vane_status vane_to_dlpack(vane_context *ctx, const vane_tensor *t,
                                    struct DLManagedTensor **out);
VANE_API vane_status vane_to_dlpack_versioned(vane_context *ctx, const vane_tensor *t,
                                              struct DLManagedTensorVersioned **out);

/* ---- streams ------------------------------------------------------------------- */

/* Work in order, beside the caller. A stream of a device uses only that device; of
 * VANE_ANY_DEVICE each op goes where the route leads. Operands in host memory stay alive, and
 * outputs unread and inputs unwritten, until the stream was waited for; the tensors and
 * parameters themselves are copied. After a failure the stream drops its later work until the
 * wait, poll or close that reports it; what the dropped work would have written is undefined. Who
 * gives work waits while thousands before it have not begun (a callback does not). A stream may be
 * used from several threads; it does not survive fork() (VANE_E_UNSUPPORTED). */
typedef struct vane_stream vane_stream;
typedef struct vane_fence vane_fence; /* a point in a stream */
#define VANE_ANY_DEVICE UINT32_MAX

VANE_API vane_status vane_stream_open(vane_context *ctx, uint32_t device, vane_stream **out);
/* Waits; the status is that of work not reported yet. The stream is gone in any case. */
VANE_API vane_status vane_stream_close(vane_stream *stream);
/* Until all work given so far is done: VANE_OK, or the first failure since the last report. */
VANE_API vane_status vane_stream_wait(vane_stream *stream);
/* The same without blocking: VANE_E_BUSY (no error is recorded) while there is work. */
VANE_API vane_status vane_stream_poll(vane_stream *stream);
/* fn(arg, status) runs on a thread of Vane after all work given before: VANE_OK, or the first
 * failure. It may call Vane, but not wait for its own stream. */
VANE_API vane_status vane_stream_callback(vane_stream *stream,
                                          void (*fn)(void *arg, vane_status status), void *arg);
/* *out stands for all work given so far; vane_fence_close ends it, at any time. */
VANE_API vane_status vane_stream_record(vane_stream *stream, vane_fence **out);
/* Later work of the stream waits for fence, of any stream of the same context, first. */
VANE_API vane_status vane_stream_await(vane_stream *stream, vane_fence *fence);
/* VANE_OK, the first failure before the fence, or VANE_E_TIMEOUT; 0 polls, UINT64_MAX waits. */
VANE_API vane_status vane_fence_wait(vane_fence *fence, uint64_t timeout_ns);
VANE_API void vane_fence_close(vane_fence *fence); /* NULL is nothing */

/* ---- one function per op ------------------------------------------------------- */
/* U: x, [params,] out   B: a, b, [params,] out   T: a, b, c, [params,] out
 * N: [params,] out      V: inputs, count, params, out
 * G: a, b, c (may be NULL), params, out          params may be NULL: ONNX's defaults */

#define VANE_SIG_U0(name, P) \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *x, vane_tensor *out);
#define VANE_SIG_U1(name, P)                                                  \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *x, \
                                     const vane_##P##_params *params, vane_tensor *out);
#define VANE_SIG_B0(name, P)                                                  \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *a, \
                                     const vane_tensor *b, vane_tensor *out);
#define VANE_SIG_B1(name, P)                                                                \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *a,               \
                                     const vane_tensor *b, const vane_##P##_params *params, \
                                     vane_tensor *out);
#define VANE_SIG_T0(name, P)                                                     \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *a,    \
                                     const vane_tensor *b, const vane_tensor *c, \
                                     vane_tensor *out);
#define VANE_SIG_G1(name, P)                                                     \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *a,    \
                                     const vane_tensor *b, const vane_tensor *c, \
                                     const vane_##P##_params *params, vane_tensor *out);
#define VANE_SIG_N1(name, P)                                                             \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_##P##_params *params, \
                                     vane_tensor *out);
#define VANE_SIG_V1(name, P)                                                              \
    VANE_API vane_status vane_##name(vane_context *ctx, const vane_tensor *const *inputs, \
                                     uint32_t count, const vane_##P##_params *params,     \
                                     vane_tensor *out);
#define VANE_OP(ID, name, SIG, P, ...) VANE_SIG_##SIG(name, P)
#include "vane/ops.def"

/* And on a stream: vane_<op>_async takes the stream in place of the context. It checks at once
 * what can be checked without waiting; the rest arrives at the wait. */
#define VANE_SIG_ASYNC_U0(name, P)                                                      \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *x, \
                                             vane_tensor *out);
#define VANE_SIG_ASYNC_U1(name, P)                                                      \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *x, \
                                             const vane_##P##_params *params, vane_tensor *out);
#define VANE_SIG_ASYNC_B0(name, P)                                                      \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a, \
                                             const vane_tensor *b, vane_tensor *out);
#define VANE_SIG_ASYNC_B1(name, P)                                                      \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a, \
                                             const vane_tensor *b,                      \
                                             const vane_##P##_params *params, vane_tensor *out);
#define VANE_SIG_ASYNC_T0(name, P)                                                       \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a,  \
                                             const vane_tensor *b, const vane_tensor *c, \
                                             vane_tensor *out);
#define VANE_SIG_ASYNC_G1(name, P)                                                       \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a,  \
                                             const vane_tensor *b, const vane_tensor *c, \
                                             const vane_##P##_params *params, vane_tensor *out);
#define VANE_SIG_ASYNC_N1(name, P)                                                                 \
    VANE_API vane_status vane_##name##_async(vane_stream *stream, const vane_##P##_params *params, \
                                             vane_tensor *out);
#define VANE_SIG_ASYNC_V1(name, P)                                                             \
    VANE_API vane_status vane_##name##_async(vane_stream *stream,                              \
                                             const vane_tensor *const *inputs, uint32_t count, \
                                             const vane_##P##_params *params, vane_tensor *out);
#define VANE_OP(ID, name, SIG, P, ...) VANE_SIG_ASYNC_##SIG(name, P)
#include "vane/ops.def"

/* ---- any op, prepared calls, and why ------------------------------------------- */

#define VANE_MAX_CANDIDATES 32

/* The record of one decision: who stood for election, and what came of it. */
typedef struct vane_decision {
    uint32_t struct_size;
    uint32_t op, dtype, size_class;
    uint32_t chosen;  /* index of the candidate that the policy chose */
    uint32_t ran;     /* index of the one that computed the result; VANE_NO_CANDIDATE */
    uint32_t count;   /* candidates listed */
    uint32_t dropped; /* candidates beyond VANE_MAX_CANDIDATES */
    uint32_t retries; /* candidates that failed before one succeeded */
    uint32_t pool_hot;
    double flops, bytes, fork_ns;
    double took_ns; /* of the kernel; 0: not run */
    const char *policy;
    uint32_t settled;        /* the policy knows enough: no candidate is being tried */
    uint32_t route_changes;  /* of calls like this one, so far */
    uint64_t route_since_ns; /* the last, on the monotonic clock; 0: no route was made yet */
    const char *route_why;   /* why it came; NULL: there was none */
    vane_candidate candidates[VANE_MAX_CANDIDATES];
    uint32_t objective; /* vane_objective */
    uint32_t reserved;
} vane_decision;

VANE_API const char *vane_reason_string(uint32_t reason); /* a vane_reason; never NULL */

/* How one call is to be made; zeroed with struct_size set: like any other call. */
typedef struct vane_options {
    uint32_t struct_size;
    uint32_t width;          /* threads (at most all there are); 0: the route's choice */
    const char *backend;     /* only this one; NULL: the route's choice */
    vane_decision *decision; /* filled when not NULL and the call was not refused */
} vane_options;

/* Any op by number, custom ones too. params: the union, or NULL for the defaults;
 * options may be NULL. */
VANE_API vane_status vane_run(vane_context *ctx, uint32_t op, const vane_tensor *const *inputs,
                              uint32_t n_in, vane_tensor *const *outputs, uint32_t n_out,
                              const vane_params *params, const vane_options *options);

/* The same on a stream; of options, backend and width count, and decision must be NULL. */
VANE_API vane_status vane_run_async(vane_stream *stream, uint32_t op,
                                    const vane_tensor *const *inputs, uint32_t n_in,
                                    vane_tensor *const *outputs, uint32_t n_out,
                                    const vane_params *params, const vane_options *options);

/* What vane_run would do, without doing it. Data pointers may be NULL (alignment is then
 * taken as good). */
VANE_API vane_status vane_explain(vane_context *ctx, uint32_t op, const vane_tensor *const *inputs,
                                  uint32_t n_in, vane_tensor *const *outputs, uint32_t n_out,
                                  const vane_params *params, vane_decision *out);

/* The shape and dtype that the output must have: fills rank, shape, row-major strides and
 * dtype of *out, not data. CAST and FILL: the caller sets out->dtype (FILL: and shape). */
VANE_API vane_status vane_infer(const vane_context *ctx, uint32_t op,
                                const vane_tensor *const *inputs, uint32_t n_in,
                                const vane_params *params, vane_tensor *out);

/* A prepared call: checked once, run often; it follows route changes by itself. The
 * tensors' descriptors and params are copied, their memory is not: it must stay. A plan
 * may run on one thread at a time. */
typedef struct vane_plan vane_plan;
VANE_API vane_status vane_plan_open(vane_context *ctx, uint32_t op,
                                    const vane_tensor *const *inputs, uint32_t n_in,
                                    vane_tensor *const *outputs, uint32_t n_out,
                                    const vane_params *params, vane_plan **out);
VANE_API vane_status vane_plan_run(vane_plan *plan);
VANE_API void vane_plan_close(vane_plan *plan);

/* Prepared calls that are made again and again, in order, on a stream. A run computes what its
 * calls would, given one after the other, from what the operands hold then: their contents may
 * change between runs, and so may the route of each call. Where all operands are in buffers whose
 * content one device has, and the device's backend can (vane/graph.h), a later run is one command
 * to the device, whatever the number of calls; nothing has to be said for that. It is call by call
 * again for as long as something stands against it: content that is elsewhere or was lost, a
 * mapping, a kernel of the CPU, somebody who watches or checks calls (VANE_STATS, VANE_TRACE,
 * VANE_VERIFY, ...).
 *
 * The plans are copied, and may be closed at once; the operands' memory must stay. A sequence may
 * run on any streams of its context, from any thread, and again while earlier runs are under way.
 * It is closed before the context and after the last call of run returned; work that is under way
 * goes on. */
typedef struct vane_sequence vane_sequence;
VANE_API vane_status vane_sequence_open(vane_context *ctx, vane_plan *const *plans, uint32_t count,
                                        vane_sequence **out);
/* Gives all calls to the stream, like vane_<op>_async. A buffer that was closed is found at once,
 * and nothing was given; another refusal (VANE_E_BUSY: a buffer is mapped) ends the run, and what
 * comes before it was given. Failures of work arrive at the wait, with the op's name; of work that
 * was launched by one command the first op's, and that it may be another of them. */
VANE_API vane_status vane_sequence_run(vane_stream *stream, vane_sequence *sequence);
VANE_API void vane_sequence_close(vane_sequence *sequence); /* NULL is nothing */

#ifdef __cplusplus
}
#endif

#include "vane/learned.h"
#include "vane/watch.h"

#endif
