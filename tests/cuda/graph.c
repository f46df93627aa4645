/* SPDX-License-Identifier: MIT */
/* graph.c - what one stream records, and launches of it. Forks into other streams are not
 * recorded: a wait for an event of another stream ends the recording. */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

typedef struct node {
    fake_op *op;
    fake_use use[FAKE_USES_MOST];
    unsigned n_uses;
    struct node *next;
} node;

struct fake_graph { /* recorded, or made executable */
    fake_context *ctx;
    void *handle;
    fake_kind kind;
    node *first, *last;
    int broken; /* something that cannot be recorded was given */
    pthread_t recorder;
    CUstreamCaptureMode mode;
    int slot; /* of the stream that has its last launch, and that launch's serial there */
    uint64_t serial;
    fake_graph *next;
};

static fake_graph *make(fake_context *ctx, fake_kind kind)
{
    fake_graph *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->ctx = ctx;
    g->kind = kind;
    g->next = ctx->graphs;
    ctx->graphs = g;
    return g;
}

static void end_graph(fake_graph *g)
{
    fake_graph **at = &g->ctx->graphs;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    for (node *n = g->first; n;) {
        node *next = n->next;
        fake_op_drop(n->op);
        free(n);
        n = next;
    }
    if (g->handle)
        fake_handle_free(g->kind, g->handle);
    free(g);
}

unsigned fake_graphs_end(fake_context *ctx)
{
    unsigned n = 0;
    for (; ctx->graphs; n++)
        end_graph(ctx->graphs);
    return n;
}

static fake_op *copy_op(const fake_op *op)
{
    fake_op *copy = malloc(op->bytes);
    if (!copy)
        return NULL;
    memcpy(copy, op, op->bytes);
    if (copy->copied)
        copy->copied(copy);
    return copy;
}

static CUresult append(fake_graph *g, fake_op *op, const fake_use *use, unsigned n_uses)
{
    node *n = op ? calloc(1, sizeof *n) : NULL;
    if (!n) {
        if (op)
            fake_op_drop(op);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    n->op = op;
    memcpy(n->use, use, n_uses * sizeof *use);
    n->n_uses = n_uses;
    if (g->last)
        g->last->next = n;
    else
        g->first = n;
    g->last = n;
    return CUDA_SUCCESS;
}

CUresult fake_capture(fake_stream *s, fake_op *op)
{
    if (!op->site) { /* an event: nobody could wait for it before the graph runs */
        s->capture->broken = 1;
        fake_op_drop(op);
        return fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "an event or a free in a graph");
    }
    return append(s->capture, op, fake_uses, fake_n_uses);
}

/* Does this thread record, in a mode that forbids what may wait for the device? */
static fake_graph *recording(const fake_context *ctx)
{
    for (const fake_stream *s = ctx->streams; s; s = s->next)
        if (s->capture && s->capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
            (s->capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL ||
             pthread_equal(s->capture->recorder, pthread_self())))
            return s->capture;
    return NULL;
}

CUresult fake_unsafe(const fake_context *ctx, const char *what)
{
    fake_graph *g = recording(ctx);
    if (!g)
        return CUDA_SUCCESS;
    g->broken = 1;
    return fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "%s while a graph is recorded", what);
}

/* ---- recording ----------------------------------------------------------------------------------
 */

CUresult CUDAAPI cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (s == ctx->usual || s->capture || mode > CU_STREAM_CAPTURE_MODE_RELAXED)
        return fake_done(fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                                     "the default stream, or one that records already"));
    s->capture = make(ctx, FAKE_GRAPH);
    if (!s->capture)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    s->capture->recorder = pthread_self();
    s->capture->mode = mode;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuStreamEndCapture(CUstream stream, CUgraph *out)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!s || !out)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    fake_graph *g = s->capture;
    *out = NULL;
    if (g && g->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
        !pthread_equal(g->recorder, pthread_self()))
        return fake_done(
            fake_misuse(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "another thread records"));
    s->capture = NULL;
    if (!g || g->broken) {
        if (g)
            end_graph(g);
        return fake_done(
            g ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
              : fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "nothing is recorded"));
    }
    *out = g->handle = fake_handle_new(FAKE_GRAPH, g);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus *out)
{
    FAKE_CALL(0);
    const fake_stream *s = fake_stream_get(ctx, stream);
    if (!s || !out)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    *out = s->capture ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
    return fake_done(CUDA_SUCCESS);
}

/* ---- graphs
 * ----------------------------------------------------------------------------------------- */

CUresult CUDAAPI cuGraphInstantiateWithFlags(CUgraphExec *out, CUgraph graph,
                                             unsigned long long flags)
{
    FAKE_CALL(0);
    const fake_graph *g = fake_get(FAKE_GRAPH, graph);
    if (!g || !out ||
        (flags & ~(unsigned long long)CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH))
        return fake_done(g ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    fake_graph *x = make(ctx, FAKE_EXEC);
    CUresult r = x ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    for (const node *n = g->first; n && r == CUDA_SUCCESS; n = n->next)
        r = append(x, copy_op(n->op), n->use, n->n_uses);
    if (r != CUDA_SUCCESS) {
        if (x)
            end_graph(x);
        return fake_done(r);
    }
    *out = x->handle = fake_handle_new(FAKE_EXEC, x);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuGraphDestroy(CUgraph graph)
{
    FAKE_CALL(0);
    fake_graph *g = fake_get(FAKE_GRAPH, graph);
    if (!g)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    end_graph(g);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuGraphExecDestroy(CUgraphExec exec)
{
    FAKE_CALL(0);
    fake_graph *x = fake_get(FAKE_EXEC, exec);
    if (!x)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (x->serial > fake_host_clock.at[x->slot] && !ctx->lost)
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "an executable graph that may be running"));
    end_graph(x);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuGraphUpload(CUgraphExec exec, CUstream stream)
{
    FAKE_CALL(0);
    return fake_done(fake_get(FAKE_EXEC, exec) && fake_stream_get(ctx, stream)
                         ? CUDA_SUCCESS
                         : CUDA_ERROR_INVALID_HANDLE);
}

/* Its memory must be there as it was when it was recorded. */
static CUresult launch(fake_stream *s, const node *n)
{
    char *place;
    if (n->op->module && !fake_module_lives(s->ctx, n->op->module))
        return fake_misuse(CUDA_ERROR_INVALID_HANDLE, "a graph of a module that was unloaded");
    for (unsigned i = 0; i < n->n_uses; i++) {
        const CUresult r =
            fake_place(s, n->use[i].at, n->use[i].bytes, n->use[i].access, "a graph", &place);
        if (r != CUDA_SUCCESS)
            return r;
    }
    fake_op *op = copy_op(n->op);
    return op ? fake_give(s, op) : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult CUDAAPI cuGraphLaunch(CUgraphExec exec, CUstream stream)
{
    FAKE_CALL(0);
    fake_graph *x = fake_get(FAKE_EXEC, exec);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!x || !s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (x->ctx != ctx || s->capture)
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_VALUE,
                                     "a graph of another context, or into a recording"));
    CUresult r = CUDA_SUCCESS;
    for (const node *n = x->first; n && r == CUDA_SUCCESS; n = n->next)
        r = launch(s, n);
    if (r == CUDA_SUCCESS && s->slot < FAKE_SLOTS) {
        x->slot = s->slot;
        x->serial = s->clock.at[s->slot];
    }
    return fake_done(r);
}
