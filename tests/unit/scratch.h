/* SPDX-License-Identifier: MIT */
/* scratch.h - where a test program writes: a folder of its own, below TMPDIR.
 *
 * Tests run in children, whose teardown is left out when they fail. So the folder is the
 * program's, made before the first child and removed after the last one.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRATCH_ROOM = 96 };

static char scratch_root[SCRATCH_ROOM - 8];
static pid_t scratch_owner;

__attribute__((constructor)) static void scratch_begin(void)
{
    const char *tmp = getenv("TMPDIR");
    const int fits = tmp && *tmp && strlen(tmp) + sizeof "/vane-test-XXXXXX" <= sizeof scratch_root;
    snprintf(scratch_root, sizeof scratch_root, "%s/vane-test-XXXXXX", fits ? tmp : "/tmp");
    scratch_owner = mkdtemp(scratch_root) ? getpid() : -1;
}

__attribute__((destructor)) static void scratch_end(void)
{
    char command[2 * SCRATCH_ROOM + 40];
    if (getpid() != scratch_owner)
        return;
    snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", scratch_root,
             scratch_root);
    if (system(command) != 0)
        fprintf(stderr, "%s is left behind\n", scratch_root);
}

/* A new folder in it. */
static inline void scratch_folder(char out[SCRATCH_ROOM])
{
    snprintf(out, SCRATCH_ROOM, "%s/XXXXXX", scratch_root);
    ck_assert_ptr_nonnull(mkdtemp(out));
}

/* A new file in it, open. */
static inline int scratch_file(char out[SCRATCH_ROOM])
{
    snprintf(out, SCRATCH_ROOM, "%s/XXXXXX", scratch_root);
    int fd = mkstemp(out);
    ck_assert_int_ge(fd, 0);
    return fd;
}

#endif
