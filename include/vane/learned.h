/* SPDX-License-Identifier: MIT */
/* learned.h - what the adaptive policy learned, and where that is kept.
 * Part of vane.h, which includes it. */
#ifndef VANE_LEARNED_H
#define VANE_LEARNED_H

#include "vane/vane.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A policy that learns (the default) tries candidates beside calls. Trials take at most so many
 * percent of the time; 1 without this, 0: none but what correctness needs, at most 100. */
VANE_API vane_status vane_set_trials(vane_context *ctx, uint32_t percent);

/* What was measured and checked is kept in the folder that VANE_CACHE names, in a file for each
 * machine and build, and used by later processes. It is written at vane_close; nothing of this
 * is ever an error of another call. The caller sets struct_size; texts live as long as ctx. */
typedef struct vane_learned_info {
    uint32_t struct_size;
    uint32_t entries; /* in the file now; those that make no sense are not counted */
    uint32_t others;  /* files beside it: of other machines or builds */
    const char *folder, *file;
    const char *identity; /* the machine and build that it is for, in words */
} vane_learned_info;

typedef enum vane_learned_owner {
    VANE_LEARNED_ABSENT,  /* of a backend or operation that is not here */
    VANE_LEARNED_CURRENT, /* it can be used */
    VANE_LEARNED_STALE    /* of another build, version or driver than is here */
} vane_learned_owner;

/* One candidate of one cell in one state. Longer names are cut. */
typedef struct vane_learned_entry {
    uint32_t struct_size;
    uint32_t owner; /* vane_learned_owner */
    uint32_t dtype, size_class, width;
    uint32_t where;    /* 0: calls on host memory */
    uint32_t pool_hot; /* the state */
    uint32_t busy;
    uint32_t trust;    /* vane_trust */
    uint32_t samples;  /* 0: typical_ns is only what was expected */
    double typical_ns; /* 0 nothing */
    double spread_ns;
    uint64_t when_s; /* since 1970 */
    char op[24], backend[16], device[24], kernel[40];
} vane_learned_entry;

/* VANE_E_NOT_FOUND: nothing is kept here, and the sentence says why. */
VANE_API vane_status vane_learned_get(vane_context *ctx, vane_learned_info *out);
/* Reads the file; out gets the first room entries, whose struct_size need not be set, *count is
 * that of all. room 0: only to count. */
VANE_API vane_status vane_learned_list(vane_context *ctx, vane_learned_entry *out, uint32_t room,
                                       uint32_t *count);
/* Writes what ctx learned so far, now. VANE_E_IO: not here, or others are writing. */
VANE_API vane_status vane_learned_save(vane_context *ctx);
/* Removes the file. What ctx learned so far it still uses, but does not write. */
VANE_API vane_status vane_learned_forget(vane_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
