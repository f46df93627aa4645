/* SPDX-License-Identifier: MIT */
/* fork.c - the generation counter, raised in every child by a pthread_atfork handler.
 *
 * The counter is the one piece of state that pools share: a fork hits all of them at once,
 * and a handler cannot be unregistered for one pool.
 */
#include "exec/fork.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_child(void)
{ /* the child has one thread now: relaxed will do */
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch(void)
{
    pthread_atfork(NULL, NULL, count_child);
}

void vane__fork_watch(void)
{
    pthread_once(&once, watch);
}

uint32_t vane__fork_generation(void)
{
    return atomic_load_explicit(&generation, memory_order_relaxed) & UINT32_C(0x7fffffff);
}
