/* SPDX-License-Identifier: MIT */
/* test_alone.c - a lost device that nobody can stand in for: calls fail and say until when, and the
 * first one after the pause brings it back, whichever way it is made. */
#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/site.h"
#include "dispatch/slate.h"
#include "exec/sequence.h"
#include "plugin/health.h"
#include "policy/guard.h"
#include "world.h"

enum { CALL, NAMED, PLAN, BUFFERS, ANY_STREAM, STREAM, SEQUENCE, WAYS };

static float z[N];
static vane_buffer p, q;
static vane_stream *s;
static vane_plan *plan, *two[2];
static vane_sequence *both;

static vane_plan *plan_of(const vane_tensor *in, vane_tensor *out)
{
    vane_plan *made;
    const vane_tensor *const ins[] = {in, in};
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, ins, 2, &out, 1, NULL, &made));
    return made;
}

static void get_ready(int way)
{
    const int64_t n = N;
    vane_tensor a = vector(x), b = vector(z);
    GOOD(vane_buffer_open(ctx, BYTES, "p", &p));
    GOOD(vane_buffer_open(ctx, BYTES, "q", &q));
    GOOD(vane_buffer_write(ctx, p, 0, x, BYTES));
    vane_tensor in = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                out = vane_tensor_in(q, 0, VANE_F32, 1, &n);
    GOOD(vane_stream_open(ctx, way == ANY_STREAM ? VANE_ANY_DEVICE : gpu, &s));
    plan = plan_of(&a, &b);
    two[0] = plan_of(&in, &out);
    two[1] = plan_of(&out, &out);
    GOOD(vane_sequence_open(ctx, two, 2, &both));
}

static void clean_up(void)
{
    vane_stream_close(s);
    vane_sequence_close(both);
    vane_plan_close(plan);
    vane_plan_close(two[0]);
    vane_plan_close(two[1]);
    GOOD(vane_buffer_close(ctx, p));
    GOOD(vane_buffer_close(ctx, q));
    vane_close(ctx);
}

static vane_status waited(vane_status st)
{
    return st == VANE_OK ? vane_stream_wait(s) : st;
}

static vane_status fetched(vane_status st)
{
    return st == VANE_OK ? vane_buffer_read(ctx, q, 0, z, BYTES) : st;
}

static vane_status make(int way)
{
    const int64_t n = N;
    vane_tensor a = vector(x), b = vector(z), in = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                out = vane_tensor_in(q, 0, VANE_F32, 1, &n);
    switch (way) {
    case CALL:
        return vane_add(ctx, &a, &a, &b);
    case NAMED:
        return add_on_cuda();
    case PLAN:
        return vane_plan_run(plan);
    case BUFFERS:
        return fetched(vane_add(ctx, &in, &in, &out));
    case SEQUENCE:
        return fetched(waited(vane_sequence_run(s, both)));
    default:
        return waited(vane_add_async(s, &a, &a, &b));
    }
}

/* One such call, right if it is good. */
static vane_status once(int way)
{
    const float *got = way == NAMED ? y : z, times = way == SEQUENCE ? 4 : 2;
    memset(z, 0, BYTES);
    const vane_status st = make(way);
    for (int i = 0; st == VANE_OK && i < N; i++)
        ck_assert_msg(got[i] == times * x[i], "element %d is %g", i, (double)got[i]);
    return st;
}

static void lose_it(int way)
{
    for (int i = 0; i < 200 && !look().lost; i++)
        (void)once(way);
    ck_assert(look().lost);
}

static void comes_back(int way, vane_config config)
{
    world_open_as("fail=run.kernel:700@40", config);
    get_ready(way);
    GOOD(once(way));
    lose_it(way);
    ck_assert_int_ne(once(way), VANE_OK);
    const char *said = vane_last_error()->message;
    ck_assert_msg(strstr(said, "is lost, and is tried again in ") != NULL, "%s", said);
    ck_assert_uint_eq(look().renewals, 0);
    advance(NULL, 2 * SECOND);
    GOOD(once(way));
    const vane_device_load l = look();
    ck_assert(l.lost == 0 && l.health == VANE_HEALTH_GOOD && l.renewals == 1);
    GOOD(once(way));
    clean_up();
}

START_TEST(with_a_fixed_policy)
{
    comes_back(_i, (vane_config){.policy = "fixed", .backend = _i == NAMED ? NULL : "cuda"});
}
END_TEST

START_TEST(with_one_that_learns)
{
    comes_back(_i, (vane_config){.policy = "adaptive", .backend = _i == NAMED ? NULL : "cuda"});
}
END_TEST

/* Others could compute, but not for a stream of the device, and they make no calls. */
START_TEST(a_stream_of_it_asks_by_itself)
{
    const int way = _i ? SEQUENCE : STREAM;
    world_open("fail=run.kernel:700@40");
    get_ready(way);
    lose_it(way);
    ck_assert_int_ne(once(way), VANE_OK);
    advance(NULL, 2 * SECOND);
    GOOD(once(way));
    ck_assert(look().lost == 0 && look().health == VANE_HEALTH_GOOD && look().renewals == 1);
    clean_up();
}
END_TEST

/* Who fails several times computes for its own streams all the same, and is probed in time. */
START_TEST(a_stream_of_it_asks_who_rests)
{
    const int way = _i ? SEQUENCE : STREAM;
    world_open("");
    get_ready(way);
    for (int i = 0; i < 3; i++)
        vane__device_fail(vane__device_nth(ctx, gpu), VANE_E_IO);
    ck_assert(look().health == VANE_HEALTH_RESTING && look().lost == 0);
    for (int i = 0; i < 20; i++)
        GOOD(once(way));
    ck_assert_int_eq(look().health, VANE_HEALTH_RESTING);
    ck_assert(way == STREAM || both->recordings->tape != NULL); /* and it is replayed */
    advance(NULL, 2 * SECOND);
    GOOD(once(way));
    ck_assert(look().health == VANE_HEALTH_GOOD && look().renewals == 0);
    clean_up();
}
END_TEST

static vane_status cannot(const vane_kernel *k, const vane_call *call)
{
    (void)k, (void)call;
    return VANE_E_IO;
}

enum { WRONG, BROKEN, FAULTS };

static vane_kernel bad = {
    .struct_size = sizeof bad, .name = "bad", .flags = VANE_KERNEL_CLEAN_FAIL, .direct = cannot};

static void break_it(vane__device *d)
{
    vane__broken *b = malloc(sizeof *b);
    ck_assert_ptr_nonnull(b);
    *b = (vane__broken){.kernel = &bad, .next = atomic_load(&d->broken)};
    atomic_store(&d->broken, b);
}

static vane__runner bad_one(vane__device *d)
{
    return (vane__runner){.kernel = &bad,
                          .device = d,
                          .handle = d->handle,
                          .host = &d->backend->host,
                          .width = 1,
                          .plain = 1};
}

/* Before all others of a slate, one whose failure is its own. */
static void put_first(vane__slate *to, int fault)
{
    vane__device *d = vane__device_nth(ctx, gpu);
    ck_assert(to->count < to->capacity);
    memmove(to->candidates + 1, to->candidates, to->count * sizeof *to->candidates);
    memmove(to->runners + 1, to->runners, to->count * sizeof *to->runners);
    to->count++;
    to->candidates[0].reason = VANE_REASON_UNHEALTHY;
    to->candidates[0].trust = fault == WRONG ? VANE_TRUST_WRONG : VANE_TRUST_CHECKED;
    to->runners[0] = bad_one(d);
    if (fault == BROKEN)
        break_it(d);
}

/* A device is not judged by a kernel that cannot. */
START_TEST(it_is_judged_by_one_who_can_tell)
{
    vane__slate slate;
    vane__request rq;
    vane__prepared call;
    const vane__wish any = {.width = 0};
    vane_tensor a = vector(x), b = vector(z);
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const out[] = {&b};
    world_open_as("fail=run.kernel:700@40", (vane_config){.policy = "fixed", .backend = "cuda"});
    get_ready(CALL);
    lose_it(CALL);
    advance(NULL, 2 * SECOND);
    GOOD(vane__request_make(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &rq));
    GOOD(vane__call_prepare(&rq, &call));
    GOOD(vane__slate_make(ctx, rq.op, call.dtype, call.size_class, 0, &any, &slate));
    put_first(&slate, _i);
    ck_assert_int_eq(vane__probe_slate(ctx, &call, &slate), 1);
    ck_assert_int_eq(look().lost, 0);
    vane__slate_free(&slate);
    clean_up();
}
END_TEST

/* An add of x to itself; the call points to what is here. */
static vane__site *site_of(vane__prepared *call)
{
    static vane_tensor a, b;
    static const vane_tensor *const in[] = {&a, &a};
    static vane_tensor *const out[] = {&b};
    vane__request rq;
    a = vector(x);
    b = vector(z);
    GOOD(vane__request_make(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &rq));
    GOOD(vane__call_prepare(&rq, call));
    const vane__route *route = vane__route_for(ctx, call);
    ck_assert_ptr_nonnull(route);
    return route->site;
}

/* Of a site where others compute: the one before the device's kernel becomes another of it. */
static void put_beside(vane__site *site)
{
    vane__device *d = vane__device_nth(ctx, gpu);
    uint32_t own = 0;
    while (own < site->slate.count && site->slate.runners[own].device != d)
        own++;
    ck_assert(own > 0 && own < site->slate.count);
    site->slate.runners[own - 1] = site->entries[own - 1]->settled.runner = bad_one(d);
    site->slate.candidates[own - 1].reason = VANE_REASON_UNHEALTHY;
    break_it(d);
}

/* Nor beside a call that somebody else computes. */
START_TEST(a_probe_beside_a_call_is_of_one_who_can_tell)
{
    vane__prepared call;
    world_open("fail=run.kernel:700@40");
    get_ready(NAMED);
    lose_it(NAMED);
    GOOD(once(CALL));
    vane__site *site = site_of(&call);
    put_beside(site);
    advance(NULL, 2 * SECOND);
    vane__probe_beside(ctx, site, &call);
    ck_assert(look().lost == 0 && look().health == VANE_HEALTH_GOOD);
    clean_up();
}
END_TEST

/* Each failed attempt doubles the pause, however many calls ask. */
START_TEST(it_is_not_asked_with_every_call)
{
    world_open_as("fail=run.kernel:700@40,fail=cuDevicePrimaryCtxRetain:2@2+",
                  (vane_config){.policy = "fixed", .backend = "cuda"});
    get_ready(CALL);
    lose_it(CALL);
    for (int i = 0; i < 2000; i++) {
        ck_assert_int_ne(once(CALL), VANE_OK);
        ck_assert_ptr_null(strstr(vane_last_error()->message, "again in 0.000 s"));
        advance(NULL, SECOND / 250);
    }
    ck_assert_uint_eq(look().rests, 4); /* 1 + 2 + 4 s, and the fourth */
    ck_assert_uint_eq(warnings, 1);
    clean_up();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alone");
    TCase *t = tcase_create("alone");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, with_a_fixed_policy, 0, WAYS);
    tcase_add_loop_test(t, with_one_that_learns, 0, WAYS);
    tcase_add_loop_test(t, a_stream_of_it_asks_by_itself, 0, 2);
    tcase_add_loop_test(t, a_stream_of_it_asks_who_rests, 0, 2);
    tcase_add_loop_test(t, it_is_judged_by_one_who_can_tell, 0, FAULTS);
    tcase_add_test(t, a_probe_beside_a_call_is_of_one_who_can_tell);
    tcase_add_test(t, it_is_not_asked_with_every_call);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
