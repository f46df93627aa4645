/* SPDX-License-Identifier: MIT */
/* fuzz.h - what a fuzz target gives to the driver, and the driver to a target.
 *
 * A target judges one input, and knows good inputs and how to spoil them. The driver (driver.c)
 * is a loop of its own by default, or, with VANE_LIBFUZZER, what libFuzzer wants to see.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* ---- the target's -------------------------------------------------------------- */

extern const char fuzz_name[];
extern const size_t fuzz_room; /* bytes of the longest input */
extern const long fuzz_rounds; /* of a plain run: a few seconds, under ASan too */

/* 1: accepted, 0: refused in the agreed way. A broken promise ends in fuzz_expect. */
int fuzz_one(const uint8_t *data, size_t bytes);
/* Input `which` of those that must be accepted; 0: there are no more, or no room. */
size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which);
/* One change, where it hurts; the new size. bytes > 0. */
size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room);

/* ---- the driver's -------------------------------------------------------------- */

uint64_t fuzz_random(void);
size_t fuzz_below(size_t n); /* 0 to n - 1; 0 for 0 */
/* A bend for texts: a byte or a bit changed, a piece taken out, or the word put in. */
size_t fuzz_bend_text(uint8_t *data, size_t bytes, size_t room, const char *word);

static inline void fuzz_expect(int promise)
{
    if (!promise)
        __builtin_trap();
}

#endif
