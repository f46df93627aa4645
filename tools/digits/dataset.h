/* SPDX-License-Identifier: MIT */
/* dataset.h - the handwritten digits: read, shuffled by a seed, cut in half. */
#ifndef DIGITS_DATASET_H
#define DIGITS_DATASET_H

#include <stdint.h>

#define PIXELS 64
#define CLASSES 10

typedef struct half {
    int64_t count;
    float *pixels;   /* count x PIXELS, 0 to 1 */
    float *one_hot;  /* count x CLASSES */
    int64_t *digits; /* count */
} half;

typedef struct dataset {
    half train, test;
} dataset;

/* A small generator (splitmix64) whose numbers are the same everywhere. */
uint64_t random_next(uint64_t *state);
/* Reads the CSV. 0, and a line on stderr that names file, line and column: malformed. */
int dataset_open(const char *path, uint64_t seed, dataset *out);
void dataset_close(dataset *d);

#endif
