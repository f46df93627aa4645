/* SPDX-License-Identifier: MIT */
/* spin.h - one step of a polling loop: lets the core's other thread and its power budget be. */
#ifndef VANE__EXEC_SPIN_H
#define VANE__EXEC_SPIN_H

static inline void vane__spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" : : : "memory"); /* yield is a no-op on most cores */
#endif
}

#endif
