/* SPDX-License-Identifier: MIT */
/* copy.c - the copies of a buffer: made, found, declared current or not, mourned, freed. */
#include <stdlib.h>

#include "error.h"
#include "memory/buffer.h"

vane__copy *vane__copy_find(const vane__buffer *b, const vane__device *d)
{
    vane__copy *c = b->copies;
    while (c != NULL && c->device != d)
        c = c->next;
    return c;
}

static atomic_uint_fast64_t made; /* copies, of all contexts */

vane_status vane__copy_make(vane__buffer *b, vane__device *d, vane__copy **out)
{
    vane__copy *c = calloc(1, sizeof *c);
    if (c == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for a copy of buffer '%s'", b->name);
    c->device = d;
    c->losses = atomic_load(&d->losses);
    c->made = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
    vane__ranges_init(&c->valid);
    vane_status st = VANE_OK;
    if (!vane__ranges_reserve(&c->valid, 2))
        st = vane__fail(VANE_E_NOMEM, "no memory for a copy of buffer '%s'", b->name);
    else
        c->imported = vane__memory_import(d, vane__buffer_data(b), b->bytes, &c->block);
    if (st == VANE_OK && !c->imported)
        st = vane__memory_take(d, b->bytes, b, &c->block);
    if (st != VANE_OK) {
        vane__ranges_free(&c->valid);
        free(c);
        return st;
    }
    c->next = b->copies;
    b->copies = c;
    *out = c;
    return VANE_OK;
}

void vane__copy_free(vane__buffer *b, vane__copy *c)
{
    vane__copy **at = &b->copies;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    vane__memory_give(c->device, &c->block, c->imported);
    vane__ticket_drop(c->ready);
    vane__ranges_free(&c->valid);
    free(c);
}

/* ---- what is current where ---------------------------------------------------------- */

static int reserve(vane__ranges *r, uint32_t n)
{
    return r->count + n <= r->capacity || vane__ranges_reserve(r, n);
}

int vane__buffer_reserve(vane__buffer *b, uint32_t changes)
{
    const uint32_t n = 2 * changes;
    int room = reserve(&b->host_valid, n) && reserve(&b->lost, n);
    for (vane__copy *c = b->copies; room && c != NULL; c = c->next)
        room = reserve(&c->valid, n);
    return room;
}

static void note_current(vane__ranges *r, int is_current, uint64_t lo, uint64_t hi)
{
    if (is_current && !vane__ranges_have(r, lo, hi))
        vane__ranges_add(r, lo, hi);
    else if (!is_current && r->count > 0)
        vane__ranges_drop(r, lo, hi);
}

void vane__buffer_written(vane__buffer *b, vane__copy *copy, uint64_t lo, uint64_t hi)
{
    int on_host = copy == NULL || copy->imported;
    note_current(&b->host_valid, on_host, lo, hi);
    for (vane__copy *c = b->copies; c != NULL; c = c->next)
        if (!c->imported)
            note_current(&c->valid, c == copy, lo, hi);
    note_current(&b->lost, 0, lo, hi);
}

void vane__buffer_spoilt(vane__buffer *b, vane__copy *copy, uint64_t lo, uint64_t hi)
{
    vane__ranges_drop(copy == NULL || copy->imported ? &b->host_valid : &copy->valid, lo, hi);
}

void vane__buffer_settle(vane__buffer *b, const vane__ticket *t)
{
    for (vane__copy *c = b->copies; c != NULL; c = c->next)
        if (c->ready == t) {
            vane__ticket_drop(c->ready);
            c->ready = NULL;
        }
}

void vane__buffer_distrust(vane__buffer *b)
{
    for (vane__copy *c = b->copies; c != NULL; c = c->next)
        vane__ranges_clear(&c->valid);
    vane__ranges_add(&b->host_valid, 0, b->bytes);
}

static void drop_all_of(vane__ranges *from, const vane__ranges *what)
{
    for (uint32_t i = 0; i < what->count; i++)
        vane__ranges_drop(from, what->at[i].lo, what->at[i].hi);
}

void vane__buffer_doubt(vane__buffer *b, const vane__device *d)
{
    vane__copy *c = vane__copy_find(b, d);
    if (c == NULL || c->imported)
        return;
    drop_all_of(&c->valid, &b->host_valid);
    for (const vane__copy *other = b->copies; other != NULL; other = other->next)
        if (other != c && !other->imported)
            drop_all_of(&c->valid, &other->valid);
}

/* ---- loss ---------------------------------------------------------------------------- */

/* Of [lo, hi), which c has: what no healthy place has is lost. */
static void mourn_range(vane__buffer *b, const vane__copy *gone, uint64_t lo, uint64_t hi)
{
    vane__range r;
    vane__ranges elsewhere;
    vane__ranges_init(&elsewhere);
    for (uint32_t i = 0; i < b->host_valid.count; i++)
        vane__ranges_add(&elsewhere, b->host_valid.at[i].lo, b->host_valid.at[i].hi);
    for (const vane__copy *c = b->copies; c != NULL; c = c->next)
        for (uint32_t i = 0; c != gone && !vane__copy_lost(c) && i < c->valid.count; i++)
            vane__ranges_add(&elsewhere, c->valid.at[i].lo, c->valid.at[i].hi);
    for (uint64_t at = lo; vane__ranges_missing(&elsewhere, &gone->valid, at, hi, &r); at = r.hi)
        vane__ranges_add(&b->lost, r.lo, r.hi);
    vane__ranges_free(&elsewhere);
}

void vane__buffer_mourn(vane__buffer *b)
{
    vane__copy *next;
    for (vane__copy *c = b->copies; c != NULL; c = next) {
        next = c->next;
        if (!vane__copy_lost(c) || c->pins > 0)
            continue;
        if (!c->imported)
            mourn_range(b, c, 0, b->bytes);
        vane_error kept = *vane_last_error();
        if (vane__queues_sync(c->device) != VANE_OK) /* other work may still be at it */
            atomic_store(&c->device->wedged, 1);
        vane__error_restore(&kept);
        vane__log_line(&b->ctx->settings.log, VANE_LOG_INFO,
                       "buffer '%s': its copy on %s went with the device", b->name,
                       c->device->info.id);
        vane__copy_free(b, c);
    }
}

vane_status vane__buffer_known(vane__buffer *b, const char *op, const char *what, uint64_t lo,
                               uint64_t hi)
{
    vane__buffer_mourn(b);
    if (vane__ranges_touch(&b->lost, lo, hi))
        return vane__fail(VANE_E_DEVICE_LOST,
                          "%s: %s needs bytes %llu to %llu of buffer '%s', whose only current copy "
                          "was lost with its device",
                          op, what, (unsigned long long)lo, (unsigned long long)hi, b->name);
    int known = lo == hi || vane__ranges_touch(&b->host_valid, lo, hi);
    for (const vane__copy *c = b->copies; !known && c != NULL; c = c->next)
        known = vane__ranges_touch(&c->valid, lo, hi);
    if (known)
        return VANE_OK;
    return vane__fail(VANE_E_ARGUMENT,
                      "%s: %s reads bytes %llu to %llu of buffer '%s', which nothing has written",
                      op, what, (unsigned long long)lo, (unsigned long long)hi, b->name);
}
