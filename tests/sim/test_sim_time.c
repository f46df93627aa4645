/* SPDX-License-Identifier: MIT */
/* test_sim_time.c - what commands of a simulated device cost, to the nanosecond, on its clock. */
#include "kit.h"

/* Figures that divide: 1 flop/ns, matmul 10, 4 bytes/ns, link 2 up and 1 down. */
#define PLAIN                                                                                    \
    "flops=1e9/s flops.matmul=10e9/s flops.matmul.f64=5e9/s bytes=4e9/s mem=1MiB link.up=2e9/s " \
    "link.down=1e9/s latency.up=500ns latency.down=300ns launch=100ns "

START_TEST(the_clock_begins_at_a_second_and_moves_when_told)
{
    GOOD(kit_open("virtual", "a: " PLAIN));
    ck_assert_ptr_nonnull(k.clock);
    ck_assert_uint_eq(k.clock->struct_size, sizeof(vane_clock));
    ck_assert_uint_eq(now(), SECOND);
    k.clock->advance(k.clock->self, 5);
    ck_assert_uint_eq(now(), SECOND + 5);
    ck_assert_ptr_null(k.vt->extension(k.b, "vane.clock.v2"));
    kit_close();
    GOOD(kit_open("real", "a: " PLAIN));
    ck_assert_ptr_null(k.clock);
    kit_close();
}
END_TEST

START_TEST(a_launch_costs_what_its_class_says)
{
    GOOD(kit_open("virtual", "a: " PLAIN));
    vane_mem *m = mem_of(0, 65536), *o = mem_of(0, 65536);
    vane_call add = add_of(m, m, o, 1000);
    ck_assert_uint_eq(took(0, &add), 100 + 3000); /* 12,000 bytes outweigh 1,000 flops */
    add.arg[0].stride[0] = add.arg[1].stride[0] = 0;
    ck_assert_uint_eq(took(0, &add), 100 + 1002); /* and these do not: 4,008 bytes */
    vane_call exp = call_of(VANE_OP_EXP, 1);
    exp.arg[0] = vector(m, 1000);
    exp.arg[1] = vector(o, 1000);
    ck_assert_uint_eq(took(0, &exp), 100 + 16000);
    vane_call sum = call_of(VANE_OP_REDUCE_SUM, 1);
    sum.n_outer = 1;
    sum.arg[0] =
        (vane_view){.mem = m, .dtype = VANE_F32, .rank = 2, .shape = {10, 100}, .stride = {100, 1}};
    sum.arg[1] = sum.arg[0];
    sum.arg[1].mem = o;
    sum.arg[1].stride[0] = 1;
    sum.arg[1].stride[1] = 0;
    ck_assert_uint_eq(took(0, &sum), 100 + 1010); /* 1,010 elements moved */
    vane_call product = call_of(VANE_OP_MATMUL, 2);
    product.arg[0] = matrix(m, 16, 50);
    product.arg[1] = matrix(m, 50, 20);
    product.arg[2] = matrix(o, 16, 20);
    ck_assert_uint_eq(took(0, &product), 100 + 3200); /* 2 * 16 * 20 * 50 flops, 10 a ns */
    product.dtype = product.arg[0].dtype = product.arg[1].dtype = product.arg[2].dtype = VANE_F64;
    ck_assert_uint_eq(took(0, &product), 100 + 6400);
    k.vt->mem_free(k.d[0], m);
    k.vt->mem_free(k.d[0], o);
    kit_close();
}
END_TEST

START_TEST(results_are_right_and_come_with_the_event)
{
    float a[4] = {1, 2, 3, 4}, b[4] = {10, 20, 30, 40}, c[4] = {0};
    vane_event *e = NULL;
    GOOD(kit_open("virtual", "a: " PLAIN));
    vane_mem *x = mem_with(0, a, sizeof a), *y = mem_with(0, b, sizeof b), *z = mem_of(0, 64);
    vane_call add = add_of(x, y, z, 3);
    add.arg[0].offset_bytes = 12; /* backwards */
    add.arg[0].stride[0] = -1;
    add.arg[2].offset_bytes = 4;
    GOOD(launch(0, k.q[0], &add, &e));
    ck_assert_int_eq(k.vt->event_wait(e, 0), VANE_E_TIMEOUT);
    GOOD(finish(e, NULL, NULL));
    mem_read(0, z, c, sizeof c);
    ck_assert_float_eq(c[1], 14);
    ck_assert_float_eq(c[2], 23);
    ck_assert_float_eq(c[3], 32);
    k.vt->mem_free(k.d[0], x);
    k.vt->mem_free(k.d[0], y);
    k.vt->mem_free(k.d[0], z);
    kit_close();
}
END_TEST

START_TEST(waiting_moves_the_clock_and_no_further_than_it_waits)
{
    vane_event *e = NULL;
    uint64_t begin, end;
    GOOD(kit_open("virtual", "a: " PLAIN));
    vane_mem *m = mem_of(0, 65536);
    vane_call add = add_of(m, m, m, 1000);
    GOOD(launch(0, k.q[0], &add, &e));
    ck_assert_uint_eq(now(), SECOND); /* asynchronous */
    ck_assert_int_eq(k.vt->event_wait(e, 0), VANE_E_TIMEOUT);
    ck_assert_int_eq(k.vt->event_time(e, &begin, &end), VANE_E_BUSY);
    ck_assert_int_eq(k.vt->event_wait(e, 1000), VANE_E_TIMEOUT);
    ck_assert_uint_eq(now(), SECOND + 1000);
    ck_assert_int_eq(k.vt->event_wait(e, 2100), VANE_OK);
    ck_assert_uint_eq(now(), SECOND + 3100);
    GOOD(finish(e, &begin, &end));
    ck_assert_uint_eq(begin, SECOND);
    ck_assert_uint_eq(end, SECOND + 3100);
    k.vt->mem_free(k.d[0], m);
    kit_close();
}
END_TEST

START_TEST(queues_share_a_device_and_copies_pass_beside_kernels)
{
    static char host[65536];
    vane_queue *other, *third;
    vane_event *first = NULL, *second = NULL, *up = NULL, *down = NULL;
    uint64_t begin, end;
    GOOD(kit_open("virtual", "a: " PLAIN));
    GOOD(k.vt->queue_open(k.d[0], &other));
    GOOD(k.vt->queue_open(k.d[0], &third));
    vane_mem *m = mem_of(0, 65536), *n = mem_of(0, 65536);
    vane_call add = add_of(m, m, m, 1000);
    GOOD(launch(0, k.q[0], &add, &first));
    GOOD(launch(0, other, &add, &second));
    GOOD(k.vt->upload(third, n, 0, host, 1000, &up));
    GOOD(k.vt->download(other, host, n, 0, 1000, &down));
    GOOD(finish(first, &begin, &end));
    ck_assert_uint_eq(end - SECOND, 3100);
    GOOD(finish(second, &begin, &end));
    ck_assert_uint_eq(begin - SECOND, 3100); /* the engine's turn */
    GOOD(finish(up, &begin, &end));
    ck_assert_uint_eq(begin, SECOND); /* beside both */
    ck_assert_uint_eq(end - begin, 500 + 500);
    GOOD(finish(down, &begin, &end));
    ck_assert_uint_eq(begin - SECOND, 6200); /* behind its own queue's kernel */
    ck_assert_uint_eq(end - begin, 300 + 1000);
    k.vt->queue_close(other);
    k.vt->queue_close(third);
    k.vt->mem_free(k.d[0], m);
    k.vt->mem_free(k.d[0], n);
    kit_close();
}
END_TEST

START_TEST(a_queue_waits_for_another_device)
{
    vane_event *e = NULL, *f = NULL;
    uint64_t begin;
    GOOD(kit_open("virtual", "a: " PLAIN "; b: like=a launch=7ns"));
    vane_mem *m = mem_of(0, 65536), *n = mem_of(1, 65536);
    vane_call add = add_of(m, m, m, 1000), later = add_of(n, n, n, 1000);
    GOOD(launch(0, k.q[0], &add, &e));
    GOOD(k.vt->queue_wait(k.q[1], e));
    GOOD(launch(1, k.q[1], &later, &f));
    GOOD(finish(e, NULL, NULL));
    GOOD(finish(f, &begin, NULL));
    ck_assert_uint_eq(begin - SECOND, 3100);
    ck_assert_uint_eq(now() - SECOND, 3100 + 3007);
    k.vt->mem_free(k.d[0], m);
    k.vt->mem_free(k.d[1], n);
    kit_close();
}
END_TEST

START_TEST(copies_inside_a_device_and_between_two)
{
    char text[2000] = "content", back[2000] = "";
    vane_event *e = NULL;
    uint64_t begin, end;
    GOOD(kit_open("virtual", "a: " PLAIN "; b: like=a"));
    vane_mem *m = mem_with(0, text, sizeof text), *n = mem_of(0, 2000), *o = mem_of(1, 2000);
    GOOD(k.vt->copy(k.q[0], n, 0, m, 0, 2000, &e));
    GOOD(finish(e, &begin, &end));
    ck_assert_uint_eq(end - begin, 100 + 1000);     /* read and written */
    GOOD(k.vt->copy(k.q[0], o, 0, n, 0, 2000, &e)); /* the other device's queue would do too */
    GOOD(finish(e, &begin, &end));
    ck_assert_uint_eq(end - begin, 800 + 2000); /* both latencies, the slower way */
    mem_read(1, o, back, sizeof back);
    ck_assert_str_eq(back, "content");
    ck_assert_int_eq(k.vt->copy(k.q[0], o, 1, n, 0, 2000, &e), VANE_E_ARGUMENT);
    k.vt->mem_free(k.d[0], m);
    k.vt->mem_free(k.d[0], n);
    k.vt->mem_free(k.d[1], o);
    kit_close();
}
END_TEST

START_TEST(a_host_device_computes_at_once_and_takes_its_time)
{
    float a[4] = {1, 2, 3, 4}, c[4];
    vane_device_info info = {.struct_size = sizeof info};
    GOOD(kit_open("virtual", "cpu: " PLAIN "host=1"));
    GOOD(k.vt->device_info(k.b, 0, &info));
    ck_assert_uint_eq(info.caps, VANE_CAP_HOST_MEM);
    vane_call add = add_of(NULL, NULL, NULL, 4);
    add.arg[0].data = add.arg[1].data = a;
    add.arg[2].data = c;
    const vane_kernel *kernel = k.vt->kernel(k.d[0], VANE_OP_ADD, "", VANE_F32);
    GOOD(kernel->direct(kernel, &add));
    ck_assert_float_eq(c[3], 8);
    ck_assert_uint_eq(now() - SECOND, 100 + 12);
    kit_close();
}
END_TEST

/* 20 launches; how many distinct times, and all within 10 %. */
static uint32_t distinct(const char *text, uint64_t *times)
{
    uint32_t n = 0;
    GOOD(kit_open("virtual", text));
    vane_mem *m = mem_of(0, 65536);
    vane_call add = add_of(m, m, m, 1000);
    for (uint32_t i = 0; i < 20; i++) {
        times[i] = took(0, &add);
        ck_assert(times[i] >= 2789 && times[i] <= 3411);
        uint32_t j = 0;
        while (j < i && times[j] != times[i])
            j++;
        n += j == i;
    }
    k.vt->mem_free(k.d[0], m);
    kit_close();
    return n;
}

START_TEST(jitter_is_drawn_and_the_same_again)
{
    uint64_t one[20], again[20], other[20];
    ck_assert_uint_gt(distinct("a: " PLAIN "jitter=10%", one), 10);
    distinct("a: " PLAIN "jitter=10%", again);
    ck_assert_mem_eq(one, again, sizeof one);
    distinct("a: " PLAIN "jitter=10% seed=7", other);
    ck_assert_mem_ne(one, other, sizeof one);
    ck_assert_uint_eq(distinct("a: " PLAIN, one), 1);
}
END_TEST

START_TEST(rates_are_declared_and_may_be_boasted)
{
    GOOD(kit_open("virtual", "a: " PLAIN "; b: like=a claim=300%"));
    const vane_kernel *honest = k.vt->kernel(k.d[0], VANE_OP_MATMUL, "", VANE_F32);
    const vane_kernel *boast = k.vt->kernel(k.d[1], VANE_OP_MATMUL, "", VANE_F32);
    ck_assert_double_eq(honest->flops_per_ns, 10);
    ck_assert_double_eq(honest->bytes_per_ns, 4);
    ck_assert_double_eq(honest->launch_ns, 100);
    ck_assert_double_eq(boast->flops_per_ns, 30);
    ck_assert_ptr_null(k.vt->kernel(k.d[0], VANE_OP_MATMUL, "", VANE_BOOL));
    ck_assert_ptr_null(k.vt->kernel(k.d[0], VANE_OP_COUNT, "other.op", VANE_F32));
    kit_close();
}
END_TEST

/* Only that nothing is early: late is the machine's right. */
START_TEST(real_time_is_waited_for)
{
    vane_event *e = NULL;
    uint64_t begin, end, start = kit_now(NULL);
    GOOD(kit_open(NULL, "a: flops=1e9/s launch=900ms; cpu: host=1 launch=30ms"));
    vane_mem *m = mem_of(0, 64);
    vane_call add = add_of(m, m, m, 4);
    GOOD(launch(0, k.q[0], &add, &e));
    ck_assert_int_eq(k.vt->event_wait(e, 1000), VANE_E_TIMEOUT);
    GOOD(finish(e, &begin, &end));
    ck_assert_uint_ge(begin, start);
    ck_assert_uint_ge(end - begin, 900000000);
    ck_assert_uint_ge(kit_now(NULL), end);
    float a[4] = {1, 2, 3, 4};
    for (int i = 0; i < 3; i++) {
        add.arg[i].mem = NULL;
        add.arg[i].data = a;
    }
    start = kit_now(NULL);
    const vane_kernel *kernel = k.vt->kernel(k.d[1], VANE_OP_ADD, "", VANE_F32);
    GOOD(kernel->direct(kernel, &add));
    ck_assert_uint_ge(kit_now(NULL) - start, 30000000);
    ck_assert_float_eq(a[3], 8);
    k.vt->mem_free(k.d[0], m);
    kit_close();
}
END_TEST

START_TEST(a_slower_machine_says_so_once)
{
    enum { EDGE = 160 };
    GOOD(kit_open(NULL, "a: flops=1e18/s bytes=1e18/s launch=1ns; b: like=a compute=0"));
    vane_mem *m = mem_of(0, EDGE * EDGE * 4), *n = mem_of(0, EDGE * EDGE * 4);
    vane_call product = call_of(VANE_OP_MATMUL, 2);
    product.arg[0] = product.arg[1] = matrix(m, EDGE, EDGE);
    product.arg[2] = matrix(n, EDGE, EDGE);
    ck_assert_uint_gt(took(0, &product), 20000); /* the machine's own time: millions of steps */
    took(0, &product);
    ck_assert_uint_eq(k.warnings, 1);
    k.vt->mem_free(k.d[0], m);
    k.vt->mem_free(k.d[0], n);
    kit_close();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim_time");
    TCase *t = tcase_create("time");
    tcase_add_test(t, the_clock_begins_at_a_second_and_moves_when_told);
    tcase_add_test(t, a_launch_costs_what_its_class_says);
    tcase_add_test(t, results_are_right_and_come_with_the_event);
    tcase_add_test(t, waiting_moves_the_clock_and_no_further_than_it_waits);
    tcase_add_test(t, queues_share_a_device_and_copies_pass_beside_kernels);
    tcase_add_test(t, a_queue_waits_for_another_device);
    tcase_add_test(t, copies_inside_a_device_and_between_two);
    tcase_add_test(t, a_host_device_computes_at_once_and_takes_its_time);
    tcase_add_test(t, jitter_is_drawn_and_the_same_again);
    tcase_add_test(t, rates_are_declared_and_may_be_boasted);
    tcase_add_test(t, real_time_is_waited_for);
    tcase_add_test(t, a_slower_machine_says_so_once);
    suite_add_tcase(s, t);
    return run_suite(s);
}
