/* SPDX-License-Identifier: MIT */
/* fuzz_proc.c - any text in the place of the kernel's files: the first byte says which. What is
 * refused leaves the answer alone; what is accepted can be true of some machine. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "telemetry/proc.h"

enum { ROOM = 1024 };

const char fuzz_name[] = "fuzz_proc";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 300000;

static const uint64_t untouched = UINT64_C(0x5a5a5a5a5a5a5a5a);

/* ---- promises -------------------------------------------------------------------- */

static int stat_holds(const char *text)
{
    static const vane__cpus masks[] = {{{3}}, {{0}}, {{UINT64_MAX, UINT64_MAX}}};
    int accepted = 0;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        vane__cpu_ticks t = {77, untouched, untouched};
        if (vane__proc_cpus(text, &masks[i], &t)) {
            accepted = 1;
            fuzz_expect(t.idle <= t.all && t.cpus > 0 && t.cpus <= 128 && i != 1);
        } else {
            fuzz_expect(t.cpus == 77 && t.idle == untouched && t.all == untouched);
        }
    }
    return accepted;
}

static int number_holds(int accepted, uint64_t value)
{
    fuzz_expect(accepted || value == untouched);
    return accepted;
}

static int pressure_holds(const char *text)
{
    vane__pressure p = {-7, untouched};
    if (!vane__proc_pressure(text, &p)) {
        fuzz_expect(p.avg10_percent < -6 && p.total_us == untouched);
        return 0;
    }
    fuzz_expect(p.avg10_percent >= 0 && p.avg10_percent <= 100);
    return 1;
}

static int parse(uint8_t which, const char *text)
{
    uint64_t value = untouched;
    switch (which) {
    case 'c':
        return stat_holds(text);
    case 's':
        return number_holds(vane__proc_self(text, &value), value);
    case 'b':
        return number_holds(vane__proc_started(text, &value), value);
    case 'p':
        return pressure_holds(text);
    case 'm':
        return number_holds(vane__proc_keyed(text, "MemAvailable", &value), value);
    case 't':
        return number_holds(vane__proc_keyed(text, "nr_throttled", &value), value);
    case 'n':
        return number_holds(vane__proc_number(text, &value), value);
    default:
        return 0;
    }
}

/* A heap block of exactly its size: ASan guards its end. */
int fuzz_one(const uint8_t *data, size_t bytes)
{
    char *text = bytes > 0 ? strndup((const char *)data + 1, bytes - 1) : NULL;
    int accepted = text != NULL && parse(data[0], text);
    free(text);
    return accepted;
}

/* ---- good inputs, and bad ones ---------------------------------------------------- */

static const char *const seeds[] = {
    "ccpu  3 0 3 9 0 0 0 0 0 0\ncpu0 1 0 1 4 0 0 0 0 0 0\ncpu1 2 0 2 5 0 0 0 0 0 0\nintr 5 1 2\n",
    "ccpu0 1 2 3 4 5\n",
    "s42 (a (b) c) R 1 42 42 0 -1 4194304 98 0 0 0 17 4 0 0 20 0 1 0 2333395\n",
    "b42 (a (b) c) R 1 42 42 0 -1 4194304 98 0 0 0 17 4 0 0 20 0 1 0 2333395 1 2\n",
    "psome avg10=0.25 avg60=0.00 avg300=12.00 total=12345\nfull avg10=0.00 avg60=0 total=0\n",
    "psome avg10=100.00 avg60=0.00 avg300=0.00 total=18446744073709551615\n",
    "mMemTotal:       24684084 kB\nMemFree:        22368520 kB\nMemAvailable:   23163480 kB\n",
    "tnr_periods 10\nnr_throttled 3\nthrottled_usec 400\n",
    "n1073741824\n",
    "n0"};
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
    static const char *const tokens[] = {" ",
                                         "\n",
                                         "-",
                                         "-1",
                                         "nan",
                                         "inf",
                                         "1e9",
                                         ".",
                                         ")",
                                         "(",
                                         "=",
                                         "kB",
                                         "0",
                                         "99",
                                         "cpu0 ",
                                         "cpu127 1 2 3 4 5\n",
                                         "some avg10=",
                                         " total=",
                                         "MemAvailable: ",
                                         "18446744073709551615",
                                         "18446744073709551616"};
    return fuzz_bend_text(data, bytes, room, tokens[fuzz_below(sizeof tokens / sizeof tokens[0])]);
}
