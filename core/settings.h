/* SPDX-License-Identifier: MIT */
/* settings.h - what the operator (environment) and the program (vane_config) wish.
 *
 * The one place that reads the environment. A variable wins over the field beside it;
 * an empty variable counts as unset. Under setuid (secure_getenv) the environment is not
 * read at all. A malformed value is VANE_E_ARGUMENT, in words, not a guess.
 */
#ifndef VANE__SETTINGS_H
#define VANE__SETTINGS_H

#include "log.h"
#include "vane/vane.h"

#define VANE__MAX_THREADS 1024 /* what a wish for threads may name; a pool's capacity */

/* For `vane top` (telemetry/page.h): never, every call, calls while somebody looks. */
enum { VANE__TOP_OFF, VANE__TOP_ALWAYS, VANE__TOP_LOOKED_AT };

typedef struct vane__settings {
    /* owned copies, never NULL; "" is unset */
    char *backend, *prefer, *exclude, *ops, *policy, *plugin_path, *cpu_mask;
    char *stats, *trace, *record, *cache, *optimize;
    int plugin_path_from_env; /* for the report's "source" */
    int no_default_path;
    int allow_empty; /* opening with no backend is a success */
    int repro;
    int load;           /* VANE_LOAD=0: routes do not follow the load of the machine */
    int top;            /* VANE_TOP: VANE__TOP_* */
    int unload;         /* VANE_UNLOAD=1: dlclose at vane_close */
    uint32_t objective; /* vane_objective */
    uint32_t verify;    /* one call in so many is checked against the oracle; 0: none */
    uint32_t threads;   /* 0: the budget decides */
    uint64_t mem_limit; /* bytes of each device's memory; 0: none */
    vane__log log;      /* level from VANE_LOG */
} vane__settings;

/* On failure out is empty, and there is nothing to free. */
/* A variable's text; NULL unset, empty, or under setuid. */
const char *vane__env(const char *name);
vane_status vane__settings_read(const vane_config *config, vane__settings *out);
void vane__settings_free(vane__settings *s);
/* Is name in the comma-separated list? Names may end in '*'. Blanks are skipped. */
int vane__list_has(const char *list, const char *name);
/* The i-th name of the list copied into out (cut to bytes); 0 when there is none. */
int vane__list_at(const char *list, uint32_t i, char *out, size_t bytes);
/* VANE_OPS: the backend asked for op (the first that is named), copied into out; 0 when the
 * text names none. */
int vane__ops_backend(const char *ops, const char *op, char *out, size_t bytes);
/* Does every item of VANE_OPS read op=backend? If not: false, and the first that does not
 * in bad. */
int vane__ops_check(const char *ops, char *bad, size_t bytes);
/* An option of a backend, "VANE_<BACKEND>_<KEY>" in the environment (capitals, '_' for
 * whatever else a name holds); NULL unset. Core's own variables are nobody's options. */
/* "time", "energy" or "" to a vane_objective; 0: it is none of these. */
int vane__objective_parse(const char *text, uint32_t *out);
const char *vane__settings_option(const char *backend, const char *key);

#endif
