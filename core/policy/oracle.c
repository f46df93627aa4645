/* SPDX-License-Identifier: MIT */
/* oracle.c - find the kernel that defines what is right, and run it. */
#include "policy/oracle.h"

#include "dispatch/dispatch.h"
#include "error.h"

/* Parts of calls are put to it, at any address. */
static int fits(const vane_kernel *k)
{
    return k->numerics == VANE_NUMERICS_ORACLE && k->direct != NULL && k->align_bytes < 2 &&
           !(k->flags & VANE_KERNEL_SELECTIVE);
}

static const vane_kernel *kernel_of(const vane__device *d, const vane__op *op, uint32_t dtype)
{
    const vane_kernel *k = d->backend->vt.kernel(d->handle, op->info.op, op->info.name, dtype);
    while (k != NULL && !fits(k))
        k = k->struct_size < sizeof *k ? NULL : k->alternative;
    return k;
}

static int find_in(vane__backend *b, const vane__op *op, uint32_t dtype, vane__runner *out)
{
    for (uint32_t i = 0; i < b->device_count; i++) {
        vane__device *d = &b->devices[i];
        if (d->handle == NULL || !(d->info.caps & VANE_CAP_HOST_MEM) || vane__device_lost(d))
            continue;
        const vane_kernel *k = kernel_of(d, op, dtype);
        if (k == NULL)
            continue;
        *out = (vane__runner){
            .kernel = k, .device = d, .handle = d->handle, .host = &b->host, .width = 1};
        return 1;
    }
    return 0;
}

int vane__oracle_find(vane_context *ctx, const vane__op *op, uint32_t dtype, vane__runner *out)
{
    int found = 0;
    if (op->reference.direct != NULL) {
        *out = (vane__runner){.kernel = &op->reference, .host = &ctx->program.host, .width = 1};
        return 1;
    }
    uint32_t n = atomic_load_explicit(&ctx->registry.count, memory_order_acquire);
    pthread_mutex_lock(&ctx->control); /* kernel() is asked under a lock */
    for (uint32_t b = 0; b < n && !found; b++)
        found = find_in(ctx->registry.backends[b], op, dtype, out);
    pthread_mutex_unlock(&ctx->control);
    return found;
}

const char *vane__oracle_name(const vane__runner *oracle)
{
    return oracle->device != NULL ? oracle->device->backend->entry->name : VANE__PROGRAM;
}

vane_status vane__oracle_run(const vane__runner *oracle, vane_call *call)
{
    uint64_t serial = vane__error_serial();
    call->host = oracle->host;
    call->device = oracle->handle;
    call->width = 1;
    return vane__kernel_status(oracle, oracle->kernel->direct(oracle->kernel, call), serial);
}

/* Rates that it does not declare: those of plain C. */
double vane__oracle_ns(const vane__runner *oracle, const vane__prepared *p)
{
    const vane_kernel *k = oracle->kernel;
    double flops = k->flops_per_ns > 0 ? k->flops_per_ns : 0.3;
    double bytes = k->bytes_per_ns > 0 ? k->bytes_per_ns : 1.5;
    return (double)p->parts * k->launch_ns + p->work.flops / flops + p->work.bytes / bytes;
}
