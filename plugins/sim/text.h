/* SPDX-License-Identifier: MIT */
/* text.h - reading one value of the text: what is left of it, and how it is refused. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "spec.h"

/* A value, or what is left of it, inside the text. */
typedef struct sim_text {
    const char *at, *end;
    struct sim_place *place;
} sim_text;

/* Where the reader is; the first refusal stays. */
typedef struct sim_place {
    const char *text;
    uint32_t number;          /* of the device, from 1 */
    const char *device, *key; /* inside the text, or NULL */
    int device_bytes, key_bytes;
    char *why;
    size_t why_bytes;
    int refused;
} sim_place;

typedef enum sim_unit {
    SIM_TIME,      /* ns */
    SIM_SIZE,      /* bytes */
    SIM_BYTE_RATE, /* bytes a second */
    SIM_FLOP_RATE, /* flops a second */
    SIM_PERCENT,   /* 5% is 0.05 */
    SIM_POWER,     /* mW */
    SIM_FREQUENCY, /* MHz */
    SIM_DEGREES,   /* millidegrees Celsius */
    SIM_COUNT      /* a whole number */
} sim_unit;

/* All return 1, or 0 after sim_refuse. */
int sim_refuse(sim_text t, const char *expected);
int sim_number(sim_text t, sim_unit unit, double least, double most, double *out);
int sim_word_is(sim_text t, const char *word);
int sim_name(sim_text t, char *out);
/* The part before the first `by`, which is taken away with it; 0 and all of it: there is none. */
int sim_split(sim_text *rest, const char *by, sim_text *part);

/* keys.c. seen: the keys that the device already has */
int sim_read_key(sim_text key, sim_text value, sim_spec *s, uint32_t *seen);

/* values.c: lists */
int sim_read_schedule(sim_text t, sim_schedule *out);
int sim_read_held(sim_text t, sim_spec *s);
int sim_read_faults(sim_text t, sim_spec *s);
int sim_read_range(sim_text t, sim_unit unit, double most, double *low, double *high);

#endif
