/* SPDX-License-Identifier: MIT */
/* toy_kit.h - a context with the toy in it, buffers of floats, and ops by the backend's name. */
#ifndef TOY_KIT_H
#define TOY_KIT_H

#include "toy.h"

static char toy_log[8192]; /* what the context warned of */

static inline void toy_note(void *arg, int level, const char *line)
{
    (void)arg;
    size_t used = strlen(toy_log);
    if (level <= VANE_LOG_WARN)
        snprintf(toy_log + used, sizeof toy_log - used, "%s\n", line);
}

/* Its first device, as vane_device_at counts. */
static inline uint32_t toy_index(vane_context *ctx)
{
    vane_device_info info = {.struct_size = sizeof info};
    uint32_t i = 0;
    while (vane_device_at(ctx, i, &info, NULL) == VANE_OK && strcmp(info.id, "toy0") != 0)
        i++;
    return i;
}

static inline vane_context *toy_context_of(const vane_backend_entry *entry, uint64_t caps,
                                           uint32_t limit_mib)
{
    vane_config config = kit_config();
    vane_context *ctx = NULL;
    toy.memory_bytes = UINT64_C(8) << 20;
    toy.caps = caps;
    toy.closed = toy.fail_alloc = toy.fail_later = toy.launches = 0;
    toy.passes = UINT32_MAX;
    toy_log[0] = '\0';
    config.log = toy_note;
    config.mem_limit_mib = limit_mib;
    GOOD(vane_open(&config, &ctx));
    GOOD(vane_register(ctx, entry));
    return ctx;
}

static inline vane_context *toy_context(uint64_t caps, uint32_t limit_mib)
{
    return toy_context_of(&toy_entry, caps, limit_mib);
}

/* Everything that the core took was given back. */
static inline void toy_context_close(vane_context *ctx)
{
    toy_gate(0);
    vane_close(ctx);
    ck_assert_int_eq(toy.mem, 0);
    ck_assert_int_eq(toy.queues, 0);
    ck_assert_int_eq(toy.events, 0);
}

static inline vane_buffer buffer_of(vane_context *ctx, const char *name, uint32_t n, float first)
{
    vane_buffer b;
    float *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (uint32_t i = 0; i < n; i++)
        x[i] = first + (float)(i % 100);
    GOOD(vane_buffer_open(ctx, n * sizeof *x, name, &b));
    GOOD(vane_buffer_write(ctx, b, 0, x, n * sizeof *x));
    free(x);
    return b;
}

static inline vane_buffer buffer_empty(vane_context *ctx, const char *name, uint32_t n)
{
    vane_buffer b;
    GOOD(vane_buffer_open(ctx, n * sizeof(float), name, &b));
    return b;
}

static inline vane_tensor in_buffer(vane_buffer b, uint32_t first, uint32_t n)
{
    return vane_tensor_in(b, first * sizeof(float), VANE_F32, 1, (int64_t[]){n});
}

/* The float at i is x. */
static inline void expect_at(vane_context *ctx, vane_buffer b, uint32_t i, float x)
{
    float got = -777;
    GOOD(vane_buffer_read(ctx, b, i * sizeof got, &got, sizeof got));
    ck_assert_msg(got == x, "[%u] is %g, expected %g", i, (double)got, (double)x);
}

static inline vane_buffer_info info_of(vane_context *ctx, vane_buffer b)
{
    vane_buffer_info info = {.struct_size = sizeof info};
    GOOD(vane_buffer_info_get(ctx, b, &info));
    return info;
}

/* out = op(a, b) on that backend (NULL: the route's); b may be NULL. */
static inline vane_status call_on(vane_context *ctx, const char *backend, uint32_t op,
                                  const vane_tensor *a, const vane_tensor *b, vane_tensor *out)
{
    const vane_tensor *const in[] = {a, b};
    vane_options options = {.struct_size = sizeof options, .backend = backend};
    return vane_run(ctx, op, in, b != NULL ? 2 : 1, &out, 1, NULL, &options);
}

static inline vane_status give_on(vane_stream *s, const char *backend, uint32_t op,
                                  const vane_tensor *a, const vane_tensor *b, vane_tensor *out)
{
    const vane_tensor *const in[] = {a, b};
    vane_options options = {.struct_size = sizeof options, .backend = backend};
    return vane_run_async(s, op, in, b != NULL ? 2 : 1, &out, 1, NULL, &options);
}

/* The call failed like that, and its sentence says so. */
#define FAILS(call, status_, says)                                                             \
    do {                                                                                       \
        vane_status st_ = (call);                                                              \
        ck_assert_msg(st_ == (status_), "%s: %s, expected %s", #call, vane_status_name(st_),   \
                      vane_status_name(status_));                                              \
        ck_assert_msg(strstr(vane_last_error()->message, says) != NULL, "%s: '%s' lacks '%s'", \
                      #call, vane_last_error()->message, says);                                \
    } while (0)

#endif
