/* SPDX-License-Identifier: MIT */
/* decision.c - prints who stood for election, what was predicted, and why the losers lost. */
#include "decision.h"

#include <stdio.h>
#include <string.h>

#include "table.h"
#include "text.h"

static const char *reason_text(uint32_t reason)
{
    static const char *const texts[] = {
#define TEXT(NAME, text) text,
        VANE_REASON_MAP(TEXT)
#undef TEXT
    };
    return reason < sizeof texts / sizeof texts[0] ? texts[reason] : "unknown";
}

static const char *numerics_text(uint32_t numerics)
{
    static const char *const texts[] = {"fast", "repro", "oracle"};
    return numerics < 3 ? texts[numerics] : "unknown";
}

static const char *trust_text(uint32_t trust)
{
    static const char *const texts[] = {"not checked", "checked", "oracle", "wrong"};
    return trust < 4 ? texts[trust] : "unknown";
}

/* Where the prediction comes from. */
static const char *basis(const vane_candidate *c, char out[32])
{
    if (c->samples > 0)
        snprintf(out, 32, "%u call%s", c->samples, c->samples == 1 ? "" : "s");
    else
        snprintf(out, 32, "%s",
                 c->predicted_ns <= 0 ? "-"
                 : c->expected_ns > 0 ? "like cases"
                                      : "declared");
    return out;
}

static const char *watts(uint32_t mw, char out[16])
{
    snprintf(out, 16, mw > 0 ? "%.4g W" : "-", mw / 1e3);
    return out;
}

static void rows(table *t, const vane_decision *d)
{
    char from[32], power[16];
    for (uint32_t i = 0; i < d->count; i++) {
        const vane_candidate *c = &d->candidates[i];
        table_cell(t, "%s", i == d->chosen ? "->" : "");
        table_cell(t, "%s", c->backend);
        table_cell(t, "%s", c->device);
        table_cell(t, "%s", c->kernel);
        table_cell(t, "%u", c->width);
        table_cell(t, "%s", c->predicted_ns > 0 ? text_ns(c->predicted_ns).s : "-");
        if (d->objective == VANE_OBJECTIVE_ENERGY)
            table_cell(t, "%s", watts(c->power_mw, power));
        table_cell(t, "%s", basis(c, from));
        table_cell(t, "%s", c->transfer_ns > 0 ? text_ns(c->transfer_ns).s : "-");
        table_cell(t, "%s", trust_text(c->trust));
        table_cell(t, "%s", numerics_text(c->numerics));
        table_cell(t, "%s%s", reason_text(c->reason),
                   i == d->ran && i != d->chosen ? ", but ran after a failure" : "");
    }
}

static void under_way(const vane_decision *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const vane_candidate *c = &d->candidates[i];
        int again = i > 0 && strcmp(d->candidates[i - 1].device, c->device) == 0;
        if (c->queued > 0 && !again)
            printf("  under way on %s: %llu of this program's launches\n", c->device,
                   (unsigned long long)c->queued);
    }
}

void decision_print(const vane_decision *d)
{
    table t;
    printf("  policy %s, %s, %s moved, pool %s (starting its threads: %s)\n", d->policy,
           text_flops(d->flops).s, text_bytes(d->bytes).s, d->pool_hot ? "hot" : "asleep",
           text_ns(d->fork_ns).s);
    int energy = d->objective == VANE_OBJECTIVE_ENERGY;
    table_begin(&t, energy ? "llllrrrrrlll" : "llllrrrrlll",
                energy
                    ? "|backend|device|kernel|threads|predicted|power|from|transfer|result|bits|"
                      "verdict"
                    : "|backend|device|kernel|threads|predicted|from|transfer|result|bits|verdict");
    rows(&t, d);
    table_end(&t, stdout, 2);
    if (d->route_why)
        printf("  the route: %s; %u change%s since; %s\n", d->route_why, d->route_changes,
               d->route_changes == 1 ? "" : "s",
               d->settled ? "settled" : "candidates are still being tried");
    under_way(d);
    if (energy)
        printf("  the least energy is wanted (VANE_OPTIMIZE); whose power is not known (-) is "
               "compared by time\n");
    if (d->dropped)
        printf("  and %u more candidates\n", d->dropped);
    if (d->retries)
        printf("  %u candidate%s failed before one succeeded\n", d->retries,
               d->retries == 1 ? "" : "s");
}

static void json_candidate(json *j, const vane_candidate *c)
{
    json_object(j, NULL);
    json_text(j, "backend", c->backend);
    json_text(j, "device", c->device);
    json_text(j, "kernel", c->kernel);
    json_unsigned(j, "threads", c->width);
    json_unsigned(j, "tier", c->tier);
    json_unsigned(j, "order", c->order);
    json_text(j, "numerics", numerics_text(c->numerics));
    json_real(j, "predicted_ns", c->predicted_ns);
    json_real(j, "flops_per_ns", c->flops_per_ns);
    json_real(j, "bytes_per_ns", c->bytes_per_ns);
    json_real(j, "launch_ns", c->launch_ns);
    json_real(j, "transfer_ns", c->transfer_ns);
    json_unsigned(j, "samples", c->samples);
    json_real(j, "measured_ns", c->measured_ns);
    json_real(j, "spread_ns", c->spread_ns);
    json_real(j, "expected_ns", c->expected_ns);
    json_unsigned(j, "power_mw", c->power_mw);
    json_unsigned(j, "queued", c->queued);
    json_text(j, "trust", trust_text(c->trust));
    json_text(j, "reason", reason_text(c->reason));
    json_close(j);
}

static void json_index(json *j, const char *key, uint32_t i)
{
    if (i == VANE_NO_CANDIDATE)
        json_null(j, key);
    else
        json_unsigned(j, key, i);
}

void decision_json(json *j, const char *key, const vane_decision *d)
{
    json_object(j, key);
    json_text(j, "policy", d->policy);
    json_text(j, "objective", d->objective == VANE_OBJECTIVE_ENERGY ? "energy" : "time");
    json_text(j, "dtype", vane_dtype_name(d->dtype));
    json_unsigned(j, "size_class", d->size_class);
    json_real(j, "flops", d->flops);
    json_real(j, "bytes", d->bytes);
    json_boolean(j, "pool_hot", (int)d->pool_hot);
    json_real(j, "fork_ns", d->fork_ns);
    json_index(j, "chosen", d->chosen);
    json_index(j, "ran", d->ran);
    json_unsigned(j, "retries", d->retries);
    json_unsigned(j, "dropped", d->dropped);
    json_real(j, "took_ns", d->took_ns);
    json_boolean(j, "settled", (int)d->settled);
    json_unsigned(j, "route_changes", d->route_changes);
    json_text(j, "route_why", d->route_why ? d->route_why : "");
    json_array(j, "candidates");
    for (uint32_t i = 0; i < d->count; i++)
        json_candidate(j, &d->candidates[i]);
    json_close(j);
    json_close(j);
}
