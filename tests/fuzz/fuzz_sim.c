/* SPDX-License-Identifier: MIT */
/* fuzz_sim.c - any text as the description of simulated devices.
 *
 * Whatever comes: devices within the limits of spec.h, or no more than one sentence.
 */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "spec.h"

enum { ROOM = 512 };

const char fuzz_name[] = "fuzz_sim";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 200000;

/* ---- one input ----------------------------------------------------------------- */

static int is_text(const char *s, size_t room)
{
    size_t n = strnlen(s, room);
    for (size_t i = 0; i < n; i++)
        if (s[i] < ' ' || s[i] > '~')
            return 0;
    return n < room;
}

static void check_schedule(const sim_schedule *s)
{
    fuzz_expect(s->count <= SIM_STEPS);
    for (uint32_t i = 0; i < s->count; i++) {
        fuzz_expect(i == 0 || s->step[i].at_ns > s->step[i - 1].at_ns);
        fuzz_expect(s->step[i].share >= 0 && s->step[i].share <= 10);
    }
    fuzz_expect(s->count == 0 || s->step[s->count - 1].share > 0);
}

static void check_rates(const sim_spec *s)
{
    for (int c = 0; c < SIM_CLASSES; c++)
        for (int d = 0; d < VANE_DTYPE_COUNT; d++)
            fuzz_expect(isfinite(s->flops[c][d]) && s->flops[c][d] > 0);
    fuzz_expect(isfinite(s->bytes) && s->bytes > 0 && s->claim > 0);
    fuzz_expect(s->up_bytes > 0 && s->down_bytes > 0 && s->up_ns >= 0 && s->down_ns >= 0);
    fuzz_expect(s->launch_ns >= 0 && s->jitter >= 0 && s->jitter <= 0.9);
    fuzz_expect(s->full_mw >= s->idle_mw && s->full_mc >= s->idle_mc);
}

static void check_device(const sim_spec *s, const sim_spec *all)
{
    fuzz_expect(s->name[0] != '\0' && is_text(s->name, sizeof s->name));
    fuzz_expect(is_text(s->model, sizeof s->model));
    for (; all < s; all++)
        fuzz_expect(strcmp(all->name, s->name) != 0);
    check_rates(s);
    check_schedule(&s->throttle);
    check_schedule(&s->congest);
    fuzz_expect(s->n_held <= SIM_STEPS && s->n_fault <= SIM_FAULTS);
    fuzz_expect(s->host <= 1 && s->compute <= 1 && s->queues > 0);
    for (uint32_t i = 0; i < s->n_held; i++)
        fuzz_expect(s->held[i].when.from_ns < s->held[i].when.to_ns && s->held[i].bytes > 0);
    for (uint32_t i = 0; i < s->n_fault; i++) {
        fuzz_expect(s->fault[i].when.from_ns < s->fault[i].when.to_ns);
        fuzz_expect(s->fault[i].target < VANE_OP_COUNT || s->fault[i].target >= SIM_ANY);
    }
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    static sim_spec spec[SIM_DEVICES];
    char text[ROOM + 1], why[320];
    uint32_t count = 0;
    bytes = bytes < ROOM ? bytes : ROOM;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    memset(why, 0, sizeof why);
    if (!sim_parse(text, spec, &count, why, sizeof why)) {
        fuzz_expect(why[0] != '\0' && is_text(why, sizeof why));
        return 0;
    }
    fuzz_expect(why[0] == '\0' && count <= SIM_DEVICES);
    for (uint32_t i = 0; i < count; i++)
        check_device(&spec[i], spec);
    return 1;
}

/* ---- good inputs, and bad ones ------------------------------------------------- */

static const char *const seeds[] = {
    "gpu: flops=30e12/s bytes=3e12/s mem=80GiB link=50GB/s latency=8us launch=5us jitter=5%",
    "gpu: like=h200 ; slow: like=gpu throttle=30s:50%,60s:100% ;",
    "a: flops.matmul.f16=1P/s flops.f64=2T/s link.down=1GiB/s latency.up=0.5ms seed=42 claim=150%",
    "a: fail=lost@90s..120s,matmul:device@5s,nomem@1min,telemetry:wrong@0s congest=1s:10%",
    "a: held=40GiB@10s..20s,1MB@5ms power=75W..0.7kW temp=30C..85.5C cores=4 queues=3 freq=1.5GHz",
    "c: host=1 kind=cpu compute=0;d:like=cpu-1core;e: like=a100"};
enum { SEEDS = sizeof seeds / sizeof seeds[0] };

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    if (which >= SEEDS || strlen(seeds[which]) > room)
        return 0;
    memcpy(out, seeds[which], strlen(seeds[which]));
    return strlen(seeds[which]);
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    static const char *const tokens[] = {
        ";",     ":",    "=",  " ",  ",",  "..",   "@",    ".",   "%",      "e99", "-1",   "0",
        "like=", " a: ", "us", "/s", "GB", "lost", "1e18", "999", "flops.", ";b:", "\xff", "add"};
    return fuzz_bend_text(data, bytes, room, tokens[fuzz_below(sizeof tokens / sizeof tokens[0])]);
}
