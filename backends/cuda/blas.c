/* SPDX-License-Identifier: MIT */
/* blas.c - cuBLAS, when it is installed, as one more candidate for matmul and gemm.
 *
 * Its library is large: it is opened for the first product that is large enough to be asked about,
 * and a handle made for each queue that launches one. cuBLAS counts columns first: a row-major
 * product out = A B is out' = B' A' to it.
 */
#include "blas.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

#include "host.h"

struct cuda_blas {
    void *lib; /* NULL: not installed */
    int tried;
    cuda_blas_api api;
};

/* Below this many multiply-adds its launches cost more than it can gain. */
static const double least_work = 64.0 * 64 * 64;

/* ---- the library -------------------------------------------------------------------------- */

static int resolve(void *lib, cuda_blas_api *api)
{
    static const struct {
        const char *name;
        size_t at;
    } all[] = {
#define BLAS_FN(name, arguments) {#name, offsetof(cuda_blas_api, name)},
#include "blas.def"
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        void *p = dlsym(lib, all[i].name);
        if (!p)
            return 0;
        memcpy((char *)api + all[i].at, &p, sizeof p);
    }
    return 1;
}

/* It has threads and exit handlers of its own: once mapped, it stays. */
static void open_library(vane_backend *b)
{
    static const char *const names[] = {"libcublas.so.13", "libcublas.so.12"};
    cuda_blas *f = b->blas;
    int version = 0; /* of the driver, which runs cuBLAS of its own CUDA and earlier */
    const int is_old = b->cu.cuDriverGetVersion(&version) == CUDA_SUCCESS && version / 1000 < 13;
    for (size_t i = (size_t)is_old; !f->lib && i < sizeof names / sizeof names[0]; i++) {
        void *lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (lib && resolve(lib, &f->api))
            f->lib = lib;
        else if (lib)
            dlclose(lib);
    }
}

static int is_there(vane_backend *b)
{
    cuda_blas *f = b->blas;
    pthread_mutex_lock(&b->lock);
    if (!f->tried) {
        f->tried = 1;
        open_library(b);
        b->host->log(b->host->ctx, VANE_LOG_DEBUG,
                     f->lib ? "cuBLAS is used for matmul and gemm"
                            : "no libcublas.so.13 or .12: matmul and gemm are our own");
    }
    pthread_mutex_unlock(&b->lock);
    return f->lib != NULL;
}

cuda_blas *cuda_blas_open(const vane_host *host)
{
    const char *wanted = host->option(host->ctx, "cublas");
    if (wanted && strcmp(wanted, "0") == 0)
        return NULL;
    cuda_blas *f = host->alloc(host->ctx, sizeof *f, 64);
    if (f)
        *f = (cuda_blas){.lib = NULL};
    return f; /* NULL: then without it */
}

void cuda_blas_close(vane_backend *b)
{
    if (!b->blas)
        return;
    if (b->blas->lib)
        dlclose(b->blas->lib);
    b->host->free(b->host->ctx, b->blas);
    b->blas = NULL;
}

void cuda_blas_release(vane_queue *q)
{
    if (q->blas)
        q->device->backend->blas->api.cublasDestroy_v2(q->blas);
    if (q->blas_room)
        cuda_memory_give(q->device, q->stream, q->blas_room);
    q->blas = NULL;
    q->blas_room = 0;
}

/* ---- a call in BLAS's words ---------------------------------------------------------------- */

typedef struct side {
    uint64_t at;
    int64_t ld, step; /* step: from one matrix of the batch to the next */
    int trans;        /* columns are dense, not rows */
} side;

typedef struct product {
    int64_t m, n, k, batch;
    side a, b, out;
} product;

/* One stride is 1 and the other leads over a whole line. A dimension of 1 has any stride. */
static int matrix_of(const vane_view *v, side *out)
{
    const uint32_t r = v->rank - 2, c = v->rank - 1;
    const int64_t rows = v->shape[r], cols = v->shape[c];
    const int64_t col = cols == 1 ? 1 : v->stride[c];
    const int64_t row = rows > 1 ? v->stride[r] : col == 1 ? cols : 1;
    *out = (side){.at = cuda_view_at(v)};
    if (col == 1 && row >= cols) {
        out->ld = row;
        return row <= INT_MAX;
    }
    out->trans = 1;
    out->ld = col;
    return row == 1 && col >= rows && col <= INT_MAX;
}

/* The batch must be one step: dimensions that are not 1 and do not merge have more. */
static int batch_of(const vane_view *v, const vane_view *out, side *s)
{
    int64_t count = 1;
    for (int d = (int)v->rank - 3; d >= 0; d--) {
        if (out->shape[d] == 1)
            continue;
        if (count == 1)
            s->step = v->stride[d];
        else if (v->stride[d] != s->step * count)
            return 0;
        count *= out->shape[d];
    }
    return s->step >= 0;
}

/* out must be row-major, and an addend there already: 0 where BLAS cannot. */
static int product_of(const vane_call *call, product *p)
{
    const vane_view *out = &call->arg[call->n_arg - 1], *a = &call->arg[0], *b = &call->arg[1];
    const uint32_t r = out->rank - 2, c = out->rank - 1;
    *p = (product){.m = out->shape[r], .n = out->shape[c], .k = a->shape[c], .batch = 1};
    for (uint32_t d = 0; d < r; d++)
        p->batch *= out->shape[d];
    if (call->n_in == 3) /* it takes beta 0 for absence, and its output for the addend */
        return 0;
    return p->m <= INT_MAX && p->n <= INT_MAX && p->k > 0 && p->k <= INT_MAX &&
           p->batch <= INT_MAX && (double)p->m * (double)p->n * (double)p->k >= least_work &&
           matrix_of(a, &p->a) && matrix_of(b, &p->b) && matrix_of(out, &p->out) && !p->out.trans &&
           batch_of(a, out, &p->a) && batch_of(b, out, &p->b) && batch_of(out, out, &p->out);
}

/* Views have no memory yet: shapes and strides say it. */
vane_status cuda_device_accepts(vane_device *d, const vane_kernel *k, const vane_call *call)
{
    product p;
    (void)k;
    return d->backend->blas && product_of(call, &p) && is_there(d->backend) ? VANE_OK
                                                                            : VANE_E_UNSUPPORTED;
}

/* ---- launching ------------------------------------------------------------------------------ */

static vane_status blas_fail(vane_device *d, int code, const char *what)
{
    const vane_host *host = d->backend->host;
    /* what became of the context is not among its codes */
    const CUresult context = d->backend->cu.cuEventQuery(d->epoch);
    if (cuda_error_stays(context))
        return cuda_device_fail(d, context, what);
    /* cublasCreate says NOT_INITIALIZED where memory is short */
    if (code == BLAS_ALLOC_FAILED || code == BLAS_NOT_INITIALIZED)
        return host->fail(host->ctx, VANE_E_NOMEM, code, "%s: out of memory (%d)", what, code);
    if (code == BLAS_ARCH_MISMATCH || code == BLAS_NOT_SUPPORTED)
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, code, "%s: not on this device (%d)", what,
                          code);
    return host->fail(host->ctx, VANE_E_INTERNAL, code, "%s: cuBLAS gave its code %d", what, code);
}

#define ROOM_BYTES (UINT64_C(32) << 20) /* what it takes on its largest devices */

/* Memory of ours to work in, or it takes some of its own, outside the pool. */
static void give_room(vane_queue *q)
{
    CUdeviceptr room = 0;
    if (cuda_memory_take(q->device, q->stream, ROOM_BYTES, &room) != CUDA_SUCCESS)
        return;
    q->blas_room = room;
    if (q->device->backend->blas->api.cublasSetWorkspace_v2(q->blas, (void *)(uintptr_t)room,
                                                            ROOM_BYTES) == BLAS_SUCCESS)
        return;
    cuda_memory_give(q->device, q->stream, room);
    q->blas_room = 0;
}

static vane_status handle_of(vane_queue *q, void **out)
{
    vane_device *d = q->device;
    const cuda_blas_api *api = &d->backend->blas->api;
    *out = q->blas;
    if (q->blas)
        return VANE_OK;
    q->setups++;
    int code = api->cublasCreate_v2(&q->blas);
    if (code != BLAS_SUCCESS) {
        q->blas = NULL;
        return blas_fail(d, code, "cublasCreate");
    }
    code = api->cublasSetStream_v2(q->blas, q->stream);
    if (code != BLAS_SUCCESS) {
        cuda_blas_release(q);
        return blas_fail(d, code, "cublasSetStream");
    }
    code = api->cublasSetMathMode(q->blas, BLAS_MATH_EXACT_REDUCTION);
    if (code != BLAS_SUCCESS) {
        cuda_blas_release(q);
        return blas_fail(d, code, "cublasSetMathMode");
    }
    give_room(q);
    *out = q->blas;
    return VANE_OK;
}

static int blas_type(uint32_t dtype)
{
    switch (dtype) {
    case VANE_F64:
        return BLAS_R_64F;
    case VANE_F16:
        return BLAS_R_16F;
    case VANE_BF16:
        return BLAS_R_16BF;
    default:
        return BLAS_R_32F;
    }
}

static int multiply(const cuda_blas_api *api, void *handle, uint32_t dtype, const product *p,
                    double scale)
{
    const side *a = &p->a, *b = &p->b, *o = &p->out;
    const int type = blas_type(dtype), wide = dtype == VANE_F64;
    const float alpha = (float)scale, beta = 0;
    const double alpha_wide = scale, beta_wide = 0;
    return api->cublasGemmStridedBatchedEx(
        handle, b->trans ? BLAS_OP_T : BLAS_OP_N, a->trans ? BLAS_OP_T : BLAS_OP_N, (int)p->n,
        (int)p->m, (int)p->k, wide ? (const void *)&alpha_wide : &alpha,
        (const void *)(uintptr_t)b->at, type, (int)b->ld, b->step, (const void *)(uintptr_t)a->at,
        type, (int)a->ld, a->step, wide ? (const void *)&beta_wide : &beta,
        (void *)(uintptr_t)o->at, type, (int)o->ld, o->step, (int)p->batch,
        wide ? BLAS_COMPUTE_64F : BLAS_COMPUTE_32F, BLAS_GEMM_DEFAULT);
}

static vane_status run(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    vane_device *d = q->device;
    const vane_host *host = d->backend->host;
    void *handle;
    product p;
    if (!product_of(call, &p) || !is_there(d->backend))
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "cuBLAS was not asked for this product");
    const vane_status st = handle_of(q, &handle);
    if (st != VANE_OK)
        return st;
    const double scale = call->op == VANE_OP_GEMM ? call->params->gemm.alpha : 1;
    const int code = multiply(&d->backend->blas->api, handle, k->dtype, &p, scale);
    return code == BLAS_SUCCESS ? VANE_OK : blas_fail(d, code, "cublasGemmStridedBatchedEx");
}

int cuda_blas_kernel(const vane_device *d, uint32_t dtype, cuda_kernel *out)
{
    if (!d->backend->blas || dtype > VANE_BF16)
        return 0;
    out->run = run;
    cuda_kernel_describe(d, out, "cublas_gemm", 1);
    out->base.flags |= VANE_KERNEL_SELECTIVE;
    out->base.align_bytes = 16; /* what its vectors take for granted */
    return 1;
}
