/* SPDX-License-Identifier: MIT */
/* preset.c - machines known by name, with figures of their vendors' data sheets.
 *
 * Rates are peaks: no kernel reaches them, so a prediction from them is a bound. Dense rates,
 * without sparsity. A product in f32 is the plain f32 rate: TF32 would not be within the
 * tolerance of ops.def. What no sheet says (what a launch and a transfer cost before they move
 * anything, the power of idleness) is an estimate, and marked.
 */
#include <string.h>

#include "spec.h"

#define ALL(rate)                                                                            \
    {                                                                                        \
        [VANE_F32] = (rate), [VANE_F64] = (rate), [VANE_F16] = (rate), [VANE_BF16] = (rate), \
        [VANE_I32] = (rate), [VANE_I64] = (rate), [VANE_U8] = (rate), [VANE_I8] = (rate),    \
        [VANE_BOOL] = (rate)                                                                 \
    }
/* f64 apart, and what has 16 bits. */
#define RATES(f32, f64, f16, i32, i8)                                                    \
    {                                                                                    \
        [VANE_F32] = (f32), [VANE_F64] = (f64), [VANE_F16] = (f16), [VANE_BF16] = (f16), \
        [VANE_I32] = (i32), [VANE_I64] = (i32) / 2, [VANE_U8] = (i8), [VANE_I8] = (i8),  \
        [VANE_BOOL] = (i8)                                                               \
    }
#define FOUR(elementwise, matmul)                                                           \
    {                                                                                       \
        [SIM_ELEMENTWISE] = elementwise, [SIM_REDUCE] = elementwise, [SIM_MATMUL] = matmul, \
        [SIM_OTHER] = elementwise                                                           \
    }

/* A modest accelerator; every figure is invented. */
#define PLAIN                                                                                \
    .kind = VANE_KIND_GPU, .compute = 1, .cores = 1, .queues = 8, .seed = 1, .bytes = 100e9, \
    .mem_bytes = UINT64_C(1) << 30, .up_bytes = 10e9, .down_bytes = 10e9, .up_ns = 10e3,     \
    .down_ns = 10e3, .launch_ns = 5e3, .claim = 1, .idle_mc = 30e3, .full_mc = 80e3,         \
    .flops = FOUR(ALL(1e12), ALL(1e12))

const sim_spec sim_plain = {PLAIN};

#define GIGA UINT64_C(1000000000)

static const sim_spec presets[] = {
    /* NVIDIA H200 Tensor Core GPU, data sheet, SXM: f64 34, tensor f64 67, f32 67, tensor f16 and
     * bf16 1,979 with sparsity, int8 3,958 with sparsity, all T/s; 141 GB at 4.8 TB/s; PCIe Gen5
     * 128 GB/s, which is both ways; up to 700 W. NVIDIA H100 architecture white paper, for what
     * both chips share (SXM5): f16 without tensor cores 133.8, int32 33.5 T/s, 132 SMs.
     * Estimates: 1,980 MHz, launch, latency, power when idle. */
    {.model = "h200",
     .kind = VANE_KIND_GPU,
     .compute = 1,
     .cores = 132,
     .queues = 32,
     .mhz = 1980,
     .seed = 1,
     .flops = FOUR(RATES(67e12, 34e12, 133.8e12, 33.5e12, 33.5e12),
                   RATES(67e12, 67e12, 989.5e12, 33.5e12, 1979e12)),
     .bytes = 4.8e12,
     .mem_bytes = 141 * GIGA,
     .up_bytes = 64e9,
     .down_bytes = 64e9,
     .up_ns = 8e3,
     .down_ns = 8e3,
     .launch_ns = 5e3,
     .claim = 1,
     .idle_mw = 75e3,
     .full_mw = 700e3,
     .idle_mc = 30e3,
     .full_mc = 80e3},
    /* NVIDIA A100 80GB Tensor Core GPU, data sheet (1758950), SXM: f64 9.7, tensor f64 19.5, f32
     * 19.5, tensor f16 and bf16 312, int8 624 T/s; 80 GB at 2,039 GB/s; PCIe Gen4 64 GB/s, which
     * is both ways; 400 W. NVIDIA A100 architecture white paper: f16 without tensor cores 78,
     * int32 19.5 T/s, 108 SMs, 1,410 MHz. Estimates: launch, latency, power when idle. */
    {.model = "a100",
     .kind = VANE_KIND_GPU,
     .compute = 1,
     .cores = 108,
     .queues = 32,
     .mhz = 1410,
     .seed = 1,
     .flops = FOUR(RATES(19.5e12, 9.7e12, 78e12, 19.5e12, 19.5e12),
                   RATES(19.5e12, 19.5e12, 312e12, 19.5e12, 624e12)),
     .bytes = 2.039e12,
     .mem_bytes = 80 * GIGA,
     .up_bytes = 32e9,
     .down_bytes = 32e9,
     .up_ns = 8e3,
     .down_ns = 8e3,
     .launch_ns = 5e3,
     .claim = 1,
     .idle_mw = 55e3,
     .full_mw = 400e3,
     .idle_mc = 30e3,
     .full_mc = 80e3},
    /* One core of an Intel Xeon Platinum 8480+, from Intel's product page: 2.0 GHz, two AVX-512
     * FMA units, so 2.0 * 2 units * 16 lanes * 2 = 128 G/s in f32; eight channels of DDR5-4800
     * for 56 cores. Estimates: 12 GB/s, what one core alone draws from them; the cost of a call;
     * power and temperature, of which it has none. */
    {.model = "cpu-1core",
     .kind = VANE_KIND_CPU,
     .host = 1,
     .compute = 1,
     .cores = 1,
     .queues = 1,
     .mhz = 2000,
     .seed = 1,
     .flops =
         FOUR(RATES(128e9, 64e9, 128e9, 128e9, 128e9), RATES(128e9, 64e9, 128e9, 128e9, 128e9)),
     .bytes = 12e9,
     .up_bytes = 12e9,
     .down_bytes = 12e9,
     .launch_ns = 50,
     .claim = 1,
     .idle_mc = 30e3,
     .full_mc = 80e3},
};

const char sim_presets[] = "h200, a100, cpu-1core";

int sim_preset(const char *name, sim_spec *out)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].model, name) == 0) {
            *out = presets[i];
            return 1;
        }
    return 0;
}
