/* SPDX-License-Identifier: MIT */
/* wrong.c - a wrong result is said, once, and what shows it is kept. */
#include <limits.h>
#include <stdio.h>

#include "policy/verify.h"

static int keep(const vane_context *ctx, const vane__check *c, const void *out,
                const vane__finding *f, const char *backend, uint32_t width, char dir[PATH_MAX],
                char why[200])
{
    const char *cache = ctx->registry.cache_dir;
    snprintf(why, 200, "there is no cache folder");
    if (cache == NULL)
        return 0;
    int length = snprintf(dir, PATH_MAX, "%s/wrong", cache);
    return length > 0 && length < PATH_MAX && vane__check_keep(c, out, f, backend, width, dir, why);
}

void vane__check_tell(vane_context *ctx, const vane__check *c, const void *out,
                      const vane__finding *f, const vane__prepared *p, const vane__runner *r)
{
    char dir[PATH_MAX], why[200];
    const char *backend = r->device != NULL ? r->device->backend->entry->name : VANE__PROGRAM;
    int kept = keep(ctx, c, out, f, backend, r->width, dir, why);
    vane__log_line(&ctx->settings.log, VANE_LOG_WARN,
                   "%s@%s gave a wrong result and is left out for %s of %s, size class %u: %s; %s "
                   "%s",
                   r->kernel->name, backend, p->rq.op->info.name, vane_dtype_name(p->dtype),
                   p->size_class, f->why, kept ? "kept in" : "not kept:", kept ? dir : why);
}
