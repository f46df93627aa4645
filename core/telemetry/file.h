/* SPDX-License-Identifier: MIT */
/* file.h - files that telemetry leaves behind: replaced as a whole, or written on and on. */
#ifndef VANE__TELEMETRY_FILE_H
#define VANE__TELEMETRY_FILE_H

#include <stddef.h>

/* The file has the old content or all of the new, never half of it, also for those who read it
 * meanwhile. A new one is for its owner alone, an old one keeps its mode; what is no regular file
 * (/dev/stdout, a pipe) is written to. 0 and why: nothing changed. */
int vane__file_replace(const char *path, const char *bytes, size_t count, char *why, size_t room);

/* Empties or makes the file for one writer, and returns its descriptor. Where somebody else writes
 * to it (another context, another process), "<path>.<pid>", "<path>.<pid>.2" and so on; name gets
 * which. -1 and why. */
int vane__file_claim(const char *path, char *name, size_t name_room, char *why, size_t room);

/* All of it; 0 and errno: not all. */
int vane__file_write(int fd, const char *bytes, size_t count);

#endif
