/* SPDX-License-Identifier: MIT */
/* policy.h - a policy is a table of two functions over a snapshot.
 *
 * choose() is pure: it predicts a time for each candidate, gives each loser its
 * reason, and returns the winner. It runs off the hot path, when a route is made, and
 * when somebody asks why. observe() is for policies that learn from what calls took; the two
 * that exist, heuristic and fixed, have none, and nothing is measured for them.
 */
#ifndef VANE_POLICY_H
#define VANE_POLICY_H

#include "vane/ops.h"
#include "vane/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, "text"): why a candidate is not the choice. */
#define VANE_REASON_MAP(X)                                           \
    X(CHOSEN, "chosen")                                              \
    X(SLOWER, "predicted slower")                                    \
    X(LATER, "later in the order")                                   \
    X(EXCLUDED, "excluded by the user")                              \
    X(NOT_REQUIRED, "another backend is required")                   \
    X(UNHEALTHY, "failed before")                                    \
    X(ALIGNMENT, "operand not aligned")                              \
    X(DECLINED, "its plugin cannot do this call")                    \
    X(REPRO, "not of the class that VANE_REPRO asks for")            \
    X(NARROWER, "another width or device of this backend is better") \
    X(FAILED, "tried and failed")                                    \
    X(BROKEN, "its plugin gave it up on this device")

typedef enum vane_reason {
#define VANE_REASON_ENUM(NAME, text) VANE_REASON_##NAME,
    VANE_REASON_MAP(VANE_REASON_ENUM)
#undef VANE_REASON_ENUM
} vane_reason;

/* One (kernel, device, thread width). */
typedef struct vane_candidate {
    uint32_t struct_size;
    uint32_t width;      /* threads */
    uint32_t order;      /* by the plugin's rank, then as loaded; 0 first */
    uint32_t numerics;   /* vane_numerics */
    const char *backend; /* borrowed from the context */
    const char *device;  /* the device's id */
    const char *kernel;
    double flops_per_ns; /* one thread, the plugin's rule of thumb; 0 unknown */
    double bytes_per_ns;
    double launch_ns;
    double transfer_ns;  /* moving operands to it, and the output back where it must */
    double predicted_ns; /* out */
    uint32_t reason;     /* in: a verdict already made (or CHOSEN: eligible); out: final */
    uint32_t tier;       /* the user's preference: a lower tier always wins; 0 for all
                          * when there is none */
} vane_candidate;

/* What is asked: one op, dtype and size class, with the state of the machine. */
typedef struct vane_query {
    uint32_t struct_size;
    uint32_t op;
    uint32_t dtype;
    uint32_t size_class; /* floor(log2(work units)) */
    double flops;        /* of the call */
    double bytes;        /* read and written */
    double fork_ns;      /* what starting the threads costs now: hot or asleep */
    uint32_t pool_hot;
    uint32_t reserved;
} vane_query;

typedef struct vane_observation {
    uint32_t struct_size;
    int32_t status; /* vane_status */
    const vane_query *query;
    const vane_candidate *candidate;
    double took_ns;
} vane_observation;

#define VANE_NO_CANDIDATE UINT32_MAX

typedef struct vane_policy {
    uint32_t struct_size;
    uint32_t reserved;
    const char *name;
    const char *about;
    /* The index of the winner, or VANE_NO_CANDIDATE. Skip those whose reason is not CHOSEN. */
    uint32_t (*choose)(void *self, const vane_query *query, vane_candidate *candidates,
                       uint32_t count);
    void (*observe)(void *self, const vane_observation *observation); /* may be NULL */
    void *self;
} vane_policy;

#ifdef __cplusplus
}
#endif
#endif
