/* SPDX-License-Identifier: MIT */
/* health.h - may a device be used: what failures, loss and a good probe do to it.
 *
 * A device that is lost takes the content of its memory along, and one that failed a few times
 * in a row keeps it; both are left alone, by one breaker. ctx->resting counts all breakers of a
 * context, those of candidates too (policy/guard.h), that are not closed: while it is 0, nobody
 * has to look.
 */
#ifndef VANE__PLUGIN_HEALTH_H
#define VANE__PLUGIN_HEALTH_H

#include "plugin/registry.h"

/* Its memory's content is gone, and it is left alone; what was routed to it is asked for anew.
 * Under any lock. 1: that is news. */
int vane__device_lose(vane__device *d);
/* Something failed on it: counted, if it is of a kind that speaks against the device. Under any
 * lock. */
void vane__device_fail(vane__device *d, vane_status st);
/* Asks a backend that opened for the extension. */
void vane__renew_adopt(vane__backend *b);
/* It rests, and its pause is over. */
int vane__device_due(const vane__device *d);
/* The caller's, who was given the probe (vane__breaker_probe), and how it went. */
void vane__device_judge(vane__device *d, int is_good);
/* Before a probe: a lost device is made anew where its plugin can (vane/renew.h). VANE_E_BUSY: not
 * now; any other failure: it is not there. */
vane_status vane__device_wake(vane__device *d);

#endif
