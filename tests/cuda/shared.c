/* SPDX-License-Identifier: MIT */
/* shared.c - the shared memory of a block: one array for each place that declares one, filled with
 * NaN, with guards on both sides. */
#include <string.h>

#include "block_own.h"

enum { GUARD = EMU_GUARD, GUARD_BYTE = 0x5a, FRESH_BYTE = 0xff };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHARED_ASAN 1
#endif
#endif
#if defined(SHARED_ASAN) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

void emu_shared_begin(emu_block *b)
{
    if (b->n_arrays > 0) /* of a block that failed */
        ASAN_UNPOISON_MEMORY_REGION(b->shared, EMU_SHARED_ROOM);
    b->n_arrays = 0;
    b->shared_used = 0;
}

static void *make(emu_block *b, const void *site, size_t bytes, const char *where)
{
    const size_t room = (bytes + 63) & ~(size_t)63;
    if (b->n_arrays == EMU_ARRAYS || b->shared_used + bytes > EMU_SHARED_BYTES)
        emu_fault("%s: %zu bytes more than the 48 KiB of a block's shared memory", where,
                  b->shared_used + bytes - EMU_SHARED_BYTES);
    const size_t at = b->shared_used + (2 * b->n_arrays + 1) * (size_t)GUARD;
    unsigned char *p = b->shared + at;
    memset(p - GUARD, GUARD_BYTE, GUARD);
    memset(p, FRESH_BYTE, bytes);
    memset(p + bytes, GUARD_BYTE, room - bytes + GUARD);
    ASAN_POISON_MEMORY_REGION(p - GUARD, GUARD);
    ASAN_POISON_MEMORY_REGION(p + bytes, room - bytes + GUARD);
    b->array[b->n_arrays++] = (emu_array){site, where, bytes, at};
    b->shared_used += room;
    return p;
}

void *emu_shared(const void *site, size_t bytes, const char *where)
{
    emu_block *b = emu_here;
    for (unsigned i = 0; i < b->n_arrays; i++)
        if (b->array[i].site == site)
            return b->shared + b->array[i].at;
    return make(b, site, bytes, where);
}

static int guard_kept(const unsigned char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (p[i] != GUARD_BYTE)
            return 0;
    return 1;
}

const char *emu_shared_end(emu_block *b)
{
    for (unsigned i = 0; i < b->n_arrays; i++) {
        const emu_array *a = &b->array[i];
        unsigned char *p = b->shared + a->at;
        const size_t after = ((a->bytes + 63) & ~(size_t)63) - a->bytes + GUARD;
        ASAN_UNPOISON_MEMORY_REGION(p - GUARD, GUARD);
        ASAN_UNPOISON_MEMORY_REGION(p + a->bytes, after);
        if (!guard_kept(p - GUARD, GUARD) || !guard_kept(p + a->bytes, after))
            return a->where;
    }
    b->n_arrays = 0;
    return NULL;
}
