/* SPDX-License-Identifier: MIT */
/* build_id.h - which build the code at an address is of. */
#ifndef VANE__POLICY_BUILD_ID_H
#define VANE__POLICY_BUILD_ID_H

#include <stddef.h>
#include <stdint.h>

#define VANE__BUILD_ID_TEXT 72

/* The build id of the mapped file that holds address (NT_GNU_BUILD_ID, in hexadecimal digits);
 * of a file that has none, a hash of its content. 0 and "": there is no such file. Waits for
 * the dynamic linker. */
int vane__build_id(const void *address, char out[VANE__BUILD_ID_TEXT]);
/* The first such note in these bytes; exposed for the tests. */
int vane__build_id_note(const void *notes, uint64_t bytes, uint64_t align,
                        char out[VANE__BUILD_ID_TEXT]);

#endif
