/* SPDX-License-Identifier: MIT */
/* top_seen.h - what was read of each context of a process so far. */
#ifndef VANE_TOOL_TOP_SEEN_H
#define VANE_TOOL_TOP_SEEN_H

#include "telemetry/page_file.h"
#include "top_find.h"
#include "top_rates.h"

typedef struct top_seen {
    top_page before, now; /* the last two that differ */
    uint32_t readings;    /* that differed, up to 2 */
    double changed_s;     /* when now was first read */
    top_rates rates;
} top_seen;

/* By the number of the context; made when they are first seen. */
typedef struct top_memory {
    top_seen *seen[VANE__PAGE_MOST + 1];
    top_page fresh;
} top_memory;

double top_clock_s(void);
/* Reads the page again. */
top_verdict top_seen_read(top_memory *m, const top_entry *e, char why[TOP_WHY]);
/* What happened, and how old the last news are; NULL: nothing was read yet. */
const top_rates *top_seen_rates(top_memory *m, const top_entry *e, top_order order, double *old_s);
void top_memory_free(top_memory *m);

#endif
