/* SPDX-License-Identifier: MIT */
/* log.c - one line by level, to the program's callback or to stderr.
 *
 * A line stays one line: control characters in it (a plugin's text, a file's name) become
 * '?', so that nothing can forge a second line. Longer lines are cut. errno is kept.
 */
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024

static const struct {
    const char *text;  /* what VANE_LOG says */
    const char *label; /* what stderr shows */
} levels[] = {
    [VANE_LOG_ERROR] = {"error", "error"},
    [VANE_LOG_WARN] = {"warn", "warning"},
    [VANE_LOG_INFO] = {"info", "info"},
    [VANE_LOG_DEBUG] = {"debug", "debug"},
};
enum { LEVELS = sizeof levels / sizeof levels[0] };

static void clean(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < 0x20 || *line == 0x7f)
            *line = '?';
}

void vane__log_stderr(void *arg, int level, const char *line)
{
    (void)arg;
    char text[LINE_BYTES + 32];
    const char *label = level >= 0 && level < LEVELS ? levels[level].label : "log";
    int length = snprintf(text, sizeof text, "vane: %s: %s\n", label, line);
    if (length < 0)
        return;
    size_t bytes = (size_t)length;
    if (bytes >= sizeof text) {
        bytes = sizeof text - 1;
        text[bytes - 1] = '\n';
    }
    ssize_t written = write(STDERR_FILENO, text, bytes);
    (void)written; /* nowhere to report it */
}

void vane__log_vline(const vane__log *log, int level, const char *fmt, va_list args)
{
    if (level > log->level)
        return;
    int saved_errno = errno;
    char line[LINE_BYTES];
    if (vsnprintf(line, sizeof line, fmt, args) >= 0) {
        clean(line);
        log->write(log->arg, level, line);
    }
    errno = saved_errno;
}

void vane__log_line(const vane__log *log, int level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vane__log_vline(log, level, fmt, args);
    va_end(args);
}

int vane__log_parse(const char *text, int *level)
{
    for (int i = 0; i < LEVELS; i++) {
        int is_digit = text[0] == '0' + i && text[1] == '\0';
        if (is_digit || strcmp(text, levels[i].text) == 0) {
            *level = i;
            return 1;
        }
    }
    return 0;
}
