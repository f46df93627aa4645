/* SPDX-License-Identifier: MIT */
/* loader.c - one plugin file, from its path to its entry: judged before it is mapped.
 *
 * The order is the safety: permissions, then the note (read, not run), then whether the
 * user wants it, then the name, and only then dlopen, the entry and its agreement with the
 * note. Whatever the end, there is one report line. A backend that says it is slow to open is
 * kept aside (deferred.h) before the dlopen, unless a wish names it.
 */
#include "plugin/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "error.h"
#include "plugin/note.h"
#include "plugin/search.h"

/* v1.0's entry ends with vt; a plugin may know more than that, never less. */
#define ENTRY_BYTES (offsetof(vane_backend_entry, vt) + sizeof(const vane_backend_vt *))

typedef struct attempt {
    vane_context *ctx;
    const char *given;   /* the path as it was found or said */
    char path[PATH_MAX]; /* absolute, links resolved */
    vane_backend_note note;
    int named; /* the note may be quoted */
    void *dl;
    const vane_backend_entry *entry;
    int log_level; /* of a refusal */
    char why[VANE__WHY_BYTES];
} attempt;

#define WHY(a) (a)->why, sizeof(a)->why

/* ---- the stages ---------------------------------------------------------------- */

static vane_status check_file(attempt *a, const char *path)
{
    struct stat st;
    if (!realpath(path, a->path) || stat(a->path, &st) != 0) {
        int error = errno;
        snprintf(WHY(a), "%s", strerror(error));
        return error == ENOENT ? VANE_E_NOT_FOUND
                               : (error == EACCES ? VANE_E_PERMISSION : VANE_E_IO);
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(WHY(a), "not a regular file");
        return VANE_E_FORMAT;
    }
    return vane__search_trust(a->path, &st, WHY(a));
}

static vane_status check_note(attempt *a)
{
    vane_status status = vane__note_read(a->path, &a->note, WHY(a));
    if (status != VANE_OK)
        return status;
    a->named = a->note.abi_major == VANE_ABI_MAJOR && vane__backend_name_valid(a->note.name);
    status = vane__note_judge(&a->note, a->ctx->cpu_features, WHY(a));
    if (status == VANE_E_UNSUPPORTED) /* a folder for many CPUs is no mistake */
        a->log_level = VANE_LOG_INFO;
    return status;
}

vane_status vane__loader_wanted(vane_context *ctx, const char *name, char *why, size_t why_bytes)
{
    const vane__settings *s = &ctx->settings;
    if (vane__list_has(s->exclude, name)) {
        snprintf(why, why_bytes, "excluded (VANE_EXCLUDE=%.200s)", s->exclude);
        return VANE_E_PERMISSION;
    }
    if (s->backend[0] && strcmp(s->backend, name) != 0) {
        snprintf(why, why_bytes, "not required (VANE_BACKEND=%.200s)", s->backend);
        return VANE_E_PERMISSION;
    }
    return VANE_OK;
}

static vane_status check_wish(attempt *a)
{
    a->log_level = VANE_LOG_INFO;
    vane_status status = vane__loader_wanted(a->ctx, a->note.name, WHY(a));
    if (status != VANE_OK)
        return status;
    const vane__backend *same = vane__registry_find(&a->ctx->registry, a->note.name);
    if (same) {
        snprintf(WHY(a), "duplicate name: \"%s\" is already loaded from %.300s", a->note.name,
                 same->path);
        return VANE_E_ARGUMENT;
    }
    const char *waiting = vane__deferred_holds(&a->ctx->registry.deferred, a->note.name, a->given);
    if (waiting) {
        snprintf(WHY(a), "duplicate name: \"%s\" is already deferred from %.300s", a->note.name,
                 waiting);
        return VANE_E_ARGUMENT;
    }
    a->log_level = VANE_LOG_WARN;
    return VANE_OK;
}

/* VANE_OPS=op=name */
static int named_for_an_op(const char *ops, const char *name)
{
    char item[256];
    for (uint32_t i = 0; vane__list_at(ops, i, item, sizeof item); i++) {
        const char *right = strchr(item, '=');
        if (right && strcmp(right + 1 + strspn(right + 1, " \t"), name) == 0)
            return 1;
    }
    return 0;
}

/* Who opens the context has asked for it already. */
static int is_named(const vane__settings *s, const char *name)
{
    return strcmp(s->backend, name) == 0 || vane__list_has(s->prefer, name) ||
           named_for_an_op(s->ops, name);
}

static int is_deferred(const attempt *a)
{
    return (a->note.flags & VANE_BACKEND_SLOW) && !is_named(&a->ctx->settings, a->note.name);
}

static vane_status defer(attempt *a)
{
    snprintf(WHY(a), "deferred: opened when something needs it");
    if (vane__deferred_add(&a->ctx->registry.deferred, a->note.name, a->given, a->path) == VANE_OK)
        return VANE_OK;
    snprintf(WHY(a), "no memory to defer it");
    return VANE_E_NOMEM;
}

static vane_status map_file(attempt *a)
{
    a->dl = dlopen(a->path, RTLD_NOW | RTLD_LOCAL);
    if (!a->dl) {
        const char *text = dlerror();
        snprintf(WHY(a), "the dynamic linker refused it: %s", text ? text : "no reason given");
        return VANE_E_IO;
    }
    a->entry = dlsym(a->dl, "vane_backend_entry_v1");
    if (!a->entry) {
        snprintf(WHY(a), "it does not export vane_backend_entry_v1");
        return VANE_E_ABI;
    }
    return VANE_OK;
}

/* ---- the entry ----------------------------------------------------------------- */

vane_status vane__loader_judge(const vane_backend_entry *e, uint64_t cpu_features, char *why,
                               size_t why_bytes)
{
    if (e->magic != VANE_BACKEND_MAGIC)
        snprintf(why, why_bytes, "wrong magic in the entry: 0x%08x, expected 0x%08x", e->magic,
                 VANE_BACKEND_MAGIC);
    else if (e->struct_size < ENTRY_BYTES)
        snprintf(why, why_bytes, "its entry has %u bytes, expected %zu or more", e->struct_size,
                 ENTRY_BYTES);
    else if (e->flags & ~VANE__BACKEND_FLAGS)
        snprintf(why, why_bytes, "needs features this core does not know: flags 0x%x",
                 e->flags & ~VANE__BACKEND_FLAGS);
    else if (e->sanitizer != VANE_SANITIZER)
        snprintf(why, why_bytes, "built with %s, libvane with %s",
                 vane__sanitizer_name(e->sanitizer), vane__sanitizer_name(VANE_SANITIZER));
    else if (!e->name || !vane__backend_name_valid(e->name))
        snprintf(why, why_bytes, "its name is not 1 to 15 of a-z 0-9 _ -");
    else if (strcmp(e->name, VANE__PROGRAM) == 0)
        snprintf(why, why_bytes, "the name \"%s\" is Vane's own", VANE__PROGRAM);
    else if (!e->version || !e->about)
        snprintf(why, why_bytes, "its entry has no %s", e->version ? "about" : "version");
    else if (!e->vt)
        snprintf(why, why_bytes, "its entry has no table (vt is NULL)");
    else if (e->cpu_required & ~cpu_features) {
        vane__cpu_missing(e->cpu_required, cpu_features, why, why_bytes);
        return VANE_E_UNSUPPORTED;
    } else
        return VANE_OK;
    return VANE_E_ABI;
}

static vane_status check_entry(attempt *a)
{
    const vane_backend_note *n = &a->note;
    const vane_backend_entry *e = a->entry;
    vane_status status = vane__loader_judge(e, a->ctx->cpu_features, WHY(a));
    if (status != VANE_OK)
        return status;
    const char *about = NULL;
    if (strcmp(e->name, n->name) != 0)
        about = "the name";
    else if (e->abi_minor != n->abi_minor)
        about = "the ABI's minor number";
    else if (e->cpu_required != ((uint64_t)n->cpu_required_high << 32 | n->cpu_required_low))
        about = "the CPU bits";
    else if (e->rank != n->rank)
        about = "the rank";
    else if (e->flags != n->flags)
        about = "the flags";
    if (!about)
        return VANE_OK;
    snprintf(WHY(a), "its note and its entry disagree about %s", about);
    return VANE_E_ABI;
}

/* ---- the whole ----------------------------------------------------------------- */

/* Up to here nothing of the plugin was called, so it may go again. After open() it stays
 * mapped, unless VANE_UNLOAD asks otherwise: a failed driver may have left threads in it. */
static vane_status map_and_adopt(attempt *a, const char *source)
{
    vane_status status = map_file(a);
    if (status == VANE_OK)
        status = check_entry(a);
    int opened = status == VANE_OK;
    if (opened)
        status = vane__registry_adopt(a->ctx, a->entry, a->dl, a->given, source, WHY(a));
    if (status != VANE_OK && a->dl && (!opened || a->ctx->settings.unload))
        dlclose(a->dl);
    return status;
}

static vane_status judge_file(attempt *a)
{
    vane_status status = check_file(a, a->given);
    if (status == VANE_OK)
        status = check_note(a);
    if (status == VANE_OK)
        status = check_wish(a);
    return status;
}

static vane_status tell(const attempt *a, const char *source, vane_status status)
{
    if (status != VANE_OK)
        status = vane__fail(status, "%s: %s", a->given, a->why);
    vane_report_line line = {
        .path = a->given, .source = source, .reason = a->why, .status = status};
    if (a->named) {
        line.backend = a->note.name;
        line.version = a->note.version;
    }
    /* a machine without that hardware is no mistake, unless somebody counts on it */
    int is_news = status != VANE_OK &&
                  (status != VANE_E_UNSUPPORTED || is_named(&a->ctx->settings, a->note.name));
    vane__report_tell(a->ctx, &line, is_news ? a->log_level : VANE_LOG_INFO);
    return status;
}

void vane__loader_found(vane_context *ctx, const char *path, const char *source)
{
    attempt a = {.ctx = ctx, .given = path, .log_level = VANE_LOG_WARN};
    vane_status status = judge_file(&a);
    if (status == VANE_OK)
        status = is_deferred(&a) ? defer(&a) : map_and_adopt(&a, source);
    tell(&a, source, status);
}

vane_status vane__loader_open(vane_context *ctx, const char *path, const char *source, char *why,
                              size_t why_bytes)
{
    attempt a = {.ctx = ctx, .given = path, .log_level = VANE_LOG_WARN};
    vane_status status = judge_file(&a);
    if (status == VANE_OK)
        status = map_and_adopt(&a, source);
    snprintf(why, why_bytes, "%s", a.why);
    return tell(&a, source, status);
}

vane_status vane__registry_load_file(vane_context *ctx, const char *path, const char *source)
{
    int was_deferred;
    char why[VANE__WHY_BYTES];
    vane_status status = vane__deferred_open_file(ctx, path, source, &was_deferred);
    if (was_deferred)
        return status;
    status = vane__loader_open(ctx, path, source, why, sizeof why);
    if (status == VANE_OK)
        vane__routes_refresh(ctx);
    return status;
}

vane_status vane_load(vane_context *ctx, const char *path)
{
    vane_status status = vane__context_check(ctx);
    if (status != VANE_OK)
        return status;
    if (!path || !path[0])
        return vane__fail(VANE_E_ARGUMENT, "load: path is %s, expected a plugin file",
                          path ? "empty" : "NULL");
    return vane__registry_load_file(ctx, path, "vane_load");
}
