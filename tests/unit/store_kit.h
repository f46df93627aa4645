/* SPDX-License-Identifier: MIT */
/* store_kit.h - for tests of what is kept: a cache folder of the test's own, contexts that learn
 * and keep, and the file as it lies there. */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

#include "dispatch/site.h"
#include "os.h"
#include "policy/hash.h"
#include "policy/store.h"
#include "scratch.h"

static char store_dir[SCRATCH_ROOM], store_path[512];
static int store_lines;      /* of the log, warnings and worse */
static char store_last[512]; /* the last of them */
static float store_a[1 << 16], store_b[1 << 16], store_c[1 << 16];

static inline void store_log(void *arg, int level, const char *line)
{
    (void)arg;
    if (level > VANE_LOG_WARN)
        return;
    store_lines++;
    snprintf(store_last, sizeof store_last, "%s", line);
}

static inline void store_begin(void)
{
    scratch_folder(store_dir);
    for (size_t i = 0; i < sizeof store_a / sizeof store_a[0]; i++) {
        store_a[i] = (float)(i % 7) + 1;
        store_b[i] = (float)(i % 5) + 1;
    }
}

/* Learns, and keeps in the test's folder; the plugins of this build. */
static inline vane_config store_config(void)
{
    vane_config config = kit_config();
    unsetenv("VANE_CACHE");
    config.cache = store_dir;
    config.policy = "adaptive";
    config.exclude = "opencl";
    config.log = store_log;
    return config;
}

static inline vane_context *store_context(void)
{
    vane_config config = store_config();
    vane_context *ctx = NULL;
    GOOD(vane_open(&config, &ctx));
    store_lines = 0; /* a build may have nothing that is excluded */
    store_last[0] = '\0';
    return ctx;
}

static inline vane_status store_add(vane_context *ctx, int64_t n)
{
    vane_tensor a = TENSOR(store_a, VANE_F32, n), b = TENSOR(store_b, VANE_F32, n),
                c = TENSOR(store_c, VANE_F32, n);
    return vane_add(ctx, &a, &b, &c);
}

static inline void store_explain(vane_context *ctx, int64_t n, vane_decision *d)
{
    vane_tensor a = TENSOR(store_a, VANE_F32, n), b = TENSOR(store_b, VANE_F32, n),
                c = TENSOR(store_c, VANE_F32, n);
    const vane_tensor *const in[] = {&a, &b};
    vane_tensor *const out[] = {&c};
    GOOD(vane_explain(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, d));
}

/* Calls until the site knows enough, or for so long that the allowance came back several times:
 * on a busy machine it may be gone at first. */
static inline void store_learn(vane_context *ctx, int64_t n)
{
    vane_decision d = {.struct_size = sizeof d};
    uint64_t end = vane__now_ns() + UINT64_C(60000000000);
    for (int i = 0; vane__now_ns() < end; i++) {
        GOOD(store_add(ctx, n));
        if (i % 16 == 0)
            store_explain(ctx, n, &d);
        if (d.settled)
            return;
    }
    ck_abort_msg("after a minute of calls of %lld it is still not settled", (long long)n);
}

/* The one file of the folder, in store_path; how many there are. */
static inline int store_find(void)
{
    char folder[128];
    int n = 0;
    snprintf(folder, sizeof folder, "%s/learned", store_dir);
    DIR *dir = opendir(folder);
    for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        size_t length = strlen(e->d_name);
        if (length < 8 || strcmp(e->d_name + length - 8, ".learned") != 0)
            continue;
        snprintf(store_path, sizeof store_path, "%s/%s", folder, e->d_name);
        n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* Its bytes, to be freed. */
static inline char *store_load(size_t *bytes)
{
    struct stat s;
    ck_assert_int_eq(store_find(), 1);
    int fd = open(store_path, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &s), 0);
    char *data = malloc((size_t)s.st_size + 1);
    ck_assert_int_eq(read(fd, data, (size_t)s.st_size), s.st_size);
    close(fd);
    *bytes = (size_t)s.st_size;
    return data;
}

static inline void store_put(const char *data, size_t bytes)
{
    int fd = open(store_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
}

static inline vane__records_head *store_head(char *data)
{
    return (vane__records_head *)(void *)data;
}

static inline vane__record *store_records(char *data)
{
    return (vane__record *)(void *)(data + sizeof(vane__records_head));
}

static inline uint32_t store_count(size_t bytes)
{
    return (uint32_t)((bytes - sizeof(vane__records_head)) / sizeof(vane__record));
}

static inline void learn_and_close(int64_t n)
{
    vane_context *ctx = store_context();
    store_learn(ctx, n);
    vane_close(ctx);
}

/* Changes every entry that fits, seals it, and puts the file back. */
static inline uint32_t change(const char *backend, void (*how)(vane__record *r))
{
    size_t bytes;
    uint32_t n = 0;
    char *data = store_load(&bytes);
    for (uint32_t i = 0; i < store_count(bytes); i++) {
        vane__record *r = &store_records(data)[i];
        if (backend != NULL && strcmp(r->backend, backend) != 0)
            continue;
        how(r);
        vane__record_seal(r, store_head(data)->identity);
        n++;
    }
    store_put(data, bytes);
    free(data);
    return n;
}

static char winner[16];

static inline void remember_winner(vane_context *ctx)
{
    vane_decision d = {.struct_size = sizeof d};
    store_explain(ctx, 1000, &d);
    snprintf(winner, sizeof winner, "%s", d.candidates[d.chosen].backend);
}

static inline void another_build(vane__record *r)
{
    r->stamp ^= 2;
    r->key ^= 0x5555; /* its key has the stamp in it */
}

#endif
