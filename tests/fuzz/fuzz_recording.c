/* SPDX-License-Identifier: MIT */
/* fuzz_recording.c - any bytes for the reader of recordings: good files, bent. What is accepted can
 * be walked from end to end; reads outside the input are ASan's to find. */
#include <string.h>

#include "fuzz.h"
#include "recording.h"

const char fuzz_name[] = "fuzz_recording";
const size_t fuzz_room = 512;
const long fuzz_rounds = 200000;

static void walk(const recording *r)
{
    for (size_t i = 0; i < r->n_kinds; i++) {
        const recording_kind *k = &r->kinds[i];
        fuzz_expect(memchr(k->name, 0, sizeof k->name) != NULL && k->flops >= 0 && k->bytes >= 0);
        fuzz_expect(k->params_bytes <= sizeof k->params && k->dtype < VANE_DTYPE_COUNT);
        for (uint32_t t = 0; t <= k->n_in; t++) {
            fuzz_expect(k->tensors[t].rank <= VANE_MAX_RANK && k->tensors[t].data == NULL);
            fuzz_expect(k->tensors[t].dtype < VANE_DTYPE_COUNT);
            for (uint32_t d = 0; d < k->tensors[t].rank; d++)
                fuzz_expect(k->tensors[t].shape[d] >= 0);
        }
    }
    for (size_t i = 0; i < r->n_whos; i++)
        fuzz_expect(memchr(r->whos[i].kernel, 0, sizeof r->whos[i].kernel) != NULL);
    for (size_t i = 0; i < r->n_runs; i++)
        fuzz_expect(r->runs[i].kind < r->n_kinds && r->runs[i].who < r->n_whos &&
                    r->runs[i].thread < r->n_threads);
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    char why[RECORDING_WHY] = "";
    recording r;
    int ok = recording_parse(data, bytes, &r, why);
    fuzz_expect(memchr(why, 0, sizeof why) != NULL && (ok || why[0] != '\0'));
    if (ok) {
        walk(&r);
        fuzz_expect(recording_merge(&r));
        walk(&r);
    }
    recording_close(&r);
    return ok;
}

/* An add of 8 by 8 by nobody, a turned copy, and calls of both. */
static const struct {
    const char *at;
    size_t bytes;
} entries[] = {
#define ENTRY(text)           \
    {                         \
        text, sizeof text - 1 \
    }
    ENTRY("V\x01\x90\x4e\x05"
          "0.1.0"),
    ENTRY("C\x0a\x03"
          "add\x00\x06\x00\0\0\0\0\0\0P@\0\0\0\0\0\0\x88@\x02\x00"
          "\x00\x02\x08\x08\x01\x00\x02\x08\x08\x01\x00\x02\x08\x08\x01"),
    ENTRY("W\x00\x00\x00\x00"),
    ENTRY("C\x1a\x03"
          "neg\x00\x06\x03\0\0\0\0\0\0P@\0\0\0\0\0\0\x88@\x01\x04\x01\x02\x03\x04"
          "\x00\x02\x08\x08\x00\x02\x10\x00\x01\x08\x01"),
    ENTRY("W\x04"
          "avx2\x03"
          "cpu\x00\x02"),
    ENTRY("R\x00\x00\x00\x10\xe8\x07\x00"),
    ENTRY("R\x01\x01\x01\xff\x01\x05\x0f\x01\x02\x05"),
    ENTRY("L\x09"),
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    static const uint32_t ends[] = {1, 5, ENTRIES};
    size_t used = 8;
    if (which >= sizeof ends / sizeof ends[0] || room < fuzz_room)
        return 0;
    memcpy(out, "VANEREC\n", used);
    for (uint32_t i = 0; i < ends[which]; i++) {
        out[used++] = (uint8_t)entries[i].at[0];
        out[used++] = (uint8_t)(entries[i].bytes - 1); /* all are below 128 */
        memcpy(out + used, entries[i].at + 1, entries[i].bytes - 1);
        used += entries[i].bytes - 1;
    }
    return used;
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    static const uint8_t odd[] = {0, 1, 2, 8, 9, 0x7f, 0x80, 0xff, 'V', 'C', 'W', 'R', 'L', 'Q'};
    size_t at = fuzz_below(bytes);
    switch (fuzz_below(5)) {
    case 0:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return bytes;
    case 1:
        data[at] = odd[fuzz_below(sizeof odd)];
        return bytes;
    case 2: /* a number becomes longer */
        if (bytes == room)
            return bytes;
        memmove(data + at + 1, data + at, bytes - at);
        data[at] = 0xff;
        return bytes + 1;
    case 3: { /* an entry's bytes somewhere else */
        size_t from = fuzz_below(bytes);
        memmove(data + at, data + from, fuzz_below(bytes - (from > at ? from : at)));
        return bytes;
    }
    default:
        return fuzz_below(4) ? bytes : 1 + fuzz_below(bytes);
    }
}
