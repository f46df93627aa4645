/* SPDX-License-Identifier: MIT */
/* graph.c - launches recorded as a CUDA graph, and launched together (vane/graph.h).
 *
 * What a queue's stream is given while it records becomes the graph. Nothing may be allocated or
 * loaded meanwhile: launches that would are not recorded. A graph keeps where the queue's scratch
 * memory was; when other memory took its place, be it at the same address, it has to be recorded
 * anew.
 */
#include "host.h"
#include "vane/graph.h"

struct vane_graph {
    CUgraphExec exec;       /* NULL: it went with its context */
    uint64_t scratch_moves; /* its queue's, when it was recorded */
    vane_device *device;
    struct vane_graph *next, **from; /* the device's */
};

/* ---- recording --------------------------------------------------------------------------- */

/* Without memory of ours cuBLAS would allocate some in the graph. */
static int has_room(const vane_queue *q, const vane_kernel *k)
{
    const cuda_kernel *kernel = (const cuda_kernel *)k, *first = &q->device->blas[0][0];
    const int is_blas = kernel >= first && kernel < first + sizeof q->device->blas / sizeof *first;
    return !is_blas || (q->blas && q->blas_room);
}

static vane_status launch_all(vane_queue *q, const vane_graph_call *calls, uint32_t n)
{
    const vane_host *host = q->device->backend->host;
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < n; i++) {
        const cuda_kernel *k = (const cuda_kernel *)calls[i].kernel;
        st = cuda_call_check(q->device, calls[i].call);
        if (st == VANE_OK && !has_room(q, calls[i].kernel))
            st = host->fail(host->ctx, VANE_E_UNSUPPORTED, 0,
                            "cuBLAS has no workspace on this queue");
        if (st == VANE_OK)
            st = k->run(q, k, calls[i].call);
    }
    return st;
}

/* The stream must not go on recording, whatever went wrong: nothing would be computed on it. One
 * that cannot be stopped is lost. */
static void end_again(vane_queue *q)
{
    const cuda_driver *cu = &q->device->backend->cu;
    CUresult code = CUDA_ERROR_UNKNOWN;
    int none = 0;
    for (int i = 0; i < 3 && code != CUDA_SUCCESS; i++) {
        CUstreamCaptureStatus now = CU_STREAM_CAPTURE_STATUS_NONE;
        CUgraph graph = NULL;
        if (cu->cuStreamIsCapturing(q->stream, &now) == CUDA_SUCCESS &&
            now == CU_STREAM_CAPTURE_STATUS_NONE)
            return;
        code = cu->cuStreamEndCapture(q->stream, &graph);
        if (graph)
            cu->cuGraphDestroy(graph);
    }
    if (code != CUDA_SUCCESS)
        atomic_compare_exchange_strong(&q->device->lost, &none, (int)code);
}

static vane_status record(vane_queue *q, const vane_graph_call *calls, uint32_t n, CUgraph *out)
{
    vane_device *d = q->device;
    const cuda_driver *cu = &d->backend->cu;
    *out = NULL;
    CUresult code = cu->cuStreamBeginCapture_v2(q->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    if (code != CUDA_SUCCESS)
        return cuda_device_fail(d, code, "cuStreamBeginCapture");
    q->records = 1;
    vane_status st = launch_all(q, calls, n);
    q->records = 0;
    code = cu->cuStreamEndCapture(q->stream, out);
    if (code != CUDA_SUCCESS) {
        *out = NULL;
        end_again(q);
    }
    if (st == VANE_OK && code != CUDA_SUCCESS)
        st = cuda_device_fail(d, code, "cuStreamEndCapture");
    if (st != VANE_OK && *out)
        cu->cuGraphDestroy(*out);
    return st;
}

static vane_status make(vane_queue *q, const vane_graph_call *calls, uint32_t n, CUgraphExec *out)
{
    vane_device *d = q->device;
    const cuda_driver *cu = &d->backend->cu;
    CUgraph graph;
    const vane_status st = record(q, calls, n, &graph);
    if (st != VANE_OK)
        return st;
    const CUresult code = cu->cuGraphInstantiateWithFlags(out, graph, 0);
    cu->cuGraphDestroy(graph);
    return code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuGraphInstantiate");
}

static void link_graph(vane_graph *g)
{
    vane_device *d = g->device;
    pthread_mutex_lock(&d->lock);
    g->from = &d->graphs;
    g->next = d->graphs;
    if (g->next)
        g->next->from = &g->next;
    d->graphs = g;
    pthread_mutex_unlock(&d->lock);
}

static vane_status graph_record(vane_queue *q, const vane_graph_call *calls, uint32_t n,
                                vane_graph **out)
{
    vane_device *d = q->device;
    const vane_host *host = d->backend->host;
    vane_graph *g = host->alloc(host->ctx, sizeof *g, 64);
    if (!g)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a graph");
    *g = (vane_graph){.device = d};
    vane_status st = cuda_enter(d);
    if (st == VANE_OK) {
        st = make(q, calls, n, &g->exec);
        g->scratch_moves = q->scratch_moves;
        if (st == VANE_OK)
            link_graph(g);
        cuda_leave(d);
    }
    if (st == VANE_OK)
        *out = g;
    else
        host->free(host->ctx, g);
    return st;
}

/* ---- launching --------------------------------------------------------------------------- */

static vane_status graph_launch(vane_queue *q, vane_graph *g, vane_event **out)
{
    vane_device *d = q->device;
    const vane_host *host = d->backend->host;
    vane_event *e = NULL;
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    if (!g->exec || g->scratch_moves != q->scratch_moves) {
        cuda_leave(d);
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0,
                          "what the graph was recorded with has moved");
    }
    st = cuda_event_begin(q, out, &e);
    if (st == VANE_OK) {
        const CUresult code = d->backend->cu.cuGraphLaunch(g->exec, q->stream);
        st = code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuGraphLaunch");
        st = cuda_event_end(q, st, e, out);
    }
    cuda_leave(d);
    return st;
}

/* ---- the end ------------------------------------------------------------------------------ */

static void unlink_graph(vane_graph *g)
{
    vane_device *d = g->device;
    pthread_mutex_lock(&d->lock);
    *g->from = g->next;
    if (g->next)
        g->next->from = g->from;
    pthread_mutex_unlock(&d->lock);
}

/* Entered first: a renewal before that has taken what was in the old context, and none comes in
 * between. Of a lost device it goes with the context. */
static void graph_close(vane_queue *q, vane_graph *g)
{
    vane_device *d = q->device;
    const vane_host *host = d->backend->host;
    const int inside = cuda_enter(d) == VANE_OK;
    unlink_graph(g);
    if (inside && g->exec)
        d->backend->cu.cuGraphExecDestroy(g->exec);
    if (inside)
        cuda_leave(d);
    host->free(host->ctx, g);
}

void cuda_graphs_close(vane_device *d)
{
    for (vane_graph *g = d->graphs; g; g = g->next) {
        if (g->exec)
            d->backend->cu.cuGraphExecDestroy(g->exec);
        g->exec = NULL;
    }
}

const void *cuda_graphs(void)
{
    static const vane_graphs graphs = {.struct_size = sizeof graphs,
                                       .record = graph_record,
                                       .launch = graph_launch,
                                       .close = graph_close};
    return &graphs;
}
