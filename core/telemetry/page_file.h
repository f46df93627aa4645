/* SPDX-License-Identifier: MIT */
/* page_file.h - where pages are, what they are called, and whose process is gone. The library and
 * the vane command both look here.
 *
 * "<pid>-<number>" in $XDG_RUNTIME_DIR/vane or, lacking that, in /tmp/vane-<uid>: a folder of this
 * user and nobody else (0700), no link; else it is not used.
 */
#ifndef VANE__TELEMETRY_PAGE_FILE_H
#define VANE__TELEMETRY_PAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { VANE__PAGE_PLACES = 2, VANE__PAGE_MOST = 64 }; /* pages of one process */

/* The path of a place in its order; 0: it is none. runtime: $XDG_RUNTIME_DIR, or NULL. */
int vane__page_place(uint32_t place, const char *runtime, char *out, size_t bytes);
/* The folder, made if that is asked for; -1 and errno: there is none that may be used (EPERM: it
 * is not this user's alone). */
int vane__page_folder_open(const char *path, int make);

void vane__page_name(uint32_t pid, uint32_t number, char out[24]);
/* 0: it is no page's. */
int vane__page_name_read(const char *name, uint32_t *pid, uint32_t *number);

/* When the process began, in ticks since boot; 0: unknown. */
uint64_t vane__page_started(uint32_t pid);
uint64_t vane__page_pid_space(void); /* 0: unknown */

/* Is the process gone that made this page? Not when that cannot be known from here. */
int vane__page_is_stale(int folder, const char *name);
/* Removes pages of processes that are gone; looks at so many names. */
void vane__page_sweep(int folder, uint32_t most);

#endif
