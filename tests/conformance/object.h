/* SPDX-License-Identifier: MIT */
/* object.h - what a shared object's file says of itself, read without running any of it. */
#ifndef CONFORM_OBJECT_H
#define CONFORM_OBJECT_H

#include <stdint.h>

#include "vane/backend.h"

typedef struct conform_object {
    int readable; /* 0: not a 64-bit ELF file of this byte order; the rest is unset */
    int has_note;
    vane_backend_note note;
    uint64_t init_bytes;   /* of DT_INIT_ARRAY: 8 for each constructor */
    uint32_t exports;      /* symbols defined for others */
    char other_export[80]; /* one that is not vane_backend_entry_v1; "" none */
} conform_object;

void conform_object_read(const char *path, conform_object *out);

#endif
