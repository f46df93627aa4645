/* SPDX-License-Identifier: MIT */
/* replay_words.c - kinds of calls in words, and where the choice changes with their size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "shape.h"

/* The file's texts are not trusted. */
static void plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            *text = '?';
}

/* "add f32 8x8,8x8->8x8" */
replay_words replay_kind_text(const recording_kind *k)
{
    replay_words w;
    int n = snprintf(w.s, sizeof w.s, "%s %s ", k->name, vane_dtype_name(k->dtype));
    size_t used = (size_t)n;
    for (uint32_t i = 0; i <= k->n_in && used < sizeof w.s; i++) {
        if (i == 3 && k->n_in > 4) {
            used += (size_t)snprintf(w.s + used, sizeof w.s - used, ",...");
            i = k->n_in;
        }
        if (used < sizeof w.s)
            used += (size_t)snprintf(w.s + used, sizeof w.s - used, "%s%s",
                                     i == k->n_in ? "->"
                                     : i          ? ","
                                                  : "",
                                     shape_text(&k->tensors[i]).s);
    }
    plain(w.s);
    return w;
}

replay_words replay_who_text(const char *backend, uint32_t width)
{
    replay_words w;
    if (backend[0] == '\0')
        return (replay_words){"nobody"};
    snprintf(w.s, sizeof w.s, "%.32s x%u", backend, width);
    plain(w.s);
    return w;
}

/* ---- crossovers ----------------------------------------------------------------------- */

static int by_op_and_size(const void *a, const void *b)
{
    const replay_kind *x = *(const replay_kind *const *)a, *y = *(const replay_kind *const *)b;
    int order = strcmp(x->kind->name, y->kind->name);
    if (order != 0 || x->kind->dtype != y->kind->dtype)
        return order ? order : x->kind->dtype < y->kind->dtype ? -1 : 1;
    if (x->kind->flops != y->kind->flops)
        return x->kind->flops < y->kind->flops ? -1 : 1;
    return (x->kind->bytes > y->kind->bytes) - (x->kind->bytes < y->kind->bytes);
}

static int same_op(const replay_kind *a, const replay_kind *b)
{
    return strcmp(a->kind->name, b->kind->name) == 0 && a->kind->dtype == b->kind->dtype;
}

static int same_choice(const replay_kind *a, const replay_kind *b)
{
    return strcmp(a->backend, b->backend) == 0 && strcmp(a->device, b->device) == 0 &&
           a->width == b->width;
}

size_t replay_crossovers(const replay *r,
                         void (*fn)(void *arg, const replay_kind *before, const replay_kind *after),
                         void *arg)
{
    const replay_kind **all = malloc((r->n_kinds + 1) * sizeof *all);
    size_t n = 0, found = 0;
    for (size_t i = 0; all != NULL && i < r->n_kinds; i++)
        if (r->kinds[i].calls > 0 && !r->kinds[i].refused)
            all[n++] = &r->kinds[i];
    if (n > 1)
        qsort(all, n, sizeof *all, by_op_and_size);
    for (size_t i = 1; i < n; i++)
        if (same_op(all[i - 1], all[i]) && !same_choice(all[i - 1], all[i])) {
            fn(arg, all[i - 1], all[i]);
            found++;
        }
    free(all);
    return found;
}
