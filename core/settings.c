/* SPDX-License-Identifier: MIT */
/* settings.c - merges vane_config and the environment into one checked vane__settings.
 *
 * secure_getenv: a setuid program does not listen to its caller's environment. Texts are
 * copied, so neither the config nor the environment has to stay.
 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define MAX_TEXT_BYTES 65536 /* beyond it a list of names is a mistake */
#define MAX_ONE_IN 100000000

const char *vane__env(const char *name)
{
    const char *value = secure_getenv(name);
    return value && value[0] ? value : NULL;
}

/* ---- the program's config ------------------------------------------------------ */

/* The ends of vane_config's fields: an older caller's struct stops at one of them. */
#define FIELD_END(field) (offsetof(vane_config, field) + sizeof(((vane_config *)0)->field))
static const size_t field_ends[] = {
    FIELD_END(struct_size), FIELD_END(threads),         FIELD_END(backend),
    FIELD_END(prefer),      FIELD_END(exclude),         FIELD_END(ops),
    FIELD_END(policy),      FIELD_END(plugin_path),     FIELD_END(cpu_mask),
    FIELD_END(repro),       FIELD_END(no_default_path), FIELD_END(log),
    FIELD_END(log_arg),     FIELD_END(allow_empty),     FIELD_END(mem_limit_mib),
    FIELD_END(stats),       FIELD_END(trace),           FIELD_END(record),
    FIELD_END(cache),       FIELD_END(optimize),        FIELD_END(verify),
};

/* Whole fields only: half a pointer is a wild one. */
static vane_status config_copy(const vane_config *config, vane_config *out)
{
    *out = (vane_config){.struct_size = sizeof *out};
    if (!config)
        return VANE_OK;
    if (config->struct_size < sizeof config->struct_size)
        return vane__fail(VANE_E_ARGUMENT, "config.struct_size is %u, expected sizeof(vane_config)",
                          config->struct_size);
    size_t known = 0;
    for (size_t i = 0; i < sizeof field_ends / sizeof field_ends[0]; i++)
        if (field_ends[i] <= config->struct_size)
            known = field_ends[i];
    memcpy(out, config, known);
    return VANE_OK;
}

/* ---- texts --------------------------------------------------------------------- */

typedef struct text_field {
    const char *variable, *field;
    size_t in_config, in_settings;
} text_field;

#define TEXT(VARIABLE, name)                                                                   \
    {                                                                                          \
        VARIABLE, "config." #name, offsetof(vane_config, name), offsetof(vane__settings, name) \
    }
static const text_field texts[] = {
    TEXT("VANE_BACKEND", backend),   TEXT("VANE_PREFER", prefer),
    TEXT("VANE_EXCLUDE", exclude),   TEXT("VANE_OPS", ops),
    TEXT("VANE_POLICY", policy),     TEXT("VANE_PLUGIN_PATH", plugin_path),
    TEXT("VANE_CPU_MASK", cpu_mask), TEXT("VANE_STATS", stats),
    TEXT("VANE_TRACE", trace),       TEXT("VANE_RECORD", record),
    TEXT("VANE_CACHE", cache),       TEXT("VANE_OPTIMIZE", optimize),
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static char **text_of(vane__settings *s, const text_field *t)
{
    return (char **)(void *)((char *)s + t->in_settings);
}

static vane_status text_read(const text_field *t, const vane_config *config, vane__settings *out)
{
    const char *value = vane__env(t->variable), *source = t->variable;
    if (!value) {
        memcpy(&value, (const char *)config + t->in_config, sizeof value);
        source = t->field;
    }
    if (!value)
        value = "";
    if (strnlen(value, MAX_TEXT_BYTES + 1) > MAX_TEXT_BYTES)
        return vane__fail(VANE_E_ARGUMENT, "%s is longer than %d bytes", source, MAX_TEXT_BYTES);
    char *copy = strdup(value);
    if (!copy)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for its copy", source);
    *text_of(out, t) = copy;
    return VANE_OK;
}

int vane__objective_parse(const char *text, uint32_t *out)
{
    int energy = strcmp(text, "energy") == 0;
    *out = energy ? VANE_OBJECTIVE_ENERGY : VANE_OBJECTIVE_TIME;
    return energy || text[0] == '\0' || strcmp(text, "time") == 0;
}

static vane_status texts_read(const vane_config *config, vane__settings *out)
{
    for (int i = 0; i < TEXTS; i++) {
        vane_status status = text_read(&texts[i], config, out);
        if (status != VANE_OK)
            return status;
    }
    out->plugin_path_from_env = vane__env("VANE_PLUGIN_PATH") != NULL;
    if (out->cache[0] != '\0' && out->cache[0] != '/' && strcmp(out->cache, "0") != 0)
        return vane__fail(VANE_E_ARGUMENT,
                          "%s is \"%.40s\", expected a folder's whole path, or 0 for none",
                          vane__env("VANE_CACHE") ? "VANE_CACHE" : "config.cache", out->cache);
    if (!vane__objective_parse(out->optimize, &out->objective))
        return vane__fail(VANE_E_ARGUMENT, "%s is \"%.40s\", expected time or energy",
                          vane__env("VANE_OPTIMIZE") ? "VANE_OPTIMIZE" : "config.optimize",
                          out->optimize);
    char bad[64];
    if (vane__ops_check(out->ops, bad, sizeof bad))
        return VANE_OK;
    return vane__fail(VANE_E_ARGUMENT, "%s has \"%s\", expected op=backend,op=backend",
                      vane__env("VANE_OPS") ? "VANE_OPS" : "config.ops", bad);
}

/* ---- numbers ------------------------------------------------------------------- */

/* Digits only: no sign, no blank, no 0x. */
static int parse_digits(const char *text, uint32_t max, uint32_t *out)
{
    uint32_t value = 0;
    if (!text[0])
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        value = value * 10 + (uint32_t)(*text - '0');
        if (value > max)
            return 0;
    }
    *out = value;
    return 1;
}

/* The variable, or else the program's value; both from 0 to max (far below 2^32 / 10). */
static vane_status number_read(const char *variable, const char *field, uint32_t from_config,
                               uint32_t max, uint32_t *out)
{
    const char *text = vane__env(variable);
    if (text && !parse_digits(text, max, out))
        return vane__fail(VANE_E_ARGUMENT, "%s is \"%.40s\", expected a whole number from 0 to %u",
                          variable, text, max);
    if (text)
        return VANE_OK;
    if (from_config > max)
        return vane__fail(VANE_E_ARGUMENT, "%s is %u, expected a whole number from 0 to %u", field,
                          from_config, max);
    *out = from_config;
    return VANE_OK;
}

/* "0", "1" or "1/N": one in how many; 0 none. */
static int parse_share(const char *text, uint32_t max, uint32_t *out)
{
    if (text[0] == '1' && text[1] == '/')
        return parse_digits(text + 2, max, out) && *out > 0;
    return parse_digits(text, 1, out);
}

static vane_status verify_read(const vane_config *config, vane__settings *out)
{
    const char *text = vane__env("VANE_VERIFY");
    if (text && !parse_share(text, MAX_ONE_IN, &out->verify))
        return vane__fail(VANE_E_ARGUMENT,
                          "VANE_VERIFY is \"%.40s\", expected 0, 1 or the share of calls to check, "
                          "such as 1/1000 (1/%d at least)",
                          text, MAX_ONE_IN);
    if (text)
        return VANE_OK;
    if (config->verify > MAX_ONE_IN)
        return vane__fail(VANE_E_ARGUMENT,
                          "config.verify is %u, expected a whole number from 0 to %d",
                          config->verify, MAX_ONE_IN);
    out->verify = config->verify;
    return VANE_OK;
}

/* A yes or no that only the program can say. */
static vane_status flag_read(const char *field, uint32_t value, int *out)
{
    if (value > 1)
        return vane__fail(VANE_E_ARGUMENT, "%s is %u, expected 0 or 1", field, value);
    *out = (int)value;
    return VANE_OK;
}

static vane_status numbers_read(const vane_config *config, vane__settings *out)
{
    uint32_t repro = 0, unload = 0, limit = 0, load = 1, top = VANE__TOP_LOOKED_AT;
    vane_status status = number_read("VANE_THREADS", "config.threads", config->threads,
                                     VANE__MAX_THREADS, &out->threads);
    if (status == VANE_OK)
        status = number_read("VANE_REPRO", "config.repro", config->repro, 1, &repro);
    if (status == VANE_OK)
        status = number_read("VANE_UNLOAD", "unload", 0, 1, &unload);
    if (status == VANE_OK)
        status = number_read("VANE_LOAD", "load", 1, 1, &load);
    if (status == VANE_OK)
        status = number_read("VANE_TOP", "top", VANE__TOP_LOOKED_AT, VANE__TOP_LOOKED_AT, &top);
    if (status == VANE_OK)
        status = number_read("VANE_MEM_LIMIT", "config.mem_limit_mib", config->mem_limit_mib,
                             100000000, &limit);
    if (status == VANE_OK)
        status =
            flag_read("config.no_default_path", config->no_default_path, &out->no_default_path);
    if (status == VANE_OK)
        status = flag_read("config.allow_empty", config->allow_empty, &out->allow_empty);
    out->repro = (int)repro;
    out->unload = (int)unload;
    out->load = (int)load;
    out->top = (int)top;
    out->mem_limit = (uint64_t)limit << 20;
    return status;
}

static vane_status log_read(const vane_config *config, vane__settings *out)
{
    out->log.level = VANE_LOG_WARN;
    out->log.write = config->log ? config->log : vane__log_stderr;
    out->log.arg = config->log_arg;
    const char *text = vane__env("VANE_LOG");
    if (!text || vane__log_parse(text, &out->log.level))
        return VANE_OK;
    return vane__fail(VANE_E_ARGUMENT,
                      "VANE_LOG is \"%.40s\", expected error, warn, info, debug or 0 to 3", text);
}

/* ---- the whole ----------------------------------------------------------------- */

vane_status vane__settings_read(const vane_config *config, vane__settings *out)
{
    vane_config wish;
    *out = (vane__settings){0};
    vane_status status = config_copy(config, &wish);
    if (status == VANE_OK)
        status = texts_read(&wish, out);
    if (status == VANE_OK)
        status = numbers_read(&wish, out);
    if (status == VANE_OK)
        status = verify_read(&wish, out);
    if (status == VANE_OK)
        status = log_read(&wish, out);
    if (status != VANE_OK)
        vane__settings_free(out);
    return status;
}

void vane__settings_free(vane__settings *s)
{
    for (int i = 0; i < TEXTS; i++)
        free(*text_of(s, &texts[i]));
    *s = (vane__settings){0};
}

/* Appends text in capitals; whatever is no letter or digit becomes '_'. */
static size_t append_upper(char *out, size_t at, size_t bytes, const char *text)
{
    for (; *text && at + 1 < bytes; text++, at++) {
        char c = *text;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
            c = '_';
        out[at] = c;
    }
    out[at] = '\0';
    return at;
}

const char *vane__settings_option(const char *backend, const char *key)
{
    char name[128] = "VANE_";
    size_t bytes = sizeof name;
    if (!backend || !key || strlen(backend) + strlen(key) + sizeof "VANE__" > bytes)
        return NULL;
    size_t at = append_upper(name, strlen(name), bytes, backend);
    at = append_upper(name, at, bytes, "_");
    append_upper(name, at, bytes, key);
    for (int i = 0; i < TEXTS; i++) /* a backend "cpu" has no option "mask" */
        if (strcmp(name, texts[i].variable) == 0)
            return NULL;
    return vane__env(name);
}
