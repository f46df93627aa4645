/* SPDX-License-Identifier: MIT */
/* search.h - where plugins are looked for, and which places are to be trusted. */
#ifndef VANE__PLUGIN_SEARCH_H
#define VANE__PLUGIN_SEARCH_H

#include <sys/stat.h>

#include "vane/vane.h"

/* Hands every plugin file of the search path to vane__loader_found, in order; each folder
 * tried is a report line. */
void vane__search_run(vane_context *ctx);
/* May code be run from this file? It, and the folder it is in, must belong to root or to
 * the user and be writable by nobody else (the folder may be sticky, like /tmp). path is
 * absolute, st is the file's. VANE_PLUGIN_ALLOW_INSECURE=1 answers yes. */
vane_status vane__search_trust(const char *path, const struct stat *st, char *why,
                               size_t why_bytes);
/* The folder that VANE_CACHE (wish) names, or else $XDG_CACHE_HOME/vane or ~/.cache/vane; not
 * created. NULL: "0", or no home. The caller frees. */
char *vane__search_cache_dir(const char *wish);

#endif
