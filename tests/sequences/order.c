/* SPDX-License-Identifier: MIT */
/* order.c - host memory of asynchronous calls: who may touch it when.
 *
 * Buffers need no such care. Host memory that a stream reads or writes may be touched by the
 * caller after a wait for that work, and by another stream after a fence behind it: for every
 * lane it is known how much of every other lane's work is done before its own next work.
 */
#include <string.h>

#include "world.h"

void order_merge(uint32_t *into, const uint32_t *other)
{
    for (uint32_t i = 0; i < STREAMS; i++)
        into[i] = other[i] > into[i] ? other[i] : into[i];
}

int order_allows(const world *w, const place *p, uint32_t s, int writes)
{
    uint32_t seen[STREAMS];
    if (p->kind != HOST)
        return 1;
    memcpy(seen, w->seen, sizeof seen);
    if (s < STREAMS) {
        order_merge(seen, w->lanes[s].seen);
        seen[s] = w->lanes[s].given;
    }
    for (uint32_t i = 0; i < STREAMS; i++)
        if (p->mark.written[i] > seen[i] || (writes && p->mark.read[i] > seen[i]))
            return 0;
    return 1;
}

void order_note(world *w, place *p, uint32_t s, int writes)
{
    if (p->kind == HOST && s < STREAMS)
        (writes ? p->mark.written : p->mark.read)[s] = w->lanes[s].given;
}

void order_given(world *w, uint32_t s)
{
    lane *l = &w->lanes[s];
    order_merge(l->seen, w->seen);
    l->seen[s] = ++l->given;
}
