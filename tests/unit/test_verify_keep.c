/* SPDX-License-Identifier: MIT */
/* test_verify_keep.c - what shows a failure is kept: the files, how to run it again, the limits. */
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "verify_kit.h"

static vane_context *ctx;
static char dir[128];

static void setup(void)
{
    ctx = kit_context();
    char at[SCRATCH_ROOM];
    scratch_folder(at);
    snprintf(dir, sizeof dir, "%s/kept", at);
}
static void teardown(void)
{
    vane_close(ctx);
}

static size_t slurp(const char *folder, const char *name, char *out, size_t room)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s/%s", dir, folder, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    size_t n = fread(out, 1, room - 1, f);
    out[n] = '\0';
    fclose(f);
    return n;
}

static int mode_of(const char *folder)
{
    struct stat st;
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, folder);
    return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 1, 1}, wrong[8] = {-1, -2};

static void gemm(job *j)
{
    *j = (job){.op = VANE_OP_GEMM, .n_in = 2, .params.gemm = {2, 0.5, 1, 0}};
    j->in[0] = TENSOR(a, VANE_F32, 3, 2);
    j->in[1] = TENSOR(b, VANE_F32, 3, 1);
    j->ins[0] = &j->in[0];
    j->ins[1] = &j->in[1];
    j->given = &j->params;
    job_ready(ctx, j, VANE_F32);
}

static int keep(job *j, const void *out, char why[200])
{
    vane__finding f;
    vane__check *c = check_of(ctx, j, ALL_OF_IT);
    ck_assert(!vane__check_result(c, out, &f));
    int kept = vane__check_keep(c, out, &f, "avx2", 4, dir, why);
    vane__check_close(c);
    return kept;
}

START_TEST(everything_is_there)
{
    char why[200], text[4096];
    job j;
    gemm(&j);
    ck_assert_msg(keep(&j, wrong, why) && !strcmp(why, "wrong-00"), "%s", why);
    ck_assert_int_eq(mode_of(""), 0700);
    ck_assert_int_eq(mode_of("wrong-00"), 0700);
    ck_assert_int_eq(mode_of("wrong-00/got.npy"), 0600);
    ck_assert(slurp("wrong-00", "in0.npy", text, sizeof text) == 128 + sizeof a);
    ck_assert(!memcmp(text + 128, a, sizeof a) && strstr(text + 10, "(3, 2)"));
    ck_assert(slurp("wrong-00", "in1.npy", text, sizeof text) == 128 + sizeof b);
    ck_assert(slurp("wrong-00", "got.npy", text, sizeof text) == 128 + 2 * sizeof(float));
    ck_assert(!memcmp(text + 128, wrong, 2 * sizeof(float)));
    ck_assert(slurp("wrong-00", "want.npy", text, sizeof text) == 128 + 2 * sizeof(float));
    ck_assert(!memcmp(text + 128, (const float[]){18, 24}, 2 * sizeof(float)));
    ck_assert(slurp("wrong-00", "readme.txt", text, sizeof text) > 0);
    ck_assert_msg(strstr(text,
                         "vane run gemm in0.npy in1.npy -o again.npy --backend avx2 --width 4 "
                         "--attr alpha=2 --attr beta=0.5 --attr transA=1 --attr transB=0\n"),
                  "%s", text);
    ck_assert_msg(strstr(text, "--backend scalar --attr alpha"), "%s", text);
    ck_assert_msg(strstr(text, "is wrong: element [0,0] is -1, expected 18"), "%s", text);
    job_close(&j);
}
END_TEST

static void expect_words(uint32_t op, const vane_params *params, const char *words)
{
    static int n;
    char why[200], text[4096], folder[16];
    job j = {.op = op, .n_in = op == VANE_OP_FILL ? 0 : 1, .params = *params};
    j.in[0] = TENSOR(a, VANE_F32, 3, 2);
    j.ins[0] = &j.in[0];
    j.given = &j.params;
    j.out = TENSOR(NULL, VANE_F32, 2, 1);
    job_ready(ctx, &j, op == VANE_OP_CAST ? VANE_I32 : VANE_F32);
    ck_assert_msg(keep(&j, memset(j.out.data, 0x41, 8), why), "%s", why);
    snprintf(folder, sizeof folder, "wrong-%02d", n++);
    ck_assert(!strcmp(why, folder) && slurp(folder, "readme.txt", text, sizeof text) > 0);
    ck_assert_msg(strstr(text, words), "%s not in %s", words, text);
    job_close(&j);
}

START_TEST(every_parameter)
{
    expect_words(VANE_OP_GELU, &(vane_params){.gelu = {1}}, "--attr approximate=tanh\n");
    expect_words(VANE_OP_CLIP, &(vane_params){.clip = {-1, 2}}, "--attr min=-1 --attr max=2\n");
    expect_words(VANE_OP_REDUCE_SUM, &(vane_params){.reduce = {{0, 1}, 2, 1}},
                 "--attr axes=0,1 --attr keepdims=0\n");
    expect_words(VANE_OP_ARGMAX, &(vane_params){.argmax = {1, 1, 0}},
                 "--attr axis=1 --attr keepdims=1 --attr select_last_index=1\n");
    expect_words(VANE_OP_SOFTMAX, &(vane_params){.softmax = {-1}}, "--attr axis=-1\n");
    expect_words(VANE_OP_TRANSPOSE, &(vane_params){.transpose = {{1, 0}, 2}}, "--attr perm=1,0\n");
    expect_words(VANE_OP_FILL, &(vane_params){.fill = {2}},
                 "--attr value=2 --dtype f32 --shape 2x1\n");
    expect_words(VANE_OP_CAST, &(vane_params){.custom = {0}}, "--dtype i32\n");
}
END_TEST

START_TEST(so_many_and_no_more)
{
    char why[200];
    job j;
    gemm(&j);
    for (int i = 0; i < VANE__KEPT; i++)
        ck_assert_msg(keep(&j, wrong, why), "%d: %s", i, why);
    ck_assert(!keep(&j, wrong, why));
    ck_assert_msg(strstr(why, "16 failures are kept already"), "%s", why);
    ck_assert_int_eq(mode_of("wrong-16"), -1);
    job_close(&j);
}
END_TEST

/* 20 MiB of inputs and as many of outputs: once, not twice. */
START_TEST(so_large_and_no_larger)
{
    enum { N = 5 << 20 };
    char why[200];
    float *x = calloc(N, sizeof *x);
    job j = {.op = VANE_OP_RELU, .n_in = 1, .in = {TENSOR(x, VANE_F32, N)}};
    j.ins[0] = &j.in[0];
    job_ready(ctx, &j, VANE_F32);
    ((float *)j.out.data)[3] = 1;
    ck_assert_msg(keep(&j, j.out.data, why), "%s", why);
    ck_assert(!keep(&j, j.out.data, why));
    ck_assert_msg(strstr(why, "too large"), "%s", why);
    ck_assert_int_eq(mode_of("wrong-01"), -1);
    job_close(&j);
    free(x);
}
END_TEST

START_TEST(nowhere_to_keep_it)
{
    char why[200], real[SCRATCH_ROOM];
    job j;
    gemm(&j);
    scratch_folder(real);
    ck_assert(symlink(real, dir) == 0);
    ck_assert_msg(!keep(&j, wrong, why) && strstr(why, "cannot open"), "%s", why);
    snprintf(dir, sizeof dir, "/nowhere/at/all");
    ck_assert_msg(!keep(&j, wrong, why) && strstr(why, "No such file"), "%s", why);
    job_close(&j);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verify, keep");
    TCase *t = tcase_create("keep");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, everything_is_there);
    tcase_add_test(t, every_parameter);
    tcase_add_test(t, so_many_and_no_more);
    tcase_add_test(t, so_large_and_no_larger);
    tcase_add_test(t, nowhere_to_keep_it);
    suite_add_tcase(s, t);
    return kit_main(s);
}
