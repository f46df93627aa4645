/* SPDX-License-Identifier: MIT */
/* signals.h - which signals a thread of Vane takes: it inherits the mask of whoever starts it.
 *
 *     sigset_t before;
 *     vane__signals_block(&before);
 *     pthread_create(...);
 *     vane__signals_restore(&before);
 */
#ifndef VANE__EXEC_SIGNALS_H
#define VANE__EXEC_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/* The program's signals are left to its own threads, but for those that a fault raises in the
 * thread itself, and the profiler's. */
static inline void vane__signals_block(sigset_t *before)
{
    static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGPROF};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        sigdelset(&blocked, kept[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static inline void vane__signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

#endif
