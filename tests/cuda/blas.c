/* SPDX-License-Identifier: MIT */
/* blas.c - a stand-in for cuBLAS: strided batches of products, column by column, on the stand-in
 * driver's streams and with its checks of memory. */
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "fake.h"
#include "load.h" /* of backends/scalar */

typedef struct blas {
    fake_context *ctx;
    CUstream stream;
    int mode;
} blas;

#define BLAS_FN(name, arguments) int name arguments;
#include "blas.def"

/* Of what a context was lost with, it has no codes. */
#define BLAS_CALL()                    \
    FAKE_CALL_AS(int, FAKE_EVEN_LOST); \
    if (ctx->lost)                     \
    return (int)fake_done((CUresult)BLAS_EXECUTION_FAILED)

int cublasCreate_v2(void **handle)
{
    BLAS_CALL();
    blas *b = handle ? calloc(1, sizeof *b) : NULL;
    if (!b)
        return (int)fake_done((CUresult)(handle ? BLAS_ALLOC_FAILED : BLAS_INVALID_VALUE));
    b->ctx = ctx;
    *handle = fake_handle_new(FAKE_BLAS, b);
    return (int)fake_done((CUresult)BLAS_SUCCESS);
}

int cublasDestroy_v2(void *handle)
{
    FAKE_CALL_AS(int, FAKE_EVEN_LOST);
    blas *b = fake_get(FAKE_BLAS, handle);
    if (!b)
        return (int)fake_done((CUresult)BLAS_NOT_INITIALIZED);
    fake_handle_free(FAKE_BLAS, handle);
    free(b);
    return (int)fake_done((CUresult)BLAS_SUCCESS);
}

int cublasSetStream_v2(void *handle, CUstream stream)
{
    BLAS_CALL();
    blas *b = fake_get(FAKE_BLAS, handle);
    if (!b || !fake_stream_get(ctx, stream))
        return (int)fake_done((CUresult)BLAS_NOT_INITIALIZED);
    b->stream = stream;
    return (int)fake_done((CUresult)BLAS_SUCCESS);
}

int cublasSetMathMode(void *handle, int mode)
{
    BLAS_CALL();
    blas *b = fake_get(FAKE_BLAS, handle);
    if (!b)
        return (int)fake_done((CUresult)BLAS_NOT_INITIALIZED);
    b->mode = mode;
    return (int)fake_done((CUresult)BLAS_SUCCESS);
}

int cublasSetWorkspace_v2(void *handle, void *workspace, size_t bytes)
{
    BLAS_CALL();
    const CUdeviceptr at = (CUdeviceptr)(uintptr_t)workspace;
    if (!fake_get(FAKE_BLAS, handle))
        return (int)fake_done((CUresult)BLAS_NOT_INITIALIZED);
    if (bytes > 0 && (at % 256 || !fake_block_find(at, bytes)))
        return (int)fake_done(fake_misuse((CUresult)BLAS_INVALID_VALUE,
                                          "a workspace that is no memory, or not aligned to 256"));
    return (int)fake_done((CUresult)BLAS_SUCCESS);
}

/* ---- products --------------------------------------------------------------------------- */

typedef struct product {
    int trans_a, trans_b, m, n, k, batch, type, c_type, lda, ldb, ldc;
    long long stride_a, stride_b, stride_c;
    double alpha, beta;
} product;

static size_t type_bytes(int type)
{
    return type == BLAS_R_64F ? 8 : type == BLAS_R_32F ? 4 : 2;
}

static double load(const char *p, long long i, int type)
{
    switch (type) {
    case BLAS_R_64F:
        return load_f64(p, i);
    case BLAS_R_32F:
        return load_f32(p, i);
    default:
        return type == BLAS_R_16F ? load_f16(p, i) : load_bf16(p, i);
    }
}

static void store(char *p, long long i, int type, double v)
{
    if (type == BLAS_R_64F)
        put_f64(p, i, v);
    else if (type == BLAS_R_32F)
        put_f32(p, i, v);
    else if (type == BLAS_R_16F)
        put_f16(p, i, v);
    else
        put_bf16(p, i, v);
}

static double element(const product *p, const char *a, const char *b, int row, int column)
{
    double sum = 0;
    for (int i = 0; i < p->k; i++) {
        const long long at = p->trans_a ? i + (long long)row * p->lda : row + (long long)i * p->lda;
        const long long bt =
            p->trans_b ? column + (long long)i * p->ldb : i + (long long)column * p->ldb;
        sum += load(a, at, p->type) * load(b, bt, p->type);
    }
    return sum;
}

static void multiply(char *const *places, const void *arg)
{
    const product *p = arg;
    for (long long at = 0; at < p->batch; at++) {
        const char *a = places[0] + at * p->stride_a * (long long)type_bytes(p->type);
        const char *b = places[1] + at * p->stride_b * (long long)type_bytes(p->type);
        char *c = places[2] + at * p->stride_c * (long long)type_bytes(p->c_type);
        for (int j = 0; j < p->n; j++)
            for (int i = 0; i < p->m; i++) {
                const long long to = i + (long long)j * p->ldc;
                const double old = p->beta != 0 ? p->beta * load(c, to, p->c_type) : 0;
                store(c, to, p->c_type, p->alpha * element(p, a, b, i, j) + old);
            }
    }
}

/* The bytes from a matrix' first element to the batch's last. */
static uint64_t extent(int rows, int columns, int ld, long long stride, int batch, int type)
{
    if (rows == 0 || columns == 0 || batch == 0)
        return 0;
    return (uint64_t)((batch - 1) * stride + (long long)(columns - 1) * ld + rows) *
           type_bytes(type);
}

static int is_known(const product *p, int a_type, int b_type, int compute_type)
{
    const int wide = p->type == BLAS_R_64F;
    const int types =
        a_type == b_type && (wide ? p->c_type == BLAS_R_64F : p->c_type != BLAS_R_64F);
    const int rows_a = p->trans_a ? p->k : p->m, rows_b = p->trans_b ? p->n : p->k;
    return types && compute_type == (wide ? BLAS_COMPUTE_64F : BLAS_COMPUTE_32F) && p->m >= 0 &&
           p->n >= 0 && p->k >= 0 && p->batch >= 0 && p->lda >= (rows_a > 1 ? rows_a : 1) &&
           p->ldb >= (rows_b > 1 ? rows_b : 1) && p->ldc >= (p->m > 1 ? p->m : 1);
}

int cublasGemmStridedBatchedEx(void *handle, int trans_a, int trans_b, int m, int n, int k,
                               const void *alpha, const void *a, int a_type, int lda,
                               long long stride_a, const void *b, int b_type, int ldb,
                               long long stride_b, const void *beta, void *c, int c_type, int ldc,
                               long long stride_c, int batch, int compute_type, int algo)
{
    BLAS_CALL();
    const blas *h = fake_get(FAKE_BLAS, handle);
    (void)algo;
    if (!h || h->ctx != ctx || !alpha || !beta)
        return (int)fake_done((CUresult)(h ? BLAS_INVALID_VALUE : BLAS_NOT_INITIALIZED));
    const int scale =
        compute_type == BLAS_COMPUTE_64F ? BLAS_R_64F : BLAS_R_32F; /* of alpha and beta */
    const product p = {.trans_a = trans_a,
                       .trans_b = trans_b,
                       .m = m,
                       .n = n,
                       .k = k,
                       .batch = batch,
                       .type = a_type,
                       .c_type = c_type,
                       .lda = lda,
                       .ldb = ldb,
                       .ldc = ldc,
                       .stride_a = stride_a,
                       .stride_b = stride_b,
                       .stride_c = stride_c,
                       .alpha = load(alpha, 0, scale),
                       .beta = load(beta, 0, scale)};
    if (!is_known(&p, a_type, b_type, compute_type))
        return (int)fake_done(
            fake_misuse((CUresult)BLAS_INVALID_VALUE, "a product of sizes or types that are none"));
    if (type_bytes(a_type) == 2 && h->mode != BLAS_MATH_EXACT_REDUCTION)
        return (int)fake_done(fake_misuse((CUresult)BLAS_INVALID_VALUE,
                                          "sums of halves may be halves: its math mode allows it"));
    const CUstream stream = h->stream;
    const fake_operand operand[] = {
        {(CUdeviceptr)(uintptr_t)a,
         extent(trans_a ? k : m, trans_a ? m : k, lda, stride_a, batch, a_type), 0},
        {(CUdeviceptr)(uintptr_t)b,
         extent(trans_b ? n : k, trans_b ? k : n, ldb, stride_b, batch, b_type), 0},
        {(CUdeviceptr)(uintptr_t)c, extent(m, n, ldc, stride_c, batch, c_type), 1}};
    fake_done(CUDA_SUCCESS);
    if (m == 0 || n == 0 || batch == 0)
        return BLAS_SUCCESS;
    return fake_run(stream, operand, 3, multiply, &p, sizeof p) == CUDA_SUCCESS
               ? BLAS_SUCCESS
               : BLAS_EXECUTION_FAILED;
}
