/* SPDX-License-Identifier: MIT */
/* totals.c - the counts of all threads at one moment, for who asks. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "telemetry/stats.h"

static int longest_first(const void *a, const void *b)
{
    const vane__tally *x = a, *y = b;
    return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : (x->calls < y->calls) - (x->calls > y->calls);
}

static double trials(vane_context *ctx)
{
    pthread_mutex_lock(&ctx->routes->lock);
    double ns = ctx->allowance.total_ns;
    pthread_mutex_unlock(&ctx->routes->lock);
    return ns;
}

static int copy_shifts(vane__stats *s, vane__totals *out)
{
    pthread_mutex_lock(&s->lock);
    out->n_shifts = s->n_shifts;
    out->shifts = malloc((s->n_shifts + 1) * sizeof *out->shifts);
    if (out->shifts != NULL && s->n_shifts > 0)
        memcpy(out->shifts, s->shifts, s->n_shifts * sizeof *out->shifts);
    pthread_mutex_unlock(&s->lock);
    return out->shifts != NULL;
}

static int sum_up(vane__stats *s, vane__totals *out)
{
    vane__tallies all = {.room = 0};
    for (uint32_t i = 0; i < VANE__STATS_SHARDS; i++) {
        const vane__tallies *one = &s->shards[i].calls;
        pthread_mutex_lock(&s->shards[i].lock);
        all.uncounted += one->uncounted;
        for (uint32_t at = 0; at < one->room; at++)
            if (one->slots[at].op != NULL)
                vane__tallies_count(&all, &one->slots[at]);
        pthread_mutex_unlock(&s->shards[i].lock);
    }
    for (uint32_t at = 0; at < all.room; at++)
        if (all.slots[at].op != NULL)
            all.slots[out->n_tallies++] = all.slots[at];
    out->tallies = all.slots;
    out->uncounted = all.uncounted;
    if (out->n_tallies > 0)
        qsort(out->tallies, out->n_tallies, sizeof *out->tallies, longest_first);
    return copy_shifts(s, out);
}

int vane__stats_read(vane__stats *s, vane__totals *out)
{
    *out = (vane__totals){.since_ns = s->since_ns};
    out->trial_ns = trials(s->ctx) - s->trials_before_ns;
    if (sum_up(s, out))
        return 1;
    vane__totals_free(out);
    return 0;
}

void vane__totals_free(vane__totals *t)
{
    free(t->tallies);
    free(t->shifts);
    *t = (vane__totals){0};
}

vane_status vane_stats_write(vane_context *ctx,
                             vane_status (*write)(void *arg, const char *text, size_t bytes),
                             void *arg)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && write == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "stats_write: write is NULL, expected a function");
    if (st == VANE_OK && (vane__stats_of(ctx) == NULL || !vane__stats_of(ctx)->wished))
        st = vane__fail(VANE_E_UNSUPPORTED,
                        "stats_write: nothing is counted; set config.stats or VANE_STATS");
    if (st != VANE_OK)
        return st;
    vane__totals totals;
    vane__text text = {0};
    text.failed = !vane__stats_read(vane__stats_of(ctx), &totals);
    if (!text.failed)
        vane__stats_metrics(ctx, &totals, &text);
    vane__totals_free(&totals);
    vane__text_add(&text, "", 1); /* ends it, for those who want a string */
    st = text.failed ? vane__fail(VANE_E_NOMEM, "stats_write: no memory for the text")
                     : write(arg, text.at, text.used - 1);
    vane__text_free(&text);
    return st;
}
