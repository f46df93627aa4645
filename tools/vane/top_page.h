/* SPDX-License-Identifier: MIT */
/* top_page.h - reads the page that a process shows (core/telemetry/page.h), for vane top.
 *
 * Every page is judged as hostile: it is copied out of the file first, and what cannot be is one
 * sentence in why. Of what is accepted all texts are printable, rows are within their tables and
 * numbers are finite.
 */
#ifndef VANE_TOOL_TOP_PAGE_H
#define VANE_TOOL_TOP_PAGE_H

#include <stddef.h>

#include "telemetry/page.h"

#define TOP_WHY 160

typedef struct top_page {
    vane__page_head head;
    uint64_t sequence;
    vane__page_body body;
} top_page;

typedef enum top_verdict { TOP_GOOD, TOP_GONE, TOP_EARLY, TOP_BAD } top_verdict;

/* bytes: of a whole file. GOOD, or EARLY (nothing is shown yet) or BAD, and why. */
top_verdict top_page_parse(const void *bytes, size_t size, top_page *out, char why[TOP_WHY]);
/* The same of a file that is being written. GONE: there is none. look: and tell the process that
 * somebody looks. */
top_verdict top_page_read(const char *path, int look, top_page *out, char why[TOP_WHY]);
/* Only that somebody looks, still. */
void top_page_look(const char *path);

/* "avx2", "sim/gpu0"; by value, so that several fit in one printf. */
typedef struct top_who {
    char s[72];
} top_who;
top_who top_who_of(const vane__page_body *b, uint32_t who);

#endif
