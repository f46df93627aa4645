/* SPDX-License-Identifier: MIT */
/* cpu.h - CPU feature bits with the OS's consent: CPUID and XCR0, or HWCAP.
 *
 * Reading registers and judging them are two steps, so that a test can ask what Vane makes
 * of a machine that it does not have.
 */
#ifndef VANE__DETECT_CPU_H
#define VANE__DETECT_CPU_H

#include "vane/vane.h"

/* What the CPU has and the OS saves on a context switch. Never by brand or model. */
uint64_t vane__cpu_detect(void);

/* x86 as CPUID and XGETBV gave it; a leaf that the CPU lacks is 0, and so is xcr0 without
 * OSXSAVE. AVX needs bits 1 and 2 of xcr0, AVX-512 also 5 to 7, AMX 17 and 18. (Linux
 * wants a process to ask, by arch_prctl, before it touches AMX tiles: a plugin's duty.) */
typedef struct vane__cpu_x86 {
    uint32_t leaf1_ecx, leaf1_edx;
    uint32_t leaf7_ebx, leaf7_ecx, leaf7_edx; /* subleaf 0 */
    uint32_t leaf7_1_eax;                     /* subleaf 1 */
    uint64_t xcr0;
} vane__cpu_x86;
uint64_t vane__cpu_judge_x86(const vane__cpu_x86 *regs);
/* aarch64 Linux: AT_HWCAP and AT_HWCAP2, which are the kernel's consent already. */
uint64_t vane__cpu_judge_arm(uint64_t hwcap, uint64_t hwcap2);

/* The bits that a mask leaves of features (mask.c).
 *   ""  "all"   everything
 *   none        the baseline, which every mask keeps: sse2, or neon
 *   a level     everything up to it: sse2, sse4.2 (with sse3, ssse3, sse4.1, popcnt), avx,
 *               avx2 (with f16c, fma, bmi1, bmi2), avx512 (F, CD, BW, DQ, VL);
 *               neon, sve (with fp16, dotprod, i8mm, bf16)
 *   a feature   itself and the level that it builds on: fma keeps avx and fma, avx512vnni
 *               keeps avx512 and avx512vnni, dotprod keeps neon and dotprod
 * A list "avx2,avx512f" unites what it names. A name that is both is the level. An unknown
 * name: VANE_E_ARGUMENT, with the valid ones. */
vane_status vane__cpu_mask(const char *mask, uint64_t features, uint64_t *out);
/* "sse2 avx2 fma ..." (mask.c) */
void vane__cpu_text(uint64_t features, char *out, size_t bytes);
/* The brand string, for people only. "" unknown. */
void vane__cpu_name(char *out, size_t bytes);
/* Maker, family, model and stepping, or what there is of the kind: alike on alike machines. */
void vane__cpu_signature(char *out, size_t bytes);

#endif
