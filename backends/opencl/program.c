/* SPDX-License-Identifier: MIT */
/* program.c - programs: built at their first launch, one for each (source, op, dtypes, variant),
 * and kept for the device's life. What does not build is remembered too.
 */
#include "program.h"

#include <string.h>

#include "host.h"

struct ocl_program {
    ocl_program *next;
    uint32_t key; /* of the function, without its number */
    cl_program program;
    int broken; /* it does not build: never tried again */
};

/* Unique and never 0: source 3 bits, op 8, dtype 4, dtype2 4, variant 3, number 3 */
static uint32_t key_of(const ocl_function *f)
{
    uint32_t key = 1u << 25 | (uint32_t)f->source << 22 | f->op << 14 | f->dtype << 10;
    return key | f->dtype2 << 6 | f->variant << 3 | f->number;
}

static vane_status is_broken(const vane_device *d, const ocl_function *f)
{
    const vane_host *host = d->backend->host;
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, CL_BUILD_PROGRAM_FAILURE,
                      "the program of %s does not build here", f->function);
}

static vane_status add(vane_device *d, const ocl_function *f, uint32_t key, ocl_program **out)
{
    const vane_host *host = d->backend->host;
    cl_program program = NULL;
    vane_status st = ocl_program_build(d, f, &program);
    if (st != VANE_OK && st != VANE_E_UNSUPPORTED)
        return st; /* may go well another time */
    ocl_program *p = host->alloc(host->ctx, sizeof *p, 64);
    if (!p) {
        if (program)
            d->backend->cl.clReleaseProgram(program);
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a program");
    }
    *p = (ocl_program){
        .next = d->programs, .key = key, .program = program, .broken = program == NULL};
    d->programs = p;
    *out = p;
    return VANE_OK;
}

/* With the device's lock held. */
static vane_status find_or_add(vane_device *d, const ocl_function *f, cl_program *out)
{
    uint32_t key = key_of(f) & ~7u;
    ocl_program *p = d->programs;
    while (p && p->key != key)
        p = p->next;
    if (!p) {
        vane_status st = add(d, f, key, &p);
        if (st != VANE_OK)
            return st;
    }
    *out = p->program;
    return p->broken ? is_broken(d, f) : VANE_OK;
}

static vane_status make_kernel(vane_queue *q, const ocl_function *f, cl_kernel *out)
{
    vane_device *d = q->device;
    cl_program program = NULL;
    cl_int code = CL_SUCCESS;
    pthread_mutex_lock(&d->lock);
    vane_status st = find_or_add(d, f, &program);
    pthread_mutex_unlock(&d->lock);
    if (st != VANE_OK)
        return st;
    *out = d->backend->cl.clCreateKernel(program, f->function, &code);
    return *out ? VANE_OK : ocl_fail(d->backend->host, code, f->function);
}

cl_kernel ocl_function_twin(vane_queue *q, const ocl_function *f)
{
    vane_device *d = q->device;
    const uint32_t key = key_of(f) & ~7u;
    cl_int code = CL_SUCCESS;
    pthread_mutex_lock(&d->lock);
    const ocl_program *p = d->programs;
    while (p && p->key != key)
        p = p->next;
    pthread_mutex_unlock(&d->lock);
    return p && p->program ? d->backend->cl.clCreateKernel(p->program, f->function, &code) : NULL;
}

/* ---- the queue's cl_kernels -------------------------------------------------------- */

/* Where key is, or the free place where it belongs. */
static ocl_slot *slot_of(const vane_queue *q, uint32_t key)
{
    uint32_t i = (key * 2654435761u) >> 7 & q->slot_mask;
    while (q->slots[i].key != 0 && q->slots[i].key != key)
        i = (i + 1) & q->slot_mask;
    return &q->slots[i];
}

/* Twice the places; at most half of them are used, so that searches end soon. */
static vane_status grow(vane_queue *q)
{
    const vane_host *host = q->device->backend->host;
    vane_queue old = {.slots = q->slots, .slot_mask = q->slot_mask};
    uint32_t count = q->slots ? (q->slot_mask + 1) * 2 : 64;
    ocl_slot *more = host->alloc(host->ctx, count * sizeof *more, 64);
    if (!more)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for %u kernels", count);
    memset(more, 0, count * sizeof *more);
    q->slots = more;
    q->slot_mask = count - 1;
    for (uint32_t i = 0; old.slots && i <= old.slot_mask; i++) {
        if (old.slots[i].key)
            *slot_of(q, old.slots[i].key) = old.slots[i];
    }
    host->free(host->ctx, old.slots);
    return VANE_OK;
}

static vane_status add_function(vane_queue *q, const ocl_function *f, uint32_t key, ocl_slot **out)
{
    cl_kernel kernel = NULL;
    vane_status st = VANE_OK;
    if (!q->slots || q->slots_used * 2 > q->slot_mask)
        st = grow(q);
    if (st == VANE_OK)
        st = make_kernel(q, f, &kernel);
    if (st != VANE_OK)
        return st;
    *out = slot_of(q, key);
    **out = (ocl_slot){.key = key, .kernel = kernel};
    q->slots_used++;
    return VANE_OK;
}

vane_status ocl_function_slot(vane_queue *q, const ocl_function *f, ocl_slot **out)
{
    uint32_t key = key_of(f);
    if (q->slots) {
        ocl_slot *s = slot_of(q, key);
        if (s->key == key) {
            *out = s;
            return VANE_OK;
        }
    }
    return add_function(q, f, key, out);
}

vane_status ocl_function_get(vane_queue *q, const ocl_function *f, cl_kernel *out)
{
    ocl_slot *s = NULL;
    vane_status st = ocl_function_slot(q, f, &s);
    if (st == VANE_OK)
        *out = s->kernel;
    return st;
}

void ocl_functions_release(vane_queue *q)
{
    const vane_backend *b = q->device->backend;
    for (uint32_t i = 0; q->slots && i <= q->slot_mask; i++) {
        if (q->slots[i].key)
            b->cl.clReleaseKernel(q->slots[i].kernel);
        ocl_args_free(b, q->slots[i].args);
    }
    b->host->free(b->host->ctx, q->slots);
}

void ocl_programs_close(vane_device *d)
{
    const vane_backend *b = d->backend;
    while (d->programs) {
        ocl_program *p = d->programs;
        d->programs = p->next;
        if (p->program)
            b->cl.clReleaseProgram(p->program);
        b->host->free(b->host->ctx, p);
    }
    b->host->free(b->host->ctx, d->identity);
}
