/* SPDX-License-Identifier: MIT */
/* clock.h - the one clock of a context's control plane: the machine's, or one that a backend makes.
 *
 * Who measures, ages or waits for the sake of a decision asks here, so that a test can run a
 * day in a second, and twice in the same way.
 */
#ifndef VANE__TELEMETRY_CLOCK_H
#define VANE__TELEMETRY_CLOCK_H

#include "vane/clock.h"
#include "vane/vane.h"

/* Nanoseconds that never go back. */
uint64_t vane__clock_now(const vane_context *ctx);
/* Is time made by somebody? Then threads that sleep by the machine's clock have no say. */
int vane__clock_virtual(const vane_context *ctx);
/* NULL: the machine's again. Unit tests set their own. */
void vane__clock_set(vane_context *ctx, const vane_clock *clock);

struct vane__backend;
/* Takes its clock, if it offers a whole one and the context has none yet. */
void vane__clock_adopt(vane_context *ctx, struct vane__backend *b);

#endif
