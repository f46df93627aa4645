/* SPDX-License-Identifier: MIT */
/* fiber.h - stacks that one OS thread switches between by itself: what the threads of an emulated
 * block run on. A switch saves registers and nothing else; the sanitizers are told of it. */
#ifndef FAKE_FIBER_H
#define FAKE_FIBER_H

#include <stddef.h>

typedef struct fiber {
    void *sp;                /* while it does not run */
    void *stack;             /* the lowest byte; NULL: the OS thread's own */
    size_t stack_bytes;      /* without the guard page below */
    void *shadow;            /* the sanitizer's view of it */
    void (*main)(void *arg); /* never returns: it switches away for good */
    void *arg;
} fiber;

/* A stack for main(arg), which runs at the first switch. -1: no memory. */
int fiber_open(fiber *f, void (*main)(void *arg), void *arg);
/* Starts over: what was suspended on it is forgotten. */
void fiber_reset(fiber *f);
void fiber_close(fiber *f);
/* The OS thread itself as a fiber, which fiber_switch can come back to. */
void fiber_adopt(fiber *self);
/* Suspends from, which runs, and goes on with to. */
void fiber_switch(fiber *from, fiber *to);
/* A fault left the running fiber with longjmp: tells the sanitizers that to runs again. */
void fiber_left(fiber *to);

#endif
