/* SPDX-License-Identifier: MIT */
/* memory.c - cl_mem objects: the device's own, pinned, shared and imported ones. */
#include "host.h"

static vane_status make(vane_device *d, cl_mem_flags flags, void *at, uint64_t bytes,
                        vane_mem **out)
{
    const vane_host *host = d->backend->host;
    cl_int code = CL_SUCCESS;
    vane_status st = ocl_device_ready(d);
    if (st != VANE_OK)
        return st;
    vane_mem *m = host->alloc(host->ctx, sizeof *m, 64);
    if (!m)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a memory object");
    /* OpenCL knows no empty buffer. */
    cl_mem mem = d->backend->cl.clCreateBuffer(d->context, flags, bytes ? bytes : 1, at, &code);
    if (!mem) {
        host->free(host->ctx, m);
        return ocl_fail(host, code, "clCreateBuffer");
    }
    *m = (vane_mem){.device = d, .mem = mem, .host = at, .bytes = bytes};
    *out = m;
    return VANE_OK;
}

/* Memory that both see is the host's own, given to OpenCL; only where that copies nothing. */
static vane_status make_shared(vane_device *d, uint64_t bytes, vane_mem **out)
{
    const vane_host *host = d->backend->host;
    void *at = host->alloc(host->ctx, bytes ? bytes : 1, 4096);
    if (!at)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for %llu bytes",
                          (unsigned long long)bytes);
    vane_status st = make(d, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, at, bytes, out);
    if (st == VANE_OK)
        (*out)->owned = at;
    else
        host->free(host->ctx, at);
    return st;
}

vane_status ocl_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    if (space == VANE_SPACE_SHARED && !d->unified)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_UNSUPPORTED, 0,
                                      "the device shares no memory with the host");
    if (space != VANE_SPACE_DEVICE && d->unified)
        return make_shared(d, bytes, out);
    if (space == VANE_SPACE_PINNED)
        return make(d, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, NULL, bytes, out);
    return make(d, CL_MEM_READ_WRITE, NULL, bytes, out);
}

vane_status ocl_mem_import(vane_device *d, void *host, uint64_t bytes, vane_mem **out)
{
    if (!d->unified)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_UNSUPPORTED, 0,
                                      "the device has memory of its own: importing would copy");
    if (!host || bytes == 0)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_ARGUMENT, 0,
                                      "import: %llu bytes at %p, expected some memory",
                                      (unsigned long long)bytes, host);
    return make(d, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, host, bytes, out);
}

void ocl_mem_free(vane_device *d, vane_mem *m)
{
    atomic_fetch_add(&d->frees, 1);
    d->backend->cl.clReleaseMemObject(m->mem);
    d->backend->host->free(d->backend->host->ctx, m->owned);
    d->backend->host->free(d->backend->host->ctx, m);
}

/* Only memory that is the host's own has an address without a map. */
void *ocl_mem_host_ptr(vane_mem *m)
{
    return m->host;
}
