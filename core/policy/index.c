/* SPDX-License-Identifier: MIT */
/* index.c - entries by their key. No search takes more than a few steps, whatever the keys. */
#include "policy/index.h"

#include <stdlib.h>

enum { STEPS = 64 };

int vane__index_open(vane__index *x, uint32_t room)
{
    uint32_t slots = 16;
    while (slots < 2 * room)
        slots *= 2;
    x->slots = calloc(slots, sizeof *x->slots);
    x->mask = slots - 1;
    return x->slots != NULL;
}

void vane__index_close(vane__index *x)
{
    free(x->slots);
    x->slots = NULL;
}

vane__record *vane__index_find(const vane__index *x, vane__record *list, uint64_t key)
{
    for (uint32_t i = 0; x->slots != NULL && i < STEPS; i++) {
        uint32_t at = x->slots[(key + i) & x->mask];
        if (at == 0)
            return NULL;
        if (list[at - 1].key == key)
            return &list[at - 1];
    }
    return NULL;
}

int vane__index_add(vane__index *x, const vane__record *list, uint32_t at)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t *slot = &x->slots[(list[at].key + i) & x->mask];
        if (*slot != 0 && list[*slot - 1].key != list[at].key)
            continue;
        *slot = at + 1;
        return 1;
    }
    return 0;
}
