/* SPDX-License-Identifier: MIT */
/* shelf.c - a ring of blocks for each size class, one for all other sizes, one for their age. */
#include "memory/shelf.h"

#include <stddef.h>

#define MIN_SHIFT 8u                   /* the smallest class: 256 bytes */
#define LARGE VANE__SHELF_CLASSES      /* the list of sizes that are of no class */
#define LARGE_UNIT (UINT64_C(2) << 20) /* what exact sizes are rounded to, */
#define SMALL_UNIT 64u                 /* and at the very least */

/* ---- rings --------------------------------------------------------------------- */

static void ring_push(vane__ring *ring, vane__ring *l)
{
    l->prev = ring;
    l->next = ring->next;
    l->prev->next = l->next->prev = l;
}

static void ring_leave(vane__ring *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
}

static vane__shelved *by_peer(vane__ring *l)
{
    return (vane__shelved *)(void *)((char *)l - offsetof(vane__shelved, peer));
}

static vane__shelved *by_age(vane__ring *l)
{
    return (vane__shelved *)(void *)((char *)l - offsetof(vane__shelved, age));
}

/* ---- sizes --------------------------------------------------------------------- */

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
    return bytes > UINT64_MAX - unit ? bytes : (bytes + unit - 1) / unit * unit;
}

/* The class that holds bytes (up to CLASS_MAX), and its size. */
static uint32_t class_of(uint64_t bytes, uint64_t *size)
{
    *size = UINT64_C(1) << MIN_SHIFT;
    if (bytes <= *size)
        return 0;
    uint32_t shift = MIN_SHIFT; /* 2^shift < bytes <= 2^(shift + 1) */
    while ((bytes - 1) >> (shift + 1))
        shift++;
    *size = round_up(bytes, UINT64_C(1) << (shift - 2));
    return (shift - MIN_SHIFT) * 4 + (uint32_t)((bytes - 1) >> (shift - 2) & 3) + 1;
}

static uint64_t exact_size(uint64_t bytes)
{
    uint64_t unit = LARGE_UNIT;
    while (unit > SMALL_UNIT && unit > bytes / 16)
        unit /= 2;
    return round_up(bytes, unit);
}

uint64_t vane__shelf_block_size(uint64_t bytes, uint64_t exact_above)
{
    uint64_t size;
    if (bytes > VANE__SHELF_CLASS_MAX || (bytes > exact_above && bytes > UINT64_C(1) << MIN_SHIFT))
        return exact_size(bytes);
    class_of(bytes, &size);
    return size;
}

/* A class of just that size, or with the others. */
static uint32_t list_of(uint64_t size)
{
    uint64_t whole = 0;
    uint32_t c = size <= VANE__SHELF_CLASS_MAX ? class_of(size, &whole) : LARGE;
    return whole == size ? c : LARGE;
}

/* ---- the shelf ----------------------------------------------------------------- */

static void ring_init(vane__ring *l)
{
    l->prev = l->next = l;
}

void vane__shelf_init(vane__shelf *s)
{
    s->bytes = 0;
    ring_init(&s->ages);
    for (uint32_t i = 0; i <= LARGE; i++)
        ring_init(&s->lists[i]);
}

void vane__shelf_put(vane__shelf *s, vane__shelved *n)
{
    ring_push(&s->lists[list_of(n->block.bytes)], &n->peer);
    ring_push(&s->ages, &n->age);
    s->bytes += n->block.bytes;
}

void vane__shelf_remove(vane__shelf *s, vane__shelved *n)
{
    ring_leave(&n->peer);
    ring_leave(&n->age);
    s->bytes -= n->block.bytes;
}

vane__shelved *vane__shelf_oldest(const vane__shelf *s)
{
    return s->ages.prev != &s->ages ? by_age(s->ages.prev) : NULL;
}

/* The closest fit; of equals the newest. */
vane__shelved *vane__shelf_take(vane__shelf *s, uint64_t size)
{
    vane__ring *list = &s->lists[list_of(size)];
    vane__shelved *best = NULL;
    for (vane__ring *l = list->next; l != list && (!best || best->block.bytes > size);
         l = l->next) {
        vane__shelved *n = by_peer(l);
        if (n->block.bytes >= size && n->block.bytes - size <= size / 8 &&
            (!best || n->block.bytes < best->block.bytes))
            best = n;
    }
    if (best)
        vane__shelf_remove(s, best);
    return best;
}
