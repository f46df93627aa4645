/* SPDX-License-Identifier: MIT */
/* fpmode.h - the thread's floating-point control word: rounding and flushing of denormals.
 *
 * A job runs on its workers as it would on its caller, so the bits of a result do not
 * depend on which thread computed a piece. Sticky exception flags are left alone.
 */
#ifndef VANE__EXEC_FPMODE_H
#define VANE__EXEC_FPMODE_H

#include <stdint.h>

#if defined(__SSE2__)
#define VANE__MXCSR_FLAGS 0x3fu /* the sticky bits */
static inline uint32_t vane__fpmode_get(void)
{
    return __builtin_ia32_stmxcsr() & ~VANE__MXCSR_FLAGS;
}
static inline void vane__fpmode_set(uint32_t mode)
{
    __builtin_ia32_ldmxcsr(mode | (__builtin_ia32_stmxcsr() & VANE__MXCSR_FLAGS));
}
#elif defined(__aarch64__)
static inline uint32_t vane__fpmode_get(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return (uint32_t)mode;
}
static inline void vane__fpmode_set(uint32_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode));
}
#else
static inline uint32_t vane__fpmode_get(void)
{
    return 0;
}
static inline void vane__fpmode_set(uint32_t mode)
{
    (void)mode;
}
#endif

#endif
