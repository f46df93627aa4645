/* SPDX-License-Identifier: MIT */
/* top_find.c - the pages of this user's processes. */
#include "top_find.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "telemetry/page_file.h"

/* A program that another took the place of (exec) has the same number, and the page is not mapped
 * any more. 1 also where that is not to be seen. */
static int is_mapped(uint32_t pid, const char *path)
{
    char maps[64], *line = NULL;
    size_t room = 0;
    int found = 0, any = 0;
    snprintf(maps, sizeof maps, "/proc/%" PRIu32 "/maps", pid);
    FILE *f = fopen(maps, "re");
    const char *name = strrchr(path, '/');
    while (f != NULL && !found && getline(&line, &room, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        size_t length = strlen(line), tail = strlen(name);
        any = 1;
        found = length > tail && strcmp(line + length - tail, name) == 0;
    }
    free(line);
    if (f != NULL)
        fclose(f);
    return found || !any;
}

static int add(top_list *l, const top_entry *e)
{
    if (l->count == l->room) {
        size_t room = l->room * 2 + 16;
        top_entry *more = realloc(l->entries, room * sizeof *more);
        if (more == NULL)
            return 0;
        l->entries = more;
        l->room = room;
    }
    l->entries[l->count++] = *e;
    return 1;
}

static int look_at(top_list *l, int folder, const char *path, const char *name, uint32_t pid)
{
    top_entry e;
    int n = snprintf(e.path, sizeof e.path, "%s/%s", path, name);
    if (n < 0 || (size_t)n >= sizeof e.path || !vane__page_name_read(name, &e.pid, &e.number) ||
        (pid != 0 && e.pid != pid))
        return 1;
    if (vane__page_is_stale(folder, name) || !is_mapped(e.pid, e.path)) {
        unlinkat(folder, name, 0);
        return 1;
    }
    return add(l, &e);
}

static int find_in(const char *path, uint32_t pid, top_list *out)
{
    int fine = 1, folder = vane__page_folder_open(path, 0);
    int own = folder >= 0 ? dup(folder) : -1;
    DIR *all = own >= 0 ? fdopendir(own) : NULL;
    for (struct dirent *e; fine && all != NULL && (e = readdir(all)) != NULL;)
        fine = look_at(out, folder, path, e->d_name, pid);
    if (all != NULL)
        closedir(all);
    else if (own >= 0)
        close(own);
    if (folder >= 0)
        close(folder);
    return fine;
}

static int in_order(const void *a, const void *b)
{
    const top_entry *x = a, *y = b;
    return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid)
                            : (x->number > y->number) - (x->number < y->number);
}

int top_find(uint32_t pid, top_list *out)
{
    char path[200];
    int fine = 1;
    *out = (top_list){NULL, 0, 0};
    for (uint32_t i = 0; fine && i < VANE__PAGE_PLACES; i++)
        if (vane__page_place(i, getenv("XDG_RUNTIME_DIR"), path, sizeof path))
            fine = find_in(path, pid, out);
    if (out->count > 0)
        qsort(out->entries, out->count, sizeof *out->entries, in_order);
    return fine;
}

void top_list_free(top_list *l)
{
    free(l->entries);
    *l = (top_list){NULL, 0, 0};
}

size_t top_processes(const top_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += i == 0 || l->entries[i].pid != l->entries[i - 1].pid;
    return n;
}
