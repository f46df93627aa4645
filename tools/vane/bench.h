/* SPDX-License-Identifier: MIT */
/* bench.h - the parts of vane bench: cases, data, contestants, timing, checking. */
#ifndef VANE_TOOL_BENCH_H
#define VANE_TOOL_BENCH_H

#include "json.h"
#include "vane/vane.h"

#define BENCH_INPUTS 4
#define BENCH_CONTESTANTS 64
#define BENCH_SAMPLES 256

double bench_now_ns(void);
double bench_median(double *samples, int count); /* sorts them */

/* ---- bench_case.c: one op on inputs of one shape and type ----------------------- */

typedef struct bench_case {
    vane_op_info op;
    vane_params params;
    const vane_params *given; /* NULL: the defaults */
    uint32_t n_in;
    vane_tensor in[BENCH_INPUTS];
    const vane_tensor *input[BENCH_INPUTS];
    vane_tensor out;   /* what is measured writes here */
    vane_tensor want;  /* the oracle's result; data NULL: no oracle is loaded */
    vane_tensor scale; /* what the tolerance is relative to; data NULL: want itself */
    double flops, bytes;
    const char *oracle; /* its backend, or NULL */
    vane_decision decision;
    char shape[160]; /* of the inputs, for people */
} bench_case;

/* size: a number of elements, a shape, or shapes with ':' between. op, params and given of
 * *c are set by the caller; to: the output's type for cast. Prints its error. */
int bench_case_open(vane_context *ctx, bench_case *c, const char *size, uint32_t dtype,
                    uint32_t to);
void bench_case_close(bench_case *c);
/* The two steps of it that need no data: shapes; then flops, bytes, candidates and the oracle. */
int bench_case_shape(vane_context *ctx, bench_case *c, const char *size, uint32_t dtype,
                     uint32_t to);
int bench_case_decide(vane_context *ctx, bench_case *c);
const char *bench_case_sizes(const vane_op_info *op); /* the default list of sizes */

/* ---- bench_value.c: elements of any data type ----------------------------------- */

double bench_value_get(uint32_t dtype, const void *data, int64_t i);
void bench_value_put(uint32_t dtype, void *data, int64_t i, double value);
int bench_value_is_float(uint32_t dtype);
double bench_value_epsilon(uint32_t dtype); /* of floats: distance from 1 to the next */
double bench_value_min_normal(uint32_t dtype);
/* Deterministic values in a range where the op is well-behaved. which: the input's number */
void bench_value_fill(const vane_op_info *op, vane_tensor *t, uint32_t which);

/* ---- bench_check.c: right or wrong ---------------------------------------------- */

/* Computes c->want and c->scale with the oracle. Prints its error. */
int bench_check_prepare(vane_context *ctx, bench_case *c);
/* 1: c->out is within the op's tolerance of c->want; else 0 and a sentence. */
int bench_check(const bench_case *c, char *why, size_t bytes);

/* ---- bench_time.c: contestants in turn ------------------------------------------ */

typedef enum bench_result { BENCH_OK, BENCH_UNCHECKED, BENCH_WRONG, BENCH_FAILED } bench_result;

typedef struct bench_contestant {
    const char *backend;
    const char *device, *kernel; /* that ran when it was tried; NULL: it did not */
    uint32_t width;
    vane_plan *plan;   /* how it is called; NULL: vane_run, told backend and width */
    vane_context *ctx; /* whose vane_run; NULL: the one that all are timed with */
    bench_result result;
    char why[200];  /* WRONG and FAILED */
    uint64_t batch; /* calls in one sample */
    int count;
    int at_rest; /* is not timed further */
    double total_ns;
    double median_ns, best_ns; /* of one call */
    double sample[BENCH_SAMPLES];
} bench_contestant;

/* A checked run: sets result and what really ran. solo: a context with only this backend, or
 * NULL; where a plan there leads to the same candidate, who gets one, so that its figures hold
 * no election. */
void bench_try(vane_context *ctx, vane_context *solo, const bench_case *c, bench_contestant *who);
/* Samples all whose result is OK or UNCHECKED in turn until each has min_ns; what they had
 * before is kept and counts. */
void bench_time(vane_context *ctx, const bench_case *c, bench_contestant *who, int count,
                double min_ns);

/* ---- bench_rows.c: what is printed ---------------------------------------------- */

typedef struct bench_rows {
    int wants_json;
    json json;
    int count, wrong, failed; /* rows so far */
} bench_rows;

const char *bench_result_text(bench_result r);
/* The rows of one case; the heads, or JSON's opening, before the first. */
void bench_report(bench_rows *b, const bench_case *c, const bench_contestant *who, int count);

#endif
