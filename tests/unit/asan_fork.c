/* SPDX-License-Identifier: MIT */
/* asan_fork.c - fork() beside threads that allocate, under AddressSanitizer.
 *
 * Up to LLVM 16 the runtime leaves its locks as they are at the fork: a child that allocates may
 * wait for one that a thread of its parent held. What later runtimes do themselves is done here,
 * by the same functions; they are there where clang links the runtime statically.
 */
#include <pthread.h>

#define WEAK(function, symbol) extern void function(void) __asm__(symbol) __attribute__((weak))
WEAK(registry_lock, "_ZN6__lsan18LockThreadRegistryEv"); /* later ones call it LockThreads */
WEAK(registry_unlock, "_ZN6__lsan20UnlockThreadRegistryEv");
WEAK(allocator_lock, "_ZN6__lsan13LockAllocatorEv");
WEAK(allocator_unlock, "_ZN6__lsan15UnlockAllocatorEv");
WEAK(stacks_lock, "_ZN11__sanitizer17StackDepotLockAllEv");
WEAK(stacks_unlock, "_ZN11__sanitizer19StackDepotUnlockAllEv");

static void before(void)
{
    registry_lock();
    allocator_lock();
    stacks_lock();
}

static void after(void)
{
    stacks_unlock();
    allocator_unlock();
    registry_unlock();
}

/* The first to register is the last before a fork: nothing allocates between. */
__attribute__((constructor)) static void watch(void)
{
    if (registry_lock && registry_unlock && allocator_lock && allocator_unlock && stacks_lock &&
        stacks_unlock)
        pthread_atfork(before, after, after);
}
