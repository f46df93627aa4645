/* SPDX-License-Identifier: MIT */
/* npy_save.c - a tensor as a .npy file, whole or not at all. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "npy.h"
#include "npy_write.h"

static int fail(char *why, const char *what)
{
    snprintf(why, NPY_WHY, "%s: %s", what, strerror(errno));
    return 0;
}

static int write_to(FILE *f, const vane_tensor *t, char *why)
{
    const int ok = vane__npy_write(f, t);
    if (ok < 0)
        snprintf(why, NPY_WHY, "the tensor's data type or rank is invalid");
    if (fclose(f) || !ok)
        return ok < 0 ? 0 : fail(why, "writing failed");
    return ok > 0;
}

/* mkstemp makes files for their owner only; the result gets what the umask would give. */
static int set_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask);
}

static int write_renamed(const char *path, const vane_tensor *t, char *why)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return snprintf(why, NPY_WHY, "its name is too long"), 0;
    int fd = mkstemp(temporary);
    if (fd < 0)
        return fail(why, "cannot create a file beside it");
    FILE *f = fdopen(fd, "wb");
    int ok = f && !set_mode(fd);
    if (!ok) {
        fail(why, "cannot write it");
        if (f)
            fclose(f);
        else
            close(fd);
    } else {
        ok = write_to(f, t, why);
    }
    if (ok && rename(temporary, path))
        ok = fail(why, "cannot rename the new file to it");
    if (!ok)
        unlink(temporary);
    return ok;
}

int npy_save(const char *path, const vane_tensor *t, char *why)
{
    struct stat st;
    char real[PATH_MAX];
    if (stat(path, &st)) /* new, or a link to nothing */
        return write_renamed(path, t, why);
    if (S_ISREG(st.st_mode)) /* a link stays a link: what it names is replaced */
        return write_renamed(realpath(path, real) ? real : path, t, why);
    if (S_ISDIR(st.st_mode))
        return errno = EISDIR, fail(why, "cannot write it");
    FILE *f = fopen(path, "wb");
    return f ? write_to(f, t, why) : fail(why, "cannot open it");
}
