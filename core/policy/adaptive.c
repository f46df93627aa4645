/* SPDX-License-Identifier: MIT */
/* adaptive.c - the fastest by what was measured; what is plausible and not measured is tried.
 *
 * A candidate's time is, in this order: the median of its calls in this state; what another
 * state, a size near by or an earlier process lets expect; the roofline of what it declares.
 * Only candidates whose results were checked are chosen while there are such.
 */
#include <math.h>

#include "dispatch/slate.h"

#define STAY 0.97      /* the one that has the route keeps it against less than 3 % */
#define STAY_YOUNG 0.9 /* or, of times of few samples, 10 % */
#define ENOUGH 5u      /* samples */
#define CLOSE 1.3      /* within that of the best after few samples: more are taken */
#define ENOUGH_CLOSE 9u
/* Not worth a try: so many times slower than the best, by expectation, by declaration, by
 * what it took once. */
#define HOPELESS_EXPECTED 3.0
#define FRUGAL 0.1 /* of what the best draws: where it is not known, it may be so little */
#define UNSURE 2.0 /* spreads: an expectation may be so far off */
#define HOPELESS_DECLARED 6.0
#define HOPELESS_AGED 8.0 /* times itself with each lesson without it: a bad moment passes */
#define HOPELESS_WIDE 1.5 /* by what starting the threads takes, and the least for the work */
#define TRIFLE_NS 2000.0  /* costs nothing to try; what is declared is a rate, not a start */
/* One sample that is so many times slower, and was to be slower, needs no second; of several
 * threads the first may have found them asleep. */
#define SURPRISE 2.0
#define SURPRISE_WIDE 4.0
/* After two samples, three, ...: a time that is so far behind needs no more of them. */
static const double behind[ENOUGH] = {0, 0, 4.0, 2.5, 1.8};

/* scale: how much longer than declared the best one takes; what the others declare is believed
 * to be as far off, but not better. */
static double predict(const vane_query *q, const vane_candidate *c, double scale)
{
    if (c->samples > 0)
        return c->measured_ns;
    return c->expected_ns > 0 ? c->expected_ns : vane__policy_roofline(q, c) * scale;
}

/* Of those that were measured the best; where nobody was in this state, of those that were in
 * another. */
static double scale_of(const vane_query *q, const vane_candidate *c, uint32_t count)
{
    const vane_candidate *best = NULL;
    double best_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        double ns = c[i].samples > 0 ? c[i].measured_ns : c[i].expected_ns;
        int closer = best == NULL || (c[i].samples > 0) > (best->samples > 0);
        if (ns > 0 && (closer || ((c[i].samples > 0) == (best->samples > 0) && ns < best_ns))) {
            best = &c[i];
            best_ns = ns;
        }
    }
    double scale = best != NULL ? best_ns / vane__policy_roofline(q, best) : 1;
    return scale > 1 ? scale : 1;
}

/* Can it compute at all, as far as anybody knows? */
static int stands(const vane_candidate *c)
{
    return c->reason == VANE_REASON_CHOSEN;
}

static int is_trusted(const vane_candidate *c)
{
    return c->trust == VANE_TRUST_CHECKED || c->trust == VANE_TRUST_ORACLE;
}

/* Trust before speed, but within what the user prefers. */
static int better(const vane_query *q, const vane_candidate *a, const vane_candidate *b)
{
    double cost = a->predicted_ns * vane__policy_weight(q, a, b);
    if (a->tier != b->tier)
        return a->tier < b->tier;
    if (is_trusted(a) != is_trusted(b))
        return is_trusted(a);
    if (cost != b->predicted_ns)
        return cost < b->predicted_ns;
    return a->order < b->order;
}

static vane_reason lost_to(const vane_query *q, const vane_candidate *c,
                           const vane_candidate *winner)
{
    if (c->tier != winner->tier)
        return VANE_REASON_LATER;
    if (!is_trusted(c) && is_trusted(winner) &&
        c->predicted_ns * vane__policy_weight(q, c, winner) < winner->predicted_ns)
        return VANE_REASON_UNCHECKED;
    return vane__policy_slower(q, c, winner);
}

static uint32_t best_of(const vane_query *q, vane_candidate *c, uint32_t count)
{
    double scale = scale_of(q, c, count);
    for (uint32_t i = 0; i < count; i++)
        c[i].predicted_ns = predict(q, &c[i], scale);
    return vane__policy_best(q, c, count, stands, better);
}

/* Is each of its times far below each of the other's? Of nine and nine like ones each is below by
 * chance once in 50,000 times; but of others that want the CPUs both have their moments. Where only
 * the choice is ever measured (operands in buffers), what the other is expected to take. */
static int is_clear(const vane_query *q, const vane_candidate *best, double weight,
                    const vane_candidate *now)
{
    int by_expectation = best->samples == 0 && q->moved == VANE_MOVED_UNSEEN;
    double most = best->samples > 0 ? best->most_ns : best->predicted_ns;
    return now->samples >= ENOUGH_CLOSE && (best->samples >= ENOUGH_CLOSE || by_expectation) &&
           most * weight < now->least_ns * STAY_YOUNG;
}

/* Two that are as good as equal do not take turns. */
static uint32_t stay(const vane_query *q, const vane_candidate *c, uint32_t best)
{
    uint32_t now = q->current;
    if (best == VANE_NO_CANDIDATE || now == VANE_NO_CANDIDATE || now == best || !stands(&c[now]))
        return best;
    int equals =
        c[now].tier == c[best].tier && is_trusted(&c[now]) == is_trusted(&c[best]) &&
        (c[now].samples > 0 || q->moved) &&
        (q->objective == VANE_OBJECTIVE_TIME || (c[now].power_mw > 0) == (c[best].power_mw > 0));
    double weight = vane__policy_weight(q, &c[best], &c[now]);
    if (equals && q->moved)
        return is_clear(q, &c[best], weight, &c[now]) ? best : now;
    double margin = c[now].samples < ENOUGH || c[best].samples < ENOUGH ? STAY_YOUNG : STAY;
    return equals && c[best].predicted_ns * weight > c[now].predicted_ns * margin ? now : best;
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    uint32_t best = stay(query, c, best_of(query, c, count));
    for (uint32_t i = 0; i < count; i++)
        if (i != best && stands(&c[i]))
            c[i].reason = (uint32_t)lost_to(query, &c[i], &c[best]);
    return best;
}

/* ---- trials ---------------------------------------------------------------------------- */

/* Does it stand, or did it only lose? */
static int may_be_tried(const vane_candidate *c)
{
    return c->trust != VANE_TRUST_WRONG &&
           (stands(c) || c->reason == VANE_REASON_SLOWER || c->reason == VANE_REASON_NARROWER ||
            c->reason == VANE_REASON_UNCHECKED || c->reason == VANE_REASON_COSTLIER);
}

/* The one with the best time so far; NULL: none has any. */
static const vane_candidate *best_measured(const vane_query *q, const vane_candidate *c,
                                           uint32_t count, uint32_t tier)
{
    const vane_candidate *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (may_be_tried(&c[i]) && c[i].tier == tier && c[i].samples > 0 &&
            (best == NULL ||
             c[i].measured_ns * vane__policy_weight(q, &c[i], best) < best->measured_ns))
            best = &c[i];
    return best;
}

/* How many times slower c should be, by what both declare. */
static double declared(const vane_query *q, const vane_candidate *c, const vane_candidate *best)
{
    return vane__policy_roofline(q, c) / vane__policy_roofline(q, best);
}

/* Who draws what is found out by trying: he may draw far less. */
static double weight_of(const vane_query *q, const vane_candidate *c, const vane_candidate *best)
{
    int may_be_frugal = q->objective == VANE_OBJECTIVE_ENERGY && c->power_mw == 0 &&
                        best->power_mw > 0 && c->samples == 0;
    return may_be_frugal ? FRUGAL : vane__policy_weight(q, c, best);
}

/* Of several threads it is known what starting them takes; of the work, what is declared, which is
 * as far off as the best's and, of memory that another cache holds, further. */
static int is_hopeless(const vane_query *q, const vane_candidate *c, const vane_candidate *best,
                       double weight)
{
    double times = declared(q, c, best), scale = best->measured_ns / vane__policy_roofline(q, best);
    scale = scale > 1 ? scale : 1;
    if (c->width == 1 || times <= 1)
        return times * weight > HOPELESS_DECLARED &&
               vane__policy_roofline(q, c) * scale > TRIFLE_NS;
    double work = (vane__policy_roofline(q, c) - q->fork_ns) * scale / HOPELESS_DECLARED;
    return (q->fork_ns + work) * weight > HOPELESS_WIDE * best->measured_ns;
}

static int is_known(const vane_query *q, const vane_candidate *c, const vane_candidate *best)
{
    if (best == NULL)
        return 0;
    double weight = weight_of(q, c, best), times = c->measured_ns / best->measured_ns * weight;
    if (c->samples == 0 && c->expected_ns > 0)
        return (c->expected_ns - UNSURE * c->spread_ns) * weight >
               HOPELESS_EXPECTED * best->measured_ns;
    if (c->samples == 0)
        return is_hopeless(q, c, best, weight);
    if (c->aged)
        return times > pow(HOPELESS_AGED, c->aged);
    if (c->samples == 1)
        return times > (c->width > 1 ? SURPRISE_WIDE : SURPRISE) && declared(q, c, best) > 2;
    if (c->samples < ENOUGH)
        return times > behind[c->samples];
    return times > CLOSE || c->samples >= ENOUGH_CLOSE;
}

static uint32_t lowest_tier(const vane_candidate *c, uint32_t count)
{
    uint32_t tier = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (may_be_tried(&c[i]) && c[i].tier < tier)
            tier = c[i].tier;
    return tier;
}

/* Whether the route shall change again takes all the samples that there may be. */
static int is_in_doubt(const vane_query *q, const vane_candidate *now, const vane_candidate *best)
{
    return q->moved && now != best && now->samples > 0 && now->samples < ENOUGH_CLOSE;
}

/* The one with the fewest samples, and of those the one that promises most. */
static uint32_t explore(void *self, const vane_query *q, const vane_candidate *c, uint32_t count)
{
    (void)self;
    uint32_t tier = lowest_tier(c, count), at = VANE_NO_CANDIDATE, rivals = 0;
    const vane_candidate *best = best_measured(q, c, count, tier);
    for (uint32_t i = 0; i < count; i++) {
        if (!may_be_tried(&c[i]) || c[i].tier != tier)
            continue;
        rivals++;
        if ((!is_known(q, &c[i], best) || (i == q->current && is_in_doubt(q, &c[i], best))) &&
            (at == VANE_NO_CANDIDATE || c[i].samples < c[at].samples ||
             (c[i].samples == c[at].samples && predict(q, &c[i], 1) < predict(q, &c[at], 1))))
            at = i;
    }
    return rivals > 1 ? at : VANE_NO_CANDIDATE; /* without a rival there is nothing to learn */
}

const vane_policy vane__policy_adaptive = {
    .struct_size = sizeof(vane_policy),
    .name = "adaptive",
    .about = "the fastest by what was measured here, after its results were checked",
    .choose = choose,
    .explore = explore,
};
