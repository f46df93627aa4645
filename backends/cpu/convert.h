/* SPDX-License-Identifier: MIT */
/* convert.h - runs of numbers from one data type to another, by the rules of ops.h. */
#ifndef CPU_CONVERT_H
#define CPU_CONVERT_H

#include <stddef.h>
#include <stdint.h>

void cpu__f16_to_f32(float *dst, const uint16_t *src, size_t n);
void cpu__bf16_to_f32(float *dst, const uint16_t *src, size_t n);
void cpu__f32_to_f16(uint16_t *dst, const float *src, size_t n);
void cpu__f32_to_bf16(uint16_t *dst, const float *src, size_t n);

/* dst and src do not overlap, or are the same memory and types of one size. */
void cpu__convert(void *dst, uint32_t dst_dtype, const void *src, uint32_t src_dtype, size_t n);

/* One number, rounded or truncated and saturated to the type. */
float cpu__round_f16(double x); /* the value that f16 has for x */
float cpu__round_bf16(double x);
int64_t cpu__to_i64(double x, int64_t lo, int64_t hi);

/* Bytes of an element. */
size_t cpu__dtype_bytes(uint32_t dtype);

#endif
