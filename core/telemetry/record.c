/* SPDX-License-Identifier: MIT */
/* record.c - VANE_RECORD: what is new is written down once, and each call refers to it. */
#include "telemetry/record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "telemetry/sink.h"

#define KINDS 4096u /* remembered; powers of two */
#define WHOS 256u
#define KIND_BYTES 4096 /* of the longest kind of call: some 200 operands */

/* Direct-mapped: what is pushed out is written down again when it comes back. */
typedef struct known {
    uint64_t hash; /* 0: none */
    uint32_t number;
} known;

typedef struct record {
    vane__sink sink;
    /* under the sink's lock */
    uint64_t last_ns, left_out;
    uint32_t n_kinds, n_whos, n_threads;
    known kinds[KINDS], whos[WHOS];
} record;

/* ---- entries -------------------------------------------------------------------------- */

static void put(record *r, char letter, const vane__text *body)
{
    char head[16];
    vane__text t = vane__text_over(head, sizeof head);
    vane__text_add(&t, &letter, 1);
    vane__record_number(&t, body->used);
    vane__sink_put_two(&r->sink, t.at, t.used, body->at, body->used);
}

static void begin_file(void *arg, vane__sink *s)
{
    record *r = arg;
    char at[64];
    vane__text body = vane__text_over(at, sizeof at);
    memset(r->kinds, 0, sizeof r->kinds);
    memset(r->whos, 0, sizeof r->whos);
    r->last_ns = r->left_out = 0;
    r->n_kinds = r->n_whos = r->n_threads = 0;
    vane__sink_put(s, "VANEREC\n", 8);
    vane__record_number(&body, 1);
    vane__record_number(&body, (uint64_t)getpid());
    vane__record_text(&body, vane_version());
    put(r, 'V', &body);
}

static uint64_t hash_of(const char *bytes, size_t count)
{
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ count, word;
    for (; count >= 8; bytes += 8, count -= 8) {
        memcpy(&word, bytes, 8);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    for (; count > 0; bytes++, count--)
        h = (h ^ (unsigned char)*bytes) * UINT64_C(0x100000001b3);
    h ^= h >> 29;
    return h ? h : 1;
}

/* Its number in this file; written down if it is new. */
static uint32_t number_of(record *r, known *all, uint32_t room, uint32_t *count, char letter,
                          const vane__text *body)
{
    uint64_t hash = hash_of(body->at, body->used);
    known *k = &all[hash & (room - 1)];
    if (k->hash == hash)
        return k->number;
    k->hash = hash;
    k->number = (*count)++;
    put(r, letter, body);
    return k->number;
}

static void who(vane__text *t, const vane__runner *r)
{
    const vane__device *d = r->device;
    vane__record_text(t, r->kernel == NULL ? ""
                         : d == NULL       ? VANE__PROGRAM
                                           : d->backend->entry->name);
    vane__record_text(t, d == NULL ? "" : d->info.id);
    vane__record_text(t, r->kernel == NULL ? "" : r->kernel->name);
    vane__record_number(t, r->kernel == NULL ? 0 : r->width);
}

/* From 0, in the order in which they came into this file. */
static uint32_t this_thread(record *r)
{
    static _Thread_local uint32_t life, mine;
    uint32_t now = atomic_load(&r->sink.life);
    if (life != now) {
        life = now;
        mine = r->n_threads++;
    }
    return mine;
}

static void put_run(record *r, const vane__call_event *e, uint32_t kind, uint32_t by)
{
    char at[128];
    vane__text t = vane__text_over(at, sizeof at);
    uint64_t apart = e->trial_ns + e->waited_ns;
    uint32_t flags = (apart > 0 ? 1u : 0u) | (e->retries > 0 ? 2u : 0u) |
                     (e->status != VANE_OK ? 4u : 0u) | (e->asynchronous ? 8u : 0u);
    vane__record_number(&t, kind);
    vane__record_number(&t, by);
    vane__record_number(&t, this_thread(r));
    vane__record_signed(&t, (int64_t)(e->begin_ns - r->last_ns));
    vane__record_number(&t, e->end_ns > e->begin_ns ? e->end_ns - e->begin_ns : 0);
    vane__record_number(&t, flags);
    if (flags & 1)
        vane__record_number(&t, apart);
    if (flags & 2)
        vane__record_number(&t, e->retries);
    if (flags & 4)
        vane__record_signed(&t, e->status);
    r->last_ns = e->begin_ns;
    put(r, 'R', &t);
}

/* ---- the watcher ---------------------------------------------------------------------- */

static void on_call(void *self, const vane__call_event *e)
{
    record *r = self;
    char kind_at[KIND_BYTES], who_at[1024];
    vane__text kind = vane__text_over(kind_at, sizeof kind_at);
    vane__text by = vane__text_over(who_at, sizeof who_at);
    if (vane__sink_stopped(&r->sink))
        return;
    vane__record_kind(&kind, e->p);
    who(&by, e->runner);
    if (!vane__sink_enter(&r->sink))
        return;
    if (kind.failed || by.failed)
        r->left_out++;
    else
        put_run(r, e, number_of(r, r->kinds, KINDS, &r->n_kinds, 'C', &kind),
                number_of(r, r->whos, WHOS, &r->n_whos, 'W', &by));
    vane__sink_leave(&r->sink, e->end_ns);
}

static void on_close(void *self)
{
    record *r = self;
    char at[16];
    vane__text left = vane__text_over(at, sizeof at);
    vane__record_number(&left, r->left_out);
    if (r->left_out > 0 && vane__sink_enter(&r->sink)) {
        put(r, 'L', &left);
        vane__sink_leave(&r->sink, 0);
    }
    vane__sink_close(&r->sink, NULL);
    free(r);
}

static void on_lock(void *self)
{
    pthread_mutex_lock(&((record *)self)->sink.lock);
}

static void on_unlock(void *self)
{
    pthread_mutex_unlock(&((record *)self)->sink.lock);
}

static void on_child(void *self)
{
    vane__sink_in_child(&((record *)self)->sink);
    ((record *)self)->left_out = 0;
}

void vane__record_open(vane_context *ctx)
{
    if (ctx->settings.record[0] == '\0' || strcmp(ctx->settings.record, "0") == 0)
        return;
    const vane__log *log = &ctx->settings.log;
    record *r = calloc(1, sizeof *r);
    if (r == NULL) {
        vane__log_line(log, VANE_LOG_WARN, "VANE_RECORD: no memory");
        return;
    }
    r->sink.begin = begin_file;
    r->sink.arg = r;
    const vane__watcher w = {on_call, NULL, on_close, on_lock, on_unlock, on_child, r};
    if (!vane__sink_open(&r->sink, log, "VANE_RECORD", ctx->settings.record)) {
        free(r);
    } else if (!vane__watch(ctx, &w)) {
        vane__log_line(log, VANE_LOG_WARN, "VANE_RECORD: too many watch already");
        on_close(r);
    }
}
