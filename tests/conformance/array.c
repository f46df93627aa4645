/* SPDX-License-Identifier: MIT */
/* array.c - dense arrays, and boxes: strided tensors between guard bytes. */
#include "array.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 128, ALIGN = 64 };

int conform_array_make(conform_array *a, uint32_t dtype, uint32_t rank, const int64_t *shape)
{
    a->t = vane_tensor_of(NULL, (vane_dtype)dtype, rank, shape);
    a->count = vane_tensor_count(&a->t);
    a->flat = 0;
    if (a->count < 0)
        return 0;
    size_t bytes = (size_t)a->count * vane_dtype_bytes(dtype);
    a->t.data = aligned_alloc(ALIGN, (bytes / ALIGN + 1) * ALIGN);
    if (!a->t.data)
        return 0;
    memset(a->t.data, 0, bytes);
    return 1;
}

void conform_array_free(conform_array *a)
{
    free(a->t.data);
    a->t.data = NULL;
}

/* ---- layouts --------------------------------------------------------------------- */

const char *conform_layout_name(conform_layout l)
{
    static const char *const names[CONFORM_LAYOUTS] = {"dense",      "offset", "strided",
                                                       "reversed",   "padded", "turned",
                                                       "turned-out", "mixed",  "zero"};
    return names[l];
}

conform_layout conform_layout_of(conform_layout l, uint32_t operand, uint32_t n)
{
    static const conform_layout mix[] = {CONFORM_STRIDED, CONFORM_DENSE, CONFORM_REVERSED,
                                         CONFORM_OFFSET, CONFORM_PADDED};
    int is_out = operand + 1 == n;
    switch (l) {
    case CONFORM_TURNED:
        return is_out ? CONFORM_DENSE : CONFORM_TURNED;
    case CONFORM_TURNED_OUT:
        return is_out ? CONFORM_TURNED : CONFORM_DENSE;
    case CONFORM_MIXED:
        return mix[(operand + n) % 5];
    case CONFORM_ZERO:
        return is_out ? CONFORM_DENSE : CONFORM_ZERO;
    default:
        return l;
    }
}

/* Fills t's strides; returns how many elements the view reaches over. */
static int64_t lay_out(vane_tensor *t, conform_layout l, uint32_t flat)
{
    int64_t step = l == CONFORM_STRIDED ? 2 : 1, reach = 1;
    for (uint32_t k = 0; k < t->rank; k++) {
        uint32_t d = l == CONFORM_TURNED ? k : t->rank - 1 - k;
        int zero = l == CONFORM_ZERO && (flat >> d & 1);
        t->stride[d] = zero ? 0 : step;
        reach += zero ? 0 : (t->shape[d] - 1) * step;
        if (!zero)
            step = step * (t->shape[d] ? t->shape[d] : 1) + (l == CONFORM_PADDED ? 3 : 0);
    }
    return reach;
}

/* Bytes that no kernel writes by chance: no two neighbours are alike. They come again after 1024.
 */
static unsigned char paint[1024];

static void paint_mix(void)
{
    for (size_t i = 0; i < sizeof paint; i++)
        paint[i] = (unsigned char)(0xa5 ^ i * 29 >> 2);
}

static void paint_on(unsigned char *to, size_t bytes)
{
    static pthread_once_t mixed = PTHREAD_ONCE_INIT;
    pthread_once(&mixed, paint_mix);
    for (size_t i = 0; i < bytes; i += sizeof paint)
        memcpy(to + i, paint, bytes - i < sizeof paint ? bytes - i : sizeof paint);
}

int conform_box_make(conform_box *b, const conform_array *like, conform_layout layout)
{
    size_t size = vane_dtype_bytes(like->t.dtype);
    b->t = like->t;
    b->base = b->before = NULL;
    int64_t reach = lay_out(&b->t, layout, like->flat);
    size_t span = like->count ? (size_t)reach * size : 0;
    size_t shift = layout == CONFORM_OFFSET || layout == CONFORM_STRIDED ? size : 0;
    b->bytes = (2 * GUARD + shift + span + ALIGN - 1) / ALIGN * ALIGN;
    b->base = aligned_alloc(ALIGN, b->bytes);
    b->before = malloc(b->bytes);
    if (!b->base || !b->before) {
        conform_box_free(b);
        return 0;
    }
    paint_on(b->base, b->bytes);
    memcpy(b->before, b->base, b->bytes);
    b->t.data = b->base + GUARD + shift;
    if (layout == CONFORM_REVERSED) {
        b->t.data = (char *)b->t.data + (like->count ? (size_t)(reach - 1) * size : 0);
        for (uint32_t d = 0; d < b->t.rank; d++)
            b->t.stride[d] = -b->t.stride[d];
    }
    return 1;
}

void conform_box_free(conform_box *b)
{
    free(b->base);
    free(b->before);
    b->base = b->before = NULL;
}

/* ---- moving elements ------------------------------------------------------------- */

/* Inlined for each size, or every element is a call. */
static inline void copy_steps(char *to, int64_t to_step, const char *from, int64_t from_step,
                              int64_t n, size_t size)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_step, from + i * from_step, size);
}

static void copy_run(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n,
                     size_t size)
{
    int64_t bytes = (int64_t)size;
    if (to_step == bytes && from_step == bytes) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    switch (size) {
    case 1:
        copy_steps(to, to_step, from, from_step, n, 1);
        break;
    case 2:
        copy_steps(to, to_step, from, from_step, n, 2);
        break;
    case 4:
        copy_steps(to, to_step, from, from_step, n, 4);
        break;
    default:
        copy_steps(to, to_step, from, from_step, n, 8);
    }
}

/* Elements of equal shapes, in row-major order of the indices. */
static void copy_elements(const vane_tensor *to, char *to_data, const vane_tensor *from,
                          const char *from_data)
{
    size_t size = vane_dtype_bytes(to->dtype);
    int64_t bytes = (int64_t)size, index[VANE_MAX_RANK] = {0}, at_to = 0, at_from = 0;
    uint32_t last = to->rank ? to->rank - 1 : 0;
    int64_t n = to->rank ? to->shape[last] : 1;
    int64_t step_to = to->rank ? to->stride[last] : 1,
            step_from = to->rank ? from->stride[last] : 1;
    if (vane_tensor_count(to) == 0)
        return;
    for (;;) {
        copy_run(to_data + at_to * bytes, step_to * bytes, from_data + at_from * bytes,
                 step_from * bytes, n, size);
        uint32_t d = last;
        while (d > 0) {
            d--;
            at_to += to->stride[d];
            at_from += from->stride[d];
            if (++index[d] < to->shape[d])
                break;
            at_to -= to->stride[d] * to->shape[d];
            at_from -= from->stride[d] * to->shape[d];
            index[d] = 0;
            if (d == 0)
                return;
        }
        if (last == 0)
            return;
    }
}

void conform_box_fill(conform_box *b, const conform_array *values)
{
    copy_elements(&b->t, b->t.data, &values->t, values->t.data);
    memcpy(b->before, b->base, b->bytes);
}

void conform_box_read(const conform_box *b, conform_array *out)
{
    copy_elements(&out->t, out->t.data, &b->t, b->t.data);
}

int conform_box_intact(const conform_box *b, int is_input, int64_t *at)
{
    if (!is_input) { /* the elements may change: take them over, then all must be equal */
        char *shadow = (char *)b->before + ((unsigned char *)b->t.data - b->base);
        copy_elements(&b->t, shadow, &b->t, b->t.data);
    }
    if (memcmp(b->base, b->before, b->bytes) == 0)
        return 1;
    for (size_t i = 0; i < b->bytes; i++)
        if (b->base[i] != b->before[i]) {
            *at = (int64_t)i - ((unsigned char *)b->t.data - b->base);
            break;
        }
    return 0;
}
