/* SPDX-License-Identifier: MIT */
/* main.c - the vane command: picks the subcommand from one table. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} command;

static const command commands[] = {
    {"info", cmd_info, "the machine, devices, plugins, every path tried and each verdict"},
    {"ops", cmd_ops, "the operations: inputs, parameters, data types, tolerance"},
    {"run", cmd_run, "run one operation on .npy files"},
    {"explain", cmd_explain, "who would run an operation, who would not, and why"},
    {"bench", cmd_bench, "time the backends side by side and check their results"},
    {"top", cmd_top, "a running process, live: devices, operations, rates, routes"},
    {"replay", cmd_replay, "a recording of VANE_RECORD, judged by another policy"},
    {"calibrate", cmd_calibrate, "learn beforehand who is fastest at what, and keep it"},
    {"check", cmd_check, "judge a plugin file by the conformance suite"},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void help(void)
{
    puts("usage: vane COMMAND [OPTION...]\n\ncommands:");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].about);
    puts("\n'vane COMMAND -h' describes a command and its options; each takes --json.\n"
         "Exit codes: 0 done, 1 failed, 2 the command line is wrong.");
}

static int dispatch(int argc, char **argv)
{
    cli_names names = {0};
    if (argc < 2) {
        help();
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
        return help(), CLI_OK;
    if (!strcmp(argv[1], "--version"))
        return printf("vane %s\n", vane_version()), CLI_OK;
    for (int i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
        cli_names_add(&names, commands[i].name);
    }
    return cli_usage("unknown command '%s'; the commands are %s", argv[1], names.text);
}

int main(int argc, char **argv)
{
    int rc = dispatch(argc, argv);
    /* a full disk or a closed pipe must not look like success */
    if ((fflush(stdout) || ferror(stdout)) && rc == CLI_OK)
        rc = cli_fail("writing to standard output failed");
    return rc;
}
