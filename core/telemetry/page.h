/* SPDX-License-Identifier: MIT */
/* page.h - what a context shows of itself in shared memory, for `vane top`: the layout.
 *
 * A file of its user alone (page_file.h), which the process maps. The head is written once, magic
 * last. The body is written as a whole under a sequence (board.h): who reads it between two
 * equal, even sequences has all of one moment. The one word that readers write is looks: while it
 * changes, somebody looks, and calls are counted.
 *
 * Another layout is another version. Texts end with '\0'; those that are too long are cut.
 */
#ifndef VANE__TELEMETRY_PAGE_H
#define VANE__TELEMETRY_PAGE_H

#include "telemetry/board.h"

#define VANE__PAGE_MAGIC UINT64_C(0x65676170656e6176) /* "vanepage" */
#define VANE__PAGE_VERSION 1u

enum {
    VANE__PAGE_DEVICES = 64,
    VANE__PAGE_ROUTES = 32,
    VANE__PAGE_SHIFTS = 64,
    VANE__PAGE_CALLS = 512
};

/* Who computed, where it is none of the table of devices. */
#define VANE__PAGE_NOBODY UINT32_MAX
#define VANE__PAGE_PROGRAM (UINT32_MAX - 1) /* the reference body of a registered op */
#define VANE__PAGE_OTHER (UINT32_MAX - 2)   /* a device for which there was no room, or several */

typedef struct vane__page_head {
    uint64_t magic;
    uint32_t version, bytes; /* bytes: of the file */
    uint32_t pid, number;    /* number: of the process's contexts, from 1 */
    uint64_t started_ticks;  /* the process, since boot; 0 unknown */
    uint64_t pid_space;      /* what the pid is of: its namespace's inode; 0 unknown */
    uint64_t opened_s;       /* the page; Unix time */
    char libvane[16], program[32];
} vane__page_head;

enum { VANE__PAGE_LOST = 1, VANE__PAGE_OWN_MEMORY = 2 };

typedef struct vane__page_device {
    char backend[32], id[32], name[96];
    uint32_t kind, state; /* VANE_KIND_*; VANE__PAGE_LOST and so on */
    uint32_t valid;       /* VANE_TELEMETRY_*: what it told, up to told_age_ns ago */
    uint32_t queued, busy_permille, clock_mhz, power_mw, throttled;
    int32_t temp_mc;
    uint32_t reserved;
    uint64_t told_age_ns, mem_total_bytes, mem_free_bytes;
    uint64_t used_bytes, cached_bytes, peak_bytes; /* of its pool */
    uint64_t up_bytes, down_bytes, peer_bytes, evictions;
} vane__page_device;

/* Calls that were alike. who: a row of devices, or VANE__PAGE_NOBODY and so on. */
typedef struct vane__page_calls {
    char op[32];
    uint32_t number, dtype, who, width; /* number: the op's */
    uint64_t calls, failures, ns;
    double flops, bytes; /* read and written */
} vane__page_calls;

/* Who failed and who did it then. */
typedef struct vane__page_shift {
    char op[32];
    uint32_t dtype, from, to, reserved;
    uint64_t count;
} vane__page_shift;

/* A route that leads to somebody else; from NOBODY: the first. */
typedef struct vane__page_route {
    char op[32], why[64];
    uint32_t dtype, size_class, hot, from, from_width, to, to_width, reserved;
    uint64_t when_ns;
    double predicted_ns;
} vane__page_route;

typedef struct vane__page_host {
    uint32_t valid, cpus, busy, reserved; /* VANE_HOST_* */
    double others_cpus, own_cpus, cpu_pressure_percent, mem_pressure_percent;
    uint64_t mem_available_bytes;
} vane__page_host;

typedef struct vane__page_body {
    uint64_t when_ns;    /* by the context's clock, as all times here */
    uint64_t counted_ns; /* since when every call is counted */
    uint32_t always;     /* that is since the context opened, not only while somebody looks */
    uint32_t threads;    /* of the pool, at most */
    uint64_t trial_ns;   /* spent on trying candidates */
    uint64_t uncounted, route_changes;
    uint32_t n_devices, n_routes, n_shifts, n_calls;
    uint32_t more_devices, more_shifts, more_calls, reserved; /* for which there was no room */
    char policy[32];
    vane__page_host host;
    vane__page_device devices[VANE__PAGE_DEVICES];
    vane__page_route routes[VANE__PAGE_ROUTES]; /* the last first */
    vane__page_shift shifts[VANE__PAGE_SHIFTS];
    vane__page_calls calls[VANE__PAGE_CALLS]; /* the longest time first; only n_calls are written */
} vane__page_body;

typedef struct vane__page {
    vane__page_head head;
    vane__board_word looks, sequence;
    vane__board_word body[VANE__BOARD_WORDS(vane__page_body)];
} vane__page;

_Static_assert(sizeof(vane__board_word) == 8, "words of the page have no lock beside them");
_Static_assert(sizeof(vane__page_head) == 96 && sizeof(vane__page_device) == 280 &&
                   sizeof(vane__page_calls) == 88 && sizeof(vane__page_shift) == 56 &&
                   sizeof(vane__page_route) == 144 && offsetof(vane__page_body, devices) == 168,
               "another layout is another version");

#endif
