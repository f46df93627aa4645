/* SPDX-License-Identifier: MIT */
/* find.c - the policies by name. */
#include <string.h>

#include "dispatch/slate.h"
#include "error.h"

const vane_policy *vane__policy_find(const char *name)
{
    static const vane_policy *const all[] = {&vane__policy_adaptive, &vane__policy_heuristic,
                                             &vane__policy_fixed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    if (strchr(name, '/') != NULL)
        return vane__policy_file(name);
    vane__fail(
        VANE_E_NOT_FOUND,
        "policy (VANE_POLICY) is '%.32s', expected adaptive, heuristic, fixed or a file's path",
        name);
    return NULL;
}
