/* SPDX-License-Identifier: MIT */
/* cases_reduce.c - reductions over every set of axes, argmax along every axis, dot. */
#include <stdio.h>

#include "groups.h"

typedef struct shape {
    uint32_t rank;
    int64_t dims[VANE_MAX_RANK];
    int big, quick;
} shape;

static const shape shapes[] = {
    {1, {64}, 0, 1},      {0, {0}, 0, 0},          {1, {1}, 0, 1},
    {1, {0}, 0, 1},       {1, {2}, 0, 0},          {1, {3}, 0, 0},
    {1, {7}, 0, 1},       {1, {8}, 0, 0},          {1, {9}, 0, 0},
    {1, {15}, 0, 0},      {1, {16}, 0, 0},         {1, {17}, 0, 1},
    {1, {31}, 0, 0},      {1, {33}, 0, 0},         {1, {63}, 0, 0},
    {1, {65}, 0, 0},      {1, {100}, 0, 0},        {1, {1000}, 0, 1},
    {1, {4097}, 1, 0},    {1, {65537}, 1, 0},      {2, {5, 7}, 0, 1},
    {2, {1, 9}, 0, 0},    {2, {9, 1}, 0, 0},       {2, {3, 0}, 0, 1},
    {2, {0, 3}, 0, 0},    {2, {17, 33}, 0, 0},     {2, {64, 65}, 0, 0},
    {2, {2, 3000}, 1, 0}, {2, {3000, 2}, 1, 0},    {2, {700, 33}, 1, 0},
    {3, {3, 5, 7}, 0, 1}, {3, {2, 64, 3}, 0, 0},   {3, {17, 1, 16}, 0, 0},
    {3, {2, 0, 3}, 0, 0}, {4, {2, 3, 4, 5}, 0, 0}, {8, {2, 1, 2, 3, 1, 2, 2, 2}, 0, 1}};

/* The dimensions of mask, as axes; every other time counted from the end. */
static void reduce_params(conform *c, conform_trial *t, uint32_t rank, uint32_t mask)
{
    vane_params p = {0};
    char text[40] = "";
    size_t used = 0;
    int from_end = (int)(conform_next(&c->random) & 1);
    p.reduce.drop_dims = (uint32_t)(conform_next(&c->random) & 1);
    for (uint32_t d = 0; d < rank; d++)
        if (mask >> d & 1) {
            int32_t axis = from_end ? (int32_t)d - (int32_t)rank : (int32_t)d;
            p.reduce.axes[p.reduce.n_axes] = axis;
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%d",
                                     p.reduce.n_axes++ ? "," : "", axis);
        }
    conform_trial_params(t, &p, "axes=%s%s", text, p.reduce.drop_dims ? " drop" : "");
}

static void argmax_params(conform *c, conform_trial *t, uint32_t axis)
{
    vane_params p = {0};
    p.argmax.axis = (int32_t)axis;
    p.argmax.last_index = (uint32_t)(conform_next(&c->random) & 1);
    p.argmax.drop_dims = (uint32_t)(conform_next(&c->random) & 1);
    conform_trial_params(t, &p, "axis=%u%s%s", axis, p.argmax.last_index ? " last" : "",
                         p.argmax.drop_dims ? " drop" : "");
}

static double terms_of(const shape *s, uint32_t mask)
{
    double n = 1;
    for (uint32_t d = 0; d < s->rank; d++)
        n *= mask == 0 || (mask >> d & 1) ? (double)s->dims[d] : 1;
    return n;
}

/* mask 0: no params, which is every axis (argmax: the first). */
static void one(conform *c, const vane_op_info *info, uint32_t dtype, const shape *s, uint32_t mask,
                conform_class data)
{
    conform_trial t;
    conform_trial_open(&t, info, dtype, data);
    t.terms = terms_of(s, mask);
    if (mask && info->op == VANE_OP_ARGMAX)
        argmax_params(c, &t, (uint32_t)__builtin_ctz(mask));
    else if (mask)
        reduce_params(c, &t, s->rank, mask);
    uint32_t flat = s->rank > 1 && conform_below(&c->random, 4) == 0 ? 1 : 0;
    if (conform_trial_input(&t, dtype, s->rank, s->dims, flat) && conform_trial_solve(c, &t))
        conform_trial_layouts(c, &t, s->big);
    conform_trial_close(&t);
}

static int reducible(const vane_op_info *info, const shape *s, uint32_t mask)
{
    if (info->op != VANE_OP_ARGMAX)
        return s->rank < 4 || mask == 0 || s->rank == 4 || mask == 0x55 || mask == 0xaa ||
               mask == 0x0f || mask == 0xf0 || mask == 0x81 || mask == 0x7e;
    if (s->rank == 0 || (mask & (mask - 1)))
        return 0;
    return s->dims[mask ? __builtin_ctz(mask) : 0] != 0;
}

void conform_cases_reduce(conform *c, const vane_op_info *info, uint32_t dtype)
{
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        const shape *s = &shapes[k];
        if (c->options->quick && !s->quick)
            continue;
        for (uint32_t mask = 0; mask < 1u << s->rank; mask++) {
            if (!reducible(info, s, mask))
                continue;
            for (conform_class data = CONFORM_ORDINARY; data < CONFORM_CLASSES; data++)
                if (!(c->options->quick && data == CONFORM_WIDE))
                    one(c, info, dtype, s, mask, data);
        }
    }
}

void conform_cases_dot(conform *c, const vane_op_info *info, uint32_t dtype)
{
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        const shape *s = &shapes[k];
        if (s->rank != 1 || (c->options->quick && !s->quick))
            continue;
        for (conform_class data = CONFORM_ORDINARY; data < CONFORM_CLASSES; data++) {
            conform_trial t;
            conform_trial_open(&t, info, dtype, data);
            t.terms = (double)s->dims[0];
            if (conform_trial_input(&t, dtype, 1, s->dims, 0) &&
                conform_trial_input(&t, dtype, 1, s->dims, data == CONFORM_WIDE) &&
                conform_trial_solve(c, &t))
                conform_trial_layouts(c, &t, s->big);
            conform_trial_close(&t);
        }
    }
}
