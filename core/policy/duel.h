/* SPDX-License-Identifier: MIT */
/* duel.h - who is best of those that are close: they compute the program's own calls, by turns.
 *
 * A trial beside a call has its own output, its own moment and its own neighbours in the caches,
 * and tells a time that may be a third off what the program gets. That suffices to leave the
 * hopeless out. Those who are left take turns with the calls themselves, a stretch of calls each,
 * so that whatever the machine does meanwhile it does to all of them; the means of the stretches
 * become what is known of them. It costs what the slower ones take more, which is counted. Only
 * candidates on the CPU take part: how a device fares is watched by the guard (guard.h).
 *
 * One thread at a time, the site's learner, has a part in it; what is published stays as it is.
 */
#ifndef VANE__POLICY_DUEL_H
#define VANE__POLICY_DUEL_H

#include "dispatch/dispatch.h"
#include "dispatch/site.h"

#define VANE__DUELISTS 4

typedef struct vane__duelist {
    vane__entry *entry;
    vane_candidate candidate; /* as it was expected */
    float ns[VANE__WINDOW];   /* a call of each stretch */
    uint32_t hot;             /* the pool, then */
} vane__duelist;

/* Those that are close, who compute by turns. */
typedef struct vane__duel {
    atomic_uint count; /* of them; 0: none is on. The learner's, as is all of it */
    uint32_t version;  /* of the routes */
    uint32_t number;   /* of the site's duels */
    uint32_t misfits;  /* calls in a row that whose turn it is cannot compute */
    uint32_t round, at;
    uint32_t calls, counted, resumes; /* of this stretch */
    double warm_ns, sum_ns, raw_ns;   /* sum_ns: brought to the middle of the class */
    double best_ns;                   /* as it was expected */
    vane_query query;
    vane__duelist who[VANE__DUELISTS];
} vane__duel;

/* Under the lock of the routes: begins one at a site whose lesson has nobody left to try, and
 * whose slate was chosen from for hot. 0: there is no need. */
int vane__duel_begin(const vane_context *ctx, vane__site *site, uint32_t hot);

int vane__duel_is_on(const vane_context *ctx, const vane__site *site);

/* Whose turn it is to compute p; NULL: no duel is on, or not with this call. */
const vane__route *vane__duel_turn(const vane_context *ctx, vane__site *site,
                                   const vane__prepared *p);

/* What the one whose turn it was took for p; 0: it failed, which ends the duel. hot: the pool was
 * awake before. Takes the lock at the end of a stretch. */
void vane__duel_note(vane_context *ctx, vane__site *site, const vane__prepared *p, uint32_t hot,
                     double took_ns);

/* 1: calls of this thread that follow, until 0, are made up: none is part of a duel. */
void vane__duel_rest(int resting);

#endif
