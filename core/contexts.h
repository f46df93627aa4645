/* SPDX-License-Identifier: MIT */
/* contexts.h - what all contexts of the process share: the [load] contract and fork().
 *
 * A list of the open contexts is the one thing that has to be global: fork() hits all of
 * them at once, and a plugin is one for the process however many contexts load it.
 */
#ifndef VANE__CONTEXTS_H
#define VANE__CONTEXTS_H

#include "vane/vane.h"

/* From now on fork() finds the context's locks free, and in the child its devices that
 * cannot live there are out of the routes. The context is in full working order. */
void vane__contexts_add(vane_context *ctx);
void vane__contexts_remove(vane_context *ctx);

/* The open ones at the end of the process; nothing where somebody opens or closes one. */
void vane__contexts_each(void (*fn)(vane_context *ctx));

/* The [load] contract holds across contexts: open, close and their like never run twice at
 * once in the process. Taken before the registry's own lock. */
void vane__load_lock(void);
void vane__load_unlock(void);

#endif
