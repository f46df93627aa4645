/* SPDX-License-Identifier: MIT */
/* policy.h - a policy is a table of a few functions over a snapshot.
 *
 * choose() is pure: it predicts a time for each candidate, gives each loser its
 * reason, and returns the winner. It runs off the hot path, when a route is made, and
 * when somebody asks why. What was measured is the core's to keep and stands in the candidates;
 * a policy that wants measurements has explore(), which names the candidate that is worth a
 * trial. Nothing is measured for a policy without it.
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
    X(BROKEN, "its plugin gave it up on this device")                \
    X(WRONG, "its result was wrong")                                 \
    X(UNCHECKED, "its result was not checked yet")                   \
    X(COSTLIER, "predicted to use more energy")                      \
    X(RESTING, "failed several times, and is tried again later")     \
    X(HARMFUL, "lost to the CPU, and is tried again later")

typedef enum vane_reason {
#define VANE_REASON_ENUM(NAME, text) VANE_REASON_##NAME,
    VANE_REASON_MAP(VANE_REASON_ENUM)
#undef VANE_REASON_ENUM
} vane_reason;

/* How far the results of a candidate are trusted. */
typedef enum vane_trust {
    VANE_TRUST_NONE,    /* not checked yet, for this op, dtype and size class */
    VANE_TRUST_CHECKED, /* its output was compared with the oracle's: right */
    VANE_TRUST_ORACLE,  /* it is the oracle, or there is none to compare with */
    VANE_TRUST_WRONG
} vane_trust;

/* What the best candidate has least of. */
typedef enum vane_objective {
    VANE_OBJECTIVE_TIME,
    VANE_OBJECTIVE_ENERGY /* time times power; where a power is not known, time */
} vane_objective;

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
    uint32_t trust;      /* vane_trust */
    uint32_t samples;    /* of measured_ns; at most the window */
    uint32_t aged;       /* since they were measured, others were so many times; 0: they are new */
    uint32_t power_mw;   /* what its device draws at work; 0 unknown */
    double measured_ns;  /* what the last calls in this state took, typically; 0 none */
    double spread_ns;    /* by how much they vary; without samples, how far off
                          * expected_ns may be; 0 unknown */
    double expected_ns;  /* from another state, sizes near by or an earlier process; 0 nothing */
    uint64_t queued;     /* this context's launches under way on its device */
    double least_ns;     /* of those that measured_ns is of, and typically a moment ago */
    double most_ns;
} vane_candidate;

typedef enum vane_moved {
    VANE_MOVED_SEEN = 1,  /* the others are measured too */
    VANE_MOVED_UNSEEN = 2 /* only the choice is ever measured (operands in buffers) */
} vane_moved;

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
    uint32_t busy;      /* others want this machine's CPUs */
    uint32_t current;   /* the candidate that the route has; VANE_NO_CANDIDATE none */
    uint32_t objective; /* vane_objective */
    uint32_t moved;     /* not 0: the route changed already since others came for the CPUs, or went:
                         * what is as good as equal is no reason to change again. Which vane_moved */
    uint32_t reserved;
} vane_query;

#define VANE_NO_CANDIDATE UINT32_MAX

/* A policy may come in a shared object: VANE_POLICY or vane_set_policy names the file (a text
 * with a '/'), which belongs to root or the user and is writable by nobody else, and exports
 *   const vane_policy vane_policy_entry_v1;
 * Its functions are called from any thread, under a lock of the core: they call nothing of Vane,
 * and a winner that is no eligible candidate counts as none. It stays mapped. */
typedef struct vane_policy {
    uint32_t struct_size;
    uint32_t candidate_size; /* sizeof(vane_candidate) where it was compiled: candidates reach it
                              * in that size, and what the core does not know of them is zero */
    const char *name;
    const char *about;
    /* The index of the winner, or VANE_NO_CANDIDATE. Skip those whose reason is not CHOSEN. */
    uint32_t (*choose)(void *self, const vane_query *query, vane_candidate *candidates,
                       uint32_t count);
    /* The index of the one to try now, VANE_NO_CANDIDATE when enough is known. May be NULL. */
    uint32_t (*explore)(void *self, const vane_query *query, const vane_candidate *candidates,
                        uint32_t count);
    void *self;
} vane_policy;

extern const vane_policy vane_policy_entry_v1;

#ifdef __cplusplus
}
#endif
#endif
