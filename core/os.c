/* SPDX-License-Identifier: MIT */
/* os.c - clock, aligned memory and small files, for Linux and other POSIX systems. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MIN_ALIGN 64 /* a cache line, and the widest vector */

uint64_t vane__now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void *vane__alloc(uint64_t bytes, uint64_t align)
{
    if (align < MIN_ALIGN)
        align = MIN_ALIGN;
    if ((align & (align - 1)) != 0 || align > SIZE_MAX / 2 || bytes > SIZE_MAX / 2)
        return NULL;
    void *p = NULL;
    if (posix_memalign(&p, (size_t)align, bytes ? (size_t)bytes : 1) != 0)
        return NULL;
    return p;
}

void vane__free(void *p)
{
    free(p);
}

/* Reads up to the end or up to bytes; -1 on an error. */
static ssize_t read_all(int fd, char *out, size_t bytes)
{
    size_t used = 0;
    while (used < bytes) {
        ssize_t got = read(fd, out + used, bytes - used);
        if (got == 0)
            break;
        if (got > 0)
            used += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)used;
}

/* Fills out, which may be too short for all of it; -1: unreadable. */
static ssize_t read_file(const char *path, char *out, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t used = read_all(fd, out, bytes);
    close(fd);
    return used;
}

/* A file that does not fit counts as unreadable: half a number is a wrong number. */
int vane__read_text(const char *path, char *out, size_t bytes)
{
    if (bytes == 0)
        return -1;
    ssize_t used = read_file(path, out, bytes);
    int whole = used >= 0 && (size_t)used < bytes;
    out[whole ? used : 0] = '\0';
    return whole ? 0 : -1;
}

int vane__read_head(const char *path, char *out, size_t bytes)
{
    if (bytes == 0)
        return -1;
    ssize_t used = read_file(path, out, bytes - 1);
    out[used > 0 ? used : 0] = '\0';
    return used < 0 ? -1 : 0;
}
