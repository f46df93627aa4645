/* SPDX-License-Identifier: MIT */
/* hash.h - 64 bits of anything, fast: to find what was kept and to see that it is unchanged. It
 * keeps no secret and withstands no attack. A change within eight bytes always shows. */
#ifndef VANE__POLICY_HASH_H
#define VANE__POLICY_HASH_H

#include <stdint.h>
#include <string.h>

#define VANE__HASH_SEED UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t vane__hash_mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

/* Two lanes, because each step waits for its multiplication. */
static inline uint64_t vane__hash(uint64_t seed, const void *data, uint64_t bytes)
{
    const unsigned char *p = data;
    uint64_t a = vane__hash_mix(seed, bytes), b = ~a, w[2];
    for (; bytes >= sizeof w; bytes -= sizeof w, p += sizeof w) {
        memcpy(w, p, sizeof w);
        a = vane__hash_mix(a, w[0]);
        b = vane__hash_mix(b, w[1]);
    }
    memset(w, 0, sizeof w);
    memcpy(w, p, (size_t)bytes);
    a = vane__hash_mix(a, w[0]);
    b = vane__hash_mix(b, w[1]);
    return vane__hash_mix(vane__hash_mix(VANE__HASH_SEED, a), b);
}

static inline uint64_t vane__hash_text(uint64_t seed, const char *text)
{
    return vane__hash(seed, text, strlen(text));
}

#endif
