/* SPDX-License-Identifier: MIT */
/* fiber.c - the switch in a few instructions (swapcontext asks the kernel for the signal mask each
 * time), stacks with a guard page, and what ASan and TSan want to know. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fiber.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/asan_interface.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if defined(FIBER_ASAN) || defined(FIBER_TSAN)
enum { STACK_BYTES = 256 * 1024 }; /* frames have red zones */
#else
enum { STACK_BYTES = 64 * 1024 };
#endif

/* fiber_swap(save, load): what a callee must keep goes onto the stack, whose pointer goes to *save;
 * then the same backwards from load. */
void fiber_swap(void **save, void *load);
void fiber_begin(void);

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl fiber_swap\n"
        ".hidden fiber_swap\n"
        ".type fiber_swap,@function\n"
        "fiber_swap:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_swap,.-fiber_swap\n"
        /* where a new fiber begins: rbx is the fiber, put there by prepare() */
        ".globl fiber_begin\n"
        ".hidden fiber_begin\n"
        ".type fiber_begin,@function\n"
        "fiber_begin:\n"
        "    movq %rbx, %rdi\n"
        "    xorl %ebp, %ebp\n"
        "    call fiber_enter\n"
        "    ud2\n"
        ".size fiber_begin,.-fiber_begin\n");
enum { SAVED_WORDS = 7, SAVED_FIBER = 4, SAVED_RETURN = 6 }; /* r15 r14 r13 r12 rbx rbp, return */
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl fiber_swap\n"
        ".hidden fiber_swap\n"
        ".type fiber_swap,%function\n"
        "fiber_swap:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size fiber_swap,.-fiber_swap\n"
        ".globl fiber_begin\n"
        ".hidden fiber_begin\n"
        ".type fiber_begin,%function\n"
        "fiber_begin:\n"
        "    mov x0, x19\n"
        "    bl fiber_enter\n"
        "    brk #1\n"
        ".size fiber_begin,.-fiber_begin\n");
enum { SAVED_WORDS = 20, SAVED_FIBER = 0, SAVED_RETURN = 11 };
#endif

/* Called by fiber_begin on the new stack. */
__attribute__((visibility("hidden"), used)) void fiber_enter(fiber *self);
void fiber_enter(fiber *self)
{
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
    self->main(self->arg);
}

static void prepare(fiber *f)
{
    /* fiber_begin finds the stack 16-aligned, as a call instruction wants it */
    uintptr_t *sp = (uintptr_t *)(((uintptr_t)f->stack + f->stack_bytes) & ~(uintptr_t)63);
    sp -= SAVED_WORDS + SAVED_WORDS % 2;
    sp += SAVED_WORDS % 2; /* its return pops an odd number: begin one word higher */
    memset(sp, 0, SAVED_WORDS * sizeof *sp);
    sp[SAVED_FIBER] = (uintptr_t)f;
    sp[SAVED_RETURN] = (uintptr_t)fiber_begin;
    f->sp = sp;
}

int fiber_open(fiber *f, void (*main)(void *arg), void *arg)
{
    const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, guard + STACK_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return -1;
    mprotect(p, guard, PROT_NONE);
    *f = (fiber){.stack = p + guard, .stack_bytes = STACK_BYTES, .main = main, .arg = arg};
#ifdef FIBER_TSAN
    f->shadow = __tsan_create_fiber(0);
#endif
    prepare(f);
    return 0;
}

void fiber_reset(fiber *f)
{
#ifdef FIBER_ASAN
    __asan_unpoison_memory_region(f->stack, f->stack_bytes); /* red zones of frames left for good */
#endif
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(f->shadow);
    f->shadow = __tsan_create_fiber(0);
#endif
    prepare(f);
}

void fiber_close(fiber *f)
{
    const size_t guard = (size_t)sysconf(_SC_PAGESIZE);
#ifdef FIBER_ASAN
    __asan_unpoison_memory_region(f->stack, f->stack_bytes);
#endif
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(f->shadow);
#endif
    munmap((char *)f->stack - guard, guard + f->stack_bytes);
    f->stack = NULL;
}

void fiber_adopt(fiber *self)
{
    *self = (fiber){0};
#ifdef FIBER_ASAN
    pthread_attr_t attr;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &self->stack, &self->stack_bytes);
        pthread_attr_destroy(&attr);
    }
#endif
#ifdef FIBER_TSAN
    self->shadow = __tsan_get_current_fiber();
#endif
}

void fiber_switch(fiber *from, fiber *to)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(&from->shadow, to->stack, to->stack_bytes);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to->shadow, 0);
#endif
    fiber_swap(&from->sp, to->sp);
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(from->shadow, NULL, NULL);
#endif
}

void fiber_left(fiber *to)
{
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to->shadow, 0);
#else
    (void)to;
#endif
}
