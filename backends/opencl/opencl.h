/* SPDX-License-Identifier: MIT */
/* opencl.h - what the files of this backend share: its objects, and how a kernel is launched.
 *
 * One vane_device is one OpenCL device with a context of its own. Programs are built for one
 * (source, op, dtype, second dtype, variant) at their first launch, and kept on disk. A cl_kernel
 * holds its arguments, so every queue has cl_kernels of its own: the [queue] contract makes setting
 * them safe. The ICD loader is opened at run time; nothing is linked.
 */
#ifndef OCL_OPENCL_H
#define OCL_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "../common/dtype.h"
#include "vane/backend.h"

/* ---- the loader's functions (api.c) ---------------------------------------------- */

/* clang-format off */
#define OCL_API_MAP(X)                                                                        \
    X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo)             \
    X(clCreateContext) X(clReleaseContext) X(clCreateCommandQueue) X(clReleaseCommandQueue)   \
    X(clCreateBuffer) X(clReleaseMemObject)                                                   \
    X(clCreateProgramWithSource) X(clCreateProgramWithBinary) X(clBuildProgram)               \
    X(clGetProgramBuildInfo) X(clGetProgramInfo) X(clReleaseProgram)                          \
    X(clCreateKernel) X(clReleaseKernel) X(clSetKernelArg)                                    \
    X(clEnqueueNDRangeKernel) X(clEnqueueReadBuffer) X(clEnqueueWriteBuffer)                  \
    X(clEnqueueCopyBuffer) X(clEnqueueMapBuffer) X(clEnqueueUnmapMemObject)                   \
    X(clEnqueueMarkerWithWaitList) X(clEnqueueBarrierWithWaitList)                            \
    X(clWaitForEvents) X(clGetEventInfo) X(clGetEventProfilingInfo) X(clReleaseEvent)         \
    X(clSetEventCallback) X(clFlush) X(clFinish)
/* clang-format on */

typedef struct ocl_api {
#define OCL_API_FIELD(name) __typeof__(&name) name;
    OCL_API_MAP(OCL_API_FIELD)
#undef OCL_API_FIELD
} ocl_api;

/* dlopens the ICD loader and fills *api; *lib for ocl_api_close. */
vane_status ocl_api_open(const vane_host *host, void **lib, ocl_api *api);
void ocl_api_close(void *lib);
/* "CL_OUT_OF_RESOURCES"; never NULL. */
const char *ocl_error_name(cl_int code);
/* host->fail with the code's name and the status it stands for: CL_MEM_OBJECT_ALLOCATION_FAILURE
 * and CL_OUT_OF_*_MEMORY are VANE_E_NOMEM, CL_OUT_OF_RESOURCES VANE_E_NOMEM,
 * CL_DEVICE_NOT_AVAILABLE and CL_INVALID_COMMAND_QUEUE VANE_E_DEVICE_LOST, ... what:
 * "clEnqueueNDRangeKernel (add_f32)". */
vane_status ocl_fail(const vane_host *host, cl_int code, const char *what);
/* The same for a command of queue. CL_OUT_OF_RESOURCES is also what drivers say after a fault: if
 * queue (NULL: unknown) cannot be finished either, the device is lost. */
vane_status ocl_fail_queue(const vane_backend *b, cl_command_queue queue, cl_int code,
                           const char *what);

/* ---- objects --------------------------------------------------------------------- */

typedef struct ocl_blast ocl_blast;     /* blast.c: CLBlast, opened at run time */
typedef struct ocl_program ocl_program; /* program.c */
typedef struct ocl_events ocl_events;   /* event.c: the free ones */

/* One device that was found; its vane_device may not be open. */
typedef struct ocl_found {
    cl_device_id id;
    uint32_t platform; /* its number, in the loader's list */
} ocl_found;

struct vane_backend {
    const vane_host *host;
    void *lib;
    ocl_api cl;
    ocl_found *found;
    uint32_t found_count;
    ocl_blast *blast; /* NULL: not installed */
    ocl_events *events;
};

/* One entry of the device's kernel table. run launches on q; *out (unless out is NULL) gets the
 * event of the last command. Fails with host->fail's status; VANE_E_UNSUPPORTED only when the
 * program does not build. */
typedef struct ocl_kernel ocl_kernel;
typedef vane_status (*ocl_run)(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                               cl_event *out);
struct ocl_kernel {
    vane_kernel base; /* first: a vane_kernel of ours is an ocl_kernel */
    ocl_run run;      /* NULL: not supported */
    uint16_t op, dtype;
    char name[24];
};

struct vane_device {
    vane_backend *backend;
    cl_device_id id;
    cl_context context;
    int has_f64;        /* double precision: CL_DEVICE_DOUBLE_FP_CONFIG is not 0 */
    int is_cpu;         /* one work-item a core is better than many */
    int unified;        /* CL_DEVICE_HOST_UNIFIED_MEMORY: imports copy nothing */
    int exact_division; /* CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT */
    uint32_t compute_units;
    uint32_t clock_mhz;   /* 0: it does not say */
    uint32_t max_group;   /* work-items in a work-group */
    uint32_t group;       /* the work-group size of most kernels; a power of two */
    uint64_t local_bytes; /* of a work-group */
    char *identity;       /* device, driver and platform with versions: part of cache keys */
    atomic_uint frees;    /* of memory: a cl_mem that a kernel has may be gone */
    pthread_mutex_t lock; /* programs */
    ocl_program *programs;
    ocl_kernel kernels[VANE_OP_COUNT][VANE_DTYPE_COUNT];
    ocl_kernel blast[2][VANE_DTYPE_COUNT]; /* MATMUL, GEMM through CLBlast: alternatives */
};

struct vane_mem {
    vane_device *device;
    cl_mem mem;
    void *host;  /* host memory under it, or NULL */
    void *owned; /* the same where it is the backend's to free */
    uint64_t bytes;
};

#define OCL_KEPT 16u /* no fewer than the core launches in a row without an event */

typedef struct ocl_args ocl_args; /* args.c: more kernels, and the arguments that each has */
typedef struct ocl_slot {
    uint32_t key; /* 0: free */
    cl_kernel kernel;
    ocl_args *args; /* NULL: nobody remembers its arguments */
} ocl_slot;

struct vane_queue {
    vane_device *device;
    cl_command_queue queue;
    ocl_slot *slots; /* open addressing; program.c */
    uint32_t slot_mask, slots_used;
    vane_mem *scratch[4];  /* kept while memory suffices: in-order use needs no more */
    uint32_t scratch_held; /* bits: slots that the call in progress has asked for */
    atomic_uint callbacks; /* that have not run */
    cl_event
        kept[OCL_KEPT]; /* of launches without an event for the core, since the last that had */
    uint32_t n_kept;
};

struct vane_event {
    vane_backend *backend;
    cl_event event;
    cl_event kept[OCL_KEPT]; /* of launches before it: a failure of theirs is its own */
    uint32_t n_kept;
};

/* ---- launching (program.c, launch.c) --------------------------------------------- */

/* The sources, embedded by the build; build.c adds the files that several share. */
typedef enum ocl_source {
    OCL_SOURCE_ELEMENTWISE, /* elementwise.cl */
    OCL_SOURCE_MOVE,        /* move.cl: copy, transpose, concat, cast, fill, where */
    OCL_SOURCE_REDUCE,      /* reduce.cl: sums, extremes, products, dot */
    OCL_SOURCE_SOFTMAX,     /* softmax.cl */
    OCL_SOURCE_MATMUL,      /* matmul.cl: matmul and gemm */
    OCL_SOURCE_ARGMAX,      /* argmax.cl */
    OCL_SOURCE_COUNT
} ocl_source;

/* Which function of which program. The program is built with -DOP_<NAME> (OP_ADD), -DT_<dtype>
 * (T_f32), -DT2_<dtype> where dtype2 is not OCL_NO_DTYPE, -DVARIANT=<variant>, and what of the
 * device matters: -DGROUP, -DON_CPU, -DEXACT_DIVISION. function is the name of the __kernel; names
 * must be unique by (source, op, dtype, dtype2, variant, function's number), so each source numbers
 * its functions from 0 to 7. */
#define OCL_NO_DTYPE 15u
typedef struct ocl_function {
    ocl_source source;
    uint32_t op, dtype, dtype2; /* OCL_NO_DTYPE: none */
    uint32_t variant;           /* 0 to 7: specialisations of one source */
    uint32_t number;            /* 0 to 7 */
    const char *function;
} ocl_function;

/* The queue's cl_kernel for f, built or loaded at the first ask (milliseconds, then nanoseconds).
 * VANE_E_UNSUPPORTED: it does not build; the log went to host->report. */
vane_status ocl_function_get(vane_queue *q, const ocl_function *f, cl_kernel *out);
/* The same with its place, which stays until the next ask. */
vane_status ocl_function_slot(vane_queue *q, const ocl_function *f, ocl_slot **out);

/* Sets one argument; the first failure sticks in *code. */
#define OCL_ARG(q, kernel, i, value, code)                                    \
    ((code) = (code) != CL_SUCCESS ? (code)                                   \
                                   : (q)->device->backend->cl.clSetKernelArg( \
                                         (kernel), (i), sizeof(value), &(value)))

/* Enqueues kernel; code: what OCL_ARG left. global is rounded up to multiples of local by the
 * caller. name for the sentence. */
vane_status ocl_launch(vane_queue *q, cl_kernel kernel, cl_int code, uint32_t dims,
                       const size_t *global, const size_t *local, const char *name, cl_event *out);
/* Scratch memory of the queue, at least bytes, valid until the next ask for the same slot by a
 * later call on this queue (in-order execution makes reuse safe). slot: 0 to 3. */
vane_status ocl_scratch(vane_queue *q, uint32_t slot, uint64_t bytes, cl_mem *out);

/* ---- operands (view.c) ----------------------------------------------------------- */

/* The operand's memory, or NULL where it is empty. */
cl_mem ocl_view_mem(const vane_view *v);
/* The place of the element with index 0, in elements. */
int64_t ocl_view_at(const vane_view *v);

/* ---- the families: 1 when (op, dtype) is theirs: base and run of *out are filled ---- */
/* out->op and out->dtype are set before; of VANE_F64 only devices that have it are asked. */

int ocl_elementwise_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);
int ocl_move_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);
int ocl_reduce_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);
int ocl_argmax_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);
int ocl_softmax_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);
int ocl_matmul_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);

/* blast.c: NULL when the library is not installed (never an error). */
ocl_blast *ocl_blast_open(const vane_host *host);
void ocl_blast_close(ocl_blast *b);
int ocl_blast_kernel(const vane_device *d, uint32_t dtype, ocl_kernel *out);
/* accepts() of the contract for CLBlast's kernels. */
vane_status ocl_blast_accepts(vane_device *d, const vane_kernel *k, const vane_call *call);

/* Fills name, flags, rates and struct_size of out->base; rates by the device and the kind:
 * bound by memory (flops 0) or by arithmetic. */
void ocl_kernel_describe(const vane_device *d, ocl_kernel *out, const char *stem,
                         double flop_share);

#endif
