/* SPDX-License-Identifier: MIT */
/* profile.c - the table at the end: each distinct call, what ran it, how long, how much
 * faster than the scalar backend. Both are timed here, alternating, medians of the same run. */
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return v[n / 2];
}

static vane_status again(vane_context *ctx, step *s, const vane_options *options)
{
    const vane_tensor *in[3] = {&s->in[0], &s->in[1], &s->in[2]};
    vane_tensor *out = &s->out;
    return vane_run(ctx, s->op, in, s->n_in, &out, 1, s->has_params ? &s->params : NULL, options);
}

/* ns of one call, over a bunch of them. */
static double time_bunch(vane_context *ctx, step *s, int bunch)
{
    double start = now_ns();
    for (int i = 0; i < bunch; i++)
        if (again(ctx, s, NULL) != VANE_OK)
            return 0;
    return (now_ns() - start) / bunch;
}

/* Outputs in place would drift when run again and again: give each a copy to write. */
static void detach(network *n, step *s)
{
    size_t bytes = (size_t)vane_tensor_count(&s->out) * vane_dtype_bytes(s->out.dtype);
    void *copy = malloc(bytes ? bytes : 1);
    if (copy == NULL)
        return;
    n->memory[n->blocks++] = copy;
    s->out.data = copy;
}

static void shape_text(const step *s, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < s->n_in || i == 0; i++) {
        const vane_tensor *t = s->n_in ? &s->in[i] : &s->out;
        used += (size_t)snprintf(out + used, bytes - used, "%s%lldx%lld", i ? ", " : "",
                                 (long long)t->shape[0], (long long)t->shape[1]);
        if (used >= bytes)
            return;
    }
}

/* How many calls make a measurement of about 20 us. */
static int bunch_of(vane_context *ctx, step *s)
{
    double one = time_bunch(ctx, s, 1);
    return one > 0 && one < 20000 ? (int)(20000 / one) + 1 : 1;
}

static void print_row(network *n, step *s, vane_context *scalar)
{
    vane_op_info info;
    vane_decision d;
    vane_options explain = {.struct_size = sizeof explain, .decision = &d};
    double mine[ROUNDS], theirs[ROUNDS] = {0};
    char shapes[64], factor[16] = "-";
    detach(n, s);
    if (vane_op_at(n->ctx, s->op, &info) != VANE_OK || again(n->ctx, s, &explain) != VANE_OK ||
        d.ran == VANE_NO_CANDIDATE)
        return;
    int bunch = bunch_of(n->ctx, s), slow_bunch = scalar != NULL ? bunch_of(scalar, s) : 0;
    for (int i = 0; i < ROUNDS; i++) {
        mine[i] = time_bunch(n->ctx, s, bunch);
        if (scalar != NULL)
            theirs[i] = time_bunch(scalar, s, slow_bunch);
    }
    double t = median(mine, ROUNDS), base = median(theirs, ROUNDS);
    if (scalar != NULL && t > 0)
        snprintf(factor, sizeof factor, "%.1fx", base / t);
    shape_text(s, shapes, sizeof shapes);
    printf("%-11s %-28s %-9s %5u %8llu %10.2f %9s\n", info.name, shapes,
           d.candidates[d.ran].backend, d.candidates[d.ran].width, (unsigned long long)s->calls,
           t / 1000, factor);
}

/* A context of scalar alone, so that both sides take the same way; NULL when the operator
 * forces another backend, or there is none. */
static vane_context *open_scalar(void)
{
    vane_config config = {.struct_size = sizeof config, .backend = "scalar"};
    vane_context *ctx = NULL;
    const char *backend = "";
    vane_device_info info = {.struct_size = sizeof info};
    if (vane_open(&config, &ctx) != VANE_OK)
        return NULL;
    if (vane_device_at(ctx, 0, &info, &backend) == VANE_OK && strcmp(backend, "scalar") == 0)
        return ctx;
    vane_close(ctx);
    return NULL;
}

void profile_print(network *n)
{
    vane_context *scalar = open_scalar();
    printf("%-11s %-28s %-9s %5s %8s %10s %9s\n", "op", "shapes", "backend", "width", "calls",
           "us a call", "vs scalar");
    for (int i = 0; i < n->step_count; i++)
        print_row(n, &n->steps[i], scalar);
    vane_close(scalar);
}
