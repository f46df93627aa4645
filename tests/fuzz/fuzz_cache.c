/* SPDX-License-Identifier: MIT */
/* fuzz_cache.c - any bytes for the judge of the OpenCL backend's cache files: an entry is this
 * program's, whole and unchanged, or it is refused. What is accepted has the very binary that
 * was written; reads outside the input are ASan's to find. */
#include <string.h>

#include "cache.h"
#include "fuzz.h"

const char fuzz_name[] = "fuzz_cache";
const size_t fuzz_room = 512;
const long fuzz_rounds = 200000;

static const char key[] = "device 0, driver 3.1\n-DOP_ADD -DT_f32\n__kernel void flat() {}\n";
static const uint64_t key_bytes = sizeof key - 1;

static void binary_fill(uint8_t *out, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(i * 37 + bytes);
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    const unsigned char *binary = NULL;
    uint64_t binary_bytes = 0;
    uint8_t want[256];
    ocl_cache_verdict v = ocl_cache_parse(data, bytes, key, key_bytes, &binary, &binary_bytes);
    fuzz_expect(ocl_cache_verdict_text(v)[0] != '\0');
    if (v != OCL_CACHE_OK)
        return 0;
    fuzz_expect(binary == data + OCL_CACHE_HEADER_BYTES + key_bytes);
    fuzz_expect(binary + binary_bytes == data + bytes && binary_bytes <= sizeof want);
    binary_fill(want, (uint32_t)binary_bytes);
    fuzz_expect(memcmp(binary, want, binary_bytes) == 0);
    fuzz_expect(memcmp(data + OCL_CACHE_HEADER_BYTES, key, key_bytes) == 0);
    return 1;
}

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    static const uint32_t sizes[] = {1, 7, 64, 200};
    uint8_t binary[256];
    if (which >= sizeof sizes / sizeof sizes[0])
        return 0;
    size_t bytes = OCL_CACHE_HEADER_BYTES + key_bytes + sizes[which];
    if (bytes > room)
        return 0;
    binary_fill(binary, sizes[which]);
    ocl_cache_header(key, key_bytes, binary, sizes[which], out);
    memcpy(out + OCL_CACHE_HEADER_BYTES, key, key_bytes);
    memcpy(out + OCL_CACHE_HEADER_BYTES + key_bytes, binary, sizes[which]);
    return bytes;
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   47,
                                   48,
                                   49,
                                   0xff,
                                   UINT64_C(0x8000000000000000),
                                   UINT64_C(0xffffffffffffffff),
                                   UINT64_C(0xffffffffffffffd0)};
    size_t at = fuzz_below(2) ? fuzz_below(bytes < 48 ? bytes : 48) : fuzz_below(bytes);
    uint64_t value = odd[fuzz_below(sizeof odd / sizeof odd[0])];
    switch (fuzz_below(4)) {
    case 0:
        return 1 + fuzz_below(bytes);
    case 1:
        if (bytes < room)
            data[bytes++] = (uint8_t)fuzz_random();
        return bytes;
    case 2:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return bytes;
    default:
        if ((at & ~(size_t)7) + 8 <= bytes)
            memcpy(data + (at & ~(size_t)7), &value, 8);
        return bytes;
    }
}
