/* SPDX-License-Identifier: MIT */
/* note.h - read a plugin's ELF note from the file, before anything maps it. */
#ifndef VANE__PLUGIN_NOTE_H
#define VANE__PLUGIN_NOTE_H

#include "vane/backend.h"

#define VANE__BACKEND_FLAGS ((uint32_t)VANE_BACKEND_SLOW) /* that this core knows */

/* Parses a file image of bytes length. Total: any input gives a status, and on failure a
 * sentence in why. Reads nothing outside the image. Native class and machine only. */
vane_status vane__note_parse(const void *image, uint64_t bytes, vane_backend_note *out, char *why,
                             size_t why_bytes);
/* The same of a file. */
vane_status vane__note_read(const char *path, vane_backend_note *out, char *why, size_t why_bytes);
/* ABI, CPU bits, sanitizer, name: may this machine and this core load it? */
vane_status vane__note_judge(const vane_backend_note *note, uint64_t cpu_features, char *why,
                             size_t why_bytes);

/* What the loader also needs, to judge the entry like the note. */
const char *vane__sanitizer_name(uint32_t sanitizer); /* never NULL */
int vane__backend_name_valid(const char *name);       /* 1 to 15 of [a-z0-9_-] */
/* "needs avx512f bit-63: ...": the bits of required that features lack. */
void vane__cpu_missing(uint64_t required, uint64_t features, char *why, size_t bytes);

#endif
