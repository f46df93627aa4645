/* SPDX-License-Identifier: MIT */
/* conform.h - the conformance suite: one plugin file against the oracle, judged by cases.
 *
 * It uses nothing but the public API, so it judges any plugin of any vendor. What it finds
 * comes as events while it runs; the caller prints them.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <stdint.h>

#include "vane/vane.h"

typedef enum conform_kind {
    CONFORM_NOTE, /* for the reader; changes nothing */
    CONFORM_FAIL, /* one line of a failed case; at most CONFORM_LINES a unit */
    CONFORM_SKIP, /* a case, or a whole op and dtype, left out, and why */
    CONFORM_UNIT  /* all cases of one group, op and dtype are done: the counts hold */
} conform_kind;

enum { CONFORM_LINES = 5 };

typedef struct conform_count {
    uint64_t passed, failed, skipped;
} conform_count;

typedef struct conform_event {
    conform_kind kind;
    const char *group;
    const char *op;    /* "" for groups that have none */
    const char *dtype; /* "" likewise */
    const char *text;
    conform_count count; /* CONFORM_UNIT */
} conform_event;

typedef struct conform_options {
    const char *path;      /* the plugin file */
    const char *oracle;    /* the backend that is right; NULL: "scalar" */
    const char *op;        /* only this one; NULL: all */
    const char *dtype;     /* only this one; NULL: all */
    const char *group;     /* only this one; NULL: all */
    const char *via;       /* all calls by way of "host", "buffer" or "stream"; NULL: by turns */
    const char *skip_file; /* lines of "pattern: reason"; NULL: none */
    uint64_t seed;
    int quick; /* fewer sizes and layouts: for emulators and sanitizers */
    int list;  /* name the groups, ops and dtypes; run nothing */
    void (*event)(void *arg, const conform_event *e);
    void *arg;
} conform_options;

/* VANE_OK: it ran, and *out says how it went. Otherwise it could not start; the sentence is
 * in error. VANE_E_ARGUMENT: the options are wrong. */
vane_status conform_run(const conform_options *options, conform_count *out, char error[512]);

#endif
