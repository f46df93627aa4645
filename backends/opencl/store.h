/* SPDX-License-Identifier: MIT */
/* store.h - the folder of cache entries. Nothing here is an error to the caller: without a
 * folder, or with one that cannot be trusted, every program is built.
 */
#ifndef OCL_STORE_H
#define OCL_STORE_H

#include "cache.h"
#include "vane/backend.h"

/* An entry in memory; file is the host's to free. */
typedef struct ocl_entry {
    void *file;
    const unsigned char *binary;
    uint64_t binary_bytes;
} ocl_entry;

/* 0: the option VANE_OPENCL_CACHE=0, or no place for one. */
int ocl_store_wanted(const vane_host *host);
/* 1 and *out filled, or 0. A file that is there but not right is said in the log. */
int ocl_store_read(const vane_host *host, const char *key, uint64_t key_bytes, ocl_entry *out);
/* Replaces what was there. */
void ocl_store_write(const vane_host *host, const char *key, uint64_t key_bytes, const void *binary,
                     uint64_t binary_bytes);

#endif
