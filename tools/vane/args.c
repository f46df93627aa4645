/* SPDX-License-Identifier: MIT */
/* args.c - the one parser of command lines: options from a table, the rest in order. */
#include "args.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

static const args_option common[] = {
    {"json", 0, NULL, "print JSON instead of text", NULL, NULL, NULL},
    {"help", 'h', NULL, "print this and exit", NULL, NULL, NULL},
    {NULL, 0, NULL, NULL, NULL, NULL, NULL}};

static void help_option(const args_option *o)
{
    char left[64];
    char letter[4] = {'-', o->letter, ',', 0};
    snprintf(left, sizeof left, "%s --%s%s%s", o->letter ? letter : "   ", o->name,
             o->value ? " " : "", o->value ? o->value : "");
    printf("  %-24s %s\n", left, o->help);
}

static void help(const args *a)
{
    printf("usage: %s\n\n%s\n\noptions:\n", a->usage, a->about);
    for (const args_option *o = a->options; o && o->name; o++)
        help_option(o);
    for (const args_option *o = common; o->name; o++)
        help_option(o);
}

static int matches(const args_option *o, const char *word)
{
    if (word[0] != '-')
        return 0;
    if (word[1] != '-')
        return o->letter && word[1] == o->letter && !word[2];
    size_t n = strcspn(word + 2, "=");
    return strlen(o->name) == n && !memcmp(o->name, word + 2, n);
}

static const args_option *find(const args_option *o, const char *word)
{
    for (; o && o->name; o++)
        if (matches(o, word))
            return o;
    return NULL;
}

static int unknown(const args *a, const char *word)
{
    cli_names names = {0};
    for (int t = 0; t < 2; t++)
        for (const args_option *o = t ? common : a->options; o && o->name; o++) {
            char text[40];
            snprintf(text, sizeof text, "--%s", o->name);
            cli_names_add(&names, text);
        }
    return cli_usage("unknown option '%s'; the options are %s", word, names.text);
}

/* Stores one use of an option with a value; returns 0 or an exit code. */
static int store(const args_option *o, const char *value)
{
    if (o->text) {
        *o->text = value;
        return 0;
    }
    if (o->many->count == ARGS_MANY)
        return cli_usage("--%s is given more than %d times", o->name, ARGS_MANY);
    o->many->item[o->many->count++] = value;
    return 0;
}

/* One option; *next is the index of the word after it, moved past a separate value. */
static int option(args *a, int argc, char **argv, const char *word, int *next)
{
    const args_option *o = find(common, word);
    const args_option *own = o ? NULL : find(a->options, word);
    const char *inline_value = word[1] == '-' ? strchr(word, '=') : NULL;
    if (!o && !own)
        return unknown(a, word);
    if (o || !own->value) {
        const char *name = o ? o->name : own->name;
        if (inline_value)
            return cli_usage("--%s takes no value, got '%s'", name, inline_value + 1);
        if (own)
            *own->flag = 1;
        else if (!strcmp(name, "json"))
            a->json = 1;
        else
            return help(a), 0;
        return ARGS_GO_ON;
    }
    if (!inline_value && *next == argc)
        return cli_usage("--%s needs a value: %s", own->name, own->value);
    int rc = store(own, inline_value ? inline_value + 1 : argv[(*next)++]);
    return rc ? rc : ARGS_GO_ON;
}

int args_parse(args *a, int argc, char **argv)
{
    int only_items = 0;
    a->item = argv + 1;
    a->count = 0;
    a->json = 0;
    for (int i = 1; i < argc;) {
        char *word = argv[i++];
        if (only_items || word[0] != '-' || !word[1]) {
            a->item[a->count++] = word;
        } else if (!strcmp(word, "--")) {
            only_items = 1;
        } else {
            int rc = option(a, argc, argv, word, &i);
            if (rc != ARGS_GO_ON)
                return rc;
        }
    }
    return ARGS_GO_ON;
}
