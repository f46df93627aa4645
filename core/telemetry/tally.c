/* SPDX-License-Identifier: MIT */
/* tally.c - a table of calls that were alike. */
#include "telemetry/tally.h"

#include <stdlib.h>
#include <string.h>

static int alike(const vane__tally *a, const vane__tally *b)
{
    return a->op == b->op && a->who == b->who && a->dtype == b->dtype && a->width == b->width;
}

/* Where it is, or the free slot where it belongs. */
static uint32_t slot_of(const vane__tally *slots, uint32_t room, const vane__tally *key)
{
    uint64_t h = ((uintptr_t)key->op >> 4) * UINT64_C(0x9e3779b97f4a7c15) ^
                 ((uintptr_t)key->who >> 4) * UINT64_C(0xc2b2ae3d27d4eb4f) ^
                 (key->dtype + UINT64_C(31) * key->width) * UINT64_C(0x165667b19e3779f9);
    uint32_t at = (uint32_t)(h >> 40) & (room - 1);
    while (slots[at].op != NULL && !alike(&slots[at], key))
        at = (at + 1) & (room - 1);
    return at;
}

static int grow(vane__tallies *t)
{
    uint32_t room = t->room ? t->room * 2 : 32;
    vane__tally *slots = calloc(room, sizeof *slots);
    if (slots == NULL)
        return 0;
    for (uint32_t i = 0; i < t->room; i++)
        if (t->slots[i].op != NULL)
            slots[slot_of(slots, room, &t->slots[i])] = t->slots[i];
    free(t->slots);
    t->slots = slots;
    t->room = room;
    return 1;
}

static void add(vane__tally *to, const vane__tally *from)
{
    to->calls += from->calls;
    to->failures += from->failures;
    to->ns += from->ns;
    to->flops += from->flops;
    to->bytes += from->bytes;
}

void vane__tallies_count(vane__tallies *t, const vane__tally *one)
{
    if (t->room > 0 && t->slots[t->last].op != NULL && alike(&t->slots[t->last], one)) {
        add(&t->slots[t->last], one);
        return;
    }
    if (t->used * 4 >= t->room * 3 && !grow(t) && t->used + 1 >= t->room) {
        t->uncounted += one->calls;
        return;
    }
    uint32_t at = slot_of(t->slots, t->room, one);
    if (t->slots[at].op == NULL) {
        t->slots[at] = *one;
        t->used++;
    } else {
        add(&t->slots[at], one);
    }
    t->last = at;
}

void vane__tallies_clear(vane__tallies *t)
{
    if (t->room > 0)
        memset(t->slots, 0, t->room * sizeof *t->slots);
    t->used = t->last = 0;
    t->uncounted = 0;
}

void vane__tallies_free(vane__tallies *t)
{
    free(t->slots);
    *t = (vane__tallies){0};
}
