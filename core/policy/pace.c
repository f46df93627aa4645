/* SPDX-License-Identifier: MIT */
/* pace.c - how densely this thread calls. */
#include "policy/pace.h"

static _Thread_local struct {
    uint64_t end_ns; /* of the last call of a lesson; 0: there was none */
    double last_ns, before_ns;
} pace;

void vane__pace_begin(uint64_t now_ns)
{
    if (pace.end_ns == 0 || now_ns < pace.end_ns)
        return;
    pace.before_ns = pace.last_ns;
    pace.last_ns = (double)(now_ns - pace.end_ns) + 1;
}

void vane__pace_end(uint64_t now_ns)
{
    pace.end_ns = now_ns;
}

double vane__pace_ns(void)
{
    return pace.before_ns < pace.last_ns ? pace.before_ns : pace.last_ns;
}
