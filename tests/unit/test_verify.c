/* SPDX-License-Identifier: MIT */
/* test_verify.c - what the backends compute is found right, and one wrong element is found: every
 * op and data type, odd shapes, broadcast and strided. */
#include "verify_kit.h"

static vane_context *ctx;

static void setup(void)
{
    ctx = kit_context();
}
static void teardown(void)
{
    vane_close(ctx);
}

/* ---- a call for each op ------------------------------------------------------------ */

static void input(job *j, const vane_op_info *info, uint32_t dtype, int64_t gap, uint32_t rank,
                  const int64_t *shape)
{
    job_input(j, info, dtype, gap, rank, shape);
}

/* kind 0 small, 1 broadcast, 2 strided. a, b, c: three odd sizes. */
static void operands(job *j, const vane_op_info *info, uint32_t dtype, int kind, const int64_t *s)
{
    const int64_t gap = kind == 2 ? 3 : 1;
    const int64_t two[] = {s[0], s[1]}, row[] = {1, s[1]}, right[] = {s[1], s[2]};
    const int64_t three[] = {s[2], s[0], s[1]};
    switch (info->op) {
    case VANE_OP_FILL:
        return;
    case VANE_OP_DOT:
        input(j, info, dtype, gap, 1, s);
        input(j, info, dtype, 1, 1, s);
        return;
    case VANE_OP_MATMUL:
        input(j, info, dtype, gap, kind == 1 ? 3 : 2, kind == 1 ? three : two);
        input(j, info, dtype, 1, 2, right);
        return;
    case VANE_OP_GEMM:
        input(j, info, dtype, gap, 2, two);
        input(j, info, dtype, 1, 2, right);
        if (kind == 1)
            input(j, info, dtype, 1, 1, s + 2);
        return;
    case VANE_OP_WHERE:
        input(j, info, VANE_BOOL, 1, 2, two);
        break;
    default:
        break;
    }
    for (uint32_t i = j->n_in; i < info->min_in || (info->op == VANE_OP_CONCAT && i < 2); i++)
        input(j, info, dtype, gap, 2,
              kind == 1 && i == 1 && info->op != VANE_OP_CONCAT ? row : two);
}

/* turn: which axes, factors and forms. */
static void params(job *j, const vane_op_info *info, int turn)
{
    const char *kind = info->params;
    j->given = &j->params;
    if (!strcmp(kind, "reduce"))
        j->params.reduce = (vane_reduce_params){{turn & 1}, turn % 3 > 0, turn & 1};
    else if (!strcmp(kind, "gemm"))
        j->params.gemm = (vane_gemm_params){2.5, -1.5, 0, 0};
    else if (!strcmp(kind, "clip"))
        j->params.clip = (vane_clip_params){0, 1};
    else if (!strcmp(kind, "fill"))
        j->params.fill.value = 1;
    else if (!strcmp(kind, "concat") || !strcmp(kind, "softmax") || !strcmp(kind, "argmax"))
        j->params.concat.axis = turn & 1;
    else
        j->given = NULL;
}

static void job_open(job *j, const vane_op_info *info, uint32_t dtype, int kind,
                     const int64_t *shape)
{
    *j = (job){.op = info->op};
    operands(j, info, dtype, kind, shape);
    params(j, info, kind);
    if (info->op == VANE_OP_FILL)
        j->out = vane_tensor_of(NULL, (vane_dtype)dtype, 2, shape);
    job_ready(ctx, j, info->op == VANE_OP_CAST ? (dtype + 1) % VANE_DTYPE_COUNT : dtype);
}

/* ---- right is right, and one wrong element is wrong --------------------------------- */

static void expect_right(const vane__check *c, const job *j, const char *who)
{
    vane__finding f;
    ck_assert_msg(vane__check_result(c, j->out.data, &f), "op %u of %s by %s: %s", j->op,
                  vane_dtype_name(j->p.dtype), who, f.why);
    ck_assert_msg(f.right && f.of == (uint64_t)job_elements(j) && f.checked == f.of,
                  "op %u: %llu of %llu", j->op, (unsigned long long)f.checked,
                  (unsigned long long)f.of);
}

static void expect_wrong(const vane__check *c, job *j, int64_t i)
{
    unsigned char kept[8];
    vane__finding f;
    const size_t size = vane_dtype_bytes(j->out.dtype);
    char *at = (char *)j->out.data + (size_t)i * size;
    memcpy(kept, at, size);
    spoil(&j->out, i);
    int right = vane__check_result(c, j->out.data, &f);
    ck_assert_msg(!right && !f.right && f.at == (uint64_t)i,
                  "op %u of %s: element %lld was spoiled: %s (at %llu)", j->op,
                  vane_dtype_name(j->p.dtype), (long long)i, f.why, (unsigned long long)f.at);
    memcpy(at, kept, size);
}

static void try_job(job *j)
{
    static const char *const backends[] = {"scalar", "generic", "avx2", "avx512", "neon"};
    vane__check *c = check_of(ctx, j, ALL_OF_IT);
    const int64_t n = job_elements(j);
    uint32_t ran = 0;
    for (size_t b = 0; b < sizeof backends / sizeof backends[0]; b++) {
        memset(j->out.data, 0x55, (size_t)n * vane_dtype_bytes(j->out.dtype));
        if (job_run(ctx, j, backends[b]) != VANE_OK)
            continue;
        ran++;
        expect_right(c, j, backends[b]);
        if (n > 0) {
            expect_wrong(c, j, 0);
            expect_wrong(c, j, n - 1);
            expect_wrong(c, j, (int64_t)(job_random() % (uint64_t)n));
        }
    }
    ck_assert(ran > 0);
    vane__check_close(c);
}

static void try_op(uint32_t op, const int64_t *shape)
{
    vane_op_info info;
    GOOD(vane_op_at(ctx, op, &info));
    for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++)
        for (int kind = 0; kind < 3 && (info.dtypes >> dtype & 1); kind++) {
            job j;
            job_open(&j, &info, dtype, kind, shape);
            try_job(&j);
            job_close(&j);
        }
}

START_TEST(small_and_odd)
{
    static const int64_t shapes[][3] = {{3, 5, 7}, {1, 1, 1}, {17, 33, 9}, {1, 129, 2}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        try_op((uint32_t)_i, shapes[s]);
}
END_TEST

START_TEST(at_random)
{
    for (int n = 0; n < 6; n++) {
        const int64_t shape[3] = {(int64_t)(job_random() % 40) + 1,
                                  (int64_t)(job_random() % 70) + 1,
                                  (int64_t)(job_random() % 20) + 1};
        try_op((uint32_t)_i, shape);
    }
}
END_TEST

static float flipped(float v, int bit)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits ^= UINT32_C(1) << bit;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Every bit of every element in turn: where the rule allows it nothing is said, else it is found.
 */
START_TEST(every_bit)
{
    static const uint32_t ops[] = {VANE_OP_ADD, VANE_OP_EXP, VANE_OP_SOFTMAX, VANE_OP_MATMUL,
                                   VANE_OP_REDUCE_SUM};
    static const int64_t shape[] = {2, 3, 2};
    vane_op_info info;
    vane__finding f;
    GOOD(vane_op_at(ctx, ops[_i], &info));
    job j;
    job_open(&j, &info, VANE_F32, 0, shape);
    vane__check *c = check_of(ctx, &j, ALL_OF_IT);
    GOOD(job_run(ctx, &j, "scalar"));
    for (int64_t i = 0; i < job_elements(&j); i++)
        for (int bit = 0; bit < 32; bit++) {
            float *y = (float *)j.out.data + i, want = *y, got = *y = flipped(want, bit);
            const int right = vane__check_result(c, j.out.data, &f);
            if (!right)
                ck_assert_msg(f.at == (uint64_t)i && f.want == (double)want &&
                                  !(fabs((double)got - (double)want) <= f.allowed),
                              "%s", f.why);
            ck_assert_msg(!right || (bit < 8 && info.ulp > 0), "bit %d of op %u: %s", bit, info.op,
                          f.why);
            *y = want;
        }
    vane__check_close(c);
    job_close(&j);
}
END_TEST

START_TEST(what_is_no_number)
{
    float x[] = {NAN, INFINITY, -INFINITY, 0, 3e38f}, y[5],
          z[] = {NAN, INFINITY, -INFINITY, -0.f, INFINITY};
    job j = {.op = VANE_OP_ADD, .n_in = 2, .in = {TENSOR(x, VANE_F32, 5), TENSOR(x, VANE_F32, 5)}};
    j.ins[0] = j.ins[1] = &j.in[0];
    vane__finding f;
    job_ready(ctx, &j, VANE_F32);
    vane__check *c = check_of(ctx, &j, ALL_OF_IT);
    ck_assert(vane__check_result(c, z, &f)); /* any NaN, and any 0 */
    for (int i = 0; i < 5; i++) {
        memcpy(y, z, sizeof y);
        y[i] = i == 0 ? INFINITY : i == 3 ? NAN : -y[i];
        ck_assert_msg(!vane__check_result(c, y, &f) && f.at == (uint64_t)i, "%d: %s", i, f.why);
    }
    vane__check_close(c);
    job_close(&j);
}
END_TEST

/* The check was opened before: the output may then be where the input was. */
START_TEST(in_place)
{
    float x[] = {1, 2, 3, 4}, before[4];
    vane_tensor t = TENSOR(x, VANE_F32, 4), *outs[] = {&t};
    const vane_tensor *ins[] = {&t, &t};
    vane__request rq;
    vane__prepared p;
    vane__check *c;
    vane__finding f;
    memcpy(before, x, sizeof x);
    GOOD(vane__request_make(ctx, VANE_OP_ADD, ins, 2, outs, 1, NULL, &rq));
    GOOD(vane__call_prepare(&rq, &p));
    GOOD(vane__check_open(ctx, &p, ALL_OF_IT, &c));
    ck_assert(memcmp(before, x, sizeof x) == 0);
    GOOD(vane_add(ctx, &t, &t, &t));
    ck_assert_msg(vane__check_result(c, x, &f), "%s", f.why);
    ck_assert(!vane__check_result(c, before, &f));
    vane__check_close(c);
}
END_TEST

START_TEST(nothing_to_compute)
{
    float x[1] = {0};
    job j = {.op = VANE_OP_RELU, .n_in = 1, .in = {TENSOR(x, VANE_F32, 3, 0)}};
    j.ins[0] = &j.in[0];
    vane__finding f;
    job_ready(ctx, &j, VANE_F32);
    vane__check *c = check_of(ctx, &j, 0);
    ck_assert(vane__check_result(c, j.out.data, &f) && f.of == 0);
    vane__check_close(c);
    job_close(&j);
}
END_TEST

START_TEST(without_an_oracle)
{
    vane_config config = kit_config();
    config.exclude = "scalar";
    vane_context *other;
    float x[] = {1, 2};
    job j = {.op = VANE_OP_RELU, .n_in = 1, .in = {TENSOR(x, VANE_F32, 2)}};
    j.ins[0] = &j.in[0];
    GOOD(vane_open(&config, &other));
    job_ready(other, &j, VANE_F32);
    vane__check *c = (vane__check *)x;
    ck_assert(vane__check_open(other, &j.p, ALL_OF_IT, &c) == VANE_E_UNSUPPORTED && c == NULL);
    ck_assert(strstr(vane_last_error()->message, "oracle") != NULL);
    ck_assert(vane__check_cost_ns(other, &j.p, ALL_OF_IT) < 0);
    job_close(&j);
    vane_close(other);
}
END_TEST

static vane_status twice(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    for (int64_t i = 0; i < call->arg[0].shape[0]; i++)
        ((float *)call->arg[1].data)[i] = 2 * ((const float *)call->arg[0].data)[i];
    return VANE_OK;
}

START_TEST(an_op_by_name)
{
    const vane_op_desc desc = {.struct_size = sizeof desc,
                               .n_in = 1,
                               .n_out = 1,
                               .dtypes = 1u << VANE_F32,
                               .name = "test.twice",
                               .about = "twice",
                               .reference = twice,
                               .ulp = 2};
    float x[] = {1, 2, 3}, y[] = {2, 4, 6};
    vane_tensor tx = TENSOR(x, VANE_F32, 3), ty = TENSOR(y, VANE_F32, 3), *outs[] = {&ty};
    const vane_tensor *ins[] = {&tx};
    vane__request rq;
    vane__prepared p;
    vane__check *c;
    vane__finding f;
    uint32_t op;
    GOOD(vane_op_register(ctx, &desc, &op));
    GOOD(vane__request_make(ctx, op, ins, 1, outs, 1, NULL, &rq));
    GOOD(vane__call_prepare(&rq, &p));
    GOOD(vane__check_open(ctx, &p, 0, &c)); /* of unknown form: all, whatever it costs */
    y[1] = nextafterf(4, 5);
    ck_assert_msg(vane__check_result(c, y, &f) && f.checked == 3, "%s", f.why);
    y[1] = 4.00001f;
    ck_assert(!vane__check_result(c, y, &f) && f.at == 1);
    vane__check_close(c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verify");
    TCase *t = tcase_create("every op");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, small_and_odd, 0, VANE_OP_COUNT);
    tcase_add_loop_test(t, at_random, 0, VANE_OP_COUNT);
    tcase_add_loop_test(t, every_bit, 0, 5);
    tcase_add_test(t, what_is_no_number);
    tcase_add_test(t, in_place);
    tcase_add_test(t, nothing_to_compute);
    tcase_add_test(t, without_an_oracle);
    tcase_add_test(t, an_op_by_name);
    suite_add_tcase(s, t);
    return kit_main(s);
}
