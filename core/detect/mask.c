/* SPDX-License-Identifier: MIT */
/* mask.c - VANE_CPU_MASK: names of levels and features to the bits that they keep.
 *
 * A level is a step that compilers and plugins are built for. Each row keeps its own bits
 * and all of the levels below it; a single feature builds on the level below the one that has it.
 */
#include "detect/cpu.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "settings.h"

#define X86_BASE VANE_CPU(SSE2)
#define X86_SSE42                                                                      \
    (X86_BASE | VANE_CPU(SSE3) | VANE_CPU(SSSE3) | VANE_CPU(SSE41) | VANE_CPU(SSE42) | \
     VANE_CPU(POPCNT))
#define X86_AVX (X86_SSE42 | VANE_CPU(AVX))
#define X86_AVX2 \
    (X86_AVX | VANE_CPU(F16C) | VANE_CPU(FMA) | VANE_CPU(AVX2) | VANE_CPU(BMI1) | VANE_CPU(BMI2))
#define X86_AVX512                                                                                 \
    (X86_AVX2 | VANE_CPU(AVX512F) | VANE_CPU(AVX512CD) | VANE_CPU(AVX512BW) | VANE_CPU(AVX512DQ) | \
     VANE_CPU(AVX512VL))
#define ARM_BASE VANE_CPU(NEON)
#define ARM_SVE                                                                        \
    (ARM_BASE | VANE_CPU(FP16) | VANE_CPU(DOTPROD) | VANE_CPU(I8MM) | VANE_CPU(BF16) | \
     VANE_CPU(SVE))
#define BASELINE (X86_BASE | ARM_BASE)

static const struct {
    const char *name;
    uint64_t keeps;
} levels[] = {
    {"all", UINT64_MAX},    {"none", 0},        {"sse2", X86_BASE},
    {"sse4.2", X86_SSE42},  {"avx", X86_AVX},   {"avx2", X86_AVX2},
    {"avx512", X86_AVX512}, {"neon", ARM_BASE}, {"sve", ARM_SVE},
};

static const struct {
    const char *name;
    uint32_t bit;
} features_by_name[] = {
#define FEATURE(NAME, text, bit) {text, bit},
    VANE_CPU_MAP(FEATURE)
#undef FEATURE
};

enum {
    LEVELS = sizeof levels / sizeof levels[0],
    FEATURES = sizeof features_by_name / sizeof features_by_name[0]
};

static const uint64_t x86_steps[] = {X86_BASE, X86_SSE42, X86_AVX, X86_AVX2, X86_AVX512};
static const uint64_t arm_steps[] = {ARM_BASE, ARM_SVE};

/* The level that a feature builds on: the one below the first that holds it, or the last. */
static uint64_t base_of(uint64_t feature)
{
    int is_arm = feature >= VANE_CPU(NEON);
    const uint64_t *steps = is_arm ? arm_steps : x86_steps;
    size_t count =
        is_arm ? sizeof arm_steps / sizeof arm_steps[0] : sizeof x86_steps / sizeof x86_steps[0];
    uint64_t base = steps[0];
    for (size_t i = 0; i < count && !(steps[i] & feature); i++)
        base = steps[i];
    return base;
}

static int level_bits(const char *name, uint64_t *out)
{
    for (int i = 0; i < LEVELS; i++) {
        if (strcmp(name, levels[i].name) == 0) {
            *out = levels[i].keeps;
            return 1;
        }
    }
    return 0;
}

static int feature_bits(const char *name, uint64_t *out)
{
    for (int i = 0; i < FEATURES; i++) {
        if (strcmp(name, features_by_name[i].name) == 0) {
            uint64_t feature = UINT64_C(1) << features_by_name[i].bit;
            *out = feature | base_of(feature);
            return 1;
        }
    }
    return 0;
}

/* Appends a word, with a blank before it unless it is the first; drops what does not fit. */
static size_t append_word(char *out, size_t at, size_t bytes, const char *word)
{
    int n = snprintf(out + at, bytes - at, "%s%s", at ? " " : "", word);
    if (n < 0 || (size_t)n >= bytes - at) {
        out[at] = '\0';
        return at;
    }
    return at + (size_t)n;
}

static vane_status fail_unknown(const char *name)
{
    char valid[320] = "";
    size_t at = 0;
    uint64_t bits;
    for (int i = 0; i < LEVELS; i++)
        at = append_word(valid, at, sizeof valid, levels[i].name);
    for (int i = 0; i < FEATURES; i++)
        if (!level_bits(features_by_name[i].name, &bits))
            at = append_word(valid, at, sizeof valid, features_by_name[i].name);
    return vane__fail(VANE_E_ARGUMENT, "cpu_mask (VANE_CPU_MASK) has \"%s\", expected: %s", name,
                      valid);
}

vane_status vane__cpu_mask(const char *mask, uint64_t features, uint64_t *out)
{
    char name[24];
    uint64_t keep = 0, bits = 0;
    uint32_t count = 0;
    for (; vane__list_at(mask, count, name, sizeof name); count++) {
        if (!level_bits(name, &bits) && !feature_bits(name, &bits))
            return fail_unknown(name);
        keep |= bits;
    }
    *out = count ? features & (keep | BASELINE) : features;
    return VANE_OK;
}

void vane__cpu_text(uint64_t features, char *out, size_t bytes)
{
    if (bytes == 0)
        return;
    out[0] = '\0';
    size_t at = 0;
    for (int i = 0; i < FEATURES; i++)
        if (features >> features_by_name[i].bit & 1)
            at = append_word(out, at, bytes, features_by_name[i].name);
}
