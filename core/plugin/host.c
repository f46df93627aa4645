/* SPDX-License-Identifier: MIT */
/* host.c - what the core gives a plugin: errors, log, memory, clock, options, threads.
 *
 * host->ctx is the vane__backend that the host was made for, so each line and error says
 * whose it is.
 */
#include <stdio.h>
#include <string.h>

#include "context.h"
#include "error.h"
#include "log.h"
#include "os.h"
#include "plugin/registry.h"
#include "telemetry/clock.h"

static vane_status host_fail(void *ctx, vane_status status, int64_t native_code, const char *fmt,
                             ...)
{
    const vane__backend *b = ctx;
    va_list args;
    va_start(args, fmt);
    vane_status result = vane__fail_backend(b->entry->name, status, native_code, fmt, args);
    va_end(args);
    return result;
}

static void host_log(void *ctx, int level, const char *fmt, ...)
{
    const vane__backend *b = ctx;
    const vane__log *log = &b->ctx->settings.log;
    char text[512];
    if (level > log->level)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    vane__log_line(log, level, "%s: %s", b->entry->name, text);
}

static void *host_alloc(void *ctx, uint64_t bytes, uint64_t align)
{
    (void)ctx;
    return vane__alloc(bytes, align);
}

static void host_free(void *ctx, void *p)
{
    (void)ctx;
    vane__free(p);
}

static uint64_t host_now_ns(void *ctx)
{
    const vane__backend *b = ctx;
    return vane__clock_now(b->ctx);
}

/* The user's word first, then the core's facts. */
static const char *host_option(void *ctx, const char *key)
{
    const vane__backend *b = ctx;
    if (!key)
        return NULL;
    const char *value = vane__settings_option(b->entry->name, key);
    if (!value && strcmp(key, "cache_dir") == 0)
        value = b->ctx->registry.cache_dir;
    return value;
}

void vane__host_parallel(const vane_call *call, vane_range_fn fn, void *arg, uint64_t n,
                         uint64_t grain)
{
    if (n == 0)
        return;
    if (call->width <= 1) {
        fn(arg, 0, n, 0);
        return;
    }
    const vane__backend *b = call->host->ctx;
    vane__pool_run(b->ctx->pool, call->width, fn, arg, n, grain ? grain : 1);
}

/* Reported by the plugin while it runs: the file is its own, the verdict the text. */
static void host_report(void *ctx, vane_status status, const char *text)
{
    const vane__backend *b = ctx;
    vane_report_line line = {.path = b->path,
                             .source = "the plugin",
                             .backend = b->entry->name,
                             .version = b->entry->version,
                             .reason = text,
                             .status = status};
    vane__report_tell(b->ctx, &line, status == VANE_OK ? VANE_LOG_INFO : VANE_LOG_WARN);
}

void vane__host_fill(vane_context *ctx, vane__backend *backend)
{
    backend->host = (vane_host){
        .struct_size = sizeof(vane_host),
        .abi_minor = VANE_ABI_MINOR,
        .cpu_features = ctx->cpu_features,
        .l1d_bytes = ctx->l1d_bytes,
        .l2_bytes = ctx->l2_bytes,
        .l3_bytes = ctx->l3_bytes,
        .mem_limit_bytes = ctx->budget.mem_limit_bytes,
        .threads = ctx->pool ? vane__pool_max(ctx->pool) : ctx->budget.threads,
        .ctx = backend,
        .fail = host_fail,
        .log = host_log,
        .alloc = host_alloc,
        .free = host_free,
        .now_ns = host_now_ns,
        .option = host_option,
        .parallel = vane__host_parallel,
        .report = host_report,
    };
}
