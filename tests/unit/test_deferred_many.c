/* SPDX-License-Identifier: MIT */
/* test_deferred_many.c - slow backends that many ask for at once: threads, contexts, and the
 * children of fork(). */
#include "slow_box.h"

/* ---- many at once -------------------------------------------------------------------- */

typedef struct asker {
    pthread_t thread;
    vane_context *ctx;
    int how;
    vane_status status;
} asker;

static void *ask(void *arg)
{
    asker *a = arg;
    switch (a->how % 6) {
    case 0:
        a->status = add(a->ctx, "slow", NULL);
        break;
    case 1:
        a->status = vane_backends_open(a->ctx);
        break;
    case 2:
        a->status = vane_device_count(a->ctx) == 2 ? VANE_OK : VANE_E_INTERNAL;
        break;
    case 3:
        a->status = vane_load(a->ctx, AT("d/slow.so"));
        break;
    case 4:
        a->status = vane_set_priority(a->ctx, "slow");
        break;
    default:
        vane__deferred_want(a->ctx, 1e9);
        a->status = add(a->ctx, NULL, NULL);
    }
    return NULL;
}

START_TEST(many_ask_in_two_contexts)
{
    enum { ASKERS = 24 };
    asker askers[ASKERS];
    fill();
    setenv("VANE_SLOW_MS", "20", 1);
    vane_context *ctx[2] = {open_at(AT("d")), open_at(AT("d"))};
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (asker){.ctx = ctx[i & 1], .how = i / 2 + _i};
        ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
        ck_assert_msg(askers[i].status == VANE_OK, "way %d: %d", askers[i].how % 6,
                      askers[i].status);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(vane_backends_open(ctx[i]), VANE_OK);
        ck_assert_uint_eq(lines_of(ctx[i], "/slow.so", "loaded, 1 device"), 1);
        ck_assert_uint_eq(lines_of(ctx[i], "/slow_bad.so", "there is no driver"), 1);
        ck_assert_uint_eq(vane_report_count(ctx[i]), 6);
    }
    ck_assert_uint_eq(count_of("slow_opens"), 2);
    vane_close(ctx[0]);
    vane_close(ctx[1]);
}
END_TEST

/* ---- fork ---------------------------------------------------------------------------- */

/* A child may open what its parent has not, is opening, or has. */
static void child_opens(vane_context *ctx, int how)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int good = 1; /* a lock left behind would hang */
        if (how == 0)
            good = add(ctx, "slow", NULL) == VANE_OK;
        else if (how == 1)
            good = vane_backends_open(ctx) == VANE_OK;
        else
            vane__deferred_want(ctx, 1e9);
        while (how == 2 && !is_loaded(ctx, "slow"))
            nap();
        good = good && vane_device_count(ctx) == 2 && is_loaded(ctx, "slow") &&
               vane_set_priority(ctx, "slow") == VANE_OK && add(ctx, NULL, NULL) == VANE_OK;
        vane_close(ctx);
        _exit(good ? 0 : 3);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", status);
}

START_TEST(a_child_opens_for_itself)
{
    vane_context *ctx = open_full();
    if (_i == 2) /* as if its thread had been started, and came no further */
        atomic_store(&ctx->registry.deferred.armed, 0);
    child_opens(ctx, _i);
    expect_waiting();
    ck_assert_uint_eq(vane_device_count(ctx), 2);
    child_opens(ctx, _i);
    vane_close(ctx);
}
END_TEST

START_TEST(a_fork_amid_the_opening)
{
    fill();
    setenv("VANE_SLOW_MS", "20", 1);
    for (int i = 0; i < 12; i++) {
        vane_context *ctx = open_at(AT("d"));
        vane__deferred_want(ctx, 1e9);
        for (int n = i; n > 0; n--)
            nap();
        child_opens(ctx, i % 3);
        ck_assert_uint_eq(vane_device_count(ctx), 2);
        ck_assert_uint_eq(lines_of(ctx, "/slow.so", "loaded, 1 device"), 1);
        vane_close(ctx);
    }
}
END_TEST

int main(int argc, char **argv)
{
    TCase *t;
    Suite *s = box_suite("deferred_many", &t);
    tcase_add_loop_test(t, many_ask_in_two_contexts, 0, 6);
    tcase_add_loop_test(t, a_child_opens_for_itself, 0, 3);
    tcase_add_test(t, a_fork_amid_the_opening);
    return box_main(s, argc, argv);
}
