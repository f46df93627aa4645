/* SPDX-License-Identifier: MIT */
/* race.c - which operations are ordered before which, by vector clocks, and so whether a copy, a
 * kernel or a free on one stream can meet another stream's use of the same memory. What one run
 * did in a good order by chance is found too. Two kernels are not compared: both may only read. */
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

/* A slot whose operations in at are not all ordered before s; -1: none. */
static int unordered(const fake_stream *s, const uint64_t *at)
{
    for (int i = 0; i < FAKE_SLOTS; i++)
        if (i != s->slot && at[i] > s->clock.at[i])
            return i;
    return -1;
}

CUresult fake_race_use(fake_stream *s, fake_block *b, fake_access access, const char *what)
{
    if (!is_watched(s, b))
        return CUDA_SUCCESS;
    if (b->born_slot < FAKE_SLOTS && b->born_slot != s->slot &&
        b->born_serial > s->clock.at[b->born_slot])
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s uses memory whose allocation on another stream it does not wait for",
                           what);
    if (unordered(s, b->written) >= 0)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s uses memory that a copy on another stream may still write", what);
    if (access == FAKE_WRITES && unordered(s, b->used) >= 0)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s writes memory that another stream may still use", what);
    const unsigned slot = (unsigned)s->slot % FAKE_SLOTS;
    b->used[slot] = fake_slot_next((int)slot, 0);
    if (access == FAKE_WRITES)
        b->written[slot] = b->used[slot];
    return CUDA_SUCCESS;
}

CUresult fake_race_free(fake_stream *s, fake_block *b)
{
    if (is_watched(s, b) && unordered(s, b->used) >= 0)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "memory is freed on a stream, and another may still use it");
    return CUDA_SUCCESS;
}
