/* SPDX-License-Identifier: MIT */
/* cache.c - the form of a cache entry. See cache.h. */
#include "cache.h"

#include <stdio.h>
#include <string.h>

#define VERSION 2u

static const unsigned char magic[8] = {'V', 'a', 'n', 'e', 'O', 'C', 'L', '\n'};

enum { LANES = 4 }; /* that a CPU computes side by side */

/* Both halves are one to one, so that no change of one word is lost. */
static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 0x9fb21c651e98df25u;
    return h ^ h >> 32;
}

uint64_t ocl_cache_hash(const void *bytes, uint64_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t words[LANES] = {0},
             h[LANES] = {0xcbf29ce484222325u ^ seed, n ^ seed, 1 ^ seed, 2 ^ seed};
    for (; n >= sizeof words; n -= sizeof words, p += sizeof words) {
        memcpy(words, p, sizeof words);
        for (int i = 0; i < LANES; i++)
            h[i] = mix(h[i], words[i]);
    }
    memset(words, 0, sizeof words);
    if (n > 0)
        memcpy(words, p, n);
    h[0] = mix(h[0], words[0]);
    for (int i = 1; i < LANES; i++)
        h[0] = mix(h[0], mix(h[i], words[i]));
    return h[0];
}

/* Two hashes from different beginnings: 128 bits, which nobody collides by accident. */
void ocl_cache_name(const char *key, uint64_t key_bytes, char out[OCL_CACHE_NAME_BYTES])
{
    uint64_t low = ocl_cache_hash(key, key_bytes, 0);
    uint64_t high = ocl_cache_hash(key, key_bytes, 0x9e3779b97f4a7c15u);
    snprintf(out, OCL_CACHE_NAME_BYTES, "%016llx%016llx.bin", (unsigned long long)high,
             (unsigned long long)low);
}

static uint64_t get(const unsigned char *p)
{
    uint64_t v = 0;
    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static void put(unsigned char *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++, v >>= 8)
        p[i] = (unsigned char)v;
}

void ocl_cache_header(const char *key, uint64_t key_bytes, const void *binary,
                      uint64_t binary_bytes, unsigned char out[OCL_CACHE_HEADER_BYTES])
{
    memcpy(out, magic, sizeof magic);
    put(out + 8, VERSION);
    put(out + 16, key_bytes);
    put(out + 24, binary_bytes);
    put(out + 32, ocl_cache_hash(key, key_bytes, 0));
    put(out + 40, ocl_cache_hash(binary, binary_bytes, 0));
}

ocl_cache_verdict ocl_cache_parse(const void *bytes, uint64_t n, const char *key,
                                  uint64_t key_bytes, const unsigned char **binary,
                                  uint64_t *binary_bytes)
{
    const unsigned char *p = bytes;
    if (n < OCL_CACHE_HEADER_BYTES)
        return n >= sizeof magic && memcmp(p, magic, sizeof magic) == 0 ? OCL_CACHE_TRUNCATED
                                                                        : OCL_CACHE_FOREIGN;
    if (memcmp(p, magic, sizeof magic) != 0 || get(p + 8) != VERSION)
        return OCL_CACHE_FOREIGN;
    uint64_t has_key = get(p + 16), has_binary = get(p + 24), rest = n - OCL_CACHE_HEADER_BYTES;
    if (has_key > rest || has_binary != rest - has_key)
        return OCL_CACHE_TRUNCATED;
    const unsigned char *body = p + OCL_CACHE_HEADER_BYTES;
    if (ocl_cache_hash(body, has_key, 0) != get(p + 32) ||
        ocl_cache_hash(body + has_key, has_binary, 0) != get(p + 40) || has_binary == 0)
        return OCL_CACHE_DAMAGED;
    if (has_key != key_bytes || memcmp(body, key, key_bytes) != 0)
        return OCL_CACHE_OTHER;
    *binary = body + has_key;
    *binary_bytes = has_binary;
    return OCL_CACHE_OK;
}

const char *ocl_cache_verdict_text(ocl_cache_verdict v)
{
    switch (v) {
    case OCL_CACHE_OK:
        return "it is right";
    case OCL_CACHE_FOREIGN:
        return "it is no cache entry of this version";
    case OCL_CACHE_TRUNCATED:
        return "its lengths do not add up";
    case OCL_CACHE_OTHER:
        return "it is another program's";
    case OCL_CACHE_DAMAGED:
        break;
    }
    return "it is damaged";
}
