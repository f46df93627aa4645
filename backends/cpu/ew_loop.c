/* SPDX-License-Identifier: MIT */
/* ew_loop.c - brings every elementwise call down to runs of neighbouring elements.
 *
 * Elements are numbered in row-major order; threads take ranges of these numbers. A range is
 *   linear   every operand is dense or one number: one run
 *   rows     inner strides are 1 or 0: a run for each row
 *   gathered anything else: operands that are not dense are collected in a block of stack
 * What is one number in a run is spread over a block. A streamed output is computed into a
 * block, which stays in L1, and copied from there with stores that pass the caches by.
 */
#include "convert.h"
#include "ew.h"
#include "stream.h"

#define MAX_IN 3
#define BLOCK 2048   /* bytes; longer ones stream more slowly */
#define GRAIN 16384  /* elements of a piece of parallel work */
#define SMALL 8192   /* elements that are not worth a look */
#define LEAST_ROW 32 /* elements: shorter rows are gathered */

enum { DENSE, SPLAT, WALK }; /* an operand: row-major, one number, neither */

typedef struct ew_job {
    const vane_call *call;
    ew_body body;
    void (*range)(const struct ew_job *job, size_t lo, size_t hi);
    uint32_t n_in; /* and the number of the output */
    uint32_t stream;
    size_t chunk; /* elements that fit a block */
    size_t bytes[MAX_IN + 1];
    uint32_t kind[MAX_IN + 1];
} ew_job;

typedef struct ew_blocks {
    _Alignas(64) char of[MAX_IN + 1][BLOCK];
} ew_blocks;

/* A run: each operand's first element, and whether it is one number for all of them. */
typedef struct ew_span {
    char *at[MAX_IN + 1];
    uint32_t splat[MAX_IN + 1];
} ew_span;

static void call_body(const ew_job *job, void *out, char *const *in, size_t n)
{
    const uint32_t k = job->n_in;
    job->body(out, k > 0 ? in[0] : NULL, k > 1 ? in[1] : NULL, k > 2 ? in[2] : NULL, n, job->call);
}

/* ---- one run ------------------------------------------------------------------- */

#define SPREAD(T)                        \
    {                                    \
        T x;                             \
        memcpy(&x, value, sizeof x);     \
        for (size_t i = 0; i < n; i++)   \
            ((T *)(void *)block)[i] = x; \
    }

static void spread(char *block, const char *value, size_t bytes, size_t n)
{
    if (bytes == 4)
        SPREAD(uint32_t)
    else if (bytes == 8)
        SPREAD(uint64_t)
    else if (bytes == 2)
        SPREAD(uint16_t)
    else
        memset(block, *value, n);
}

/* Elements up to the next address that is aligned to 64, or a block. */
static size_t chunk_here(const ew_job *job, const char *out, size_t left)
{
    const size_t ahead = (64 - ((uintptr_t)out & 63)) & 63;
    size_t n = job->chunk;
    if (job->stream && ahead >= job->bytes[job->n_in])
        n = ahead / job->bytes[job->n_in];
    return n < left ? n : left;
}

static void run_chunks(const ew_job *job, ew_blocks *w, ew_span *s, size_t n)
{
    const uint32_t o = job->n_in;
    char *in[MAX_IN] = {0};
    for (size_t done = 0, m; done < n; done += m) {
        char *out = s->at[o] + done * job->bytes[o];
        m = chunk_here(job, out, n - done);
        for (uint32_t j = 0; j < o; j++)
            in[j] = s->splat[j] ? w->of[j] : s->at[j] + done * job->bytes[j];
        const int stream = job->stream && ((uintptr_t)out & 63) == 0;
        call_body(job, stream ? w->of[o] : out, in, m);
        if (stream)
            cpu__stream_copy(out, w->of[o], m * job->bytes[o]);
    }
}

static void run_span(const ew_job *job, ew_blocks *w, ew_span *s, size_t n)
{
    uint32_t splats = 0;
    for (uint32_t j = 0; j < job->n_in; j++) {
        if (s->splat[j])
            spread(w->of[j], s->at[j], job->bytes[j], n < job->chunk ? n : job->chunk);
        splats |= s->splat[j];
    }
    if (splats || job->stream)
        run_chunks(job, w, s, n);
    else
        call_body(job, s->at[job->n_in], s->at, n);
}

/* ---- the three kinds of range -------------------------------------------------- */

static void linear_range(const ew_job *job, size_t lo, size_t hi)
{
    ew_blocks w;
    ew_span s;
    for (uint32_t j = 0; j <= job->n_in; j++) {
        s.splat[j] = job->kind[j] == SPLAT;
        s.at[j] = (char *)job->call->arg[j].data + (s.splat[j] ? 0 : lo * job->bytes[j]);
    }
    run_span(job, &w, &s, hi - lo);
}

/* The index of element number at. */
static void index_of(const vane_view *v, size_t at, int64_t *index)
{
    for (uint32_t d = v->rank; d-- > 0;) {
        index[d] = (int64_t)(at % (uint64_t)v->shape[d]);
        at /= (uint64_t)v->shape[d];
    }
}

/* To the first element of the next row. */
static void next_row(const vane_view *v, int64_t *index)
{
    index[v->rank - 1] = 0;
    for (uint32_t d = v->rank - 1; d-- > 0;) {
        if (++index[d] < v->shape[d])
            return;
        index[d] = 0;
    }
}

static char *element(const vane_view *v, size_t bytes, const int64_t *index)
{
    int64_t at = 0;
    for (uint32_t d = 0; d < v->rank; d++)
        at += index[d] * v->stride[d];
    return (char *)v->data + at * (int64_t)bytes;
}

static size_t row_left(const vane_view *v, const int64_t *index, size_t most)
{
    const size_t n = (size_t)(v->shape[v->rank - 1] - index[v->rank - 1]);
    return n < most ? n : most;
}

static void rows_range(const ew_job *job, size_t lo, size_t hi)
{
    const vane_view *arg = job->call->arg;
    int64_t index[VANE_MAX_RANK];
    ew_blocks w;
    ew_span s;
    index_of(&arg[0], lo, index);
    for (size_t at = lo, n; at < hi; at += n) {
        n = row_left(&arg[0], index, hi - at);
        for (uint32_t j = 0; j <= job->n_in; j++) {
            s.at[j] = element(&arg[j], job->bytes[j], index);
            s.splat[j] = arg[j].stride[arg[j].rank - 1] == 0 && n > 1;
        }
        run_span(job, &w, &s, n);
        next_row(&arg[0], index);
    }
}

#define COPY_STRIDED(T)            \
    for (size_t i = 0; i < n; i++) \
        ((T *)(void *)dst)[(int64_t)i * to] = ((const T *)(const void *)src)[(int64_t)i * from];

static void copy_strided(char *dst, int64_t to, const char *src, int64_t from, size_t bytes,
                         size_t n)
{
    if (to == 1 && from == 1)
        memcpy(dst, src, n * bytes);
    else if (bytes == 4)
        COPY_STRIDED(uint32_t)
    else if (bytes == 8)
        COPY_STRIDED(uint64_t)
    else if (bytes == 2)
        COPY_STRIDED(uint16_t)
    else
        COPY_STRIDED(uint8_t)
}

/* n elements from number at on, between the operand and a block. */
static void collect(const vane_view *v, size_t bytes, size_t at, size_t n, char *block, int back)
{
    const int64_t stride = v->stride[v->rank - 1];
    int64_t index[VANE_MAX_RANK];
    index_of(v, at, index);
    for (size_t done = 0, m; done < n; done += m) {
        char *p = element(v, bytes, index), *b = block + done * bytes;
        m = row_left(v, index, n - done);
        if (back)
            copy_strided(p, stride, b, 1, bytes, m);
        else
            copy_strided(b, 1, p, stride, bytes, m);
        next_row(v, index);
    }
}

static void gather_range(const ew_job *job, size_t lo, size_t hi)
{
    const vane_view *arg = job->call->arg;
    const uint32_t o = job->n_in;
    ew_blocks w;
    ew_span s = {{0}, {0}};
    for (size_t at = lo, n; at < hi; at += n) {
        n = hi - at < job->chunk ? hi - at : job->chunk;
        for (uint32_t j = 0; j <= o; j++) {
            s.at[j] = job->kind[j] == DENSE ? (char *)arg[j].data + at * job->bytes[j] : w.of[j];
            if (j < o && job->kind[j] != DENSE)
                collect(&arg[j], job->bytes[j], at, n, w.of[j], 0);
        }
        call_body(job, s.at[o], s.at, n);
        if (job->kind[o] != DENSE)
            collect(&arg[o], job->bytes[o], at, n, w.of[o], 1);
    }
}

/* ---- the call ------------------------------------------------------------------ */

static uint32_t kind_of(const vane_view *v)
{
    int64_t dense = 1;
    int is_dense = 1, is_splat = 1;
    for (uint32_t d = v->rank; d-- > 0;) {
        if (v->shape[d] != 1) {
            is_dense &= v->stride[d] == dense;
            is_splat &= v->stride[d] == 0;
        }
        dense *= v->shape[d];
    }
    return is_dense ? DENSE : is_splat ? SPLAT : WALK;
}

static int rows_suit(const vane_call *call, uint32_t n_arg)
{
    for (uint32_t j = 0; j < n_arg; j++) {
        const vane_view *v = &call->arg[j];
        if (v->stride[v->rank - 1] & ~INT64_C(1) || v->shape[v->rank - 1] < LEAST_ROW)
            return 0;
    }
    return 1;
}

static size_t plan(ew_job *job)
{
    const vane_call *call = job->call;
    const uint32_t n_arg = job->n_in + 1;
    size_t total = 1, widest = 1, touched = 0;
    int linear = 1;
    for (uint32_t d = 0; d < call->arg[0].rank; d++)
        total *= (size_t)call->arg[0].shape[d];
    for (uint32_t j = 0; j < n_arg; j++) {
        job->bytes[j] = cpu__dtype_bytes(call->arg[j].dtype);
        job->kind[j] = kind_of(&call->arg[j]);
        widest = job->bytes[j] > widest ? job->bytes[j] : widest;
        touched += job->kind[j] == SPLAT ? 0 : total * job->bytes[j];
        linear &= job->kind[j] != WALK;
    }
    linear &= job->kind[job->n_in] == DENSE;
    job->chunk = BLOCK / widest;
    job->range = linear ? linear_range : rows_suit(call, n_arg) ? rows_range : gather_range;
    job->stream = !(call->flags & VANE_CALL_INPLACE) && job->kind[job->n_in] == DENSE &&
                  job->range != gather_range && cpu__stream_pays(call, touched);
    return total;
}

static void range(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const ew_job *job = arg;
    (void)worker;
    job->range(job, lo, hi);
    if (job->stream)
        VEC_FENCE();
}

static __attribute__((noinline)) vane_status run_any(const vane_kernel *self, const vane_call *call,
                                                     uint32_t n_in)
{
    ew_job job = {.call = call, .body = (ew_body)self->impl, .n_in = n_in};
    const size_t total = plan(&job);
    if (call->width > 1 && total > GRAIN)
        call->host->parallel(call, range, &job, total, GRAIN);
    else
        range(&job, 0, total, 0);
    return VANE_OK;
}

#define IN(j) (j < n_in ? call->arg[j].data : NULL)
#define RUN(N)                                                                     \
    vane_status cpu__ew_run##N(const vane_kernel *self, const vane_call *call)     \
    {                                                                              \
        enum { n_in = N };                                                         \
        const size_t n = (size_t)call->arg[0].shape[0];                            \
        if (!(call->flags & VANE_CALL_FLAT) || n > SMALL)                          \
            return run_any(self, call, n_in);                                      \
        ((ew_body)self->impl)(call->arg[n_in].data, IN(0), IN(1), IN(2), n, call); \
        return VANE_OK;                                                            \
    }
RUN(0)
RUN(1)
RUN(2)
RUN(3)
