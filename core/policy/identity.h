/* SPDX-License-Identifier: MIT */
/* identity.h - for which machine, and for whose code, something was learned.
 *
 * What is measured under one identity says nothing under another: another CPU, other limits,
 * another build of libvane (the machine's), another build, version or driver (a device's).
 */
#ifndef VANE__POLICY_IDENTITY_H
#define VANE__POLICY_IDENTITY_H

#include "context.h"

typedef struct vane__identity {
    uint64_t hash;
    char text[448]; /* what it is made of; the hash is of this */
} vane__identity;

void vane__identity_machine(const vane_context *ctx, vane__identity *out);
/* Gives every device that has none its stamp: backend, version, build, device and driver. Not
 * under a lock: it waits for the dynamic linker. */
void vane__identity_devices(vane_context *ctx);
/* Of the program's own code; 0: it is in no file. */
uint64_t vane__identity_code(const void *address);

#endif
