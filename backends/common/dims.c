/* SPDX-License-Identifier: MIT */
/* dims.c - orders and merges the dimensions of a reduction. */
#include "dims.h"

/* Broadcast dimensions go outside: what they repeat is then walked as a whole. */
static int before(int64_t a, int64_t b)
{
    return b != 0 && (a == 0 || a > b);
}

static void insert_kept(common_dims *p, int64_t extent, int64_t x, int64_t out)
{
    int64_t i = p->n_kept++;
    for (; i > 0 && before(x, p->kept_x[i - 1]); i--) {
        p->kept[i] = p->kept[i - 1];
        p->kept_x[i] = p->kept_x[i - 1];
        p->kept_out[i] = p->kept_out[i - 1];
    }
    p->kept[i] = extent;
    p->kept_x[i] = x;
    p->kept_out[i] = out;
}

static void insert_red(common_dims *p, int64_t extent, int64_t x, int ordered)
{
    int64_t i = p->n_red++;
    for (; !ordered && i > 0 && before(x, p->red_x[i - 1]); i--) {
        p->red[i] = p->red[i - 1];
        p->red_x[i] = p->red_x[i - 1];
    }
    p->red[i] = extent;
    p->red_x[i] = x;
}

static void merge(common_dims *p)
{
    int64_t k = 0, r = 0;
    for (int64_t i = 1; i < p->n_kept; i++) {
        int joins = p->kept_x[k] == p->kept[i] * p->kept_x[i] &&
                    p->kept_out[k] == p->kept[i] * p->kept_out[i];
        int64_t extent = joins ? p->kept[k] * p->kept[i] : p->kept[i];
        k += !joins;
        p->kept[k] = extent;
        p->kept_x[k] = p->kept_x[i];
        p->kept_out[k] = p->kept_out[i];
    }
    for (int64_t i = 1; i < p->n_red; i++) {
        int joins = p->red_x[r] == p->red[i] * p->red_x[i];
        int64_t extent = joins ? p->red[r] * p->red[i] : p->red[i];
        r += !joins;
        p->red[r] = extent;
        p->red_x[r] = p->red_x[i];
    }
    p->n_kept = p->n_kept ? k + 1 : 0;
    p->n_red = p->n_red ? r + 1 : 0;
}

static void add_dimension(common_dims *p, const vane_view *x, const vane_view *out, uint32_t d,
                          int kept, int ordered)
{
    int64_t extent = x->shape[d], sx = x->stride[d], so = out->stride[d];
    *(kept ? &p->outputs : &p->terms) *= extent;
    if (extent <= 1)
        return;
    if (sx < 0 && (kept || !ordered)) { /* from the other end */
        p->x_at += (extent - 1) * sx;
        sx = -sx;
        p->out_at += kept ? (extent - 1) * so : 0;
        so = -so;
    }
    if (kept)
        insert_kept(p, extent, sx, so);
    else
        insert_red(p, extent, sx, ordered);
}

void common_dims_reduce(common_dims *p, const vane_view *x, const vane_view *out, uint32_t n_outer,
                        int ordered)
{
    *p = (common_dims){.outputs = 1, .terms = 1};
    for (uint32_t d = 0; d < x->rank; d++)
        add_dimension(p, x, out, d, d < n_outer, ordered);
    if (p->terms == 0) /* whatever was collected: nothing is read */
        p->n_red = 0;
    merge(p);
    if (p->n_kept == 0)
        insert_kept(p, 1, 1, 1);
    if (p->n_red == 0)
        insert_red(p, p->terms, 1, 1);
}
