/* SPDX-License-Identifier: MIT */
/* test_machine.c - topology and caches of this machine, and vane_machine_get over them. */
#include <check.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "detect/topology.h"

/* ---- topology ------------------------------------------------------------------ */

START_TEST(topology_here)
{
    vane__topology t;
    vane__topology_read(&t);
    ck_assert_str_ne(t.source, "");
    if (strncmp(t.source, "none: ", 6) == 0) {
        ck_assert_uint_eq(t.cores + t.packages + t.cpus, 0);
        printf("topology: %s\n", t.source);
        return;
    }
    ck_assert_ptr_nonnull(strstr(t.source, "hwloc "));
    ck_assert_uint_ge(t.cpus, t.cores);
    ck_assert_uint_ge(t.cpus, 1);
    ck_assert_uint_ge(t.numa_nodes, 1);
    vane__topology again;
    vane__topology_read(&again); /* the library was closed; it opens again */
    ck_assert_uint_eq(again.cpus, t.cpus);
    ck_assert_str_eq(again.source, t.source);
}
END_TEST

START_TEST(caches_here)
{
    uint64_t l1d = 1, l2 = 1, l3 = 1;
    vane__caches_read(&l1d, &l2, &l3);
    ck_assert_msg(l1d == 0 || (l1d >= 1024 && l1d <= (1 << 20)), "l1d %llu",
                  (unsigned long long)l1d);
    ck_assert_msg(l2 == 0 || l2 >= l1d, "l2 %llu", (unsigned long long)l2);
    ck_assert_msg(l3 != 1, "l3 was not written");
}
END_TEST

/* ---- vane_machine_get ---------------------------------------------------------- */

/* No vane_open: only what detection filled in, so that every figure is known. */
static vane_context *make_context(void)
{
    vane_context *ctx = calloc(1, sizeof *ctx);
    const pthread_once_t fresh = PTHREAD_ONCE_INIT;
    ck_assert_ptr_nonnull(ctx);
    ctx->magic = VANE__CONTEXT_MAGIC;
    memcpy(&ctx->topology_once, &fresh, sizeof fresh);
    ctx->budget_now = (vane__budget){2, 3, 4, 2.5, 1000, 900};
    ctx->cpu_features = VANE_CPU(SSE2);
    ctx->cpu_features_masked = VANE_CPU(AVX);
    ctx->l1d_bytes = 11;
    ctx->l2_bytes = 22;
    ctx->l3_bytes = 33;
    return ctx;
}

START_TEST(machine_says_what_was_found)
{
    vane_context *ctx = make_context();
    vane_machine m = {.struct_size = sizeof m};
    ck_assert_int_eq(vane_machine_get(ctx, &m), VANE_OK);
    ck_assert_uint_eq(m.struct_size, sizeof m);
    ck_assert_uint_eq(m.threads, 2);
    ck_assert_uint_eq(m.cpus_affinity, 3);
    ck_assert_uint_eq(m.cpus_online, 4);
    ck_assert_double_eq(m.cpu_quota, 2.5);
    ck_assert_uint_eq(m.mem_total_bytes, 1000);
    ck_assert_uint_eq(m.mem_limit_bytes, 900);
    ck_assert_uint_eq(m.cpu_features, VANE_CPU(SSE2));
    ck_assert_uint_eq(m.cpu_features_masked, VANE_CPU(AVX));
    ck_assert_uint_eq(m.cores, ctx->topology.cores);
    ck_assert_str_eq(m.topology_source, ctx->topology.source);
    ck_assert_uint_eq(m.l1d_bytes, ctx->topology.l1d_bytes ? ctx->topology.l1d_bytes : 11);
    ck_assert_uint_eq(m.l3_bytes, ctx->topology.l3_bytes ? ctx->topology.l3_bytes : 33);
    ck_assert_ptr_nonnull(strchr(m.platform, ' '));
    free(ctx);
}
END_TEST

START_TEST(machine_of_an_older_caller)
{
    vane_context *ctx = make_context();
    vane_machine m;
    memset(&m, 0xa5, sizeof m);
    m.struct_size = offsetof(vane_machine, cpus_online);
    ck_assert_int_eq(vane_machine_get(ctx, &m), VANE_OK);
    ck_assert_uint_eq(m.cpus_affinity, 3);
    ck_assert_uint_eq(m.cpus_online, 0xa5a5a5a5); /* beyond its struct: not written */
    ck_assert_uint_eq(m.struct_size, offsetof(vane_machine, cpus_online));
    free(ctx);
}
END_TEST

START_TEST(machine_refuses)
{
    vane_context *ctx = make_context();
    vane_machine m = {.struct_size = 0};
    ck_assert_int_eq(vane_machine_get(ctx, &m), VANE_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "struct_size is 0"));
    ck_assert_int_eq(vane_machine_get(ctx, NULL), VANE_E_ARGUMENT);
    m.struct_size = sizeof m;
    ck_assert_int_eq(vane_machine_get(NULL, &m), VANE_E_ARGUMENT);
    ck_assert_uint_eq(m.threads, 0);
    free(ctx);
}
END_TEST

static void *get_machine(void *arg)
{
    vane_machine *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->struct_size = sizeof *m;
    if (vane_machine_get(arg, m) == VANE_OK)
        return m;
    free(m);
    return NULL;
}

/* The first ask reads the topology; those beside it wait and see the same. */
START_TEST(machine_from_many_threads)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    vane_context *ctx = make_context();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, get_machine, ctx), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_nonnull(result);
        vane_machine *m = result;
        ck_assert_str_ne(m->topology_source, "");
        ck_assert_uint_eq(m->cores, ctx->topology.cores);
        free(m);
    }
    free(ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("machine");
    TCase *topology = tcase_create("topology");
    tcase_set_timeout(topology, 30);
    tcase_add_test(topology, topology_here);
    tcase_add_test(topology, caches_here);
    tcase_add_test(topology, machine_says_what_was_found);
    tcase_add_test(topology, machine_of_an_older_caller);
    tcase_add_test(topology, machine_refuses);
    tcase_add_test(topology, machine_from_many_threads);
    suite_add_tcase(suite, topology);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
