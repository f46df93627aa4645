/* SPDX-License-Identifier: MIT */
/* bench_start.c - vane bench start: what a process pays until it has its first result.
 *
 * Runs a small program from start to end many times, in turn with itself told to do nothing:
 * the difference is Vane's (linking, searching, loading, routing, computing, closing).
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "bench.h"
#include "cli.h"
#include "json.h"
#include "text.h"

#define PROGRAM "vane-first-result"

extern char **environ;

static int once(const char *program, const char *argument, double *ns)
{
    char *argv[] = {(char *)program, (char *)argument, NULL};
    pid_t pid;
    int status;
    double begin = bench_now_ns();
    int error = posix_spawn(&pid, program, NULL, NULL, argv, environ);
    if (error)
        return cli_fail("cannot start %s: %s", program, strerror(error));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return cli_fail("cannot wait for %s: %s", program, strerror(errno));
    *ns = bench_now_ns() - begin;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return CLI_OK;
    if (WIFSIGNALED(status))
        return cli_fail("%s ended by signal %d", program, WTERMSIG(status));
    return cli_fail("%s ended with code %d", program, WEXITSTATUS(status));
}

static void print(const double *median, const double *best, uint32_t runs)
{
    printf("process start to end, median (best) of %u runs\n", runs);
    printf("  %-28s %9s  (%s)\n", "open, add 1000 floats, close", text_ns(median[0]).s,
           text_ns(best[0]).s);
    printf("  %-28s %9s  (%s)\n", "nothing", text_ns(median[1]).s, text_ns(best[1]).s);
    printf("  %-28s %9s  (%s)\n", "difference", text_ns(median[0] - median[1]).s,
           text_ns(best[0] - best[1]).s);
}

static void print_json(const double *median, const double *best, uint32_t runs)
{
    json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_unsigned(&j, "runs", runs);
    json_real(&j, "first_result_median_ns", median[0]);
    json_real(&j, "first_result_best_ns", best[0]);
    json_real(&j, "nothing_median_ns", median[1]);
    json_real(&j, "nothing_best_ns", best[1]);
    json_end(&j);
}

int cmd_bench_start(int argc, char **argv)
{
    const char *program = NULL, *runs_text = NULL;
    const args_option options[] = {
        {"program", 'p', "FILE", "what to start (" PROGRAM " beside vane)", NULL, &program, NULL},
        {"runs", 'r', "N", "how often, at most 256 (21)", NULL, &runs_text, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench start [OPTION...]",
              .about = "Times a program that opens Vane, adds 1000 floats, checks them, closes and "
                       "exits,\nagainst the same program doing nothing.",
              .options = options};
    char path[PATH_MAX];
    double sample[2][BENCH_SAMPLES], median[2], best[2];
    uint32_t runs = 21;
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count)
        return cli_usage("bench start takes no arguments, got '%s'", a.item[0]);
    rc = CLI_OK;
    if (runs_text && (rc = cli_parse_count("--runs", runs_text, &runs)))
        return rc;
    runs = runs < BENCH_SAMPLES ? runs : BENCH_SAMPLES;
    if (!program && (rc = cli_beside(PROGRAM, path, sizeof path)))
        return rc;
    program = program ? program : path;
    for (uint32_t i = 0; !rc && i < runs; i++)
        if (!(rc = once(program, NULL, &sample[0][i])))
            rc = once(program, "nothing", &sample[1][i]);
    if (rc)
        return rc;
    for (int w = 0; w < 2; w++) {
        median[w] = bench_median(sample[w], (int)runs);
        best[w] = sample[w][0];
    }
    if (a.json)
        print_json(median, best, runs);
    else
        print(median, best, runs);
    return CLI_OK;
}
