/* SPDX-License-Identifier: MIT */
/* error.h - this thread's last error: one sentence that outlives contexts and plugins. */
#ifndef VANE__ERROR_H
#define VANE__ERROR_H

#include <stdarg.h>

#include "vane/vane.h"

/* Records the sentence and returns status: return vane__fail(VANE_E_SHAPE, "a has ...").
 * The text names the argument, what it was and what was expected; no full stop. */
vane_status vane__fail(vane_status status, const char *fmt, ...) VANE_PRINTF(2, 3);
/* The same for a backend: its name and the driver's own number go with it. */
vane_status vane__fail_backend(const char *backend, vane_status status, int64_t native_code,
                               const char *fmt, va_list args);
void vane__error_clear(void);
/* Counts this thread's failures, from 1: has somebody recorded one since? */
uint64_t vane__error_serial(void);
/* What a plugin that said nothing since then (a serial) failed to do, as "<fmt>: <the status's
 * sentence>"; else its own sentence stays. Returns st. */
vane_status vane__failed(vane_status st, uint64_t since, const char *fmt, ...) VANE_PRINTF(3, 4);
/* Puts a record back that vane_last_error() gave earlier; returns its status. */
vane_status vane__error_restore(const vane_error *error);

#endif
