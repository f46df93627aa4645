/* SPDX-License-Identifier: MIT */
/* sequences.c - thousands of random sequences of calls, each compared with a plain model.
 *
 *   VANE_TEST_SEQUENCES   how many (a thousand where a sanitizer watches, else ten thousand)
 *   VANE_TEST_SEED        the seed of the first; the others follow it
 *
 * A context serves a few dozen sequences, and then comes another that prefers something else.
 * Two threads work in it at once, each in a world of its own: they share devices, queues, pools
 * and routes. A failure prints its seed and its story; VANE_TEST_SEQUENCES=1 with that seed runs
 * it again (in the context of a given seed, alone).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum { PER_CONTEXT = 50, THREADS = 2, MAX_STEPS = 26 };

static const char *const prefers[] = {"fake", "", "scalar", "fake,avx512", "avx512", "opencl,fake"};

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void quiet(void *arg, int level, const char *line)
{
    (void)arg;
    if (level <= VANE_LOG_ERROR)
        fprintf(stderr, "%s\n", line); /* such as the fake device's: left behind */
}

/* Those that know every op, and the fake, of which ops.c knows what it can. */
static int is_known(const char *name)
{
    static const char *const all[] = {"scalar", "generic", "avx2", "avx512",
                                      "neon",   "opencl",  "fake"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i], name) == 0)
            return 1;
    return 0;
}

static void add_device(machine *m, uint32_t i, const char *name)
{
    uint32_t b = 0;
    m->device[m->devices] = i;
    snprintf(m->device_backend[m->devices++], sizeof m->device_backend[0], "%s", name);
    while (b < m->backends && strcmp(m->backend[b], name) != 0)
        b++;
    if (b == m->backends && b < 8)
        snprintf(m->backend[m->backends++], sizeof m->backend[0], "%s", name);
}

/* The backends that have devices here, and which device is whose. */
static void look_around(machine *m)
{
    const char *name;
    for (uint32_t i = 0; i < vane_device_count(m->ctx) && m->devices < 16; i++) {
        vane_device_info info = {.struct_size = sizeof info};
        if (vane_device_at(m->ctx, i, &info, &name) == VANE_OK && is_known(name))
            add_device(m, i, name);
    }
}

static int machine_open(machine *m, uint64_t seed)
{
    rng r = {seed ^ UINT64_C(0x5eed)};
    const char *prefer = prefers[below(&r, sizeof prefers / sizeof prefers[0])];
    memset(m, 0, sizeof *m);
    m->tight = one_in(&r, 4);
    vane_config config = {.struct_size = sizeof config,
                          .no_default_path = 1,
                          .prefer = prefer,
                          .mem_limit_mib = m->tight ? 1 : 0,
                          .threads = 2,
                          .log = quiet};
    if (vane_open(&config, &m->ctx) != VANE_OK || vane_load(m->ctx, FAKE_PLUGIN) != VANE_OK) {
        fprintf(stderr, "no context: %s\n", vane_last_error()->message);
        return 0;
    }
    look_around(m);
    return 1;
}

/* ---- the threads ---------------------------------------------------------------------- */

typedef struct worker {
    const machine *m;
    uint64_t seed;
    uint32_t first, count; /* every THREADS-th from first, below count */
    int failed;
    world w;
} worker;

static int sequence(world *w, const machine *m, uint64_t seed)
{
    world_open(w, m, seed);
    uint32_t steps = 5 + below(&w->r, MAX_STEPS);
    for (uint32_t i = 0; i < steps && !w->failed; i++)
        step_random(w);
    world_close(w);
    return w->failed;
}

static void *serve(void *arg)
{
    worker *k = arg;
    for (uint32_t i = k->first; i < k->count && !k->failed; i += THREADS)
        k->failed = sequence(&k->w, k->m, k->seed + i);
    return NULL;
}

static int batch(uint64_t seed, uint32_t count)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    machine m;
    int failed = 0;
    if (!machine_open(&m, seed / PER_CONTEXT))
        return 1;
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].m = &m;
        workers[i].seed = seed;
        workers[i].first = i;
        workers[i].count = count;
        workers[i].failed = 0;
        failed |= pthread_create(&threads[i], NULL, serve, &workers[i]) != 0;
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        failed |= workers[i].failed;
    }
    vane_close(m.ctx);
    return failed;
}

int main(void)
{
    uint64_t count =
        number("VANE_TEST_SEQUENCES", VANE_SANITIZER == VANE_SANITIZER_NONE ? 10000 : 1000);
    uint64_t seed = number("VANE_TEST_SEED", 1000), done = 0;
    static const char *const wishes[] = {"VANE_BACKEND", "VANE_PREFER",  "VANE_EXCLUDE",
                                         "VANE_OPS",     "VANE_POLICY",  "VANE_THREADS",
                                         "VANE_REPRO",   "VANE_CPU_MASK"};
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        unsetenv(wishes[i]);
    while (done < count) {
        uint64_t n = PER_CONTEXT - (seed + done) % PER_CONTEXT;
        n = n < count - done ? n : count - done;
        if (batch(seed + done, (uint32_t)n) != 0)
            return 1;
        done += n;
    }
    printf("%llu sequences from seed %llu are as the model says\n", (unsigned long long)count,
           (unsigned long long)seed);
    return 0;
}
