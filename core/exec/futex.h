/* SPDX-License-Identifier: MIT */
/* futex.h - sleep on a 32-bit word until somebody wakes it; Linux, private to the process. */
#ifndef VANE__EXEC_FUTEX_H
#define VANE__EXEC_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef _Atomic uint32_t vane__futex;

/* Sleeps while *word is value. May return early (a signal): look at the word again. */
static inline void vane__futex_wait(vane__futex *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

/* Wakes the one thread that may sleep on word. */
static inline void vane__futex_wake(vane__futex *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Everyone who sleeps on it. */
static inline void vane__futex_wake_all(vane__futex *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* At most timeout_ns, from now. */
static inline void vane__futex_wait_for(vane__futex *word, uint32_t value, uint64_t timeout_ns)
{
    struct timespec t = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns == UINT64_MAX ? NULL : &t, NULL,
            0);
}

#endif
