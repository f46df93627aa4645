/* SPDX-License-Identifier: MIT */
/* ranges.c - sets of bytes as sorted arrays of intervals, found by bisection.
 *
 * Neighbours never touch, so a set has one form only, and a byte range is covered exactly when
 * one interval holds all of it.
 */
#include "memory/ranges.h"

#include <stdlib.h>
#include <string.h>

void vane__ranges_init(vane__ranges *r)
{
    *r = (vane__ranges){.at = &r->one, .capacity = 1};
}

void vane__ranges_free(vane__ranges *r)
{
    if (r->at != &r->one)
        free(r->at);
    vane__ranges_init(r);
}

/* What it owns is kept: a set that was in pieces is likely to be again. */
void vane__ranges_clear(vane__ranges *r)
{
    r->count = 0;
}

/* ---- the array ----------------------------------------------------------------- */

int vane__ranges_reserve(vane__ranges *r, uint32_t n)
{
    uint64_t need = (uint64_t)r->count + n, doubled = (uint64_t)r->capacity * 2;
    if (need <= r->capacity)
        return 1;
    uint64_t capacity = need > doubled ? need : doubled;
    if (capacity > UINT32_MAX || capacity > SIZE_MAX / sizeof *r->at)
        return 0;
    int is_owned = r->at != &r->one;
    vane__range *at = realloc(is_owned ? r->at : NULL, (size_t)capacity * sizeof *at);
    if (!at)
        return 0;
    if (!is_owned)
        at[0] = r->one;
    r->at = at;
    r->capacity = (uint32_t)capacity;
    return 1;
}

/* The first interval that ends after x; count when none does. */
static uint32_t first_after(const vane__ranges *r, uint64_t x)
{
    uint32_t lo = 0, hi = r->count;
    while (lo < hi) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (r->at[middle].hi > x)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

/* From which on intervals start at x or later. */
static uint32_t first_from(const vane__ranges *r, uint32_t from, uint64_t x)
{
    while (from < r->count && r->at[from].lo < x)
        from++;
    return from;
}

static void erase(vane__ranges *r, uint32_t from, uint32_t to)
{
    memmove(&r->at[from], &r->at[to], (r->count - to) * sizeof *r->at);
    r->count -= to - from;
}

static int insert(vane__ranges *r, uint32_t i, uint64_t lo, uint64_t hi)
{
    if (!vane__ranges_reserve(r, 1))
        return 0;
    memmove(&r->at[i + 1], &r->at[i], (r->count - i) * sizeof *r->at);
    r->at[i] = (vane__range){lo, hi};
    r->count++;
    return 1;
}

/* ---- change -------------------------------------------------------------------- */

int vane__ranges_add(vane__ranges *r, uint64_t lo, uint64_t hi)
{
    if (lo >= hi)
        return 1;
    /* [i, j) touch or overlap it: an end at lo and a start at hi count */
    uint32_t i = lo > 0 ? first_after(r, lo - 1) : 0, j = i;
    while (j < r->count && r->at[j].lo <= hi)
        j++;
    if (i == j)
        return insert(r, i, lo, hi);
    vane__range *at = &r->at[i];
    at->lo = at->lo < lo ? at->lo : lo;
    at->hi = r->at[j - 1].hi > hi ? r->at[j - 1].hi : hi;
    erase(r, i + 1, j);
    return 1;
}

/* [lo, hi) lies inside interval i and reaches neither end of it. */
static int split(vane__ranges *r, uint32_t i, uint64_t lo, uint64_t hi)
{
    if (!insert(r, i + 1, hi, r->at[i].hi))
        return 0;
    r->at[i].hi = lo;
    return 1;
}

int vane__ranges_remove(vane__ranges *r, uint64_t lo, uint64_t hi)
{
    if (lo >= hi)
        return 1;
    uint32_t i = first_after(r, lo), j = first_from(r, i, hi);
    if (i == j)
        return 1;
    if (j == i + 1 && r->at[i].lo < lo && r->at[i].hi > hi)
        return split(r, i, lo, hi);
    if (r->at[i].lo < lo)
        r->at[i++].hi = lo;
    if (j > i && r->at[j - 1].hi > hi)
        r->at[--j].lo = hi;
    erase(r, i, j);
    return 1;
}

/* Only a split needs memory; without it the shorter side goes too. */
void vane__ranges_drop(vane__ranges *r, uint64_t lo, uint64_t hi)
{
    if (vane__ranges_remove(r, lo, hi))
        return;
    vane__range *at = &r->at[first_after(r, lo)];
    if (lo - at->lo < at->hi - hi)
        at->lo = hi;
    else
        at->hi = lo;
}

/* ---- questions ----------------------------------------------------------------- */

int vane__ranges_cover(const vane__ranges *r, uint64_t lo, uint64_t hi)
{
    if (lo >= hi)
        return 1;
    uint32_t i = first_after(r, lo);
    return i < r->count && r->at[i].lo <= lo && r->at[i].hi >= hi;
}

int vane__ranges_touch(const vane__ranges *r, uint64_t lo, uint64_t hi)
{
    uint32_t i = first_after(r, lo);
    return lo < hi && i < r->count && r->at[i].lo < hi;
}

uint64_t vane__ranges_bytes(const vane__ranges *r)
{
    return vane__ranges_within(r, 0, UINT64_MAX);
}

uint64_t vane__ranges_within(const vane__ranges *r, uint64_t lo, uint64_t hi)
{
    uint64_t bytes = 0;
    for (uint32_t i = first_after(r, lo); i < r->count && r->at[i].lo < hi; i++) {
        uint64_t from = r->at[i].lo > lo ? r->at[i].lo : lo;
        bytes += (r->at[i].hi < hi ? r->at[i].hi : hi) - from;
    }
    return bytes;
}

/* Both arrays are walked once, side by side. */
int vane__ranges_missing(const vane__ranges *r, const vane__ranges *have, uint64_t lo, uint64_t hi,
                         vane__range *out)
{
    uint32_t k = first_after(r, lo);
    for (uint32_t i = first_after(have, lo); i < have->count && have->at[i].lo < hi; i++) {
        uint64_t from = have->at[i].lo > lo ? have->at[i].lo : lo;
        uint64_t to = have->at[i].hi < hi ? have->at[i].hi : hi;
        while (k < r->count && r->at[k].hi <= from)
            k++;
        uint32_t next = k; /* interval k may cover what comes after, too */
        if (next < r->count && r->at[next].lo <= from)
            from = r->at[next++].hi;
        if (next < r->count && r->at[next].lo < to)
            to = r->at[next].lo;
        if (from < to) {
            *out = (vane__range){from, to};
            return 1;
        }
    }
    return 0;
}
