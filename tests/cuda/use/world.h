/* SPDX-License-Identifier: MIT */
/* world.h - one context on the stand-in driver, in which time is the test's own: nobody sleeps. */
#ifndef CUDA_USE_WORLD_H
#define CUDA_USE_WORLD_H

#include <check.h>

#include "context.h"
#include "plugin/device.h"

enum { N = 3000, BYTES = N * 4 };
#define SECOND UINT64_C(1000000000)
#define GOOD(call) ck_assert_msg((call) == VANE_OK, #call ": %s", vane_last_error()->message)

extern vane_context *ctx;
extern uint32_t gpu; /* index of the first device of cuda */
extern uint64_t now;
extern char warned[4096]; /* lines of WARN and above that tell of what cannot be made anew */
extern unsigned warnings;
extern float x[N], y[N]; /* x: 0, 1, 2, ... */

/* spec: of tests/cuda/spec.h. The policy "fixed", cuda first. */
void world_open(const char *spec);
/* The same with what config says of backend, policy and stats, with which nothing is replayed. */
void world_open_as(const char *spec, vane_config config);
void advance(vane_backend *self, uint64_t ns);
vane_device_load look(void);

vane_tensor vector(float *p);
/* One call, whoever computes it; right in any case. */
void add(void);
vane_status add_on_cuda(void);
void cuda_computes(void);
/* Calls, four milliseconds apart, until the device is lost or not, or for so many seconds. */
int calls_until(uint32_t lost, unsigned seconds);
void calls_for(unsigned seconds);

#endif
