/* SPDX-License-Identifier: MIT */
/* cache.h - one entry of the program cache as bytes: its name, its form, its judgement. Needs no
 * OpenCL and no files (those are store.c's), so it can be tested and fuzzed alone.
 *
 * An entry is a header of 48 bytes (8 of magic, then five little-endian u64: version, key's bytes,
 * binary's bytes, hash of the key, hash of the binary), the key, the binary, and nothing more. The
 * key is the whole identity of a program: device, driver, platform, options and source text. The
 * hash in the file's name may collide; the key repeated inside cannot.
 */
#ifndef OCL_CACHE_H
#define OCL_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define OCL_CACHE_HEADER_BYTES 48u
#define OCL_CACHE_NAME_BYTES 37u /* 32 hex digits, ".bin", the zero */

typedef enum ocl_cache_verdict {
    OCL_CACHE_OK,
    OCL_CACHE_FOREIGN,   /* not such a file, or of another version of it */
    OCL_CACHE_TRUNCATED, /* lengths that do not add up */
    OCL_CACHE_OTHER,     /* another program's: the names collided, or a driver was updated */
    OCL_CACHE_DAMAGED    /* the bytes are not those that were written */
} ocl_cache_verdict;

/* 64 bits, word by word: a bytewise one takes a tenth of a loaded program's time. Entries stay on
 * their machine, so its byte order will do. seed 0 for the first. */
uint64_t ocl_cache_hash(const void *bytes, uint64_t n, uint64_t seed);
void ocl_cache_name(const char *key, uint64_t key_bytes, char out[OCL_CACHE_NAME_BYTES]);
/* Total: any bytes give a verdict, nothing outside them is read. On OCL_CACHE_OK *binary points
 * into bytes. */
ocl_cache_verdict ocl_cache_parse(const void *bytes, uint64_t n, const char *key,
                                  uint64_t key_bytes, const unsigned char **binary,
                                  uint64_t *binary_bytes);
const char *ocl_cache_verdict_text(ocl_cache_verdict v);
void ocl_cache_header(const char *key, uint64_t key_bytes, const void *binary,
                      uint64_t binary_bytes, unsigned char out[OCL_CACHE_HEADER_BYTES]);

#endif
