/* SPDX-License-Identifier: MIT */
/* no_symbol.c - a note, but no entry behind it. */
#include "vane/backend.h"

VANE_NOTE_SECTION static const vane_backend_note note = {
    .owner_bytes = 5u,
    .desc_bytes = (uint32_t)(sizeof(vane_backend_note) - 20u),
    .type = VANE_NOTE_TYPE,
    .owner = "Vane",
    .magic = VANE_BACKEND_MAGIC,
    .desc_size = (uint32_t)(sizeof(vane_backend_note) - 20u),
    .abi_major = VANE_ABI_MAJOR,
    .sanitizer = VANE_SANITIZER,
    .name = "no_symbol"};
