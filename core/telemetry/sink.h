/* SPDX-License-Identifier: MIT */
/* sink.h - a file that many threads write to, through one buffer: the trace's, the record's.
 *
 * Writing costs a copy under a lock; the buffer goes to the system when it is full or a second
 * old, and nobody waits for the disk. When that fails, the file ends with the last buffer that
 * went there whole, the log has one line, and no call fails. A child of fork() writes to
 * "<path>.<pid>".
 */
#ifndef VANE__TELEMETRY_SINK_H
#define VANE__TELEMETRY_SINK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"

#define VANE__SINK_BYTES 65536

typedef struct vane__sink {
    const vane__log *log;
    const char *variable; /* whose wish it is, for the log */
    const char *path;     /* as wished; the setting's */
    /* what a file begins with; under the lock, by way of vane__sink_put */
    void (*begin)(void *arg, struct vane__sink *s);
    void *arg;
    pthread_mutex_t lock;
    atomic_uint stopped;
    atomic_uint life; /* a number for each file that ever was: what a thread said holds for one */
    int fd;           /* -1: not open, in a child that has not written yet */
    int regular;
    int in_child;
    char *buffer;
    size_t used;
    uint64_t written, flushed_ns;
} vane__sink;

/* 0: it cannot be had, and the log says why. begin and arg are set before. */
int vane__sink_open(vane__sink *s, const vane__log *log, const char *variable, const char *path);
/* Writes what is left, and tail after it (NULL: nothing), if there is a file. */
void vane__sink_close(vane__sink *s, const char *tail);

/* Takes the lock; 0, and no lock: nothing is written any more. */
int vane__sink_enter(vane__sink *s);
/* Under the lock, all of it or nothing. At most VANE__SINK_BYTES. */
void vane__sink_put(vane__sink *s, const void *bytes, size_t count);
void vane__sink_put_two(vane__sink *s, const void *a, size_t a_count, const void *b,
                        size_t b_count);
/* What is put next, up to count bytes, goes to the system in one piece. */
void vane__sink_reserve(vane__sink *s, size_t count);
void vane__sink_leave(vane__sink *s, uint64_t now_ns);

/* In the child of fork(), after its locks were let go. */
void vane__sink_in_child(vane__sink *s);

static inline int vane__sink_stopped(const vane__sink *s)
{
    return atomic_load_explicit(&s->stopped, memory_order_relaxed) != 0;
}

#endif
