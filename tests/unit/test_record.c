/* SPDX-License-Identifier: MIT */
/* test_record.c - what VANE_RECORD writes is what vane replay reads: kinds of calls, who computed
 * and when; what is too long is counted. */
#include <unistd.h>

#include "kit.h"
#include "recording.h"
#include "scratch.h"

static vane_context *ctx;
static recording r;
static char path[SCRATCH_ROOM];

static void open_recording(void)
{
    vane_config config = kit_config();
    close(scratch_file(path));
    config.record = path;
    GOOD(vane_open(&config, &ctx));
}

/* Closes the context and reads what it wrote. */
static void read_back(void)
{
    char why[RECORDING_WHY] = "";
    vane_close(ctx);
    ctx = NULL;
    ck_assert_msg(recording_open(path, &r, why), "%s", why);
    ck_assert_str_eq(r.version, vane_version());
    ck_assert_uint_eq(r.process, (uint64_t)getpid());
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
    recording_close(&r);
}

static const recording_kind *kind_of(size_t run)
{
    ck_assert_uint_lt(run, r.n_runs);
    return &r.kinds[r.runs[run].kind];
}

START_TEST(shapes_strides_and_parameters)
{
    float x[24] = {0}, y[24];
    vane_tensor a = TENSOR(x, VANE_F32, 4, 6), out = TENSOR(y, VANE_F32, 4, 6);
    open_recording();
    vane_tensor back = TENSOR(x + 23, VANE_F32, 4, 6);
    back.stride[0] = -6;
    back.stride[1] = -1;
    GOOD(vane_add(ctx, &back, &a, &out));
    vane_reduce_params rows = {.axes = {1, 77, 77}, .n_axes = 1};
    vane_tensor sums = TENSOR(y, VANE_F32, 4, 1);
    GOOD(vane_reduce_sum(ctx, &a, &rows, &sums));
    vane_gemm_params turned = {.alpha = 2, .beta = 0.5, .trans_b = 1};
    vane_tensor square = TENSOR(y, VANE_F32, 4, 4);
    GOOD(vane_gemm(ctx, &a, &a, NULL, &turned, &square));
    vane_tensor s = scalar_of(x, VANE_F32), t = scalar_of(y, VANE_F32);
    GOOD(vane_neg(ctx, &s, &t));
    read_back();
    ck_assert_uint_eq(r.n_runs, 4);
    ck_assert_uint_eq(r.n_kinds, 4);
    const recording_kind *k = kind_of(0);
    ck_assert_str_eq(k->name, "add");
    ck_assert_uint_eq(k->op, VANE_OP_ADD);
    ck_assert_uint_eq(k->n_in, 2);
    ck_assert_int_eq(k->tensors[0].stride[0], -6);
    ck_assert_int_eq(k->tensors[0].stride[1], -1);
    ck_assert_int_eq(k->tensors[1].stride[0], 6);
    ck_assert_int_eq(k->tensors[2].shape[1], 6);
    ck_assert(k->flops == 24 && k->bytes == 24 * 12);
    ck_assert_uint_eq(k->params_bytes, 0);
    k = kind_of(1);
    ck_assert_uint_eq(k->params_bytes, sizeof rows);
    ck_assert_int_eq(k->params.reduce.axes[0], 1);
    ck_assert_int_eq(k->params.reduce.axes[1], 0); /* what nobody reads is nobody's */
    ck_assert_uint_eq(k->params.reduce.n_axes, 1);
    k = kind_of(2);
    ck_assert_uint_eq(k->n_in, 2);
    ck_assert(k->params.gemm.alpha == 2 && k->params.gemm.beta == 0.5);
    ck_assert_uint_eq(k->params.gemm.trans_b, 1);
    ck_assert_uint_eq(kind_of(3)->tensors[0].rank, 0);
}
END_TEST

START_TEST(who_and_when)
{
    float x[8] = {0}, y[8];
    vane_tensor a = TENSOR(x, VANE_F32, 8), out = TENSOR(y, VANE_F32, 8);
    kit frail = kit_of("frail", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    vane_options only = {.struct_size = sizeof only, .backend = "frail"};
    const vane_tensor *const in[] = {&a};
    vane_tensor *const outs[] = {&out};
    open_recording();
    kit_add(ctx, &frail);
    for (int i = 0; i < 3; i++)
        GOOD(vane_neg(ctx, &a, &out));
    ck_assert_int_eq(vane_run(ctx, VANE_OP_NEG, in, 1, outs, 1, NULL, &only), VANE_E_BUSY);
    frail.mode = KIT_WORKS;
    GOOD(vane_neg(ctx, &a, &out));
    read_back();
    ck_assert_uint_eq(r.n_runs, 5);
    ck_assert_uint_eq(r.n_kinds, 1);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(r.runs[i].retries, 1);
        ck_assert_int_eq(r.runs[i].status, VANE_OK);
        ck_assert_str_ne(r.whos[r.runs[i].who].backend, "frail");
    }
    ck_assert_int_eq(r.runs[3].status, VANE_E_BUSY);
    ck_assert_str_eq(r.whos[r.runs[3].who].backend, "");
    const recording_who *w = &r.whos[r.runs[4].who];
    ck_assert_str_eq(w->backend, "frail");
    ck_assert_str_eq(w->device, "kit");
    ck_assert_str_eq(w->kernel, "kit_f32");
    ck_assert_uint_eq(w->width, 1);
    ck_assert_int_eq(r.runs[0].begin_ns, 0);
    for (size_t i = 1; i < 5; i++)
        ck_assert_int_ge(r.runs[i].begin_ns, r.runs[i - 1].begin_ns + (int64_t)r.runs[i - 1].ns);
    ck_assert_uint_eq(r.n_threads, 1);
}
END_TEST

START_TEST(operands_in_buffers)
{
    vane_buffer b;
    float y[8];
    vane_tensor out = TENSOR(y, VANE_F32, 8);
    open_recording();
    GOOD(vane_buffer_open(ctx, 32, "b", &b));
    GOOD(vane_buffer_write(ctx, b, 0, y, 32));
    vane_tensor a = vane_tensor_in(b, 0, VANE_F32, 1, (int64_t[]){8});
    GOOD(vane_relu(ctx, &a, &out));
    GOOD(vane_buffer_close(ctx, b));
    read_back();
    ck_assert_uint_eq(r.n_runs, 1);
    ck_assert_uint_eq(kind_of(0)->place, 1 | 2); /* in a buffer, current on the host */
    ck_assert_int_eq(kind_of(0)->tensors[0].shape[0], 8);
}
END_TEST

/* More kinds than are remembered: what comes back is described again, and nothing is mixed up. */
START_TEST(many_kinds)
{
    static float x[9000], y[9000];
    open_recording();
    for (int64_t round = 0; round < 2; round++)
        for (int64_t n = 1; n <= 6000; n++) {
            vane_tensor a = vane_tensor_of(x, VANE_F32, 1, &n),
                        out = vane_tensor_of(y, VANE_F32, 1, &n);
            GOOD(vane_neg(ctx, &a, &out));
        }
    read_back();
    ck_assert_uint_eq(r.n_runs, 12000);
    ck_assert_uint_gt(r.n_kinds, 6000);
    ck_assert(recording_merge(&r));
    for (size_t i = 0; i < r.n_runs; i++)
        ck_assert_int_eq(kind_of(i)->tensors[1].shape[0], (int64_t)(i % 6000) + 1);
    for (size_t i = 0; i < 6000; i++)
        ck_assert_uint_eq(r.runs[i].kind, r.runs[i + 6000].kind); /* described twice, and one */
}
END_TEST

START_TEST(what_is_too_long_is_counted)
{
    enum { MANY = 2000 };
    static float x[MANY], y[MANY];
    static vane_tensor parts[MANY];
    static const vane_tensor *in[MANY];
    vane_concat_params first = {.axis = 0};
    vane_tensor out = TENSOR(y, VANE_F32, MANY);
    open_recording();
    for (int i = 0; i < MANY; i++) {
        parts[i] = TENSOR(x + i, VANE_F32, 1);
        in[i] = &parts[i];
    }
    GOOD(vane_concat(ctx, in, MANY, &first, &out));
    out = TENSOR(y, VANE_F32, 3);
    GOOD(vane_concat(ctx, in, 3, &first, &out));
    read_back();
    ck_assert_uint_eq(r.left_out, 1);
    ck_assert_uint_eq(r.n_runs, 1);
    ck_assert_uint_eq(kind_of(0)->n_in, 3);
}
END_TEST

START_TEST(no_recording)
{
    char why[RECORDING_WHY] = "";
    ck_assert(!recording_open("/no/such/file", &r, why));
    ck_assert_ptr_nonnull(strstr(why, "No such file"));
    ck_assert(!recording_open("/dev/null", &r, why));
    ck_assert_ptr_nonnull(strstr(why, "no recording"));
    ck_assert(!recording_parse("VANEREC\n", 8, &r, why));
    ck_assert_ptr_nonnull(strstr(why, "head"));
    ck_assert(!recording_parse("VANEREC\nV\x03\x02\x01\x00", 13, &r, why));
    ck_assert_ptr_nonnull(strstr(why, "version"));
    ck_assert(recording_parse("VANEREC\nV\x04\x01\x01\x01zQ\x01q", 17, &r, why)); /* Q: of later */
    recording_close(&r);
    ck_assert(!recording_parse("VANEREC\nV\x04\x01\x01\x01zQ\x02q", 17, &r, why));
    ck_assert_ptr_nonnull(strstr(why, "at byte 14"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("record");
    TCase *t = tcase_create("record");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, shapes_strides_and_parameters);
    tcase_add_test(t, who_and_when);
    tcase_add_test(t, operands_in_buffers);
    tcase_add_test(t, many_kinds);
    tcase_add_test(t, what_is_too_long_is_counted);
    tcase_add_test(t, no_recording);
    suite_add_tcase(s, t);
    return kit_main(s);
}
