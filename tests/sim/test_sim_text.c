/* SPDX-License-Identifier: MIT */
/* test_sim_text.c - what texts say, and the sentence for each that says nothing. */
#include "kit.h"
#include "spec.h"

static sim_spec spec[SIM_DEVICES];
static uint32_t count;
static char why[320];

static int parse(const char *text)
{
    why[0] = '\0';
    return sim_parse(text, spec, &count, why, sizeof why);
}

#define READ(text) ck_assert_msg(parse(text), "%s", why)

START_TEST(no_text_is_no_device)
{
    static const char *const texts[] = {"", " ", "\t  "};
    READ(texts[_i]);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(every_key_is_read)
{
    READ(
        "one: kind=other host=0 cores=4 queues=3 freq=1.5GHz seed=42 flops=30e12/s "
        "flops.matmul=1P/s flops.f64=2T/s flops.matmul.f16=0.5e3T/s bytes=3e12/s mem=80GiB "
        "link=50GB/s link.down=1GiB/s latency=8us latency.up=0.5ms launch=5us jitter=5% claim=150% "
        "compute=0 throttle=30s:50%,60s:100% congest=1min:1% fail=lost@90s..120s,matmul:device@5s "
        "held=40GiB@10s..20s power=75W..0.7kW temp=30C..85.5C");
    const sim_spec *s = &spec[0];
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(s->name, "one");
    ck_assert_uint_eq(s->kind, VANE_KIND_OTHER);
    ck_assert_uint_eq(s->cores + s->queues + s->mhz + s->compute, 4 + 3 + 1500);
    ck_assert_uint_eq(s->seed, 42);
    ck_assert_double_eq(s->flops[SIM_REDUCE][VANE_F32], 30e12);
    ck_assert_double_eq(s->flops[SIM_MATMUL][VANE_F32], 1e15);
    ck_assert_double_eq(s->flops[SIM_MATMUL][VANE_F64], 2e12); /* what comes later wins */
    ck_assert_double_eq(s->flops[SIM_MATMUL][VANE_F16], 0.5e15);
    ck_assert_double_eq(s->bytes, 3e12);
    ck_assert_uint_eq(s->mem_bytes, UINT64_C(80) << 30);
    ck_assert_double_eq(s->up_bytes, 50e9);
    ck_assert_double_eq(s->down_bytes, 1073741824.0);
    ck_assert_double_eq(s->up_ns, 500e3);
    ck_assert_double_eq(s->down_ns, 8e3);
    ck_assert_double_eq(s->launch_ns, 5e3);
    ck_assert_double_eq_tol(s->jitter, 0.05, 1e-12);
    ck_assert_double_eq_tol(s->claim, 1.5, 1e-12);
    ck_assert_uint_eq(s->throttle.count, 2);
    ck_assert_uint_eq(s->throttle.step[1].at_ns, 60 * SECOND);
    ck_assert_double_eq_tol(s->throttle.step[0].share, 0.5, 1e-12);
    ck_assert_uint_eq(s->congest.step[0].at_ns, 60 * SECOND);
    ck_assert_uint_eq(s->n_fault, 2);
    ck_assert_uint_eq(s->fault[0].target, SIM_ANY);
    ck_assert_uint_eq(s->fault[0].when.to_ns, 120 * SECOND);
    ck_assert_uint_eq(s->fault[1].target, VANE_OP_MATMUL);
    ck_assert_int_eq(s->fault[1].kind, SIM_DEVICE);
    ck_assert_uint_eq(s->fault[1].when.to_ns, UINT64_MAX);
    ck_assert_uint_eq(s->held[0].bytes, UINT64_C(40) << 30);
    ck_assert_double_eq(s->full_mw, 700e3);
    ck_assert_double_eq(s->full_mc, 85500);
}
END_TEST

START_TEST(presets_and_devices_before_are_likened_to)
{
    READ("gpu: like=h200; slow: like=gpu launch=1ms ;\tcpu:like=cpu-1core ; plain: ; old: "
         "like=a100;");
    ck_assert_uint_eq(count, 5);
    ck_assert_double_eq(spec[0].flops[SIM_MATMUL][VANE_F32], 67e12);
    ck_assert_str_eq(spec[1].name, "slow");
    ck_assert_str_eq(spec[1].model, "h200");
    ck_assert_double_eq(spec[1].launch_ns, 1e6);
    ck_assert_double_eq(spec[1].bytes, spec[0].bytes);
    ck_assert_uint_eq(spec[2].host, 1);
    ck_assert_double_gt(spec[3].bytes, 0);
    ck_assert_double_eq(spec[4].bytes, 2.039e12);
}
END_TEST

/* The text, and what its sentence has to hold. */
static const struct {
    const char *text, *place;
} bad[] = {
    {"gpu", "device 1: 'gpu' at byte 0, expected NAME: KEY=VALUE"},
    {";", "device 1"},
    {"a: ; ; b:", "device 2"},
    {"Gpu: ", "device 1: 'Gpu' at byte 0, expected a name"},
    {"a-name-of-too-many-letters: ", "expected a name of 1 to 15"},
    {"a: ; b: ; a: ", "device 3: 'a' at byte 10, expected a name that no device before it has"},
    {"gpu: flops", "device 1 (gpu): 'flops' at byte 5, expected KEY=VALUE"},
    {"gpu: speed=1", "device 1 (gpu), speed: 'speed' at byte 5, expected a key such as"},
    {"gpu: latency=8", "device 1 (gpu), latency: '8' at byte 13, expected a time such as 8us"},
    {"gpu: latency=-8us", "expected a time"},
    {"gpu: latency=8 us", "expected a time"},
    {"gpu: latency=8,5us", "expected a time"},
    {"gpu: latency=", "'' at byte 13, expected a time"},
    {"gpu: latency=nan", "expected a time"},
    {"gpu: latency=0x8us", "expected a time"},
    {"gpu: latency=1e99s", "from 0 to 1e+12"},
    {"gpu: latency=1h", "from 0 to 1e+12"},
    {"gpu: latency=1234567890123456us", "expected a time"},
    {"gpu: launch=1us launch=2us", "launch: 'launch' at byte 16, expected each key once"},
    {"gpu: flops=0/s", "expected operations a second"},
    {"gpu: flops=30T", "expected operations a second"},
    {"gpu: flops.dot=1T/s", "'dot' at byte 11, expected flops.CLASS"},
    {"gpu: flops.f32.matmul=1T/s", "'matmul' at byte 15"},
    {"gpu: flops.=1T/s", "expected flops.CLASS"},
    {"gpu: flops.matmul.f32.f32=1T/s", "expected flops.CLASS"},
    {"gpu: bytes=3GB", "expected bytes a second"},
    {"gpu: mem=80", "expected a size"},
    {"gpu: mem=80gib", "expected a size"},
    {"gpu: mem=1B", "from 4096 to"},
    {"gpu: jitter=5", "expected a share"},
    {"gpu: jitter=95%", "from 0 to 90"},
    {"gpu: host=2", "expected a whole number"},
    {"gpu: cores=1.5", "expected a whole number"},
    {"gpu: kind=fpga", "expected cpu, gpu or other"},
    {"gpu: like=h900", "'h900' at byte 10, expected one of h200, a100, cpu-1core, or a device"},
    {"gpu: like=gpu", "'gpu' at byte 10"},
    {"gpu: launch=1us like=h200", "expected like= once and before"},
    {"gpu: throttle=30s", "'30s' at byte 14, expected TIME:SHARE"},
    {"gpu: throttle=30s:50%,20s:100%", "'20s' at byte 22, expected a time that is after"},
    {"gpu: throttle=30s:50%,", "expected TIME:SHARE"},
    {"gpu: throttle=30s:0%", "or work would never end"},
    {"gpu: throttle=1s:1%,2s:1%,3s:1%,4s:1%,5s:1%,6s:1%,7s:1%,8s:1%,9s:1%,10s:1%,11s:1%,12s:1%,"
     "13s:1%,14s:1%,15s:1%,16s:1%,17s:1%",
     "'17s:1%' at byte 117, expected 16 steps"},
    {"gpu: held=40GiB", "expected SIZE@FROM..TO"},
    {"gpu: held=40GiB@20s..10s", "expected an end that is after"},
    {"gpu: fail=lost", "'lost' at byte 10, expected KIND@FROM"},
    {"gpu: fail=broken@5s", "'broken' at byte 10, expected lost, device"},
    {"gpu: fail=matmull:device@5s", "'matmull' at byte 10, expected an op's name"},
    {"gpu: fail=alloc:wrong@5s", "memory cannot be wrong"},
    {"gpu: fail=lost@5s..5s", "expected an end"},
    {"gpu: host=1 fail=nomem@5s", "device 1 (gpu): "},
    {"gpu: power=700W", "'700W' at byte 11, expected two values"},
    {"gpu: power=700W..75W", "expected a second value"},
    {"gpu: fail=\x01\xff@5s", "'?\?' at byte 10"},
};

START_TEST(every_wrong_text_is_told_its_place)
{
    ck_assert_msg(!parse(bad[_i].text), "taken: %s", bad[_i].text);
    ck_assert_msg(strstr(why, bad[_i].place) != NULL, "%s\n  says: %s", bad[_i].text, why);
    ck_assert_msg(strncmp(why, "sim.devices: ", 13) == 0, "%s", why);
}
END_TEST

START_TEST(many_devices_are_too_many)
{
    char text[400] = "";
    for (int i = 0; i < 16; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "d%d:;", i);
    READ(text);
    ck_assert_uint_eq(count, 16);
    strcat(text, "d16:");
    ck_assert(!parse(text));
    ck_assert_ptr_nonnull(strstr(why, "device 17: 'd16:' at byte 70, expected 16 devices at most"));
}
END_TEST

START_TEST(the_plugin_refuses_to_open)
{
    ck_assert_int_eq(kit_open("virtual", "gpu: latency=8"), VANE_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(k.said, "expected a time such as 8us"));
    kit_close();
    ck_assert_int_eq(kit_open("wall", "gpu: "), VANE_E_ARGUMENT);
    ck_assert_str_eq(k.said, "sim.clock is 'wall', expected real or virtual");
    kit_close();
    GOOD(kit_open(NULL, NULL));
    ck_assert_ptr_null(k.d[0]);
    kit_close();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim_text");
    TCase *t = tcase_create("text");
    tcase_add_loop_test(t, no_text_is_no_device, 0, 3);
    tcase_add_test(t, every_key_is_read);
    tcase_add_test(t, presets_and_devices_before_are_likened_to);
    tcase_add_loop_test(t, every_wrong_text_is_told_its_place, 0,
                        (int)(sizeof bad / sizeof bad[0]));
    tcase_add_test(t, many_devices_are_too_many);
    tcase_add_test(t, the_plugin_refuses_to_open);
    suite_add_tcase(s, t);
    return run_suite(s);
}
