/* SPDX-License-Identifier: MIT */
/* log.h - one line to stderr or to the program's callback, by level. */
#ifndef VANE__LOG_H
#define VANE__LOG_H

#include <stdarg.h>

#include "vane/vane.h"

typedef struct vane__log {
    int level; /* lines above it are not formatted; VANE_LOG_WARN by default */
    void (*write)(void *arg, int level, const char *line); /* never NULL */
    void *arg;
} vane__log;

/* The default writer: "vane: warning: ..." to stderr in one write. */
void vane__log_stderr(void *arg, int level, const char *line);
void vane__log_line(const vane__log *log, int level, const char *fmt, ...) VANE_PRINTF(3, 4);
void vane__log_vline(const vane__log *log, int level, const char *fmt, va_list args);
/* "error" "warn" "info" "debug", or a digit. False: not a level. */
int vane__log_parse(const char *text, int *level);

#endif
