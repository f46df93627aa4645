/* SPDX-License-Identifier: MIT */
/* recording.h - reads what VANE_RECORD wrote; the format is in core/telemetry/record.h.
 *
 * Every file is judged as hostile: a bad one is one sentence in why, never a crash, and takes no
 * more memory than its size times a constant.
 */
#ifndef VANE_TOOL_RECORDING_H
#define VANE_TOOL_RECORDING_H

#include <stddef.h>

#include "vane/vane.h"

#define RECORDING_WHY 200

/* A kind of call: everything but when, by whom and how long. */
typedef struct recording_kind {
    uint32_t op; /* the number that it had then */
    char name[64];
    uint32_t dtype, size_class, place;
    double flops, bytes;
    uint32_t n_in;
    size_t params_bytes; /* 0: the op has none */
    vane_params params;
    vane_tensor *tensors; /* the inputs, then the output; without data */
    uint64_t bytes_hash;  /* of its description: alike for the same */
} recording_kind;

typedef struct recording_who {
    char backend[32], device[64], kernel[64]; /* "": nobody; longer names are cut */
    uint32_t width;
} recording_who;

typedef struct recording_run {
    uint32_t kind, who, thread, retries;
    int64_t begin_ns; /* from the first run's */
    uint64_t ns;      /* without trials */
    int32_t status;
    uint32_t asynchronous;
} recording_run;

typedef struct recording {
    char version[32]; /* of the libvane that wrote it */
    uint64_t process, left_out;
    recording_kind *kinds;
    recording_who *whos;
    recording_run *runs;
    size_t n_kinds, n_whos, n_runs;
    size_t kinds_room, whos_room, runs_room;
    uint32_t n_threads;
} recording;

/* 1, or 0 and why; either way recording_close. */
int recording_parse(const void *bytes, size_t size, recording *out, char why[RECORDING_WHY]);
int recording_open(const char *path, recording *out, char why[RECORDING_WHY]);
void recording_close(recording *r);
/* Runs of the same kind, and by the same who, name the same one. 0: no memory. */
int recording_merge(recording *r);

#endif
