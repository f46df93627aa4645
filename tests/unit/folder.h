/* SPDX-License-Identifier: MIT */
/* folder.h - a made-up machine: a folder with the files that /proc and /sys would have. */
#ifndef FOLDER_H
#define FOLDER_H

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

static char root[SCRATCH_ROOM];

static inline void make_root(void)
{
    scratch_folder(root);
}

/* Writes a file under root, with the folders that it needs. Readers see the old or the new. */
static inline void put(const char *name, const char *text)
{
    char path[2 * PATH_MAX], next[2 * PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    snprintf(next, sizeof next, "%s.next", path);
    FILE *f = fopen(next, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(rename(next, path), 0);
}

static inline void take_away(const char *name)
{
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    ck_assert_int_eq(remove(path), 0);
}

#endif
