/* SPDX-License-Identifier: MIT */
/* sums.c - sums of products along lines of matrices, in double or modulo 2^64. */
#include <math.h>

#include "op/number.h"
#include "policy/freivalds.h"

enum { CHUNK = 128 };

#define LOAD(TYPE, CONVERT)         \
    for (int64_t i = 0; i < n; i++) \
        out[i] = CONVERT(((const TYPE *)line->data)[from + i * line->step]);

/* n elements of the line, from the i-th on. */
static void load(const vane__line *line, int64_t first, int64_t n, double *out)
{
    const int64_t from = line->at + first * line->step;
    switch (line->dtype) {
    case VANE_F32:
        LOAD(float, (double))
        break;
    case VANE_F64:
        LOAD(double, (double))
        break;
    case VANE_F16:
        LOAD(uint16_t, vane__number_of_f16)
        break;
    default:
        LOAD(uint16_t, vane__number_of_bf16)
    }
}

static void load_integers(const vane__line *line, int64_t first, int64_t n, uint64_t *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] =
            (uint64_t)vane__integer(line->dtype, line->data, line->at + (first + i) * line->step);
}

static int64_t chunk_at(const vane__line *line, int64_t i)
{
    return line->n - i < CHUNK ? line->n - i : CHUNK;
}

/* Four sums at a time, which do not wait for one another. */
static void weigh(const double *v, const vane__sum *x, int64_t n, double *sum, double *size)
{
    double s[4] = {0}, a[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int j = 0; j < 4; j++) {
            s[j] += v[i + j] * x[i + j].f;
            a[j] += fabs(v[i + j]) * fabs(x[i + j].f);
        }
    for (; i < n; i++) {
        s[0] += v[i] * x[i].f;
        a[0] += fabs(v[i]) * fabs(x[i].f);
    }
    *sum += (s[0] + s[1]) + (s[2] + s[3]);
    *size += (a[0] + a[1]) + (a[2] + a[3]);
}

static void weigh_floats(const vane__sums *s, const vane__line *line, vane__sum *sums, double *size)
{
    double v[CHUNK];
    for (int64_t i = 0, n; i < line->n; i += n) {
        const int64_t group = i / s->group, left = (group + 1) * s->group - i;
        n = chunk_at(line, i) < left ? chunk_at(line, i) : left;
        load(line, i, n, v);
        weigh(v, s->x + i, n, &sums[group].f, size);
    }
}

static void weigh_integers(const vane__sums *s, const vane__line *line, vane__sum *sums)
{
    uint64_t v[CHUNK];
    for (int64_t i = 0, n; i < line->n; i += n) {
        n = chunk_at(line, i);
        load_integers(line, i, n, v);
        for (int64_t j = 0; j < n; j++)
            for (int w = 0; w < VANE__SUMS; w++)
                sums[w].u += v[j] * s->x[(i + j) * VANE__SUMS + w].u;
    }
}

void vane__line_weigh(const vane__sums *s, const vane__line *line, vane__sum *sums, double *size)
{
    if (s->is_float)
        weigh_floats(s, line, sums, size);
    else
        weigh_integers(s, line, sums);
}

static void apply_integers(const vane__line *line, const vane__sum *y, vane__sum *sums)
{
    uint64_t v[CHUNK];
    for (int64_t i = 0, n; i < line->n; i += n) {
        n = chunk_at(line, i);
        load_integers(line, i, n, v);
        for (int64_t j = 0; j < n; j++)
            for (int w = 0; w < VANE__SUMS; w++)
                sums[w].u += v[j] * y[(i + j) * VANE__SUMS + w].u;
    }
}

void vane__line_apply(const vane__sums *s, const vane__line *line, const vane__sum *y,
                      const double *y_size, vane__sum *sums, double *size)
{
    double v[CHUNK], total[VANE__SUMS] = {0}, magnitude = 0;
    if (!s->is_float) {
        apply_integers(line, y, sums);
        return;
    }
    for (int64_t i = 0, n; i < line->n; i += n) {
        n = chunk_at(line, i);
        load(line, i, n, v);
        for (int64_t j = 0; j < n; j++) {
            for (int w = 0; w < VANE__SUMS; w++)
                total[w] += v[j] * y[(i + j) * VANE__SUMS + w].f;
            magnitude += fabs(v[j]) * y_size[i + j];
        }
    }
    for (int w = 0; w < VANE__SUMS; w++)
        sums[w].f += total[w];
    *size += magnitude;
}

void vane__line_most(const vane__line *line, double *most)
{
    double v[CHUNK];
    for (int64_t i = 0, n; i < line->n; i += n) {
        n = chunk_at(line, i);
        load(line, i, n, v);
        for (int64_t j = 0; j < n; j++) {
            const double a = fabs(v[j]);
            most[i + j] = a > most[i + j] && a <= 0x1.fffffffffffffp1023 ? a : most[i + j];
        }
    }
}
