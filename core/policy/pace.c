/* SPDX-License-Identifier: MIT */
/* pace.c - how densely this thread calls. */
#include "policy/pace.h"

enum { PAUSES = 4 };

static _Thread_local struct {
    uint64_t end_ns;   /* of the last call of a lesson; 0: there was none */
    double ns[PAUSES]; /* in a ring */
    uint32_t count;
} pace;

void vane__pace_begin(uint64_t now_ns)
{
    if (pace.end_ns == 0 || now_ns < pace.end_ns)
        return;
    pace.ns[pace.count % PAUSES] = (double)(now_ns - pace.end_ns) + 1;
    pace.count = pace.count + 1 < 2 * PAUSES ? pace.count + 1 : PAUSES; /* same place */
}

void vane__pace_end(uint64_t now_ns)
{
    pace.end_ns = now_ns;
}

void vane__pace_break(void)
{
    pace.end_ns = 0;
}

double vane__pace_ns(void)
{
    uint32_t n = pace.count < PAUSES ? pace.count : PAUSES;
    double least = 0;
    for (uint32_t i = 0; i < n; i++)
        least = i == 0 || pace.ns[i] < least ? pace.ns[i] : least;
    return least;
}
