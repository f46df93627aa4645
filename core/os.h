/* SPDX-License-Identifier: MIT */
/* os.h - the few things that differ between operating systems. */
#ifndef VANE__OS_H
#define VANE__OS_H

#include <stddef.h>
#include <stdint.h>

uint64_t vane__now_ns(void); /* monotonic; about 22 ns a read */
/* aligned memory; NULL when out. align: a power of two, raised to 64 */
void *vane__alloc(uint64_t bytes, uint64_t align);
void vane__free(void *p);
/* The whole of a small text file (procfs, cgroup) as a string; -1: unreadable. */
int vane__read_text(const char *path, char *out, size_t bytes);
/* The beginning of a text file, as much as there is room for. */
int vane__read_head(const char *path, char *out, size_t bytes);

#endif
