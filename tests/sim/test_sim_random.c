/* SPDX-License-Identifier: MIT */
/* test_sim_random.c - do no harm, over ten thousand random schedules: a gpu that throttles, whose
 * link slows down, whose memory is full, that fails, dies and comes back, and the cpu beside it.
 *
 * Of each schedule: every result is right; between two steps of it the route changes at most
 * once each way; and the calls of no second take 5 % more than the cpu alone would have taken.
 * What one call alone takes longer than that nobody can keep, so no call loses so much.
 * argv[1], argv[2]: the first seed, and how many.
 */
#include "stack.h"

#define STEP_NS (6 * SECOND / 5) /* between two steps, at least */
#define STEPS 3
#define MOST 1.05

static uint64_t first_seed = 1, seeds = 10000;
static uint64_t state;

static double drawn(double lo, double hi) /* xorshift64* (Marsaglia 2003, Vigna 2016) */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return lo +
           (hi - lo) * (double)(state * UINT64_C(0x2545f4914f6cdd1d) >> 11) / 9007199254740992.0;
}

typedef struct schedule {
    char gpu[1024];
    double base_ns;
    int64_t elements;
    uint64_t step[STEPS + 1]; /* the last: the end */
} schedule;

static size_t put(schedule *s, size_t at, const char *text)
{
    return at + (size_t)snprintf(s->gpu + at, sizeof s->gpu - at, "%s", text);
}

/* A share that comes with each step: of the kernels' rates or of the link's. */
static size_t put_shares(schedule *s, size_t at, const char *key)
{
    char text[64];
    for (int i = 0; i < STEPS; i++) {
        double share = i % 2 ? drawn(60, 100) : drawn(20, 90);
        snprintf(text, sizeof text, "%s%lluns:%.0f%%", i ? "," : key,
                 (unsigned long long)s->step[i], share);
        at = put(s, at, text);
    }
    return at;
}

/* From one step to the next. */
static size_t put_failure(schedule *s, size_t at, const char *kind)
{
    char text[96];
    snprintf(text, sizeof text, " fail=%s@%lluns..%lluns", kind, (unsigned long long)s->step[0],
             (unsigned long long)s->step[1]);
    return put(s, at, text);
}

static void draw(schedule *s, uint64_t seed)
{
    static const char *const kinds[] = {"lost", "launch:nomem", "launch:device", "launch:busy",
                                        "link:lost"};
    char text[256];
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    drawn(0, 1);
    s->base_ns = drawn(2e6, 4e6);
    uint64_t at_ns = 0;
    for (int i = 0; i <= STEPS; i++)
        s->step[i] = at_ns += STEP_NS + (uint64_t)drawn(0, 6e8);
    int how = (int)drawn(0, 4), is_linked = how == 1;
    double ratio = drawn(0, 1) < 0.8 ? drawn(0.3, 0.95) : drawn(1.05, 1.5);
    s->elements = is_linked ? 512 : 16;
    double kernel = ratio * s->base_ns * (is_linked ? 0.3 : 1);
    double link = ratio * s->base_ns * 0.7;
    snprintf(text, sizeof text, "seed=%llu jitter=%.1f%% bytes=1TB/s flops=%.0f/s launch=1us ",
             (unsigned long long)seed, drawn(0, 4), (double)s->elements / kernel * 1e9);
    size_t at = put(s, 0, text);
    snprintf(text, sizeof text, "latency=1us link=%.0fB/s ",
             is_linked ? (double)s->elements * 12 / link * 1e9 : 10e9);
    at = put(s, at, text);
    if (how <= 2)
        at = put_shares(s, at, how == 1 ? "congest=" : "throttle=");
    if (how >= 2)
        put_failure(s, at, kinds[(int)drawn(0, 4.999)]);
}

static double worst_of_all;
static uint32_t twice, moved; /* steps: after which the route changed, and how often twice */

static void play(uint64_t seed)
{
    schedule s;
    uint32_t changes = 0, at = 0;
    draw(&s, seed);
    stack_open(s.base_ns, s.elements, s.gpu);
    for (int i = 0; i <= STEPS; i++) {
        stack_calls_until(s.step[i]);
        uint32_t now = stack_look()->route_changes;
        twice += now > changes + 1;
        moved += now > changes;
        if (now > changes + 2)
            ck_abort_msg("seed %llu: %u changes before step %d: %s", (unsigned long long)seed,
                         now - changes, i, world.text);
        changes = now;
    }
    double worst = stack_worst(&at);
    worst_of_all = worst > worst_of_all ? worst : worst_of_all;
    if (worst > MOST)
        ck_abort_msg("seed %llu: %.3f times the cpu's in the second after %.3f s: %s",
                     (unsigned long long)seed, worst, (double)world.call[at].begin_ns / 1e9,
                     world.text);
    stack_close();
}

START_TEST(no_schedule_does_harm)
{
    for (uint64_t i = 0; i < seeds; i++)
        play(first_seed + i);
    printf("%llu schedules: %u steps moved a route, %u of them there and back; the worst second "
           "took %.3f times the cpu's time\n",
           (unsigned long long)seeds, moved, twice, worst_of_all);
}
END_TEST

int main(int argc, char **argv)
{
    first_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : first_seed;
    seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : seeds;
    Suite *s = suite_create("sim_random");
    TCase *t = tcase_create("random");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, no_schedule_does_harm);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
