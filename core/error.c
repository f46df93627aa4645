/* SPDX-License-Identifier: MIT */
/* error.c - the thread's last error, kept in the core so that it survives every plugin.
 *
 * A sentence may quote the one before it ("%s: and then ..." with the old message), so text
 * is formatted beside the record and copied in when it is whole. errno is left as it was:
 * whoever reports a failed system call may still need it.
 */
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static _Thread_local vane_error last;
static _Thread_local uint64_t serial;

/* Drops the end of a UTF-8 sequence that was cut in the middle and says that text is missing. */
static void mark_cut(char *text, size_t bytes)
{
    static const char dots[] = "...";
    size_t at = bytes - sizeof dots;
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    memcpy(text + at, dots, sizeof dots);
}

static void format(char *out, size_t bytes, vane_status status, const char *fmt, va_list args)
{
    int length = fmt ? vsnprintf(out, bytes, fmt, args) : -1;
    if (length <= 0)
        snprintf(out, bytes, "%s", vane_status_string(status));
    else if ((size_t)length >= bytes)
        mark_cut(out, bytes);
}

/* Success and numbers outside the list are no failures that a caller could act on. */
static vane_status failure_of(vane_status status)
{
    if (status == VANE_OK || strcmp(vane_status_name(status), "VANE_E_UNKNOWN") == 0)
        return VANE_E_INTERNAL;
    return status;
}

vane_status vane__fail_backend(const char *backend, vane_status status, int64_t native_code,
                               const char *fmt, va_list args)
{
    int saved_errno = errno;
    vane_error next = {.status = failure_of(status), .native_code = native_code};
    format(next.message, sizeof next.message, next.status, fmt, args);
    if (backend)
        snprintf(next.backend, sizeof next.backend, "%s", backend);
    last = next;
    serial++;
    errno = saved_errno;
    return next.status;
}

vane_status vane__fail(vane_status status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vane_status result = vane__fail_backend(NULL, status, 0, fmt, args);
    va_end(args);
    return result;
}

vane_status vane__failed(vane_status st, uint64_t since, const char *fmt, ...)
{
    char what[sizeof last.message];
    va_list args;
    if (st == VANE_OK || serial != since)
        return st;
    va_start(args, fmt);
    format(what, sizeof what, st, fmt, args);
    va_end(args);
    return vane__fail(st, "%s: %s", what, vane_status_string(st));
}

void vane__error_clear(void)
{
    last = (vane_error){.status = VANE_OK};
}

vane_status vane__error_restore(const vane_error *error)
{
    last = *error;
    return last.status;
}

const vane_error *vane_last_error(void)
{
    return &last;
}

uint64_t vane__error_serial(void)
{
    return serial;
}
