/* SPDX-License-Identifier: MIT */
/* replay.h - what another policy or environment would have made of a recording. */
#ifndef VANE_TOOL_REPLAY_H
#define VANE_TOOL_REPLAY_H

#include "json.h"
#include "recording.h"

/* Where then_ns comes from: that choice was recorded too; the policy predicts it; it does not, and
 * what was usual is taken. */
typedef enum replay_basis { REPLAY_UNKNOWN, REPLAY_PREDICTED, REPLAY_RECORDED } replay_basis;

/* One kind of call, as it was and as it would be. Times are medians unless they say otherwise. */
typedef struct replay_kind {
    const recording_kind *kind;
    uint64_t calls, failed, elsewhere; /* succeeded; not; of the first, those others would run */
    double sum_ns, usual_ns;           /* of all that succeeded: as they were; each at its median */
    uint32_t who;                      /* who computed most of them */
    double who_ns;
    uint32_t best; /* who was the fastest, of those that were recorded */
    double best_ns;
    /* here and now */
    int refused; /* why says why */
    char why[160], backend[32], device[64];
    uint32_t width;
    double then_ns, predicted_ns; /* of one call; as the policy sees it */
    replay_basis basis;
    double run_ns; /* --run: of one call; 0 not run */
    uint64_t runs;
} replay_kind;

typedef struct replay {
    const recording *from;
    const char *policy;                         /* that judged */
    replay_kind *kinds;                         /* parallel to from's, until replay_sort */
    size_t n_kinds, n_called;                   /* the second: kinds of calls that succeeded */
    uint64_t calls, failed, elsewhere, refused; /* calls */
    double sum_ns, usual_ns, then_ns, best_ns;
    double recorded_ns, unknown_ns; /* of then_ns */
    double run_ns;
    uint64_t runs, left_out; /* --run: calls made; not, for want of memory */
} replay;

/* CLI_OK, or the exit code after its error. */
int replay_judge(vane_context *ctx, const recording *from, replay *out);
void replay_free(replay *r);
/* The longest time first; not before replay_run, for runs name kinds by their place. */
void replay_sort(replay *r);
/* Makes the calls again, in their order, on random data, with at most so many bytes of it. */
int replay_run(vane_context *ctx, replay *r, uint64_t most_bytes);

typedef struct replay_words {
    char s[256];
} replay_words;
replay_words replay_kind_text(const recording_kind *k); /* "add f32 8x8,8x8->8x8" */
replay_words replay_who_text(const char *backend, uint32_t width);
static inline const recording_who *replay_who(const replay *r, uint32_t who)
{
    return &r->from->whos[who];
}
/* Calls fn for each size at which the choice of an op and type changes; returns how many. */
size_t replay_crossovers(const replay *r,
                         void (*fn)(void *arg, const replay_kind *before, const replay_kind *after),
                         void *arg);

void replay_print(const replay *r);
void replay_json(const replay *r);

#endif
