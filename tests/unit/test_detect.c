/* SPDX-License-Identifier: MIT */
/* test_detect.c - CPU bits from made-up registers, and what a mask leaves of them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/cpu.h"
#include "error.h"

/* ---- CPU bits ------------------------------------------------------------------ */

#define AVX512_5                                                                        \
    (VANE_CPU(AVX512F) | VANE_CPU(AVX512CD) | VANE_CPU(AVX512BW) | VANE_CPU(AVX512DQ) | \
     VANE_CPU(AVX512VL))
#define SSE_ALL                                                                              \
    (VANE_CPU(SSE2) | VANE_CPU(SSE3) | VANE_CPU(SSSE3) | VANE_CPU(SSE41) | VANE_CPU(SSE42) | \
     VANE_CPU(POPCNT))
#define AVX2_ALL                                                                                  \
    (SSE_ALL | VANE_CPU(AVX) | VANE_CPU(F16C) | VANE_CPU(FMA) | VANE_CPU(AVX2) | VANE_CPU(BMI1) | \
     VANE_CPU(BMI2))
#define X86_ALL ((VANE_CPU(AMX_BF16) << 1) - 1)

/* A CPU with everything; what the OS saves is up to the test. */
static vane__cpu_x86 full_cpu(uint64_t xcr0)
{
    return (vane__cpu_x86){.leaf1_ecx = UINT32_MAX,
                           .leaf1_edx = UINT32_MAX,
                           .leaf7_ebx = UINT32_MAX,
                           .leaf7_ecx = UINT32_MAX,
                           .leaf7_edx = UINT32_MAX,
                           .leaf7_1_eax = UINT32_MAX,
                           .xcr0 = xcr0};
}

START_TEST(os_consent_decides)
{
    static const struct {
        uint64_t xcr0, expected;
    } cases[] = {
        {0x600e7, X86_ALL},
        {0xe7,
         AVX2_ALL | AVX512_5 | VANE_CPU(AVX512VNNI) | VANE_CPU(AVX512BF16) | VANE_CPU(AVX512FP16)},
        {0x07, AVX2_ALL}, /* ZMM not saved: no AVX-512 whatever CPUID says */
        {0x67, AVX2_ALL}, /* ZMM16 to 31 not saved */
        {0x27, AVX2_ALL},
        {0x03, SSE_ALL | VANE_CPU(BMI1) | VANE_CPU(BMI2)}, /* YMM not saved */
        {0xe3, SSE_ALL | VANE_CPU(BMI1) | VANE_CPU(BMI2)},
        {0x20007, AVX2_ALL}, /* tile configuration without tile data */
    };
    vane__cpu_x86 regs = full_cpu(cases[_i].xcr0);
    ck_assert_uint_eq(vane__cpu_judge_x86(&regs), cases[_i].expected);
}
END_TEST

START_TEST(no_osxsave_no_avx)
{
    vane__cpu_x86 regs = full_cpu(0x600e7);
    regs.leaf1_ecx &= ~(UINT32_C(1) << 27);
    ck_assert_uint_eq(vane__cpu_judge_x86(&regs), SSE_ALL | VANE_CPU(BMI1) | VANE_CPU(BMI2));
}
END_TEST

START_TEST(parts_need_their_foundation)
{
    vane__cpu_x86 regs = full_cpu(0x600e7);
    regs.leaf7_ebx &= ~(UINT32_C(1) << 16); /* no AVX512F */
    regs.leaf7_edx &= ~(UINT32_C(1) << 24); /* no AMX-TILE */
    ck_assert_uint_eq(vane__cpu_judge_x86(&regs), AVX2_ALL);
    regs = full_cpu(0x600e7);
    regs.leaf1_ecx &= ~(UINT32_C(1) << 28); /* no AVX: nothing above it either */
    ck_assert_uint_eq(vane__cpu_judge_x86(&regs) & (VANE_CPU(AVX2) | VANE_CPU(FMA) | AVX512_5), 0);
}
END_TEST

/* Each CPUID bit, alone on a CPU that has only what it builds on. */
START_TEST(each_bit_is_in_its_place)
{
    enum { ECX1, EDX1, EBX7, ECX7, EDX7, EAX71 };
    static const struct {
        uint64_t feature;
        int word, bit;
    } places[] = {
        {VANE_CPU(SSE2), EDX1, 26},       {VANE_CPU(SSE3), ECX1, 0},
        {VANE_CPU(SSSE3), ECX1, 9},       {VANE_CPU(SSE41), ECX1, 19},
        {VANE_CPU(SSE42), ECX1, 20},      {VANE_CPU(POPCNT), ECX1, 23},
        {VANE_CPU(F16C), ECX1, 29},       {VANE_CPU(FMA), ECX1, 12},
        {VANE_CPU(AVX2), EBX7, 5},        {VANE_CPU(BMI1), EBX7, 3},
        {VANE_CPU(BMI2), EBX7, 8},        {VANE_CPU(AVX512CD), EBX7, 28},
        {VANE_CPU(AVX512BW), EBX7, 30},   {VANE_CPU(AVX512DQ), EBX7, 17},
        {VANE_CPU(AVX512VL), EBX7, 31},   {VANE_CPU(AVX512VNNI), ECX7, 11},
        {VANE_CPU(AVX512BF16), EAX71, 5}, {VANE_CPU(AVX512FP16), EDX7, 23},
        {VANE_CPU(AMX_INT8), EDX7, 25},   {VANE_CPU(AMX_BF16), EDX7, 22},
    };
    const uint64_t ground = VANE_CPU(AVX) | VANE_CPU(AVX512F) | VANE_CPU(AMX_TILE);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint32_t word[6] = {
            [ECX1] = UINT32_C(3) << 27, [EBX7] = UINT32_C(1) << 16, [EDX7] = UINT32_C(1) << 24};
        word[places[i].word] |= UINT32_C(1) << places[i].bit;
        vane__cpu_x86 regs = {word[ECX1], word[EDX1],  word[EBX7], word[ECX7],
                              word[EDX7], word[EAX71], 0x600e7};
        ck_assert_uint_eq(vane__cpu_judge_x86(&regs), ground | places[i].feature);
    }
}
END_TEST

START_TEST(arm_bits)
{
    const uint64_t asimd = 1 << 1, asimdhp = 1 << 10, asimddp = 1 << 20, sve = 1 << 22;
    const uint64_t sve2 = 1 << 1, i8mm = 1 << 13, bf16 = 1 << 14;
    ck_assert_uint_eq(vane__cpu_judge_arm(0, 0), 0);
    ck_assert_uint_eq(vane__cpu_judge_arm(asimd, 0), VANE_CPU(NEON));
    ck_assert_uint_eq(vane__cpu_judge_arm(asimd | asimdhp | asimddp, i8mm | bf16),
                      VANE_CPU(NEON) | VANE_CPU(FP16) | VANE_CPU(DOTPROD) | VANE_CPU(I8MM) |
                          VANE_CPU(BF16));
    ck_assert_uint_eq(vane__cpu_judge_arm(asimd | asimdhp, i8mm),
                      VANE_CPU(NEON) | VANE_CPU(FP16) | VANE_CPU(I8MM));
    ck_assert_uint_eq(vane__cpu_judge_arm(asimd | asimddp, bf16),
                      VANE_CPU(NEON) | VANE_CPU(DOTPROD) | VANE_CPU(BF16));
    ck_assert_uint_eq(vane__cpu_judge_arm(asimd, sve2), VANE_CPU(NEON));
    ck_assert_uint_eq(vane__cpu_judge_arm(asimd | sve, sve2),
                      VANE_CPU(NEON) | VANE_CPU(SVE) | VANE_CPU(SVE2));
    ck_assert_uint_eq(vane__cpu_judge_arm(asimdhp | sve, sve2), 0);
}
END_TEST

/* The compiler's runtime asks in its own way; for what it knows both must agree. */
START_TEST(this_machine)
{
    uint64_t features = vane__cpu_detect();
    char name[64];
    memset(name, '?', sizeof name);
    vane__cpu_name(name, sizeof name);
    ck_assert_ptr_nonnull(memchr(name, '\0', sizeof name));
#if defined(__x86_64__)
    ck_assert(features & VANE_CPU(SSE2));
    ck_assert_str_ne(name, "");
    __builtin_cpu_init();
    ck_assert_int_eq(!!(features & VANE_CPU(AVX)), !!__builtin_cpu_supports("avx"));
    ck_assert_int_eq(!!(features & VANE_CPU(AVX2)), !!__builtin_cpu_supports("avx2"));
    ck_assert_int_eq(!!(features & VANE_CPU(FMA)), !!__builtin_cpu_supports("fma"));
    ck_assert_int_eq(!!(features & VANE_CPU(AVX512F)), !!__builtin_cpu_supports("avx512f"));
    ck_assert_int_eq(!!(features & VANE_CPU(AVX512VL)), !!__builtin_cpu_supports("avx512vl"));
    ck_assert_uint_eq(features & VANE_CPU(NEON), 0);
#elif defined(__aarch64__)
    ck_assert(features & VANE_CPU(NEON));
    ck_assert_uint_eq(features & X86_ALL, 0);
#endif
}
END_TEST

/* ---- masks --------------------------------------------------------------------- */

#define EVERYTHING                                                                    \
    (X86_ALL | VANE_CPU(NEON) | VANE_CPU(FP16) | VANE_CPU(DOTPROD) | VANE_CPU(I8MM) | \
     VANE_CPU(BF16) | VANE_CPU(SVE) | VANE_CPU(SVE2))
#define BASE (VANE_CPU(SSE2) | VANE_CPU(NEON))
#define AVX_ALL (SSE_ALL | VANE_CPU(AVX))
#define SVE_ALL                                                                              \
    (VANE_CPU(NEON) | VANE_CPU(FP16) | VANE_CPU(DOTPROD) | VANE_CPU(I8MM) | VANE_CPU(BF16) | \
     VANE_CPU(SVE))

static const struct {
    const char *mask;
    uint64_t kept;
} masks[] = {
    {"", EVERYTHING},
    {"all", EVERYTHING},
    {"none", BASE},
    {"sse2", BASE},
    {"sse4.2", BASE | SSE_ALL},
    {"avx", BASE | AVX_ALL},
    {"avx2", BASE | AVX2_ALL},
    {"avx512", BASE | AVX2_ALL | AVX512_5},
    {"neon", BASE},
    {"sve", BASE | SVE_ALL},
    {"none,all", EVERYTHING},
    {" avx2 , avx512f,", BASE | AVX2_ALL | VANE_CPU(AVX512F)},
    {"popcnt", BASE | VANE_CPU(POPCNT)},
    {"fma", BASE | AVX_ALL | VANE_CPU(FMA)},
    {"avx512vnni", BASE | AVX2_ALL | AVX512_5 | VANE_CPU(AVX512VNNI)},
    {"amx_tile", BASE | AVX2_ALL | AVX512_5 | VANE_CPU(AMX_TILE)},
    {"dotprod", BASE | VANE_CPU(DOTPROD)},
    {"sve2", BASE | SVE_ALL | VANE_CPU(SVE2)},
};

START_TEST(mask_keeps)
{
    uint64_t kept = 0;
    ck_assert_int_eq(vane__cpu_mask(masks[_i].mask, EVERYTHING, &kept), VANE_OK);
    ck_assert_msg(kept == masks[_i].kept, "'%s' keeps %llx, expected %llx", masks[_i].mask,
                  (unsigned long long)kept, (unsigned long long)masks[_i].kept);
}
END_TEST

START_TEST(mask_never_adds)
{
    uint64_t kept = 1;
    ck_assert_int_eq(vane__cpu_mask("avx512", VANE_CPU(SSE2) | VANE_CPU(AVX), &kept), VANE_OK);
    ck_assert_uint_eq(kept, VANE_CPU(SSE2) | VANE_CPU(AVX));
    ck_assert_int_eq(vane__cpu_mask("all", 0, &kept), VANE_OK);
    ck_assert_uint_eq(kept, 0);
}
END_TEST

START_TEST(mask_unknown_lists_the_valid)
{
    static const char *const bad[] = {"avx9",      "AVX2", "avx2 sse2",
                                      "avx2,avx9", "*",    "avx512avx512avx512avx512avx512avx512"};
    uint64_t kept = 1234;
    ck_assert_int_eq(vane__cpu_mask(bad[_i], EVERYTHING, &kept), VANE_E_ARGUMENT);
    ck_assert_uint_eq(kept, 1234);
    const char *message = vane_last_error()->message;
    ck_assert_ptr_nonnull(strstr(message, " all none sse2 "));
    ck_assert_ptr_nonnull(strstr(message, " avx512 "));
    ck_assert_str_eq(message + strlen(message) - 5, " sve2"); /* the last name fits too */
}
END_TEST

START_TEST(cpu_text)
{
    char text[512], small[8];
    vane__cpu_text(VANE_CPU(SSE2) | VANE_CPU(FMA) | VANE_CPU(SVE2), text, sizeof text);
    ck_assert_str_eq(text, "sse2 fma sve2");
    vane__cpu_text(0, text, sizeof text);
    ck_assert_str_eq(text, "");
    vane__cpu_text(VANE_CPU(SSE2) | VANE_CPU(SSE3), small, sizeof small);
    ck_assert_str_eq(small, "sse2");
    vane__cpu_text(EVERYTHING, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "amx_bf16 neon"));
}
END_TEST

/* ---- the suite ----------------------------------------------------------------- */

#define COUNT(array) ((int)(sizeof array / sizeof array[0]))

static TCase *cpu_cases(void)
{
    TCase *cpu = tcase_create("cpu");
    tcase_add_loop_test(cpu, os_consent_decides, 0, 8);
    tcase_add_test(cpu, no_osxsave_no_avx);
    tcase_add_test(cpu, parts_need_their_foundation);
    tcase_add_test(cpu, each_bit_is_in_its_place);
    tcase_add_test(cpu, arm_bits);
    tcase_add_test(cpu, this_machine);
    tcase_add_loop_test(cpu, mask_keeps, 0, COUNT(masks));
    tcase_add_test(cpu, mask_never_adds);
    tcase_add_loop_test(cpu, mask_unknown_lists_the_valid, 0, 6);
    tcase_add_test(cpu, cpu_text);
    return cpu;
}

int main(void)
{
    Suite *suite = suite_create("detect");
    suite_add_tcase(suite, cpu_cases());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
