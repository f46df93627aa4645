/* SPDX-License-Identifier: MIT */
/* report.h - every path tried and every verdict, kept for ever, in every build. */
#ifndef VANE__PLUGIN_REPORT_H
#define VANE__PLUGIN_REPORT_H

#include <pthread.h>

#include "vane/vane.h"

typedef struct vane__report {
    pthread_mutex_t lock;
    vane_report_line *lines; /* texts owned; lines already handed out never move or change */
    uint32_t count, capacity;
} vane__report;

vane_status vane__report_init(vane__report *r);
void vane__report_free(vane__report *r);
/* Copies the texts. Out of memory: the line is lost, nothing else. */
void vane__report_add(vane__report *r, const vane_report_line *line);
/* Adds the line to the context's report and logs it at level. */
void vane__report_tell(vane_context *ctx, const vane_report_line *line, int level);

#endif
