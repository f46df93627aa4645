/* SPDX-License-Identifier: MIT */
/* replay.c - vane replay: a recording judged by another policy, or in another environment. */
#include "replay.h"

#include <stdlib.h>

#include "args.h"
#include "cli.h"

#define USUAL_MIB 1024

static int judge(vane_context *ctx, const recording *from, const args *a, int run, uint32_t mib)
{
    replay r;
    int rc = replay_judge(ctx, from, &r);
    if (!rc && run)
        rc = replay_run(ctx, &r, (uint64_t)mib << 20);
    if (!rc) {
        replay_sort(&r);
        if (a->json)
            replay_json(&r);
        else
            replay_print(&r);
    }
    replay_free(&r);
    return rc;
}

static int replay_file(const args *a, const char *policy, int run, uint32_t mib)
{
    char why[RECORDING_WHY];
    recording from;
    vane_context *ctx;
    int rc = CLI_OK;
    if (!recording_open(a->item[0], &from, why)) {
        recording_close(&from);
        return cli_fail("%s: %s", a->item[0], why);
    }
    if (!recording_merge(&from))
        rc = cli_no_memory();
    if (!rc && (rc = cli_open(&ctx, 0)) == CLI_OK) {
        if (policy != NULL && vane_set_policy(ctx, policy) != VANE_OK)
            rc = cli_usage("--policy: %s", vane_last_error()->message);
        if (!rc)
            rc = judge(ctx, &from, a, run, mib);
        vane_close(ctx);
    }
    recording_close(&from);
    return rc;
}

int cmd_replay(int argc, char **argv)
{
    const char *policy = NULL, *memory = NULL;
    int run = 0;
    uint32_t mib = USUAL_MIB;
    const args_option options[] = {
        {"policy", 'p', "NAME", "adaptive, heuristic or fixed (VANE_POLICY, or adaptive)", NULL,
         &policy, NULL},
        {"run", 'r', NULL, "make the calls again, on random data, and time them", &run, NULL, NULL},
        {"memory", 'm', "MIB", "most data at once for --run (1024)", NULL, &memory, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane replay FILE [OPTION...]",
              .about = "Reads what VANE_RECORD=FILE wrote, and says where its calls would run "
                       "here, under a\npolicy and the variables of this environment: how long "
                       "they took, would take, and\ncould have taken at best.\n\n"
                       "  VANE_RECORD=calls.rec ./program\n"
                       "  vane replay calls.rec --policy heuristic\n"
                       "  VANE_EXCLUDE=avx512 vane replay calls.rec --run",
              .options = options};
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count != 1)
        return cli_usage("replay takes one FILE, got %d", a.count);
    if (memory != NULL && (rc = cli_parse_count("--memory", memory, &mib)) != CLI_OK)
        return rc;
    return replay_file(&a, policy, run, mib);
}
