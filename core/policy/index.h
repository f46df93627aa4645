/* SPDX-License-Identifier: MIT */
/* index.h - entries by their key: open addressing over an array that somebody else owns. */
#ifndef VANE__POLICY_INDEX_H
#define VANE__POLICY_INDEX_H

#include "policy/record.h"

typedef struct vane__index {
    uint32_t *slots; /* positions, from 1; NULL: there is no index, and nothing is found */
    uint32_t mask;
} vane__index;

/* For up to room entries. 0: out of memory. */
int vane__index_open(vane__index *x, uint32_t room);
void vane__index_close(vane__index *x);
/* The entry of that key, or NULL. */
vane__record *vane__index_find(const vane__index *x, vane__record *list, uint64_t key);
/* Adds list[at]; 0 when too many keys crowd at its place, as only a forged file has them. */
int vane__index_add(vane__index *x, const vane__record *list, uint32_t at);

#endif
