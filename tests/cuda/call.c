/* SPDX-License-Identifier: MIT */
/* call.c - what happens at the door of every function: fork, initialisation, the current context,
 * failures that were asked for; and the report at the end. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake.h"

pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t fake_changed = PTHREAD_COND_INITIALIZER;
fake_spec fake_settings;
_Thread_local int fake_in_callback;

static fake_site *sites;
static uint64_t misuses;
static int ready; /* cuInit was called */
static int is_child;
static pthread_once_t begun = PTHREAD_ONCE_INIT;
static int spec_bad;
static _Thread_local const char *calling = "the driver";

static void begin(void)
{
    char why[300];
    spec_bad = fake_spec_read(&fake_settings, getenv("VANE_FAKE_CUDA"), why, sizeof why) != 0;
    if (spec_bad)
        fprintf(stderr, "%s\n", why);
}

uint64_t fake_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t fake_misuses(void)
{
    pthread_mutex_lock(&fake_lock);
    const uint64_t n = misuses;
    pthread_mutex_unlock(&fake_lock);
    return n;
}

CUresult fake_misuse(CUresult code, const char *fmt, ...)
{
    char said[400];
    va_list list;
    va_start(list, fmt);
    vsnprintf(said, sizeof said, fmt, list);
    va_end(list);
    fprintf(stderr, "fake cuda: misuse in %s: %s\n", calling, said);
    misuses++;
    if (fake_settings.misuse_ends)
        abort(); /* with the caller on the stack */
    return code;
}

int fake_sticky(CUresult code)
{
    switch ((int)code) {
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
        return 1;
    default:
        return 0;
    }
}

/* ---- failures that were asked for -------------------------------------------------------- */

static CUresult count(fake_site *site)
{
    if (!site->known) {
        site->known = 1;
        site->next = sites;
        sites = site;
    }
    site->calls++;
    for (unsigned i = 0; i < fake_settings.n_fails; i++) {
        const fake_fail *f = &fake_settings.fail[i];
        if (strcmp(f->name, site->name) == 0 && site->calls >= f->from && site->calls <= f->to) {
            site->failed++;
            return (CUresult)f->code;
        }
    }
    return CUDA_SUCCESS;
}

CUresult fake_injected(fake_site *site)
{
    pthread_mutex_lock(&fake_lock);
    const CUresult r = count(site);
    pthread_mutex_unlock(&fake_lock);
    return r;
}

/* ---- the door ------------------------------------------------------------------------------ */

/* What every function may be answered before it looks at its arguments. */
static CUresult allowed(int flags, fake_context *ctx)
{
    if (!(flags & FAKE_BEFORE_INIT) && !ready)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (fake_in_callback && !(flags & FAKE_BEFORE_INIT))
        return fake_misuse(CUDA_ERROR_NOT_PERMITTED, "a host function calls the driver");
    if (flags & FAKE_NO_CONTEXT)
        return CUDA_SUCCESS;
    if (!ctx)
        return fake_misuse(CUDA_ERROR_INVALID_CONTEXT, "no context is current on this thread");
    return flags & FAKE_EVEN_LOST ? CUDA_SUCCESS : ctx->lost;
}

int fake_is_child(void)
{
    return __atomic_load_n(&is_child, __ATOMIC_RELAXED);
}

CUresult fake_enter(fake_site *site, int flags, fake_context **ctx)
{
    pthread_once(&begun, begin);
    if (spec_bad)
        return CUDA_ERROR_INVALID_VALUE;
    if (fake_is_child())
        return CUDA_ERROR_NOT_INITIALIZED; /* and its lock may be held by a thread that it has not
                                            */
    pthread_mutex_lock(&fake_lock);
    calling = site->name;
    fake_n_uses = 0;
    *ctx = fake_context_current();
    CUresult r = allowed(flags, *ctx);
    const CUresult asked = count(site);
    if (r == CUDA_SUCCESS && asked != CUDA_SUCCESS) {
        r = asked;
        const int driver =
            strncmp(site->name, "cu", 2) == 0 && strncmp(site->name, "cublas", 6) != 0;
        if (!driver) {
            fake_unlock();
            return r; /* other libraries have other codes */
        }
        if (fake_sticky(r) && *ctx)
            fake_lose(*ctx, r, 1, "asked for");
        else if (fake_sticky(r))
            fake_contexts_lose(r);
    }
    if (r != CUDA_SUCCESS)
        fake_unlock();
    return r;
}

CUresult fake_done(CUresult code)
{
    fake_unlock();
    return code;
}

static void in_child(void)
{
    __atomic_store_n(&is_child, 1, __ATOMIC_RELAXED);
}

CUresult CUDAAPI cuInit(unsigned flags)
{
    FAKE_CALL(FAKE_NO_CONTEXT | FAKE_BEFORE_INIT);
    if (flags != 0)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    if (fake_settings.devices == 0)
        return fake_done(CUDA_ERROR_NO_DEVICE);
    if (!ready && pthread_atfork(NULL, NULL, in_child) != 0)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    ready = 1;
    return fake_done(CUDA_SUCCESS);
}

/* ---- the report ------------------------------------------------------------------------------ */

__attribute__((destructor)) static void report(void)
{
    pthread_once(&begun, begin);
    if (!fake_settings.report[0] || fake_is_child())
        return;
    FILE *f = fopen(fake_settings.report, "we");
    if (!f)
        return;
    for (const fake_site *s = sites; s; s = s->next)
        fprintf(f, "call %s %llu failed %llu\n", s->name, (unsigned long long)s->calls,
                (unsigned long long)s->failed);
    for (int kind = 1; kind < FAKE_KINDS; kind++)
        if (kind != FAKE_FUNCTION)
            fprintf(f, "live %s %u\n", fake_kind_name((fake_kind)kind),
                    fake_handles_live((fake_kind)kind));
    fprintf(f, "live device-memory %u\nlive host-memory %u\nleft-over %u\nmisuses %llu\n",
            fake_blocks_live(0), fake_blocks_live(1), fake_left_over(),
            (unsigned long long)misuses);
    fclose(f);
}
