/* SPDX-License-Identifier: MIT */
/* sequences.c - thousands of random sequences of calls, each compared with a plain model.
 *
 *   VANE_TEST_SEQUENCES   how many (a thousand where a sanitizer watches, else ten thousand)
 *   VANE_TEST_SEED        the seed of the first; the others follow it
 *
 * A context serves 50 to 200 sequences, and then comes another that prefers something else.
 * Two threads work in it at once, each in a world of its own: they share devices, queues, pools
 * and routes. A failure prints its seed and its story; VANE_TEST_SEQUENCES=1 with that seed runs
 * it again (in the context of a given seed, alone). From 1,000 sequences on, every op, backend and
 * device must have been reached (tally.c).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

/* A new context loads the programs of OpenCL again, half of all work at 50 sequences each. Of the
 * few under a sanitizer a context gets few, so that there are several. */
enum {
    PER_CONTEXT = VANE_SANITIZER == VANE_SANITIZER_NONE ? 200 : 50,
    THREADS = 2,
    MAX_STEPS = 26
};

static const char *const prefers[] = {"fake",        "",         "scalar", "fake,avx512", "avx512",
                                      "opencl,fake", "cuda,fake"};

static int number(const char *name, uint64_t least, uint64_t *out)
{
    const char *text = getenv(name);
    char *end = NULL;
    if (text == NULL)
        return 1;
    *out = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= least)
        return 1;
    fprintf(stderr, "%s is '%s', expected a number from %llu on\n", name, text,
            (unsigned long long)least);
    return 0;
}

/* What the tester's shell wishes must not decide: only where the plugins and their programs are,
 * and what is ours. */
static void forget_wishes(void)
{
    for (char **e = environ; *e != NULL;) {
        char name[64];
        size_t n = strcspn(*e, "=");
        int kept = strncmp(*e, "VANE_", 5) != 0 || strncmp(*e, "VANE_TEST_", 10) == 0 ||
                   strncmp(*e, "VANE_PLUGIN_", 12) == 0 || strncmp(*e, "VANE_FAKE_CUDA", 14) == 0 ||
                   strncmp(*e, "VANE_OPENCL_CACHE", 17) == 0 || n >= sizeof name;
        snprintf(name, sizeof name, "%.*s", (int)n, *e);
        e = kept || unsetenv(name) != 0 ? e + 1 : environ; /* the list has changed */
    }
    setenv("VANE_TOP", "0", 1); /* another test looks at who shows itself */
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
                                      "neon",   "opencl",  "cuda", "fake"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i], name) == 0)
            return 1;
    return 0;
}

static void add_device(machine *m, uint32_t i, const char *name)
{
    uint32_t b = 0, twins = 0;
    for (uint32_t d = 0; d < m->devices; d++)
        twins += strcmp(m->device_backend[d], name) == 0;
    m->device[m->devices] = i;
    snprintf(m->device_name[m->devices], sizeof m->device_name[0], "%s %u", name, twins);
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
                          .cache = "0",
                          .log = quiet};
    if (vane_open(&config, &m->ctx) != VANE_OK || vane_load(m->ctx, FAKE_PLUGIN) != VANE_OK) {
        fprintf(stderr, "no context: %s\n", vane_last_error()->message);
        return 0;
    }
    look_around(m);
    tally_seen(m);
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
    uint64_t count = VANE_SANITIZER == VANE_SANITIZER_NONE ? 10000 : 1000, seed = 1000, done = 0;
    if (!number("VANE_TEST_SEQUENCES", 1, &count) || !number("VANE_TEST_SEED", 0, &seed))
        return 2;
    forget_wishes();
    while (done < count) {
        uint64_t n = PER_CONTEXT - (seed + done) % PER_CONTEXT;
        n = n < count - done ? n : count - done;
        if (batch(seed + done, (uint32_t)n) != 0)
            return 1;
        done += n;
    }
    if (!tally_is_complete(count))
        return 1;
    printf("%llu sequences from seed %llu are as the model says\n", (unsigned long long)count,
           (unsigned long long)seed);
    return 0;
}
