/* SPDX-License-Identifier: MIT */
/* fuzz_learned.c - any bytes as the file of what was learned. Whatever comes: a verdict, and
 * entries that all make sense, each as it was written. Reads outside the input are ASan's to
 * find. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/call.h"
#include "fuzz.h"
#include "policy/hash.h"
#include "policy/index.h"
#include "policy/learned.h"
#include "policy/record.h"
#include "settings.h"

#define IDENTITY UINT64_C(0x1234)
#define NOW UINT64_C(1000000)
enum { MOST = 6, ROOM = sizeof(vane__records_head) + MOST * sizeof(vane__record) };

const char fuzz_name[] = "fuzz_learned";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 200000;

/* ---- one input --------------------------------------------------------------------------- */

static void expect_name(const char *text, size_t bytes)
{
    size_t n = strnlen(text, bytes);
    fuzz_expect(n > 0 && n < bytes);
    for (size_t i = 0; i < n; i++)
        fuzz_expect(text[i] >= ' ' && text[i] <= '~');
}

static void expect_sense(const vane__record *r)
{
    fuzz_expect(isfinite(r->typical_ns) && r->typical_ns >= 0 && r->typical_ns <= 3.6e12f);
    fuzz_expect(isfinite(r->spread_ns) && r->spread_ns >= 0 && r->spread_ns <= 3.6e12f);
    fuzz_expect(r->width > 0 && r->width <= VANE__MAX_THREADS && r->state < 8);
    fuzz_expect(r->dtype < VANE_DTYPE_COUNT && r->size_class < VANE__CLASSES && r->stamp != 0);
    fuzz_expect(r->trust <= VANE_TRUST_WRONG && r->samples <= VANE__WINDOW);
    fuzz_expect(r->samples == 0 || r->typical_ns > 0);
    fuzz_expect(r->when_s <= NOW + 86400);
    expect_name(r->op, sizeof r->op);
    expect_name(r->backend, sizeof r->backend);
    expect_name(r->device, sizeof r->device);
    expect_name(r->kernel, sizeof r->kernel);
}

/* Every entry is found by its key, or one of the same key, or was left out for the crowd. */
static void expect_found(vane__records *all)
{
    vane__index x;
    fuzz_expect(vane__index_open(&x, all->count));
    for (uint32_t i = 0; i < all->count; i++)
        fuzz_expect(vane__index_add(&x, all->list, i));
    for (uint32_t i = 0; i < all->count; i++) {
        const vane__record *r = vane__index_find(&x, all->list, all->list[i].key);
        fuzz_expect(r != NULL && r->key == all->list[i].key);
    }
    vane__index_close(&x);
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    vane__records all;
    void *file = malloc(bytes ? bytes : 1); /* entries are moved together in place */
    if (file == NULL)
        return 0;
    memcpy(file, data, bytes);
    vane__records_verdict v = vane__records_parse(file, bytes, IDENTITY, NOW, &all);
    fuzz_expect(vane__records_verdict_text(v)[0] != '\0');
    fuzz_expect(v == VANE__RECORDS_OK || (all.count == 0 && all.dropped == 0));
    if (v == VANE__RECORDS_OK) {
        fuzz_expect(sizeof(vane__records_head) +
                        (uint64_t)(all.count + all.dropped) * sizeof(vane__record) ==
                    bytes);
        for (uint32_t i = 0; i < all.count; i++)
            expect_sense(&all.list[i]);
        expect_found(&all);
    }
    int accepted = v == VANE__RECORDS_OK && all.dropped == 0;
    free(file);
    return accepted;
}

/* ---- good inputs, and bad ones ------------------------------------------------------------- */

static void make(vane__record *r, uint32_t i)
{
    *r = (vane__record){.key = vane__hash_mix(1, i),
                        .stamp = i + 1,
                        .when_s = NOW - i,
                        .typical_ns = 10.5f * (float)i,
                        .spread_ns = (float)i,
                        .width = (uint16_t)(i + 1),
                        .size_class = (uint8_t)i,
                        .state = (uint8_t)(i & 7),
                        .samples = (uint8_t)i,
                        .trust = i ? VANE_TRUST_CHECKED : VANE_TRUST_WRONG,
                        .op = "add",
                        .backend = "avx2",
                        .device = "cpu0",
                        .kernel = "add_f32"};
    vane__record_seal(r, IDENTITY);
}

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    vane__records_head head;
    size_t bytes = sizeof head + which * sizeof(vane__record);
    if (which > MOST || bytes > room)
        return 0;
    vane__records_head_fill(&head, IDENTITY, "a machine", which);
    memcpy(out, &head, sizeof head);
    for (uint32_t i = 0; i < which; i++) {
        vane__record r;
        make(&r, i);
        memcpy(out + sizeof head + i * sizeof r, &r, sizeof r);
    }
    return bytes;
}

/* Checks are mended half of the time, so that what is behind them is reached. */
static void mend(uint8_t *data, size_t bytes)
{
    vane__records_head head;
    if (bytes < sizeof head || fuzz_below(2))
        return;
    memcpy(&head, data, sizeof head);
    head.check = 0;
    head.check = vane__hash(VANE__HASH_SEED, &head, sizeof head);
    memcpy(data, &head, sizeof head);
    for (size_t at = sizeof head; bytes - at >= sizeof(vane__record); at += sizeof(vane__record)) {
        vane__record r;
        memcpy(&r, data + at, sizeof r);
        vane__record_seal(&r, IDENTITY);
        memcpy(data + at, &r, sizeof r);
    }
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    static const uint32_t odd[] = {0,          1,          0xff,       0x7f800000, 0xffffffff,
                                   0x7fc00000, 0x80000000, 0x54000000, 50001};
    size_t at = fuzz_below(bytes);
    uint32_t value = odd[fuzz_below(sizeof odd / sizeof odd[0])];
    switch (fuzz_below(5)) {
    case 0:
        bytes = 1 + fuzz_below(bytes);
        break;
    case 1:
        if (bytes < room)
            data[bytes++] = (uint8_t)fuzz_random();
        break;
    case 2:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        break;
    case 3:
        data[at] = (uint8_t)fuzz_random();
        break;
    default:
        if ((at & ~(size_t)3) + 4 <= bytes)
            memcpy(data + (at & ~(size_t)3), &value, 4);
    }
    mend(data, bytes);
    return bytes;
}
