/* SPDX-License-Identifier: MIT */
/* handle.c - handles: kind, generation and place in a table, in one pointer-sized number that no
 * address has. */
#include <stdlib.h>

#include "fake.h"

enum { PLACES = 1 << 16 };
#define MARK UINT64_C(0x6c) /* 0x006c in the highest 16 bits: no address of a process */

static struct {
    void *object;
    uint32_t generation;
    fake_kind kind; /* 0: free */
} table[PLACES];
static uint32_t hint;
static unsigned live[FAKE_KINDS];

static const char *const names[FAKE_KINDS] = {"nothing",          "context",      "stream", "event",
                                              "module",           "function",     "pool",   "graph",
                                              "executable-graph", "cublas-handle"};

const char *fake_kind_name(fake_kind kind)
{
    return names[kind];
}

unsigned fake_handles_live(fake_kind kind)
{
    return live[kind];
}

void *fake_handle_new(fake_kind kind, void *object)
{
    for (uint32_t tried = 0; tried < PLACES; tried++) {
        const uint32_t i = hint++ % PLACES;
        if (table[i].kind)
            continue;
        table[i].kind = kind;
        table[i].object = object;
        table[i].generation++;
        live[kind]++;
        return (void *)(uintptr_t)(MARK << 48 | (uint64_t)kind << 40 |
                                   (uint64_t)(table[i].generation & 0xffffffu) << 16 | i);
    }
    return NULL;
}

static int is_live(fake_kind kind, uint64_t h)
{
    const uint32_t i = h & 0xffffu;
    return h >> 48 == MARK && (h >> 40 & 0xffu) == kind && table[i].kind == kind &&
           (table[i].generation & 0xffffffu) == (h >> 16 & 0xffffffu);
}

void *fake_get(fake_kind kind, const void *handle)
{
    const uint64_t h = (uintptr_t)handle;
    if (is_live(kind, h))
        return table[h & 0xffffu].object;
    const uint64_t of = h >> 40 & 0xffu;
    const int known = h >> 48 == MARK && of > 0 && of < FAKE_KINDS;
    fake_misuse(CUDA_ERROR_INVALID_HANDLE, "%p is no %s%s%s", handle, names[kind],
                known ? ": it is, or was until it was freed, a " : "", known ? names[of] : "");
    return NULL;
}

void fake_handle_free(fake_kind kind, const void *handle)
{
    const uint64_t h = (uintptr_t)handle;
    if (!is_live(kind, h))
        return;
    table[h & 0xffffu].kind = 0;
    table[h & 0xffffu].object = NULL;
    live[kind]--;
}
