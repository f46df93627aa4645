/* SPDX-License-Identifier: MIT */
/* pager.c - the page's file and mapping, and the step that keeps it. */
#include "telemetry/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contexts.h"
#include "telemetry/page_file.h"
#include "telemetry/stats.h"

#define SWEPT 256 /* names, when a page is made */

/* ---- the file ------------------------------------------------------------------------------- */

/* All of its bytes are there before it is mapped: a full disk is an error here, and no signal
 * later. Nor is the limit on files, which would be one too. */
static int has_room(int fd)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur < sizeof(vane__page)) {
        errno = EFBIG;
        return 0;
    }
    int error = posix_fallocate(fd, 0, sizeof(vane__page));
    errno = error;
    return error == 0;
}

static void fill_head(vane__page *page, uint32_t pid, uint32_t number)
{
    vane__page_head *h = &page->head;
    h->version = VANE__PAGE_VERSION;
    h->bytes = sizeof *page;
    h->pid = pid;
    h->number = number;
    h->started_ticks = vane__page_started(pid);
    h->pid_space = vane__page_pid_space();
    h->opened_s = (uint64_t)time(NULL);
    snprintf(h->libvane, sizeof h->libvane, "%s", vane_version());
    snprintf(h->program, sizeof h->program, "%s", program_invocation_short_name);
    atomic_thread_fence(memory_order_release);
    *(volatile uint64_t *)&h->magic = VANE__PAGE_MAGIC;
}

static int map_file(vane__pager *p, int fd, uint32_t number)
{
    struct stat s;
    if (fchmod(fd, 0600) != 0 || !has_room(fd) || fstat(fd, &s) != 0)
        return 0;
    void *at = mmap(NULL, sizeof(vane__page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return 0;
    p->page = at;
    p->dev = s.st_dev;
    p->ino = s.st_ino;
    p->pid = (uint32_t)getpid();
    p->looks = p->until_ns = 0;
    p->shown = 0;
    fill_head(p->page, p->pid, number);
    return 1;
}

/* The first name that is free. */
static int make_file(vane__pager *p, int folder, const char *path)
{
    char name[24];
    int fd = -1;
    uint32_t number = 0;
    errno = EEXIST;
    while (fd < 0 && errno == EEXIST && number < VANE__PAGE_MOST) {
        vane__page_name((uint32_t)getpid(), ++number, name);
        fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    int n = snprintf(p->path, sizeof p->path, "%s/%s", path, name);
    if (fd < 0)
        return 0;
    int made = n > 0 && (size_t)n < sizeof p->path && map_file(p, fd, number);
    int error = errno;
    if (!made)
        unlinkat(folder, name, 0);
    close(fd);
    errno = error;
    return made;
}

static int make_in(vane__pager *p, const char *path)
{
    int folder = vane__page_folder_open(path, 1);
    if (folder < 0)
        return 0;
    vane__page_sweep(folder, SWEPT);
    int made = make_file(p, folder, path), error = errno;
    close(folder);
    errno = error;
    return made;
}

static int make(vane__pager *p)
{
    char path[200];
    const char *runtime = vane__env("XDG_RUNTIME_DIR");
    if (p->body == NULL)
        p->body = calloc(1, sizeof *p->body);
    errno = p->body != NULL ? ENOENT : ENOMEM;
    for (uint32_t i = 0; p->body != NULL && i < VANE__PAGE_PLACES; i++)
        if (vane__page_place(i, runtime, path, sizeof path) && make_in(p, path))
            return 1;
    if (!p->complained)
        vane__log_line(&p->ctx->settings.log,
                       p->ctx->settings.top == VANE__TOP_ALWAYS ? VANE_LOG_WARN : VANE_LOG_INFO,
                       "no page for vane top: %s", strerror(errno));
    p->complained = 1;
    return 0;
}

static int is_its_file(const vane__pager *p)
{
    struct stat s;
    return lstat(p->path, &s) == 0 && s.st_dev == p->dev && s.st_ino == p->ino &&
           s.st_size >= (off_t)sizeof(vane__page);
}

/* Somebody tidied up, or cut it short: then it may not be touched again; or this is a child that
 * fork() handlers did not see. */
static int is_whole(const vane__pager *p)
{
    return p->pid == (uint32_t)getpid() && is_its_file(p);
}

static void let_go(vane__pager *p)
{
    if (p->page != NULL)
        munmap(p->page, sizeof *p->page);
    p->page = NULL;
}

static void remove_file(vane__pager *p)
{
    if (p->page != NULL && p->pid == (uint32_t)getpid() && is_its_file(p))
        unlink(p->path);
}

/* ---- the step ------------------------------------------------------------------------------- */

static void watch(vane_context *ctx, int wanted)
{
    unsigned now = atomic_load_explicit(&ctx->watch, memory_order_relaxed);
    if (wanted && !(now & VANE__WATCH_PAGE))
        atomic_fetch_or(&ctx->watch, VANE__WATCH_PAGE);
    else if (!wanted && (now & VANE__WATCH_PAGE))
        atomic_fetch_and(&ctx->watch, ~(unsigned)VANE__WATCH_PAGE);
}

/* Does somebody look, or did just now? */
static int is_looked_at(vane__pager *p, uint64_t now_ns)
{
    uint64_t looks = atomic_load_explicit(&p->page->looks, memory_order_relaxed);
    if (looks != p->looks)
        p->until_ns = now_ns + VANE__PAGER_LEASE_NS;
    p->looks = looks;
    return now_ns < p->until_ns;
}

static void show(vane__pager *p, uint64_t now_ns)
{
    int ask = p->until_ns > now_ns && now_ns - p->asked_ns >= VANE__PAGER_ASK_NS;
    p->asked_ns = ask ? now_ns : p->asked_ns;
    size_t bytes = vane__page_fill(p, ask);
    vane__board_write(&p->page->sequence, p->page->body, p->body, bytes);
    p->shown = 1;
}

/* Of those who looked away, the last is shown too. */
static void show_if_wanted(vane__pager *p, uint64_t now_ns)
{
    int counted = p->counted_ns != 0;
    int wanted =
        p->page != NULL && (is_looked_at(p, now_ns) || p->ctx->settings.top == VANE__TOP_ALWAYS);
    watch(p->ctx, wanted);
    if (wanted != counted)
        p->counted_ns = wanted ? vane__clock_now(p->ctx) : 0;
    if (p->page != NULL && (wanted || counted || !p->shown))
        show(p, now_ns);
}

static void step(vane__pager *p, uint64_t now_ns)
{
    uint64_t next = now_ns + VANE__PAGER_PERIOD_NS;
    if (p->page != NULL && !is_whole(p))
        let_go(p);
    if (p->page == NULL && !make(p))
        next = now_ns + VANE__PAGER_AGAIN_NS;
    show_if_wanted(p, now_ns);
    atomic_store_explicit(&p->next_ns, next, memory_order_relaxed);
}

void vane__pager_step(vane_context *ctx, uint64_t now_ns)
{
    vane__pager *p = ctx->pager;
    int kept = errno;
    if (atomic_exchange(&p->stepping, 1))
        return;
    if (now_ns >= atomic_load_explicit(&p->next_ns, memory_order_relaxed))
        step(p, now_ns);
    atomic_store(&p->stepping, 0);
    errno = kept;
}

/* ---- the watcher ------------------------------------------------------------------------------
 */

static const void *who_of(const vane__runner *r)
{
    return r == NULL ? NULL : vane__stats_who(r);
}

static void on_route(void *self, const vane__route_event *e)
{
    vane__pager *p = self;
    p->ring[p->routes++ % VANE__PAGE_ROUTES] =
        (vane__pager_route){.op = e->op,
                            .dtype = e->dtype,
                            .size_class = e->size_class,
                            .hot = e->hot,
                            .from_width = e->from != NULL ? e->from->width : 0,
                            .to_width = e->to->width,
                            .from = who_of(e->from),
                            .to = who_of(e->to),
                            .why = e->why,
                            .when_ns = e->when_ns,
                            .predicted_ns = e->predicted_ns};
    p->changes += e->from != NULL;
}

static void on_close(void *self)
{
    vane__pager *p = self;
    p->ctx->pager = NULL;
    remove_file(p);
    let_go(p);
    free(p->body);
    free(p);
}

/* The parent's page is the parent's; the child's comes when it is as old as any. */
static void on_child(void *self)
{
    vane__pager *p = self;
    let_go(p);
    atomic_store(&p->stepping, 0);
    atomic_store(&p->next_ns, vane__now_ns() + VANE__PAGER_YOUNG_NS);
    p->counted_ns = p->ctx->settings.top == VANE__TOP_ALWAYS ? vane__clock_now(p->ctx) : 0;
    watch(p->ctx, p->ctx->settings.top == VANE__TOP_ALWAYS);
}

/* Whoever steps just now keeps it: then the file stays, and the next to look removes it. Else
 * nobody steps any more. */
void vane__pager_leave(vane_context *ctx)
{
    vane__pager *p = ctx->pager;
    if (p != NULL && !atomic_exchange(&p->stepping, 1))
        remove_file(p);
}

static void leave_all(void)
{
    vane__contexts_each(vane__pager_leave);
}

static void at_exit(void)
{
    atexit(leave_all);
}

void vane__pager_open(vane_context *ctx)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (ctx->settings.top == VANE__TOP_OFF)
        return;
    vane__pager *p = calloc(1, sizeof *p);
    const vane__watcher w = {NULL, on_route, on_close, NULL, NULL, on_child, p};
    if (p == NULL || !vane__watch_along(ctx, &w)) {
        vane__log_line(&ctx->settings.log, VANE_LOG_INFO, "VANE_TOP: no memory for the page");
        free(p);
        return;
    }
    pthread_once(&once, at_exit);
    int always = ctx->settings.top == VANE__TOP_ALWAYS;
    p->ctx = ctx;
    p->counted_ns = always ? vane__clock_now(ctx) : 0;
    watch(ctx, always);
    ctx->pager = p;
    vane__pager_born(ctx);
}

void vane__pager_born(vane_context *ctx)
{
    uint64_t young = ctx->settings.top == VANE__TOP_ALWAYS ? 0 : VANE__PAGER_YOUNG_NS;
    if (ctx->pager != NULL)
        atomic_store(&ctx->pager->next_ns, vane__now_ns() + young);
}
