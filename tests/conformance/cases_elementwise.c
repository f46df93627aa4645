/* SPDX-License-Identifier: MIT */
/* cases_elementwise.c - one value from one place of each input: sizes around the widths of
 * vectors, odd shapes, broadcasting. */
#include <math.h>
#include <stdio.h>

#include "groups.h"
#include "value.h"

typedef struct shape {
    uint32_t rank;
    int64_t dims[VANE_MAX_RANK];
    int big; /* dense, offset and strided layouts only */
    int quick;
} shape;

static const shape shapes[] = {{1, {64}, 0, 1},
                               {0, {0}, 0, 1},
                               {1, {0}, 0, 1},
                               {1, {1}, 0, 1},
                               {1, {3}, 0, 0},
                               {1, {4}, 0, 0},
                               {1, {5}, 0, 0},
                               {1, {7}, 0, 1},
                               {1, {8}, 0, 0},
                               {1, {9}, 0, 0},
                               {1, {15}, 0, 0},
                               {1, {16}, 0, 0},
                               {1, {17}, 0, 1},
                               {1, {63}, 0, 0},
                               {1, {65}, 0, 1},
                               {1, {1000}, 0, 1},
                               {1, {4096}, 1, 0},
                               {1, {65537}, 1, 0},
                               {2, {5, 7}, 0, 1},
                               {2, {17, 33}, 0, 0},
                               {2, {1, 9}, 0, 0},
                               {2, {9, 1}, 0, 0},
                               {3, {3, 1, 9}, 0, 0},
                               {3, {3, 0, 2}, 0, 1},
                               {4, {2, 3, 4, 5}, 0, 1},
                               {5, {2, 2, 2, 2, 2}, 0, 0},
                               {6, {3, 2, 1, 4, 2, 3}, 0, 0},
                               {7, {2, 1, 3, 2, 1, 2, 3}, 0, 0},
                               {8, {2, 2, 1, 2, 3, 1, 2, 2}, 0, 1}};

static uint32_t input_dtype(const vane_op_info *info, uint32_t dtype, uint32_t i)
{
    return info->op == VANE_OP_WHERE && i == 0 ? (uint32_t)VANE_BOOL : dtype;
}

void conform_vary_params(conform *c, conform_trial *t)
{
    static const double limits[][2] = {{-1, 1}, {0.5, 0.25}, {-INFINITY, 3}, {0, 6}, {-200, 300}};
    static const double alphas[] = {2.5, -1, 0, 1, 3};
    vane_params p = {0};
    uint32_t turn = (uint32_t)conform_below(&c->random, 6);
    if (turn == 5 && t->info.op != VANE_OP_FILL)
        return;
    switch (t->info.op) {
    case VANE_OP_GELU:
        p.gelu.tanh_approximation = turn & 1;
        conform_trial_params(t, &p, "tanh=%u", turn & 1);
        break;
    case VANE_OP_CLIP:
        p.clip = (vane_clip_params){limits[turn][0], limits[turn][1]};
        conform_trial_params(t, &p, "lo=%g hi=%g", p.clip.lo, p.clip.hi);
        break;
    case VANE_OP_AXPY:
        p.axpy.alpha = alphas[turn];
        conform_trial_params(t, &p, "alpha=%g", p.axpy.alpha);
        break;
    case VANE_OP_FILL: {
        static const double floats[] = {0, -0.0, 1, -1e30, NAN, INFINITY};
        static const double integers[] = {0, 1, 100, 127, 5, 64};
        p.fill.value = t->dtype == VANE_BOOL        ? turn & 1
                       : conform_is_float(t->dtype) ? floats[turn]
                                                    : integers[turn];
        conform_trial_params(t, &p, "value=%g", p.fill.value);
        break;
    }
    default:
        break;
    }
}

/* Same shapes everywhere; to: cast's output type. */
static void plain(conform *c, const vane_op_info *info, uint32_t dtype, uint32_t to, const shape *s,
                  conform_class data)
{
    conform_trial t;
    conform_trial_open(&t, info, dtype, data);
    conform_vary_params(c, &t);
    if (info->op == VANE_OP_CAST) {
        t.want.t.dtype = to;
        snprintf(t.params_text, sizeof t.params_text, "to %s", vane_dtype_name(to));
    }
    if (info->op == VANE_OP_FILL)
        t.want.t = vane_tensor_of(NULL, (vane_dtype)dtype, s->rank, s->dims);
    int made = 1;
    for (uint32_t i = 0; made && i < info->min_in; i++)
        made = conform_trial_input(&t, input_dtype(info, dtype, i), s->rank, s->dims, 0);
    if (made && conform_trial_solve(c, &t))
        conform_trial_layouts(c, &t, s->big);
    conform_trial_close(&t);
}

/* Input i is smaller, or repeats itself with stride 0, in one of several ways. */
static void broadcast(conform *c, const vane_op_info *info, uint32_t dtype, const shape *s,
                      uint32_t way, uint32_t i, conform_class data)
{
    static const conform_layout layouts[] = {CONFORM_DENSE, CONFORM_STRIDED, CONFORM_MIXED,
                                             CONFORM_ZERO};
    conform_trial t;
    int made = 1;
    conform_trial_open(&t, info, dtype, data);
    conform_vary_params(c, &t);
    for (uint32_t k = 0; made && k < info->min_in; k++) {
        uint32_t rank = s->rank, flat = 0, last = s->rank - 1;
        int64_t dims[VANE_MAX_RANK] = {0};
        for (uint32_t d = 0; d < rank; d++)
            dims[d] = s->dims[d];
        if (way == 4) /* each input misses another dimension */
            dims[k % rank] = info->min_in > 1 ? 1 : dims[k % rank];
        else if (k == i && way == 0)
            rank = 0;
        else if (k == i && way == 1)
            dims[0] = dims[last], rank = 1;
        else if (k == i && way == 2)
            dims[last] = 1;
        else if (k == i)
            flat = way == 3 ? 1u << last : way == 5 ? (1u << rank) - 1 : 1;
        made = conform_trial_input(&t, input_dtype(info, dtype, k), rank, dims, flat);
    }
    if (made && conform_trial_solve(c, &t))
        for (uint32_t l = 0; l < 4; l++)
            if (layouts[l] != CONFORM_ZERO || way == 3 || way > 4)
                conform_trial_check(c, &t, layouts[l]);
    conform_trial_close(&t);
}

static void broadcasts(conform *c, const vane_op_info *info, uint32_t dtype, const shape *s)
{
    for (uint32_t way = info->min_in > 1 ? 0 : 3; way < 7; way++)
        for (uint32_t i = 0; i < (way == 4 ? 1 : info->min_in); i++)
            broadcast(c, info, dtype, s, way, i, (conform_class)conform_below(&c->random, 3));
}

static void all_shapes(conform *c, const vane_op_info *info, uint32_t dtype, uint32_t to)
{
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        const shape *s = &shapes[k];
        if (c->options->quick && !s->quick)
            continue;
        for (conform_class data = CONFORM_ORDINARY; data < CONFORM_CLASSES; data++)
            if (!(c->options->quick && data == CONFORM_WIDE) && !(info->min_in == 0 && data))
                plain(c, info, dtype, to, s, data);
    }
}

void conform_cases_elementwise(conform *c, const vane_op_info *info, uint32_t dtype)
{
    if (info->op == VANE_OP_CAST) {
        for (uint32_t to = 0; to < VANE_DTYPE_COUNT; to++)
            all_shapes(c, info, dtype, to);
        return;
    }
    all_shapes(c, info, dtype, dtype);
    for (size_t k = 0; info->min_in > 0 && k < sizeof shapes / sizeof shapes[0]; k++)
        if (shapes[k].rank > 0 && !shapes[k].big && (!c->options->quick || shapes[k].quick))
            broadcasts(c, info, dtype, &shapes[k]);
}
