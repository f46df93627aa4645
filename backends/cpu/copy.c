/* SPDX-License-Identifier: MIT */
/* copy.c - copy, transpose and concat: elements of 1, 2, 4 or 8 bytes go from one layout to
 * another.
 *
 * Three ways, by strides: adjacent runs (memcpy, or streaming stores when the data leaves the
 * caches); a 2-D transpose where another dimension than the last is adjacent in the input; and a
 * loop along the last dimension. A call is cut into cells: a run of rows, or of parts of one.
 */
#include "copy.h"

#include <string.h>

#include "copy_run.h"
#include "transpose.h"

typedef enum way { RUNS, TURN, LOOP } way;

typedef struct job {
    const char *x;
    char *out;
    int64_t size;
    int64_t n, step_x, step_out; /* the inner dimension */
    int64_t m, row_x, row_out;   /* TURN: the dimension adjacent in the input */
    uint32_t rank;               /* of what is around that */
    int64_t shape[VANE_MAX_RANK], stride_x[VANE_MAX_RANK], stride_out[VANE_MAX_RANK];
    int64_t cut_n, cells_n; /* a cell has so much of n; so many of them for all */
    int64_t cut_m, cells_m;
    way way;
    int stream;
} job;

enum { CELL_BYTES = 1 << 17 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

typedef uint16_t __attribute__((may_alias)) any16;
typedef uint32_t __attribute__((may_alias)) any32;
typedef uint64_t __attribute__((may_alias)) any64;

#define LOOP_OF(T)                                                                                \
    static void loop_##T(const void *from, int64_t step_x, void *to, int64_t step_out, int64_t n) \
    {                                                                                             \
        const T *x = from;                                                                        \
        T *out = to;                                                                              \
        if (step_out == 1 && step_x == 0) {                                                       \
            const T value = *x;                                                                   \
            for (int64_t i = 0; i < n; i++)                                                       \
                out[i] = value;                                                                   \
        } else if (step_out == 1) {                                                               \
            for (int64_t i = 0; i < n; i++)                                                       \
                out[i] = x[i * step_x];                                                           \
        } else {                                                                                  \
            for (int64_t i = 0; i < n; i++)                                                       \
                out[i * step_out] = x[i * step_x];                                                \
        }                                                                                         \
    }
LOOP_OF(uint8_t)
LOOP_OF(any16)
LOOP_OF(any32)
LOOP_OF(any64)

static void copy_loop(const job *j, const char *x, char *out, int64_t n)
{
    if (j->size == 4)
        loop_any32(x, j->step_x, out, j->step_out, n);
    else if (j->size == 8)
        loop_any64(x, j->step_x, out, j->step_out, n);
    else if (j->size == 2)
        loop_any16(x, j->step_x, out, j->step_out, n);
    else
        loop_uint8_t(x, j->step_x, out, j->step_out, n);
}

/* Cell number i: which part of m and n, and where around them. */
static void run_cell(const job *j, int64_t i)
{
    int64_t n0 = i % j->cells_n * j->cut_n, n = least(j->n - n0, j->cut_n);
    i /= j->cells_n;
    int64_t m0 = i % j->cells_m * j->cut_m, m = least(j->m - m0, j->cut_m);
    i /= j->cells_m;
    int64_t at_x = n0 * j->step_x + m0 * j->row_x, at_out = n0 * j->step_out + m0 * j->row_out;
    for (uint32_t d = j->rank; d-- > 0 && i > 0; i /= j->shape[d]) {
        at_x += i % j->shape[d] * j->stride_x[d];
        at_out += i % j->shape[d] * j->stride_out[d];
    }
    const char *x = j->x + at_x * j->size;
    char *out = j->out + at_out * j->size;
    if (j->way == TURN) {
        cpu__transpose(j->size, x, j->step_x, out, j->row_out, m, n, j->stream);
        return;
    }
    for (int64_t k = 0; k < m; k++, x += j->row_x * j->size, out += j->row_out * j->size)
        if (j->way == LOOP)
            copy_loop(j, x, out, n);
        else if (j->stream)
            cpu__stream_run(out, x, (size_t)(n * j->size));
        else
            memcpy(out, x, (size_t)(n * j->size));
}

static void run_cells(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    (void)worker;
    for (uint64_t i = lo; i < hi; i++)
        run_cell(j, (int64_t)i);
    if (j->stream)
        VEC_FENCE();
}

/* The way, and the dimension that goes with the inner one: for TURN the one adjacent in the
 * input, else the next. Returns it, or the rank where there is none. */
static uint32_t choose(job *j, const vane_view *x, const vane_view *out)
{
    uint32_t last = x->rank - 1;
    if (out->stride[last] == 1 && x->stride[last] == 1) {
        j->way = RUNS;
    } else {
        j->way = LOOP;
        for (uint32_t d = 0; d < last && out->stride[last] == 1; d++)
            if (x->stride[d] == 1 && x->shape[d] > 1) {
                j->way = TURN;
                return d;
            }
    }
    return last > 0 ? last - 1 : x->rank;
}

static void cut(job *j)
{
    if (j->way == TURN) {
        /* 512 x 64 elements: pages enough for the TLB on both sides */
        j->cut_n = least(j->n, 512);
        j->cut_m = least(j->m, 64);
    } else {
        int64_t elements = CELL_BYTES / j->size, rows = elements / j->n;
        j->cut_n = least(j->n, elements);
        j->cut_m = rows < 1 ? 1 : least(j->m, rows);
    }
    j->cells_n = (j->n + j->cut_n - 1) / j->cut_n;
    j->cells_m = (j->m + j->cut_m - 1) / j->cut_m;
}

static int same_layout(const vane_view *a, const vane_view *b)
{
    if (a->data != b->data)
        return 0;
    for (uint32_t d = 0; d < a->rank; d++)
        if (a->stride[d] != b->stride[d] && a->shape[d] > 1)
            return 0;
    return 1;
}

static void run(job *j, const vane_call *call, uint32_t with)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    uint32_t last = x->rank - 1;
    int64_t around = 1;
    j->n = x->shape[last];
    j->step_x = x->stride[last];
    j->step_out = out->stride[last];
    j->m = 1;
    if (with < last) {
        j->m = x->shape[with];
        j->row_x = x->stride[with];
        j->row_out = out->stride[with];
    }
    for (uint32_t d = 0; d < last; d++)
        if (d != with) {
            j->shape[j->rank] = x->shape[d];
            j->stride_x[j->rank] = x->stride[d];
            j->stride_out[j->rank++] = out->stride[d];
            around *= x->shape[d];
        }
    cut(j);
    j->stream = cpu__stream_pays(call, 2 * (uint64_t)(around * j->m * j->n * j->size));
    uint64_t cells = (uint64_t)(around * j->cells_m * j->cells_n);
    uint64_t bytes = (uint64_t)(j->cut_m * j->cut_n * j->size);
    uint64_t grain = bytes < CELL_BYTES ? CELL_BYTES / bytes : 1;
    if (call->width > 1 && cells > grain)
        call->host->parallel(call, run_cells, j, cells, grain);
    else
        run_cells(j, 0, cells, 0);
}

static vane_status copy(const vane_kernel *self, const vane_call *call)
{
    static const uint8_t sizes[] = {
#define SIZE(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(SIZE)
#undef SIZE
    };
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    int64_t size = sizes[call->dtype];
    (void)self;
    if (same_layout(x, out))
        return VANE_OK;
    if (x->rank == 1 && x->stride[0] == 1 && out->stride[0] == 1 &&
        x->shape[0] * size <= CELL_BYTES) {
        memcpy(out->data, x->data, (size_t)(x->shape[0] * size));
        return VANE_OK;
    }
    job j;
    j.x = x->data;
    j.out = out->data;
    j.size = size;
    j.row_x = j.row_out = 0;
    j.rank = 0;
    run(&j, call, choose(&j, x, out));
    return VANE_OK;
}

const vane_kernel *cpu__copy_kernel(uint32_t op, uint32_t dtype)
{
#define KERNEL(label)                                                                            \
    {                                                                                            \
        .struct_size = sizeof(vane_kernel),                                                      \
        .flags = VANE_KERNEL_PARALLEL | VANE_KERNEL_CLEAN_FAIL, .numerics = VANE_NUMERICS_REPRO, \
        .name = label, .direct = copy, .bytes_per_ns = 20.0, .launch_ns = 10.0                   \
    }
    static const vane_kernel kernels[3][4] = {
        {KERNEL("copy_b1"), KERNEL("copy_b2"), KERNEL("copy_b4"), KERNEL("copy_b8")},
        {KERNEL("transpose_b1"), KERNEL("transpose_b2"), KERNEL("transpose_b4"),
         KERNEL("transpose_b8")},
        {KERNEL("concat_b1"), KERNEL("concat_b2"), KERNEL("concat_b4"), KERNEL("concat_b8")}};
#undef KERNEL
    static const uint8_t log_size[] = {
#define LOG(NAME, name, bytes) bytes == 8 ? 3 : bytes / 2,
        VANE_DTYPE_MAP(LOG)
#undef LOG
    };
    int row = op == VANE_OP_COPY ? 0 : op == VANE_OP_TRANSPOSE ? 1 : op == VANE_OP_CONCAT ? 2 : -1;
    return row < 0 || dtype >= VANE_DTYPE_COUNT ? NULL : &kernels[row][log_size[dtype]];
}
