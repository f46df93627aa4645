/* SPDX-License-Identifier: MIT */
/* guest.c - a policy that was compiled when a candidate had another size: it gets an array of
 * candidates of its own size. What both know is copied, what only it knows is zero.
 */
#include <stdlib.h>
#include <string.h>

#include "dispatch/slate.h"

/* Without these nothing can be chosen; the largest is far from what is sensible. */
#define LEAST (offsetof(vane_candidate, tier) + sizeof(uint32_t))
#define MOST 4096u

int vane__policy_fits(uint32_t candidate_size)
{
    return candidate_size >= LEAST && candidate_size <= MOST &&
           candidate_size % _Alignof(vane_candidate) == 0;
}

static vane_candidate *at(char *lent, const vane_policy *p, uint32_t i)
{
    return (vane_candidate *)(void *)(lent + (size_t)i * p->candidate_size);
}

/* NULL: no memory. */
static char *lend(const vane_policy *p, const vane_candidate *c, uint32_t count)
{
    size_t both = p->candidate_size < sizeof *c ? p->candidate_size : sizeof *c;
    char *lent = calloc((size_t)count + 1, p->candidate_size);
    for (uint32_t i = 0; lent != NULL && i < count; i++) {
        memcpy(at(lent, p, i), &c[i], both);
        at(lent, p, i)->struct_size = p->candidate_size;
    }
    return lent;
}

static uint32_t choose(void *self, const vane_query *q, vane_candidate *c, uint32_t count)
{
    const vane_policy *p = self;
    char *lent = lend(p, c, count);
    if (lent == NULL)
        return VANE_NO_CANDIDATE;
    uint32_t winner = p->choose(p->self, q, at(lent, p, 0), count);
    for (uint32_t i = 0; i < count; i++) {
        c[i].predicted_ns = at(lent, p, i)->predicted_ns;
        c[i].reason = at(lent, p, i)->reason;
    }
    free(lent);
    return winner;
}

static uint32_t explore(void *self, const vane_query *q, const vane_candidate *c, uint32_t count)
{
    const vane_policy *p = self;
    char *lent = lend(p, c, count);
    uint32_t next =
        lent != NULL ? p->explore(p->self, q, at(lent, p, 0), count) : VANE_NO_CANDIDATE;
    free(lent);
    return next;
}

void vane__policy_guest(vane_policy *theirs, vane_policy *out)
{
    *out = *theirs;
    out->choose = choose;
    out->explore = theirs->explore != NULL ? explore : NULL;
    out->self = theirs;
}
