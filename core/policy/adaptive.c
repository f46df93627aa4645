/* SPDX-License-Identifier: MIT */
/* adaptive.c - the fastest by what was measured; what is plausible and not measured is tried.
 *
 * A candidate's time is, in this order: the median of its calls in this state; what another
 * state, a size near by or an earlier process lets expect; the roofline of what it declares.
 * Only candidates whose results were checked are chosen while there are such.
 */
#include "dispatch/slate.h"

#define STAY 0.97 /* the one that has the route keeps it against less than 3 % */
#define ENOUGH 5u /* samples */
#define CLOSE 1.3 /* within that of the best after few samples: more are taken */
#define ENOUGH_CLOSE 9u
/* Not worth a try: so many times slower than the best, by expectation, by declaration, by
 * what it took once. */
#define HOPELESS_EXPECTED 3.0
#define UNSURE 2.0 /* spreads: an expectation may be so far off */
#define HOPELESS_DECLARED 6.0
#define HOPELESS_AGED 8.0
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

static double scale_of(const vane_query *q, const vane_candidate *c, uint32_t count)
{
    const vane_candidate *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (c[i].samples > 0 && (best == NULL || c[i].measured_ns < best->measured_ns))
            best = &c[i];
    double scale = best != NULL ? best->measured_ns / vane__policy_roofline(q, best) : 1;
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
static int better(const vane_candidate *a, const vane_candidate *b)
{
    if (a->tier != b->tier)
        return a->tier < b->tier;
    if (is_trusted(a) != is_trusted(b))
        return is_trusted(a);
    if (a->predicted_ns != b->predicted_ns)
        return a->predicted_ns < b->predicted_ns;
    return a->order < b->order;
}

static vane_reason lost_to(const vane_candidate *c, const vane_candidate *winner)
{
    if (c->tier != winner->tier)
        return VANE_REASON_LATER;
    if (!is_trusted(c) && is_trusted(winner) && c->predicted_ns < winner->predicted_ns)
        return VANE_REASON_UNCHECKED;
    return c->order == winner->order && c->width != winner->width ? VANE_REASON_NARROWER
                                                                  : VANE_REASON_SLOWER;
}

static uint32_t best_of(const vane_query *q, vane_candidate *c, uint32_t count)
{
    uint32_t best = VANE_NO_CANDIDATE;
    double scale = scale_of(q, c, count);
    for (uint32_t i = 0; i < count; i++) {
        c[i].predicted_ns = predict(q, &c[i], scale);
        if (stands(&c[i]) && (best == VANE_NO_CANDIDATE || better(&c[i], &c[best])))
            best = i;
    }
    return best;
}

/* Two that are as good as equal do not take turns. */
static uint32_t stay(const vane_query *q, const vane_candidate *c, uint32_t best)
{
    uint32_t now = q->current;
    if (best == VANE_NO_CANDIDATE || now == VANE_NO_CANDIDATE || now == best || !stands(&c[now]))
        return best;
    int equals = c[now].tier == c[best].tier && is_trusted(&c[now]) == is_trusted(&c[best]) &&
                 c[now].samples >= ENOUGH;
    return equals && c[best].predicted_ns > c[now].predicted_ns * STAY ? now : best;
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    uint32_t best = stay(query, c, best_of(query, c, count));
    for (uint32_t i = 0; i < count; i++)
        if (i != best && stands(&c[i]))
            c[i].reason = (uint32_t)lost_to(&c[i], &c[best]);
    return best;
}

/* ---- trials ---------------------------------------------------------------------------- */

/* Does it stand, or did it only lose? */
static int may_be_tried(const vane_candidate *c)
{
    return c->trust != VANE_TRUST_WRONG &&
           (stands(c) || c->reason == VANE_REASON_SLOWER || c->reason == VANE_REASON_NARROWER ||
            c->reason == VANE_REASON_UNCHECKED);
}

/* The one with the best time so far; NULL: none has any. */
static const vane_candidate *best_measured(const vane_candidate *c, uint32_t count, uint32_t tier)
{
    const vane_candidate *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (may_be_tried(&c[i]) && c[i].tier == tier && c[i].samples > 0 &&
            (best == NULL || c[i].measured_ns < best->measured_ns))
            best = &c[i];
    return best;
}

/* How many times slower c should be, by what both declare. */
static double declared(const vane_query *q, const vane_candidate *c, const vane_candidate *best)
{
    return vane__policy_roofline(q, c) / vane__policy_roofline(q, best);
}

static int is_known(const vane_query *q, const vane_candidate *c, const vane_candidate *best)
{
    if (best == NULL)
        return 0;
    double times = c->measured_ns / best->measured_ns;
    if (c->samples == 0 && c->expected_ns > 0)
        return c->expected_ns - UNSURE * c->spread_ns > HOPELESS_EXPECTED * best->measured_ns;
    if (c->samples == 0)
        return declared(q, c, best) > HOPELESS_DECLARED;
    if (c->aged)
        return times > HOPELESS_AGED; /* it may have recovered */
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

/* The one with the fewest samples, and of those the one that promises most. */
static uint32_t explore(void *self, const vane_query *q, const vane_candidate *c, uint32_t count)
{
    (void)self;
    uint32_t tier = lowest_tier(c, count), at = VANE_NO_CANDIDATE, rivals = 0;
    const vane_candidate *best = best_measured(c, count, tier);
    for (uint32_t i = 0; i < count; i++) {
        if (!may_be_tried(&c[i]) || c[i].tier != tier)
            continue;
        rivals++;
        if (!is_known(q, &c[i], best) &&
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
