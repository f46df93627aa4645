/* SPDX-License-Identifier: MIT */
/* cases_move.c - softmax along every axis, transpose by every order, concat of anything. */
#include <stdio.h>
#include <string.h>

#include "groups.h"

/* ---- softmax --------------------------------------------------------------------- */

void conform_cases_softmax(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const struct {
        uint32_t rank;
        int64_t dims[5];
        int big, quick;
    } shapes[] = {{1, {64}, 0, 1},         {1, {1}, 0, 1},
                  {1, {3}, 0, 0},          {1, {8}, 0, 0},
                  {1, {9}, 0, 0},          {1, {15}, 0, 0},
                  {1, {17}, 0, 1},         {1, {65}, 0, 0},
                  {1, {1000}, 0, 1},       {1, {0}, 0, 1},
                  {1, {65537}, 1, 0},      {2, {5, 7}, 0, 1},
                  {2, {1, 9}, 0, 0},       {2, {9, 1}, 0, 0},
                  {2, {64, 65}, 0, 0},     {2, {300, 10}, 1, 0},
                  {2, {10, 300}, 1, 0},    {2, {3, 0}, 0, 0},
                  {3, {3, 5, 7}, 0, 1},    {3, {2, 64, 3}, 0, 0},
                  {4, {2, 3, 4, 5}, 0, 0}, {5, {2, 1, 3, 2, 4}, 0, 0}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
        for (uint32_t axis = 0; axis < shapes[k].rank; axis++)
            for (conform_class data = CONFORM_ORDINARY; data < CONFORM_CLASSES; data++) {
                vane_params p = {.softmax.axis = (int32_t)axis};
                conform_trial t;
                if (c->options->quick && !shapes[k].quick)
                    continue;
                conform_trial_open(&t, info, dtype, data);
                if (axis + 1 < shapes[k].rank || conform_next(&c->random) & 1)
                    conform_trial_params(&t, &p, "axis=%u", axis);
                if (conform_trial_input(&t, dtype, shapes[k].rank, shapes[k].dims,
                                        shapes[k].rank > 2) &&
                    conform_trial_solve(c, &t))
                    conform_trial_layouts(c, &t, shapes[k].big);
                conform_trial_close(&t);
            }
}

/* ---- transpose ------------------------------------------------------------------- */

/* The next order of n dimensions; 0 after the last. */
static int next_order(int32_t *p, uint32_t n)
{
    uint32_t i = n - 1, j = n - 1;
    while (i > 0 && p[i - 1] > p[i])
        i--;
    if (i == 0)
        return 0;
    while (p[j] < p[i - 1])
        j--;
    int32_t swap = p[i - 1];
    p[i - 1] = p[j];
    p[j] = swap;
    for (j = n - 1; i < j; i++, j--) {
        swap = p[i];
        p[i] = p[j];
        p[j] = swap;
    }
    return 1;
}

static void transpose(conform *c, const vane_op_info *info, uint32_t dtype, uint32_t rank,
                      const int64_t *dims, const int32_t *perm, int big)
{
    conform_trial t;
    vane_params p = {0};
    char text[40] = "";
    conform_trial_open(&t, info, dtype, (conform_class)conform_below(&c->random, CONFORM_CLASSES));
    for (uint32_t d = 0; perm && d < rank; d++) {
        p.transpose.perm[d] = perm[d];
        snprintf(text + 2 * d, sizeof text - 2 * d, "%d,", perm[d]);
    }
    p.transpose.n_perm = perm ? rank : 0;
    if (perm)
        conform_trial_params(&t, &p, "perm=%s", text);
    if (conform_trial_input(&t, dtype, rank, dims, rank > 2) && conform_trial_solve(c, &t))
        conform_trial_layouts(c, &t, big);
    conform_trial_close(&t);
}

void conform_cases_transpose(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const struct {
        uint32_t rank;
        int64_t dims[VANE_MAX_RANK];
        int orders, big, quick;
    } shapes[] = {{2, {5, 7}, 1, 0, 1},
                  {0, {0}, 0, 0, 0},
                  {1, {9}, 1, 0, 1},
                  {2, {64, 65}, 1, 0, 0},
                  {2, {1, 7}, 1, 0, 0},
                  {2, {33, 17}, 1, 0, 1},
                  {2, {300, 100}, 1, 1, 0},
                  {2, {8, 8}, 1, 0, 0},
                  {2, {16, 16}, 1, 0, 0},
                  {3, {3, 5, 7}, 1, 0, 1},
                  {3, {16, 17, 8}, 1, 0, 0},
                  {3, {2, 0, 3}, 1, 0, 1},
                  {3, {1, 4, 1}, 1, 0, 0},
                  {4, {2, 3, 4, 5}, 1, 0, 0},
                  {8, {2, 1, 2, 3, 1, 2, 2, 3}, 0, 0, 1}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        const uint32_t rank = shapes[k].rank;
        int32_t perm[VANE_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
        if (c->options->quick && !shapes[k].quick)
            continue;
        transpose(c, info, dtype, rank, shapes[k].dims, NULL, shapes[k].big);
        if (!shapes[k].orders)
            continue;
        do {
            transpose(c, info, dtype, rank, shapes[k].dims, perm, shapes[k].big);
        } while (next_order(perm, rank));
    }
}

/* ---- concat ---------------------------------------------------------------------- */

static void concat(conform *c, const vane_op_info *info, uint32_t dtype, uint32_t rank,
                   const int64_t *dims, uint32_t axis, uint32_t count, uint32_t empty)
{
    conform_trial t;
    vane_params p = {.concat.axis = conform_next(&c->random) & 1 ? (int32_t)axis
                                                                 : (int32_t)axis - (int32_t)rank};
    int made = 1;
    conform_trial_open(&t, info, dtype, (conform_class)conform_below(&c->random, CONFORM_CLASSES));
    conform_trial_params(&t, &p, "axis=%d", p.concat.axis);
    for (uint32_t i = 0; made && i < count; i++) {
        int64_t own[VANE_MAX_RANK];
        memcpy(own, dims, rank * sizeof own[0]);
        own[axis] = i == empty ? 0 : dims[axis] + i;
        made = conform_trial_input(&t, dtype, rank, own, 0);
    }
    if (made && conform_trial_solve(c, &t))
        conform_trial_layouts(c, &t, 0);
    conform_trial_close(&t);
}

void conform_cases_concat(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const struct {
        uint32_t rank;
        int64_t dims[4];
    } shapes[] = {{1, {16}},     {1, {1}},       {1, {63}},         {2, {5, 7}},
                  {2, {17, 33}}, {3, {3, 5, 7}}, {4, {2, 3, 4, 5}}, {2, {0, 3}}};
    const size_t n = c->options->quick ? 4 : sizeof shapes / sizeof shapes[0];
    for (size_t k = 0; k < n; k++)
        for (uint32_t axis = 0; axis < shapes[k].rank; axis++)
            for (uint32_t count = 1; count <= CONFORM_INPUTS; count++) {
                concat(c, info, dtype, shapes[k].rank, shapes[k].dims, axis, count, UINT32_MAX);
                if (count > 1)
                    concat(c, info, dtype, shapes[k].rank, shapes[k].dims, axis, count,
                           (uint32_t)conform_below(&c->random, count));
            }
}
