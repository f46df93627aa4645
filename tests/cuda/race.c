/* SPDX-License-Identifier: MIT */
/* race.c - which operations are ordered before which, by vector clocks, and so whether a copy, a
 * kernel or a free on one stream can meet another stream's use of the same memory. What one run
 * did in a good order by chance is found too. Two kernels are not compared: both may only read. */
#include <stdlib.h>

#include "fake.h"

fake_clock fake_host_clock; /* what the host has waited for, on any thread */
static uint64_t serials[FAKE_SLOTS];
static int taken[FAKE_SLOTS];

void fake_clock_join(fake_clock *to, const fake_clock *from)
{
    for (int i = 0; i < FAKE_SLOTS; i++)
        if (from->at[i] > to->at[i])
            to->at[i] = from->at[i];
}

int fake_slot_take(void)
{
    int i = 0;
    while (i < FAKE_SLOTS && taken[i])
        i++;
    if (i < FAKE_SLOTS)
        taken[i] = 1;
    return i;
}

void fake_slot_give(int slot)
{
    if (slot < FAKE_SLOTS)
        taken[slot] = 0;
}

uint64_t fake_slot_next(int slot, int advance)
{
    if (slot >= FAKE_SLOTS)
        return 0;
    return advance ? ++serials[slot] : serials[slot] + 1;
}

static int is_watched(const fake_stream *s, const fake_block *b)
{
    return fake_settings.race && s->slot < FAKE_SLOTS && !s->capture && b->device >= 0;
}

typedef struct fake_touch {
    int slot;
    uint64_t serial;
    CUdeviceptr at, end;
    fake_access access;
} fake_touch;

static int is_ordered(const fake_touch *t, const fake_clock *clock)
{
    return t->serial <= clock->at[t->slot];
}

/* What the host has waited for is before all that comes. */
static void forget_done(fake_block *b)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < b->touches; i++)
        if (!is_ordered(&b->touch[i], &fake_host_clock))
            b->touch[kept++] = b->touch[i];
    b->touches = kept;
}

static void remember(fake_block *b, fake_touch t)
{
    for (unsigned i = 0; i < b->touches; i++) {
        fake_touch *o = &b->touch[i];
        if (o->slot == t.slot && o->at == t.at && o->end == t.end && o->access == t.access) {
            o->serial = t.serial;
            return;
        }
    }
    if (b->touches == b->touch_room) {
        const unsigned room = b->touch_room ? 2 * b->touch_room : 8;
        fake_touch *more = realloc(b->touch, room * sizeof *more);
        if (!more)
            return;
        b->touch = more;
        b->touch_room = room;
    }
    b->touch[b->touches++] = t;
}

/* Do they meet? Of a kernel only the first byte is known that it uses, not whether it writes. */
static int meet(const fake_touch *a, const fake_touch *b)
{
    return (a->access == FAKE_WRITES || b->access == FAKE_WRITES) && a->at < b->end &&
           b->at < a->end;
}

CUresult fake_race_use(fake_stream *s, fake_block *b, CUdeviceptr at, uint64_t bytes,
                       fake_access access, const char *what)
{
    if (!is_watched(s, b))
        return CUDA_SUCCESS;
    if (b->born_slot < FAKE_SLOTS && b->born_serial > s->clock.at[b->born_slot])
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s uses memory whose allocation on another stream it does not wait for",
                           what);
    const fake_touch t = {s->slot, fake_slot_next(s->slot, 0), at, at + (bytes ? bytes : 1),
                          access};
    forget_done(b);
    for (unsigned i = 0; i < b->touches; i++)
        if (!is_ordered(&b->touch[i], &s->clock) && meet(&b->touch[i], &t))
            return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                               "%s %s memory that %s on another stream may still %s", what,
                               access == FAKE_WRITES ? "writes" : "uses",
                               b->touch[i].access == FAKE_USES ? "a kernel" : "a copy",
                               b->touch[i].access == FAKE_WRITES ? "write" : "use");
    remember(b, t);
    return CUDA_SUCCESS;
}

CUresult fake_race_free(fake_stream *s, fake_block *b)
{
    for (unsigned i = 0; is_watched(s, b) && i < b->touches; i++)
        if (!is_ordered(&b->touch[i], &s->clock))
            return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                               "memory is freed on a stream, and another may still use it");
    return CUDA_SUCCESS;
}
