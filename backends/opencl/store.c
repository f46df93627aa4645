/* SPDX-License-Identifier: MIT */
/* store.c - cache entries as files, <cache_dir>/opencl/<hash>.bin.
 *
 * A binary is code that will run here: a folder or file that somebody else could have written is
 * not read. An entry is written beside its place and renamed, so that other processes see the old
 * one, the new one or none, never half of one.
 */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define MAX_ENTRY_BYTES (256u << 20)
#define LEFTOVER_SECONDS 3600

int ocl_store_wanted(const vane_host *host)
{
    const char *wish = host->option(host->ctx, "cache");
    return (!wish || strcmp(wish, "0") != 0) && host->option(host->ctx, "cache_dir") != NULL;
}

/* Only this user (or root) can have put there what is there. */
static int is_ours(const struct stat *s)
{
    return (s->st_uid == geteuid() || s->st_uid == 0) && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int folder_of(const vane_host *host, char *out, size_t bytes)
{
    const char *dir = ocl_store_wanted(host) ? host->option(host->ctx, "cache_dir") : NULL;
    if (!dir || dir[0] != '/')
        return 0;
    int n = snprintf(out, bytes, "%s/opencl", dir);
    return n > 0 && (size_t)n < bytes;
}

static int is_trusted(const vane_host *host, const char *folder)
{
    struct stat s;
    if (lstat(folder, &s) != 0)
        return 0;
    if (S_ISDIR(s.st_mode) && is_ours(&s))
        return 1;
    host->log(host->ctx, VANE_LOG_WARN, "%s is not this user's alone: programs are not kept",
              folder);
    return 0;
}

/* Makes the folder and what leads to it, as far as it is not there. */
static void make_folder(char *folder)
{
    for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(folder, 0700);
        *at = '/';
    }
    mkdir(folder, 0700);
}

static int path_of(const char *folder, const char *key, uint64_t key_bytes, char *out, size_t bytes)
{
    char name[OCL_CACHE_NAME_BYTES];
    ocl_cache_name(key, key_bytes, name);
    int n = snprintf(out, bytes, "%s/%s", folder, name);
    return n > 0 && (size_t)n < bytes;
}

/* ---- reading --------------------------------------------------------------------- */

static int read_all(int fd, unsigned char *to, size_t bytes)
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

/* The whole file in the host's memory, or NULL. */
static void *load(const vane_host *host, const char *path, uint64_t *bytes)
{
    struct stat s;
    void *file = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && is_ours(&s) && s.st_size > 0 &&
        s.st_size <= MAX_ENTRY_BYTES)
        file = host->alloc(host->ctx, (uint64_t)s.st_size, 64);
    else
        host->log(host->ctx, VANE_LOG_INFO, "%s is empty or not this user's alone: not read", path);
    if (file && !read_all(fd, file, (size_t)s.st_size)) {
        host->free(host->ctx, file);
        file = NULL;
    }
    *bytes = file ? (uint64_t)s.st_size : 0;
    close(fd);
    return file;
}

int ocl_store_read(const vane_host *host, const char *key, uint64_t key_bytes, ocl_entry *out)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    uint64_t bytes;
    if (!folder_of(host, folder, sizeof folder) || !is_trusted(host, folder) ||
        !path_of(folder, key, key_bytes, path, sizeof path))
        return 0;
    *out = (ocl_entry){.file = load(host, path, &bytes)};
    if (!out->file)
        return 0;
    ocl_cache_verdict v =
        ocl_cache_parse(out->file, bytes, key, key_bytes, &out->binary, &out->binary_bytes);
    if (v == OCL_CACHE_OK)
        return 1;
    host->log(host->ctx, VANE_LOG_WARN, "%s: %s; the program is built anew", path,
              ocl_cache_verdict_text(v));
    host->free(host->ctx, out->file);
    return 0;
}

/* ---- writing --------------------------------------------------------------------- */

static int write_all(int fd, const void *from, uint64_t bytes)
{
    const char *p = from;
    while (bytes > 0) {
        ssize_t n = write(fd, p, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        p += n;
        bytes -= (uint64_t)n;
    }
    return 1;
}

static int write_entry(int fd, const char *key, uint64_t key_bytes, const void *binary,
                       uint64_t binary_bytes)
{
    unsigned char header[OCL_CACHE_HEADER_BYTES];
    ocl_cache_header(key, key_bytes, binary, binary_bytes, header);
    int good = write_all(fd, header, sizeof header) && write_all(fd, key, key_bytes) &&
               write_all(fd, binary, binary_bytes);
    return close(fd) == 0 && good;
}

/* What a process that was killed left beside the entries; younger ones may still be written. */
static void clear_leftovers(const char *folder)
{
    DIR *dir = opendir(folder);
    struct stat s;
    if (!dir)
        return;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        const size_t n = strlen(e->d_name);
        if (n > 4 && strcmp(e->d_name + n - 4, ".new") == 0 &&
            fstatat(dirfd(dir), e->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode) &&
            time(NULL) - s.st_mtime > LEFTOVER_SECONDS)
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
}

void ocl_store_write(const vane_host *host, const char *key, uint64_t key_bytes, const void *binary,
                     uint64_t binary_bytes)
{
    char folder[PATH_BYTES], path[PATH_BYTES], beside[PATH_BYTES + 64];
    if (!folder_of(host, folder, sizeof folder))
        return;
    make_folder(folder);
    if (!is_trusted(host, folder) || !path_of(folder, key, key_bytes, path, sizeof path))
        return;
    clear_leftovers(folder);
    snprintf(beside, sizeof beside, "%s.%ld.%llx.new", path, (long)getpid(),
             (unsigned long long)host->now_ns(host->ctx));
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (!write_entry(fd, key, key_bytes, binary, binary_bytes) || rename(beside, path) != 0) {
        host->log(host->ctx, VANE_LOG_INFO, "%s cannot be written: %s", path, strerror(errno));
        unlink(beside);
    }
}
