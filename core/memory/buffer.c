/* SPDX-License-Identifier: MIT */
/* buffer.c - the public functions of buffers. */
#include "memory/buffer.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "op/tensor.h"

static vane_status check_out(vane_context *ctx, const char *op, const void *out, uint64_t bytes)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && out == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "%s: out is NULL, expected a place for the handle", op);
    if (st == VANE_OK && bytes > INT64_MAX)
        st = vane__fail(VANE_E_OVERFLOW, "%s: bytes is %llu, expected less than 2^63", op,
                        (unsigned long long)bytes);
    return st;
}

static vane_status make(vane_context *ctx, const char *op, vane__hostmem *host, const char *name,
                        vane_buffer *out, vane__buffer **b)
{
    if (host == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for buffer '%s'", op, name ? name : "");
    vane_status st = vane__buffer_make(ctx, host, name, out, b);
    if (st != VANE_OK) {
        host->release = NULL; /* the memory stays its owner's */
        vane__hostmem_drop(host);
    }
    return st;
}

vane_status vane_buffer_open(vane_context *ctx, uint64_t bytes, const char *name, vane_buffer *out)
{
    vane__buffer *b;
    vane_status st = check_out(ctx, "buffer_open", out, bytes);
    if (st != VANE_OK)
        return st;
    out->id = 0;
    vane__hostmem *host = vane__hostmem_new(bytes);
    if (host == NULL)
        return vane__fail(VANE_E_NOMEM, "buffer_open: no room for %llu bytes of buffer '%s'",
                          (unsigned long long)bytes, name ? name : "");
    st = vane__buffer_make(ctx, host, name, out, &b);
    if (st != VANE_OK)
        vane__hostmem_drop(host);
    return st;
}

vane_status vane__buffer_adopt(vane_context *ctx, const char *op, vane__hostmem *host,
                               const char *name, vane_buffer *out)
{
    vane__buffer *b;
    out->id = 0;
    vane_status st = make(ctx, op, host, name, out, &b);
    if (st != VANE_OK)
        return st;
    pthread_mutex_lock(&b->lock);
    b->wrapped = 1;
    vane__ranges_add(&b->host_valid, 0, b->bytes); /* one interval: needs no memory */
    pthread_mutex_unlock(&b->lock);
    return VANE_OK;
}

vane_status vane_buffer_wrap(vane_context *ctx, void *host, uint64_t bytes, const char *name,
                             vane_buffer *out)
{
    vane_status st = check_out(ctx, "buffer_wrap", out, bytes);
    if (st == VANE_OK && host == NULL && bytes > 0)
        st = vane__fail(VANE_E_ARGUMENT, "buffer_wrap: host is NULL, expected %llu bytes",
                        (unsigned long long)bytes);
    if (st != VANE_OK)
        return st;
    return vane__buffer_adopt(ctx, "buffer_wrap", vane__hostmem_over(host, bytes, NULL, NULL), name,
                              out);
}

static vane_status enter(vane_context *ctx, const char *op, vane_buffer handle, vane__buffer **out)
{
    vane_status st = vane__context_check(ctx);
    return st == VANE_OK ? vane__buffer_enter(ctx, op, "buffer", handle, out) : st;
}

vane_status vane_buffer_close(vane_context *ctx, vane_buffer buffer)
{
    vane__buffer *b;
    vane_status st = enter(ctx, "buffer_close", buffer, &b);
    if (st != VANE_OK)
        return st;
    st = vane__buffer_quiet(b, 1);
    if (st == VANE_E_ARGUMENT) { /* somebody was faster */
        pthread_mutex_unlock(&b->lock);
        return st;
    }
    if (b->wrapped)
        st = vane__buffer_home(b, 0, b->bytes);
    if (st == VANE_OK && b->wrapped && b->writer != NULL && b->writer->status != VANE_OK)
        st = vane__ticket_status(b->writer);
    if (st == VANE_OK && b->wrapped && b->lost.count > 0)
        st = vane__fail(VANE_E_DEVICE_LOST,
                        "buffer_close: part of buffer '%s' was lost with its device", b->name);
    while (b->copies != NULL)
        vane__copy_free(b, b->copies);
    vane__ticket_drop(b->writer);
    b->writer = NULL;
    while (b->n_readers > 0)
        vane__ticket_drop(b->readers[--b->n_readers]);
    vane__hostmem *host = vane__hostmem_hold(b->host);
    vane__buffer_retire(b);
    pthread_mutex_unlock(&b->lock);
    vane__hostmem_drop(host); /* a deleter of others, which may wait for who waits for the lock */
    return st;
}

/* ---- the host's hands on it -------------------------------------------------------------- */

static vane_status check_range(const vane__buffer *b, const char *op, uint64_t offset,
                               uint64_t bytes)
{
    if (offset <= b->bytes && bytes <= b->bytes - offset)
        return VANE_OK;
    return vane__fail(VANE_E_ARGUMENT,
                      "%s: bytes %llu and %llu more are outside buffer '%s', which has %llu", op,
                      (unsigned long long)offset, (unsigned long long)bytes, b->name,
                      (unsigned long long)b->bytes);
}

static vane_status check_maps(const vane__buffer *b, const char *op, int writes)
{
    if (b->write_maps == 0 && (!writes || b->read_maps == 0))
        return VANE_OK;
    return vane__fail(VANE_E_BUSY, "%s: buffer '%s' is mapped, expected it to be unmapped first",
                      op, b->name);
}

/* The host reads and writes [offset, offset + bytes) now, under the lock that is held then. */
static vane_status take(vane__buffer *b, const char *op, uint64_t offset, uint64_t bytes,
                        uint32_t intent)
{
    int writes = (intent & VANE_MAP_WRITE) != 0;
    vane_status st = check_range(b, op, offset, bytes);
    if (st == VANE_OK && writes && b->host->read_only)
        st = vane__fail(VANE_E_ARGUMENT,
                        "%s: buffer '%s' is read-only, expected one that may be written", op,
                        b->name);
    if (st == VANE_OK)
        st = check_maps(b, op, writes);
    if (st == VANE_OK)
        st = vane__buffer_quiet(b, writes);
    if (st == VANE_OK)
        st = check_maps(b, op, writes);
    if (st == VANE_OK && (intent & VANE_MAP_READ) && b->writer != NULL)
        st = vane__ticket_status(b->writer);
    if (st == VANE_OK && (intent & VANE_MAP_READ))
        st = vane__buffer_known(b, op, "it", offset, offset + bytes);
    if (st == VANE_OK && !vane__buffer_reserve(b, 1))
        st = vane__fail(VANE_E_NOMEM, "%s: no memory to note what is current of buffer '%s'", op,
                        b->name);
    if (st == VANE_OK)
        st = intent & VANE_MAP_READ ? vane__buffer_home(b, offset, offset + bytes)
                                    : vane__buffer_host_access(b);
    if (st == VANE_OK && writes)
        vane__buffer_written(b, NULL, offset, offset + bytes);
    if (st == VANE_OK && writes && vane__buffer_makes_good(b, offset, offset + bytes)) {
        vane__ticket_drop(b->writer); /* all of it is new: a failure of before is history */
        b->writer = NULL;
    }
    return st;
}

vane_status vane_buffer_map(vane_context *ctx, vane_buffer buffer, uint64_t offset_bytes,
                            uint64_t bytes, uint32_t intent, void **out)
{
    vane__buffer *b;
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "buffer_map: out is NULL, expected a place to write to");
    *out = NULL;
    if (intent == 0 || intent > (VANE_MAP_READ | VANE_MAP_WRITE))
        return vane__fail(
            VANE_E_ARGUMENT,
            "buffer_map: intent is %u, expected VANE_MAP_READ, VANE_MAP_WRITE or both", intent);
    vane_status st = enter(ctx, "buffer_map", buffer, &b);
    if (st != VANE_OK)
        return st;
    st = take(b, "buffer_map", offset_bytes, bytes, intent);
    if (st == VANE_OK) {
        *(intent & VANE_MAP_WRITE ? &b->write_maps : &b->read_maps) += 1;
        *out = vane__buffer_data(b) + offset_bytes;
    }
    pthread_mutex_unlock(&b->lock);
    return st;
}

vane_status vane_buffer_unmap(vane_context *ctx, vane_buffer buffer, void *p)
{
    vane__buffer *b;
    vane_status st = enter(ctx, "buffer_unmap", buffer, &b);
    if (st != VANE_OK)
        return st;
    const char *at = p, *first = vane__buffer_data(b);
    if (at < first || at > first + b->bytes)
        st = vane__fail(VANE_E_ARGUMENT, "buffer_unmap: p is %p, expected what buffer_map gave", p);
    else if (b->read_maps + b->write_maps == 0)
        st = vane__fail(VANE_E_ARGUMENT, "buffer_unmap: buffer '%s' is not mapped", b->name);
    else if (b->write_maps > 0)
        b->write_maps--; /* never together with another */
    else
        b->read_maps--;
    pthread_mutex_unlock(&b->lock);
    return st;
}

vane_status vane_buffer_write(vane_context *ctx, vane_buffer buffer, uint64_t offset_bytes,
                              const void *from, uint64_t bytes)
{
    vane__buffer *b;
    vane_status st = enter(ctx, "buffer_write", buffer, &b);
    if (st != VANE_OK)
        return st;
    if (from == NULL && bytes > 0)
        st = vane__fail(VANE_E_ARGUMENT, "buffer_write: from is NULL, expected %llu bytes",
                        (unsigned long long)bytes);
    if (st == VANE_OK)
        st = take(b, "buffer_write", offset_bytes, bytes, VANE_MAP_WRITE);
    if (st == VANE_OK && bytes > 0)
        memmove(vane__buffer_data(b) + offset_bytes, from, bytes);
    pthread_mutex_unlock(&b->lock);
    return st;
}

vane_status vane_buffer_read(vane_context *ctx, vane_buffer buffer, uint64_t offset_bytes, void *to,
                             uint64_t bytes)
{
    vane__buffer *b;
    vane_status st = enter(ctx, "buffer_read", buffer, &b);
    if (st != VANE_OK)
        return st;
    if (to == NULL && bytes > 0)
        st = vane__fail(VANE_E_ARGUMENT, "buffer_read: to is NULL, expected room for %llu bytes",
                        (unsigned long long)bytes);
    if (st == VANE_OK)
        st = take(b, "buffer_read", offset_bytes, bytes, VANE_MAP_READ);
    if (st == VANE_OK && bytes > 0)
        memmove(to, vane__buffer_data(b) + offset_bytes, bytes);
    pthread_mutex_unlock(&b->lock);
    return st;
}
