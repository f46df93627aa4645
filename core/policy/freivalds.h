/* SPDX-License-Identifier: MIT */
/* freivalds.h - is a product of matrices right, for less than a product's work?
 *
 * C x is compared with A (B x) for random x: O(mk + kn + mn) instead of O(mkn) (R. Freivalds,
 * "Probabilistic machines can use less running time", IFIP 1977). With alpha, beta and an addend
 * it is alpha A (B x) + beta (D x).
 *
 * Integers, modulo 2^64: eight vectors x, the first of odd numbers. One wrong element of a row
 * is always seen (an odd factor loses no bit of its error); several are missed with a
 * probability of at most 2^-7, where all of their errors are 2^(bits-1), and far less else.
 *
 * Floats, in double: the columns are cut into eight groups of g, each with a sum of its own, and
 * x_j = +-2^e, the sign at random, 2^e about 1 / the largest |b| of column j: a column of small
 * numbers counts as much as one of large ones. The bound of a row is what ops.def allows one
 * element of it (Higham, "Accuracy and Stability", 3.5: errors of a product are relative to
 * |A| |B|), the mean over its columns:
 *     (ulp * eps * (|A| (|B| |x|))_i + (terms + 1) * smallest * sum |x|) / n
 * A group is suspect when its residual is above max(1/2, sqrt(g) / 5) of the bound. Signs at random
 * make of g rounding errors about sqrt(g) of one (Hoeffding 1963), and honest errors measure a
 * twentieth of the bound and less: groups of right results are seldom suspects.
 *
 * A suspect is not a verdict: the oracle computes the elements of the worst suspects, and they are
 * compared like any others. So nothing right is ever called wrong, and a wrong element is found
 * when its error is above about max(1, sqrt(g) / 5) times what is allowed.
 *
 * Above the budget: whole batches at random, then rows at random of a run of columns.
 */
#ifndef VANE__POLICY_FREIVALDS_H
#define VANE__POLICY_FREIVALDS_H

#include "policy/check.h"

enum { VANE__SUMS = 8 }; /* of a row: groups of columns, or vectors */

typedef union vane__sum {
    double f;
    uint64_t u;
} vane__sum;

/* What of it is looked at. */
typedef struct vane__share {
    int64_t batches, rows, cols, first_col; /* cols: from first_col on */
} vane__share;

typedef struct vane__sums {
    int is_float;
    uint32_t dtype;
    int64_t batches, m, n, k;
    vane__share share;
    int64_t group;   /* columns of one sum of floats */
    int64_t *batch;  /* those looked at; share.batches */
    int64_t *row;    /* likewise */
    vane__sum *x;    /* floats: a factor for each column; integers: VANE__SUMS for each */
    vane__sum *want; /* VANE__SUMS for each row looked at */
    double *bound;   /* floats: of each row, the error that makes a group suspect */
    double x_sum;    /* of |x| */
} vane__sums;

/* sums.c: the arithmetic, line by line. A line is n elements, step apart, from at on. */
typedef struct vane__line {
    uint32_t dtype;
    const void *data;
    int64_t at, step, n;
} vane__line;
/* n elements of a row of a batch, from column j on. */
vane__line vane__line_of(const vane_view *v, int64_t batch, int64_t row, int64_t j, int64_t n);
/* sums[v] += line . x (floats: of group v), and *size += |line| . |x|. */
void vane__line_weigh(const vane__sums *s, const vane__line *line, vane__sum *sums, double *size);
/* sums[v] += sum over l of line[l] * y[l][v]; *size += |line| . y_size. */
void vane__line_apply(const vane__sums *s, const vane__line *line, const vane__sum *y,
                      const double *y_size, vane__sum *sums, double *size);
/* most[j] = max(most[j], |line[j]|), but for what is not finite. */
void vane__line_most(const vane__line *line, double *most);

#endif
