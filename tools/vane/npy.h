/* SPDX-License-Identifier: MIT */
/* npy.h - NumPy's .npy files as tensors.
 *
 * Reads versions 1.0, 2.0 and 3.0, C and Fortran order, both byte orders. A native file is
 * memory-mapped and not copied: Fortran order becomes strides. A foreign byte order, or data
 * that is not aligned to its element size, is copied once. Every file is judged as hostile:
 * a bad one is one sentence in why, never a crash.
 *
 * Data types: f2 f4 f8 i1 i4 i8 u1 b1. bf16 has no name of its own in the format: the
 * ml_dtypes package writes it as '<V2', and so does Vane; '|V2', two bytes of anything, is
 * refused. A file that another process shortens while it is mapped raises SIGBUS, as it does
 * with every mapped file.
 */
#ifndef VANE_TOOL_NPY_H
#define VANE_TOOL_NPY_H

#include "vane/types.h"

#define NPY_WHY 256

typedef struct npy_header {
    uint32_t major;
    uint32_t dtype; /* vane_dtype */
    uint32_t rank;
    int fortran;
    int swapped;          /* the other byte order than this machine's */
    uint64_t data_offset; /* bytes from the start of the file */
    uint64_t data_bytes;
    int64_t shape[VANE_MAX_RANK];
} npy_header;

typedef struct npy_array {
    vane_tensor tensor;
    npy_header header;
    void *map; /* the file, or NULL */
    size_t map_bytes;
    void *copy; /* the data, where it could not be used in place */
} npy_array;

/* All: 1, or 0 with a sentence (without the file's name) in why[NPY_WHY]. */

/* Reads the header at the start of a file of size bytes, of which all are at bytes. */
int npy_parse(const void *bytes, uint64_t size, npy_header *out, char *why);
/* A tensor over a file that is already in memory; bytes stay the caller's and must live as
 * long as the array. */
int npy_view(void *bytes, uint64_t size, npy_array *out, char *why);
int npy_open(const char *path, npy_array *out, char *why);
void npy_close(npy_array *a); /* also after a failed open */

/* Writes t in C order and native byte order under a temporary name, then renames it: a
 * reader sees the old file or the whole new one. What is not a regular file (a pipe,
 * /dev/null) is written directly. */
int npy_save(const char *path, const vane_tensor *t, char *why);

#endif
