/* SPDX-License-Identifier: MIT */
/* loan.c - Vane's memory, or the caller's, as a DLPack tensor for another program.
 *
 * What goes out holds the host memory, not the buffer, so that it may outlive buffer and
 * context; as long as it lives the memory counts as shared.
 */
#include <stdlib.h>

#include "error.h"
#include "memory/buffer.h"
#include "memory/dlpack_abi.h"
#include "op/tensor.h"

/* What the deleter ends, in one piece of memory. */
typedef struct loan {
    union {
        struct DLManagedTensor plain;
        struct DLManagedTensorVersioned versioned;
    } as;
    vane__hostmem *host; /* NULL: the memory is the caller's to keep */
    int64_t shape[VANE_MAX_RANK], stride[VANE_MAX_RANK];
} loan;

/* By anyone, on any thread, perhaps long after the context: nothing of it is touched. */
static void loan_end(loan *l)
{
    if (l->host != NULL) {
        atomic_store(&l->host->changed, 1); /* first: who finds nobody sharing looks here */
        atomic_fetch_sub(&l->host->shared, 1);
        vane__hostmem_drop(l->host);
    }
    free(l);
}

static void delete_plain(struct DLManagedTensor *self)
{
    if (self != NULL)
        loan_end(self->manager_ctx);
}

static void delete_versioned(struct DLManagedTensorVersioned *self)
{
    if (self != NULL)
        loan_end(self->manager_ctx);
}

/* Gives t its address. */
static vane_status check_in_buffer(const char *op, const vane__buffer *b, vane_tensor *t)
{
    int64_t lo, hi;
    vane__tensor_extent(t, &lo, &hi);
    if (t->offset_bytes > b->bytes || (int64_t)t->offset_bytes + lo < 0 ||
        hi > (int64_t)(b->bytes - t->offset_bytes))
        return vane__fail(VANE_E_ARGUMENT,
                          "%s: t reaches from %lld to %lld bytes around byte %llu of buffer '%s', "
                          "which has %llu",
                          op, (long long)lo, (long long)hi, (unsigned long long)t->offset_bytes,
                          b->name, (unsigned long long)b->bytes);
    if (b->read_maps + b->write_maps > 0)
        return vane__fail(VANE_E_BUSY,
                          "%s: buffer '%s' is mapped, expected it to be unmapped first", op,
                          b->name);
    t->data = (void *)((uintptr_t)vane__buffer_data(b) + (uintptr_t)t->offset_bytes);
    return vane__tensor_check(op, "t", t, 0, 1);
}

/* All of the buffer comes home, because from now on its copies count for nothing. What was never
 * written may be lent too: for others to fill. */
static vane_status bring_home(const char *op, vane__buffer *b, const vane_tensor *t)
{
    int64_t lo, hi;
    uint64_t at = t->offset_bytes;
    vane__tensor_extent(t, &lo, &hi);
    vane_status st = b->writer != NULL ? vane__ticket_status(b->writer) : VANE_OK;
    if (st == VANE_OK)
        st = vane__buffer_home(b, 0, b->bytes);
    if (st == VANE_OK && vane__ranges_touch(&b->lost, at + (uint64_t)lo, at + (uint64_t)hi))
        st = vane__fail(VANE_E_DEVICE_LOST, "%s: part of t was lost with the device that had it",
                        op);
    return st;
}

/* Locked, and with nobody at work on it, the buffer is lent; t gets its address. */
static vane_status lend(vane_context *ctx, const char *op, int can_say_read_only, vane_tensor *t,
                        loan *l)
{
    vane__buffer *b;
    vane_status st = vane__buffer_enter(ctx, op, "t", t->buffer, &b);
    if (st != VANE_OK)
        return st;
    st = vane__buffer_quiet(b, 1);
    if (st == VANE_OK)
        st = check_in_buffer(op, b, t);
    if (st == VANE_OK && b->host->read_only && !can_say_read_only)
        st = vane__fail(VANE_E_UNSUPPORTED,
                        "%s: buffer '%s' is read-only, expected to_dlpack_versioned, which can "
                        "say so",
                        op, b->name);
    if (st == VANE_OK)
        st = bring_home(op, b, t);
    if (st == VANE_OK) {
        vane__buffer_distrust(b);
        l->host = vane__hostmem_hold(b->host);
        atomic_fetch_add(&l->host->shared, 1);
    }
    pthread_mutex_unlock(&b->lock);
    return st;
}

/* ---- the two forms ---- */

static vane__dl_tensor describe(const vane_tensor *t, loan *l)
{
    for (uint32_t i = 0; i < t->rank; i++) {
        l->shape[i] = t->shape[i];
        l->stride[i] = t->stride[i];
    }
    return (vane__dl_tensor){.data = t->data,
                             .device_type = VANE__DL_HOST,
                             .ndim = (int32_t)t->rank,
                             .dtype = vane__dl_types[t->dtype],
                             .shape = l->shape,
                             .strides = l->stride};
}

static vane_status loan_make(vane_context *ctx, const char *op, const vane_tensor *from,
                             int can_say_read_only, vane__dl_tensor *tensor, loan **out)
{
    int in_buffer = vane__in_buffer(from);
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK)
        st = vane__tensor_check(op, "t", from, 0, !in_buffer);
    if (st != VANE_OK)
        return st;
    loan *l = calloc(1, sizeof *l);
    if (l == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for the managed tensor", op);
    vane_tensor t = *from;
    if (in_buffer)
        st = lend(ctx, op, can_say_read_only, &t, l);
    if (st != VANE_OK) {
        free(l);
        return st;
    }
    *tensor = describe(&t, l);
    *out = l;
    return VANE_OK;
}

static vane_status check_out(const char *op, const void *out)
{
    return out != NULL ? VANE_OK
                       : vane__fail(VANE_E_ARGUMENT,
                                    "%s: out is NULL, expected a place for the managed tensor", op);
}

vane_status vane_to_dlpack(vane_context *ctx, const vane_tensor *t, struct DLManagedTensor **out)
{
    loan *l = NULL;
    vane__dl_tensor tensor;
    vane_status st = check_out("to_dlpack", out);
    if (st != VANE_OK)
        return st;
    *out = NULL;
    st = loan_make(ctx, "to_dlpack", t, 0, &tensor, &l);
    if (st != VANE_OK)
        return st;
    l->as.plain =
        (struct DLManagedTensor){.tensor = tensor, .manager_ctx = l, .deleter = delete_plain};
    *out = &l->as.plain;
    return VANE_OK;
}

vane_status vane_to_dlpack_versioned(vane_context *ctx, const vane_tensor *t,
                                     struct DLManagedTensorVersioned **out)
{
    loan *l = NULL;
    vane__dl_tensor tensor;
    vane_status st = check_out("to_dlpack_versioned", out);
    if (st != VANE_OK)
        return st;
    *out = NULL;
    st = loan_make(ctx, "to_dlpack_versioned", t, 1, &tensor, &l);
    if (st != VANE_OK)
        return st;
    l->as.versioned = (struct DLManagedTensorVersioned){
        .major = VANE__DL_MAJOR,
        .minor = VANE__DL_MINOR,
        .manager_ctx = l,
        .deleter = delete_versioned,
        .flags = l->host != NULL && l->host->read_only ? VANE__DL_READ_ONLY : 0,
        .tensor = tensor};
    *out = &l->as.versioned;
    return VANE_OK;
}
