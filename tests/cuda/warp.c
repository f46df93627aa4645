/* SPDX-License-Identifier: MIT */
/* warp.c - what the lanes of a warp do together: shuffles, ballots, __syncwarp. The last lane of
 * the mask to arrive computes what all get. Convergence is checked: every lane of the mask comes,
 * to the same place, with the same mask. */
#include "block_own.h"

/* Whether every lane of mask waits here; one that waits elsewhere is found when nobody can go on.
 */
static int all_came(const emu_block *b, unsigned first, unsigned mask, const char *where)
{
    for (unsigned rest = mask; rest; rest &= rest - 1) {
        const emu_thread *t = &b->thread[first + (unsigned)__builtin_ctz(rest)];
        if (t->wait != EMU_AT_WARP || t->where != where || t->mask != mask)
            return 0;
    }
    return 1;
}

static void give(emu_block *b, unsigned first, unsigned mask, emu_warp_op op)
{
    uint64_t votes = 0;
    for (unsigned rest = mask; rest; rest &= rest - 1) {
        const unsigned lane = (unsigned)__builtin_ctz(rest);
        emu_thread *t = &b->thread[first + lane];
        votes |= (uint64_t)(t->value != 0) << lane;
        if (op != EMU_SHUFFLE)
            continue;
        if (!(mask >> t->source & 1u))
            emu_fault("%s: lane %u reads lane %u, which is not in the mask %08x", t->where, lane,
                      t->source, mask);
        t->result = b->thread[first + t->source].value;
    }
    for (unsigned rest = mask; op == EMU_BALLOT && rest; rest &= rest - 1)
        b->thread[first + (unsigned)__builtin_ctz(rest)].result = votes;
}

/* The lanes that a warp has: its last one may be short. */
static unsigned lanes_of(const emu_block *b, unsigned first)
{
    const unsigned n = b->threads - first;
    return n >= EMU_LANES ? 0xffffffffu : (1u << n) - 1u;
}

uint64_t emu_warp(emu_warp_op op, unsigned mask, uint64_t value, unsigned source, const char *where)
{
    emu_block *b = emu_here;
    const unsigned me = b->current, lane = me % EMU_LANES, first = me - lane;
    emu_thread *self = &b->thread[me];
    if (!(mask >> lane & 1u))
        emu_fault("%s: lane %u is not in its own mask %08x", where, lane, mask);
    if (mask & ~lanes_of(b, first))
        emu_fault("%s: mask %08x has lanes that the warp of %u threads has not", where, mask,
                  b->threads - first);
    self->wait = EMU_AT_WARP;
    self->op = op;
    self->mask = mask;
    self->value = value;
    self->source = source;
    self->where = where;
    if (!all_came(b, first, mask, where)) {
        emu_block_wait(b);
        return self->result;
    }
    give(b, first, mask, op);
    self->wait = EMU_RUNS;
    for (unsigned rest = mask & ~(1u << lane); rest; rest &= rest - 1)
        emu_block_ready(b, first + (unsigned)__builtin_ctz(rest));
    return self->result;
}
