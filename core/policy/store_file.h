/* SPDX-License-Identifier: MIT */
/* store_file.h - the folder <cache>/learned and its files: one for each machine and build, and a
 * lock that writers share. Nothing here is an error to anybody's call. */
#ifndef VANE__POLICY_STORE_FILE_H
#define VANE__POLICY_STORE_FILE_H

#include <stdatomic.h>
#include <stdint.h>

#include "log.h"
#include "policy/record.h"

#define VANE__STORE_FILES 16 /* of other machines and builds; the oldest go first */

typedef struct vane__store_place {
    const char *folder; /* <cache>/learned */
    const char *name;   /* of the file in it */
    uint64_t identity;
    const char *text; /* the identity in words */
    const vane__log *log;
    atomic_int *lock; /* the descriptor of the lock while it is held, or -1 */
} vane__store_place;

/* The file's good entries; file is the caller's to free. 1: read. 0: there is none, or none that
 * may be read, which is one line of the log. */
int vane__store_read(const vane__store_place *p, uint64_t now_s, void **file, vane__records *out);
/* Puts n entries into the file: of two with one key the newer stays. patience: how often the
 * lock is tried for, 5 ms apart. 0: not now (somebody else writes), or not here. */
int vane__store_merge(const vane__store_place *p, uint64_t now_s, const vane__record *mine,
                      uint32_t n, uint32_t patience);
/* 1: the file is gone, or was not there. */
int vane__store_remove(const vane__store_place *p);
/* Files of other machines and builds. */
uint32_t vane__store_others(const vane__store_place *p);

#endif
