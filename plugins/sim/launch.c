/* SPDX-License-Identifier: MIT */
/* launch.c - the oracle's kernels under the device's name, and a call of one. */
#include "sim.h"

/* ---- computing ----------------------------------------------------------------- */

/* The call as the oracle sees it: all operands in host memory. */
static vane_status compute(const sim_kernel *k, const vane_call *call)
{
    vane_call c = *call;
    c.width = 1;
    for (uint32_t i = 0; i < c.n_arg; i++)
        if (c.arg[i].mem) {
            c.arg[i].data = c.arg[i].mem->bytes + c.arg[i].offset_bytes;
            c.arg[i].mem = NULL;
        }
    return k->device->spec->compute ? k->body(&k->base, &c) : VANE_OK;
}

/* One element of the result, far enough off to be found. */
static void spoil(const vane_call *call)
{
    static const uint8_t size[VANE_DTYPE_COUNT] = {
#define DTYPE_SIZE(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(DTYPE_SIZE)};
    const vane_view *out = &call->arg[call->n_arg - 1];
    unsigned char *p = out->mem ? out->mem->bytes + out->offset_bytes : out->data;
    if (p)
        p[size[out->dtype] - 1] ^= out->dtype == VANE_BOOL ? 1 : 0x40;
}

/* ---- a device with memory of its own ------------------------------------------- */

static void touch_all(vane_backend *b, const vane_call *call)
{
    pthread_mutex_lock(&b->lock);
    for (uint32_t i = 0; i < call->n_arg; i++)
        if (call->arg[i].mem)
            sim_mem_touch(call->arg[i].mem, sim_now(b));
    pthread_mutex_unlock(&b->lock);
}

vane_status sim_launch(vane_queue *q, const vane_kernel *kernel, const vane_call *call,
                       vane_event **out)
{
    const sim_kernel *k = (const sim_kernel *)(const void *)kernel;
    vane_device *d = q->device;
    sim_work work = {.at = d,
                     .engine = SIM_COMPUTE,
                     .target = k->op,
                     .fixed_ns = d->spec->launch_ns,
                     .rated_ns = sim_call_ns(d->spec, call),
                     .name = kernel->name};
    sim_slot slot;
    vane_status st = sim_book(q, &work, &slot);
    if (st != VANE_OK)
        return st;
    touch_all(d->backend, call);
    if (slot.status == VANE_OK)
        st = compute(k, call);
    if (st != VANE_OK)
        return st;
    if (slot.is_wrong)
        spoil(call);
    sim_done(q, &work, &slot);
    return sim_queue_event(q, &slot, out);
}

/* ---- a device of the host's memory --------------------------------------------- */

/* fork() may have left the lock to nobody: a sample less is no harm. */
static void remember(vane_device *d, uint64_t begin, uint64_t end)
{
    if (pthread_mutex_trylock(&d->backend->lock) != 0)
        return;
    sim_history_add(d, begin, end);
    pthread_mutex_unlock(&d->backend->lock);
}

static void let_pass(vane_device *d, const vane_call *call, const char *name, uint64_t begin)
{
    vane_backend *b = d->backend;
    double factor = sim_jitter(d);
    uint64_t since = begin - b->epoch_ns + (uint64_t)(d->spec->launch_ns * factor + 0.5);
    uint64_t end =
        sim_finish(&d->spec->throttle, since, sim_call_ns(d->spec, call) * factor) + b->epoch_ns;
    uint64_t now = sim_now(b);
    if (b->is_virtual)
        b->clock.advance(b, end - begin);
    else if (now > end)
        sim_slow(d, name, now - begin, end - begin);
    else
        sim_wait_until(b, end, UINT64_MAX);
    remember(d, begin, end);
}

static vane_status direct(const vane_kernel *self, const vane_call *call)
{
    const sim_kernel *k = (const sim_kernel *)(const void *)self;
    vane_device *d = k->device;
    uint64_t begin = sim_now(d->backend);
    const sim_fault *f = sim_fault_at(d->spec, k->op, begin - d->backend->epoch_ns);
    if (f && f->kind != SIM_WRONG)
        return sim_fail(d->backend, sim_fault_status(f->kind),
                        "%s: %s failed, as described (fail=)", d->spec->name, self->name);
    vane_status st = compute(k, call);
    if (st == VANE_OK && f)
        spoil(call);
    if (st == VANE_OK)
        let_pass(d, call, self->name, begin);
    return st;
}

/* ---- the table ----------------------------------------------------------------- */

static void fill(vane_device *d, uint32_t op, uint32_t dtype)
{
    const sim_spec *s = d->spec;
    const vane_kernel *oracle = scalar_kernel(NULL, op, "", dtype);
    sim_kernel *k = &d->kernel[op][dtype];
    if (!oracle)
        return;
    *k = (sim_kernel){.body = oracle->direct, .device = d, .op = op};
    k->base = (vane_kernel){.struct_size = sizeof k->base,
                            .flags = VANE_KERNEL_CLEAN_FAIL,
                            .numerics = VANE_NUMERICS_FAST,
                            .name = oracle->name,
                            .direct = s->host ? direct : NULL,
                            .flops_per_ns = s->flops[sim_class_of(op)][dtype] / 1e9 * s->claim,
                            .bytes_per_ns = s->bytes / 1e9 * s->claim,
                            .launch_ns = s->launch_ns};
}

void sim_kernels_fill(vane_device *d)
{
    for (uint32_t op = 0; op < VANE_OP_COUNT; op++)
        for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++)
            fill(d, op, dtype);
}

const vane_kernel *sim_kernel_of(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)name;
    if (op >= VANE_OP_COUNT || dtype >= VANE_DTYPE_COUNT || !d->kernel[op][dtype].body)
        return NULL;
    return &d->kernel[op][dtype].base;
}
