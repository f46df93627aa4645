/* SPDX-License-Identifier: MIT */
/* fuzz_note.c - any bytes for the ELF note parser and its judge.
 *
 * With libFuzzer (-DVANE_LIBFUZZER -fsanitize=fuzzer) the engine drives it. Without, main
 * does: fuzz_note SEED-FILE [ITERATIONS] bends a real plugin by a fixed sequence of random
 * changes, so that a failure comes again. Reads outside the input are ASan's to find;
 * broken promises are traps here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/note.h"
#include "vane/vane.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void expect(int promise)
{
    if (!promise)
        __builtin_trap();
}

static vane_status parse_and_judge(const uint8_t *data, size_t bytes)
{
    vane_backend_note note;
    char why[128] = "";
    vane_status status = vane__note_parse(data, bytes, &note, why, sizeof why);
    expect(memchr(why, '\0', sizeof why) != NULL);
    if (status != VANE_OK) {
        expect(why[0] != '\0');
        return status;
    }
    expect(memcmp(note.owner, "Vane", 5) == 0 && note.type == VANE_NOTE_TYPE);
    expect(memchr(note.version, '\0', sizeof note.version) != NULL);
    status = vane__note_judge(&note, VANE_CPU(SSE2) | VANE_CPU(NEON), why, sizeof why);
    if (status != VANE_OK)
        expect(why[0] != '\0');
    else /* what is let through may be quoted */
        expect(memchr(note.name, '\0', sizeof note.name) != NULL);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    parse_and_judge(data, bytes);
    return 0;
}

#ifndef VANE_LIBFUZZER

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t next_random(void) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static size_t below(size_t n)
{
    return n ? (size_t)(next_random() % n) : 0;
}

/* Where the headers and notes are; a plugin's code says nothing to the parser. */
static size_t pick_place(size_t bytes)
{
    size_t near = bytes < 1024 ? bytes : 1024;
    switch (below(8)) {
    case 0:
        return below(bytes);
    case 1:
        return bytes - 1 - below(near); /* section headers */
    case 2:
    case 3:
        return below(bytes < 64 ? bytes : 64); /* the ELF header */
    default:
        return below(near);
    }
}

static void bend(uint8_t *data, size_t bytes)
{
    static const uint64_t odd[] = {0, 1, 3, 4, 5, 8, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff,
                                   UINT64_C(0x7fffffffffffffff), UINT64_C(0xfffffffffffffff0)};
    size_t at = pick_place(bytes), width = (size_t)1 << below(4);
    uint64_t value = odd[below(sizeof odd / sizeof odd[0])];
    if (below(2))
        at &= ~(width - 1);
    if (at + width > bytes)
        return;
    switch (below(4)) {
    case 0:
        data[at] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        data[at] = (uint8_t)next_random();
        break;
    case 2:
        memmove(data + at, data + below(bytes - width), width);
        break;
    default:
        memcpy(data + at, &value, width);
    }
}

/* Each input is a heap block of exactly its size: ASan guards its end. */
static vane_status one_round(const uint8_t *seed, size_t seed_bytes)
{
    size_t bytes = below(16) ? seed_bytes : 1 + below(seed_bytes);
    uint8_t *data = malloc(bytes);
    if (!data)
        exit(2);
    memcpy(data, seed, bytes);
    for (size_t changes = below(8); changes > 0; changes--)
        bend(data, bytes);
    vane_status status = parse_and_judge(data, bytes);
    free(data);
    return status;
}

static uint8_t *read_all(const char *path, size_t *bytes)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        long length = ftell(f);
        data = length > 0 ? malloc((size_t)length) : NULL;
        rewind(f);
        *bytes = data ? fread(data, 1, (size_t)length, f) : 0;
    }
    if (f)
        fclose(f);
    return data;
}

int main(int argc, char **argv)
{
    size_t bytes = 0;
    uint8_t *seed = argc > 1 ? read_all(argv[1], &bytes) : NULL;
    long rounds = argc > 2 ? atol(argv[2]) : 20000, accepted = 0;
    if (!seed || bytes == 0 || parse_and_judge(seed, bytes) != VANE_OK) {
        fprintf(stderr, "usage: fuzz_note PLUGIN.so [ITERATIONS]  (a plugin that is accepted)\n");
        free(seed);
        return 2;
    }
    for (long i = 0; i < rounds; i++)
        accepted += one_round(seed, bytes) == VANE_OK;
    printf("fuzz_note: %ld inputs, %ld accepted, %ld refused\n", rounds, accepted,
           rounds - accepted);
    free(seed);
    return accepted == 0 || accepted == rounds; /* both ways must have been walked */
}

#endif
