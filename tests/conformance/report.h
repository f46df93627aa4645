/* SPDX-License-Identifier: MIT */
/* report.h - counts cases and says what failed; holds the list of cases that may fail. */
#ifndef CONFORM_REPORT_H
#define CONFORM_REPORT_H

#include "conform.h"

typedef struct conform_skips {
    char *text; /* the file, cut into pieces */
    struct {
        const char *pattern, *reason;
    } * rows;
    uint32_t count;
} conform_skips;

typedef struct conform_report {
    const conform_options *options;
    conform_skips skips;
    conform_count total, unit;
    const char *group, *op, *dtype; /* the unit's */
    uint32_t lines;                 /* failures told in this unit */
} conform_report;

vane_status conform_report_open(conform_report *r, const conform_options *o, char error[512]);
void conform_report_close(conform_report *r);

void conform_unit_begin(conform_report *r, const char *group, const char *op, const char *dtype);
void conform_unit_end(conform_report *r);
void conform_note(conform_report *r, const char *fmt, ...) VANE_PRINTF(2, 3);

/* One case, by its label ("[5,7] strided wide"). */
void conform_pass(conform_report *r, const char *label);
void conform_fail(conform_report *r, const char *label, const char *fmt, ...) VANE_PRINTF(3, 4);
void conform_skip(conform_report *r, const char *label, const char *reason);

#endif
