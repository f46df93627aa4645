/* SPDX-License-Identifier: MIT */
/* hostmem.h - a piece of host memory with a count of its holders.
 *
 * A buffer holds one; so does everything that was handed out over it and may outlive the
 * buffer, and the context too (a DLPack tensor in somebody else's hands).
 */
#ifndef VANE__MEMORY_HOSTMEM_H
#define VANE__MEMORY_HOSTMEM_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct vane__hostmem {
    atomic_uint refs;
    atomic_uint shared;  /* with somebody who may read and write it at any time */
    atomic_uint changed; /* by one of them who is gone, perhaps: no copy was compared since */
    int read_only;       /* its owner forbids to write to it; set once, before anybody looks */
    void *data;
    uint64_t bytes;
    void (*release)(struct vane__hostmem *m); /* of data, after the last holder */
    void *arg;                                /* release's */
} vane__hostmem;

/* Untouched memory: large pieces cost address space until somebody writes to them. NULL: out. */
vane__hostmem *vane__hostmem_new(uint64_t bytes);
/* Over memory of somebody else; release may be NULL. */
vane__hostmem *vane__hostmem_over(void *data, uint64_t bytes, void (*release)(vane__hostmem *m),
                                  void *arg);
vane__hostmem *vane__hostmem_hold(vane__hostmem *m);
void vane__hostmem_drop(vane__hostmem *m);

#endif
