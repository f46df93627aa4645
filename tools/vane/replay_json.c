/* SPDX-License-Identifier: MIT */
/* replay_json.c - what a replay found, as JSON. */
#include "replay.h"

static void json_who(json *j, const char *key, const char *backend, const char *device,
                     uint32_t width, double ns)
{
    json_object(j, key);
    json_text(j, "backend", backend);
    json_text(j, "device", device);
    json_unsigned(j, "width", width);
    json_real(j, "ns", ns);
    json_close(j);
}

static const char *const bases[] = {"unknown", "predicted", "recorded"};

static void json_kind(json *j, const replay *r, const replay_kind *k)
{
    const recording_who *was = replay_who(r, k->who), *best = replay_who(r, k->best);
    json_object(j, NULL);
    json_text(j, "op", k->kind->name);
    json_text(j, "dtype", vane_dtype_name(k->kind->dtype));
    json_text(j, "call", replay_kind_text(k->kind).s);
    json_real(j, "flops", k->kind->flops);
    json_real(j, "bytes", k->kind->bytes);
    json_unsigned(j, "calls", k->calls);
    json_unsigned(j, "elsewhere", k->elsewhere);
    json_real(j, "sum_ns", k->sum_ns);
    json_who(j, "recorded", was->backend, was->device, was->width, k->who_ns);
    json_who(j, "best", best->backend, best->device, best->width, k->best_ns);
    if (k->refused)
        json_text(j, "refused", k->why);
    else
        json_who(j, "here", k->backend, k->device, k->width, k->then_ns);
    json_text(j, "basis", bases[k->basis]);
    json_real(j, "predicted_ns", k->predicted_ns);
    if (k->runs > 0)
        json_real(j, "run_ns", k->run_ns);
    json_close(j);
}

static void json_crossover(void *arg, const replay_kind *before, const replay_kind *after)
{
    json *j = arg;
    json_object(j, NULL);
    json_text(j, "until", replay_kind_text(before->kind).s);
    json_text(j, "backend", before->backend);
    json_unsigned(j, "width", before->width);
    json_text(j, "from", replay_kind_text(after->kind).s);
    json_text(j, "to_backend", after->backend);
    json_unsigned(j, "to_width", after->width);
    json_close(j);
}

void replay_json(const replay *r)
{
    json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_text(&j, "libvane", r->from->version);
    json_text(&j, "policy", r->policy);
    json_unsigned(&j, "calls", r->calls);
    json_unsigned(&j, "failed", r->failed);
    json_unsigned(&j, "refused", r->refused);
    json_unsigned(&j, "elsewhere", r->elsewhere);
    json_unsigned(&j, "threads", r->from->n_threads);
    json_unsigned(&j, "not_recorded", r->from->left_out);
    json_real(&j, "recorded_ns", r->sum_ns);
    json_real(&j, "medians_ns", r->usual_ns);
    json_real(&j, "here_ns", r->then_ns);
    json_real(&j, "here_recorded_ns", r->recorded_ns);
    json_real(&j, "here_unknown_ns", r->unknown_ns);
    json_real(&j, "best_ns", r->best_ns);
    json_real(&j, "regret_ns", r->usual_ns - r->best_ns);
    json_real(&j, "here_regret_ns", r->then_ns - r->best_ns);
    json_unsigned(&j, "runs", r->runs);
    json_unsigned(&j, "not_run", r->left_out);
    json_real(&j, "run_ns", r->run_ns);
    json_array(&j, "kinds");
    for (size_t i = 0; i < r->n_kinds; i++)
        if (r->kinds[i].calls > 0)
            json_kind(&j, r, &r->kinds[i]);
    json_close(&j);
    json_array(&j, "crossovers");
    replay_crossovers(r, json_crossover, &j);
    json_end(&j);
}
