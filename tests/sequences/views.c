/* SPDX-License-Identifier: MIT */
/* views.c - random shapes, and random ways for a shape to lie in memory. */
#include <string.h>

#include "world.h"

int64_t view_count(const view *v)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < v->rank; d++)
        n *= v->shape[d];
    return n;
}

int64_t view_at(const view *v, const int64_t *index)
{
    int64_t at = v->offset;
    for (uint32_t d = 0; d < v->rank; d++)
        at += index[d] * v->stride[d];
    return at;
}

int view_next(const view *v, int64_t *index)
{
    for (uint32_t d = v->rank; d-- > 0;) {
        if (++index[d] < v->shape[d])
            return 1;
        index[d] = 0;
    }
    return 0;
}

void view_extent(const view *v, int64_t *lo, int64_t *hi)
{
    *lo = *hi = v->offset;
    for (uint32_t d = 0; d < v->rank; d++)
        *(v->stride[d] < 0 ? lo : hi) += (v->shape[d] - 1) * v->stride[d];
    *hi += 1;
    if (view_count(v) == 0)
        *hi = *lo = v->offset;
}

void shape_random(world *w, uint32_t most, view *v)
{
    v->rank = one_in(&w->r, 12) ? 0 : 1 + below(&w->r, RANK);
    for (uint32_t d = 0; d < v->rank; d++) {
        uint32_t room = most > 12 && v->rank > 1 ? 12 : most;
        v->shape[d] = one_in(&w->r, 60) ? 0 : 1 + below(&w->r, room);
        most /= v->shape[d] > 0 ? (uint32_t)v->shape[d] : 1;
    }
}

/* Strides of the dimensions in the order of perm, the last one densest. */
static int64_t lay(world *w, view *v, const uint32_t *perm, int loose)
{
    int64_t step = loose && one_in(&w->r, 3) ? 2 : 1, extent = 1;
    for (uint32_t i = v->rank; i-- > 0;) {
        uint32_t d = perm[i];
        v->stride[d] = step;
        extent += (v->shape[d] > 0 ? v->shape[d] - 1 : 0) * step;
        step *= v->shape[d] > 0 ? v->shape[d] : 1;
        step += loose && one_in(&w->r, 4) ? (int64_t)below(&w->r, 3) : 0;
    }
    return extent;
}

static void shuffle(world *w, uint32_t rank, uint32_t *perm)
{
    for (uint32_t i = 0; i < rank; i++)
        perm[i] = i;
    for (uint32_t i = rank; i > 1 && one_in(&w->r, 3); i--) {
        uint32_t j = below(&w->r, i), kept = perm[j];
        perm[j] = perm[i - 1];
        perm[i - 1] = kept;
    }
}

/* Where the element with index 0 of a dimension lies last: a negative stride. */
static void flip(view *v, uint32_t d)
{
    v->offset += (v->shape[d] - 1) * v->stride[d];
    v->stride[d] = -v->stride[d];
}

void view_lay(world *w, uint32_t where, int is_out, view *v)
{
    static const uint32_t plain[RANK] = {0, 1, 2};
    uint32_t perm[RANK], span = w->places[where].span;
    shuffle(w, v->rank, perm);
    v->place = where;
    int64_t extent = lay(w, v, perm, one_in(&w->r, 2));
    if (extent > span)
        extent = lay(w, v, plain, 0);
    int64_t free = (int64_t)span - extent;
    v->offset = one_in(&w->r, 3) ? 0 : (int64_t)below(&w->r, (uint32_t)free + 1);
    for (uint32_t d = 0; d < v->rank; d++) {
        if (!is_out && v->shape[d] > 1 && one_in(&w->r, 16))
            v->stride[d] = 0; /* one element for all */
        else if (!is_out && v->shape[d] > 1 && one_in(&w->r, 12))
            flip(v, d);
    }
}

vane_tensor view_tensor(const world *w, const view *v)
{
    const place *p = &w->places[v->place];
    int64_t offset = v->offset * (int64_t)dtype_bytes(p->dtype);
    vane_tensor t = p->kind == HOST
                        ? vane_tensor_of((char *)p->memory + offset, p->dtype, v->rank, v->shape)
                        : vane_tensor_in(p->buffer, (uint64_t)offset, p->dtype, v->rank, v->shape);
    memcpy(t.stride, v->stride, v->rank * sizeof v->stride[0]);
    return t;
}

void view_tell(world *w, const char *name, const view *v)
{
    const place *p = &w->places[v->place];
    tell(w, "    %s: place %u (%s, %s) + %lld, shape", name, v->place,
         p->kind == HOST     ? "host"
         : p->kind == OPENED ? "buffer"
                             : "wrapped",
         vane_dtype_name(p->dtype), (long long)v->offset);
    for (uint32_t d = 0; d < v->rank; d++)
        tell(w, " %lld", (long long)v->shape[d]);
    tell(w, ", stride");
    for (uint32_t d = 0; d < v->rank; d++)
        tell(w, " %lld", (long long)v->stride[d]);
    tell(w, "\n");
}
