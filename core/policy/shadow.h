/* SPDX-License-Identifier: MIT */
/* shadow.h - VANE_VERIFY: of all calls one in so many is checked against the oracle, whoever
 * computed it. What was wrong is left out from then on, and the call is made again by another. */
#ifndef VANE__POLICY_SHADOW_H
#define VANE__POLICY_SHADOW_H

#include "dispatch/dispatch.h"

/* Is this call of this thread one to check? Counts it, and those that followed their routes since
 * the last question. */
int vane__shadow_due(vane_context *ctx);
/* How many calls may follow their routes before one is looked at: pause, or fewer. */
uint32_t vane__shadow_pause(uint32_t pause);
/* 1: calls that follow, until 0, are made up: none is checked, or counted. */
void vane__shadow_rest(int resting);
/* The call of e, checked; r: who is to compute it first, NULL: an election says. e->launch is not
 * used. *took_ns: what r took; 0: it failed or was wrong. */
vane_status vane__shadow_call(vane__election *e, const vane__runner *r, double *took_ns);

#endif
