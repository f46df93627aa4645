/* SPDX-License-Identifier: MIT */
/* groups.c - every op and dtype of the table, as units; and the kernels group on top. */
#include "groups.h"

#include <string.h>

/* Each unit has its own numbers, so that --op and --dtype repeat what the whole run saw. */
static conform_random seed_of(const conform *c, const char *group, const char *op, uint32_t dtype)
{
    conform_random r = c->options->seed * UINT64_C(0x100000001b3) + dtype;
    for (const char *s = group; *s; s++)
        r = (r ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    for (const char *s = op; *s; s++)
        r = (r ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return r;
}

int conform_wanted(const conform *c, const char *op, uint32_t dtype)
{
    const conform_options *o = c->options;
    return (!o->op || !strcmp(o->op, op)) &&
           (!o->dtype || !strcmp(o->dtype, vane_dtype_name(dtype)));
}

void conform_each(conform *c, const char *group, conform_cases_fn fn)
{
    vane_op_info info;
    for (uint32_t i = 0; i < VANE_OP_COUNT; i++) {
        if (vane_op_at(c->ctx, i, &info) != VANE_OK)
            continue;
        for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++) {
            if (!(info.dtypes >> dtype & 1) || !conform_wanted(c, info.name, dtype))
                continue;
            conform_unit_begin(&c->report, group, info.name, vane_dtype_name(dtype));
            c->unsupported = 0;
            c->turn = 0;
            c->random = seed_of(c, group, info.name, dtype);
            if (!c->options->list)
                fn(c, &info, dtype);
            conform_unit_end(&c->report);
        }
    }
}

static void cases(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const struct {
        const char *shape;
        conform_cases_fn fn;
    } rules[] = {
        {"ELEMENTWISE", conform_cases_elementwise}, {"REDUCE", conform_cases_reduce},
        {"ARGMAX", conform_cases_reduce},           {"DOT", conform_cases_dot},
        {"MATMUL", conform_cases_matmul},           {"GEMM", conform_cases_gemm},
        {"SOFTMAX", conform_cases_softmax},         {"TRANSPOSE", conform_cases_transpose},
        {"CONCAT", conform_cases_concat},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!strcmp(rules[i].shape, info->shape)) {
            rules[i].fn(c, info, dtype);
            return;
        }
    conform_fail(&c->report, "cases", "the suite has none for shape rule %s", info->shape);
}

void conform_kernels(conform *c)
{
    if (c->same) {
        conform_note(&c->report,
                     "kernels: %s is the oracle; compared with itself it proves nothing. Known "
                     "answers judge it.",
                     c->plugin);
        return;
    }
    conform_each(c, "kernels", cases);
}
