/* SPDX-License-Identifier: MIT */
/* known.h - a case of known.txt in memory, and how near an answer is to its own. */
#ifndef VANE_TESTS_KNOWN_H
#define VANE_TESTS_KNOWN_H

#include "vane/vane.h"

typedef struct known_case {
    char name[96];
    char op[16];
    uint32_t line;  /* in the file */
    uint32_t ulps;  /* units in the last place of the output's type that pass, or */
    double near;    /* an absolute distance that does */
    int bits, sign; /* the bits must be equal, NaN's too; zeros' signs must */
    int has_params;
    uint32_t n_in;
    vane_params params;
    vane_tensor in[VANE_MAX_ARG], out; /* data is the case's own */
} known_case;

/* All cases of a file; NULL, with a sentence in why, when it cannot be read. */
known_case *known_open(const char *path, uint32_t *count, char *why, size_t why_bytes);
void known_close(known_case *cases, uint32_t count);

/* "param" of a case: key=value of op. 0 when there is no such key. */
int known_param(const char *op, const char *key, const char *value, vane_params *out);

/* How many elements of got are wrong; the first is put into words. */
uint64_t known_compare(const known_case *c, const void *got, char *why, size_t why_bytes);

#endif
