/* SPDX-License-Identifier: MIT */
/* store_file.c - reads and replaces the file of what was learned.
 *
 * A folder or file that somebody else could have written is not read. The file is written beside
 * its place and renamed, under a lock that nobody waits for long: readers see the old one or the
 * new one, and of two processes neither loses what the other learned.
 */
#include "policy/store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "policy/index.h"

#define FILE_BYTES (sizeof(vane__records_head) + VANE__RECORDS_MAX * sizeof(vane__record))
#define TRY_NS 5000000L
#define LEFTOVER_S 3600

/* ---- the folder -------------------------------------------------------------------------- */

/* Only this user (or root) can have put there what is there. */
static int is_ours(const struct stat *s)
{
    return (s->st_uid == geteuid() || s->st_uid == 0) && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static void make_folder(const char *folder)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path)
        return;
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    mkdir(path, 0700);
}

/* -1: there is none, or one that is not ours, which is said. */
static int open_folder(const vane__store_place *p, int level)
{
    struct stat s;
    int fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &s) == 0 && is_ours(&s))
        return fd;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR && errno != EACCES))
        vane__log_line(p->log, level, "%s is not this user's alone: nothing is kept in it",
                       p->folder);
    return -1;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int read_all(int fd, char *to, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        ssize_t n = read(fd, to + at, bytes - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        at += (size_t)n;
    }
    return 1;
}

/* What kind of file may be read; else the reason. */
static const char *refusal(int fd, struct stat *s)
{
    if (fstat(fd, s) != 0)
        return strerror(errno);
    if (!S_ISREG(s->st_mode))
        return "it is no file";
    if (!is_ours(s))
        return "others may write it";
    if (s->st_size < (off_t)sizeof(vane__records_head))
        return "it is cut short";
    return s->st_size > (off_t)FILE_BYTES ? "it is too large" : NULL;
}

/* Fresh memory in one go: a fault for each page would cost more than reading. Where the system
 * knows no such wish, it comes page by page. */
static void *room_for(size_t bytes)
{
    char *p = malloc(bytes);
#ifdef MADV_POPULATE_WRITE
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)p + page - 1) / page * page,
              to = ((uintptr_t)p + bytes) / page * page;
    if (p != NULL && from < to)
        madvise((void *)from, to - from, MADV_POPULATE_WRITE);
#endif
    return p;
}

/* NULL: nothing to be read; why is NULL when there is simply no file. */
static void *load(int folder, const char *name, uint64_t *bytes, const char **why)
{
    struct stat s;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    *why = fd < 0 && errno != ENOENT ? strerror(errno) : NULL;
    if (fd < 0)
        return NULL;
    *why = refusal(fd, &s);
    void *file = *why == NULL ? room_for((size_t)s.st_size) : NULL;
    if (file != NULL && !read_all(fd, file, (size_t)s.st_size)) {
        *why = "it cannot be read";
        free(file);
        file = NULL;
    }
    close(fd);
    *bytes = file != NULL ? (uint64_t)s.st_size : 0;
    return file;
}

static int read_in(const vane__store_place *p, int folder, uint64_t now_s, int level, void **file,
                   vane__records *out)
{
    uint64_t bytes;
    const char *why;
    *out = (vane__records){0};
    *file = load(folder, p->name, &bytes, &why);
    if (*file != NULL) {
        vane__records_verdict v = vane__records_parse(*file, bytes, p->identity, now_s, out);
        why = v != VANE__RECORDS_OK ? vane__records_verdict_text(v) : NULL;
    }
    if (why != NULL)
        vane__log_line(p->log, level, "%s/%s: %s; what was learned before is not used", p->folder,
                       p->name, why);
    else if (out->dropped > 0)
        vane__log_line(p->log, level, "%s/%s: %u of its entries make no sense and are not used",
                       p->folder, p->name, out->dropped);
    if (why != NULL) {
        free(*file);
        *file = NULL;
    }
    return *file != NULL;
}

int vane__store_read(const vane__store_place *p, uint64_t now_s, void **file, vane__records *out)
{
    *file = NULL;
    *out = (vane__records){0};
    int folder = open_folder(p, VANE_LOG_WARN);
    if (folder < 0)
        return 0;
    int there = read_in(p, folder, now_s, VANE_LOG_WARN, file, out);
    close(folder);
    return there;
}

/* ---- merging ----------------------------------------------------------------------------- */

/* mine comes later, and is the newer of equals. */
static uint32_t join(vane__record *all, uint32_t n, const vane__record *mine, uint32_t n_mine)
{
    vane__index x;
    if (!vane__index_open(&x, n + n_mine))
        return 0;
    uint32_t before = n;
    n = 0;
    for (uint32_t i = 0; i < before + n_mine; i++) {
        vane__record r = i < before ? all[i] : mine[i - before];
        vane__record *there = vane__index_find(&x, all, r.key);
        if (there != NULL && r.when_s >= there->when_s)
            *there = r;
        if (there != NULL)
            continue;
        all[n] = r;
        n += (uint32_t)vane__index_add(&x, all, n);
    }
    vane__index_close(&x);
    return n;
}

static int newest_first(const void *a, const void *b)
{
    const vane__record *x = a, *y = b;
    return x->when_s != y->when_s ? (x->when_s < y->when_s ? 1 : -1)
                                  : (x->key > y->key) - (x->key < y->key);
}

/* All that the file should hold, to be freed; NULL: out of memory. */
static vane__record *merged(const vane__records *old, const vane__record *mine, uint32_t n,
                            uint64_t identity, uint32_t *count)
{
    vane__record *all = malloc(((size_t)old->count + n) * sizeof *all);
    if (all == NULL)
        return NULL;
    if (old->count > 0)
        memcpy(all, old->list, old->count * sizeof *all);
    *count = join(all, old->count, mine, n);
    if (*count > VANE__RECORDS_MAX) {
        qsort(all, *count, sizeof *all, newest_first);
        *count = VANE__RECORDS_MAX;
    }
    for (uint32_t i = 0; i < *count; i++)
        vane__record_seal(&all[i], identity);
    return all;
}

/* ---- writing ----------------------------------------------------------------------------- */

static int write_all(int fd, const void *from, size_t bytes)
{
    const char *p = from;
    while (bytes > 0) {
        ssize_t n = write(fd, p, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        p += n;
        bytes -= (size_t)n;
    }
    return 1;
}

static int replace(const vane__store_place *p, int folder, const vane__record *all, uint32_t n)
{
    char beside[128];
    vane__records_head head;
    vane__records_head_fill(&head, p->identity, p->text, n);
    snprintf(beside, sizeof beside, "%s.%ld.%llx.new", p->name, (long)getpid(),
             (unsigned long long)vane__now_ns());
    int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int good = fd >= 0 && write_all(fd, &head, sizeof head) && write_all(fd, all, n * sizeof *all);
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (good && renameat(folder, beside, folder, p->name) == 0)
        return 1;
    vane__log_line(p->log, VANE_LOG_DEBUG, "%s/%s cannot be written: %s", p->folder, p->name,
                   strerror(errno));
    unlinkat(folder, beside, 0);
    return 0;
}

/* Held until it is closed; the child of a fork closes its copy, which does not unlock. */
static int take_lock(const vane__store_place *p, int folder, uint32_t patience)
{
    struct stat s;
    int fd = openat(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
        for (uint32_t i = 0; i <= patience; i++) {
            if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                atomic_store(p->lock, fd);
                return 1;
            }
            if (i < patience)
                nanosleep(&(struct timespec){.tv_nsec = TRY_NS}, NULL);
        }
    if (fd >= 0)
        close(fd);
    return 0;
}

static void drop_lock(const vane__store_place *p)
{
    int fd = atomic_exchange(p->lock, -1);
    flock(fd, LOCK_UN); /* also for copies that children have */
    close(fd);
}

/* ---- other files -------------------------------------------------------------------------- */

static int ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* Counts the others' files; the oldest is named. What killed processes left goes. */
static uint32_t look_around(const vane__store_place *p, int folder, char oldest[256])
{
    uint32_t n = 0;
    time_t first = 0;
    struct stat s;
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (dir == NULL && copy >= 0)
        close(copy);
    for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        if (fstatat(copy, e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(s.st_mode))
            continue;
        if (ends_with(e->d_name, ".new") && time(NULL) - s.st_mtime > LEFTOVER_S)
            unlinkat(copy, e->d_name, 0);
        if (!ends_with(e->d_name, ".learned") || strcmp(e->d_name, p->name) == 0)
            continue;
        if (n++ == 0 || s.st_mtime < first) {
            first = s.st_mtime;
            snprintf(oldest, 256, "%s", e->d_name);
        }
    }
    if (dir)
        closedir(dir);
    return n;
}

uint32_t vane__store_others(const vane__store_place *p)
{
    char oldest[256];
    int folder = open_folder(p, VANE_LOG_DEBUG);
    uint32_t n = folder >= 0 ? look_around(p, folder, oldest) : 0;
    if (folder >= 0)
        close(folder);
    return n;
}

/* Each new build of libvane begins a file: they are not to pile up. */
static void tidy(const vane__store_place *p, int folder)
{
    char oldest[256];
    for (uint32_t n = look_around(p, folder, oldest); n > VANE__STORE_FILES; n--)
        if (unlinkat(folder, oldest, 0) != 0 || look_around(p, folder, oldest) == 0)
            return;
}

/* ---- the steps ------------------------------------------------------------------------------ */

static int merge_locked(const vane__store_place *p, int folder, uint64_t now_s,
                        const vane__record *mine, uint32_t n)
{
    void *file;
    vane__records old;
    uint32_t count = 0;
    int there = read_in(p, folder, now_s, VANE_LOG_DEBUG, &file, &old);
    vane__record *all = merged(&old, mine, n, p->identity, &count);
    int good = all != NULL && count > 0 && replace(p, folder, all, count);
    if (good && !there)
        tidy(p, folder);
    free(all);
    free(file);
    return good;
}

int vane__store_merge(const vane__store_place *p, uint64_t now_s, const vane__record *mine,
                      uint32_t n, uint32_t patience)
{
    int good = 0;
    make_folder(p->folder);
    int folder = open_folder(p, VANE_LOG_DEBUG);
    if (folder < 0) {
        vane__log_line(p->log, VANE_LOG_DEBUG, "%s cannot be used: nothing is kept", p->folder);
        return 0;
    }
    if (take_lock(p, folder, patience)) {
        good = merge_locked(p, folder, now_s, mine, n);
        drop_lock(p);
    }
    close(folder);
    return good;
}

int vane__store_remove(const vane__store_place *p)
{
    int folder = open_folder(p, VANE_LOG_WARN);
    if (folder < 0)
        return errno == ENOENT;
    int good = unlinkat(folder, p->name, 0) == 0 || errno == ENOENT;
    close(folder);
    return good;
}
