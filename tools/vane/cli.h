/* SPDX-License-Identifier: MIT */
/* cli.h - what the subcommands share: their entry points, errors, names, the context.
 *
 * Exit codes: 0 done; 1 it failed; 2 the command line is wrong. A failure is one line on
 * stderr, "vane: <sentence>"; stdout then holds nothing that looks like a result.
 */
#ifndef VANE_TOOL_CLI_H
#define VANE_TOOL_CLI_H

#include <stdint.h>

#include "vane/vane.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* One subcommand; argv[0] is its own name. Returns the exit code. */
int cmd_info(int argc, char **argv);
int cmd_ops(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_bench_dispatch(int argc, char **argv);
int cmd_bench_start(int argc, char **argv);
int cmd_bench_peak(int argc, char **argv);
int cmd_bench_policy(int argc, char **argv);
int cmd_bench_device(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_calibrate(int argc, char **argv);

int cli_fail(const char *fmt, ...) VANE_PRINTF(1, 2);  /* CLI_FAILED */
int cli_usage(const char *fmt, ...) VANE_PRINTF(1, 2); /* CLI_USAGE */
int cli_error(void);                                   /* prints vane_last_error(); CLI_FAILED */
int cli_no_memory(void);                               /* CLI_FAILED */

/* "a, b, c": for the errors that list what would have been right. */
typedef struct cli_names {
    char text[2048];
    uint32_t count;
} cli_names;
void cli_names_add(cli_names *n, const char *name);
/* Adds a name once. seen: is it there already? */
int cli_names_has(const cli_names *n, const char *name);

/* Each prints its error and returns an exit code, or CLI_OK. */
int cli_open(vane_context **out, int allow_empty);
int cli_beside(const char *name, char *out, size_t bytes); /* in the folder of this command */
int cli_find_op(const vane_context *ctx, const char *name, vane_op_info *out);
int cli_check_backend(const vane_context *ctx, const char *name);
int cli_parse_dtype(const char *option, const char *text, uint32_t *out);
int cli_parse_count(const char *option, const char *text, uint32_t *out); /* 1 or more */

#endif
