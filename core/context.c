/* SPDX-License-Identifier: MIT */
/* context.c - open and close: the parts in their order, and undone in the other. */
#include "context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contexts.h"
#include "detect/cpu.h"
#include "dispatch/flight.h"
#include "dispatch/routes.h"
#include "dispatch/slate.h"
#include "error.h"
#include "exec/sequence.h"
#include "exec/stream.h"
#include "memory/arena.h"
#include "memory/buffer.h"
#include "op/table.h"
#include "plugin/search.h"
#include "policy/learn.h"
#include "policy/store.h"
#include "telemetry/event.h"
#include "telemetry/pager.h"

vane_status vane__context_check(const vane_context *ctx)
{
    if (ctx == NULL)
        return vane__fail(VANE_E_ARGUMENT, "ctx is NULL, expected one from vane_open");
    if (ctx->magic != VANE__CONTEXT_MAGIC)
        return vane__fail(VANE_E_ARGUMENT,
                          "ctx is no open context (closed already, or not from vane_open)");
    return VANE_OK;
}

/* What the machine is and may be used for; microseconds. */
static vane_status detect(vane_context *ctx)
{
    uint64_t all = vane__cpu_detect();
    vane_status st = vane__cpu_mask(ctx->settings.cpu_mask, all, &ctx->cpu_features);
    ctx->cpu_features_masked = all & ~ctx->cpu_features;
    vane__caches_read(&ctx->l1d_bytes, &ctx->l2_bytes, &ctx->l3_bytes);
    vane__budget_read("", &ctx->budget);
    ctx->budget_now = ctx->budget;
    return st;
}

static vane_status choose_policy(vane_context *ctx, const char *name)
{
    const vane_policy *policy = name[0] == '\0' ? &vane__policy_adaptive : vane__policy_find(name);
    if (policy == NULL)
        return vane_last_error()->status;
    atomic_store_explicit(&ctx->policy, policy, memory_order_release);
    return VANE_OK;
}

static vane_status arenas_open(vane_context *ctx)
{
    ctx->tickets = vane__ticket_box_open();
    return ctx->tickets != NULL && vane__arenas_open(0, &ctx->arenas)
               ? VANE_OK
               : vane__fail(VANE_E_NOMEM, "no memory for the context's arenas and tickets");
}

static const vane_backend_entry program_entry = {.magic = VANE_BACKEND_MAGIC,
                                                 .name = VANE__PROGRAM};

static vane_status open_parts(vane_context *ctx, const vane_config *config)
{
    vane_status st = vane__settings_read(config, &ctx->settings);
    if (st != VANE_OK)
        return st;
    atomic_store(&ctx->objective, ctx->settings.objective);
    if ((st = detect(ctx)) != VANE_OK || (st = choose_policy(ctx, ctx->settings.policy)) != VANE_OK)
        return st;
    uint32_t threads = ctx->settings.threads ? ctx->settings.threads : ctx->budget.threads;
    if ((st = vane__pool_open(threads, &ctx->pool)) != VANE_OK ||
        (st = vane__op_table_open(&ctx->ops)) != VANE_OK ||
        (st = vane__buffers_open(ctx)) != VANE_OK || (st = arenas_open(ctx)) != VANE_OK ||
        (st = vane__registry_init(&ctx->registry)) != VANE_OK ||
        (st = vane__routes_open(ctx)) != VANE_OK || (st = vane__watchers_open(ctx)) != VANE_OK)
        return st;
    ctx->registry.cache_dir = vane__search_cache_dir(ctx->settings.cache);
    ctx->program.entry = &program_entry;
    ctx->program.ctx = ctx;
    vane__host_fill(ctx, &ctx->program);
    vane__learn_open(ctx);
    vane__registry_load_all(ctx);
    return VANE_OK;
}

/* Every backend name that the search met, loaded or not: "a, b". */
static void known_names(const vane__report *r, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < r->count && used < bytes; i++) {
        const char *name = r->lines[i].backend;
        int seen = name[0] == '\0';
        for (uint32_t j = 0; j < i && !seen; j++)
            seen = strcmp(r->lines[j].backend, name) == 0;
        if (!seen)
            used += (size_t)snprintf(out + used, bytes - used, "%s%s", used ? ", " : "", name);
    }
}

static vane_status missing_backend(const vane__report *r, const char *wanted)
{
    char names[200];
    known_names(r, names, sizeof names);
    for (uint32_t i = 0; i < r->count; i++)
        if (strcmp(r->lines[i].backend, wanted) == 0)
            return vane__fail(VANE_E_NOT_FOUND, "backend '%.32s' is required, but refused: %.160s",
                              wanted, r->lines[i].reason);
    return vane__fail(VANE_E_NOT_FOUND,
                      "backend '%.32s' is required, but there is none of that name; there are: %s",
                      wanted, names[0] ? names : "none at all");
}

/* Nothing loaded, or not what was asked for: an error at the door, not at the first call. */
static vane_status check_backends(vane_context *ctx)
{
    const char *wanted = ctx->settings.backend;
    if (ctx->settings.allow_empty)
        return VANE_OK;
    if (wanted[0] != '\0' && vane__registry_find(&ctx->registry, wanted) == NULL)
        return missing_backend(&ctx->registry.report, wanted);
    if (atomic_load(&ctx->registry.count) == 0)
        return vane__fail(
            VANE_E_NO_BACKEND,
            "no backend was loaded from %u places; `vane info` lists each with its verdict",
            ctx->registry.report.count);
    return VANE_OK;
}

static int known(const vane__report *r, const char *name)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (strcmp(r->lines[i].backend, name) == 0)
            return 1;
    return 0;
}

/* A misspelt wish is no error, since the program may register the backend later: one line. */
static void warn_unknown(vane_context *ctx)
{
    const vane__log *log = &ctx->settings.log;
    char item[64], op[64], all[256];
    vane__registry_names(&ctx->registry, all, sizeof all);
    for (uint32_t i = 0; vane__list_at(ctx->settings.prefer, i, item, sizeof item); i++)
        if (strchr(item, '*') == NULL && vane__registry_find(&ctx->registry, item) == NULL)
            vane__log_line(log, VANE_LOG_WARN, "'%s' is preferred, but not loaded; loaded: %s",
                           item, all);
    for (uint32_t i = 0; vane__list_at(ctx->settings.exclude, i, item, sizeof item); i++)
        if (strchr(item, '*') == NULL && !known(&ctx->registry.report, item))
            vane__log_line(log, VANE_LOG_WARN, "'%s' is excluded, but there is none of that name",
                           item);
    for (uint32_t i = 0; vane__list_at(ctx->settings.ops, i, item, sizeof item); i++) {
        snprintf(op, sizeof op, "%.*s", (int)strcspn(item, "="), item);
        if (vane__op_by_name(ctx, op) == NULL)
            vane__log_line(log, VANE_LOG_WARN, "VANE_OPS names the op '%s', which there is not",
                           op);
    }
}

static void close_parts(vane_context *ctx)
{
    vane__sampler_stop(ctx);
    vane__deferred_stop(ctx);
    vane__streams_close(ctx);
    vane__sequences_close(ctx);
    vane__buffers_close(ctx);
    vane__watchers_close(ctx);
    ctx->magic = 0;
    vane__store_close(ctx);
    vane__routes_close(ctx);
    vane__registry_close(ctx);
    if (ctx->arenas != NULL)
        vane__arenas_close(ctx->arenas);
    vane__flights_free(ctx);
    vane__ticket_box_close(ctx->tickets);
    vane__op_table_close(ctx->ops);
    if (ctx->pool != NULL)
        vane__pool_close(ctx->pool);
    vane__sampler_free(ctx);
    vane__settings_free(&ctx->settings);
    pthread_mutex_destroy(&ctx->control);
    free(ctx);
}

vane_status vane_open(const vane_config *config, vane_context **out)
{
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "out is NULL, expected a place for the context");
    *out = NULL;
    vane_context *ctx = calloc(1, sizeof(*ctx));
    if (ctx == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for a context");
    pthread_mutex_init(&ctx->control, NULL);
    vane__sampler_init(ctx);
    ctx->topology_once = (pthread_once_t)PTHREAD_ONCE_INIT;
    ctx->magic = VANE__CONTEXT_MAGIC;
    vane_status st = open_parts(ctx, config);
    if (st == VANE_OK)
        st = check_backends(ctx);
    if (st != VANE_OK) {
        close_parts(ctx);
        return st;
    }
    warn_unknown(ctx);
    vane__sampler_born(ctx); /* a slow driver's opening is no age */
    vane__pager_born(ctx);
    vane__contexts_add(ctx);
    *out = ctx;
    return VANE_OK;
}

void vane_close(vane_context *ctx)
{
    if (ctx == NULL || vane__context_check(ctx) != VANE_OK)
        return;
    vane__contexts_remove(ctx);
    close_parts(ctx);
}

/* ---- changes while running ---------------------------------------------------------- */

/* Readers of settings hold the control lock too. */
static vane_status replace_text(vane_context *ctx, char **slot, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for '%.32s'", text);
    pthread_mutex_lock(&ctx->control);
    char *old = *slot;
    *slot = copy;
    free(old);
    pthread_mutex_unlock(&ctx->control);
    return VANE_OK;
}

/* The operator's list (VANE_PREFER) stays in front of the program's. */
static vane_status prefer(vane_context *ctx, const char *names)
{
    const char *first = vane__env("VANE_PREFER");
    size_t bytes = strlen(names) + (first ? strlen(first) : 0) + 2;
    char *list = malloc(bytes);
    if (list == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for '%.32s'", names);
    snprintf(list, bytes, "%s%s%s", first ? first : "", first ? "," : "", names);
    vane_status st = VANE_OK;
    pthread_mutex_lock(&ctx->control);
    int changes = strcmp(list, ctx->settings.prefer) != 0;
    pthread_mutex_unlock(&ctx->control);
    if (changes) {
        st = replace_text(ctx, &ctx->settings.prefer, list);
        if (st == VANE_OK)
            vane__routes_refresh(ctx);
    }
    free(list);
    return st;
}

static vane_status check_names(vane_context *ctx, const char *names)
{
    char name[64];
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && vane__list_at(names, i, name, sizeof name); i++)
        if (strchr(name, '*') == NULL)
            st = vane__deferred_open_named(ctx, name, "names has");
    if (st == VANE_OK) /* what the patterns fit */
        vane__deferred_open_listed(ctx, names, "vane_set_priority");
    return st;
}

vane_status vane_set_priority(vane_context *ctx, const char *names)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && names == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "names is NULL, expected a list like \"a,b\"");
    if (st == VANE_OK)
        st = check_names(ctx, names);
    if (st == VANE_OK)
        st = prefer(ctx, names);
    return st;
}

vane_status vane_set_policy(vane_context *ctx, const char *name)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && name == NULL)
        st = vane__fail(VANE_E_ARGUMENT,
                        "name is NULL, expected adaptive, heuristic, fixed or a path");
    if (st == VANE_OK)
        st = vane__policy_find(name) != NULL ? VANE_OK : vane_last_error()->status;
    if (st != VANE_OK || vane__env("VANE_POLICY") != NULL ||
        atomic_load(&ctx->policy) == vane__policy_find(name))
        return st; /* nothing changes; the operator's choice stays */
    st = choose_policy(ctx, name);
    if (st == VANE_OK)
        vane__routes_refresh(ctx);
    return st;
}

vane_status vane_set_objective(vane_context *ctx, const char *name)
{
    uint32_t objective = 0;
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK &&
        (name == NULL || name[0] == '\0' || !vane__objective_parse(name, &objective)))
        st = vane__fail(VANE_E_ARGUMENT, "name is %.40s, expected time or energy",
                        name == NULL ? "NULL" : name);
    if (st != VANE_OK || vane__env("VANE_OPTIMIZE") != NULL ||
        atomic_exchange(&ctx->objective, objective) == objective)
        return st;
    vane__routes_refresh(ctx);
    return VANE_OK;
}

vane_status vane_set_threads(vane_context *ctx, uint32_t threads)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && threads > VANE__MAX_THREADS)
        st = vane__fail(VANE_E_ARGUMENT, "threads is %u, expected at most %d", threads,
                        VANE__MAX_THREADS);
    if (st != VANE_OK)
        return st;
    int operator_said = vane__env("VANE_THREADS") != NULL && ctx->settings.threads != 0;
    pthread_mutex_lock(&ctx->control);
    uint32_t most = ctx->settings.threads ? ctx->settings.threads : ctx->budget_now.threads;
    ctx->threads_wish = threads;
    vane__pool_set_max(ctx->pool,
                       threads == 0 || (operator_said && threads > most) ? most : threads);
    pthread_mutex_unlock(&ctx->control);
    vane__routes_refresh(ctx);
    return VANE_OK;
}

void vane__context_budget(vane_context *ctx, const vane__budget *budget)
{
    pthread_mutex_lock(&ctx->control);
    int follows = ctx->settings.threads == 0 && ctx->threads_wish == 0 &&
                  vane__pool_max(ctx->pool) != budget->threads;
    ctx->budget_now = *budget;
    if (follows)
        vane__pool_set_max(ctx->pool, budget->threads);
    pthread_mutex_unlock(&ctx->control);
    vane__log_line(&ctx->settings.log, VANE_LOG_INFO, "the budget is %u threads now%s",
                   budget->threads, follows ? "" : "; the pool stays as it is");
    if (follows)
        vane__routes_refresh(ctx);
}
