/* SPDX-License-Identifier: MIT */
/* old_table.c - says that its table ends with its oldest entries: loads, the rest unread. */
#include "minimal.h"

static const vane_op_desc *beyond_the_end(vane_backend *b, uint32_t *count)
{
    (void)b;
    *count = 0;
    setenv("TEST_OLD_TABLE_OVERREAD", "1", 1);
    return NULL;
}

static const vane_backend_vt table = {
    .struct_size = offsetof(vane_backend_vt, ops), TABLE_ENTRIES, .ops = beyond_the_end};
VANE_BACKEND("old_table", "0.9", "a short table", 0, 0, &table);
