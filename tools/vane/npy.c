/* SPDX-License-Identifier: MIT */
/* npy.c - opens a .npy file as a tensor: mapped and used in place wherever that is right. */
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of an element, as the header found it; the counts were checked for overflow there. */
static uint64_t item_bytes(const npy_header *h)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < h->rank; i++)
        count *= (uint64_t)h->shape[i];
    return count ? h->data_bytes / count : 1;
}

static void describe(npy_array *a, void *data)
{
    const npy_header *h = &a->header;
    vane_tensor *t = &a->tensor;
    int64_t stride = 1;
    t->data = data;
    t->dtype = h->dtype;
    t->rank = h->rank;
    for (uint32_t n = 0; n < h->rank; n++) {
        uint32_t i = h->fortran ? n : h->rank - 1 - n;
        t->shape[i] = h->shape[i];
        t->stride[i] = stride;
        stride *= h->shape[i] ? h->shape[i] : 1;
    }
}

static void copy_swapped(unsigned char *to, const unsigned char *from, uint64_t bytes,
                         uint64_t item)
{
    for (uint64_t i = 0; i < bytes; i += item)
        for (uint64_t b = 0; b < item; b++)
            to[i + b] = from[i + item - 1 - b];
}

int npy_view(void *bytes, uint64_t size, npy_array *out, char *why)
{
    memset(out, 0, sizeof *out);
    if (!npy_parse(bytes, size, &out->header, why))
        return 0;
    const npy_header *h = &out->header;
    unsigned char *data = (unsigned char *)bytes + h->data_offset;
    uint64_t item = item_bytes(h);
    if (h->data_bytes && (h->swapped || (uintptr_t)data % item)) {
        /* a multiple of 64, as aligned_alloc wants it; the file is that large, so it fits */
        out->copy = aligned_alloc(64, (size_t)(h->data_bytes + 63) / 64 * 64);
        if (!out->copy) {
            snprintf(why, NPY_WHY, "no memory for a copy of %llu bytes",
                     (unsigned long long)h->data_bytes);
            return 0;
        }
        if (h->swapped)
            copy_swapped(out->copy, data, h->data_bytes, item);
        else
            memcpy(out->copy, data, (size_t)h->data_bytes);
        data = out->copy;
    }
    describe(out, data);
    return 1;
}

static int fail(char *why, const char *what)
{
    snprintf(why, NPY_WHY, "%s: %s", what, strerror(errno));
    return 0;
}

static int map_file(const char *path, npy_array *out, char *why)
{
    struct stat st;
    int ok = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang it */
    if (fd < 0)
        return fail(why, "cannot open it");
    if (fstat(fd, &st)) {
        fail(why, "cannot examine it");
    } else if (!S_ISREG(st.st_mode)) {
        snprintf(why, NPY_WHY, "it is %s; a regular file was expected",
                 S_ISDIR(st.st_mode) ? "a folder" : "a device or pipe");
    } else if (st.st_size == 0) {
        snprintf(why, NPY_WHY, "the file is empty");
    } else {
        out->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        out->map_bytes = (size_t)st.st_size;
        ok = out->map != MAP_FAILED;
        if (!ok) {
            out->map = NULL;
            fail(why, "cannot map it");
        }
    }
    close(fd);
    return ok;
}

int npy_open(const char *path, npy_array *out, char *why)
{
    npy_array file = {0};
    memset(out, 0, sizeof *out);
    if (!map_file(path, &file, why))
        return 0;
    int ok = npy_view(file.map, file.map_bytes, out, why);
    out->map = file.map;
    out->map_bytes = file.map_bytes;
    if (!ok)
        npy_close(out);
    return ok;
}

void npy_close(npy_array *a)
{
    free(a->copy);
    if (a->map)
        munmap(a->map, a->map_bytes);
    memset(a, 0, sizeof *a);
}
