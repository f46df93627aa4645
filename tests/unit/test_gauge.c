/* SPDX-License-Identifier: MIT */
/* test_gauge.c - what is believed of a device's telemetry, and a device that has it. */
#include <stdint.h>
#include <time.h>

#include "context.h"
#include "kit.h"
#include "os.h"
#include "plugin/device.h"
#include "telemetry/clock.h"
#include "telemetry/gauge.h"

#define MS UINT64_C(1000000)
#define NOW (UINT64_C(100000) * MS)

static const vane_telemetry good = {.struct_size = sizeof good,
                                    .valid = (1 << VANE__GAUGE_FIELDS) - 1,
                                    .when_ns = NOW - MS,
                                    .mem_free_bytes = 1000,
                                    .queued = 3,
                                    .busy_permille = 1000,
                                    .clock_mhz = 1500,
                                    .power_mw = 250000,
                                    .temp_mc = -5000,
                                    .throttled = 1};

/* ---- judgement ------------------------------------------------------------------- */

START_TEST(a_good_answer_is_taken_whole)
{
    vane__gauge_reading g = {0};
    vane__gauge_take(&g, &good, NOW, 1000);
    ck_assert_uint_eq(g.answers, 1);
    ck_assert_uint_eq(g.lies + g.missing, 0);
    ck_assert_uint_eq(g.last.valid, good.valid);
    ck_assert_uint_eq(g.last.mem_free_bytes, 1000);
    ck_assert_uint_eq(g.last.queued, 3);
    ck_assert_uint_eq(g.last.busy_permille, 1000);
    ck_assert_uint_eq(g.last.clock_mhz, 1500);
    ck_assert_uint_eq(g.last.power_mw, 250000);
    ck_assert_int_eq(g.last.temp_mc, -5000);
    ck_assert_uint_eq(g.last.throttled, 1);
    for (int i = 0; i < VANE__GAUGE_FIELDS; i++)
        ck_assert_uint_eq(g.good_ns[i], good.when_ns);
}
END_TEST

/* A second answer, 50 ms later, with one field that cannot be: it keeps its value and its age. */
START_TEST(a_field_that_cannot_be_keeps_its_last_value)
{
    vane_telemetry bad = good;
    vane__gauge_reading g = {0};
    vane__gauge_take(&g, &good, NOW, 1000);
    bad.when_ns += 50 * MS;
    switch (_i) {
    case 0:
        bad.mem_free_bytes = 1001;
        break;
    case 1:
        bad.queued = UINT32_MAX;
        break;
    case 2:
        bad.busy_permille = 1001;
        break;
    case 3:
        bad.clock_mhz = 0;
        break;
    case 4:
        bad.power_mw = UINT32_MAX;
        break;
    case 5:
        bad.temp_mc = 200001;
        break;
    default:
        bad.throttled = 2;
    }
    vane__gauge_take(&g, &bad, NOW + 50 * MS, 1000);
    ck_assert_uint_eq(g.lies, 1);
    ck_assert_uint_eq(g.answers, 2);
    for (int i = 0; i < VANE__GAUGE_FIELDS; i++)
        ck_assert_uint_eq(g.good_ns[i], i == _i ? good.when_ns : bad.when_ns);
    g.last.when_ns = good.when_ns;
    ck_assert_uint_eq(g.last.mem_free_bytes, good.mem_free_bytes);
    ck_assert_uint_eq(g.last.queued, good.queued);
    ck_assert_uint_eq(g.last.busy_permille, good.busy_permille);
    ck_assert_uint_eq(g.last.clock_mhz, good.clock_mhz);
    ck_assert_uint_eq(g.last.power_mw, good.power_mw);
    ck_assert_int_eq(g.last.temp_mc, good.temp_mc);
    ck_assert_uint_eq(g.last.throttled, good.throttled);
}
END_TEST

START_TEST(too_cold_is_a_lie_too)
{
    vane_telemetry bad = good;
    vane__gauge_reading g = {0};
    bad.temp_mc = INT32_MIN;
    vane__gauge_take(&g, &bad, NOW, 0);
    ck_assert_uint_eq(g.lies, 1);
    ck_assert(!(g.last.valid & VANE_TELEMETRY_TEMP));
}
END_TEST

START_TEST(stamps_that_cannot_be)
{
    static const uint64_t stamps[] = {0, NOW - 2 * MS, NOW + 51 * MS + 1, UINT64_MAX,
                                      UINT64_MAX - VANE__GAUGE_STALE_NS + 1};
    vane_telemetry bad = good;
    vane__gauge_reading g = {0}, before;
    vane__gauge_take(&g, &good, NOW, 0);
    before = g;
    bad.when_ns = stamps[_i];
    bad.queued = 9;
    vane__gauge_take(&g, &bad, NOW + 50 * MS, 0);
    ck_assert_uint_eq(g.lies, 1);
    g.lies = 0;
    ck_assert_int_eq(memcmp(&g, &before, sizeof g), 0);
}
END_TEST

START_TEST(an_old_stamp_is_stale)
{
    vane__gauge_reading g = {0};
    vane__gauge_take(&g, &good, good.when_ns + VANE__GAUGE_STALE_NS + 1, 0);
    ck_assert_uint_eq(g.lies, 1);
    ck_assert_uint_eq(g.last.valid, 0);
    vane__gauge_take(&g, &good, good.when_ns + VANE__GAUGE_STALE_NS, 0);
    ck_assert_uint_eq(g.last.valid, good.valid);
}
END_TEST

START_TEST(bits_that_nobody_knows)
{
    vane_telemetry odd = good;
    vane__gauge_reading g = {0};
    odd.valid = 0x80000100u | VANE_TELEMETRY_QUEUED;
    vane__gauge_take(&g, &odd, NOW, 0);
    ck_assert_uint_eq(g.lies, 2);
    ck_assert_uint_eq(g.last.valid, VANE_TELEMETRY_QUEUED);
    odd.valid = 0;
    vane__gauge_take(&g, &odd, NOW, 0);
    ck_assert_uint_eq(g.missing, 1);
}
END_TEST

/* ---- a device -------------------------------------------------------------------- */

static vane_telemetry answer;
static vane_status status;
static int asked, takes_ms;

static vane_status telemetry(vane_device *d, vane_telemetry *out)
{
    (void)d;
    asked++;
    nanosleep(&(struct timespec){0, takes_ms * 1000000L}, NULL);
    if (status == VANE_OK)
        *out = answer;
    return status;
}

static uint64_t time_ns;
static uint64_t made_ns(vane_backend *self)
{
    (void)self;
    return time_ns;
}

static const vane_clock made = {sizeof made, 0, NULL, made_ns, NULL};
static vane_context *ctx;
static kit device;
static vane_backend_vt table;
static vane__device *opened;

static void setup(void)
{
    vane_config config = kit_nowhere();
    GOOD(vane_open(&config, &ctx));
    table = kit_table;
    table.telemetry = telemetry;
    device = kit_of("gauged", KIT_WORKS, 0);
    device.entry.vt = &table;
    kit_add(ctx, &device);
    time_ns = NOW;
    vane__clock_set(ctx, &made);
    opened = vane__device_nth(ctx, 0);
    answer = good;
    status = VANE_OK;
    asked = takes_ms = 0;
}

static void teardown(void)
{
    vane_close(ctx);
}

START_TEST(a_device_is_asked_and_shown)
{
    vane_device_load load = {.struct_size = sizeof load};
    GOOD(vane_device_load_get(ctx, 0, &load));
    ck_assert_int_eq(asked, 1);
    ck_assert_uint_eq(load.valid, good.valid);
    ck_assert_uint_eq(load.age_ns, MS);
    ck_assert_int_eq(load.temp_mc, -5000);
    ck_assert_uint_eq(load.clock_mhz, 1500);
}
END_TEST

START_TEST(a_failure_is_no_answer)
{
    status = VANE_E_BUSY;
    ck_assert(!vane__gauge_ask(opened, NOW));
    opened->gauge.ask_ns = 0;
    ck_assert(!vane__gauge_ask(opened, NOW));
    ck_assert_int_eq(asked, 2);
    ck_assert_uint_eq(opened->gauge.own.missing, 2);
    status = VANE_OK;
    opened->gauge.ask_ns = 0;
    ck_assert(vane__gauge_ask(opened, NOW));
    ck_assert_uint_eq(opened->gauge.own.answers, 1);
}
END_TEST

START_TEST(the_slow_are_asked_seldom)
{
    takes_ms = 5;
    ck_assert(vane__gauge_ask(opened, NOW));
    ck_assert(opened->gauge.ask_ns >= vane__now_ns() + 200 * MS);
    ck_assert(!vane__gauge_ask(opened, NOW));
    ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(who_has_none_is_not_asked_again)
{
    status = VANE_E_UNSUPPORTED;
    ck_assert(!vane__gauge_ask(opened, NOW));
    status = VANE_OK;
    ck_assert(!vane__gauge_ask(opened, NOW));
    ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(the_lost_are_not_asked)
{
    atomic_store(_i ? &opened->orphaned : &opened->lost, 1);
    ck_assert(!vane__gauge_ask(opened, NOW));
    ck_assert_int_eq(asked, 0);
    atomic_store(&opened->orphaned, 0);
}
END_TEST

START_TEST(the_program_sees_no_error_of_it)
{
    ck_assert_int_eq(vane_set_policy(ctx, NULL), VANE_E_ARGUMENT);
    vane_error before = *vane_last_error();
    status = VANE_E_INTERNAL;
    vane__gauge_ask(opened, NOW);
    ck_assert_str_eq(vane_last_error()->message, before.message);
}
END_TEST

START_TEST(bad_arguments)
{
    vane_device_load load = {.struct_size = 2};
    ck_assert_int_eq(vane_device_load_get(NULL, 0, &load), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_device_load_get(ctx, 0, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_device_load_get(ctx, 0, &load), VANE_E_ARGUMENT);
    load.struct_size = sizeof load;
    ck_assert_int_eq(vane_device_load_get(ctx, 1, &load), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_host_load_get(ctx, NULL), VANE_E_ARGUMENT);
    load.struct_size = 8; /* an older caller */
    load.age_ns = 77;
    GOOD(vane_device_load_get(ctx, 0, &load));
    ck_assert_uint_eq(load.valid, good.valid);
    ck_assert_uint_eq(load.age_ns, 77);
}
END_TEST

/* ---- the clock ------------------------------------------------------------------- */

static vane_clock offered;
static const void *extension(vane_backend *b, const char *id)
{
    (void)b;
    return strcmp(id, VANE_CLOCK) == 0 ? &offered : NULL;
}

START_TEST(a_backend_may_make_the_time)
{
    vane_backend_vt timed = kit_table;
    kit maker = kit_of("maker", KIT_WORKS, 0);
    timed.extension = extension;
    maker.entry.vt = &timed;
    offered = made;
    offered.struct_size -= _i ? 1 : 0; /* half a clock is none */
    vane__clock_set(ctx, NULL);
    ck_assert(!vane__clock_virtual(ctx));
    kit_add(ctx, &maker);
    ck_assert_int_eq(vane__clock_virtual(ctx), !_i);
    const vane_host *host = &opened->backend->host;
    time_ns = 5;
    ck_assert_int_eq(vane__clock_now(ctx) == 5, !_i);
    ck_assert_int_eq(host->now_ns(host->ctx) == 5, !_i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gauge");
    TCase *t = tcase_create("judgement");
    tcase_add_test(t, a_good_answer_is_taken_whole);
    tcase_add_loop_test(t, a_field_that_cannot_be_keeps_its_last_value, 0, VANE__GAUGE_FIELDS);
    tcase_add_test(t, too_cold_is_a_lie_too);
    tcase_add_loop_test(t, stamps_that_cannot_be, 0, 5);
    tcase_add_test(t, an_old_stamp_is_stale);
    tcase_add_test(t, bits_that_nobody_knows);
    suite_add_tcase(s, t);
    t = tcase_create("device");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_device_is_asked_and_shown);
    tcase_add_test(t, a_failure_is_no_answer);
    tcase_add_test(t, the_slow_are_asked_seldom);
    tcase_add_test(t, who_has_none_is_not_asked_again);
    tcase_add_loop_test(t, the_lost_are_not_asked, 0, 2);
    tcase_add_test(t, the_program_sees_no_error_of_it);
    tcase_add_test(t, bad_arguments);
    tcase_add_loop_test(t, a_backend_may_make_the_time, 0, 2);
    suite_add_tcase(s, t);
    return kit_main(s);
}
