/* SPDX-License-Identifier: MIT */
/* shape.c - shapes as people write them: 512x512, 1,3,224,224, scalar, 64x64:f16. */
#include "shape.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int dimensions(const char *text, int64_t *shape, uint32_t *rank)
{
    char *end;
    *rank = 0;
    if (!strcmp(text, "scalar"))
        return 1;
    for (const char *at = text;; at = end + 1) {
        if (*rank == VANE_MAX_RANK || !isdigit((unsigned char)*at))
            return 0;
        errno = 0;
        shape[(*rank)++] = strtoll(at, &end, 10);
        if (errno)
            return 0;
        if (!*end)
            return 1;
        if (*end != 'x' && *end != ',')
            return 0;
    }
}

int shape_parse(const char *text, uint32_t dtype, vane_tensor *out)
{
    char copy[192];
    int64_t shape[VANE_MAX_RANK];
    uint32_t rank;
    snprintf(copy, sizeof copy, "%s", text);
    char *colon = strchr(copy, ':');
    if (colon) {
        *colon = 0;
        if (cli_parse_dtype(text, colon + 1, &dtype))
            return CLI_USAGE;
    }
    if (!dimensions(copy, shape, &rank))
        return cli_usage("'%s' is not a shape: up to %d sizes like 512x512 or 1,3,224,224, or "
                         "'scalar'",
                         text, VANE_MAX_RANK);
    *out = vane_tensor_of(NULL, (vane_dtype)dtype, rank, shape);
    if (vane_tensor_count(out) < 0)
        return cli_usage("'%s' has more elements than fit in 63 bits", text);
    return CLI_OK;
}

shape_words shape_text(const vane_tensor *t)
{
    shape_words w = {"scalar"};
    size_t used = 0;
    for (uint32_t i = 0; i < t->rank && i < VANE_MAX_RANK; i++)
        used += (size_t)snprintf(w.s + used, sizeof w.s - used, "%s%" PRId64, i ? "x" : "",
                                 t->shape[i]);
    return w;
}

uint64_t shape_bytes(const vane_tensor *t)
{
    int64_t count = vane_tensor_count(t);
    uint64_t bytes;
    if (count < 0 || __builtin_mul_overflow((uint64_t)count, vane_dtype_bytes(t->dtype), &bytes))
        return 0;
    return bytes;
}
