/* SPDX-License-Identifier: MIT */
/* driver.c - runs a fuzz target: fuzz_X [ROUNDS] bends good inputs by a fixed sequence of
 * random changes, so that a failure comes again; or libFuzzer runs it, and bends likewise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

uint64_t fuzz_random(void) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

size_t fuzz_below(size_t n)
{
    return n ? (size_t)(fuzz_random() % n) : 0;
}

size_t fuzz_bend_text(uint8_t *data, size_t bytes, size_t room, const char *word)
{
    size_t at = fuzz_below(bytes), length = strlen(word);
    switch (fuzz_below(5)) {
    case 0:
        data[at] = (uint8_t)fuzz_random();
        return bytes;
    case 1:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return bytes;
    case 2: /* a piece is taken out */
        length = fuzz_below(bytes - at);
        memmove(data + at, data + at + length, bytes - at - length);
        return bytes - length;
    default: /* a word is put in */
        if (bytes + length > room)
            return bytes;
        memmove(data + at + length, data + at, bytes - at);
        memcpy(data + at, word, length);
        return bytes + length;
    }
}

static uint32_t count_seeds(uint8_t *room)
{
    uint32_t n = 0;
    while (fuzz_seed(room, fuzz_room, n) > 0)
        n++;
    return n;
}

#ifdef VANE_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t room);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_one(data, bytes);
    return 0;
}

/* Now and then a seed, so that no corpus is needed. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room, unsigned seed)
{
    static uint32_t seeds;
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    if (seeds == 0) {
        uint8_t *all = malloc(fuzz_room);
        seeds = all ? count_seeds(all) : 0;
        free(all);
    }
    if (bytes == 0 || fuzz_below(32) == 0) {
        size_t made = fuzz_seed(data, room, (uint32_t)fuzz_below(seeds));
        if (made > 0)
            return made;
    }
    return bytes > 0 && fuzz_below(2) ? fuzz_bend(data, bytes, room)
                                      : LLVMFuzzerMutate(data, bytes, room);
}

#else

/* Each input is a heap block of exactly its size: ASan guards both ends. */
static int one_exactly(const uint8_t *data, size_t bytes)
{
    uint8_t *block = malloc(bytes ? bytes : 1);
    if (!block)
        exit(2);
    memcpy(block, data, bytes);
    int accepted = fuzz_one(block, bytes);
    free(block);
    return accepted;
}

static long run(uint8_t *data, uint32_t seeds, long rounds)
{
    long accepted = 0;
    for (long i = 0; i < rounds; i++) {
        size_t bytes = fuzz_seed(data, fuzz_room, (uint32_t)fuzz_below(seeds));
        for (size_t changes = fuzz_below(16); changes > 0 && bytes > 0; changes--)
            bytes = fuzz_bend(data, bytes, fuzz_room);
        accepted += one_exactly(data, bytes);
    }
    return accepted;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : fuzz_rounds;
    uint8_t *data = malloc(fuzz_room);
    uint32_t seeds = data ? count_seeds(data) : 0;
    int refused = 0;
    for (uint32_t i = 0; i < seeds; i++) {
        size_t bytes = fuzz_seed(data, fuzz_room, i);
        if (one_exactly(data, bytes))
            continue;
        fprintf(stderr, "%s: seed %u is not accepted\n", fuzz_name, i);
        refused = 1;
    }
    if (seeds == 0)
        fprintf(stderr, "%s: no seeds\n", fuzz_name);
    long accepted = seeds > 0 ? run(data, seeds, rounds) : 0;
    printf("%s: %ld inputs, %ld accepted, %ld refused\n", fuzz_name, rounds, accepted,
           rounds - accepted);
    free(data);
    return refused || accepted == 0 || accepted == rounds; /* both ways must have been walked */
}

#endif
