/* SPDX-License-Identifier: MIT */
/* matmul.c - matmul and gemm: which kernel of matmul.cl computes a call, and on what.
 *
 * GPUs get blocks through local memory. CPUs get register tiles; large operands, and those whose
 * strides do not fit, are first copied into panels (scratch 0 and 1 of the queue). Vectors and
 * thin matrices have kernels of their own. A product may be turned: (A B)' is B' A', which swaps
 * strides and nothing else.
 */
#include <string.h>

#include "opencl.h"

enum { BATCH_RANK = 7, PACK_CHUNK = 256, LINES = 4, THIN = 32 };
enum { SIDE_A, SIDE_B, SIDE_C, SIDE_O };

/* The numbers of matmul.cl's functions, and its variants. */
enum { FN_PLAIN, FN_PACK, FN_TILE, FN_TILE_B, FN_TILE_AB, FN_ROWS, FN_COLUMNS };
enum { FN_BLOCK = FN_PACK, FN_VECTOR = FN_TILE };
enum { CPU_64, CPU_32, CPU_16, GPU_MEDIUM, GPU_LARGE, GPU_SMALL };

/* Both structs are matmul.cl's as well. */
typedef struct mm_args {
    cl_long m, n, k, batch;
    cl_long at[4], row[4], col[4];
    cl_long tiles_m, tiles_n;
    cl_long shape[BATCH_RANK], step[4][BATCH_RANK];
    cl_ulong alpha, beta;
    cl_int batch_rank, has_c;
} mm_args;

typedef struct mm_pack_args {
    cl_long lines, k, panels, chunks;
    cl_long at, line, step;
    cl_long shape[BATCH_RANK], stride[BATCH_RANK];
    cl_int batch_rank, width;
} mm_pack_args;

typedef struct job {
    vane_queue *q;
    const ocl_kernel *kernel;
    cl_event *out;
    uint32_t variant;
    int lanes, mr; /* CPUs: of a vector, rows of a tile */
    size_t bytes;  /* of what sums are kept in */
    cl_mem mem[4];
    mm_args g;
} job;

/* Scratch of one product. What needs more is computed in parts. */
static const uint64_t scratch_limit = UINT64_C(128) << 20;

/* ---- the call -------------------------------------------------------------------- */

/* As the kernels read it: what sums are kept in; integers as a cast makes them. */
static cl_ulong factor_bits(uint32_t dtype, double v)
{
    cl_ulong bits = 0;
    float f = (float)v;
    if (dtype == VANE_F64) {
        memcpy(&bits, &v, sizeof v);
    } else if (dtype == VANE_I64) {
        int64_t i = v != v ? 0 : v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : (int64_t)v;
        memcpy(&bits, &i, sizeof i);
    } else if (dtype == VANE_I32) {
        bits = (cl_uint)(v != v          ? 0
                         : v > INT32_MAX ? INT32_MAX
                         : v < INT32_MIN ? INT32_MIN
                                         : (int32_t)v);
    } else {
        memcpy(&bits, &f, sizeof f); /* the low half, as little-endian hosts have it */
    }
    return bits;
}

static void take_side(job *j, int side, const vane_view *v)
{
    const uint32_t last = v->rank - 1;
    j->mem[side] = ocl_view_mem(v);
    j->g.at[side] = ocl_view_at(v);
    j->g.row[side] = v->stride[last - 1];
    j->g.col[side] = v->stride[last];
    for (uint32_t d = 0; d + 1 < last; d++)
        j->g.step[side][d] = v->stride[d];
}

static void take_call(job *j, const vane_call *call)
{
    const vane_view *out = &call->arg[call->n_arg - 1], *a = &call->arg[0];
    const uint32_t last = out->rank - 1;
    const int is_gemm = call->op == VANE_OP_GEMM;
    mm_args *g = &j->g;
    *g = (mm_args){.m = out->shape[last - 1], .n = out->shape[last], .k = a->shape[last]};
    g->batch = 1;
    g->batch_rank = (cl_int)last - 1;
    for (uint32_t d = 0; d + 1 < last; d++) {
        g->shape[d] = out->shape[d];
        g->batch *= out->shape[d];
    }
    take_side(j, SIDE_O, out);
    take_side(j, SIDE_A, a);
    take_side(j, SIDE_B, &call->arg[1]);
    g->has_c = call->n_in == 3;
    if (g->has_c)
        take_side(j, SIDE_C, &call->arg[2]);
    for (int s = 0; s < 4; s++) {
        if (!j->mem[s]) /* empty or absent: never read */
            j->mem[s] = j->mem[SIDE_O];
    }
    g->alpha = factor_bits(call->dtype, is_gemm ? call->params->gemm.alpha : 1);
    g->beta = factor_bits(call->dtype, is_gemm ? call->params->gemm.beta : 0);
}

static void swap_long(cl_long *a, cl_long *b)
{
    cl_long t = *a;
    *a = *b;
    *b = t;
}

/* The same product as out' = B' A'. */
static void turn(job *j)
{
    mm_args *g = &j->g;
    cl_mem mem = j->mem[SIDE_A];
    j->mem[SIDE_A] = j->mem[SIDE_B];
    j->mem[SIDE_B] = mem;
    swap_long(&g->m, &g->n);
    swap_long(&g->at[SIDE_A], &g->at[SIDE_B]);
    for (int d = 0; d < g->batch_rank; d++)
        swap_long(&g->step[SIDE_A][d], &g->step[SIDE_B][d]);
    swap_long(&g->row[SIDE_A], &g->col[SIDE_B]);
    swap_long(&g->col[SIDE_A], &g->row[SIDE_B]);
    swap_long(&g->row[SIDE_C], &g->col[SIDE_C]);
    swap_long(&g->row[SIDE_O], &g->col[SIDE_O]);
}

static int turn_unless(job *j, int (*fits)(const job *j))
{
    if (fits(j))
        return 1;
    turn(j);
    if (fits(j))
        return 1;
    turn(j);
    return 0;
}

/* ---- launching ------------------------------------------------------------------- */

static vane_status function(const job *j, uint32_t number, cl_kernel *out)
{
    static const char *const cpu[] = {"mm_plain",   "mm_pack", "mm_tile",   "mm_tile_b",
                                      "mm_tile_ab", "mm_rows", "mm_columns"};
    static const char *const gpu[] = {"mm_plain", "mm_block", "mm_vector"};
    const char *name = j->variant < GPU_MEDIUM ? cpu[number] : gpu[number];
    /* one program serves both ops */
    const ocl_function f = {OCL_SOURCE_MATMUL,
                            VANE_OP_MATMUL,
                            j->kernel->dtype,
                            OCL_NO_DTYPE,
                            j->variant,
                            number,
                            name};
    return ocl_function_get(j->q, &f, out);
}

static vane_status launch(const job *j, uint32_t number, uint64_t groups, uint32_t group)
{
    const size_t local = group, global = (size_t)groups * group;
    cl_kernel kernel;
    cl_int code = CL_SUCCESS;
    vane_status st = function(j, number, &kernel);
    if (st != VANE_OK)
        return st;
    for (cl_uint i = 0; i < 4; i++)
        OCL_ARG(j->q, kernel, i, j->mem[i], code);
    OCL_ARG(j->q, kernel, 4, j->g, code);
    return ocl_launch(j->q, kernel, code, 1, &global, &local, j->kernel->name, j->out);
}

static cl_long divide_up(cl_long n, cl_long by)
{
    return (n + by - 1) / by;
}

static vane_status launch_plain(const job *j)
{
    const uint32_t group = j->q->device->group < 64 ? j->q->device->group : 64;
    return launch(j, FN_PLAIN, (uint64_t)divide_up(j->g.batch * j->g.m * j->g.n, group), group);
}

/* ---- CPUs: panels ---------------------------------------------------------------- */

/* How an operand looks when packed: batch dimensions it does not have are left out. */
static cl_long packed_batch(const mm_args *g, int side, cl_long shape[BATCH_RANK])
{
    cl_long batch = 1;
    for (int d = 0; d < g->batch_rank; d++) {
        shape[d] = g->step[side][d] ? g->shape[d] : 1;
        batch *= shape[d];
    }
    return batch;
}

static uint64_t packed_bytes(const job *j, int side)
{
    const cl_long width = side == SIDE_A ? j->mr : 2 * j->lanes;
    cl_long shape[BATCH_RANK];
    const cl_long batch = packed_batch(&j->g, side, shape);
    const cl_long panels = divide_up(side == SIDE_A ? j->g.m : j->g.n, width);
    return (uint64_t)(batch * panels * width * j->g.k) * j->bytes;
}

/* Copies side into scratch memory and makes the job's operand that. */
static vane_status pack(job *j, int side)
{
    mm_args *g = &j->g;
    const int is_a = side == SIDE_A;
    mm_pack_args p = {.lines = is_a ? g->m : g->n, .k = g->k, .at = g->at[side]};
    cl_mem scratch;
    cl_kernel kernel;
    cl_int code = CL_SUCCESS;
    p.width = is_a ? j->mr : 2 * j->lanes;
    p.line = is_a ? g->row[SIDE_A] : g->col[SIDE_B];
    p.step = is_a ? g->col[SIDE_A] : g->row[SIDE_B];
    p.panels = divide_up(p.lines, p.width);
    p.chunks = divide_up(g->k, PACK_CHUNK);
    p.batch_rank = g->batch_rank;
    memcpy(p.stride, g->step[side], sizeof p.stride);
    const cl_long batch = packed_batch(g, side, p.shape);
    const size_t local = 1, global = (size_t)(batch * p.panels * p.chunks);
    vane_status st = ocl_scratch(j->q, (uint32_t)side, packed_bytes(j, side), &scratch);
    if (st == VANE_OK)
        st = function(j, FN_PACK, &kernel);
    if (st != VANE_OK)
        return st;
    OCL_ARG(j->q, kernel, 0, j->mem[side], code);
    OCL_ARG(j->q, kernel, 1, scratch, code);
    OCL_ARG(j->q, kernel, 2, p, code);
    st = ocl_launch(j->q, kernel, code, 1, &global, &local, j->kernel->name, NULL);
    cl_long step = p.panels * p.width * g->k;
    for (int d = g->batch_rank - 1; d >= 0; d--) {
        g->step[side][d] = g->step[side][d] ? step : 0;
        step *= p.shape[d];
    }
    g->at[side] = 0;
    j->mem[side] = scratch;
    return st;
}

/* ---- CPUs: the choice ------------------------------------------------------------ */

/* Dot products of dense lines, a few columns. */
static int fits_rows(const job *j)
{
    const mm_args *g = &j->g;
    if (g->col[SIDE_A] != 1 || g->n > THIN)
        return 0;
    return g->n == 1 || (g->row[SIDE_B] == 1 && g->k >= 2 * j->lanes);
}

static int fits_columns(const job *j)
{
    return j->g.m == 1 && j->g.col[SIDE_B] == 1 && j->g.n >= j->lanes;
}

/* Tiles without panels. */
static int fits_tile(const job *j)
{
    return j->g.col[SIDE_B] == 1 && j->g.n >= j->lanes;
}

static int output_dense(const job *j)
{
    return j->g.col[SIDE_O] == 1;
}

static vane_status launch_tiles(job *j, int pack_a, int pack_b)
{
    mm_args *g = &j->g;
    vane_status st = pack_b ? pack(j, SIDE_B) : VANE_OK;
    if (st == VANE_OK && pack_a)
        st = pack(j, SIDE_A);
    if (st != VANE_OK)
        return st;
    g->tiles_m = divide_up(g->m, j->mr);
    g->tiles_n = divide_up(g->n, 2 * j->lanes);
    return launch(j,
                  pack_a   ? FN_TILE_AB
                  : pack_b ? FN_TILE_B
                           : FN_TILE,
                  (uint64_t)(g->batch * g->tiles_m * g->tiles_n), 1);
}

/* The part of j behind the first at of dimension d (0, 1: rows, columns; 2: batch dimension b). */
static void cut(job *first, job *rest, int d, int b, cl_long at)
{
    mm_args *f = &first->g, *r = &rest->g;
    for (int s = 0; s < 4; s++) {
        const cl_long along_m = s == SIDE_B ? 0 : f->row[s], along_n = s == SIDE_A ? 0 : f->col[s];
        r->at[s] += at * (d == 0 ? along_m : d == 1 ? along_n : f->step[s][b]);
    }
    if (d == 2) {
        f->batch = f->batch / f->shape[b] * at;
        r->batch -= f->batch;
        r->shape[b] -= at;
        f->shape[b] = at;
    } else if (d == 1) {
        r->n -= at;
        f->n = at;
    } else {
        r->m -= at;
        f->m = at;
    }
}

/* Both operands in panels; in halves while they need too much scratch memory. */
static vane_status run_packed(job *j, int pack_a)
{
    mm_args *g = &j->g;
    const uint64_t need = packed_bytes(j, SIDE_B) + (pack_a ? packed_bytes(j, SIDE_A) : 0);
    const cl_long nr = 2 * j->lanes;
    int b = 0;
    while (b < g->batch_rank && g->shape[b] == 1)
        b++;
    if (need <= scratch_limit || (b == g->batch_rank && g->n <= nr && g->m <= j->mr))
        return launch_tiles(j, pack_a, 1);
    job rest = *j;
    j->out = NULL;
    if (b < g->batch_rank)
        cut(j, &rest, 2, b, g->shape[b] / 2);
    else if (g->n > nr && (g->n >= g->m || g->m <= j->mr))
        cut(j, &rest, 1, 0, divide_up(g->n / 2, nr) * nr);
    else
        cut(j, &rest, 0, 0, divide_up(g->m / 2, j->mr) * j->mr);
    vane_status st = run_packed(j, pack_a);
    return st == VANE_OK ? run_packed(&rest, pack_a) : st;
}

static vane_status run_cpu(job *j)
{
    mm_args *g = &j->g;
    const double work = (double)g->m * (double)g->n * (double)g->k;
    const int converts = j->kernel->dtype == VANE_F16 || j->kernel->dtype == VANE_BF16;
    if (turn_unless(j, fits_rows)) {
        g->tiles_m = divide_up(g->m, LINES);
        return launch(j, FN_ROWS, (uint64_t)(g->batch * g->tiles_m), 1);
    }
    if (turn_unless(j, fits_columns)) {
        g->tiles_n = divide_up(g->n, 4 * j->lanes);
        return launch(j, FN_COLUMNS, (uint64_t)(g->batch * g->tiles_n), 1);
    }
    if (work < 4096 || g->m == 1 || g->n == 1)
        return launch_plain(j);
    const int large = work > (converts ? 1e6 : 6e7) && g->m > 2 * j->mr && g->n > j->lanes;
    if (!large && turn_unless(j, fits_tile))
        return launch_tiles(j, 0, 0);
    turn_unless(j, output_dense);
    /* dense rows of A are read in place as fast as from panels, unless each read converts */
    return run_packed(j, large && (converts || g->col[SIDE_A] != 1));
}

static vane_status run_16(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    const int wide = k->dtype == VANE_F64 || k->dtype == VANE_I64;
    job j = {.q = q, .kernel = k, .out = out, .variant = CPU_64, .lanes = wide ? 8 : 16, .mr = 8};
    j.bytes = wide ? 8 : 4;
    take_call(&j, call);
    return run_cpu(&j);
}

static vane_status run_8(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    const int wide = k->dtype == VANE_F64 || k->dtype == VANE_I64;
    job j = {.q = q, .kernel = k, .out = out, .variant = CPU_32, .lanes = wide ? 4 : 8, .mr = 6};
    j.bytes = wide ? 8 : 4;
    take_call(&j, call);
    return run_cpu(&j);
}

static vane_status run_4(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    const int wide = k->dtype == VANE_F64 || k->dtype == VANE_I64;
    job j = {.q = q, .kernel = k, .out = out, .variant = CPU_16, .lanes = wide ? 2 : 4, .mr = 8};
    j.bytes = wide ? 8 : 4;
    take_call(&j, call);
    return run_cpu(&j);
}

/* ---- GPUs ------------------------------------------------------------------------ */

static vane_status run_gpu(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    const uint32_t most = q->device->max_group;
    job j = {.q = q, .kernel = k, .out = out, .variant = most < 256 ? GPU_SMALL : GPU_MEDIUM};
    mm_args *g = &j.g;
    take_call(&j, call);
    if (most < 64)
        return launch_plain(&j);
    turn_unless(&j, output_dense);
    if (g->m == 1)
        turn(&j);
    const uint32_t items = most < 256 ? 64 : 256;
    j.bytes = k->dtype == VANE_F64 || k->dtype == VANE_I64 ? 8 : 4;
    if (g->n == 1) {
        const cl_long across = 32, rows = g->col[SIDE_A] == 1 ? (cl_long)items / across : across;
        g->tiles_m = divide_up(g->m, rows);
        return launch(&j, FN_VECTOR, (uint64_t)(g->batch * g->tiles_m), items);
    }
    if (most >= 256 && g->batch * (g->m / 128) * (g->n / 128) >= q->device->compute_units)
        j.variant = GPU_LARGE;
    const cl_long edge = j.variant == GPU_LARGE ? 128 : most < 256 ? 32 : 64;
    const cl_long depth = j.variant == GPU_MEDIUM ? 16 : 8;
    if (q->device->local_bytes < 2 * (uint64_t)(depth * (edge + 1)) * j.bytes)
        return launch_plain(&j);
    g->tiles_m = divide_up(g->m, edge);
    g->tiles_n = divide_up(g->n, edge);
    return launch(&j, FN_BLOCK, (uint64_t)(g->batch * g->tiles_m * g->tiles_n), items);
}

/* ---- the table ------------------------------------------------------------------- */

/* By the width of the vectors: of AVX-512, of AVX, or less. */
static ocl_run cpu_run(const vane_device *d)
{
    cl_uint lanes = 0;
    d->backend->cl.clGetDeviceInfo(d->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof lanes, &lanes,
                                   NULL);
    return lanes >= 16 ? run_16 : lanes >= 8 ? run_8 : run_4;
}

int ocl_matmul_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out)
{
    static const uint32_t dtypes = 1u << VANE_F32 | 1u << VANE_F64 | 1u << VANE_F16 |
                                   1u << VANE_BF16 | 1u << VANE_I32 | 1u << VANE_I64;
    if ((op != VANE_OP_MATMUL && op != VANE_OP_GEMM) || !(dtypes >> dtype & 1))
        return 0;
    out->run = d->is_cpu ? cpu_run(d) : run_gpu;
    ocl_kernel_describe(d, out, op == VANE_OP_GEMM ? "gemm" : "matmul", 1);
    return 1;
}
