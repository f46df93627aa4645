/* SPDX-License-Identifier: MIT */
/* overlap.c - do two tensors share memory, and if so, exactly? */
#include "op/tensor.h"

static int same_places(const vane_tensor *a, const vane_tensor *b)
{
    if (a->data != b->data || a->rank != b->rank ||
        vane_dtype_bytes(a->dtype) != vane_dtype_bytes(b->dtype))
        return 0;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i] || (a->shape[i] > 1 && a->stride[i] != b->stride[i]))
            return 0;
    return 1;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static uint64_t stride_gcd(const vane_tensor *t, uint64_t g)
{
    uint64_t size = vane_dtype_bytes(t->dtype);
    for (uint32_t i = 0; i < t->rank; i++) {
        uint64_t s = t->stride[i] < 0 ? 0 - (uint64_t)t->stride[i] : (uint64_t)t->stride[i];
        if (t->shape[i] > 1)
            g = gcd(g, s * size);
    }
    return g;
}

/* All elements of a start at data_a + multiples of g, those of b likewise: with the
 * difference r modulo g, no two touch if both sizes fit into the gaps. */
static int interleaved(const vane_tensor *a, const vane_tensor *b)
{
    uint64_t g = stride_gcd(b, stride_gcd(a, 0));
    if (g == 0)
        return 0;
    uintptr_t pa = (uintptr_t)a->data, pb = (uintptr_t)b->data;
    uint64_t r = pb >= pa ? (uint64_t)(pb - pa) % g : (g - (uint64_t)(pa - pb) % g) % g;
    return r >= vane_dtype_bytes(a->dtype) && g - r >= vane_dtype_bytes(b->dtype);
}

vane__alias vane__tensor_alias(const vane_tensor *a, const vane_tensor *b)
{
    int64_t alo, ahi, blo, bhi;
    vane__tensor_extent(a, &alo, &ahi);
    vane__tensor_extent(b, &blo, &bhi);
    if (alo == ahi || blo == bhi)
        return VANE__ALIAS_NONE;
    uintptr_t a0 = (uintptr_t)a->data + (uintptr_t)alo, a1 = (uintptr_t)a->data + (uintptr_t)ahi;
    uintptr_t b0 = (uintptr_t)b->data + (uintptr_t)blo, b1 = (uintptr_t)b->data + (uintptr_t)bhi;
    if (a1 <= b0 || b1 <= a0)
        return VANE__ALIAS_NONE;
    if (same_places(a, b))
        return VANE__ALIAS_EXACT;
    return interleaved(a, b) ? VANE__ALIAS_NONE : VANE__ALIAS_PARTIAL;
}
