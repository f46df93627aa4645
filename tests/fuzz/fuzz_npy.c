/* SPDX-License-Identifier: MIT */
/* fuzz_npy.c - any bytes for the .npy reader.
 *
 * With libFuzzer (-DVANE_LIBFUZZER -fsanitize=fuzzer) the engine drives it. Without, main
 * does: fuzz_npy [ITERATIONS] bends good files by a fixed sequence of random changes, so that
 * a failure comes again. Reads outside the input are ASan's to find; broken promises are
 * traps here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void expect(int promise)
{
    if (!promise)
        __builtin_trap();
}

/* The first and the last byte of the elements: where a wrong size or stride would show. */
static void touch(const npy_array *a)
{
    const vane_tensor *t = &a->tensor;
    uint64_t item = 1, count = 1;
    int64_t last = 0;
    for (uint32_t i = 0; i < t->rank; i++) {
        expect(t->shape[i] >= 0);
        count *= (uint64_t)t->shape[i];
    }
    if (!count)
        return;
    item = a->header.data_bytes / count;
    for (uint32_t i = 0; i < t->rank; i++)
        last += (t->shape[i] - 1) * t->stride[i];
    const volatile unsigned char *bytes = t->data;
    expect((uintptr_t)t->data % item == 0);
    expect((uint64_t)last == count - 1);
    (void)bytes[0];
    (void)bytes[count * item - 1];
}

/* 1: it was accepted */
static int one_input(const uint8_t *data, size_t size)
{
    char why[NPY_WHY] = "";
    npy_array a;
    /* a block of exactly its size: ASan guards both ends */
    uint8_t *block = malloc(size ? size : 1);
    if (!block)
        return 0;
    memcpy(block, data, size);
    int ok = npy_view(block, size, &a, why);
    expect(memchr(why, 0, sizeof why) != NULL);
    if (ok) {
        expect(a.tensor.rank <= VANE_MAX_RANK && a.tensor.dtype < VANE_DTYPE_COUNT);
        touch(&a);
    } else {
        expect(why[0] != 0);
    }
    npy_close(&a);
    free(block);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    one_input(data, bytes);
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

enum { ROOM = 512 };

static const struct {
    int major;
    const char *header;
    size_t data;
} seeds[] = {
    {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n", 24},
    {2, "{'descr': '>f8', 'fortran_order': True, 'shape': (3,), }\n", 24},
    {3, "{'shape': (), 'descr': '|b1', 'fortran_order': False}", 1},
    {1, "{'descr': '>i8', 'fortran_order': True, 'shape': (1, 2, 1, 2, 1, 1, 1, 1), }\n", 32},
    {2, "{'descr': '<V2', 'fortran_order': False, 'shape': (4, 0, 9), }\n", 0}};
enum { N_SEEDS = sizeof seeds / sizeof seeds[0] };

static size_t make_seed(uint8_t *out, size_t which)
{
    size_t lead = seeds[which].major == 1 ? 10 : 12, length = strlen(seeds[which].header);
    memset(out, 0x5a, ROOM);
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)seeds[which].major;
    out[7] = 0;
    for (size_t i = 8; i < lead; i++)
        out[i] = (uint8_t)(length >> (8 * (i - 8)));
    memcpy(out + lead, seeds[which].header, length);
    return lead + length + seeds[which].data;
}

/* One change where it hurts: a byte, a token of the grammar, a piece moved, a cut. */
static size_t bend(uint8_t *data, size_t size)
{
    static const char *const tokens[] = {
        "{",         "}",    "(",     ")",     ",",     "'",   ":",   "0",  "9",
        "-1",        "True", "False", "shape", "descr", "<f8", ">f2", "(,", "9223372036854775807",
        "4294967296"};
    size_t at = below(size < 160 ? size : 160);
    const char *token = tokens[below(sizeof tokens / sizeof tokens[0])];
    size_t length = strlen(token);
    switch (below(6)) {
    case 0:
        data[at] ^= (uint8_t)(1u << below(8));
        return size;
    case 1:
        data[at] = (uint8_t)next_random();
        return size;
    case 2: /* over what stands there */
        if (at + length <= size)
            memcpy(data + at, token, length);
        return size;
    case 3: /* between */
        if (size + length > ROOM)
            return size;
        memmove(data + at + length, data + at, size - at);
        memcpy(data + at, token, length);
        return size + length;
    case 4:
        memmove(data + at, data + below(size), below(size - at) / 2);
        return size;
    default:
        return below(8) ? size : 1 + below(size);
    }
}

int main(int argc, char **argv)
{
    static uint8_t data[2 * ROOM];
    long rounds = argc > 1 ? atol(argv[1]) : 200000, accepted = 0;
    for (size_t i = 0; i < N_SEEDS; i++)
        if (!one_input(data, make_seed(data, i))) {
            fprintf(stderr, "fuzz_npy: seed %zu is not accepted\n", i);
            return 1;
        }
    for (long i = 0; i < rounds; i++) {
        size_t size = make_seed(data, below(N_SEEDS));
        for (size_t changes = 1 + below(4); changes > 0 && size > 0; changes--)
            size = bend(data, size);
        accepted += one_input(data, size);
    }
    printf("fuzz_npy: %ld inputs, %ld accepted\n", rounds, accepted);
    return accepted > 0 && accepted < rounds ? 0 : 1; /* neither all nor none is believable */
}

#endif
