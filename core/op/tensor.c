/* SPDX-License-Identifier: MIT */
/* tensor.c - the tensor value: making one, counting it, checking it. */
#include "op/tensor.h"

#include <stdio.h>
#include <string.h>

#include "error.h"

static const char *const dtype_names[] = {
#define VANE_DTYPE_NAME(NAME, name, bytes) #name,
    VANE_DTYPE_MAP(VANE_DTYPE_NAME)};
static const uint32_t dtype_bytes[] = {
#define VANE_DTYPE_BYTES(NAME, name, bytes) bytes,
    VANE_DTYPE_MAP(VANE_DTYPE_BYTES)};

const char *vane_dtype_name(uint32_t dtype)
{
    return dtype < VANE_DTYPE_COUNT ? dtype_names[dtype] : "?";
}

uint32_t vane_dtype_bytes(uint32_t dtype)
{
    return dtype < VANE_DTYPE_COUNT ? dtype_bytes[dtype] : 0;
}

vane_status vane_dtype_parse(const char *text, uint32_t *out)
{
    if (text == NULL || out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s is NULL", text == NULL ? "text" : "out");
    for (uint32_t i = 0; i < VANE_DTYPE_COUNT; i++) {
        if (strcmp(text, dtype_names[i]) == 0) {
            *out = i;
            return VANE_OK;
        }
    }
    return vane__fail(
        VANE_E_DTYPE,
        "data type '%.32s' is unknown, expected f32 f64 f16 bf16 i32 i64 u8 i8 or bool", text);
}

int64_t vane__count(uint32_t rank, const int64_t *shape)
{
    int64_t n = 1;
    int empty = 0;
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return -1;
        empty |= shape[i] == 0;
        if (shape[i] != 0 && __builtin_mul_overflow(n, shape[i], &n))
            return -1;
    }
    return empty ? 0 : n;
}

void vane__strides_fill(uint32_t rank, const int64_t *shape, int64_t *stride)
{
    int64_t step = 1;
    for (uint32_t i = rank; i-- > 0;) {
        stride[i] = step;
        if (shape[i] > 0 && __builtin_mul_overflow(step, shape[i], &step))
            step = 1; /* an invalid shape: the first call that gets it says so */
    }
}

vane_tensor vane_tensor_of(void *data, vane_dtype dtype, uint32_t rank, const int64_t *shape)
{
    vane_tensor t = {.data = data, .dtype = (uint32_t)dtype, .rank = rank};
    if (rank <= VANE_MAX_RANK && shape != NULL) {
        memcpy(t.shape, shape, rank * sizeof(*shape));
        vane__strides_fill(rank, t.shape, t.stride);
    } else if (rank <= VANE_MAX_RANK && rank != 0) {
        t.rank = UINT32_MAX; /* no shape to go with it */
    }
    return t;
}

vane_tensor vane_tensor_in(vane_buffer buffer, uint64_t offset_bytes, vane_dtype dtype,
                           uint32_t rank, const int64_t *shape)
{
    vane_tensor t = vane_tensor_of(NULL, dtype, rank, shape);
    t.buffer = buffer;
    t.offset_bytes = offset_bytes;
    return t;
}

int64_t vane_tensor_count(const vane_tensor *t)
{
    return t == NULL || t->rank > VANE_MAX_RANK ? -1 : vane__count(t->rank, t->shape);
}

void vane__shape_text(uint32_t rank, const int64_t *shape, char *out, size_t bytes)
{
    size_t used = (size_t)snprintf(out, bytes, "[");
    for (uint32_t i = 0; i < rank && used < bytes; i++)
        used +=
            (size_t)snprintf(out + used, bytes - used, i ? ",%lld" : "%lld", (long long)shape[i]);
    if (used < bytes)
        snprintf(out + used, bytes - used, "]");
}

/* Byte offsets of the extreme elements; 0: beyond 63 bits. */
static int extent(const vane_tensor *t, int64_t *lo, int64_t *hi)
{
    int64_t size = (int64_t)vane_dtype_bytes(t->dtype), span;
    *lo = *hi = 0;
    for (uint32_t i = 0; i < t->rank; i++) {
        if ((t->shape[i] > 1 && t->stride[i] == INT64_MIN) || /* has no opposite */
            __builtin_mul_overflow(t->shape[i] - 1, t->stride[i], &span) ||
            __builtin_mul_overflow(span, size, &span) ||
            __builtin_add_overflow(*(span < 0 ? lo : hi), span, span < 0 ? lo : hi))
            return 0;
    }
    return !__builtin_add_overflow(*hi, size, hi);
}

void vane__tensor_extent(const vane_tensor *t, int64_t *lo, int64_t *hi)
{
    *lo = *hi = 0;
    if (vane__count(t->rank, t->shape) > 0)
        extent(t, lo, hi);
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* Sorted by |stride|, each stride must step over all that the smaller ones reach. That is
 * enough, not necessary: a few odd but harmless layouts are refused as outputs. */
static int maps_twice(const vane_tensor *t)
{
    uint64_t reach = 0;
    uint32_t done = 0;
    for (uint32_t round = 0; round < t->rank; round++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t i = 0; i < t->rank; i++)
            if (!(done >> i & 1) &&
                (best == UINT32_MAX || magnitude(t->stride[i]) < magnitude(t->stride[best])))
                best = i;
        done |= 1u << best;
        if (t->shape[best] == 1)
            continue;
        if (magnitude(t->stride[best]) <= reach)
            return 1;
        reach += magnitude(t->stride[best]) * (uint64_t)(t->shape[best] - 1);
    }
    return 0;
}

static vane_status check_memory(const char *op, const char *arg, const vane_tensor *t)
{
    uint32_t size = vane_dtype_bytes(t->dtype);
    if (t->data == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: %s.data is NULL, expected %lld elements of %s", op,
                          arg, (long long)vane__count(t->rank, t->shape),
                          vane_dtype_name(t->dtype));
    if ((uintptr_t)t->data % size != 0)
        return vane__fail(VANE_E_ARGUMENT, "%s: %s.data is %p, expected a multiple of %u (%s)", op,
                          arg, t->data, size, vane_dtype_name(t->dtype));
    return VANE_OK;
}

vane_status vane__tensor_check(const char *op, const char *arg, const vane_tensor *t, int is_output,
                               int need_data)
{
    char text[VANE__SHAPE_TEXT];
    if (t == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: %s is NULL, expected a tensor", op, arg);
    if (t->dtype >= VANE_DTYPE_COUNT)
        return vane__fail(VANE_E_DTYPE, "%s: %s.dtype is %u, expected below %d (a vane_dtype)", op,
                          arg, t->dtype, (int)VANE_DTYPE_COUNT);
    if (t->rank > VANE_MAX_RANK)
        return vane__fail(VANE_E_SHAPE, "%s: %s.rank is %u, expected at most %d", op, arg, t->rank,
                          VANE_MAX_RANK);
    int64_t count = vane__count(t->rank, t->shape), lo, hi;
    if (count < 0) {
        vane__shape_text(t->rank, t->shape, text, sizeof text);
        for (uint32_t i = 0; i < t->rank; i++)
            if (t->shape[i] < 0)
                return vane__fail(VANE_E_SHAPE,
                                  "%s: %s has shape %s, expected no negative dimension", op, arg,
                                  text);
        return vane__fail(VANE_E_OVERFLOW, "%s: %s has shape %s, more elements than 63 bits count",
                          op, arg, text);
    }
    if (!extent(t, &lo, &hi)) { /* of empty tensors too: kernels multiply strides */
        vane__shape_text(t->rank, t->shape, text, sizeof text);
        return vane__fail(VANE_E_OVERFLOW,
                          "%s: %s has shape %s, with its strides more bytes than 63 bits count", op,
                          arg, text);
    }
    if (count == 0)
        return VANE_OK;
    if (is_output && maps_twice(t)) {
        vane__shape_text(t->rank, t->stride, text, sizeof text);
        return vane__fail(VANE_E_SHAPE, "%s: %s has strides %s, which map two indices to one place",
                          op, arg, text);
    }
    return need_data ? check_memory(op, arg, t) : VANE_OK;
}
