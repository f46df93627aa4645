/* SPDX-License-Identifier: MIT */
/* frozen_v1.c - a plugin of the day the contract was released, compiled against that day's
 * headers and nothing newer: add, relu and matmul of f32.
 *
 * It is built three times. FROZEN_SHORT: its table ends behind `kernel`, as if the rest had
 * not been thought of. FROZEN_LATER: everything is larger than v1 knows, and the ABI's minor
 * number higher, as a plugin of next year would have it.
 */
#include <stdlib.h>

#include "vane/backend.h"

#ifdef FROZEN_LATER
#undef VANE_ABI_MINOR
#define VANE_ABI_MINOR 7u
#endif

struct vane_backend {
    const vane_host *host;
};
struct vane_device {
    vane_backend *backend;
};

/* ---- kernels ------------------------------------------------------------------- */

static float *at(const vane_view *v, const int64_t *index)
{
    float *p = v->data;
    for (uint32_t d = 0; d < v->rank; d++)
        p += index[d] * v->stride[d];
    return p;
}

/* To the next index; 0 behind the last. */
static int next(const vane_view *v, int64_t *index)
{
    for (uint32_t d = v->rank; d-- > 0;) {
        if (++index[d] < v->shape[d])
            return 1;
        index[d] = 0;
    }
    return 0;
}

static vane_status add_f32(const vane_kernel *self, const vane_call *call)
{
    int64_t index[VANE_VIEW_RANK] = {0};
    (void)self;
    do
        *at(&call->arg[2], index) = *at(&call->arg[0], index) + *at(&call->arg[1], index);
    while (next(&call->arg[2], index));
    return VANE_OK;
}

static vane_status relu_f32(const vane_kernel *self, const vane_call *call)
{
    int64_t index[VANE_VIEW_RANK] = {0};
    (void)self;
    do {
        float x = *at(&call->arg[0], index);
        *at(&call->arg[1], index) = x < 0 ? 0 : x;
    } while (next(&call->arg[1], index));
    return VANE_OK;
}

/* The last two dimensions are the matrix; the others are walked with it. */
static vane_status matmul_f32(const vane_kernel *self, const vane_call *call)
{
    int64_t index[VANE_VIEW_RANK] = {0};
    const vane_view *a = &call->arg[0], *b = &call->arg[1], *out = &call->arg[2];
    uint32_t row = out->rank - 2, column = out->rank - 1;
    (void)self;
    do {
        float sum = 0;
        int64_t i = index[row], j = index[column];
        for (int64_t k = 0; k < a->shape[column]; k++) {
            index[column] = k;
            float x = *at(a, index);
            index[row] = k;
            index[column] = j;
            sum += x * *at(b, index);
            index[row] = i;
        }
        *at(out, index) = sum;
    } while (next(out, index));
    return VANE_OK;
}

/* A later kernel is longer than v1 reads. */
typedef struct kernel {
    vane_kernel v1;
#ifdef FROZEN_LATER
    uint64_t more[4];
#endif
} kernel;

#define KERNEL(text, body)                                                                     \
    {                                                                                          \
        .v1 = {.struct_size = sizeof(kernel), .flags = VANE_KERNEL_CLEAN_FAIL, .name = text,   \
               .direct = body, .flops_per_ns = 0.1, .bytes_per_ns = 0.1}                       \
    }
static const kernel add = KERNEL("add_f32", add_f32), relu = KERNEL("relu_f32", relu_f32),
                    matmul = KERNEL("matmul_f32", matmul_f32);

/* ---- the table ----------------------------------------------------------------- */

static vane_status backend_open(const vane_host *host, vane_backend **out)
{
    *out = host->alloc(host->ctx, sizeof **out, 64);
    if (*out == NULL)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "open: no memory");
    (*out)->host = host;
    return VANE_OK;
}

static void backend_close(vane_backend *b)
{
    b->host->free(b->host->ctx, b);
}

static vane_status device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = 1;
    return VANE_OK;
}

static vane_status device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    (void)i;
    if (out->struct_size < sizeof *out) /* the core writes how much it knows: never less than v1 */
        return VANE_E_ABI;
    out->caps = VANE_CAP_HOST_MEM;
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)i;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return b->host->fail(b->host->ctx, VANE_E_NOMEM, 0, "device_open: no memory");
    (*out)->backend = b;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    free(d);
}

static const vane_kernel *kernel_of(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    if (dtype != VANE_F32)
        return NULL;
    return op == VANE_OP_ADD      ? &add.v1
           : op == VANE_OP_RELU   ? &relu.v1
           : op == VANE_OP_MATMUL ? &matmul.v1
                                  : NULL;
}

typedef struct table {
    vane_backend_vt v1;
#ifdef FROZEN_LATER
    void (*more[4])(void);
#endif
} table;

#ifdef FROZEN_SHORT /* what lies behind its end must not be looked at, or there is a crash */
static const vane_op_desc *not_there(vane_backend *b, uint32_t *count)
{
    (void)b;
    *count = 1;
    return (const vane_op_desc *)(uintptr_t)8;
}
#define TABLE_BYTES (offsetof(vane_backend_vt, kernel) + sizeof(((vane_backend_vt *)0)->kernel))
#define BEHIND_THE_END .ops = not_there,
#else
#define TABLE_BYTES sizeof(table)
#define BEHIND_THE_END
#endif

static const table all = {
    .v1 = {.struct_size = (uint32_t)TABLE_BYTES,
           .open = backend_open,
           .close = backend_close,
           .device_count = device_count,
           .device_info = device_info,
           .device_open = device_open,
           .device_close = device_close,
           BEHIND_THE_END
           .kernel = kernel_of},
};

#if defined FROZEN_SHORT
VANE_BACKEND("frozen-v1-short", "1.0", "the contract of v1, cut", 0, 1, &all.v1);
#elif !defined FROZEN_LATER
VANE_BACKEND("frozen-v1", "1.0", "the contract of v1", 0, 1, &all.v1);
#else
/* By hand what VANE_BACKEND writes, with something behind each end. */
VANE_NOTE_SECTION static const struct {
    vane_backend_note v1;
    uint32_t more[4];
} note = {
    {5u, (uint32_t)(sizeof(note) - 20u), VANE_NOTE_TYPE, "Vane", VANE_BACKEND_MAGIC,
     (uint32_t)(sizeof(note) - 20u), VANE_ABI_MAJOR, VANE_ABI_MINOR, VANE_SANITIZER, 0, 0, 0, 1,
     "frozen-v1-later", "1.0"},
    {~0u, ~0u, ~0u, ~0u}};

typedef struct later_entry {
    vane_backend_entry v1;
    uint64_t more[4];
} later_entry;
extern const later_entry vane_backend_entry_v1;
VANE_EXPORT const later_entry vane_backend_entry_v1 = {
    {VANE_BACKEND_MAGIC, (uint32_t)sizeof(later_entry), VANE_ABI_MINOR, VANE_SANITIZER, 0, 0, 1,
     "frozen-v1-later", "1.0", "the contract of v1, and more", &all.v1},
    {~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)}};
#endif
