/* SPDX-License-Identifier: MIT */
/* stream.c - pipelines of dependent ops on streams, over buffers and host memory; for each data
 * type, with the exact ops that the plugin has. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"

enum { SIDE = 24, LARGE_SIDE = 100 };

void conform_verdict(conform *c, const char *label, const char *why)
{
    if (why[0])
        conform_fail(&c->report, label, "%s", why);
    else
        conform_pass(&c->report, label);
}

static void pipeline(conform *c, const conform_exact *e, conform_mode mode, uint32_t steps,
                     uint32_t round)
{
    char why[512] = "", label[100];
    const int buffers_alone = mode == CONFORM_ORDERED || mode == CONFORM_MINGLED;
    conform_pipeline *p = calloc(1, sizeof *p);
    vane_status st = VANE_OK;
    snprintf(label, sizeof label, "[%d,%d] %s, %u steps, round %u", (int)e->side, (int)e->side,
             conform_mode_name(mode), steps, round);
    if (!p)
        snprintf(why, sizeof why, "out of memory");
    else if (conform_pipeline_open(p, c, e, buffers_alone ? CONFORM_HELD : CONFORM_SLOTS, steps,
                                   why) &&
             (st = conform_pipeline_run(p, mode, why)) == VANE_OK)
        conform_pipeline_judge(p, why);
    if (p)
        conform_pipeline_close(p);
    free(p);
    if (st == VANE_E_UNSUPPORTED)
        conform_skip(&c->report, label, "the kernel declines such a call");
    else
        conform_verdict(c, label, why);
}

static void pipelines(conform *c, const conform_exact *e)
{
    const uint32_t rounds = c->options->quick ? 2 : e->side == SIDE ? 8 : 2;
    for (conform_mode mode = CONFORM_ONE; mode < CONFORM_MODES; mode++)
        for (uint32_t round = 1; round <= rounds; round++)
            pipeline(c, e, mode, round == 1 ? CONFORM_STEPS : 12, round);
}

static void cases(conform *c, uint32_t dtype)
{
    conform_exact e;
    conform_exact_find(c, dtype, SIDE, &e);
    if (c->lanes.count == 0 || e.count == 0) {
        conform_skip(&c->report, "",
                     c->lanes.count ? "unsupported: the plugin has no kernel of an exact op"
                                    : "the plugin found no device on this machine");
        return;
    }
    pipelines(c, &e);
    conform_stream_errors(c, &e);
    conform_stream_bytes(c, &e);
    conform_exact_find(c, dtype, LARGE_SIDE, &e);
    if (e.count > 0 && !c->options->quick)
        pipelines(c, &e);
}

void conform_on_streams(conform *c, const char *group, void (*fn)(conform *c, uint32_t dtype))
{
    if (c->via == CONFORM_VIA_HOST || c->via == CONFORM_VIA_BUFFER) {
        conform_note(&c->report, "%s: left out, as every call is to go by way of the %s", group,
                     c->options->via);
        return;
    }
    for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++) {
        if (c->options->dtype && strcmp(c->options->dtype, vane_dtype_name(dtype)) != 0)
            continue;
        conform_unit_begin(&c->report, group, "", vane_dtype_name(dtype));
        c->random = c->options->seed * VANE_DTYPE_COUNT + dtype;
        if (!c->options->list)
            fn(c, dtype);
        conform_unit_end(&c->report);
    }
}

void conform_stream(conform *c)
{
    conform_on_streams(c, "stream", cases);
}
