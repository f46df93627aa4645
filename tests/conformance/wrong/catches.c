/* SPDX-License-Identifier: MIT */
/* catches.c - does the conformance suite report each defect of wrong.c, and only those?
 *
 *   catches wrong.so wrong.skip
 *   catches DEVICE.so             one of the devices: its pipelines must not pass
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

typedef struct expectation {
    const char *group, *op, *text; /* text: part of a failure's line */
    int met;
} expectation;

typedef struct watch {
    expectation *list;
    size_t count;
    int surprises; /* failures of what is right */
    uint64_t skipped;
} watch;

static void event(void *arg, const conform_event *e)
{
    watch *w = arg;
    w->skipped += e->kind == CONFORM_SKIP;
    if (e->kind != CONFORM_FAIL)
        return;
    int expected = 0;
    for (size_t i = 0; i < w->count; i++)
        if (!strcmp(w->list[i].group, e->group) && !strcmp(w->list[i].op, e->op)) {
            expected = 1;
            w->list[i].met |= strstr(e->text, w->list[i].text) != NULL;
        }
    if (!expected) {
        w->surprises++;
        printf("unexpected: %s %s %s %s\n", e->group, e->op, e->dtype, e->text);
    }
}

/* 0: all that was expected was said, and the counts agree. */
static int run(conform_options *o, watch *w, uint64_t least_failed)
{
    conform_count n;
    char error[512];
    int missed = 0;
    o->event = event;
    o->arg = w;
    if (conform_run(o, &n, error) != VANE_OK)
        return printf("it did not run: %s\n", error), 1;
    for (size_t i = 0; i < w->count; i++)
        if (!w->list[i].met) {
            missed++;
            printf("missed: %s %s: \"%s\"\n", w->list[i].group, w->list[i].op, w->list[i].text);
        }
    printf("%llu passed, %llu failed, %llu skipped, %d missed, %d unexpected\n",
           (unsigned long long)n.passed, (unsigned long long)n.failed,
           (unsigned long long)n.skipped, missed, w->surprises);
    return missed || w->surprises || n.failed < least_failed || !n.passed;
}

/* Whatever a device does wrong with offsets, events or queues shows in some pipeline; with graphs,
 * in a sequence. */
static int device(const char *path)
{
    const int is_graph = strstr(path, "wrong-graph") != NULL;
    expectation defects[] = {{"stream", "", " steps, round ", 0},
                             {"sequence", "", "as a sequence: buffer ", 0}};
    watch w = {.list = &defects[is_graph], .count = 1};
    conform_options o = {.path = path, .dtype = "f32", .group = defects[is_graph].group, .seed = 1};
    return run(&o, &w, 1);
}

int main(int argc, char **argv)
{
    setenv("VANE_POLICY", "heuristic", 1); /* its kernels are dangerous: none runs on the side */
    expectation defects[] = {
        {"abi", "", "symbols, one is wrong_second_export", 0},
        {"abi", "", "it has no id", 0},
        {"abi", "", "DT_INIT_ARRAY", VANE_SANITIZER != VANE_SANITIZER_NONE}, /* not judged then */
        {"kernels", "add", "[1000] dense ordinary: at [999]", 0},
        {"kernels", "add", "1 of 1000 elements wrong", 0},
        {"kernels", "relu", "got 0, want nan", 0},
        {"kernels", "mul", "wrote outside the output's elements, at byte 256", 0},
        {"kernels", "max", "input 0 was changed", 0},
        {"kernels", "abs", "", 1}, /* if a route chooses several threads */
        {"kernels", "reduce_sum", "[65] ", 0},
        {"memory", "sub", "in place of input 0", 0},
        {"memory", "add", "at [", 0},
        {"memory", "relu", "got 0, want nan", 0},
        {"memory", "mul", "wrote outside", 0},
        {"memory", "max", "input 0 was changed", 0},
        {"memory", "reduce_sum", "at [", 0},
        {"stream", "", "written outside its elements", 0},
        {"width", "abs", "width 2", 0},
        {"width", "add", "at [", 0},
        {"width", "relu", "want nan", 0},
        {"width", "mul", "wrote outside", 0},
        {"width", "max", "input 0 was changed", 0},
        {"width", "reduce_sum", "at [", 0},
    };
    expectation excuses[] = {{"kernels", "neg", "it passes, but the skip file excuses it", 0}};
    if (argc == 2)
        return device(argv[1]);
    if (argc != 3)
        return fputs("usage: catches wrong.so wrong.skip | catches DEVICE.so\n", stderr), 2;
    watch all = {.list = defects, .count = sizeof defects / sizeof defects[0]};
    conform_options o = {.path = argv[1], .dtype = "f32", .seed = 1};
    int rc = run(&o, &all, 100);
    /* some of relu's failures are excused; neg is excused for nothing */
    watch some = {.list = excuses, .count = 1};
    conform_options skip = {.path = argv[1],
                            .dtype = "f32",
                            .group = "kernels",
                            .seed = 1,
                            .op = "neg",
                            .skip_file = argv[2]};
    rc |= run(&skip, &some, 1);
    expectation rest[] = {{"kernels", "relu", "got 0, want nan", 0}};
    watch excused = {.list = rest, .count = 1};
    skip.op = "relu";
    rc |= run(&skip, &excused, 1) || excused.skipped == 0;
    return rc;
}
