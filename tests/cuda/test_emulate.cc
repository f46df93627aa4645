/* SPDX-License-Identifier: MIT */
/* test_emulate.cc - CUDA's language on the host: blocks, barriers, warps, shared memory, and that
 * every misuse which the emulation promises to find is found and named. */
#include <stdio.h>
#include <stdlib.h>

#include "kernel.h"

static int checks, failures;

static void check(bool good, const char *what, const char *said)
{
    checks++;
    if (good)
        return;
    failures++;
    printf("FAILED: %s: %s\n", what, said);
}

struct vector_args {
    const float *x, *y;
    float *z;
    long long n;
};

KERNEL(add, vector_args, 256)
{
    const long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < a.n; i += step)
        a.z[i] = a.x[i] + a.y[i];
}

DEVICE float warp_sum(float v)
{
    for (unsigned d = 16; d > 0; d /= 2)
        v += __shfl_xor_sync(WARP_ALL, v, d);
    return v;
}

DEVICE float block_sum(float v)
{
    SHARED(float, part, 32);
    v = warp_sum(v);
    if (threadIdx.x % WARP == 0)
        part[threadIdx.x / WARP] = v;
    __syncthreads();
    v = threadIdx.x < blockDim.x / WARP ? part[threadIdx.x] : 0.0f;
    __syncthreads(); /* part may be used again */
    return threadIdx.x < WARP ? warp_sum(v) : 0.0f;
}

struct sum_args {
    const float *x;
    float *parts, *out;
    unsigned *done;
    long long n;
};

/* In one pass: the block that comes last adds up the parts. */
KERNEL(sum, sum_args, 1024)
{
    SHARED(unsigned, last, 1);
    float v = 0.0f;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < a.n;
         i += (long long)gridDim.x * blockDim.x)
        v += a.x[i];
    v = block_sum(v);
    if (threadIdx.x == 0) {
        a.parts[blockIdx.x] = v;
        __threadfence();
        last[0] = atomicInc(a.done, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (!last[0])
        return;
    v = 0.0f;
    for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x)
        v += a.parts[i];
    v = block_sum(v);
    if (threadIdx.x == 0)
        *a.out = v;
}

struct turn_args {
    const float *x;
    float *y;
    int rows, columns;
};

KERNEL(turn, turn_args, 256) /* 32 x 8 */
{
    SHARED(float, tile, 32 * 33);
    const int row = (int)blockIdx.y * 32 + (int)threadIdx.y, x = (int)threadIdx.x;
    for (int i = 0; i < 32; i += 8)
        if (row + i < a.rows && (int)blockIdx.x * 32 + x < a.columns)
            tile[((int)threadIdx.y + i) * 33 + x] =
                a.x[(row + i) * a.columns + (int)blockIdx.x * 32 + x];
    __syncthreads();
    const int column = (int)blockIdx.x * 32 + (int)threadIdx.y;
    for (int i = 0; i < 32; i += 8)
        if (column + i < a.columns && (int)blockIdx.y * 32 + x < a.rows)
            a.y[(column + i) * a.rows + (int)blockIdx.y * 32 + x] =
                tile[x * 33 + (int)threadIdx.y + i];
}

struct lanes_args {
    int *out; /* 4 of each thread */
};

KERNEL(lanes, lanes_args, 64)
{
    const unsigned i = threadIdx.x;
    int *out = a.out + 4 * i;
    out[0] = __shfl_down_sync(WARP_ALL, (int)i, 5);
    out[1] = (int)__ballot_sync(WARP_ALL, i % 3 == 0);
    if (i % WARP < 8) {
        out[2] = (int)__shfl_xor_sync(0xffu, (double)i, 1);
        __syncwarp(0xffu);
    } else {
        out[2] = __shfl_sync(0xffffff00u, (int)i, 31);
    }
    out[3] = __shfl_sync(WARP_ALL, (int)i, 3, 8);
}

/* ---- what is wrong on purpose: how says which way ---------------------------------------- */

struct wrong_args {
    int how;
    float *memory;
};

KERNEL(wrong, wrong_args, 64)
{
    SHARED(float, small, 7);
    const unsigned i = threadIdx.x;
    volatile int outside = 8 + (int)i % 2;
    switch (a.how) {
    case 0: /* half of the block comes */
        if (i < 32)
            __syncthreads();
        break;
    case 1: /* two places */
        if (i < 32)
            __syncthreads();
        else
            __syncthreads();
        break;
    case 2:
        if (i % WARP != 7)
            __shfl_xor_sync(WARP_ALL, 1.0f, 1);
        break;
    case 3:
        __shfl_xor_sync(0xffu, 1.0f, 1);
        break;
    case 4:
        if (i % WARP < 16)
            __shfl_sync(0xffffu, 1.0f, 20);
        break;
    case 5:
        __ballot_sync(i % WARP < 16 ? WARP_ALL : 0xffff0000u, 1);
        break;
    case 6:
        *((float *)small + outside) = 1.0f;
        break;
    case 7:
        a.memory[i] = 1.0f;
        break;
    case 8:
        small[i % 7] = i < 7 ? 1.0f : small[i % 7];
        break;
    default:
        if (i == 0 && !(small[3] == small[3])) /* NaN: nobody wrote it */
            a.memory[0] = 42.0f;
    }
}

/* ---- runs -------------------------------------------------------------------------------- */

static char why[256];

template <class T>
static emu_result run(const char *name, emu_dim grid, emu_dim block, const T &args, uint64_t serial)
{
    const emu_kernel *k = emu_kernel_find(name);
    why[0] = 0;
    check(k && k->args_bytes == sizeof args, name, "not in the table, or of another size");
    return emu_run(k, grid, block, &args, serial, why);
}

static void elementwise(void)
{
    enum { N = 5000 };
    static float x[N], y[N], z[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)i, y[i] = (float)(2 * i);
    for (uint64_t serial = 0; serial < 4; serial++) {
        memset(z, 0, sizeof z);
        check(run("add", {3, 1, 1}, {256, 1, 1}, vector_args{x, y, z, N}, serial) == EMU_OK, "add",
              why);
        int good = 0;
        for (int i = 0; i < N; i++)
            good += z[i] == (float)(3 * i);
        check(good == N, "add", "wrong results");
    }
}

static void sums(void)
{
    enum { N = 100000 };
    static float x[N], parts[64];
    double expected = 0;
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i % 17);
        expected += x[i];
    }
    for (unsigned threads = 32; threads <= 1024; threads *= 2)
        for (uint64_t serial = 0; serial < 4; serial++) {
            float out = -1;
            unsigned done = 0;
            const sum_args args = {x, parts, &out, &done, N};
            check(run("sum", {13, 1, 1}, {threads, 1, 1}, args, serial) == EMU_OK, "sum", why);
            check((double)out == expected && done == 0, "sum", "a wrong sum");
        }
}

static void turns(void)
{
    static float x[70 * 45], y[70 * 45];
    for (int i = 0; i < 70 * 45; i++)
        x[i] = (float)i;
    check(run("turn", {2, 3, 1}, {32, 8, 1}, turn_args{x, y, 70, 45}, 1) == EMU_OK, "turn", why);
    int good = 0;
    for (int i = 0; i < 70; i++)
        for (int j = 0; j < 45; j++)
            good += y[j * 70 + i] == x[i * 45 + j];
    check(good == 70 * 45, "turn", "wrong places");
}

static void warps(void)
{
    static int out[4 * 64];
    for (uint64_t serial = 0; serial < 4; serial++) {
        memset(out, 0, sizeof out);
        check(run("lanes", {1, 1, 1}, {64, 1, 1}, lanes_args{out}, serial) == EMU_OK, "lanes", why);
        for (int i = 0; i < 64; i++) {
            const int lane = i % 32, first = i - lane, *o = out + 4 * i;
            unsigned votes = 0;
            for (int j = 0; j < 32; j++)
                votes |= (unsigned)((first + j) % 3 == 0) << j;
            check(o[0] == (lane + 5 < 32 ? i + 5 : i), "shfl_down", "another lane's value");
            check((unsigned)o[1] == votes, "ballot", "wrong votes");
            check(o[2] == (lane < 8 ? (i ^ 1) : first + 31), "a part of a warp",
                  "another lane's value");
            check(o[3] == first + lane / 8 * 8 + 3, "shfl of segments", "another lane's value");
        }
    }
}

static void wrongs(void)
{
    static const char *const said[] = {"has left the kernel",        "the other barrier",
                                       "has left the kernel",        "not in its own mask",
                                       "which is not in the mask",   "waits at",
                                       "written outside its bounds", "access to"};
    float *nowhere = (float *)0x6b5000000000;
    for (int how = 0; how <= 7; how++) {
        if (EMU_WATCHED && how >= 6)
            continue; /* the sanitizer ends the program itself */
        for (uint64_t serial = 0; serial < 4; serial++) {
            const emu_result r =
                run("wrong", {2, 1, 1}, {64, 1, 1}, wrong_args{how, nowhere}, serial);
            check(r == (how == 7 ? EMU_ACCESS : EMU_FAULT), said[how], "it was not found");
            check(strstr(why, said[how]) != NULL && strstr(why, "wrong: block"), said[how], why);
        }
    }
    float seen = 0;
    check(run("wrong", {1, 1, 1}, {64, 1, 1}, wrong_args{8, &seen}, 0) == EMU_OK, "after faults",
          why);
    check(run("wrong", {1, 1, 1}, {64, 1, 1}, wrong_args{9, &seen}, 0) == EMU_OK, "fresh memory",
          why);
    check(seen == 42.0f, "fresh memory", "shared memory that nobody wrote is no NaN");
}

int main(void)
{
    elementwise();
    sums();
    turns();
    warps();
    wrongs();
    elementwise(); /* and faults left nothing behind */
    sums();
    emu_release();
    printf("%d passed, %d failed, 0 skipped\n", checks - failures, failures);
    return failures > 0;
}
