/* SPDX-License-Identifier: MIT */
/* reduce_plan.c - orders, merges and walks the dimensions of a reduction. */
#include "reduce_plan.h"

#include <string.h>

/* Broadcast dimensions go outside: what they repeat is then walked as a whole. */
static int before(int64_t a, int64_t b)
{
    return b != 0 && (a == 0 || a > b);
}

static void insert_kept(cpu__plan *p, int64_t extent, int64_t x, int64_t out)
{
    uint32_t i = p->n_kept++;
    for (; i > 0 && before(x, p->kept_x[i - 1]); i--) {
        p->kept[i] = p->kept[i - 1];
        p->kept_x[i] = p->kept_x[i - 1];
        p->kept_out[i] = p->kept_out[i - 1];
    }
    p->kept[i] = extent;
    p->kept_x[i] = x;
    p->kept_out[i] = out;
}

static void insert_red(cpu__plan *p, int64_t extent, int64_t x, int ordered)
{
    uint32_t i = p->n_red++;
    for (; !ordered && i > 0 && before(x, p->red_x[i - 1]); i--) {
        p->red[i] = p->red[i - 1];
        p->red_x[i] = p->red_x[i - 1];
    }
    p->red[i] = extent;
    p->red_x[i] = x;
}

static void merge(cpu__plan *p)
{
    uint32_t k = 0, r = 0;
    for (uint32_t i = 1; i < p->n_kept; i++) {
        int joins = p->kept_x[k] == p->kept[i] * p->kept_x[i] &&
                    p->kept_out[k] == p->kept[i] * p->kept_out[i];
        int64_t extent = joins ? p->kept[k] * p->kept[i] : p->kept[i];
        k += !joins;
        p->kept[k] = extent;
        p->kept_x[k] = p->kept_x[i];
        p->kept_out[k] = p->kept_out[i];
    }
    for (uint32_t i = 1; i < p->n_red; i++) {
        int joins = p->red_x[r] == p->red[i] * p->red_x[i];
        int64_t extent = joins ? p->red[r] * p->red[i] : p->red[i];
        r += !joins;
        p->red[r] = extent;
        p->red_x[r] = p->red_x[i];
    }
    p->n_kept = p->n_kept ? k + 1 : 0;
    p->n_red = p->n_red ? r + 1 : 0;
}

void cpu__plan_reduce(cpu__plan *p, const vane_call *call, uint32_t n_outer, int ordered,
                      int64_t size_x, int64_t size_out)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    p->x = x->data;
    p->out = out->data;
    p->outputs = p->terms = 1;
    p->n_kept = p->n_red = 0;
    for (uint32_t d = 0; d < x->rank; d++) {
        int64_t extent = x->shape[d], sx = x->stride[d], so = out->stride[d];
        int kept = d < n_outer;
        *(kept ? &p->outputs : &p->terms) *= extent;
        if (extent <= 1)
            continue;
        if (sx < 0 && (kept || !ordered)) {
            p->x += (extent - 1) * sx * size_x;
            sx = -sx;
            if (kept) {
                p->out += (extent - 1) * so * size_out;
                so = -so;
            }
        }
        if (kept)
            insert_kept(p, extent, sx, so);
        else
            insert_red(p, extent, sx, ordered);
    }
    merge(p);
}

cpu__at cpu__plan_at(const cpu__plan *p, uint32_t n, int64_t i)
{
    cpu__at at = {0, 0};
    while (n-- > 0) {
        int64_t k = i % p->kept[n];
        i /= p->kept[n];
        at.x += k * p->kept_x[n];
        at.out += k * p->kept_out[n];
    }
    return at;
}

/* The offset of term i. */
static int64_t term(const cpu__plan *p, int64_t i)
{
    int64_t at = 0;
    for (uint32_t d = p->n_red; d-- > 0;) {
        at += i % p->red[d] * p->red_x[d];
        i /= p->red[d];
    }
    return at;
}

void cpu__plan_terms(const cpu__plan *p, int64_t i, int64_t n, int64_t *off)
{
    int64_t inner = p->n_red ? p->red[p->n_red - 1] : 1;
    int64_t stride = p->n_red ? p->red_x[p->n_red - 1] : 0;
    while (n > 0) {
        int64_t run = inner - i % inner < n ? inner - i % inner : n, at = term(p, i);
        for (int64_t k = 0; k < run; k++)
            *off++ = at + k * stride;
        i += run;
        n -= run;
    }
}

typedef uint16_t __attribute__((may_alias)) any16;
typedef uint32_t __attribute__((may_alias)) any32;
typedef uint64_t __attribute__((may_alias)) any64;

/* n elements, stride apart, one after the other. */
static void gather_run(const char *x, int64_t stride, int64_t n, int64_t size, char *dst)
{
#define GATHER(T)                   \
    for (int64_t i = 0; i < n; i++) \
    ((T *)(void *)dst)[i] = ((const T *)(const void *)x)[i * stride]
    if (stride == 1)
        memcpy(dst, x, (size_t)(n * size));
    else if (size == 4)
        GATHER(any32);
    else if (size == 8)
        GATHER(any64);
    else if (size == 2)
        GATHER(any16);
    else
        GATHER(uint8_t);
#undef GATHER
}

void cpu__plan_gather(const cpu__plan *p, const char *x, int64_t i, int64_t n, int64_t size,
                      void *dst)
{
    int64_t inner = p->n_red ? p->red[p->n_red - 1] : 1;
    int64_t stride = p->n_red ? p->red_x[p->n_red - 1] : 1;
    char *to = dst;
    while (n > 0) {
        int64_t run = inner - i % inner < n ? inner - i % inner : n;
        gather_run(x + term(p, i) * size, stride, run, size, to);
        to += run * size;
        i += run;
        n -= run;
    }
}
