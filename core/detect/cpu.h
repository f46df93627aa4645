/* SPDX-License-Identifier: MIT */
/* cpu.h - CPU feature bits with the OS's consent: CPUID and XCR0, or HWCAP. */
#ifndef VANE__DETECT_CPU_H
#define VANE__DETECT_CPU_H

#include "vane/vane.h"

/* What the CPU has and the OS saves on a context switch. Never by brand or model. */
uint64_t vane__cpu_detect(void);
/* The bits that a mask leaves: "avx2" keeps all up to AVX2's level, "" and "all" keep all,
 * "none" leaves the baseline (sse2, or neon on aarch64). A list "avx2,f16c" keeps the
 * levels named, united. Unknown name: VANE_E_ARGUMENT with the valid ones. */
vane_status vane__cpu_mask(const char *mask, uint64_t features, uint64_t *out);
/* "sse2 avx2 fma ..." */
void vane__cpu_text(uint64_t features, char *out, size_t bytes);
/* The brand string, for people only. */
void vane__cpu_name(char *out, size_t bytes);

#endif
