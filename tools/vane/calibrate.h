/* SPDX-License-Identifier: MIT */
/* calibrate.h - the parts of vane calibrate: the sizes, the calls, what is kept. */
#ifndef VANE_TOOL_CALIBRATE_H
#define VANE_TOOL_CALIBRATE_H

#include "vane/vane.h"

/* ---- calibrate_case.c: one operation at one size --------------------------------- */

#define CALIBRATE_INPUTS 3

/* What is to be known: calls of an operation whose work is about 1.5 * 2^size_class. */
typedef struct calibrate_site {
    vane_op_info op;
    uint32_t dtype, size_class; /* 64 and more: products with an edge of 1 */
} calibrate_site;

/* Memory for the operands of an operation, large enough for its largest site. */
typedef struct calibrate_room {
    void *in[CALIBRATE_INPUTS], *out;
} calibrate_room;

typedef struct calibrate_case {
    uint32_t n_in;
    vane_tensor in[CALIBRATE_INPUTS], out;
    const vane_tensor *input[CALIBRATE_INPUTS];
} calibrate_case;

/* The sites of op and dtype, at most room of them, in the order of their work; how many. */
uint32_t calibrate_sites(const vane_context *ctx, const vane_op_info *op, uint32_t dtype,
                         calibrate_site *out, uint32_t room);
/* The operands of a site, without memory. 0: there is no such call. */
int calibrate_case_make(const vane_context *ctx, const calibrate_site *site, calibrate_case *out);
/* Memory for n sites of one operation and type, filled; closed by the caller. 0: no memory. */
int calibrate_room_open(const vane_context *ctx, const calibrate_site *sites, uint32_t n,
                        calibrate_room *out);
void calibrate_room_close(calibrate_room *r);
void calibrate_case_place(calibrate_case *c, const calibrate_room *r);
/* What the context knows of it. 0: nobody here can compute it. */
int calibrate_case_ask(vane_context *ctx, const calibrate_site *site, calibrate_case *c,
                       vane_decision *d);
/* Is nothing left to be learned of it? */
int calibrate_is_known(const vane_decision *d);

/* ---- calibrate_kept.c: what is kept ---------------------------------------------- */

int calibrate_list(vane_context *ctx, int json);
int calibrate_forget(vane_context *ctx, int json);
/* What of the sites and of the file is missing, foreign or older than days; exit code. */
int calibrate_check(vane_context *ctx, const calibrate_site *sites, uint32_t count, uint32_t days,
                    int json);

#endif
