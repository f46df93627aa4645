/* SPDX-License-Identifier: MIT */
/* file.c - a policy from a shared object of its own.
 *
 * It is the user's or root's and writable by nobody else, like a plugin; it exports one constant
 * (policy.h). A shorter table is filled up. It stays mapped, and is loaded once for a process:
 * routes of any context may still be asking it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/slate.h"
#include "error.h"
#include "plugin/search.h"

typedef struct loaded {
    struct loaded *next;
    const void *entry; /* in the file: one file has one address */
    vane_policy policy;
    vane_policy theirs; /* of one with candidates of another size: what policy leads to */
} loaded;

static loaded *first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* As far as its writer knew, the rest is zero. */
static vane_status copy(const char *path, const vane_policy *entry, vane_policy *out)
{
    size_t least = offsetof(vane_policy, choose) + sizeof entry->choose;
    memset(out, 0, sizeof *out);
    if (entry->struct_size < least)
        return vane__fail(VANE_E_ABI, "policy %s: struct_size is %u, expected at least %zu", path,
                          entry->struct_size, least);
    memcpy(out, entry, entry->struct_size < sizeof *out ? entry->struct_size : sizeof *out);
    if (!vane__policy_fits(out->candidate_size))
        return vane__fail(
            VANE_E_ABI,
            "policy %s: candidate_size is %u, expected sizeof(vane_candidate), %zu here", path,
            out->candidate_size, sizeof(vane_candidate));
    if (out->choose == NULL || out->name == NULL || out->name[0] == '\0')
        return vane__fail(VANE_E_ABI, "policy %s: it has no %s", path,
                          out->choose == NULL ? "choose()" : "name");
    return VANE_OK;
}

static const vane_policy *keep(const char *path, const vane_policy *entry)
{
    for (loaded *l = first; l != NULL; l = l->next)
        if (l->entry == entry)
            return &l->policy;
    loaded *l = malloc(sizeof *l);
    if (l == NULL) {
        vane__fail(VANE_E_NOMEM, "policy %s: no memory for it", path);
        return NULL;
    }
    if (copy(path, entry, &l->policy) != VANE_OK) {
        free(l);
        return NULL;
    }
    if (l->policy.candidate_size != sizeof(vane_candidate)) {
        l->theirs = l->policy;
        vane__policy_guest(&l->theirs, &l->policy);
    }
    l->entry = entry;
    l->next = first;
    first = l;
    return &l->policy;
}

static const vane_policy *open_file(const char *path)
{
    void *dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (dl == NULL) {
        const char *why = dlerror();
        vane__fail(VANE_E_IO, "policy %s: %s", path, why != NULL ? why : "it cannot be mapped");
        return NULL;
    }
    const vane_policy *entry = dlsym(dl, "vane_policy_entry_v1");
    if (entry == NULL)
        vane__fail(VANE_E_ABI, "policy %s: it does not export vane_policy_entry_v1", path);
    const vane_policy *policy = entry != NULL ? keep(path, entry) : NULL;
    if (policy == NULL)
        dlclose(dl);
    return policy;
}

static vane_status may_run(const char *path, char real[PATH_MAX])
{
    char why[200];
    struct stat st;
    if (realpath(path, real) == NULL || stat(real, &st) != 0)
        return vane__fail(VANE_E_NOT_FOUND, "policy %.200s: %s", path, strerror(errno));
    vane_status status = vane__search_trust(real, &st, why, sizeof why);
    return status == VANE_OK ? status : vane__fail(status, "policy %.200s: %s", path, why);
}

const vane_policy *vane__policy_file(const char *path)
{
    char real[PATH_MAX];
    if (may_run(path, real) != VANE_OK)
        return NULL;
    pthread_mutex_lock(&lock);
    const vane_policy *policy = open_file(real);
    pthread_mutex_unlock(&lock);
    return policy;
}
