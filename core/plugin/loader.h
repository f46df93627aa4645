/* SPDX-License-Identifier: MIT */
/* loader.h - what the files of this folder say to each other about one plugin. */
#ifndef VANE__PLUGIN_LOADER_H
#define VANE__PLUGIN_LOADER_H

#include "plugin/registry.h"

enum { VANE__WHY_BYTES = 512 }; /* a verdict's sentence */

/* One file, from stat to open; always one report line. Routes are the caller's to renew.
 * found: by the search, where a slow one is put among the deferred. open: now; why gets the
 * line's sentence. */
void vane__loader_found(vane_context *ctx, const char *path, const char *source);
vane_status vane__loader_open(vane_context *ctx, const char *path, const char *source, char *why,
                              size_t why_bytes);
/* The entry in memory, judged like a note: magic, size, sanitizer, CPU bits, name, table. */
vane_status vane__loader_judge(const vane_backend_entry *entry, uint64_t cpu_features, char *why,
                               size_t why_bytes);
/* Does the user want a backend of this name? If not: the status, and the sentence. */
vane_status vane__loader_wanted(vane_context *ctx, const char *name, char *why, size_t why_bytes);

/* registry.c: makes a judged entry a backend: table, open, devices. Writes one sentence to
 * why in any case. Takes over dl on success only. */
vane_status vane__registry_adopt(vane_context *ctx, const vane_backend_entry *entry, void *dl,
                                 const char *path, const char *source, char *why, size_t why_bytes);
/* device.c: every device that opens; left_out counts the others. On failure, in words: none. */
vane_status vane__devices_open(vane__backend *b, const char *source, uint32_t *left_out, char *why,
                               size_t why_bytes);
void vane__devices_close(vane__backend *b);
/* "open failed: " and what the plugin just said, or what status means. Returns status. */
vane_status vane__plugin_said(const char *what, vane_status status, char *why, size_t why_bytes);
/* vtable.c: the first entry that a device with its own memory needs and a filled table
 * lacks; NULL: none. */
/* Has it queue_mark, queue_open_untimed? */
int vane__vtable_marks(const vane_backend_vt *vt);
int vane__vtable_untimed(const vane_backend_vt *vt);
const char *vane__vtable_missing(const vane_backend_vt *vt);

#endif
