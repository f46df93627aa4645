/* SPDX-License-Identifier: MIT */
/* bench_peak.c - vane bench peak: what one core of this machine can do at most, measured
 * now: multiply-adds by vector width, and bytes by working set. The bounds that the figures
 * of vane bench are to be held against, in the same session.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "bench.h"
#include "cli.h"
#include "json.h"
#include "table.h"

#define ROUNDS 15
#define STEPS 20000
#define CHAINS 12 /* enough to cover a latency of 4 at two a cycle, few enough for 16 registers */

typedef struct peak {
    const char *name;
    uint64_t needs; /* VANE_CPU() bits */
    uint32_t lanes; /* f32 */
    float (*run)(void);
} peak;

/* CHAINS independent chains of acc = acc * m + m; the sum keeps them alive. */
#define FMA_LOOP(V, SET, FMA, STORE, LANES) \
    V acc[CHAINS], m = SET(0.5f);           \
    float out[LANES], sum = 0;              \
    for (int i = 0; i < CHAINS; i++)        \
        acc[i] = SET((float)i);             \
    for (int k = 0; k < STEPS; k++)         \
        for (int i = 0; i < CHAINS; i++)    \
            acc[i] = FMA(acc[i], m, m);     \
    for (int i = 0; i < CHAINS; i++) {      \
        STORE(out, acc[i]);                 \
        sum += out[0];                      \
    }                                       \
    return sum;

#if defined(__x86_64__)
#include <immintrin.h>
__attribute__((target("avx2,fma"))) static float run_avx2(void)
{
    FMA_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps, 8)
}
__attribute__((target("avx512f"))) static float run_avx512(void)
{
    FMA_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps, 16)
}
static const peak peaks[] = {
    {"fma, 256 bits", VANE_CPU(AVX2) | VANE_CPU(FMA), 8, run_avx2},
    {"fma, 512 bits", VANE_CPU(AVX512F), 16, run_avx512},
};
#elif defined(__aarch64__)
#include <arm_neon.h>
#define NEON_FMA(acc, a, b) vfmaq_f32(b, acc, a)
static float run_neon(void)
{
    FMA_LOOP(float32x4_t, vdupq_n_f32, NEON_FMA, vst1q_f32, 4)
}
static const peak peaks[] = {{"fma, 128 bits", VANE_CPU(NEON), 4, run_neon}};
#else
static const peak peaks[] = {{"none known for this CPU", UINT64_MAX, 0, NULL}};
#endif

/* Median of the rounds; the best, too. */
static double median_of(double (*once)(void *arg), void *arg, double *best)
{
    double ns[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        ns[i] = once(arg);
    double median = bench_median(ns, ROUNDS);
    *best = ns[0];
    return median;
}

static double time_fma(void *arg)
{
    static volatile float sink;
    const peak *p = arg;
    double begin = bench_now_ns();
    sink = p->run();
    (void)sink; /* volatile: the store is the use */
    return bench_now_ns() - begin;
}

typedef struct copy {
    char *from, *to;
    size_t bytes, times;
} copy;

static double time_copy(void *arg)
{
    copy *c = arg;
    double begin = bench_now_ns();
    for (size_t i = 0; i < c->times; i++) {
        memcpy(c->to, c->from, c->bytes);
        __asm__ volatile("" : : "r"(c->to) : "memory");
    }
    return (bench_now_ns() - begin) / (double)c->times;
}

/* One row: amount (flops or bytes) an ns is G a second. */
static void row(table *t, json *j, const char *what, const char *unit, double amount, double median,
                double best)
{
    if (j != NULL) {
        json_object(j, NULL);
        json_text(j, "what", what);
        json_text(j, "unit", unit);
        json_real(j, "median", amount / median);
        json_real(j, "best", amount / best);
        json_close(j);
        return;
    }
    table_cell(t, "%s", what);
    table_cell(t, "%.1f %s", amount / median, unit);
    table_cell(t, "%.1f %s", amount / best, unit);
}

static void fma_rows(uint64_t features, table *t, json *j)
{
    for (size_t i = 0; i < sizeof peaks / sizeof peaks[0]; i++) {
        peak p = peaks[i];
        double best;
        if ((features & p.needs) != p.needs)
            continue;
        double median = median_of(time_fma, &p, &best);
        row(t, j, p.name, "GFLOP/s", 2.0 * CHAINS * STEPS * p.lanes, median, best);
    }
}

/* Bytes read and bytes written, both counted. */
static int copy_row(table *t, json *j, size_t bytes)
{
    copy c = {malloc(bytes), malloc(bytes), bytes, ((size_t)1 << 20) / bytes + 1};
    int rc = CLI_OK;
    if (c.from == NULL || c.to == NULL) {
        rc = cli_fail("no memory for a copy of %zu bytes", bytes);
    } else {
        char what[48];
        double best;
        memset(c.from, 1, bytes);
        memset(c.to, 1, bytes);
        double median = median_of(time_copy, &c, &best);
        snprintf(what, sizeof what, "memcpy of %zu KiB", bytes >> 10);
        row(t, j, what, "GB/s", 2.0 * (double)bytes, median, best);
    }
    free(c.from);
    free(c.to);
    return rc;
}

int cmd_bench_peak(int argc, char **argv)
{
    static const size_t sizes[] = {8u << 10, 256u << 10, 16u << 20, 256u << 20};
    const args_option options[] = {{NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench peak [OPTION...]",
              .about =
                  "Measures what one core can do at most: f32 multiply-adds by vector width, and "
                  "copies by size.\nHold the figures of vane bench against it.",
              .options = options};
    vane_machine m = {.struct_size = sizeof m};
    vane_context *ctx = NULL;
    json j;
    table t;
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count)
        return cli_usage("bench peak takes no arguments, got '%s'", a.item[0]);
    if ((rc = cli_open(&ctx, 1)))
        return rc;
    if (vane_machine_get(ctx, &m) != VANE_OK)
        rc = cli_fail("%s", vane_last_error()->message);
    vane_close(ctx);
    if (a.json) {
        json_begin(&j, stdout);
        json_array(&j, NULL);
    } else {
        table_begin(&t, "lrr", "one core|median|best");
    }
    fma_rows(m.cpu_features, &t, a.json ? &j : NULL);
    for (size_t i = 0; !rc && i < sizeof sizes / sizeof sizes[0]; i++)
        rc = copy_row(&t, a.json ? &j : NULL, sizes[i]);
    if (a.json)
        json_end(&j);
    else
        table_end(&t, stdout, 0);
    return rc;
}
