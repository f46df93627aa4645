/* SPDX-License-Identifier: MIT */
/* args.h - the one parser of command lines: options from a table, the rest in order.
 *
 * Understands --name value, --name=value, -n value, flags, and -- (no options after it).
 * -h, --help and --json belong to every command and stand in no table.
 */
#ifndef VANE_TOOL_ARGS_H
#define VANE_TOOL_ARGS_H

#define ARGS_MANY 64 /* most uses of one repeatable option */

typedef struct args_list {
    const char *item[ARGS_MANY];
    int count;
} args_list;

typedef struct args_option {
    const char *name;  /* without the dashes; NULL ends a table */
    char letter;       /* 0: none */
    const char *value; /* what the help calls its value; NULL: a flag */
    const char *help;
    int *flag;         /* exactly one of the three is set */
    const char **text; /* the last use wins */
    args_list *many;   /* every use counts */
} args_option;

typedef struct args {
    const char *usage; /* "vane run OP FILE..." */
    const char *about; /* what the command does, with its examples */
    const args_option *options;
    /* out */
    int json;
    int count;
    char **item; /* the arguments that are no options: argv, reordered */
} args;

#define ARGS_GO_ON (-1)

/* argv[0] is the command's name. ARGS_GO_ON, or the exit code: 0 after help, 2 after an
 * error, which then has been printed. */
int args_parse(args *a, int argc, char **argv);

#endif
