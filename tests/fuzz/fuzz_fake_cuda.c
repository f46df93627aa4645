/* SPDX-License-Identifier: MIT */
/* fuzz_fake_cuda.c - any text as what the stand-in CUDA driver is asked to be.
 *
 * Whatever comes: settings within their limits, or no more than one sentence.
 */
#include <string.h>

#include "fuzz.h"
#include "spec.h"

enum { ROOM = 512 };

const char fuzz_name[] = "fuzz_fake_cuda";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 200000;

static const char *const seeds[] = {
    "devices=2,memory=64M,cc=80,driver=12040,peer=0,pools=0,slow=50",
    "fail=cuMemAlloc_v2:2@3+,fail=run.kernel:700,misuse=report,race=0",
    "report=/tmp/report,memory=4G,devices=8",
};

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
    static const char *const words[] = {",",       "=",        "fail=",  ":",  "@",
                                        "+",       "K",        "G",      "-1", "4294967296",
                                        "memory=", "devices=", "report="};
    return fuzz_bend_text(data, bytes, room, words[fuzz_below(sizeof words / sizeof words[0])]);
}

static void check_fail(const fake_fail *f)
{
    fuzz_expect(strnlen(f->name, sizeof f->name) > 0);
    fuzz_expect(strnlen(f->name, sizeof f->name) < sizeof f->name);
    fuzz_expect(f->code > 0 && f->from > 0 && f->from <= f->to);
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    char text[ROOM + 1], why[300] = "";
    fake_spec s;
    memcpy(text, data, bytes < ROOM ? bytes : ROOM);
    text[bytes < ROOM ? bytes : ROOM] = 0;
    if (fake_spec_read(&s, text, why, sizeof why) != 0) {
        fuzz_expect(strnlen(why, sizeof why) > 10 && strnlen(why, sizeof why) < sizeof why);
        return 0;
    }
    fuzz_expect(s.devices <= FAKE_DEVICES && s.n_fails <= FAKE_FAILS);
    fuzz_expect(s.memory_bytes <= UINT64_C(1) << 36);
    fuzz_expect(strnlen(s.report, sizeof s.report) < sizeof s.report);
    for (unsigned i = 0; i < s.n_fails; i++)
        check_fail(&s.fail[i]);
    return 1;
}
