/* SPDX-License-Identifier: MIT */
/* async.c - one public function per op, on a stream. */
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "exec/stream.h"

/* Under the stream's give, as all below. */
static vane_status flight_for(vane_stream *s, uint32_t op, const vane_tensor *const *in,
                              uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                              const vane_params *params, vane__flight **found)
{
    vane__request rq;
    vane__flight *f = vane__stream_flight(s, vane__flight_key(op, in, n_in, out));
    if (f == NULL)
        return vane__fail(VANE_E_NOMEM, "run_async: no memory for the call");
    *found = f;
    if (vane__flight_again(f, op, in, n_in, out, n_out, params))
        return VANE_OK;
    vane_status st = vane__request_make(s->ctx, op, in, n_in, out, n_out, params, &rq);
    if (st == VANE_OK)
        st = vane__flight_open(s->ctx, &rq, f);
    if (st != VANE_OK)
        vane__stream_recycle(s, f);
    return st;
}

vane_status vane__stream_call(vane_stream *s, uint32_t op, const vane_tensor *const *in,
                              uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                              const vane_params *params, const vane_options *options)
{
    vane__flight *f = NULL;
    vane_status st = flight_for(s, op, in, n_in, out, n_out, params, &f);
    if (st != VANE_OK)
        return st;
    if (options != NULL) {
        if (options->backend != NULL)
            snprintf(f->wish_backend, sizeof f->wish_backend, "%s", options->backend);
        f->wish_width = options->width;
    }
    vane__stream_given(s, f);
    st = vane__stream_give(s, f);
    if (st != VANE_OK) {
        vane__flight_close(f);
        vane__stream_recycle(s, f);
    }
    return st;
}

static vane_status run_async(vane_stream *s, uint32_t op, const vane_tensor *const *in,
                             uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                             const vane_params *params, const vane_options *options)
{
    vane_status st = vane__stream_check(s, "run_async");
    if (st == VANE_OK)
        st = vane__options_check(options);
    if (st == VANE_OK && options != NULL && options->decision != NULL)
        st = vane__fail(VANE_E_ARGUMENT, "run_async: options.decision is set, expected NULL");
    if (st != VANE_OK)
        return st;
    vane__stream_look(s);
    vane__lane_room(s);
    pthread_mutex_lock(&s->give);
    st = vane__stream_call(s, op, in, n_in, out, n_out, params, options);
    pthread_mutex_unlock(&s->give);
    return st;
}

vane_status vane_run_async(vane_stream *stream, uint32_t op, const vane_tensor *const *inputs,
                           uint32_t n_in, vane_tensor *const *outputs, uint32_t n_out,
                           const vane_params *params, const vane_options *options)
{
    return run_async(stream, op, inputs, n_in, outputs, n_out, params, options);
}

#define PLAIN(ID, in, n) return run_async(stream, VANE_OP_##ID, in, n, &out, 1, NULL, NULL);
#define WITH_PARAMS(ID, P, in, n)                                           \
    vane_params all;                                                        \
    if (params == NULL)                                                     \
        return run_async(stream, VANE_OP_##ID, in, n, &out, 1, NULL, NULL); \
    all.P = *params;                                                        \
    return run_async(stream, VANE_OP_##ID, in, n, &out, 1, &all, NULL);

#define BODY_U0(ID, name, P)                                                                     \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *x, vane_tensor *out) \
    {                                                                                            \
        const vane_tensor *const in[] = {x};                                                     \
        PLAIN(ID, in, 1)                                                                         \
    }
#define BODY_B0(ID, name, P)                                                   \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a, \
                                    const vane_tensor *b, vane_tensor *out)    \
    {                                                                          \
        const vane_tensor *const in[] = {a, b};                                \
        PLAIN(ID, in, 2)                                                       \
    }
#define BODY_T0(ID, name, P)                                                                      \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a,                    \
                                    const vane_tensor *b, const vane_tensor *c, vane_tensor *out) \
    {                                                                                             \
        const vane_tensor *const in[] = {a, b, c};                                                \
        PLAIN(ID, in, 3)                                                                          \
    }
#define BODY_U1(ID, name, P)                                                           \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *x,         \
                                    const vane_##P##_params *params, vane_tensor *out) \
    {                                                                                  \
        const vane_tensor *const in[] = {x};                                           \
        WITH_PARAMS(ID, P, in, 1)                                                      \
    }
#define BODY_B1(ID, name, P)                                                               \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a,             \
                                    const vane_tensor *b, const vane_##P##_params *params, \
                                    vane_tensor *out)                                      \
    {                                                                                      \
        const vane_tensor *const in[] = {a, b};                                            \
        WITH_PARAMS(ID, P, in, 2)                                                          \
    }
#define BODY_G1(ID, name, P)                                                           \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *a,         \
                                    const vane_tensor *b, const vane_tensor *c,        \
                                    const vane_##P##_params *params, vane_tensor *out) \
    {                                                                                  \
        const vane_tensor *const in[] = {a, b, c};                                     \
        WITH_PARAMS(ID, P, in, 3)                                                      \
    }
#define BODY_N1(ID, name, P)                                                              \
    vane_status vane_##name##_async(vane_stream *stream, const vane_##P##_params *params, \
                                    vane_tensor *out)                                     \
    {                                                                                     \
        WITH_PARAMS(ID, P, NULL, 0)                                                       \
    }
#define BODY_V1(ID, name, P)                                                               \
    vane_status vane_##name##_async(vane_stream *stream, const vane_tensor *const *inputs, \
                                    uint32_t count, const vane_##P##_params *params,       \
                                    vane_tensor *out)                                      \
    {                                                                                      \
        WITH_PARAMS(ID, P, inputs, count)                                                  \
    }

#define VANE_OP(ID, name, SIG, P, ...) BODY_##SIG(ID, name, P)
#include "vane/ops.def"
