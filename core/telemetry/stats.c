/* SPDX-License-Identifier: MIT */
/* stats.c - VANE_STATS: every call counted; at the end it is told. */
#include "telemetry/stats.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "telemetry/clock.h"
#include "telemetry/file.h"

const char vane__stats_program[] = VANE__PROGRAM;

const char *vane__stats_backend(const void *who)
{
    return who == NULL                  ? "none"
           : who == vane__stats_program ? VANE__PROGRAM
                                        : ((const vane__device *)who)->backend->entry->name;
}

const char *vane__stats_device(const void *who)
{
    return who == NULL || who == vane__stats_program ? "" : ((const vane__device *)who)->info.id;
}

const void *vane__stats_who(const vane__runner *r)
{
    return r->kernel == NULL   ? NULL
           : r->device != NULL ? (const void *)r->device
                               : vane__stats_program;
}

/* ---- counting ------------------------------------------------------------------------- */

static uint32_t shard_of_thread(void)
{
    static atomic_uint threads;
    static _Thread_local uint32_t mine; /* 0: not known yet */
    if (mine == 0)
        mine = (atomic_fetch_add(&threads, 1) % VANE__STATS_SHARDS) + 1;
    return mine - 1;
}

static void shift(vane__stats *s, const vane__shift *one)
{
    pthread_mutex_lock(&s->lock);
    uint32_t i = 0;
    while (i < s->n_shifts && (s->shifts[i].op != one->op || s->shifts[i].dtype != one->dtype ||
                               s->shifts[i].is_route != one->is_route ||
                               s->shifts[i].from != one->from || s->shifts[i].to != one->to))
        i++;
    if (i == s->n_shifts && i == s->room) {
        vane__shift *more = realloc(s->shifts, (s->room * 2 + 8) * sizeof *more);
        s->shifts = more != NULL ? more : s->shifts;
        s->room = more != NULL ? s->room * 2 + 8 : s->room;
    }
    if (i < s->n_shifts)
        s->shifts[i].count++;
    else if (i < s->room)
        s->shifts[s->n_shifts++] = *one;
    pthread_mutex_unlock(&s->lock);
}

static void on_call(void *self, const vane__call_event *e)
{
    vane__stats *s = self;
    uint32_t mine = shard_of_thread();
    uint64_t ns = e->end_ns > e->begin_ns ? e->end_ns - e->begin_ns : 0;
    uint64_t apart = e->trial_ns + e->waited_ns;
    vane__tally one = {.op = e->p->rq.op,
                       .who = vane__stats_who(e->runner),
                       .dtype = e->p->dtype,
                       .width = e->runner->kernel != NULL ? e->runner->width : 0,
                       .calls = 1,
                       .failures = e->status != VANE_OK,
                       .ns = ns > apart ? ns - apart : 0,
                       .flops = e->status == VANE_OK ? e->p->work.flops : 0,
                       .bytes = e->status == VANE_OK ? e->p->work.bytes : 0};
    pthread_mutex_lock(&s->shards[mine].lock);
    vane__tallies_count(&s->shards[mine].calls, &one);
    pthread_mutex_unlock(&s->shards[mine].lock);
    for (uint32_t i = 0; e->status == VANE_OK && i < e->retries && i < VANE__MAX_FAILED; i++)
        shift(s, &(vane__shift){.op = one.op,
                                .dtype = one.dtype,
                                .from = e->failed[i] != NULL ? (const void *)e->failed[i]
                                                             : vane__stats_program,
                                .to = one.who,
                                .count = 1});
}

static void on_route(void *self, const vane__route_event *e)
{
    if (e->from != NULL)
        shift(self, &(vane__shift){.op = e->op,
                                   .dtype = e->dtype,
                                   .is_route = 1,
                                   .from = vane__stats_who(e->from),
                                   .to = vane__stats_who(e->to),
                                   .count = 1});
}

vane__stats *vane__stats_of(vane_context *ctx)
{
    for (uint32_t i = 0; i < ctx->watchers->count; i++)
        if (ctx->watchers->list[i].call == on_call)
            return ctx->watchers->list[i].self;
    return NULL;
}

/* ---- the watcher ---------------------------------------------------------------------- */

static void put_on_stderr(vane__stats *s, const vane__totals *totals)
{
    vane__text text = {0};
    if (totals->n_tallies > 0)
        vane__stats_summary(s->ctx, totals, &text);
    if (!text.failed)
        vane__file_write(STDERR_FILENO, text.at, text.used);
    vane__text_free(&text);
}

static void put_in_file(vane__stats *s, const vane__totals *totals, const char *path)
{
    vane__text text = {0};
    char own[PATH_MAX], why[300] = "no memory for the text";
    if (s->in_child && totals->n_tallies == 0)
        return;
    snprintf(own, sizeof own, s->in_child ? "%s.%d" : "%s", path, (int)getpid());
    vane__stats_metrics(s->ctx, totals, &text);
    if (text.failed || !vane__file_replace(own, text.at, text.used, why, sizeof why))
        vane__log_line(&s->ctx->settings.log, VANE_LOG_WARN, "VANE_STATS: %s", why);
    vane__text_free(&text);
}

static void stats_free(vane__stats *s)
{
    for (uint32_t i = 0; i < VANE__STATS_SHARDS; i++) {
        pthread_mutex_destroy(&s->shards[i].lock);
        vane__tallies_free(&s->shards[i].calls);
    }
    pthread_mutex_destroy(&s->lock);
    free(s->shifts);
    free(s);
}

static void on_close(void *self)
{
    vane__stats *s = self;
    vane__totals totals;
    const char *wish = s->ctx->settings.stats;
    if (s->wished && strcmp(wish, "-") != 0) {
        if (!vane__stats_read(s, &totals))
            vane__log_line(&s->ctx->settings.log, VANE_LOG_WARN, "VANE_STATS: no memory to sum up");
        else if (strcmp(wish, "1") == 0)
            put_on_stderr(s, &totals);
        else
            put_in_file(s, &totals, wish);
        vane__totals_free(&totals);
    }
    stats_free(s);
}

static void on_lock(void *self)
{
    vane__stats *s = self;
    for (uint32_t i = 0; i < VANE__STATS_SHARDS; i++)
        pthread_mutex_lock(&s->shards[i].lock);
    pthread_mutex_lock(&s->lock);
}

static void on_unlock(void *self)
{
    vane__stats *s = self;
    pthread_mutex_unlock(&s->lock);
    for (uint32_t i = VANE__STATS_SHARDS; i-- > 0;)
        pthread_mutex_unlock(&s->shards[i].lock);
}

/* A child counts its own calls. */
static void on_child(void *self)
{
    vane__stats *s = self;
    for (uint32_t i = 0; i < VANE__STATS_SHARDS; i++)
        vane__tallies_clear(&s->shards[i].calls);
    s->n_shifts = 0;
    s->trials_before_ns = s->ctx->allowance.total_ns;
    s->since_ns = vane__clock_now(s->ctx);
    s->in_child = 1;
}

static vane__stats *stats_new(vane_context *ctx, int wished)
{
    vane__stats *s = aligned_alloc(_Alignof(vane__stats), sizeof *s);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    s->ctx = ctx;
    s->wished = wished;
    s->since_ns = vane__clock_now(ctx);
    for (uint32_t i = 0; i < VANE__STATS_SHARDS; i++)
        pthread_mutex_init(&s->shards[i].lock, NULL);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void vane__stats_open(vane_context *ctx)
{
    int wished = ctx->settings.stats[0] != '\0' && strcmp(ctx->settings.stats, "0") != 0;
    if (!wished && ctx->settings.top == VANE__TOP_OFF)
        return;
    vane__stats *s = stats_new(ctx, wished);
    const vane__watcher w = {on_call, on_route, on_close, on_lock, on_unlock, on_child, s};
    if (s != NULL && (wished ? vane__watch(ctx, &w) : vane__watch_along(ctx, &w)))
        return;
    vane__log_line(&ctx->settings.log, wished ? VANE_LOG_WARN : VANE_LOG_INFO,
                   "%s: no memory to count in", wished ? "VANE_STATS" : "VANE_TOP");
    if (s != NULL)
        stats_free(s);
}
