/* SPDX-License-Identifier: MIT */
/* breaker.h - a circuit breaker: what failed is left alone, and one probe at a time decides
 * whether it comes back.
 *
 *   closed     used; failures in a row open it, a grave one at once
 *   open       left alone for a while, which doubles each time, up to a limit
 *   half open  somebody probes it: right closes it, wrong opens it for longer
 *
 * No lock, so that it may be told of failures under any. Times are the context's clock.
 */
#ifndef VANE__PLUGIN_BREAKER_H
#define VANE__PLUGIN_BREAKER_H

#include <stdatomic.h>
#include <stdint.h>

#define VANE__BREAKER_FAILURES 3u                   /* in a row */
#define VANE__BREAKER_FIRST_NS UINT64_C(1000000000) /* the first pause */
#define VANE__BREAKER_DOUBLINGS 6u                  /* of it: 64 s */

/* As vane_health (vane/watch.h). */
typedef enum vane__breaker_state { VANE__CLOSED, VANE__OPEN, VANE__HALF_OPEN } vane__breaker_state;

typedef struct vane__breaker {
    atomic_uint state;
    atomic_uint failures;           /* since anybody saw it work */
    atomic_uint opened;             /* in a row, without a long time closed between */
    atomic_uint_fast64_t failed_ns; /* the last failure */
    atomic_uint_fast64_t since_ns;  /* in this state */
    atomic_uint_fast64_t until_ns;  /* open: not probed before */
} vane__breaker;

static inline int vane__breaker_closed(const vane__breaker *b)
{
    return atomic_load_explicit(&b->state, memory_order_acquire) == VANE__CLOSED;
}
/* It failed. 1: that opened it. */
int vane__breaker_fail(vane__breaker *b, uint64_t now_ns, int is_grave);
/* It was seen to work. */
static inline void vane__breaker_work(vane__breaker *b)
{
    if (atomic_load_explicit(&b->failures, memory_order_relaxed) > 0)
        atomic_store_explicit(&b->failures, 0, memory_order_relaxed);
}
/* Is its pause over? */
int vane__breaker_due(const vane__breaker *b, uint64_t now_ns);
/* 1: it is, and the caller is the one who probes and then judges. */
int vane__breaker_probe(vane__breaker *b, uint64_t now_ns);
void vane__breaker_judge(vane__breaker *b, uint64_t now_ns, int is_good);
/* The probe could not be made: another time soon. */
void vane__breaker_postpone(vane__breaker *b, uint64_t now_ns);
/* In the child of fork() nobody probes. */
void vane__breaker_in_child(vane__breaker *b);

#endif
