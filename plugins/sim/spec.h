/* SPDX-License-Identifier: MIT */
/* spec.h - what a text says about devices, as plain data.
 *
 * README.md has the grammar. Whatever the text: devices that keep the limits written here, or
 * one sentence that names the place.
 */
#ifndef SIM_SPEC_H
#define SIM_SPEC_H

#include "vane/ops.h"
#include "vane/types.h"

enum { SIM_DEVICES = 16, SIM_STEPS = 16, SIM_FAULTS = 16, SIM_NAME = 16 };

/* Ops with a rate of their own; the rest of ops.def's rules is OTHER. */
typedef enum sim_class {
    SIM_ELEMENTWISE,
    SIM_REDUCE,
    SIM_MATMUL,
    SIM_OTHER,
    SIM_CLASSES
} sim_class;

/* From `from` on, before `to`; counted from when the plugin was opened. */
typedef struct sim_window {
    uint64_t from_ns, to_ns;
} sim_window;

/* The share of a rate that is left from at_ns on; 1 before the first step. Ascending, and the
 * last is above 0, so that all work ends. */
typedef struct sim_schedule {
    uint32_t count;
    struct {
        uint64_t at_ns;
        double share;
    } step[SIM_STEPS];
} sim_schedule;

typedef struct sim_held {
    sim_window when;
    uint64_t bytes;
} sim_held;

/* What a fault hits: an op's number, or one of these. */
enum { SIM_ANY = 1000, SIM_ALLOC, SIM_LINK, SIM_LAUNCH, SIM_TELEMETRY };

typedef enum sim_kind {
    SIM_LOST,        /* VANE_E_DEVICE_LOST, work under way included */
    SIM_DEVICE,      /* VANE_E_INTERNAL, of the event where there is one */
    SIM_NOMEM,       /* VANE_E_NOMEM at once */
    SIM_BUSY,        /* VANE_E_BUSY at once */
    SIM_UNSUPPORTED, /* VANE_E_UNSUPPORTED at once */
    SIM_WRONG        /* success, and the result is not right */
} sim_kind;

typedef struct sim_fault {
    uint32_t target;
    sim_kind kind;
    sim_window when;
} sim_fault;

typedef struct sim_spec {
    char name[SIM_NAME], model[SIM_NAME];
    uint32_t kind;    /* vane_kind */
    uint32_t host;    /* 1: kernels read plain host memory */
    uint32_t compute; /* 0: only time passes */
    uint32_t cores, queues, mhz;
    uint64_t seed;
    double flops[SIM_CLASSES][VANE_DTYPE_COUNT]; /* a second */
    double bytes;                                /* a second, of its memory */
    uint64_t mem_bytes;                          /* 0: the host's */
    double up_bytes, down_bytes;                 /* a second, of the link */
    double up_ns, down_ns, launch_ns;
    double jitter; /* 0.05: up to 5 % more or less */
    double claim;  /* declared rates are this many times the real ones */
    double idle_mw, full_mw, idle_mc, full_mc; /* power; temperature, in millidegrees */
    sim_schedule throttle, congest;
    sim_held held[SIM_STEPS];
    uint32_t n_held;
    sim_fault fault[SIM_FAULTS];
    uint32_t n_fault;
} sim_spec;

/* 1, or 0 with one sentence in why. out holds SIM_DEVICES. */
int sim_parse(const char *text, sim_spec *out, uint32_t *count, char *why, size_t why_bytes);

/* A device about which nothing is said, and those that are known by name; 0: no such name. */
extern const sim_spec sim_plain;
int sim_preset(const char *name, sim_spec *out);
extern const char sim_presets[]; /* their names, for sentences */

#endif
