/* SPDX-License-Identifier: MIT */
/* recording_merge.c - what a recording describes twice, because it had forgotten it, becomes one.
 */
#include <stdlib.h>
#include <string.h>

#include "recording.h"

/* An entry and the place it has. */
typedef struct item {
    const void *entry;
    uint32_t place;
} item;

static int compare_whos(const void *a, const void *b)
{
    const item *x = a, *y = b;
    int order = memcmp(x->entry, y->entry, sizeof(recording_who));
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int compare_kinds(const void *a, const void *b)
{
    const item *x = a, *y = b;
    const recording_kind *k = x->entry, *l = y->entry;
    if (k->bytes_hash != l->bytes_hash)
        return k->bytes_hash < l->bytes_hash ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int same_who(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(recording_who)) == 0;
}

static int same_kind(const void *a, const void *b)
{
    return ((const recording_kind *)a)->bytes_hash == ((const recording_kind *)b)->bytes_hash;
}

/* For each entry the place of the first that is the same; NULL: no memory. */
static uint32_t *firsts(const void *entries, size_t count, size_t size,
                        int (*compare)(const void *, const void *),
                        int (*same)(const void *, const void *))
{
    item *items = malloc((count + 1) * sizeof *items);
    uint32_t *first = malloc((count + 1) * sizeof *first);
    for (size_t i = 0; items != NULL && i < count; i++)
        items[i] = (item){(const char *)entries + i * size, (uint32_t)i};
    if (items != NULL && count > 1)
        qsort(items, count, sizeof *items, compare);
    for (size_t i = 0, run = 0; items != NULL && first != NULL && i < count; i++) {
        run = same(items[i].entry, items[run].entry) ? run : i;
        first[items[i].place] = items[run].place;
    }
    if (items == NULL) {
        free(first);
        first = NULL;
    }
    free(items);
    return first;
}

int recording_merge(recording *r)
{
    uint32_t *who = firsts(r->whos, r->n_whos, sizeof *r->whos, compare_whos, same_who);
    uint32_t *kind = firsts(r->kinds, r->n_kinds, sizeof *r->kinds, compare_kinds, same_kind);
    for (size_t i = 0; who != NULL && kind != NULL && i < r->n_runs; i++) {
        r->runs[i].who = who[r->runs[i].who];
        r->runs[i].kind = kind[r->runs[i].kind];
    }
    int done = who != NULL && kind != NULL;
    free(who);
    free(kind);
    return done;
}
