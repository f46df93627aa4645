/* SPDX-License-Identifier: MIT */
/* blast.c - CLBlast, when it is installed, as one more candidate for matmul and gemm.
 *
 * Opening the library takes milliseconds (it brings the C++ runtime), so that waits for the first
 * product that is large enough for it to be asked. It compiles its own kernels, at their first
 * use. Its C functions catch what C++ throws; their codes are OpenCL's or below -1000.
 */
#include <dlfcn.h>
#include <string.h>

#include "opencl.h"

/* As clblast_c.h has them: the header may be absent where this is built. */
enum { BLAST_ROW_MAJOR = 101, BLAST_AS_IT_IS = 111, BLAST_TRANSPOSED = 112 };
typedef int (*blast_sgemm)(int layout, int a_trans, int b_trans, size_t m, size_t n, size_t k,
                           float alpha, cl_mem a, size_t a_at, size_t a_ld, size_t a_step, cl_mem b,
                           size_t b_at, size_t b_ld, size_t b_step, float beta, cl_mem c,
                           size_t c_at, size_t c_ld, size_t c_step, size_t batch,
                           cl_command_queue *queue, cl_event *event);
typedef int (*blast_dgemm)(int layout, int a_trans, int b_trans, size_t m, size_t n, size_t k,
                           double alpha, cl_mem a, size_t a_at, size_t a_ld, size_t a_step,
                           cl_mem b, size_t b_at, size_t b_ld, size_t b_step, double beta, cl_mem c,
                           size_t c_at, size_t c_ld, size_t c_step, size_t batch,
                           cl_command_queue *queue, cl_event *event);
typedef int (*blast_sgemm_one)(int layout, int a_trans, int b_trans, size_t m, size_t n, size_t k,
                               float alpha, cl_mem a, size_t a_at, size_t a_ld, cl_mem b,
                               size_t b_at, size_t b_ld, float beta, cl_mem c, size_t c_at,
                               size_t c_ld, cl_command_queue *queue, cl_event *event);
typedef int (*blast_dgemm_one)(int layout, int a_trans, int b_trans, size_t m, size_t n, size_t k,
                               double alpha, cl_mem a, size_t a_at, size_t a_ld, cl_mem b,
                               size_t b_at, size_t b_ld, double beta, cl_mem c, size_t c_at,
                               size_t c_ld, cl_command_queue *queue, cl_event *event);

struct ocl_blast {
    const vane_host *host;
    pthread_mutex_t lock; /* of opening */
    int tried;
    void *lib;
    blast_sgemm_one sgemm;
    blast_dgemm_one dgemm;
    blast_sgemm sgemm_batch;
    blast_dgemm dgemm_batch;
    int (*clear_cache)(void);
};

/* Below this many multiply-adds its launches cost more than it can gain. */
static const double least_work = 32.0 * 32 * 32;

/* ---- the library ----------------------------------------------------------------- */

static int resolve(void *lib, const char *name, void *out)
{
    void *p = dlsym(lib, name);
    memcpy(out, &p, sizeof p); /* ISO C has no cast from a data to a function pointer */
    return p != NULL;
}

static void open_library(ocl_blast *b)
{
    void *lib = dlopen("libclblast.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!lib)
        return;
    if (resolve(lib, "CLBlastSgemm", &b->sgemm) && resolve(lib, "CLBlastDgemm", &b->dgemm) &&
        resolve(lib, "CLBlastSgemmStridedBatched", &b->sgemm_batch) &&
        resolve(lib, "CLBlastDgemmStridedBatched", &b->dgemm_batch) &&
        resolve(lib, "CLBlastClearCache", &b->clear_cache))
        b->lib = lib;
    else
        dlclose(lib);
}

static int is_there(ocl_blast *b)
{
    pthread_mutex_lock(&b->lock);
    if (!b->tried) {
        open_library(b);
        b->host->log(b->host->ctx, VANE_LOG_DEBUG,
                     b->lib ? "CLBlast is used for matmul and gemm"
                            : "libclblast.so.1 is not installed: matmul and gemm are our own");
    }
    b->tried = 1;
    pthread_mutex_unlock(&b->lock);
    return b->lib != NULL;
}

ocl_blast *ocl_blast_open(const vane_host *host)
{
    const char *wanted = host->option(host->ctx, "clblast");
    if (wanted && strcmp(wanted, "0") == 0)
        return NULL;
    ocl_blast *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return NULL; /* then without it */
    *b = (ocl_blast){.host = host};
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

void ocl_blast_close(ocl_blast *b)
{
    if (!b)
        return;
    if (b->lib) {
        b->clear_cache(); /* its programs hold our contexts */
        dlclose(b->lib);
    }
    pthread_mutex_destroy(&b->lock);
    b->host->free(b->host->ctx, b);
}

/* ---- a call in BLAS's words ------------------------------------------------------ */

typedef struct side {
    cl_mem mem;
    size_t at, ld, step; /* step: from one matrix of the batch to the next */
    int trans;
} side;

typedef struct product {
    size_t m, n, k, batch;
    side a, b, out, c; /* c: where the addend is; same layout as out */
    double alpha, beta;
    int has_c;
} product;

/* Row-major, or transposed: one stride is 1 and the other leads over a whole line. A dimension of
 * 1 has any stride. */
static int matrix_of(const vane_view *v, size_t element_bytes, side *out)
{
    const uint32_t r = v->rank - 2, c = v->rank - 1;
    const int64_t rows = v->shape[r], cols = v->shape[c];
    const int64_t col = cols == 1 ? 1 : v->stride[c];
    const int64_t row = rows > 1 ? v->stride[r] : col == 1 ? cols : 1;
    *out = (side){.mem = ocl_view_mem(v), .at = v->offset_bytes / element_bytes};
    if (col == 1 && row >= cols) {
        out->ld = (size_t)row;
        return 1;
    }
    out->trans = 1;
    out->ld = (size_t)col;
    return row == 1 && col >= rows;
}

/* The batch must be one step: dimensions that are not 1 and do not merge have more. */
static int batch_of(const vane_view *v, const vane_view *out, side *s)
{
    int64_t step = 0, count = 1;
    for (int d = (int)v->rank - 3; d >= 0; d--) {
        if (out->shape[d] == 1)
            continue;
        if (count == 1)
            step = v->stride[d];
        else if (v->stride[d] != step * count)
            return 0;
        count *= out->shape[d];
    }
    s->step = (size_t)step;
    return step >= 0;
}

/* out must be row-major: its transpose would be that of b' a'. Returns 0 where BLAS cannot. */
static int product_of(const vane_call *call, size_t element_bytes, product *p)
{
    const vane_view *out = &call->arg[call->n_arg - 1], *a = &call->arg[0], *b = &call->arg[1];
    const uint32_t r = out->rank - 2, c = out->rank - 1;
    *p = (product){.m = (size_t)out->shape[r], .n = (size_t)out->shape[c], .alpha = 1};
    p->k = (size_t)a->shape[c];
    p->batch = 1;
    for (uint32_t d = 0; d < r; d++)
        p->batch *= (size_t)out->shape[d];
    if (call->op == VANE_OP_GEMM) {
        p->alpha = call->params->gemm.alpha;
        p->beta = call->params->gemm.beta;
    }
    p->has_c = call->n_in == 3;
    if (p->has_c) {
        /* copied into out first: so both are dense and alike. It takes beta 0 for absence */
        const vane_view *add = &call->arg[2];
        const int absent = element_bytes == 4 ? (float)p->beta == 0 : p->beta == 0;
        if (absent || p->batch != 1 || !matrix_of(add, element_bytes, &p->c) || p->c.trans ||
            p->c.ld != p->n)
            return 0;
    } else {
        p->beta = 0;
    }
    return p->m && p->n && p->k && (double)p->m * (double)p->n * (double)p->k >= least_work &&
           matrix_of(a, element_bytes, &p->a) && matrix_of(b, element_bytes, &p->b) &&
           matrix_of(out, element_bytes, &p->out) && !p->out.trans &&
           (!p->has_c || p->out.ld == p->n) && batch_of(a, out, &p->a) && batch_of(b, out, &p->b) &&
           batch_of(out, out, &p->out) && (p->batch == 1 || p->out.step >= p->m * p->out.ld);
}

vane_status ocl_blast_accepts(vane_device *d, const vane_kernel *k, const vane_call *call)
{
    product p;
    (void)k;
    return product_of(call, common_dtype_bytes(call->dtype), &p) && is_there(d->backend->blast)
               ? VANE_OK
               : VANE_E_UNSUPPORTED;
}

/* ---- launching ------------------------------------------------------------------- */

static int multiply(const ocl_blast *f, uint32_t dtype, const product *p, cl_command_queue *q,
                    cl_event *e)
{
    const side *a = &p->a, *b = &p->b, *o = &p->out;
    const int ta = a->trans ? BLAST_TRANSPOSED : BLAST_AS_IT_IS;
    const int tb = b->trans ? BLAST_TRANSPOSED : BLAST_AS_IT_IS;
    const int rm = BLAST_ROW_MAJOR;
    if (dtype == VANE_F64)
        return p->batch == 1
                   ? f->dgemm(rm, ta, tb, p->m, p->n, p->k, p->alpha, a->mem, a->at, a->ld, b->mem,
                              b->at, b->ld, p->beta, o->mem, o->at, o->ld, q, e)
                   : f->dgemm_batch(rm, ta, tb, p->m, p->n, p->k, p->alpha, a->mem, a->at, a->ld,
                                    a->step, b->mem, b->at, b->ld, b->step, p->beta, o->mem, o->at,
                                    o->ld, o->step, p->batch, q, e);
    const float alpha = (float)p->alpha, beta = (float)p->beta;
    return p->batch == 1 ? f->sgemm(rm, ta, tb, p->m, p->n, p->k, alpha, a->mem, a->at, a->ld,
                                    b->mem, b->at, b->ld, beta, o->mem, o->at, o->ld, q, e)
                         : f->sgemm_batch(rm, ta, tb, p->m, p->n, p->k, alpha, a->mem, a->at, a->ld,
                                          a->step, b->mem, b->at, b->ld, b->step, beta, o->mem,
                                          o->at, o->ld, o->step, p->batch, q, e);
}

/* CLBlast hands OpenCL's codes on. Its own say that it cannot do this here (no double precision,
 * a tuning that does not fit): then it is left out. */
static vane_status blast_fail(const vane_host *host, int code)
{
    if (code > -100)
        return ocl_fail(host, code, "CLBlast");
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, code, "CLBlast gave its code %d", code);
}

static vane_status run_blast(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                             cl_event *out)
{
    ocl_blast *f = q->device->backend->blast;
    const vane_host *host = q->device->backend->host;
    const size_t bytes = common_dtype_bytes(k->dtype);
    product p;
    cl_int code = CL_SUCCESS;
    if (!product_of(call, bytes, &p) || !is_there(f))
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "CLBlast was not asked for this product");
    if (p.has_c)
        code = q->device->backend->cl.clEnqueueCopyBuffer(q->queue, p.c.mem, p.out.mem,
                                                          p.c.at * bytes, p.out.at * bytes,
                                                          p.m * p.n * bytes, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return ocl_fail(host, code, "clEnqueueCopyBuffer");
    code = multiply(f, k->dtype, &p, &q->queue, out);
    return code == CL_SUCCESS ? VANE_OK : blast_fail(host, code);
}

int ocl_blast_kernel(const vane_device *d, uint32_t dtype, ocl_kernel *out)
{
    if (!d->backend->blast || (dtype != VANE_F32 && dtype != VANE_F64))
        return 0;
    out->run = run_blast;
    ocl_kernel_describe(d, out, "clblast_gemm", 1);
    out->base.flags |= VANE_KERNEL_SELECTIVE;
    /* it loads whole vectors wherever leading dimensions and offsets allow it, and takes for
     * granted that memory begins on such a boundary, which a program's own need not */
    out->base.align_bytes = 64;
    return 1;
}
