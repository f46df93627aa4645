/* SPDX-License-Identifier: MIT */
/* top_seen.c - what was read of each context of a process so far. */
#include "top_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define QUIET_S 1.0 /* without news for so long, nothing happens there */

double top_clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* NULL: no memory. */
static top_seen *seen_of(top_memory *m, uint32_t number)
{
    if (number > VANE__PAGE_MOST)
        return NULL;
    if (m->seen[number] == NULL)
        m->seen[number] = calloc(1, sizeof *m->seen[number]);
    return m->seen[number];
}

top_verdict top_seen_read(top_memory *m, const top_entry *e, char why[TOP_WHY])
{
    top_seen *s = seen_of(m, e->number);
    if (s == NULL)
        return snprintf(why, TOP_WHY, "no memory for what was read"), TOP_BAD;
    top_verdict v = top_page_read(e->path, 1, &m->fresh, why);
    if (v != TOP_GOOD)
        return v;
    if (m->fresh.head.pid != e->pid || m->fresh.head.number != e->number)
        return snprintf(why, TOP_WHY, "it says that it is of another process"), TOP_BAD;
    if (s->readings > 0 && m->fresh.sequence == s->now.sequence)
        return TOP_GOOD;
    s->before = s->now;
    s->now = m->fresh;
    s->readings += s->readings < 2;
    s->changed_s = top_clock_s();
    return TOP_GOOD;
}

const top_rates *top_seen_rates(top_memory *m, const top_entry *e, top_order order, double *old_s)
{
    top_seen *s = seen_of(m, e->number);
    if (s == NULL || s->readings == 0)
        return NULL;
    *old_s = top_clock_s() - s->changed_s;
    if (*old_s >= QUIET_S)
        top_rates_make(&s->now, &s->now, *old_s, order, &s->rates);
    else
        top_rates_make(s->readings > 1 ? &s->before : NULL, &s->now, 0, order, &s->rates);
    return &s->rates;
}

void top_memory_free(top_memory *m)
{
    for (uint32_t i = 0; i <= VANE__PAGE_MOST; i++)
        free(m->seen[i]);
    free(m);
}
