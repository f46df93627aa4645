/* SPDX-License-Identifier: MIT */
/* top_frame.h - one look at a process, as text or as JSON. */
#ifndef VANE_TOOL_TOP_FRAME_H
#define VANE_TOOL_TOP_FRAME_H

#include <stdio.h>

#include "top_rates.h"

typedef struct top_frame {
    const top_rates *rates;
    uint32_t context, contexts; /* which of how many is shown */
    double old_s;               /* the page is so old */
    top_order order;
} top_frame;

void top_frame_print(const top_frame *f, FILE *out);
void top_frame_json(const top_frame *f, FILE *out); /* one object */

#endif
