/* SPDX-License-Identifier: MIT */
/* table.c - the rows of ops.def, and custom ops appended by name.
 *
 * Custom rows are appended under a lock and never move, so readers take none.
 */
#include "op/table.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "policy/identity.h"

/* inputs by signature */
enum {
    MIN_U0 = 1,
    MAX_U0 = 1,
    MIN_U1 = 1,
    MAX_U1 = 1,
    MIN_B0 = 2,
    MAX_B0 = 2,
    MIN_B1 = 2,
    MAX_B1 = 2,
    MIN_T0 = 3,
    MAX_T0 = 3,
    MIN_G1 = 2,
    MAX_G1 = 3,
    MIN_N1 = 0,
    MAX_N1 = 0,
    MIN_V1 = 1,
    MAX_V1 = -1
};

static const vane_params default_none = {.custom = {0}};
static const vane_params default_gelu = {.gelu = {0}};
static const vane_params default_clip = {.clip = {-__builtin_inf(), __builtin_inf()}};
static const vane_params default_axpy = {.axpy = {1.0}};
static const vane_params default_reduce = {.reduce = {{0}, 0, 0}};
static const vane_params default_argmax = {.argmax = {0, 0, 0}};
static const vane_params default_gemm = {.gemm = {1.0, 1.0, 0, 0}};
static const vane_params default_softmax = {.softmax = {-1}};
static const vane_params default_transpose = {.transpose = {{0}, 0}};
static const vane_params default_fill = {.fill = {0.0}};
static const vane_params default_concat = {.concat = {0}};

static const vane__op rows[VANE_OP_COUNT] = {
#define VANE_OP(ID, name_, SIG, P, DTYPES, OUT, SHAPE, flops_, ulp_, onnx_) \
    {.info = {.op = VANE_OP_##ID,                                           \
              .min_in = MIN_##SIG,                                          \
              .max_in = (uint32_t)MAX_##SIG,                                \
              .n_out = 1,                                                   \
              .dtypes = VANE__SET_##DTYPES,                                 \
              .name = #name_,                                               \
              .signature = #SIG,                                            \
              .params = #P,                                                 \
              .dtype_set = #DTYPES,                                         \
              .out = #OUT,                                                  \
              .shape = #SHAPE,                                              \
              .onnx = onnx_,                                                \
              .flops = flops_,                                              \
              .ulp = ulp_},                                                 \
     .rule = VANE__RULE_##SHAPE,                                            \
     .out = VANE__OUT_##OUT,                                                \
     .defaults = &default_##P},
#include "vane/ops.def"
};

struct vane__op_table {
    vane__op *custom[VANE__MAX_CUSTOM_OPS];
    atomic_uint count;
    pthread_mutex_t lock;
};

vane_status vane__op_table_open(struct vane__op_table **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for the op table");
    pthread_mutex_init(&(*out)->lock, NULL);
    return VANE_OK;
}

void vane__op_table_close(struct vane__op_table *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < atomic_load(&t->count); i++)
        free(t->custom[i]);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

pthread_mutex_t *vane__op_table_lock(struct vane__op_table *t)
{
    return &t->lock;
}

const vane__op *vane__op_get(const vane_context *ctx, uint32_t op)
{
    if (op < VANE_OP_COUNT)
        return &rows[op];
    uint32_t i = op - VANE_OP_CUSTOM;
    if (op < VANE_OP_CUSTOM || i >= atomic_load_explicit(&ctx->ops->count, memory_order_acquire))
        return NULL;
    return ctx->ops->custom[i];
}

const vane__op *vane__op_require(const vane_context *ctx, uint32_t op)
{
    const vane__op *row = vane__op_get(ctx, op);
    if (row == NULL)
        vane__fail(VANE_E_NOT_FOUND,
                   "op is %u, which is neither below VANE_OP_COUNT (%d) nor registered", op,
                   (int)VANE_OP_COUNT);
    return row;
}

const vane__op *vane__op_by_name(const vane_context *ctx, const char *name)
{
    uint32_t count = vane_op_count(ctx);
    for (uint32_t i = 0; i < count; i++) {
        const vane__op *row =
            vane__op_get(ctx, i < VANE_OP_COUNT ? i : i - VANE_OP_COUNT + VANE_OP_CUSTOM);
        if (row != NULL && strcmp(row->info.name, name) == 0)
            return row;
    }
    return NULL;
}

/* What v1.0 knew: a shorter struct never existed, fields behind it are read as 0. */
#define V1_DESC_BYTES (offsetof(vane_op_desc, ulp) + sizeof(double))

static vane_status check_desc(const vane_op_desc *d)
{
    if (d == NULL || d->name == NULL || d->name[0] == '\0')
        return vane__fail(VANE_E_ARGUMENT, "desc or its name is NULL or empty, expected an op");
    if (d->struct_size < V1_DESC_BYTES)
        return vane__fail(VANE_E_ABI, "op %s: struct_size is %u, expected at least %zu", d->name,
                          d->struct_size, V1_DESC_BYTES);
    if (strspn(d->name, "abcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(d->name))
        return vane__fail(VANE_E_ARGUMENT, "op name '%s' has a character outside [a-z0-9_.]",
                          d->name);
    if (d->n_out != 1)
        return vane__fail(VANE_E_ARGUMENT, "op %s: n_out is %u, expected 1", d->name, d->n_out);
    if (d->n_in >= VANE_MAX_ARG)
        return vane__fail(VANE_E_ARGUMENT, "op %s: n_in is %u, expected at most %d", d->name,
                          d->n_in, VANE_MAX_ARG - 1);
    if ((d->dtypes & VANE__SET_ALL) == 0 || (d->dtypes & ~(uint32_t)VANE__SET_ALL) != 0)
        return vane__fail(VANE_E_DTYPE, "op %s: dtypes is 0x%x, expected some of 0x%x", d->name,
                          d->dtypes, (unsigned)VANE__SET_ALL);
    return VANE_OK;
}

static void fill_row(vane__op *row, uint32_t op, const vane_op_desc *d)
{
    row->info = (vane_op_info){.op = op,
                               .min_in = d->n_in,
                               .max_in = d->n_in,
                               .n_out = d->n_out,
                               .dtypes = d->dtypes,
                               .name = d->name,
                               .signature = "custom",
                               .params = "custom",
                               .dtype_set = "custom",
                               .out = "custom",
                               .shape = "CUSTOM",
                               .onnx = "",
                               .flops = 1,
                               .ulp = d->ulp};
    row->rule = VANE__RULE_CUSTOM;
    row->out = VANE__OUT_ANY;
    row->defaults = &default_none;
    memcpy(&row->custom, d, d->struct_size < sizeof(*d) ? d->struct_size : sizeof(*d));
    row->reference = (vane_kernel){.struct_size = sizeof(vane_kernel),
                                   .name = d->name,
                                   .direct = d->reference,
                                   .numerics = VANE_NUMERICS_ORACLE};
}

vane_status vane__op_add(vane_context *ctx, const vane_op_desc *desc, uint32_t *out)
{
    vane_status st = check_desc(desc);
    if (st != VANE_OK)
        return st;
    struct vane__op_table *t = ctx->ops;
    uint64_t code = ctx->registry.cache_dir == NULL
                        ? 0
                        : vane__identity_code((const void *)(uintptr_t)desc->reference);
    pthread_mutex_lock(&t->lock);
    uint32_t n = atomic_load(&t->count);
    vane__op *row = NULL;
    if (vane__op_by_name(ctx, desc->name) != NULL)
        st = vane__fail(VANE_E_ARGUMENT, "op %s is registered already", desc->name);
    else if (n == VANE__MAX_CUSTOM_OPS)
        st = vane__fail(VANE_E_NOMEM, "op %s: %d ops are registered, no more fit", desc->name,
                        VANE__MAX_CUSTOM_OPS);
    else if ((row = calloc(1, sizeof(*row))) == NULL)
        st = vane__fail(VANE_E_NOMEM, "op %s: no memory for its row", desc->name);
    else {
        fill_row(row, VANE_OP_CUSTOM + n, desc);
        row->code = code;
        t->custom[n] = row;
        atomic_store_explicit(&t->count, n + 1, memory_order_release);
        if (out != NULL)
            *out = VANE_OP_CUSTOM + n;
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

/* ---- public -------------------------------------------------------------------- */

uint32_t vane_op_count(const vane_context *ctx)
{
    if (vane__context_check(ctx) != VANE_OK)
        return 0;
    return VANE_OP_COUNT + atomic_load_explicit(&ctx->ops->count, memory_order_acquire);
}

vane_status vane_op_at(const vane_context *ctx, uint32_t i, vane_op_info *out)
{
    vane_status st = vane__context_check(ctx);
    if (st != VANE_OK)
        return st;
    const vane__op *row =
        vane__op_get(ctx, i < VANE_OP_COUNT ? i : i - VANE_OP_COUNT + VANE_OP_CUSTOM);
    if (row == NULL)
        return vane__fail(VANE_E_NOT_FOUND, "i is %u, expected below %u (vane_op_count)", i,
                          vane_op_count(ctx));
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "out is NULL, expected a vane_op_info");
    *out = row->info;
    return VANE_OK;
}

vane_status vane_op_find(const vane_context *ctx, const char *name, vane_op_info *out)
{
    vane_status st = vane__context_check(ctx);
    if (st != VANE_OK)
        return st;
    if (name == NULL || out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s is NULL", name == NULL ? "name" : "out");
    const vane__op *row = vane__op_by_name(ctx, name);
    if (row == NULL && atomic_load(&ctx->registry.deferred.waiting) > 0) {
        vane__deferred_open_all((vane_context *)(uintptr_t)ctx, "an op is looked for");
        row = vane__op_by_name(ctx, name); /* a plugin may have brought it */
    }
    if (row == NULL)
        return vane__fail(VANE_E_NOT_FOUND, "no op is named '%.64s'; `vane ops` lists them", name);
    *out = row->info;
    return VANE_OK;
}

vane_status vane_op_register(vane_context *ctx, const vane_op_desc *desc, uint32_t *out)
{
    vane_status st = vane__context_check(ctx);
    return st != VANE_OK ? st : vane__op_add(ctx, desc, out);
}
