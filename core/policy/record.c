/* SPDX-License-Identifier: MIT */
/* record.c - the file of what was learned, in memory: judged, and made. */
#include "policy/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/call.h"
#include "policy/hash.h"
#include "policy/learned.h"
#include "settings.h"
#include "vane/vane.h"

#define DAY_S 86400u

const char *vane__records_verdict_text(vane__records_verdict v)
{
    static const char *const texts[] = {"good", "not a file of what was learned",
                                        "written by a newer Vane",
                                        "learned on another machine or build", "damaged"};
    return v < sizeof texts / sizeof texts[0] ? texts[v] : "?";
}

/* ---- entries ------------------------------------------------------------------------------ */

static uint64_t check_of(const vane__record *r, uint64_t identity)
{
    return vane__hash(identity, &r->key, sizeof *r - sizeof r->check);
}

void vane__record_seal(vane__record *r, uint64_t identity)
{
    r->check = check_of(r, identity);
}

/* 1 to bytes - 1 characters that may be shown, and nothing but zeros behind them. Without a
 * branch, so that compilers take many at once: names are most of the file. */
static inline int is_name(const char *text, uint32_t bytes)
{
    unsigned bad = text[0] == '\0' || text[bytes - 1] != '\0';
    for (uint32_t i = 0; i < bytes; i++)
        bad |= (unsigned)(text[i] != '\0') & ((unsigned)(text[i] < ' ') | (text[i] > '~'));
    for (uint32_t i = 1; i < bytes; i++)
        bad |= (unsigned)(text[i] != '\0') & (text[i - 1] == '\0');
    return !bad;
}

static int is_time(float ns)
{
    return isfinite(ns) && ns >= 0 && (double)ns <= VANE__RECORD_NS;
}

static int makes_sense(const vane__record *r, uint64_t now_s)
{
    int measured = r->samples > 0;
    if (r->trust > VANE_TRUST_WRONG || r->samples > VANE__WINDOW ||
        r->state > (3 | VANE__RECORD_SETTLED) || r->dtype >= VANE_DTYPE_COUNT ||
        r->size_class >= VANE__CLASSES || r->width == 0 || r->width > VANE__MAX_THREADS ||
        r->stamp == 0 || r->when_s > now_s + DAY_S)
        return 0;
    if (!is_time(r->typical_ns) || !is_time(r->spread_ns) || (measured && r->typical_ns <= 0))
        return 0;
    if (measured && (r->trust == VANE_TRUST_NONE || r->trust == VANE_TRUST_WRONG))
        return 0; /* only what is right is timed */
    return is_name(r->op, sizeof r->op) && is_name(r->backend, sizeof r->backend) &&
           is_name(r->device, sizeof r->device) && is_name(r->kernel, sizeof r->kernel);
}

/* ---- the file ------------------------------------------------------------------------------- */

static uint64_t head_check(const vane__records_head *h)
{
    vane__records_head copy = *h;
    copy.check = 0;
    return vane__hash(VANE__HASH_SEED, &copy, sizeof copy);
}

void vane__records_head_fill(vane__records_head *out, uint64_t identity, const char *text,
                             uint32_t count)
{
    memset(out, 0, sizeof *out);
    out->magic = VANE__RECORDS_MAGIC;
    out->version = VANE__RECORDS_VERSION;
    out->record_bytes = sizeof(vane__record);
    out->identity = identity;
    out->count = count;
    snprintf(out->text, sizeof out->text, "%s", text);
    out->check = head_check(out);
}

static vane__records_verdict judge(const vane__records_head *h, uint64_t bytes, uint64_t identity)
{
    if (h->magic != VANE__RECORDS_MAGIC)
        return VANE__RECORDS_FOREIGN;
    if (h->version > VANE__RECORDS_VERSION)
        return VANE__RECORDS_NEWER;
    if (h->version != VANE__RECORDS_VERSION || h->check != head_check(h))
        return VANE__RECORDS_DAMAGED;
    if (h->identity != identity)
        return VANE__RECORDS_OTHER;
    uint64_t room = (bytes - sizeof *h) / sizeof(vane__record);
    int fits = h->record_bytes == sizeof(vane__record) && h->count <= VANE__RECORDS_MAX &&
               h->count == room && bytes == sizeof *h + room * sizeof(vane__record);
    return fits ? VANE__RECORDS_OK : VANE__RECORDS_DAMAGED;
}

vane__records_verdict vane__records_parse(void *file, uint64_t bytes, uint64_t identity,
                                          uint64_t now_s, vane__records *out)
{
    vane__records_head head;
    *out = (vane__records){0};
    if (bytes < sizeof head.magic || memcmp(file, &(uint64_t){VANE__RECORDS_MAGIC}, 8) != 0)
        return VANE__RECORDS_FOREIGN;
    if (bytes < sizeof head)
        return VANE__RECORDS_DAMAGED;
    memcpy(&head, file, sizeof head);
    vane__records_verdict v = judge(&head, bytes, identity);
    if (v != VANE__RECORDS_OK)
        return v;
    vane__record *list = (vane__record *)(void *)((char *)file + sizeof head);
    for (uint32_t i = 0; i < head.count; i++) {
        if (list[i].check != check_of(&list[i], identity) || !makes_sense(&list[i], now_s)) {
            out->dropped++;
            continue;
        }
        if (out->count != i)
            list[out->count] = list[i];
        out->count++;
    }
    out->list = list;
    return VANE__RECORDS_OK;
}
