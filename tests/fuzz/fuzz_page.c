/* SPDX-License-Identifier: MIT */
/* fuzz_page.c - any bytes for the reader of pages. The tables are long: an input is a whole page of
 * zeros over which pieces are laid, each with its place (two bytes) and length (one byte); a first
 * byte says how many bytes of the file are missing. What is accepted can be printed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "top_page.h"
#include "vane/vane.h"

enum { ROOM = 1024 };

const char fuzz_name[] = "fuzz_page";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 30000;

static void printable(const char *text, size_t room)
{
    fuzz_expect(memchr(text, 0, room) != NULL);
    for (; *text != '\0'; text++)
        fuzz_expect(*text >= ' ' && *text <= '~');
}

static void named(const vane__page_body *b, uint32_t who)
{
    top_who w = top_who_of(b, who);
    fuzz_expect(w.s[0] != '\0' || who < b->n_devices);
    printable(w.s, sizeof w.s);
}

static void walk(const top_page *p)
{
    const vane__page_body *b = &p->body;
    fuzz_expect(b->n_devices <= VANE__PAGE_DEVICES && b->n_calls <= VANE__PAGE_CALLS);
    fuzz_expect(b->n_routes <= VANE__PAGE_ROUTES && b->n_shifts <= VANE__PAGE_SHIFTS);
    printable(p->head.program, sizeof p->head.program);
    printable(p->head.libvane, sizeof p->head.libvane);
    printable(b->policy, sizeof b->policy);
    for (uint32_t i = 0; i < b->n_calls; i++) {
        const vane__page_calls *c = &b->calls[i];
        printable(c->op, sizeof c->op);
        named(b, c->who);
        fuzz_expect(c->flops >= 0 && isfinite(c->bytes) && vane_dtype_name(c->dtype) != NULL);
    }
    for (uint32_t i = 0; i < b->n_routes; i++) {
        printable(b->routes[i].why, sizeof b->routes[i].why);
        named(b, b->routes[i].from);
        named(b, b->routes[i].to);
    }
    for (uint32_t i = 0; i < b->n_shifts; i++)
        named(b, b->shifts[i].from);
}

/* A heap block of exactly its size: ASan guards its end. */
int fuzz_one(const uint8_t *data, size_t bytes)
{
    char why[TOP_WHY] = "";
    size_t missing = bytes > 0 ? data[0] : 0, size = sizeof(vane__page) - missing;
    uint8_t *page = calloc(1, size);
    top_page *out = malloc(sizeof *out);
    if (page == NULL || out == NULL) {
        free(page);
        free(out);
        return 0;
    }
    for (size_t at = 1; at + 3 < bytes; at += (size_t)3 + data[at + 2]) {
        size_t to = (size_t)data[at] << 8 | data[at + 1], n = data[at + 2];
        n = n < bytes - at - 3 ? n : bytes - at - 3;
        if (to < size)
            memcpy(page + to, data + at + 3, n < size - to ? n : size - to);
    }
    top_verdict v = top_page_parse(page, size, out, why);
    fuzz_expect(memchr(why, 0, sizeof why) != NULL && (v == TOP_GOOD || why[0] != '\0'));
    if (v == TOP_GOOD)
        walk(out);
    free(page);
    free(out);
    return v == TOP_GOOD;
}

/* ---- good inputs, and bad ones --------------------------------------------------------- */

typedef struct input {
    uint8_t *at;
    size_t used, room;
} input;

static void lay(input *in, size_t place, const void *piece, size_t bytes)
{
    if (in->used + 3 + bytes > in->room || bytes > 255)
        return;
    in->at[in->used++] = (uint8_t)(place >> 8);
    in->at[in->used++] = (uint8_t)place;
    in->at[in->used++] = (uint8_t)bytes;
    memcpy(in->at + in->used, piece, bytes);
    in->used += bytes;
}

#define BODY(field) (offsetof(vane__page, body) + offsetof(vane__page_body, field))

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    input in = {out, 1, room};
    uint64_t sequence = 2;
    uint32_t counts[] = {1, 1, 1, 1};
    vane__page_head head = {
        VANE__PAGE_MAGIC, VANE__PAGE_VERSION, sizeof(vane__page), 42, 1, 7, 8, 9, "0.1.0",
        "digits"};
    vane__page_calls calls = {.op = "add", .dtype = VANE_F32, .width = 2, .calls = 3, .flops = 8};
    vane__page_route route = {.op = "add", .why = "measured", .from = VANE__PAGE_NOBODY};
    vane__page_shift shift = {.op = "neg", .to = VANE__PAGE_PROGRAM, .count = 5};
    if (which > 1 || room < ROOM)
        return 0;
    out[0] = 0;
    lay(&in, 0, &head, sizeof head);
    lay(&in, offsetof(vane__page, sequence), &sequence, sizeof sequence);
    if (which == 0)
        return in.used;
    lay(&in, BODY(n_devices), counts, sizeof counts);
    lay(&in, BODY(devices), "avx2", 5);
    lay(&in, BODY(routes), &route, sizeof route);
    lay(&in, BODY(shifts), &shift, sizeof shift);
    lay(&in, BODY(calls), &calls, sizeof calls);
    return in.used;
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    size_t at = fuzz_below(bytes);
    (void)room;
    switch (fuzz_below(6)) {
    case 0:
        data[at] = (uint8_t)fuzz_random();
        return bytes;
    case 1:
        data[at] = fuzz_below(2) ? 0xff : 0x1b;
        return bytes;
    case 2: /* a number that is none, or none of ours */
        memset(data + at, 0xff, bytes - at < 8 ? bytes - at : 8);
        return bytes;
    case 3:
        data[0] = (uint8_t)(fuzz_below(4) ? 0 : fuzz_random());
        return bytes;
    case 4:
        return fuzz_below(4) ? bytes : 1 + fuzz_below(bytes);
    default:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return bytes;
    }
}
