/* SPDX-License-Identifier: MIT */
/* keep.c - keeps a failure in files, so that it can be looked at and run again.
 *
 * A folder of the owner's, one below it for each failure. Everything is opened relative to the
 * folder and follows no links; what cannot be written as a whole is taken away again.
 */
#include "policy/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "npy_write.h"
#include "op/tensor.h"

enum { HEAD = 128 + 512 }; /* more than the header of a file, and its share of the text */

static int because(char why[200], const char *what)
{
    snprintf(why, 200, "%s: %s", what, strerror(errno));
    return 0;
}

/* ---- how large ------------------------------------------------------------------------ */

static uint64_t bytes_of(const vane_tensor *t)
{
    return (uint64_t)vane__count(t->rank, t->shape) * vane__dtype_size(t->dtype) + HEAD;
}

static int has_answer(const vane__check *c)
{
    return c->n_pieces == 1 && c->pieces[0].elements == c->of;
}

static uint64_t bytes_needed(const vane__check *c)
{
    uint64_t bytes = bytes_of(&c->out) * (has_answer(c) ? 2 : 1) + HEAD;
    for (uint32_t i = 0; i < c->p.rq.n_in && bytes <= VANE__KEPT_BYTES; i++)
        bytes += bytes_of(&c->in[i]);
    return bytes;
}

static void folder_name(uint32_t i, char out[16])
{
    snprintf(out, 16, "wrong-%02u", i);
}

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Calls visit for every file of a folder; fd is taken over. */
static void each_file(int fd, void (*visit)(int fd, const char *name, uint64_t *sum), uint64_t *sum)
{
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            visit(dirfd(d), e->d_name, sum);
    closedir(d);
}

static void add_size(int fd, const char *name, uint64_t *sum)
{
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *sum += (uint64_t)st.st_size;
}

static void take_away(int fd, const char *name, uint64_t *sum)
{
    (void)sum;
    unlinkat(fd, name, 0);
}

static uint64_t bytes_kept(int dir)
{
    uint64_t sum = 0;
    char name[16];
    for (uint32_t i = 0; i < VANE__KEPT; i++) {
        folder_name(i, name);
        each_file(open_folder(dir, name), add_size, &sum);
    }
    return sum;
}

/* ---- writing -------------------------------------------------------------------------- */

static FILE *create(int folder, const char *name)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (f == NULL && fd >= 0)
        close(fd);
    return f;
}

static int write_tensor(int folder, const char *name, const vane_tensor *t)
{
    FILE *f = create(folder, name);
    if (f == NULL)
        return 0;
    int ok = vane__npy_write(f, t) == 1;
    return fclose(f) == 0 && ok;
}

static int write_outputs(const vane__check *c, int folder, const void *out)
{
    vane_tensor t = c->out;
    t.data = (void *)(uintptr_t)out;
    int ok = write_tensor(folder, "got.npy", &t);
    t.data = c->answers; /* one piece of a dense output is in its order */
    return ok && (!has_answer(c) || write_tensor(folder, "want.npy", &t));
}

static int write_inputs(const vane__check *c, int folder)
{
    int ok = 1;
    char name[24];
    for (uint32_t i = 0; ok && i < c->p.rq.n_in; i++) {
        snprintf(name, sizeof name, "in%u.npy", i);
        ok = write_tensor(folder, name, &c->in[i]);
    }
    return ok;
}

static int write_text(const vane__check *c, int folder, const vane__finding *finding,
                      const char *who, uint32_t width)
{
    FILE *f = create(folder, "readme.txt");
    if (f == NULL)
        return 0;
    vane__keep_text(f, c, finding, who, width);
    int ok = !ferror(f);
    return fclose(f) == 0 && ok;
}

/* ---- the folder ------------------------------------------------------------------------- */

static int new_folder(int dir, char name[16], char why[200])
{
    for (uint32_t i = 0; i < VANE__KEPT; i++) {
        folder_name(i, name);
        if (mkdirat(dir, name, 0700) == 0)
            return 1;
        if (errno != EEXIST)
            return because(why, "cannot make a folder to keep it in");
    }
    snprintf(why, 200, "%d failures are kept already", VANE__KEPT);
    return 0;
}

static int has_room(const vane__check *c, int dir, char why[200])
{
    const uint64_t bytes = bytes_needed(c);
    if (bytes <= VANE__KEPT_BYTES && bytes_kept(dir) <= VANE__KEPT_BYTES - bytes)
        return 1;
    snprintf(why, 200, "its operands are too large to be kept beside what is there (%d MiB in all)",
             (int)(VANE__KEPT_BYTES >> 20));
    return 0;
}

static int fill_folder(const vane__check *c, const void *out, const vane__finding *finding,
                       const char *who, uint32_t width, int dir, const char *name, char why[200])
{
    int folder = open_folder(dir, name);
    int ok = folder >= 0 && write_outputs(c, folder, out) && write_inputs(c, folder) &&
             write_text(c, folder, finding, who, width);
    if (!ok) {
        because(why, "cannot write it");
        each_file(folder, take_away, NULL); /* closes it */
        unlinkat(dir, name, AT_REMOVEDIR);
        return 0;
    }
    close(folder);
    snprintf(why, 200, "%s", name);
    return 1;
}

int vane__check_keep(const vane__check *c, const void *out, const vane__finding *finding,
                     const char *who, uint32_t width, const char *dir, char why[200])
{
    char name[16];
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return because(why, "cannot make the folder to keep it in");
    int fd = open_folder(AT_FDCWD, dir);
    if (fd < 0)
        return because(why, "cannot open the folder to keep it in");
    int ok = has_room(c, fd, why) && new_folder(fd, name, why) &&
             fill_folder(c, out, finding, who, width, fd, name, why);
    close(fd);
    return ok;
}
