/* SPDX-License-Identifier: MIT */
/* breaker.c - a state and a few times, changed by compare and exchange. */
#include "plugin/breaker.h"

#define FORGET_NS UINT64_C(10000000000) /* failures further apart are not in a row */
#define CALM 4u                         /* closed for so many pauses: the next begins anew */
#define POSTPONE_NS UINT64_C(50000000)

static uint64_t pause_of(uint32_t opened)
{
    uint32_t doublings = opened > 0 ? opened - 1 : 0;
    return VANE__BREAKER_FIRST_NS << (doublings < VANE__BREAKER_DOUBLINGS
                                          ? doublings
                                          : VANE__BREAKER_DOUBLINGS);
}

/* Of whoever has the state to himself. */
static void rest(vane__breaker *b, uint64_t now)
{
    uint32_t opened = atomic_load(&b->opened) + 1;
    atomic_store(&b->opened, opened);
    atomic_store(&b->until_ns, now + pause_of(opened));
    atomic_store(&b->since_ns, now);
    atomic_store(&b->failures, 0);
    atomic_store_explicit(&b->state, VANE__OPEN, memory_order_release);
}

int vane__breaker_fail(vane__breaker *b, uint64_t now, int is_grave)
{
    uint32_t closed = VANE__CLOSED;
    if (now > atomic_exchange(&b->failed_ns, now) + FORGET_NS)
        atomic_store(&b->failures, 0);
    uint32_t failures = atomic_fetch_add(&b->failures, 1) + 1;
    if ((!is_grave && failures < VANE__BREAKER_FAILURES) ||
        !atomic_compare_exchange_strong(&b->state, &closed, VANE__HALF_OPEN))
        return 0;
    if (now > atomic_load(&b->since_ns) + CALM * pause_of(atomic_load(&b->opened)))
        atomic_store(&b->opened, 0);
    rest(b, now);
    return 1;
}

int vane__breaker_due(const vane__breaker *b, uint64_t now)
{
    return atomic_load_explicit(&b->state, memory_order_acquire) == VANE__OPEN &&
           now >= atomic_load(&b->until_ns);
}

int vane__breaker_probe(vane__breaker *b, uint64_t now)
{
    uint32_t open = VANE__OPEN;
    return vane__breaker_due(b, now) &&
           atomic_compare_exchange_strong(&b->state, &open, VANE__HALF_OPEN);
}

void vane__breaker_judge(vane__breaker *b, uint64_t now, int is_good)
{
    if (!is_good) {
        rest(b, now);
        return;
    }
    atomic_store(&b->failures, 0);
    atomic_store(&b->since_ns, now);
    atomic_store_explicit(&b->state, VANE__CLOSED, memory_order_release);
}

void vane__breaker_postpone(vane__breaker *b, uint64_t now)
{
    atomic_store(&b->until_ns, now + POSTPONE_NS);
    atomic_store_explicit(&b->state, VANE__OPEN, memory_order_release);
}

void vane__breaker_in_child(vane__breaker *b)
{
    uint32_t half = VANE__HALF_OPEN;
    atomic_compare_exchange_strong(&b->state, &half, VANE__OPEN);
}
