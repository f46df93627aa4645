/* SPDX-License-Identifier: MIT */
/* test_custom_op.c - ops registered by name: found, checked, run and explained like others. */
#include "kit.h"

static vane_context *ctx;
static kit alpha;
static float x4[] = {1, 2, 3, 4}, out4[4];
static vane_tensor x, out;
static uint32_t bodies; /* runs of the reference body */

/* out = x * params.custom[0], f32, any one shape */
static vane_status scale(const vane_kernel *self, const vane_call *call)
{
    const vane_view *in = &call->arg[0], *o = &call->arg[1];
    bodies++;
    if (call->params->custom[0] == 13)
        return (call->host->fail)(call->host->ctx, VANE_E_ARGUMENT, 0, "%s: thirteen", self->name);
    for (int64_t i = 0; i < in->shape[0]; i++)
        ((float *)o->data)[i * o->stride[0]] =
            ((const float *)in->data)[i * in->stride[0]] * (float)call->params->custom[0];
    return VANE_OK;
}

static vane_status check_equal(const vane_view *arg, const vane_params *params, char *why,
                               size_t bytes)
{
    (void)params;
    if (arg[0].rank == arg[1].rank && arg[0].rank == 1 && arg[0].shape[0] == arg[1].shape[0])
        return VANE_OK;
    snprintf(why, bytes, "out has %lld elements", (long long)arg[1].shape[0]);
    return VANE_E_SHAPE;
}

static double much_work(const vane_view *arg, const vane_params *params)
{
    (void)params;
    return 1024.0 * (double)arg[0].shape[0];
}

static vane_op_desc scale_desc(void)
{
    return (vane_op_desc){.struct_size = sizeof(vane_op_desc),
                          .n_in = 1,
                          .n_out = 1,
                          .dtypes = 1u << VANE_F32,
                          .name = "test.scale",
                          .about = "x times a number",
                          .check = check_equal,
                          .work = much_work,
                          .reference = scale,
                          .ulp = 1};
}

static void setup(void)
{
    ctx = kit_context();
    x = TENSOR(x4, VANE_F32, 4);
    out = TENSOR(out4, VANE_F32, 4);
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    bodies = 0;
    for (int i = 0; i < 4; i++)
        out4[i] = 99;
}

static void teardown(void)
{
    vane_close(ctx);
}

static vane_status run_scale(uint32_t op, uint64_t by, vane_decision *d)
{
    const vane_tensor *const in[] = {&x};
    vane_tensor *const outs[] = {&out};
    vane_params p = {.custom = {by}};
    vane_options o = {.struct_size = sizeof o, .decision = d};
    return vane_run(ctx, op, in, 1, outs, 1, &p, &o);
}

START_TEST(registered_found_and_run)
{
    vane_op_desc desc = scale_desc();
    vane_op_info info;
    uint32_t op = 0, before = vane_op_count(ctx);
    ck_assert_int_eq(vane_op_find(ctx, "test.scale", &info), VANE_E_NOT_FOUND);
    GOOD(vane_op_register(ctx, &desc, &op));
    memset(&desc, 0, sizeof desc); /* copied */
    ck_assert_uint_eq(op, VANE_OP_CUSTOM);
    ck_assert_uint_eq(vane_op_count(ctx), before + 1);
    GOOD(vane_op_find(ctx, "test.scale", &info));
    ck_assert_uint_eq(info.op, op);
    ck_assert_uint_eq(info.min_in, 1);
    ck_assert_uint_eq(info.dtypes, 1u << VANE_F32);
    GOOD(vane_op_at(ctx, before, &info));
    ck_assert_str_eq(info.name, "test.scale");
    GOOD(run_scale(op, 3, NULL));
    EXPECT(out4, 3, 6, 9, 12);
    GOOD(run_scale(op, 5, NULL));
    EXPECT(out4, 5, 10, 15, 20);
    ck_assert_uint_eq(bodies, 2);
}
END_TEST

START_TEST(explained_and_planned)
{
    vane_op_desc desc = scale_desc();
    const vane_tensor *const in[] = {&x};
    vane_tensor *const outs[] = {&out};
    vane_params p = {.custom = {2}};
    vane_decision d;
    vane_plan *plan;
    uint32_t op;
    GOOD(vane_op_register(ctx, &desc, &op));
    GOOD(vane_explain(ctx, op, in, 1, outs, 1, &p, &d));
    ck_assert_uint_eq(d.count, 1);
    ck_assert_str_eq(d.candidates[0].backend, "program");
    ck_assert_str_eq(d.candidates[0].kernel, "test.scale");
    ck_assert(d.flops == 4096);
    ck_assert_uint_eq(d.size_class, 12);
    GOOD(run_scale(op, 2, &d));
    ck_assert_str_eq(ran_on(&d), "program");
    GOOD(vane_plan_open(ctx, op, in, 1, outs, 1, &p, &plan));
    p.custom[0] = 0; /* copied */
    x4[0] = 50;
    GOOD(vane_plan_run(plan));
    EXPECT(out4, 100, 4, 6, 8);
    x4[0] = 1;
    kit_add(ctx, &alpha); /* a faster one comes: it copies */
    GOOD(vane_plan_run(plan));
    vane_plan_close(plan);
    EXPECT(out4, 1, 2, 3, 4);
}
END_TEST

START_TEST(a_backend_competes_with_the_reference)
{
    vane_op_desc desc = scale_desc();
    vane_decision d;
    uint32_t op;
    GOOD(vane_op_register(ctx, &desc, &op));
    kit_add(ctx, &alpha);
    GOOD(run_scale(op, 3, &d));
    ck_assert_str_eq(ran_on(&d), "alpha");
    ck_assert_uint_eq(d.count, 2);
    alpha.mode = KIT_FAILS;
    GOOD(run_scale(op, 3, &d)); /* and the reference is the net below */
    ck_assert_str_eq(ran_on(&d), "program");
    EXPECT(out4, 3, 6, 9, 12);
}
END_TEST

START_TEST(its_check_refuses)
{
    vane_op_desc desc = scale_desc();
    uint32_t op;
    GOOD(vane_op_register(ctx, &desc, &op));
    out.shape[0] = 3;
    ck_assert_int_eq(run_scale(op, 2, NULL), VANE_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "test.scale: out has 3 elements"));
    ck_assert_uint_eq(bodies, 0);
    EXPECT(out4, 99, 99, 99, 99);
    out.shape[0] = 4;
    ck_assert_int_eq(run_scale(op, 13, NULL), VANE_E_ARGUMENT); /* the body's own word */
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "thirteen"));
    vane_tensor wrong = TENSOR(((int32_t[4]){0}), VANE_I32, 4);
    const vane_tensor *const in[] = {&wrong};
    vane_tensor *const outs[] = {&out};
    ck_assert_int_eq(vane_run(ctx, op, in, 1, outs, 1, NULL, NULL), VANE_E_DTYPE);
    out.data = x4 + 1;
    out.shape[0] = x.shape[0] = 3;
    ck_assert_int_eq(run_scale(op, 2, NULL), VANE_E_OVERLAP);
    ck_assert_int_eq(vane_run(ctx, op + 1, in, 1, outs, 1, NULL, NULL), VANE_E_NOT_FOUND);
}
END_TEST

START_TEST(infer_takes_no_wild_output)
{
    vane_op_desc desc = scale_desc();
    const vane_tensor *const in[] = {&x};
    vane_tensor wild = {.rank = 4000, .dtype = VANE_F32};
    uint32_t op;
    GOOD(vane_op_register(ctx, &desc, &op));
    ck_assert_int_ne(vane_infer(ctx, op, in, 1, NULL, &wild), VANE_OK);
}
END_TEST

START_TEST(bad_descriptors_are_refused)
{
    vane_op_desc good = scale_desc(), d;
    vane_op_info info;
    GOOD(vane_op_register(ctx, &good, NULL));
    ck_assert_int_eq(vane_op_register(ctx, &good, NULL), VANE_E_ARGUMENT); /* a duplicate */
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "test.scale"));
    ck_assert_int_eq(vane_op_register(ctx, NULL, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_op_register(NULL, &good, NULL), VANE_E_ARGUMENT);
#define REFUSED(field, value, status) \
    d = good;                         \
    d.name = "test.other";            \
    d.field = value;                  \
    ck_assert_int_eq(vane_op_register(ctx, &d, NULL), status)
    REFUSED(name, NULL, VANE_E_ARGUMENT);
    REFUSED(name, "", VANE_E_ARGUMENT);
    REFUSED(name, "Test Scale", VANE_E_ARGUMENT);
    REFUSED(name, "matmul", VANE_E_ARGUMENT); /* taken */
    REFUSED(struct_size, 8, VANE_E_ABI);
    REFUSED(n_in, VANE_MAX_ARG, VANE_E_ARGUMENT);
    REFUSED(n_out, 0, VANE_E_ARGUMENT);
    REFUSED(n_out, VANE_MAX_ARG + 1, VANE_E_ARGUMENT);
    REFUSED(dtypes, 0, VANE_E_DTYPE);
    REFUSED(dtypes, 1u << VANE_DTYPE_COUNT, VANE_E_DTYPE);
    ck_assert_int_eq(vane_op_find(ctx, "test.other", &info), VANE_E_NOT_FOUND);
    ck_assert_uint_eq(vane_op_count(ctx), VANE_OP_COUNT + 1);
}
END_TEST

START_TEST(sixty_four_and_no_more)
{
    static char names[65][16];
    vane_op_desc d = scale_desc();
    uint32_t op, fit = 0, before = vane_op_count(ctx) - VANE_OP_COUNT; /* brought by plugins */
    for (uint32_t i = 0; i < 65; i++) {
        snprintf(names[i], sizeof names[i], "test.n%u", i);
        d.name = names[i];
        vane_status st = vane_op_register(ctx, &d, &op);
        if (before + i < 64) {
            GOOD(st);
            ck_assert_uint_eq(op, VANE_OP_CUSTOM + before + i);
            fit++;
        } else {
            ck_assert_int_eq(st, VANE_E_NOMEM);
        }
    }
    ck_assert_uint_eq(vane_op_count(ctx), VANE_OP_COUNT + 64);
    GOOD(run_scale(VANE_OP_CUSTOM + before + fit - 1, 2, NULL)); /* the last has a route */
    EXPECT(out4, 2, 4, 6, 8);
}
END_TEST

/* Seven inputs, none, and a scalar, which a body sees as one element. */
static vane_status count_args(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    *(float *)call->arg[call->n_in].data = (float)(100 * call->n_in + call->arg[call->n_in].rank);
    return VANE_OK;
}

START_TEST(from_none_to_seven_inputs)
{
    vane_op_desc d = scale_desc();
    const vane_tensor *const in[] = {&x, &x, &x, &x, &x, &x, &x};
    float got = 0;
    vane_tensor s = scalar_of(&got, VANE_F32);
    vane_tensor *const outs[] = {&s};
    uint32_t op;
    d.check = NULL;
    d.work = NULL;
    d.reference = count_args;
    for (uint32_t n = 0; n < VANE_MAX_ARG; n += VANE_MAX_ARG - 1) {
        d.name = n ? "test.seven" : "test.none";
        d.n_in = n;
        GOOD(vane_op_register(ctx, &d, &op));
        GOOD(vane_run(ctx, op, in, n, outs, 1, NULL, NULL));
        ck_assert(got == (float)(100 * n + 1));
        ck_assert_int_eq(vane_run(ctx, op, in, n ? n - 1 : 1, outs, 1, NULL, NULL),
                         VANE_E_ARGUMENT);
    }
}
END_TEST

START_TEST(without_a_body_it_needs_a_backend)
{
    vane_op_desc d = scale_desc();
    uint32_t op;
    d.reference = NULL;
    GOOD(vane_op_register(ctx, &d, &op));
    ck_assert_int_eq(run_scale(op, 2, NULL), VANE_E_UNSUPPORTED);
    EXPECT(out4, 99, 99, 99, 99);
    kit_add(ctx, &alpha);
    GOOD(run_scale(op, 2, NULL));
    EXPECT(out4, 1, 2, 3, 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("custom op");
    TCase *t = tcase_create("custom op");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, registered_found_and_run);
    tcase_add_test(t, explained_and_planned);
    tcase_add_test(t, a_backend_competes_with_the_reference);
    tcase_add_test(t, its_check_refuses);
    tcase_add_test(t, infer_takes_no_wild_output);
    tcase_add_test(t, bad_descriptors_are_refused);
    tcase_add_test(t, sixty_four_and_no_more);
    tcase_add_test(t, from_none_to_seven_inputs);
    tcase_add_test(t, without_a_body_it_needs_a_backend);
    suite_add_tcase(s, t);
    return kit_main(s);
}
