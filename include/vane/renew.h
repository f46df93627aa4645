/* SPDX-License-Identifier: MIT */
/* renew.h - an extension of backend.h: a backend that can make a lost device anew.
 *
 * extension(b, VANE_RENEW) answers a vane_renew, or NULL: a device that was lost has to come back
 * by itself. A device is lost once something answered VANE_E_DEVICE_LOST; the core then leaves it
 * alone, and each time that a pause is over, calls device_renew before it tries the device again.
 *
 * device_renew gives up what the device had, and makes it anew: afterwards the queues that were
 * opened before work again, and memory is had as from a fresh device. Memory and events from before
 * stay handles that may only be freed; whatever else is asked of them is VANE_E_DEVICE_LOST, and
 * what they stood for in the driver is never used again. On a lost device too, mem_free and
 * event_free do what they always do. Other threads may be inside calls for the device, which may
 * not wait for any other call: while one is, the answer is VANE_E_BUSY. After a failure
 * the device is as lost as before, and the core asks again after a longer pause.
 */
#ifndef VANE_RENEW_H
#define VANE_RENEW_H

#include "vane/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VANE_RENEW "vane.renew.v1"

/* Lives until close(). */
typedef struct vane_renew {
    uint32_t struct_size;
    uint32_t reserved;
    vane_status (*device_renew)(vane_device *d); /* [device] */
} vane_renew;

#ifdef __cplusplus
}
#endif
#endif
