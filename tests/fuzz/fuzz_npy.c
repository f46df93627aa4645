/* SPDX-License-Identifier: MIT */
/* fuzz_npy.c - any bytes for the .npy reader: good files, bent in their grammar. Reads outside
 * the input are ASan's to find; broken promises are traps. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "npy.h"

enum { ROOM = 512 };

const char fuzz_name[] = "fuzz_npy";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 200000;

/* The first and the last byte of the elements: where a wrong size or stride would show. */
static void touch(const npy_array *a)
{
    const vane_tensor *t = &a->tensor;
    uint64_t item = 1, count = 1;
    int64_t last = 0;
    for (uint32_t i = 0; i < t->rank; i++) {
        fuzz_expect(t->shape[i] >= 0);
        count *= (uint64_t)t->shape[i];
    }
    if (!count)
        return;
    item = a->header.data_bytes / count;
    for (uint32_t i = 0; i < t->rank; i++)
        last += (t->shape[i] - 1) * t->stride[i];
    const volatile unsigned char *bytes = t->data;
    fuzz_expect((uintptr_t)t->data % item == 0);
    fuzz_expect((uint64_t)last == count - 1);
    (void)bytes[0];
    (void)bytes[count * item - 1];
}

int fuzz_one(const uint8_t *data, size_t size)
{
    char why[NPY_WHY] = "";
    npy_array a;
    /* the reader swaps bytes in place; a block of exactly its size: ASan guards both ends */
    uint8_t *block = malloc(size ? size : 1);
    if (!block)
        return 0;
    memcpy(block, data, size);
    int ok = npy_view(block, size, &a, why);
    fuzz_expect(memchr(why, 0, sizeof why) != NULL);
    if (ok) {
        fuzz_expect(a.tensor.rank <= VANE_MAX_RANK && a.tensor.dtype < VANE_DTYPE_COUNT);
        touch(&a);
    } else {
        fuzz_expect(why[0] != 0);
    }
    npy_close(&a);
    free(block);
    return ok;
}

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

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    if (which >= N_SEEDS || room < ROOM)
        return 0;
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
size_t fuzz_bend(uint8_t *data, size_t size, size_t room)
{
    static const char *const tokens[] = {
        "{",         "}",    "(",     ")",     ",",     "'",   ":",   "0",  "9",
        "-1",        "True", "False", "shape", "descr", "<f8", ">f2", "(,", "9223372036854775807",
        "4294967296"};
    size_t at = fuzz_below(size < 160 ? size : 160);
    const char *token = tokens[fuzz_below(sizeof tokens / sizeof tokens[0])];
    size_t length = strlen(token);
    switch (fuzz_below(6)) {
    case 0:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return size;
    case 1:
        data[at] = (uint8_t)fuzz_random();
        return size;
    case 2: /* over what stands there */
        if (at + length <= size)
            memcpy(data + at, token, length);
        return size;
    case 3: /* between */
        if (size + length > room)
            return size;
        memmove(data + at + length, data + at, size - at);
        memcpy(data + at, token, length);
        return size + length;
    case 4: {
        size_t from = fuzz_below(size);
        memmove(data + at, data + from, fuzz_below(size - (from > at ? from : at)));
        return size;
    }
    default:
        return fuzz_below(8) ? size : 1 + fuzz_below(size);
    }
}
