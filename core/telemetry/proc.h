/* SPDX-License-Identifier: MIT */
/* proc.h - what the kernel's text files say, strictly: a text that is not exactly as the kernel
 * writes it (a sign, a "nan", a number too long) is no answer. Pure functions over strings.
 *
 * Each returns 1, or 0 and leaves out alone.
 */
#ifndef VANE__TELEMETRY_PROC_H
#define VANE__TELEMETRY_PROC_H

#include <stdint.h>

#define VANE__CPUS 8192 /* the most that Linux can be built for */

typedef struct vane__cpus {
    uint64_t bits[VANE__CPUS / 64];
} vane__cpus;

/* Of /proc/stat, over the CPUs of a mask; in ticks. */
typedef struct vane__cpu_ticks {
    uint32_t cpus; /* of the mask that are online */
    uint64_t idle; /* with iowait: nobody ran */
    uint64_t all;  /* idle and busy; guests are counted in their hosts */
} vane__cpu_ticks;
int vane__proc_cpus(const char *text, const vane__cpus *mask, vane__cpu_ticks *out);
/* user + system ticks of /proc/self/stat; the name in it may hold anything. */
int vane__proc_self(const char *text, uint64_t *out);
/* When the process of a /proc/<pid>/stat began, in ticks since boot; 0 also for one that ended and
 * is only not yet forgotten. */
int vane__proc_started(const char *text, uint64_t *out);

/* The "some" line of /proc/pressure/...: the share of the last 10 s in which a task waited,
 * and all such time since boot. */
typedef struct vane__pressure {
    double avg10_percent;
    uint64_t total_us;
} vane__pressure;
int vane__proc_pressure(const char *text, vane__pressure *out);

/* A line "key 123" or "key:  123 kB" (then in bytes) among others. */
int vane__proc_keyed(const char *text, const char *key, uint64_t *out);
/* A text that is one number. */
int vane__proc_number(const char *text, uint64_t *out);

#endif
