/* SPDX-License-Identifier: MIT */
/* trial.h - one call with its right answer, put to the plugin in many layouts. */
#ifndef CONFORM_TRIAL_H
#define CONFORM_TRIAL_H

#include "array.h"
#include "data.h"
#include "random.h"
#include "report.h"
#include "way.h"

/* The suite while it runs. */
typedef struct conform {
    const conform_options *options;
    conform_report report;
    vane_context *ctx;
    char plugin[32];    /* the name of the backend under test */
    const char *oracle; /* of the one that is right */
    int same;           /* they are one: there is nothing to compare */
    int unsupported;    /* the unit's op and dtype have no kernel: leave it */
    uint32_t threads;   /* the widest call */
    uint32_t turn;      /* counts calls; picks what varies from call to call */
    conform_via via;    /* the ways that calls go */
    conform_lanes lanes;
    conform_random random;
} conform;

enum { CONFORM_INPUTS = 5 };

typedef struct conform_trial {
    vane_op_info info;
    uint32_t dtype;
    conform_class data;
    uint32_t n_in;
    conform_array in[CONFORM_INPUTS];
    vane_params params;
    int has_params;
    char params_text[64]; /* for the label */
    conform_array want;   /* FILL and CAST: dtype (and shape) are set by the caller */
    double *scale;        /* of each element of want: the sum of |terms|; NULL: not a sum */
    double terms;         /* at most, in one element; 1 for elementwise ops */
} conform_trial;

void conform_trial_open(conform_trial *t, const vane_op_info *info, uint32_t dtype,
                        conform_class data);
void conform_trial_close(conform_trial *t);
/* Adds an input of zeros, to be filled by solve. flat: see conform_array. */
int conform_trial_input(conform_trial *t, uint32_t dtype, uint32_t rank, const int64_t *shape,
                        uint32_t flat);
void conform_trial_params(conform_trial *t, const vane_params *p, const char *fmt, ...)
    VANE_PRINTF(3, 4);
/* Fills the inputs and asks the oracle. 0: it cannot be tried (which then is a failure of
 * the suite's own case, and told), or the unit is unsupported. */
int conform_trial_solve(conform *c, conform_trial *t);
/* "[5,7]x[7] strided wide" */
void conform_trial_label(const conform_trial *t, const char *layout, char out[256]);

/* functions that lead to the same kernel; a stream has no plans, and takes the typed one */
typedef enum conform_path {
    CONFORM_FORCED,  /* vane_run with options.backend */
    CONFORM_PLAIN,   /* vane_run: the priority leads to the plugin */
    CONFORM_TYPED,   /* vane_<op> */
    CONFORM_PLANNED, /* vane_plan_run, twice */
    CONFORM_PATHS
} conform_path;

/* One run of the plugin. got: NULL, or an array like want that takes the result's bits. */
typedef struct conform_attempt {
    conform_layout layout;
    conform_path path;
    conform_way way;
    uint32_t width; /* 0: the route's */
    int alias;      /* 1 + the input whose memory the output is; 0 none */
    conform_array *got;
    vane_decision *decision; /* on a stream: what vane_explain says, and ran is what it chose */
} conform_attempt;

/* Runs and judges: status, guard bytes, inputs unchanged, values. *why: what is wrong, "" if
 * nothing. 0: there is no kernel for it, or it cannot take this alignment. */
int conform_trial_attempt(conform *c, conform_trial *t, const conform_attempt *a, char why[512]);
/* Attempt, and report it as a case. */
void conform_trial_check(conform *c, conform_trial *t, conform_layout layout);
/* Every layout that makes a difference; few: dense, offset and strided only. */
void conform_trial_layouts(conform *c, conform_trial *t, int few);

/* values.c: does got agree with want within the op's tolerance? If not, why. */
int conform_agree(const conform_trial *t, const conform_array *got, char why[512]);
/* values.c: the same bits? A NaN may be any NaN: which one comes out of two is not defined. */
int conform_equal(const conform_array *a, const conform_array *b);
/* call.c: the call, and on a stream the wait for it */
vane_status conform_call(conform *c, const conform_trial *t, const vane_tensor *const *in,
                         vane_tensor *out, const conform_attempt *a);

#endif
