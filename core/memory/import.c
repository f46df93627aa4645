/* SPDX-License-Identifier: MIT */
/* import.c - host memory as a device's own, where the device works in it; and the way back of
 * memory of either kind.
 */
#include "error.h"
#include "memory/buffer.h"

/* Whatever the reason is why it cannot: memory of the device does as well. */
int vane__memory_import(vane__device *d, void *host, uint64_t bytes, vane__block *out)
{
    *out = (vane__block){.mem = NULL};
    if (!(d->info.caps & VANE_CAP_UNIFIED) || bytes == 0)
        return 0;
    vane_error kept = *vane_last_error();
    pthread_mutex_lock(&d->lock);
    vane_status st = d->backend->vt.mem_import(d->handle, host, bytes, &out->mem);
    pthread_mutex_unlock(&d->lock);
    if (st == VANE_OK && out->mem != NULL)
        return 1;
    out->mem = NULL;
    vane__error_restore(&kept);
    return 0;
}

/* One that can be made anew takes its own memory back at any time (vane/renew.h). */
static int may_be_at_it(const vane__device *d, int imported)
{
    return atomic_load(&d->wedged) &&
           (imported || d->backend->renew == NULL || atomic_load(&d->orphaned));
}

void vane__memory_give(vane__device *d, vane__block *block, int imported)
{
    if (block->mem == NULL || may_be_at_it(d, imported))
        return;
    if (!imported) {
        vane__mempool_free(d->mempool, block, !vane__device_lost(d));
        return;
    }
    pthread_mutex_lock(&d->lock);
    d->backend->vt.mem_free(d->handle, block->mem);
    pthread_mutex_unlock(&d->lock);
}
