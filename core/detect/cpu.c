/* SPDX-License-Identifier: MIT */
/* cpu.c - which instructions may run here: the CPU has them and the OS saves their registers.
 *
 * CPUID alone is not enough: with AVX-512 in CPUID and ZMM not in XCR0 the first such
 * instruction is an illegal one. The compiler's own check is not used because it differs
 * between compilers and cannot be tested with another machine's registers.
 */
#include "detect/cpu.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "os.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

static uint64_t bit_if(uint64_t word, uint32_t bit, uint64_t feature)
{
    return word >> bit & 1 ? feature : 0;
}

/* ---- x86 ----------------------------------------------------------------------- */

#define XCR0_AVX UINT64_C(0x6)     /* XMM, YMM */
#define XCR0_AVX512 UINT64_C(0xe6) /* and opmask, upper ZMM, ZMM16 to 31 */
#define XCR0_AMX UINT64_C(0x60000) /* tile configuration, tile data */

static int is_saved(uint64_t xcr0, uint64_t state)
{
    return (xcr0 & state) == state;
}

static uint64_t x86_basic(const vane__cpu_x86 *r)
{
    return bit_if(r->leaf1_edx, 26, VANE_CPU(SSE2)) | bit_if(r->leaf1_ecx, 0, VANE_CPU(SSE3)) |
           bit_if(r->leaf1_ecx, 9, VANE_CPU(SSSE3)) | bit_if(r->leaf1_ecx, 19, VANE_CPU(SSE41)) |
           bit_if(r->leaf1_ecx, 20, VANE_CPU(SSE42)) | bit_if(r->leaf1_ecx, 23, VANE_CPU(POPCNT)) |
           bit_if(r->leaf7_ebx, 3, VANE_CPU(BMI1)) | bit_if(r->leaf7_ebx, 8, VANE_CPU(BMI2));
}

static uint64_t x86_avx(const vane__cpu_x86 *r)
{
    if (!(r->leaf1_ecx >> 28 & 1))
        return 0;
    return VANE_CPU(AVX) | bit_if(r->leaf1_ecx, 29, VANE_CPU(F16C)) |
           bit_if(r->leaf1_ecx, 12, VANE_CPU(FMA)) | bit_if(r->leaf7_ebx, 5, VANE_CPU(AVX2));
}

static uint64_t x86_avx512(const vane__cpu_x86 *r)
{
    if (!(r->leaf7_ebx >> 16 & 1))
        return 0;
    return VANE_CPU(AVX512F) | bit_if(r->leaf7_ebx, 28, VANE_CPU(AVX512CD)) |
           bit_if(r->leaf7_ebx, 30, VANE_CPU(AVX512BW)) |
           bit_if(r->leaf7_ebx, 17, VANE_CPU(AVX512DQ)) |
           bit_if(r->leaf7_ebx, 31, VANE_CPU(AVX512VL)) |
           bit_if(r->leaf7_ecx, 11, VANE_CPU(AVX512VNNI)) |
           bit_if(r->leaf7_1_eax, 5, VANE_CPU(AVX512BF16)) |
           bit_if(r->leaf7_edx, 23, VANE_CPU(AVX512FP16));
}

static uint64_t x86_amx(const vane__cpu_x86 *r)
{
    if (!(r->leaf7_edx >> 24 & 1))
        return 0;
    return VANE_CPU(AMX_TILE) | bit_if(r->leaf7_edx, 25, VANE_CPU(AMX_INT8)) |
           bit_if(r->leaf7_edx, 22, VANE_CPU(AMX_BF16));
}

uint64_t vane__cpu_judge_x86(const vane__cpu_x86 *regs)
{
    int has_osxsave = (int)(regs->leaf1_ecx >> 27 & 1);
    uint64_t xcr0 = has_osxsave ? regs->xcr0 : 0;
    uint64_t features = x86_basic(regs);
    if (is_saved(xcr0, XCR0_AVX))
        features |= x86_avx(regs);
    if (features & VANE_CPU(AVX) && is_saved(xcr0, XCR0_AVX512))
        features |= x86_avx512(regs);
    if (is_saved(xcr0, XCR0_AMX))
        features |= x86_amx(regs);
    return features;
}

#if defined(__x86_64__) || defined(__i386__)
static uint64_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Under a hypervisor each CPUID costs ten microseconds, so none is asked twice: leaves 0 and 1,
 * each as eax, ebx, ecx, edx. */
static uint32_t leaves[2][4];

static void read_leaves(void)
{
    uint32_t *zero = leaves[0], *one = leaves[1];
#if defined(__i386__)
    if (__get_cpuid_max(0, NULL) == 0) /* a CPU without that instruction */
        return;
#endif
    __cpuid(0, zero[0], zero[1], zero[2], zero[3]);
    if (zero[0] >= 1)
        __cpuid(1, one[0], one[1], one[2], one[3]);
}

static const uint32_t *leaf(uint32_t number)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_leaves);
    return leaves[number];
}

uint64_t vane__cpu_detect(void)
{
    vane__cpu_x86 r = {.leaf1_ecx = leaf(1)[2], .leaf1_edx = leaf(1)[3]};
    uint32_t eax, ebx, ecx, edx, last_subleaf;
    if (leaf(0)[0] >= 7) {
        __cpuid_count(7, 0, last_subleaf, ebx, ecx, edx);
        r.leaf7_ebx = ebx;
        r.leaf7_ecx = ecx;
        r.leaf7_edx = edx;
        if (last_subleaf >= 1) {
            __cpuid_count(7, 1, eax, ebx, ecx, edx);
            r.leaf7_1_eax = eax;
        }
    }
    if (r.leaf1_ecx >> 27 & 1)
        r.xcr0 = read_xcr0();
    return vane__cpu_judge_x86(&r);
}
#endif

/* ---- aarch64 ------------------------------------------------------------------- */

/* The kernel's numbers (uapi asm/hwcap.h); they never change. */
uint64_t vane__cpu_judge_arm(uint64_t hwcap, uint64_t hwcap2)
{
    if (!(hwcap >> 1 & 1)) /* ASIMD; all the rest works on its registers */
        return 0;
    uint64_t features = VANE_CPU(NEON) | bit_if(hwcap, 10, VANE_CPU(FP16)) |
                        bit_if(hwcap, 20, VANE_CPU(DOTPROD)) | bit_if(hwcap2, 13, VANE_CPU(I8MM)) |
                        bit_if(hwcap2, 14, VANE_CPU(BF16)) | bit_if(hwcap, 22, VANE_CPU(SVE));
    if (features & VANE_CPU(SVE))
        features |= bit_if(hwcap2, 1, VANE_CPU(SVE2));
    return features;
}

#if defined(__aarch64__) && defined(__linux__)
uint64_t vane__cpu_detect(void)
{
    return vane__cpu_judge_arm(getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
}
#elif !defined(__x86_64__) && !defined(__i386__)
uint64_t vane__cpu_detect(void)
{
    return 0; /* portable code only */
}
#endif

/* ---- the name ------------------------------------------------------------------ */

#if defined(__x86_64__) || defined(__i386__)
void vane__cpu_name(char *out, size_t bytes)
{
    uint32_t brand[13] = {0}; /* 48 characters and their end */
    uint32_t last_leaf = (uint32_t)__get_cpuid_max(0x80000000u, NULL);
    for (uint32_t i = 0; i < 3 && 0x80000002u + i <= last_leaf; i++) {
        uint32_t *b = brand + 4 * i;
        __cpuid(0x80000002u + i, b[0], b[1], b[2], b[3]);
    }
    const char *text = (const char *)brand;
    snprintf(out, bytes, "%s", text + strspn(text, " "));
    size_t length = bytes ? strlen(out) : 0;
    while (length > 0 && out[length - 1] == ' ')
        out[--length] = '\0';
}

void vane__cpu_signature(char *out, size_t bytes)
{
    const uint32_t *zero = leaf(0), a = leaf(1)[0], maker[3] = {zero[1], zero[3], zero[2]};
    uint32_t family = a >> 8 & 15, model = a >> 4 & 15;
    model += family == 6 || family == 15 ? (a >> 16 & 15) << 4 : 0;
    family += family == 15 ? a >> 20 & 255 : 0;
    snprintf(out, bytes, "%.12s family %u model %u stepping %u", (const char *)maker, family, model,
             a & 15);
}
#else
/* The board's model where firmware has one, else the maker's and the part's numbers. */
void vane__cpu_name(char *out, size_t bytes)
{
    char text[256];
    if (bytes == 0)
        return;
    if (vane__read_text("/sys/firmware/devicetree/base/model", text, sizeof text) == 0)
        snprintf(out, bytes, "%s", text);
    else if (vane__read_text("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", text,
                             sizeof text) == 0)
        snprintf(out, bytes, "MIDR %.*s", (int)strcspn(text, "\n"), text);
    else
        out[0] = '\0';
}

void vane__cpu_signature(char *out, size_t bytes)
{
    vane__cpu_name(out, bytes);
}
#endif
