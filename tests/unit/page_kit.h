/* SPDX-License-Identifier: MIT */
/* page_kit.h - for tests of pages: a folder for them, and looks into it. */
#ifndef PAGE_KIT_H
#define PAGE_KIT_H

#include "folder.h"
#include "kit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "os.h"
#include "telemetry/page_file.h"
#include "telemetry/pager.h"
#include "telemetry/stats.h"
#include "top_page.h"

static char pages[PATH_MAX + 8], why[TOP_WHY];
static top_page seen;
static uint64_t now; /* what steps are told that it is: later than calls that step by themselves */

static inline void begin(void)
{
    make_root();
    snprintf(pages, sizeof pages, "%s/vane", root);
    setenv("XDG_RUNTIME_DIR", root, 1);
    setenv("VANE_TOP", "2", 1);
    now = vane__now_ns() + UINT64_C(1000000000000);
}

static inline const char *page_of(uint32_t pid, uint32_t number)
{
    static char path[PATH_MAX + 40];
    char name[24];
    vane__page_name(pid, number, name);
    snprintf(path, sizeof path, "%s/%s", pages, name);
    return path;
}

static inline const char *own(void)
{
    return page_of((uint32_t)getpid(), 1);
}

static inline void step(vane_context *ctx)
{
    vane__pager_step(ctx, now += VANE__PAGER_PERIOD_NS);
}

static inline void add_once(vane_context *ctx)
{
    float a[4] = {1, 2, 3, 4}, c[4];
    vane_tensor A = TENSOR(a, VANE_F32, 4), C = TENSOR(c, VANE_F32, 4);
    GOOD(vane_add(ctx, &A, &A, &C));
}

static inline uint64_t calls_seen(void)
{
    uint64_t sum = 0;
    ck_assert_msg(top_page_read(own(), 0, &seen, why) == TOP_GOOD, "%s", why);
    for (uint32_t i = 0; i < seen.body.n_calls; i++)
        sum += seen.body.calls[i].calls;
    return sum;
}

static inline int is_there(const char *path)
{
    struct stat s;
    return lstat(path, &s) == 0;
}

#endif
