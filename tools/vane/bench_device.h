/* SPDX-License-Identifier: MIT */
/* bench_device.h - the parts of vane bench device: a device alone, operands that stay there. */
#ifndef VANE_TOOL_BENCH_DEVICE_H
#define VANE_TOOL_BENCH_DEVICE_H

#include "bench.h"
#include "json.h"
#include "pick.h"
#include "table.h"

/* ---- bench_device_open.c: one device in three contexts -------------------------------- */

typedef struct bench_device {
    vane_context *all;            /* every backend: whose oracle judges */
    vane_context *usual;          /* the device's backend alone, under the user's policy */
    vane_context *picked;         /* the same, under the policy of pick.c */
    uint32_t usual_at, picked_at; /* the device's index in each */
    char pick_path[512];
    pick_wish *wish; /* pick.c's */
    char backend[16], plugin[512];
    vane_device_info info;
    double min_ns, learn_ns; /* for each kernel; for the usual policy to make up its mind */
} bench_device;

/* backend and id may be NULL: the first device that computes in memory of its own. Prints its
 * error; bench_device_close in any case. */
int bench_device_open(bench_device *d, const char *backend, const char *id);
void bench_device_close(bench_device *d);
/* From here on d->picked takes that kernel, where it can. Prints its error. */
int bench_device_pick(bench_device *d, const char *kernel);

/* ---- bench_device_time.c: things in turn ----------------------------------------------- */

/* run does it n times, waits for it, and returns the ns of that; negative: it failed, and why is
 * filled. */
typedef struct bench_thing bench_thing;
struct bench_thing {
    double (*run)(bench_thing *t, uint64_t n);
    void *self;
    const char *name; /* of the kernel, or of the way */
    bench_result result;
    char why[200];
    uint64_t batch;
    int count;
    double total_ns, median_ns, best_ns; /* of one of the n */
    double sample[BENCH_SAMPLES];
};

void bench_things_time(bench_thing *list, int count, double min_ns);
/* This thread's last error becomes t's; returns -1. */
double bench_thing_failed(bench_thing *t);

/* ---- bench_device_rows.c: what is printed ---------------------------------------------- */

typedef struct bench_device_rows {
    int wants_json;
    table table;
    int count, wrong, failed;
    int several; /* kernels of one case, of whom the policy takes one */
} bench_device_rows;

typedef struct bench_device_row {
    const char *kind;          /* "op", "link", "launch" */
    const char *what;          /* the op, "up", "down" or "relu" */
    const char *dtype, *shape; /* NULL: it has none */
    double bytes, flops;
    double learned_ns; /* what the usual policy believes of it; 0 nothing */
    int chosen;        /* by the usual policy: 1, 0; -1 not asked */
    int settled;       /* 1: for good; 0: it might still try others */
} bench_device_row;

void bench_device_rows_begin(bench_device_rows *r, int wants_json);
void bench_device_row_add(bench_device_rows *r, const bench_device *d, const bench_device_row *row,
                          const bench_thing *t);
void bench_device_rows_end(bench_device_rows *r);

/* ---- what is measured; each prints its error, and returns an exit code ------------------ */

/* bench_device_op.c: an op at a size, every kernel of the device. *c has op, params and given. */
int bench_device_op(bench_device *d, bench_device_rows *r, bench_case *c, const char *size,
                    uint32_t dtype, uint32_t to);
/* bench_device_link.c: bytes up and down, from memory of both kinds */
int bench_device_link(bench_device *d, bench_device_rows *r, uint64_t bytes);
/* bench_device_launch.c: what a call costs that does next to nothing */
int bench_device_launch(bench_device *d, bench_device_rows *r);

/* ---- bench_device_case.c: an op's operands on the device -------------------------------- */

enum { BENCH_PIECES = 3 };

typedef struct bench_resident {
    bench_case *c;                        /* inputs in host memory, its out without any */
    vane_context *ctx;                    /* where the buffers are */
    vane_buffer buffer[BENCH_INPUTS + 1]; /* the last is the output's */
    vane_tensor in[BENCH_INPUTS], out;
    const vane_tensor *input[BENCH_INPUTS];
    bench_case piece[BENCH_PIECES]; /* parts of the output with the oracle's result */
    uint64_t at[BENCH_PIECES];      /* their place in the output, bytes */
    int pieces;
} bench_resident;

/* Inputs and the oracle's opinion. */
int bench_resident_open(bench_resident *r, vane_context *all, bench_case *c, const char *size,
                        uint32_t dtype, uint32_t to);
/* To the device of ctx, from where they were before. */
int bench_resident_move(bench_resident *r, vane_context *ctx, uint32_t device);
void bench_resident_close(bench_resident *r);
/* So that no old result passes for a new one. */
int bench_resident_wipe(bench_resident *r);
/* 1: right as far as the pieces tell; 0 and why. */
int bench_resident_check(bench_resident *r, char *why, size_t bytes);

/* ---- bench_device_pinned.c: memory that the device copies from at full speed ------------- */

typedef struct bench_pinned bench_pinned;
/* NULL: the plugin has none, and *why says so. */
bench_pinned *bench_pinned_open(const bench_device *d, uint64_t bytes, char *why, size_t why_bytes);
void *bench_pinned_data(const bench_pinned *p);
void bench_pinned_close(bench_pinned *p);

#endif
