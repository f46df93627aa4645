/* SPDX-License-Identifier: MIT */
/* lender.h - for the DLPack tests: a program that lends its tensors, and counts how often they
 * are deleted. Its memory is on the heap: ASan finds who reads too far, or too late.
 */
#ifndef LENDER_H
#define LENDER_H

#include "kit.h"

#include "memory/dlpack_abi.h"

typedef struct lender {
    struct DLManagedTensor plain;
    struct DLManagedTensorVersioned versioned;
    int64_t shape[10], stride[10];
    float *data;
    int deleted;
} lender;

static inline void on_delete(struct DLManagedTensor *self)
{
    ((lender *)self->manager_ctx)->deleted++;
}

static inline void on_delete_versioned(struct DLManagedTensorVersioned *self)
{
    ((lender *)self->manager_ctx)->deleted++;
}

/* A matrix of 2 x 3 with 1 to 6. */
static inline void lender_open(lender *l)
{
    *l = (lender){.shape = {2, 3}, .stride = {3, 1}};
    l->data = malloc(6 * sizeof(float));
    for (int i = 0; i < 6; i++)
        l->data[i] = (float)(i + 1);
    l->plain.tensor = (vane__dl_tensor){.data = l->data,
                                        .device_type = VANE__DL_HOST,
                                        .ndim = 2,
                                        .dtype = {VANE__DL_FLOAT, 32, 1},
                                        .shape = l->shape,
                                        .strides = l->stride};
    l->plain.manager_ctx = l;
    l->plain.deleter = on_delete;
    l->versioned = (struct DLManagedTensorVersioned){.major = 1,
                                                     .minor = 1,
                                                     .manager_ctx = l,
                                                     .deleter = on_delete_versioned,
                                                     .tensor = l->plain.tensor};
}

static inline void lender_close(lender *l)
{
    free(l->data);
}

static vane_context *ctx;
static lender her;
static vane_tensor t;
static vane_buffer buffer;

static inline void setup(void)
{
    ctx = kit_context();
    lender_open(&her);
}

static inline void teardown(void)
{
    vane_close(ctx);
    lender_close(&her);
}

/* out = t through a copy, so that every element is read. */
static inline void expect_content(const vane_tensor *from, const float *want, size_t n)
{
    float got[16] = {0};
    vane_tensor out = vane_tensor_of(got, VANE_F32, from->rank, from->shape);
    GOOD(vane_copy(ctx, from, &out));
    expect_floats(got, want, n);
}
#define HOLDS(tensor, ...) \
    expect_content(&tensor, (float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))

static inline void expect_words(vane_status is, vane_status was, const char *words)
{
    ck_assert_msg(is == was, "status is %s, expected %s: %s", vane_status_name(is),
                  vane_status_name(was), vane_last_error()->message);
    ck_assert_msg(strstr(vane_last_error()->message, words) != NULL, "\"%s\" has no \"%s\"",
                  vane_last_error()->message, words);
}
#define REFUSED(status, words, call) expect_words(call, VANE_E_##status, words)

#endif
