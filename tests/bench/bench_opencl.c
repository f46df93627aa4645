/* SPDX-License-Identifier: MIT */
/* bench_opencl.c - Vane's OpenCL backend beside OpenCL host code written by hand; judges nothing.
 *
 * bench_opencl [launch|pipeline|throughput|copies|start]...   all of them without an argument
 *
 * What is compared runs in turn, in one process, on the first OpenCL device; printed are medians.
 * VANE_PLUGIN_PATH says where Vane's plugins are when they are not installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "opencl_bench.h"

const char *const bench_op_names[BENCH_OPS] = {"add", "mul", "relu"};

enum { MOST = 10000000 }; /* elements */

/* ---- timing ---------------------------------------------------------------------- */

double bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_middle(double *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, by_value);
    return ns[n / 2];
}

int bench_compare(bench_thing *things, size_t n, int rounds)
{
    static double ns[BENCH_THINGS][BENCH_ROUNDS];
    for (size_t i = 0; i < n; i++)
        if (things[i].run(things[i].self)) /* builds, faults pages in */
            return 1;
    for (int r = 0; r < rounds; r++)
        for (size_t i = 0; i < n; i++) {
            const double begin = bench_now_ns();
            if (things[i].run(things[i].self))
                return 1;
            ns[i][r] = bench_now_ns() - begin;
        }
    for (size_t i = 0; i < n; i++)
        things[i].median = bench_middle(ns[i], (size_t)rounds);
    return 0;
}

int bench_check(const char *whose, bench_op op, size_t n, const float *x, const float *got)
{
    for (size_t i = 0; i < n; i++) {
        const float want = op == BENCH_ADD    ? x[i] + x[i]
                           : op == BENCH_MUL  ? x[i] * x[i]
                           : op == BENCH_RELU ? (x[i] > 0 ? x[i] : 0)
                                              : x[i];
        if (got[i] != want) {
            fprintf(stderr, "bench_opencl: %s: element %zu of %zu is %g, expected %g\n", whose, i,
                    n, (double)got[i], (double)want);
            return 1;
        }
    }
    return 0;
}

static int rounds_for(size_t n)
{
    return n <= 10000 ? BENCH_ROUNDS : n <= 100000 ? 101 : n <= 1000000 ? 51 : 15;
}

/* ---- the tables ------------------------------------------------------------------ */

static const size_t sizes[] = {1000, 10000, 100000, 1000000, MOST};

/* One way of writing the kernel, as a thing of its own. */
typedef struct variant {
    hand *h;
    bench_op op;
    size_t n, number;
    int (*run)(void *h);
} variant;

static int run_variant(void *self)
{
    const variant *v = self;
    hand_set(v->h, v->op, v->n, v->number);
    return v->run(v->h);
}

static int clear_all(hand *h, with_vane *v, int sets)
{
    for (int i = sets; i-- > 0;) {
        hand_use(h, i);
        with_vane_use(v, i);
        if (hand_clear(h) || with_vane_clear(v))
            return 1;
    }
    return 0;
}

static int check_all(hand *h, with_vane *v, int sets)
{
    for (int i = sets; i-- > 0;) {
        hand_use(h, i);
        with_vane_use(v, i);
        if (hand_check(h) || with_vane_check(v))
            return 1;
    }
    return 0;
}

/* Adds by hand in two ways, its own and Vane's kernel, and through Vane; over so many sets. */
static int compare_adds(hand *h, with_vane *v, size_t n, int sets, bench_thing *things,
                        size_t count, int rounds)
{
    hand_set(h, BENCH_ADD, n, 1);
    with_vane_set(v, BENCH_ADD, n);
    return clear_all(h, v, sets) || bench_compare(things, count, rounds) || check_all(h, v, sets);
}

/* By turns, one by hand and one with Vane, also where all are of 1,000: each finds the caches and
 * the driver's memory as the other's work left them. */
static int compare_launches(hand *h, with_vane *v)
{
    printf("\nadd, launched and waited for, us%10s %12s %10s %12s %8s\n", "by hand", "same kernel",
           "vane_add", "async, wait", "ratio");
    for (size_t i = 0; i < 3; i++) {
        variant own = {h, BENCH_ADD, sizes[i], 1, hand_launch};
        variant same = {h, BENCH_ADD, sizes[i], hand_same(), hand_launch};
        bench_thing things[] = {{"by hand", run_variant, &own, 0},
                                {"call", with_vane_call, v, 0},
                                {"same kernel", run_variant, &same, 0},
                                {"async", with_vane_launch, v, 0}};
        if (compare_adds(h, v, sizes[i], 1, things, 4, BENCH_ROUNDS))
            return 1;
        printf("  %-29zu %10.2f %12.2f %10.2f %12.2f %8.2f\n", sizes[i], things[0].median / 1e3,
               things[2].median / 1e3, things[1].median / 1e3, things[3].median / 1e3,
               things[1].median / things[2].median);
    }
    return 0;
}

static int compare_pipeline(hand *h, with_vane *v, size_t n, int rotate)
{
    int (*by_hand)(void *) = rotate ? hand_rotate : hand_pipeline;
    variant own = {h, BENCH_ADD, n, 1, by_hand};
    variant same = {h, BENCH_ADD, n, hand_same(), by_hand};
    bench_thing things[] = {{"by hand", run_variant, &own, 0},
                            {"vane", rotate ? with_vane_rotate : with_vane_pipeline, v, 0},
                            {"same kernel", run_variant, &same, 0}};
    if (compare_adds(h, v, n, rotate ? BENCH_SETS : 1, things, 3, n <= 10000 ? 101 : 15))
        return 1;
    printf("  %-29zu %10.3f %12.3f %10.3f %21.2f\n", n, things[0].median / 1e3 / BENCH_PIPELINE,
           things[2].median / 1e3 / BENCH_PIPELINE, things[1].median / 1e3 / BENCH_PIPELINE,
           things[1].median / things[2].median);
    return 0;
}

/* By hand all arguments are set for each launch, which only the second table needs. */
static int compare_pipelines(hand *h, with_vane *v)
{
    printf("\n%d adds, then one wait, us each%9s %12s %10s %21s\n", BENCH_PIPELINE, "by hand",
           "same kernel", "vane", "ratio");
    for (size_t i = 0; i < 4; i++)
        if (compare_pipeline(h, v, sizes[i], 0))
            return 1;
    if (hand_open_sets(h, sizes[2]) || with_vane_open_sets(v, sizes[2]))
        return 1;
    printf("\nthe same, on %d sets of operands in turn\n", BENCH_SETS);
    for (size_t i = 0; i < 3; i++)
        if (compare_pipeline(h, v, sizes[i], 1))
            return 1;
    return 0;
}

static int compare_kernels(hand *h, with_vane *v, bench_op op, size_t n)
{
    const size_t count = hand_variants(); /* BENCH_THINGS are enough */
    bench_thing things[BENCH_THINGS];
    variant each[BENCH_THINGS];
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        each[i] = (variant){h, op, n, i, hand_launch};
        things[i] = (bench_thing){hand_variant_name(i), run_variant, &each[i], 0};
    }
    hand_set(h, op, n, 0);
    with_vane_set(v, op, n);
    if (hand_clear(h) || with_vane_clear(v) || bench_compare(things, count, rounds_for(n) / 2))
        return 1;
    for (size_t i = 1; i < count; i++)
        if (things[i].median < things[best].median)
            best = i;
    /* once more, the two by turns: each finds the cache as the other left it, and the best of
     * many is not the luckiest of them */
    bench_thing pair[] = {things[best], {"vane", with_vane_launch, v, 0}};
    if (bench_compare(pair, 2, rounds_for(n)) || hand_check(h) || with_vane_check(v))
        return 1;
    const double bytes = (op == BENCH_RELU ? 8.0 : 12.0) * (double)n;
    printf("  %-5s %8zu  %-28s %8.2f %10.2f %8.2f\n", bench_op_names[op], n, pair[0].name,
           bytes / pair[0].median, bytes / pair[1].median, pair[1].median / pair[0].median);
    return 0;
}

static int compare_throughput(hand *h, with_vane *v)
{
    printf("\nelementwise, GB/s  the best of %zu ways by hand%12s %10s %8s\n", hand_variants(),
           "by hand", "vane", "ratio");
    for (bench_op op = BENCH_ADD; op < BENCH_OPS; op++)
        for (size_t i = 1; i < sizeof sizes / sizeof sizes[0]; i++)
            if (compare_kernels(h, v, op, sizes[i]))
                return 1;
    return 0;
}

typedef struct block {
    float *from, *to;
    size_t n;
} block;

static int copy_block(void *self)
{
    block *b = self;
    memcpy(b->to, b->from, b->n * sizeof(float));
    return 0;
}

static int compare_copies(hand *h, with_vane *v)
{
    block b = {malloc(MOST * sizeof(float)), malloc(MOST * sizeof(float)), 0};
    int rc = !b.from || !b.to;
    if (!rc)
        memset(b.from, 1, MOST * sizeof(float)); /* untouched memory is one page, and fast */
    printf("\ncopies, GB/s%33s %10s %10s %8s\n", "memcpy", "by hand", "vane", "ratio");
    for (size_t i = 1; !rc && i < sizeof sizes / sizeof sizes[0]; i++) {
        const double bytes = (double)sizes[i] * sizeof(float);
        bench_thing things[] = {{"memcpy", copy_block, &b, 0},
                                {"up", hand_upload, h, 0},
                                {"up", with_vane_upload, v, 0},
                                {"down", hand_download, h, 0},
                                {"down", with_vane_download, v, 0}};
        b.n = sizes[i];
        hand_set(h, BENCH_ADD, sizes[i], 1);
        with_vane_set(v, BENCH_ADD, sizes[i]);
        rc = hand_clear(h) || with_vane_clear(v) ||
             bench_compare(things, 5, rounds_for(sizes[i])) || hand_check_copies(h) ||
             with_vane_check_copies(v);
        for (int w = 1; !rc && w < 5; w += 2)
            printf("  %-10s %8zu %23.2f %10.2f %10.2f %8.2f\n", w == 1 ? "upload" : "add, down",
                   sizes[i], bytes / things[0].median, bytes / things[w].median,
                   bytes / things[w + 1].median, things[w + 1].median / things[w].median);
    }
    free(b.from);
    free(b.to);
    return rc;
}

/* ---- the command ----------------------------------------------------------------- */

static int wanted(int argc, char **argv, const char *what)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], what) == 0)
            return 1;
    return argc == 1;
}

static int compare_all(int argc, char **argv)
{
    hand *h = hand_open(MOST, NULL);
    with_vane *v = h ? with_vane_open(MOST) : NULL;
    int rc = !v;
    if (v) {
        printf("by hand: %s; vane: %s; ratio: vane's time / by hand's\n", hand_device(h),
               with_vane_device(v));
        rc = (wanted(argc, argv, "launch") && compare_launches(h, v)) ||
             (wanted(argc, argv, "pipeline") && compare_pipelines(h, v)) ||
             (wanted(argc, argv, "throughput") && compare_throughput(h, v)) ||
             (wanted(argc, argv, "copies") && compare_copies(h, v));
        with_vane_close(v);
    }
    if (h)
        hand_close(h);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--bare") == 0)
        return start_bare(argc > 2 ? argv[2] : NULL);
    if (argc > 1 && strcmp(argv[1], "--vane") == 0)
        return start_vane();
    if (argc > 1 && strcmp(argv[1], "--nothing") == 0)
        return 0;
    if (argc == 2 && strcmp(argv[1], "start") == 0)
        return start_compare("/proc/self/exe", 31);
    int rc = compare_all(argc, argv);
    if (!rc && wanted(argc, argv, "start"))
        rc = start_compare("/proc/self/exe", 31);
    return rc;
}
