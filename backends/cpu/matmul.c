/* SPDX-License-Identifier: MIT */
/* matmul.c - the kernels of matmul, gemm and dot: from a call to products, and the way each
 * product is computed.
 */
#include "gemm.h"
#include "matmul.h"

/* ---- from a call to its first product ------------------------------------------------ */

static const cpu_gemm_type *type_of(uint32_t dtype)
{
    static const cpu_gemm_type *const types[VANE_DTYPE_COUNT] = {
        [VANE_F32] = &cpu__gemm_f32, [VANE_F64] = &cpu__gemm_f64,   [VANE_F16] = &cpu__gemm_f16,
        [VANE_I32] = &cpu__gemm_i32, [VANE_BF16] = &cpu__gemm_bf16, [VANE_I64] = &cpu__gemm_i64,
    };
    return dtype < VANE_DTYPE_COUNT ? types[dtype] : NULL;
}

/* The last two dimensions of a view; where there is one element, any stride will do. */
static cpu_matrix matrix_of(const vane_view *v)
{
    uint32_t row = v->rank - 2, col = v->rank - 1;
    return (cpu_matrix){v->data, v->shape[row] == 1 ? 0 : v->stride[row],
                        v->shape[col] == 1 ? 1 : v->stride[col]};
}

static void swap_sides(cpu_gemm *g)
{
    cpu_matrix a = g->a;
    ptrdiff_t m = g->m;
    g->a = (cpu_matrix){g->b.p, g->b.col, g->b.row};
    g->b = (cpu_matrix){a.p, a.col, a.row};
    g->c = (cpu_matrix){g->c.p, g->c.col, g->c.row};
    g->out = (cpu_matrix){g->out.p, g->out.col, g->out.row};
    g->m = g->n;
    g->n = m;
}

/* The transposed product has the same bits. It is the better one when out is stored by
 * columns, or is a column, so that rows are what has stride 1. */
static void settle(cpu_gemm *g)
{
    if (g->m > 1 && (g->n == 1 || (g->out.col != 1 && g->out.row == 1)))
        swap_sides(g);
    if (g->n == 1)
        g->out.col = g->b.col = g->c.col = 1;
    g->scaled = g->alpha != 1 || g->c.p;
    g->in_place = g->type->bytes == g->type->wide && g->out.col == 1;
}

static cpu_gemm gemm_of(const vane_call *call)
{
    const vane_view *a = &call->arg[0], *b = &call->arg[1], *out = &call->arg[call->n_arg - 1];
    cpu_gemm g = {.type = type_of(call->dtype), .call = call, .alpha = 1, .beta = 0};
    g.m = out->shape[out->rank - 2];
    g.n = out->shape[out->rank - 1];
    g.k = a->shape[a->rank - 1];
    g.a = matrix_of(a);
    g.b = matrix_of(b);
    g.out = matrix_of(out);
    if (call->op == VANE_OP_GEMM) {
        g.alpha = call->params->gemm.alpha;
        g.beta = call->params->gemm.beta;
        if (call->n_in == 3) /* beta 0 too: a NaN in C stays NaN, as in ONNX */
            g.c = matrix_of(&call->arg[2]);
    }
    return g;
}

static cpu_gemm gemm_of_dot(const vane_call *call)
{
    const vane_view *x = &call->arg[0], *y = &call->arg[1];
    cpu_gemm g = {.type = type_of(call->dtype), .call = call, .m = 1, .n = 1, .alpha = 1};
    g.k = x->shape[0];
    g.a = (cpu_matrix){x->data, 0, x->stride[0]};
    g.b = (cpu_matrix){y->data, y->stride[0], 1};
    g.out = (cpu_matrix){call->arg[2].data, 0, 1};
    return g;
}

/* ---- one product --------------------------------------------------------------------- */

typedef enum way { WAY_EMPTY, WAY_DOT, WAY_GEMV, WAY_DIRECT, WAY_PACKED } way;

/* Shapes and strides only: see gemm.h on bits. */
static way way_of(const cpu_gemm *g)
{
    if (g->k == 0)
        return WAY_EMPTY;
    if (cpu__dot_fits(g))
        return WAY_DOT;
    if (cpu__gemv_fits(g))
        return WAY_GEMV;
    return cpu__gemm_direct_fits(g) ? WAY_DIRECT : WAY_PACKED;
}

static ptrdiff_t scratch_of(const cpu_gemm *g, way w)
{
    switch (w) {
    case WAY_DOT:
        return cpu__dot_scratch(g);
    case WAY_GEMV:
        return cpu__gemv_scratch(g);
    case WAY_PACKED:
        return cpu__gemm_packed_scratch(g);
    default:
        return 0;
    }
}

/* k is 0: the sum is +0. */
static void empty(const cpu_gemm *g)
{
    _Alignas(64) static const char zeros[CPU_TILE_BYTES] = {0};
    ptrdiff_t some = CPU_TILE_BYTES / g->type->wide;
    for (ptrdiff_t j = 0; j < g->n; j += some)
        g->type->finish(g, 0, j, g->m, cpu__min(g->n - j, some), zeros, 0);
}

static void product(const cpu_gemm *g, way w)
{
    switch (w) {
    case WAY_DOT:
        cpu__dot(g);
        break;
    case WAY_GEMV:
        cpu__gemv(g);
        break;
    case WAY_DIRECT:
        cpu__gemm_direct(g);
        break;
    case WAY_PACKED:
        cpu__gemm_packed(g);
        break;
    default:
        empty(g);
    }
}

/* ---- all products of a batch --------------------------------------------------------- */

typedef struct batch {
    cpu_gemm g; /* the first product */
    way w;
    uint32_t rank; /* dimensions of the batch */
    uint64_t count;
    ptrdiff_t scratch; /* bytes for each worker */
} batch;

/* May the products along batch dimension d be rows of one product? */
static int rows_follow(const batch *b, uint32_t d)
{
    const vane_view *arg = b->g.call->arg, *out = &arg[b->g.call->n_arg - 1];
    const cpu_gemm *g = &b->g;
    if (arg[1].stride[d] != 0)
        return 0;
    return g->m == 1 ||
           (arg[0].stride[d] == g->m * g->a.row && out->stride[d] == g->m * g->out.row &&
            (g->c.p == NULL || arg[2].stride[d] == g->m * g->c.row));
}

/* Where B serves a whole batch dimension, its products are one product with more rows. */
static void fold_rows(batch *b)
{
    const vane_view *arg = b->g.call->arg, *out = &arg[b->g.call->n_arg - 1];
    cpu_gemm *g = &b->g;
    for (; b->rank > 0; b->rank--) {
        uint32_t d = b->rank - 1;
        int64_t many = out->shape[d];
        if (many == 1)
            continue;
        if (!rows_follow(b, d))
            return;
        if (g->m == 1) {
            g->a.row = arg[0].stride[d];
            g->out.row = out->stride[d];
            g->c.row = g->c.p ? arg[2].stride[d] : 0;
        }
        g->m *= many;
    }
}

static cpu_gemm product_at(const batch *b, uint64_t index)
{
    cpu_gemm g = b->g;
    const vane_call *call = g.call;
    for (uint32_t d = b->rank; d-- > 0;) {
        int64_t size = call->arg[0].shape[d], at = (int64_t)(index % (uint64_t)size);
        index /= (uint64_t)size;
        g.a.p += at * call->arg[0].stride[d] * g.type->bytes;
        g.b.p += at * call->arg[1].stride[d] * g.type->bytes;
        g.out.p += at * call->arg[call->n_arg - 1].stride[d] * g.type->bytes;
        if (g.c.p)
            g.c.p += at * call->arg[2].stride[d] * g.type->bytes;
    }
    settle(&g);
    return g;
}

static void products(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const batch *b = arg;
    for (uint64_t i = lo; i < hi; i++) {
        cpu_gemm g = product_at(b, i);
        if (b->g.scratch)
            g.scratch = b->g.scratch + worker * b->scratch;
        product(&g, b->w);
    }
}

enum { PRODUCT_IS_LARGE = 2000000, PIECE_IS_WORTH = 30000 }; /* multiplications */

static vane_status run_batch(batch *b)
{
    const vane_call *call = b->g.call;
    const vane_host *host = call->host;
    double work = (double)b->g.m * (double)b->g.n * (double)b->g.k;
    int spread = call->width > 1 && b->count > 1 && work < PRODUCT_IS_LARGE &&
                 work * (double)b->count > PIECE_IS_WORTH;
    ptrdiff_t bytes = b->scratch * (spread ? (ptrdiff_t)call->width : 1);
    if (bytes > 0) {
        b->g.scratch = host->alloc(host->ctx, (uint64_t)bytes, 64);
        if (!b->g.scratch)
            return host->fail(host->ctx, VANE_E_NOMEM, 0, "matmul: no %lld bytes to pack into",
                              (long long)bytes);
    }
    if (spread)
        host->parallel(call, products, b, b->count, 1 + (uint64_t)(PIECE_IS_WORTH / (work + 1)));
    else
        products(b, 0, b->count, 0);
    if (bytes > 0)
        host->free(host->ctx, b->g.scratch);
    return VANE_OK;
}

static int is_batch(const vane_view *out)
{
    for (uint32_t d = 0; d + 2 < out->rank; d++)
        if (out->shape[d] != 1)
            return 1;
    return 0;
}

static vane_status run_one(cpu_gemm *g)
{
    settle(g);
    way w = way_of(g);
    ptrdiff_t scratch = scratch_of(g, w);
    if (scratch > 0) {
        batch b = {.g = *g, .w = w, .count = 1, .scratch = scratch};
        return run_batch(&b);
    }
    product(g, w);
    return VANE_OK;
}

static vane_status run_products(const vane_kernel *self, const vane_call *call)
{
    cpu_gemm g = gemm_of(call);
    (void)self;
    if (!is_batch(&call->arg[call->n_arg - 1]))
        return run_one(&g);
    batch b = {.g = g, .rank = call->arg[0].rank - 2, .count = 1};
    fold_rows(&b);
    for (uint32_t d = 0; d < b.rank; d++)
        b.count *= (uint64_t)call->arg[0].shape[d];
    if (b.count == 1)
        return run_one(&b.g);
    cpu_gemm first = b.g; /* all go the same way */
    settle(&first);
    b.w = way_of(&first);
    b.scratch = cpu__up(scratch_of(&first, b.w), 64);
    return run_batch(&b);
}

static vane_status run_dot(const vane_kernel *self, const vane_call *call)
{
    cpu_gemm g = gemm_of_dot(call);
    (void)self;
    return run_one(&g);
}

/* ---- the kernels --------------------------------------------------------------------- */

/* A first guess, until the policy has measured: near what a core of its kind reaches. */
#define RATE(share) ((VEC_BYTES == 64 ? 150.0 : VEC_BYTES == 32 ? 95.0 : 28.0) * (share))
#define NUMERICS (VEC_HAS_FMA ? VANE_NUMERICS_REPRO : VANE_NUMERICS_FAST)
#define KERNEL(label, run, numerics_, flops, bytes, launch)                              \
    {                                                                                    \
        .struct_size = sizeof(vane_kernel),                                              \
        .flags = VANE_KERNEL_PARALLEL | VANE_KERNEL_CLEAN_FAIL, .numerics = (numerics_), \
        .name = label, .direct = run, .flops_per_ns = flops, .bytes_per_ns = bytes,      \
        .launch_ns = launch                                                              \
    }
#define KERNELS(op, run, most, bytes, launch)                                               \
    {                                                                                       \
        [VANE_F32] = KERNEL(op "_f32", run, NUMERICS, RATE(1.0) * (most), bytes, launch),   \
        [VANE_F64] = KERNEL(op "_f64", run, NUMERICS, RATE(0.5) * (most), bytes, launch),   \
        [VANE_F16] = KERNEL(op "_f16", run, NUMERICS, RATE(0.9) * (most), bytes, launch),   \
        [VANE_BF16] = KERNEL(op "_bf16", run, NUMERICS, RATE(0.9) * (most), bytes, launch), \
        [VANE_I32] =                                                                        \
            KERNEL(op "_i32", run, VANE_NUMERICS_REPRO, RATE(0.3) * (most), bytes, launch), \
        [VANE_I64] =                                                                        \
            KERNEL(op "_i64", run, VANE_NUMERICS_REPRO, RATE(0.1) * (most), bytes, launch), \
    }

static const vane_kernel matmul_kernels[VANE_DTYPE_COUNT] =
    KERNELS("matmul", run_products, 1, 16, 40);
static const vane_kernel gemm_kernels[VANE_DTYPE_COUNT] = KERNELS("gemm", run_products, 1, 16, 45);
static const vane_kernel dot_kernels[VANE_DTYPE_COUNT] = KERNELS("dot", run_dot, 0.5, 18, 25);

const vane_kernel *cpu__matmul_kernel(uint32_t op, uint32_t dtype)
{
    if (!type_of(dtype))
        return NULL;
    switch (op) {
    case VANE_OP_MATMUL:
        return &matmul_kernels[dtype];
    case VANE_OP_GEMM:
        return &gemm_kernels[dtype];
    case VANE_OP_DOT:
        return &dot_kernels[dtype];
    default:
        return NULL;
    }
}
