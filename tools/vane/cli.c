/* SPDX-License-Identifier: MIT */
/* cli.c - what the subcommands share: errors, lists of valid names, opening a context. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static void say(const char *fmt, va_list ap)
{
    fflush(stdout); /* so that the sentence stands after what was printed before it */
    fputs("vane: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int cli_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return CLI_FAILED;
}

int cli_usage(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return CLI_USAGE;
}

int cli_error(void)
{
    const vane_error *e = vane_last_error();
    if (e->backend[0])
        return cli_fail("%s (backend %s, %s)", e->message, e->backend, vane_status_name(e->status));
    return cli_fail("%s (%s)", e->message, vane_status_name(e->status));
}

int cli_no_memory(void)
{
    return cli_fail("out of memory");
}

void cli_names_add(cli_names *n, const char *name)
{
    size_t used = strlen(n->text);
    snprintf(n->text + used, sizeof n->text - used, "%s%s", n->count ? ", " : "", name);
    n->count++;
}

int cli_names_has(const cli_names *n, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = n->text; (at = strstr(at, name)); at += length) {
        int begins = at == n->text || at[-1] == ' ';
        if (begins && (at[length] == ',' || !at[length]))
            return 1;
    }
    return 0;
}

int cli_open(vane_context **out, int allow_empty)
{
    vane_config config = {.struct_size = sizeof config, .allow_empty = (uint32_t)allow_empty};
    return vane_open(&config, out) == VANE_OK ? CLI_OK : cli_error();
}

int cli_beside(const char *name, char *out, size_t bytes)
{
    ssize_t n = readlink("/proc/self/exe", out, bytes - 1);
    if (n < 0)
        return cli_fail("cannot find the vane command's own folder: %s", strerror(errno));
    out[n] = 0;
    char *slash = strrchr(out, '/');
    size_t used = slash ? (size_t)(slash - out) + 1 : 0;
    snprintf(out + used, bytes - used, "%s", name);
    return CLI_OK;
}

int cli_find_op(const vane_context *ctx, const char *name, vane_op_info *out)
{
    if (vane_op_find(ctx, name, out) == VANE_OK)
        return CLI_OK;
    cli_names names = {0};
    vane_op_info info;
    for (uint32_t i = 0; i < vane_op_count(ctx); i++)
        if (vane_op_at(ctx, i, &info) == VANE_OK)
            cli_names_add(&names, info.name);
    return cli_usage("unknown op '%s'; the ops are %s", name, names.text);
}

int cli_check_backend(const vane_context *ctx, const char *name)
{
    cli_names names = {0};
    for (uint32_t i = 0; i < vane_device_count(ctx); i++) {
        vane_device_info info = {.struct_size = sizeof info};
        const char *backend;
        if (vane_device_at(ctx, i, &info, &backend) != VANE_OK || cli_names_has(&names, backend))
            continue;
        cli_names_add(&names, backend);
    }
    if (cli_names_has(&names, name))
        return CLI_OK;
    return cli_usage("unknown backend '%s'; loaded are %s", name,
                     names.count ? names.text : "none");
}

int cli_parse_dtype(const char *option, const char *text, uint32_t *out)
{
    if (vane_dtype_parse(text, out) == VANE_OK)
        return CLI_OK;
    cli_names names = {0};
    for (uint32_t t = 0; t < VANE_DTYPE_COUNT; t++)
        cli_names_add(&names, vane_dtype_name(t));
    return cli_usage("%s: unknown data type '%s'; the types are %s", option, text, names.text);
}

int cli_parse_count(const char *option, const char *text, uint32_t *out)
{
    int64_t n;
    if (!text_integer(text, &n) || n < 1 || n > 1000000)
        return cli_usage("%s: '%s' is not a number from 1 to 1000000", option, text);
    *out = (uint32_t)n;
    return CLI_OK;
}
