/* SPDX-License-Identifier: MIT */
/* gpu.h - what the files of this backend share: its objects, and how a kernel is launched.
 *
 * One vane_device is one GPU, with its primary context, which other libraries of the process share.
 * Device code comes as one fatbin for each file of kernels/, loaded at the first launch from it.
 * The driver is opened at run time; nothing is linked.
 */
#ifndef CUDA_GPU_H
#define CUDA_GPU_H

#include <pthread.h>
#include <stdatomic.h>

#include "../common/dtype.h"
#include "driver.h"
#include "vane/backend.h"

#define CUDA_GROUP 256u /* threads of a block, of most kernels */

/* ---- the files of kernels/, and the kernels in them --------------------------------- */

/* A kernel's name is its stem and a data type, stem_f32, or the size of an element, stem_4. */
typedef enum cuda_by { CUDA_BY_DTYPE, CUDA_BY_SIZE } cuda_by;
typedef enum cuda_file {
#define CUDA_FILE(ID, name) CUDA_FILE_##ID,
#define CUDA_STEM(ID, name, FILE, BY, threads)
#include "stems.def"
    CUDA_FILE_COUNT
} cuda_file;
typedef enum cuda_stem {
#define CUDA_FILE(ID, name)
#define CUDA_STEM(ID, name, FILE, BY, threads) CUDA_STEM_##ID,
#include "stems.def"
    CUDA_STEM_COUNT
} cuda_stem;

/* What is known of one kernel on one device. */
typedef struct cuda_function {
    _Atomic(CUfunction) function; /* NULL: not looked up */
    uint32_t blocks;              /* that the device runs at once */
} cuda_function;

/* ---- objects ------------------------------------------------------------------------ */

typedef struct cuda_nvml cuda_nvml; /* nvml.c */
typedef struct cuda_blas cuda_blas; /* blas.c */

struct vane_backend {
    const vane_host *host;
    void *lib;
    cuda_driver cu;
    pthread_mutex_t lock; /* of opening NVML and cuBLAS */
    cuda_nvml *nvml;      /* NULL: not there, or nobody asked */
    int nvml_tried;
    cuda_blas *blas; /* NULL: not wanted */
    CUdevice *found; /* those that can be used */
    uint32_t found_count;
};

/* One entry of the device's kernel table. run launches on q; it fails with host->fail's status. */
typedef struct cuda_kernel cuda_kernel;
typedef vane_status (*cuda_run)(vane_queue *q, const cuda_kernel *k, const vane_call *call);
struct cuda_kernel {
    vane_kernel base; /* first: a vane_kernel of ours is a cuda_kernel */
    cuda_run run;     /* NULL: not supported */
    uint16_t op, dtype;
    char name[24];
};

struct vane_device {
    vane_backend *backend;
    CUdevice id;
    CUcontext context;   /* NULL: nothing needed it so far, or it was given up (renew.c) */
    CUmemoryPool pool;   /* NULL: the driver or the device has none */
    CUstream memory;     /* the order of allocations and frees */
    CUevent epoch;       /* where times begin; under time */
    uint64_t epoch_ns;   /* the same by the host's clock */
    atomic_int lost;     /* the CUresult it was lost with, or 0 */
    atomic_uint inside;  /* threads that use what is in its context */
    atomic_uint pinned;  /* blocks of the host's memory in its context */
    uint32_t processors; /* streaming multiprocessors */
    uint32_t major, minor;
    uint32_t clock_mhz, memory_mhz, bus_bits;
    pthread_mutex_t lock; /* of what its context has: the next five */
    void *free_events;    /* event.c's */
    void *events;         /* the same: all of them */
    vane_queue *queues;
    vane_mem *memories;
    struct vane_graph *graphs;
    pthread_mutex_t time; /* the epoch */
    pthread_mutex_t code; /* modules and functions */
    CUmodule modules[CUDA_FILE_COUNT];
    cuda_function functions[CUDA_STEM_COUNT][VANE_DTYPE_COUNT];
    void *nvml; /* its handle for this device, or NULL */
    cuda_kernel kernels[VANE_OP_COUNT][VANE_DTYPE_COUNT];
    cuda_kernel blas[2][VANE_DTYPE_COUNT]; /* MATMUL, GEMM through cuBLAS: alternatives */
};

struct vane_mem {
    vane_device *device;
    CUdeviceptr at; /* 0: it was lost with the device */
    void *host;     /* the same memory for the host: pinned */
    uint64_t bytes;
    vane_mem *next, **at_link; /* of the device's */
};

typedef struct cuda_staging cuda_staging; /* transfer.c */
struct vane_queue {
    vane_device *device;
    CUstream stream;             /* NULL: its device is lost */
    vane_queue *next, **at_link; /* of the device's */
    uint64_t setups;             /* pieces of work that only the first command of its kind has */
    cuda_staging *staging;       /* NULL: no transfer needed it so far */
    CUdeviceptr scratch;         /* kept while memory suffices: in-order use needs no more */
    uint64_t scratch_bytes;
    uint64_t scratch_moves; /* how often it was given back for more */
    void *blas;             /* a handle of cuBLAS's, or NULL */
    CUdeviceptr blas_room;  /* it works in */
    CUdeviceptr counters;   /* zeros, between two launches; 0: nobody needed them */
    int records;            /* launches go into a graph: nothing is allocated or loaded (graph.c) */
};

struct vane_event {
    vane_device *device;
    CUevent begin, end; /* begin is recorded where timed; NULL: it went with a lost context */
    int timed;
    uint64_t setups; /* its queue's, where it began */
};

/* ---- the driver (api.c) --------------------------------------------------------------- */

/* dlopens libcuda.so.1 and fills *cu; *lib for cuda_api_close. */
vane_status cuda_api_open(const vane_host *host, void **lib, cuda_driver *cu);
void cuda_api_close(void *lib);
/* "CUDA_ERROR_OUT_OF_MEMORY"; never NULL. */
const char *cuda_error_name(CUresult code);
/* After it a context answers nothing else. */
int cuda_error_stays(CUresult code);
/* Another error: it concerns the call that gave it, and the same call may succeed when asked again.
 */
int cuda_error_passes(CUresult code);
#define CUDA_ASKS 3 /* so often */
/* host->fail with the code's name and the status it stands for. */
vane_status cuda_fail(const vane_host *host, CUresult code, const char *what);
/* The same for a call that concerns d: after some errors its context answers nothing else, and the
 * device is lost. Before leave: after it d may have been made anew, and is well. */
vane_status cuda_device_fail(vane_device *d, CUresult code, const char *what);
/* The same for a call that concerns two: which of them is it? */
vane_status cuda_devices_fail(vane_device *d, vane_device *other, CUresult code, const char *what);

/* Makes d's context current on this thread, or says why not; leave after each enter that did.
 * Nobody makes d anew in between. */
vane_status cuda_enter(vane_device *d);
void cuda_leave(vane_device *d);
/* The same without making it current: for what another device has to do with d. */
vane_status cuda_hold(vane_device *d);
void cuda_let_go(vane_device *d);
/* Of memory and events from before d was made anew. */
vane_status cuda_was_lost(vane_device *d, const char *what);

/* ---- launching (module.c, launch.c) ---------------------------------------------------- */

/* The kernel, loaded at the first ask. VANE_E_UNSUPPORTED: the driver has no use for its code; the
 * reason went to host->report. */
vane_status cuda_function_get(vane_device *d, cuda_stem stem, uint32_t dtype, cuda_function **out);
/* The same for a launch on q, which may be recorded for a graph. */
vane_status cuda_function_for(vane_queue *q, cuda_stem stem, uint32_t dtype, cuda_function **out);
/* Launches it in a grid of x by y blocks on args, its parameter. */
vane_status cuda_launch(vane_queue *q, cuda_stem stem, uint32_t dtype, const void *args, uint32_t x,
                        uint32_t y);
/* The same in as many blocks as items need, of per_thread items a thread, but no more than the
 * device runs at once: the kernel's threads stride over the rest. */
vane_status cuda_launch_over(vane_queue *q, cuda_stem stem, uint32_t dtype, const void *args,
                             uint64_t items);
/* Memory of the queue, at least bytes, until a later call on it asks. */
vane_status cuda_scratch(vane_queue *q, uint64_t bytes, CUdeviceptr *out);
/* CUDA_COUNTERS unsigned zeros; who counts in them leaves zeros. */
#define CUDA_COUNTERS 4096u
vane_status cuda_counters(vane_queue *q, CUdeviceptr *out);

/* ---- operands -------------------------------------------------------------------------- */

/* Where the element with index 0 is; 0 where the operand is empty. */
static inline uint64_t cuda_view_at(const vane_view *v)
{
    return v->mem ? (uint64_t)v->mem->at + v->offset_bytes : 0;
}

/* ---- the families: 1 when (op, dtype) is theirs: base and run of *out are filled -------- */
/* out->op and out->dtype are set before. */

int cuda_elementwise_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out);
int cuda_reduce_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out);
int cuda_softmax_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out);
int cuda_matmul_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out);
/* blas.c; op: MATMUL or GEMM */
int cuda_blas_kernel(const vane_device *d, uint32_t dtype, cuda_kernel *out);
int cuda_move_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out);

/* Fills name, flags, rates and struct_size of out->base; rates by the device and the kind: bound
 * by memory (flop_share 0) or by arithmetic. */
void cuda_kernel_describe(const vane_device *d, cuda_kernel *out, const char *stem,
                          double flop_share);

#endif
