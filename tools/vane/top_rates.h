/* SPDX-License-Identifier: MIT */
/* top_rates.h - what happened between two readings of a page. */
#ifndef VANE_TOOL_TOP_RATES_H
#define VANE_TOOL_TOP_RATES_H

#include "top_page.h"

typedef enum top_order {
    TOP_BY_TIME,
    TOP_BY_CALLS,
    TOP_BY_BYTES,
    TOP_BY_NAME,
    TOP_ORDERS
} top_order;
extern const char *const top_order_names[TOP_ORDERS];

/* Of calls that were alike; rates are per second, NaN unknown. */
typedef struct top_row {
    const vane__page_calls *calls;
    double calls_rate, share, mean_ns, bytes_rate, flops_rate; /* share: of one thread's time */
} top_row;

typedef struct top_moved {
    double up_rate, down_rate, peer_rate, calls_rate, share;
} top_moved;

typedef struct top_rates {
    const top_page *page;
    double seconds; /* that rates are of; 0: there are none yet */
    top_row rows[VANE__PAGE_CALLS];
    uint32_t n_rows;
    top_moved devices[VANE__PAGE_DEVICES];
    double calls_rate, failures_rate, fallbacks_rate, trial_share;
    uint64_t calls, failures, fallbacks;
} top_rates;

/* before: NULL, or an older reading of the same page. Where it was not written since, nothing
 * happened for so many seconds. */
void top_rates_make(const top_page *before, const top_page *now, double seconds, top_order order,
                    top_rates *out);

#endif
