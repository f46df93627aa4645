/* SPDX-License-Identifier: MIT */
/* shelf.h - blocks of device memory that wait for their next use: found by size, given up by age.
 *
 * The data structure of pool.c, which has the lock and the rules.
 */
#ifndef VANE__MEMORY_SHELF_H
#define VANE__MEMORY_SHELF_H

#include "memory/pool.h"

#define VANE__SHELF_CLASS_MAX (UINT64_C(256) << 20) /* the largest class */
#define VANE__SHELF_CLASSES 81u                     /* four to a doubling, from 256 bytes to that */

typedef struct vane__ring {
    struct vane__ring *prev, *next;
} vane__ring;

typedef struct vane__shelved {
    vane__ring peer, age;
    struct vane__shelved *next; /* for whoever took it off */
    vane__block block;
    uint64_t since; /* the pool's clock when it came */
} vane__shelved;

typedef struct vane__shelf {
    vane__ring lists[VANE__SHELF_CLASSES + 1]; /* the last: sizes that are of no class */
    vane__ring ages;                           /* next is the newest, prev the oldest */
    uint64_t bytes;
} vane__shelf;

void vane__shelf_init(vane__shelf *s);
void vane__shelf_put(vane__shelf *s, vane__shelved *n);
/* Takes off the newest block of a size that block_size gave; an exact size is content with an
 * eighth more. NULL: none. */
vane__shelved *vane__shelf_take(vane__shelf *s, uint64_t size);
vane__shelved *vane__shelf_oldest(const vane__shelf *s);
void vane__shelf_remove(vane__shelf *s, vane__shelved *n);

/* The size of a block for so many bytes: a class's, or exact above exact_above. */
uint64_t vane__shelf_block_size(uint64_t bytes, uint64_t exact_above);

#endif
