/* SPDX-License-Identifier: MIT */
/* top_find.h - the pages of this user's processes. */
#ifndef VANE_TOOL_TOP_FIND_H
#define VANE_TOOL_TOP_FIND_H

#include <stddef.h>
#include <stdint.h>

typedef struct top_entry {
    uint32_t pid, number;
    char path[256];
} top_entry;

typedef struct top_list {
    top_entry *entries; /* by pid, then number */
    size_t count, room;
} top_list;

/* Those of one process, or (0) of all. Pages of processes that are gone are removed. 0: no memory.
 */
int top_find(uint32_t pid, top_list *out);
void top_list_free(top_list *l);
/* How many processes they are of. */
size_t top_processes(const top_list *l);

#endif
