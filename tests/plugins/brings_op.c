/* SPDX-License-Identifier: MIT */
/* brings_op.c - brings an op of its own. */
#include "minimal.h"

static const vane_op_desc ops[] = {{.struct_size = sizeof ops[0],
                                    .n_in = 1,
                                    .n_out = 1,
                                    .dtypes = 1u << VANE_F32,
                                    .name = "test.twice",
                                    .about = "x + x"}};

static const vane_op_desc *bring(vane_backend *b, uint32_t *count)
{
    (void)b;
    *count = 1;
    return ops;
}

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES, .ops = bring};
VANE_BACKEND("brings_op", "1.0", "an op by name", 0, 0, &table);
