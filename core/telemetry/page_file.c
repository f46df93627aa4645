/* SPDX-License-Identifier: MIT */
/* page_file.c - the folder of pages, their names, and those of processes that are gone. */
#include "telemetry/page_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telemetry/page.h"
#include "telemetry/proc.h"

/* ---- the folder ------------------------------------------------------------------------- */

int vane__page_place(uint32_t place, const char *runtime, char *out, size_t bytes)
{
    int n = -1;
    if (place == 0 && runtime != NULL && runtime[0] == '/')
        n = snprintf(out, bytes, "%s/vane", runtime);
    else if (place == 1)
        n = snprintf(out, bytes, "/tmp/vane-%u", (unsigned)geteuid());
    return n > 0 && (size_t)n < bytes;
}

int vane__page_folder_open(const char *path, int make)
{
    struct stat s;
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &s) == 0 && s.st_uid == geteuid() && (s.st_mode & 077) == 0)
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

/* ---- names ------------------------------------------------------------------------------ */

void vane__page_name(uint32_t pid, uint32_t number, char out[24])
{
    snprintf(out, 24, "%" PRIu32 "-%" PRIu32, pid, number);
}

/* Digits without a leading zero, below 2^31. */
static int take_number(const char **at, uint32_t *out)
{
    uint64_t value = 0;
    const char *p = *at;
    if (*p < '1' || *p > '9')
        return 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > INT32_MAX)
            return 0;
    }
    *at = p;
    *out = (uint32_t)value;
    return 1;
}

int vane__page_name_read(const char *name, uint32_t *pid, uint32_t *number)
{
    return take_number(&name, pid) && *name++ == '-' && take_number(&name, number) &&
           *name == '\0' && *number <= VANE__PAGE_MOST;
}

/* ---- processes -------------------------------------------------------------------------- */

/* Not by os.h, which the vane command does not have. */
static int read_stat(uint32_t pid, char *out, size_t bytes)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, out, bytes - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

uint64_t vane__page_started(uint32_t pid)
{
    char text[1024];
    uint64_t ticks;
    return read_stat(pid, text, sizeof text) && vane__proc_started(text, &ticks) ? ticks : 0;
}

uint64_t vane__page_pid_space(void)
{
    struct stat s;
    return stat("/proc/self/ns/pid", &s) == 0 ? s.st_ino : 0;
}

/* As far as this process can know. */
static int is_gone(uint32_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static int is_another(const vane__page_head *h)
{
    uint64_t started = vane__page_started(h->pid);
    return started == 0 ? is_gone(h->pid) || vane__page_started((uint32_t)getpid()) > 0
                        : h->started_ticks != 0 && started != h->started_ticks;
}

int vane__page_is_stale(int folder, const char *name)
{
    vane__page_head h;
    uint32_t pid, number;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || !vane__page_name_read(name, &pid, &number)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    ssize_t n = pread(fd, &h, sizeof h, 0);
    close(fd);
    if (n != (ssize_t)sizeof h || h.magic != VANE__PAGE_MAGIC || h.pid != pid)
        return is_gone(pid); /* it was being made, or is no page */
    uint64_t space = vane__page_pid_space();
    return space != 0 && space == h.pid_space && is_another(&h);
}

void vane__page_sweep(int folder, uint32_t most)
{
    int own = dup(folder);
    DIR *all = own >= 0 ? fdopendir(own) : NULL;
    if (all == NULL) {
        if (own >= 0)
            close(own);
        return;
    }
    rewinddir(all);
    for (struct dirent *e = readdir(all); e != NULL && most > 0; e = readdir(all), most--)
        if (vane__page_is_stale(folder, e->d_name))
            unlinkat(folder, e->d_name, 0);
    closedir(all);
}
