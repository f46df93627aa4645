/* SPDX-License-Identifier: MIT */
/* file.c - files that telemetry leaves behind. */
#include "telemetry/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int vane__file_write(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        bytes += n;
        count -= (size_t)n;
    }
    return 1;
}

static int failed(const char *path, char *why, size_t room)
{
    snprintf(why, room, "%.200s: %s", path, strerror(errno));
    return 0;
}

/* ---- replaced ------------------------------------------------------------------------- */

static int write_into(const char *path, const char *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    int done = vane__file_write(fd, bytes, count), error = errno;
    close(fd);
    errno = error;
    return done;
}

/* In the file's own folder, so that one rename puts it in place. */
static int write_beside(const char *path, mode_t mode, const char *bytes, size_t count)
{
    char beside[PATH_MAX];
    int n = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof beside) {
        errno = ENAMETOOLONG;
        return 0;
    }
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return 0;
    int done = fchmod(fd, mode) == 0 && vane__file_write(fd, bytes, count);
    int error = errno;
    done = close(fd) == 0 && done && rename(beside, path) == 0;
    if (!done) {
        error = error ? error : errno;
        unlink(beside);
    }
    errno = error;
    return done;
}

int vane__file_replace(const char *path, const char *bytes, size_t count, char *why, size_t room)
{
    struct stat s;
    char real[PATH_MAX];
    errno = 0;
    if (stat(path, &s) != 0)
        return write_beside(path, 0600, bytes, count) || failed(path, why, room);
    if (!S_ISREG(s.st_mode))
        return write_into(path, bytes, count) || failed(path, why, room);
    if (realpath(path, real) == NULL) /* a link stays one */
        return failed(path, why, room);
    errno = 0;
    return write_beside(real, s.st_mode & 0777, bytes, count) || failed(path, why, room);
}

/* ---- written on and on ---------------------------------------------------------------- */

static int open_alone(const char *path)
{
    struct stat s;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &s) == 0 && !S_ISREG(s.st_mode))
        return fd;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int vane__file_claim(const char *path, char *name, size_t name_room, char *why, size_t room)
{
    for (int i = 0; i < 100; i++) {
        int n = i == 0   ? snprintf(name, name_room, "%s", path)
                : i == 1 ? snprintf(name, name_room, "%s.%d", path, (int)getpid())
                         : snprintf(name, name_room, "%s.%d.%d", path, (int)getpid(), i);
        errno = ENAMETOOLONG;
        int fd = n < 0 || (size_t)n >= name_room ? -1 : open_alone(name);
        if (fd >= 0)
            return fd;
        if (errno != EWOULDBLOCK)
            break;
    }
    failed(path, why, room);
    return -1;
}
