/* SPDX-License-Identifier: MIT */
/* hostmem.c - host memory with a count of its holders. */
#include "memory/hostmem.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "os.h"

#define RESERVE_BYTES (UINT64_C(1) << 20) /* from here on straight from the kernel, uncommitted */

static void unmap(vane__hostmem *m)
{
    munmap(m->data, m->bytes);
}

static void give_back(vane__hostmem *m)
{
    vane__free(m->data);
}

vane__hostmem *vane__hostmem_over(void *data, uint64_t bytes, void (*release)(vane__hostmem *m),
                                  void *arg)
{
    vane__hostmem *m = malloc(sizeof *m);
    if (m == NULL)
        return NULL;
    *m = (vane__hostmem){.data = data, .bytes = bytes, .release = release, .arg = arg};
    atomic_init(&m->refs, 1);
    atomic_init(&m->shared, 0);
    atomic_init(&m->changed, 0);
    return m;
}

vane__hostmem *vane__hostmem_new(uint64_t bytes)
{
    int large = bytes >= RESERVE_BYTES;
    void *data = large ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                       : vane__alloc(bytes, 64);
    if (data == NULL || data == MAP_FAILED)
        return NULL;
    vane__hostmem *m = vane__hostmem_over(data, bytes, large ? unmap : give_back, NULL);
    if (m == NULL && large)
        munmap(data, bytes);
    else if (m == NULL)
        vane__free(data);
    return m;
}

vane__hostmem *vane__hostmem_hold(vane__hostmem *m)
{
    atomic_fetch_add(&m->refs, 1);
    return m;
}

void vane__hostmem_drop(vane__hostmem *m)
{
    if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    if (m->release != NULL)
        m->release(m);
    free(m);
}
