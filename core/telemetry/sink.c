/* SPDX-License-Identifier: MIT */
/* sink.c - a file that many threads write to, through one buffer. */
#include "telemetry/sink.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telemetry/file.h"

#define FLUSH_NS UINT64_C(1000000000)

static atomic_uint lives;

static void stop(vane__sink *s, const char *why)
{
    atomic_store(&s->stopped, 1);
    vane__log_line(s->log, VANE_LOG_WARN, "%s: %s; nothing more is written", s->variable, why);
}

/* Under the lock. */
static int open_file(vane__sink *s)
{
    char path[PATH_MAX], name[PATH_MAX], why[300];
    struct stat st;
    int n = s->in_child ? snprintf(path, sizeof path, "%s.%d", s->path, (int)getpid())
                        : snprintf(path, sizeof path, "%s", s->path);
    if (n < 0 || (size_t)n >= sizeof path) {
        stop(s, strerror(ENAMETOOLONG));
        return 0;
    }
    s->fd = vane__file_claim(path, name, sizeof name, why, sizeof why);
    if (s->fd < 0) {
        stop(s, why);
        return 0;
    }
    if (strcmp(name, path) != 0)
        vane__log_line(s->log, VANE_LOG_WARN, "%s: somebody else writes to %.200s; this is %.200s",
                       s->variable, path, name);
    s->regular = fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode);
    s->used = 0;
    s->written = 0;
    atomic_store(&s->life, atomic_fetch_add(&lives, 1) + 1);
    s->begin(s->arg, s);
    return 1;
}

int vane__sink_open(vane__sink *s, const vane__log *log, const char *variable, const char *path)
{
    s->log = log;
    s->variable = variable;
    s->path = path;
    s->fd = -1;
    s->in_child = 0;
    atomic_init(&s->stopped, 0);
    s->buffer = malloc(VANE__SINK_BYTES);
    if (s->buffer == NULL) {
        stop(s, "no memory");
        return 0;
    }
    pthread_mutex_init(&s->lock, NULL);
    if (open_file(s))
        return 1;
    pthread_mutex_destroy(&s->lock);
    free(s->buffer);
    return 0;
}

/* The file ends where the last whole buffer did. */
static void flush(vane__sink *s)
{
    if (s->used == 0 || s->fd < 0 || vane__sink_stopped(s))
        return;
    if (vane__file_write(s->fd, s->buffer, s->used)) {
        s->written += s->used;
    } else {
        char why[128];
        snprintf(why, sizeof why, "writing failed: %s", strerror(errno));
        if (s->regular && ftruncate(s->fd, (off_t)s->written) != 0)
            snprintf(why + strlen(why), sizeof why - strlen(why), ", and its end is torn");
        stop(s, why);
    }
    s->used = 0;
}

int vane__sink_enter(vane__sink *s)
{
    if (vane__sink_stopped(s))
        return 0;
    pthread_mutex_lock(&s->lock);
    if (!vane__sink_stopped(s) && (s->fd >= 0 || open_file(s)))
        return 1;
    pthread_mutex_unlock(&s->lock);
    return 0;
}

void vane__sink_put_two(vane__sink *s, const void *a, size_t a_count, const void *b, size_t b_count)
{
    size_t count = a_count + b_count;
    if (s->used + count > VANE__SINK_BYTES)
        flush(s);
    if (count > VANE__SINK_BYTES)
        return;
    memcpy(s->buffer + s->used, a, a_count);
    memcpy(s->buffer + s->used + a_count, b, b_count);
    s->used += count;
}

void vane__sink_put(vane__sink *s, const void *bytes, size_t count)
{
    vane__sink_put_two(s, bytes, count, "", 0);
}

void vane__sink_reserve(vane__sink *s, size_t count)
{
    if (s->used + count > VANE__SINK_BYTES)
        flush(s);
}

void vane__sink_leave(vane__sink *s, uint64_t now_ns)
{
    if (s->flushed_ns == 0)
        s->flushed_ns = now_ns;
    if (now_ns > s->flushed_ns + FLUSH_NS) {
        flush(s);
        s->flushed_ns = now_ns;
    }
    pthread_mutex_unlock(&s->lock);
}

void vane__sink_close(vane__sink *s, const char *tail)
{
    if (tail != NULL && s->fd >= 0)
        vane__sink_put(s, tail, strlen(tail));
    flush(s);
    if (s->fd >= 0)
        close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s->buffer);
}

/* The parent writes what is in the buffer; its file stays its own. */
void vane__sink_in_child(vane__sink *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->in_child = 1;
    s->used = 0;
}
