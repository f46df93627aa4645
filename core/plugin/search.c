/* SPDX-License-Identifier: MIT */
/* search.c - the search path for plugins, and who may write to it.
 *
 * In this order; the first backend of a name wins, later ones are report lines:
 *   1. VANE_PLUGIN_PATH (or vane_config.plugin_path): folders or single files, ':' between
 *   2. $XDG_DATA_HOME/vane/plugins, or ~/.local/share/vane/plugins
 *   3. the folder that Vane was configured with (VANE_PLUGIN_DIR, <libdir>/vane/plugins)
 *   4. vane/plugins beside libvane (beside the program, if Vane is linked into it)
 * vane_config.no_default_path stops after 1. Within a folder: names that end in ".so" and
 * do not begin with '.', sorted by their bytes. A relative entry is refused, so the current
 * directory is never searched; a folder or file reached twice is taken once.
 *
 * Loading a plugin is running its code, so a folder or file that somebody else could have
 * written is refused: its owner must be root or the user, and neither group nor others may
 * write it. VANE_PLUGIN_ALLOW_INSECURE=1 lifts that rule. Under setuid the environment,
 * HOME included, is not read (secure_getenv).
 */
#include "plugin/search.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "plugin/loader.h"

#ifndef VANE_PLUGIN_DIR
#error "search.c: the build defines VANE_PLUGIN_DIR, the system folder for plugins"
#endif

typedef struct place { /* a file or folder already taken */
    dev_t device;
    ino_t inode;
    char *path;
} place;

typedef struct search {
    vane_context *ctx;
    const char *source; /* of the step in progress */
    place *places;
    size_t count, capacity;
} search;

/* ---- trust --------------------------------------------------------------------- */

static int insecure_allowed(void)
{
    const char *value = vane__env("VANE_PLUGIN_ALLOW_INSECURE");
    return value && strcmp(value, "1") == 0;
}

static vane_status trust(const char *what, const struct stat *st, char *why, size_t bytes)
{
    if (insecure_allowed())
        return VANE_OK;
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        snprintf(why, bytes, "%s belongs to user %u, expected root or user %u", what,
                 (unsigned)st->st_uid, (unsigned)geteuid());
        return VANE_E_PERMISSION;
    }
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        snprintf(why, bytes, "%s may be written by %s (mode %04o); chmod go-w makes it safe", what,
                 st->st_mode & S_IWOTH ? "anybody" : "its group", (unsigned)st->st_mode & 07777u);
        return VANE_E_PERMISSION;
    }
    return VANE_OK;
}

vane_status vane__search_trust(const char *path, const struct stat *st, char *why, size_t why_bytes)
{
    char folder[PATH_MAX];
    struct stat parent;
    const char *slash = strrchr(path, '/');
    vane_status status = trust("the file", st, why, why_bytes);
    if (status != VANE_OK || !slash)
        return status;
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", (int)length, path);
    if (stat(folder, &parent) != 0) {
        snprintf(why, why_bytes, "its folder: %s", strerror(errno));
        return VANE_E_IO;
    }
    if (parent.st_mode & S_ISVTX) /* others may add files there, but not replace this one */
        parent.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH);
    return trust("its folder", &parent, why, why_bytes);
}

/* ---- one place ----------------------------------------------------------------- */

static void report(search *s, const char *path, vane_status status, const char *reason)
{
    vane_report_line line = {
        .path = path, .source = s->source, .reason = reason, .status = status, .is_folder = 1};
    int quiet = status == VANE_OK || status == VANE_E_NOT_FOUND;
    vane__report_tell(s->ctx, &line, quiet ? VANE_LOG_DEBUG : VANE_LOG_WARN);
}

/* The path by which the same file or folder was taken before; otherwise NULL, and from now
 * on it is taken. (Without memory it may be taken twice; the names then collide, in words.) */
static const char *taken(search *s, const struct stat *st, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->places[i].device == st->st_dev && s->places[i].inode == st->st_ino)
            return s->places[i].path;
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 32;
        place *places = realloc(s->places, capacity * sizeof *places);
        if (!places)
            return NULL;
        s->places = places;
        s->capacity = capacity;
    }
    char *copy = strdup(path);
    if (copy)
        s->places[s->count++] = (place){st->st_dev, st->st_ino, copy};
    return NULL;
}

static void visit_file(search *s, const char *path)
{
    char why[PATH_MAX + 32];
    struct stat st;
    const char *before = stat(path, &st) == 0 ? taken(s, &st, path) : NULL;
    if (!before) {
        vane__loader_found(s->ctx, path, s->source);
        return;
    }
    snprintf(why, sizeof why, "the same file as %s", before);
    vane_report_line line = {
        .path = path, .source = s->source, .reason = why, .status = VANE_E_ARGUMENT};
    vane__report_tell(s->ctx, &line, VANE_LOG_INFO);
}

static int is_plugin_name(const struct dirent *e)
{
    size_t length = strlen(e->d_name);
    return e->d_name[0] != '.' && length > 3 && strcmp(e->d_name + length - 3, ".so") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void visit_folder(search *s, const char *folder)
{
    struct dirent **names = NULL;
    char path[PATH_MAX], why[64];
    int count = scandir(folder, &names, is_plugin_name, by_bytes);
    if (count < 0) {
        report(s, folder, errno == EACCES ? VANE_E_PERMISSION : VANE_E_IO, strerror(errno));
        return;
    }
    snprintf(why, sizeof why, "%d plugin file%s", count, count == 1 ? "" : "s");
    report(s, folder, VANE_OK, why);
    for (int i = 0; i < count; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (length > 0 && (size_t)length < sizeof path)
            visit_file(s, path);
        else
            report(s, folder, VANE_E_IO, "a file's path is too long");
        free(names[i]);
    }
    free(names);
}

static void visit(search *s, const char *path)
{
    char why[PATH_MAX + 32];
    struct stat st;
    if (path[0] != '/') {
        report(s, path, VANE_E_PERMISSION, "refused: a relative path depends on where one stands");
    } else if (stat(path, &st) != 0) {
        int absent = errno == ENOENT || errno == ENOTDIR;
        report(s, path, absent ? VANE_E_NOT_FOUND : VANE_E_IO,
               absent ? "not there" : strerror(errno));
    } else if (!S_ISDIR(st.st_mode)) {
        visit_file(s, path);
    } else if (trust("the folder", &st, why, sizeof why) != VANE_OK) {
        report(s, path, VANE_E_PERMISSION, why);
    } else {
        const char *before = taken(s, &st, path);
        snprintf(why, sizeof why, "the same folder as %s", before ? before : "");
        if (before)
            report(s, path, VANE_OK, why);
        else
            visit_folder(s, path);
    }
}

/* ---- the steps ----------------------------------------------------------------- */

static void search_setting(search *s)
{
    const vane__settings *settings = &s->ctx->settings;
    s->source = settings->plugin_path_from_env ? "VANE_PLUGIN_PATH" : "vane_config.plugin_path";
    for (const char *at = settings->plugin_path; *at;) {
        size_t length = strcspn(at, ":");
        char *entry = length > 0 ? strndup(at, length) : NULL; /* an empty entry names nothing */
        if (entry)
            visit(s, entry);
        free(entry);
        at += length + (at[length] == ':');
    }
}

/* $variable/tail, or ~/fallback/tail. A relative $variable counts as unset (XDG's rule). */
static char *user_folder(const char *variable, const char *fallback, const char *tail)
{
    const char *base = vane__env(variable), *home = vane__env("HOME");
    char *out = NULL;
    int length = -1;
    if (base && base[0] == '/')
        length = asprintf(&out, "%s/%s", base, tail);
    else if (home)
        length = asprintf(&out, "%s/%s/%s", home, fallback, tail);
    return length < 0 ? NULL : out;
}

static void search_user(search *s)
{
    s->source = "user folder";
    char *folder = user_folder("XDG_DATA_HOME", ".local/share", "vane/plugins");
    if (folder)
        visit(s, folder);
    else
        report(s, "~/.local/share/vane/plugins", VANE_E_NOT_FOUND, "HOME is not set");
    free(folder);
}

static void search_system(search *s)
{
    s->source = "system folder";
    visit(s, VANE_PLUGIN_DIR);
}

/* The file that holds this function. The dynamic linker knows a library's path; it calls
 * the program itself "" (and argv[0] is whatever a caller made of it). */
static int own_path(char *out, size_t bytes)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (!dladdr1((void *)(uintptr_t)vane__search_run, &info, (void **)&map, RTLD_DL_LINKMAP))
        return 0;
    if (map && map->l_name && map->l_name[0]) {
        int length = snprintf(out, bytes, "%s", map->l_name);
        return length > 0 && (size_t)length < bytes;
    }
    ssize_t length = readlink("/proc/self/exe", out, bytes - 1);
    out[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

static void search_beside(search *s)
{
    static const char tail[] = "/vane/plugins";
    char path[PATH_MAX + sizeof tail];
    s->source = "beside libvane";
    char *slash = own_path(path, PATH_MAX) ? strrchr(path, '/') : NULL;
    if (!slash) {
        report(s, "vane/plugins", VANE_E_NOT_FOUND, "libvane's own path is not known");
        return;
    }
    memcpy(slash, tail, sizeof tail);
    visit(s, path);
}

void vane__search_run(vane_context *ctx)
{
    search s = {.ctx = ctx};
    search_setting(&s);
    if (!ctx->settings.no_default_path) {
        search_user(&s);
        search_system(&s);
        search_beside(&s);
    }
    for (size_t i = 0; i < s.count; i++)
        free(s.places[i].path);
    free(s.places);
}

char *vane__search_cache_dir(const char *wish)
{
    if (wish[0] != '\0')
        return strcmp(wish, "0") == 0 ? NULL : strdup(wish);
    char *folder = user_folder("XDG_CACHE_HOME", ".cache", "vane");
    if (folder && folder[0] != '/') {
        free(folder);
        return NULL;
    }
    return folder;
}
