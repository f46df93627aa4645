/* SPDX-License-Identifier: MIT */
/* view.c - bring the views of one call into fewer and better dimensions. */
#include <string.h>

#include "op/rules.h"

void vane__view_of(const vane_tensor *t, vane_view *v)
{
    v->data = t->data;
    v->mem = NULL;
    v->offset_bytes = 0;
    v->dtype = t->dtype;
    v->rank = t->rank;
    memcpy(v->shape, t->shape, t->rank * sizeof(t->shape[0]));
    memcpy(v->stride, t->stride, t->rank * sizeof(t->stride[0]));
}

static void drop(vane_view *v, uint32_t d)
{
    v->rank--;
    for (uint32_t i = d; i < v->rank; i++) {
        v->shape[i] = v->shape[i + 1];
        v->stride[i] = v->stride[i + 1];
    }
}

/* Dimension d and the one behind it are one in every view. */
static int mergeable(const vane_view *views, uint32_t n, uint32_t d)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t step;
        if (__builtin_mul_overflow(views[i].stride[d + 1], views[i].shape[d + 1], &step) ||
            views[i].stride[d] != step)
            return 0;
    }
    return 1;
}

void vane__views_merge(vane_view *views, uint32_t n, uint32_t first, uint32_t *count)
{
    for (uint32_t d = first; *count > 1 && d < first + *count;) {
        int single = views[0].shape[d] == 1;
        if (!single && (d + 1 == first + *count || !mergeable(views, n, d))) {
            d++;
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (!single)
                views[i].shape[d + 1] *= views[i].shape[d];
            drop(&views[i], d);
        }
        (*count)--;
    }
}

static void swap_dims(vane_view *v, uint32_t a, uint32_t b)
{
    int64_t shape = v->shape[a], stride = v->stride[a];
    v->shape[a] = v->shape[b];
    v->stride[a] = v->stride[b];
    v->shape[b] = shape;
    v->stride[b] = stride;
}

static void flip(vane_view *v, uint32_t d)
{
    uint64_t span =
        (uint64_t)(v->shape[d] - 1) * (uint64_t)v->stride[d] * vane_dtype_bytes(v->dtype);
    if (v->data != NULL) /* of an empty tensor, anywhere: hence no pointer arithmetic */
        v->data = (void *)((uintptr_t)v->data + (uintptr_t)span);
    v->stride[d] = -v->stride[d];
}

void vane__views_sort(vane_view *views, uint32_t n)
{
    const vane_view *last = &views[n - 1];
    for (uint32_t d = 0; d < last->rank; d++)
        if (last->stride[d] < 0 && last->shape[d] > 1)
            for (uint32_t i = 0; i < n; i++)
                flip(&views[i], d);
    for (uint32_t d = 1; d < last->rank; d++) /* insertion: stable, and mostly sorted */
        for (uint32_t e = d; e > 0 && last->stride[e - 1] < last->stride[e]; e--)
            for (uint32_t i = 0; i < n; i++)
                swap_dims(&views[i], e - 1, e);
}

/* ---- copying between layouts ------------------------------------------------------ */

uint64_t vane__view_dense(const vane_view *v, vane_view *dense)
{
    uint64_t count = 1;
    *dense = *v;
    for (uint32_t d = 0; d < v->rank; d++)
        if (v->shape[d] == 0)
            return 0; /* also where the stride is 0 */
    for (uint32_t d = v->rank; d-- > 0;) {
        if (v->stride[d] == 0)
            continue;
        dense->stride[d] = (int64_t)count;
        count *= (uint64_t)v->shape[d];
    }
    return count;
}

static void copy_row(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n,
                     size_t size)
{
    if (to_step == (int64_t)size && from_step == (int64_t)size) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_step, from + i * from_step, size);
}

void vane__view_copy(const vane_view *from, const vane_view *to)
{
    int64_t index[VANE_VIEW_RANK] = {0}, size = (int64_t)vane_dtype_bytes(to->dtype);
    uint32_t last = to->rank - 1, d;
    int64_t n = to->stride[last] == 0 ? 1 : to->shape[last];
    do {
        int64_t a = 0, b = 0;
        for (d = 0; d < last; d++) {
            a += index[d] * from->stride[d];
            b += index[d] * to->stride[d];
        }
        copy_row((char *)to->data + b * size, to->stride[last] * size,
                 (const char *)from->data + a * size, from->stride[last] * size, n, (size_t)size);
        for (d = last; d-- > 0;) {
            if (to->stride[d] != 0 && ++index[d] < to->shape[d])
                break;
            index[d] = 0;
        }
    } while (d < last); /* wraps below 0 when all are done */
}

/* A scalar has one dimension here. */
static void view_of(const vane_tensor *t, vane_view *v)
{
    vane__view_of(t, v);
    if (v->rank == 0) {
        v->rank = 1;
        v->shape[0] = v->stride[0] = 1;
    }
}

void vane__tensor_copy(const vane_tensor *from, const vane_tensor *to)
{
    vane_view a, b;
    view_of(from, &a);
    view_of(to, &b);
    vane__view_copy(&a, &b);
}
