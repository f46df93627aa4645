/* SPDX-License-Identifier: MIT */
/* spec.h - what VANE_FAKE_CUDA asks of the stand-in driver, as text and read.
 *
 *   devices=2            how many (1)
 *   memory=64M           of each, K, M or G (4G)
 *   cc=80                compute capability times ten (90)
 *   driver=12040         what cuDriverGetVersion says (13000)
 *   peer=0               no device reads another's memory (1)
 *   pools=0              no memory pools (1)
 *   age=3600             the first event of a context was so many seconds before (0)
 *   slow=50              microseconds before each operation on a stream (0)
 *   fail=NAME:CODE@K     the K-th call of NAME gives CODE (a number; a sticky one is sticky);
 *                        K+: from there on; @K missing: the first. NAME may be run.kernel,
 * run.copy, run.set or run.host: the operation fails while it runs. Up to 16 of these misuse=report
 * a wrong use of the API is counted and said, and ends the process no more race=0               no
 * search for missing order between streams report=PATH          calls, failures and what is left
 * over, at the end of the process
 */
#ifndef FAKE_SPEC_H
#define FAKE_SPEC_H

#include <stddef.h>
#include <stdint.h>

enum { FAKE_DEVICES = 8, FAKE_FAILS = 16 };

typedef struct fake_fail {
    char name[64];
    int code;
    uint64_t from, to; /* calls, counted from 1 */
} fake_fail;

typedef struct fake_spec {
    unsigned devices, cc, driver, slow_us, age_s;
    uint64_t memory_bytes;
    int peer, pools, race, misuse_ends;
    char report[512];
    fake_fail fail[FAKE_FAILS];
    unsigned n_fails;
} fake_spec;

/* 0, or -1 and why in words. text may be NULL. */
int fake_spec_read(fake_spec *out, const char *text, char *why, size_t why_bytes);

#endif
