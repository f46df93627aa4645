/* SPDX-License-Identifier: MIT */
/* opencl_bench.h - what the files of bench_opencl share: things to time, in turn, and the two
 * sides that do them: OpenCL host code by hand, and Vane.
 */
#ifndef BENCH_OPENCL_H
#define BENCH_OPENCL_H

#include <stddef.h>

enum { BENCH_ROUNDS = 301, BENCH_THINGS = 8, BENCH_PIPELINE = 1000, BENCH_SETS = 16 };

typedef enum bench_op { BENCH_ADD, BENCH_MUL, BENCH_RELU, BENCH_OPS } bench_op;
extern const char *const bench_op_names[BENCH_OPS];

/* One thing to time: run(self) returns 0, or 1 after it said what failed. */
typedef struct bench_thing {
    const char *name;
    int (*run)(void *self);
    void *self;
    double median; /* ns */
} bench_thing;

double bench_now_ns(void);
double bench_middle(double *ns, size_t n);
/* Runs all things in turn, rounds times (at most BENCH_ROUNDS), and fills their medians. */
int bench_compare(bench_thing *things, size_t n, int rounds);
/* Are got what op makes of x and x (BENCH_OPS: x itself)? whose is for the sentence. */
int bench_check(const char *whose, bench_op op, size_t n, const float *x, const float *got);

/* ---- by hand (opencl_hand.c) ------------------------------------------------------ */

typedef struct hand hand;
/* cache: a file that keeps the one program's binary, or NULL. n: elements of the buffers. Programs
 * are built when they are first needed. */
hand *hand_open(size_t n, const char *cache);
void hand_close(hand *h);
const char *hand_device(const hand *h);
size_t hand_variants(void);
size_t hand_same(void); /* the variant that is Vane's kernel */
const char *hand_variant_name(size_t i);
/* What the things below do: the op, the elements, which way of writing the kernel. */
void hand_set(hand *h, bench_op op, size_t n, size_t variant);
/* The operands: set 0 is there, of the rest hand_open_sets makes them with n elements. */
int hand_open_sets(hand *h, size_t n);
void hand_use(hand *h, int set);
/* Things; self is the hand. launch: arguments, one kernel, wait. pipeline: BENCH_PIPELINE
 * kernels, one wait. rotate: the same over all sets in turn, and then set 0 is in use. The copies
 * are of set's n floats; download runs the op first, since what has not changed need not be copied
 * again. */
int hand_launch(void *self);
int hand_pipeline(void *self);
int hand_rotate(void *self);
int hand_upload(void *self);
int hand_download(void *self);
/* Before and after, of the set in use: out holds nothing; out, or what the copies moved, is right.
 */
int hand_clear(hand *h);
int hand_check(hand *h);
int hand_check_copies(hand *h);

/* ---- with Vane (opencl_vane.c) ---------------------------------------------------- */

typedef struct with_vane with_vane;
with_vane *with_vane_open(size_t n);
void with_vane_close(with_vane *v);
const char *with_vane_device(const with_vane *v);
void with_vane_set(with_vane *v, bench_op op, size_t n);
int with_vane_open_sets(with_vane *v, size_t n);
void with_vane_use(with_vane *v, int set);
int with_vane_call(void *self);     /* vane_add */
int with_vane_launch(void *self);   /* vane_add_async and one wait */
int with_vane_pipeline(void *self); /* BENCH_PIPELINE of them and one wait */
int with_vane_rotate(void *self);   /* the same over all sets in turn */
int with_vane_upload(void *self);
int with_vane_download(void *self);
int with_vane_clear(with_vane *v);
int with_vane_check(with_vane *v);
int with_vane_check_copies(with_vane *v);

/* ---- process start to first result (opencl_start.c) ------------------------------- */

/* In a child: add 1000 floats and check them. Returns the exit code. */
int start_bare(const char *cache);
int start_vane(void);
/* Starts this program as those children in turn; prints. */
int start_compare(const char *program, int rounds);

#endif
