/* SPDX-License-Identifier: MIT */
/* report.c - the load report: an array of lines that only grows.
 *
 * All texts of a line live in one block that never moves, so a line handed out stays good
 * until vane_close, although the array itself may move while it grows.
 */
#include "plugin/report.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "error.h"

vane_status vane__report_init(vane__report *r)
{
    *r = (vane__report){0};
    if (pthread_mutex_init(&r->lock, NULL) != 0)
        return vane__fail(VANE_E_NOMEM, "no memory for the load report's lock");
    return VANE_OK;
}

void vane__report_free(vane__report *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        free((void *)(uintptr_t)r->lines[i].path); /* the block begins with it */
    free(r->lines);
    pthread_mutex_destroy(&r->lock);
    r->lines = NULL;
    r->count = r->capacity = 0;
}

static char *append(char *at, const char *text, const char **out)
{
    size_t bytes = strlen(text) + 1;
    *out = memcpy(at, text, bytes);
    return at + bytes;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* A copy whose texts lie in one new block; path is NULL when there is no memory. */
static vane_report_line copy_of(const vane_report_line *line)
{
    const char *path = or_empty(line->path), *source = or_empty(line->source);
    const char *backend = or_empty(line->backend), *version = or_empty(line->version);
    const char *reason = or_empty(line->reason);
    vane_report_line copy = {.status = line->status, .is_folder = line->is_folder};
    char *at = malloc(strlen(path) + strlen(source) + strlen(backend) + strlen(version) +
                      strlen(reason) + 5);
    if (!at)
        return copy;
    at = append(at, path, &copy.path);
    at = append(at, source, &copy.source);
    at = append(at, backend, &copy.backend);
    at = append(at, version, &copy.version);
    append(at, reason, &copy.reason);
    return copy;
}

static int has_room(vane__report *r)
{
    if (r->count < r->capacity)
        return 1;
    uint32_t capacity = r->capacity ? r->capacity * 2 : 16;
    vane_report_line *lines = realloc(r->lines, capacity * sizeof *lines);
    if (!lines)
        return 0;
    r->lines = lines;
    r->capacity = capacity;
    return 1;
}

void vane__report_add(vane__report *r, const vane_report_line *line)
{
    vane_report_line copy = copy_of(line);
    if (!copy.path)
        return;
    pthread_mutex_lock(&r->lock);
    int kept = has_room(r);
    if (kept)
        r->lines[r->count++] = copy;
    pthread_mutex_unlock(&r->lock);
    if (!kept)
        free((void *)(uintptr_t)copy.path);
}

void vane__report_tell(vane_context *ctx, const vane_report_line *line, int level)
{
    vane__report_add(&ctx->registry.report, line);
    vane__log_line(&ctx->settings.log, level, "%s: %s", line->path, line->reason);
}

/* ---- the public view ----------------------------------------------------------- */

/* The lock is no part of what const promises the caller. */
static vane__report *report_of(const vane_context *ctx)
{
    return &((vane_context *)(uintptr_t)ctx)->registry.report;
}

uint32_t vane_report_count(const vane_context *ctx)
{
    if (vane__context_check(ctx) != VANE_OK)
        return 0;
    vane__report *r = report_of(ctx);
    pthread_mutex_lock(&r->lock);
    uint32_t count = r->count;
    pthread_mutex_unlock(&r->lock);
    return count;
}

vane_status vane_report_at(const vane_context *ctx, uint32_t i, vane_report_line *out)
{
    vane_status status = vane__context_check(ctx);
    if (status != VANE_OK)
        return status;
    if (!out)
        return vane__fail(VANE_E_ARGUMENT, "report_at: out is NULL");
    vane__report *r = report_of(ctx);
    pthread_mutex_lock(&r->lock);
    uint32_t count = r->count;
    if (i < count)
        *out = r->lines[i];
    pthread_mutex_unlock(&r->lock);
    if (i >= count)
        return vane__fail(VANE_E_ARGUMENT, "report_at: i is %u, expected less than %u", i, count);
    return VANE_OK;
}
