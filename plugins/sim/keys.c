/* SPDX-License-Identifier: MIT */
/* keys.c - the keys of a device, and the reader of each. */
#include <string.h>

#include "text.h"

#define RATE_LEAST 1e3 /* a second: slower ones only look like a hang */
#define RATE_MOST 1e18

typedef int (*reader)(sim_text t, sim_spec *s, size_t at);

static double *real_at(sim_spec *s, size_t at)
{
    return (double *)(void *)((char *)s + at);
}

static int read_bytes_rate(sim_text t, sim_spec *s, size_t at)
{
    return sim_number(t, SIM_BYTE_RATE, RATE_LEAST, RATE_MOST, real_at(s, at));
}

static int read_link(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    int ok = sim_number(t, SIM_BYTE_RATE, RATE_LEAST, RATE_MOST, &s->up_bytes);
    s->down_bytes = s->up_bytes;
    return ok;
}

static int read_time(sim_text t, sim_spec *s, size_t at)
{
    return sim_number(t, SIM_TIME, 0, 1e12, real_at(s, at));
}

static int read_latency(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    int ok = sim_number(t, SIM_TIME, 0, 1e12, &s->up_ns);
    s->down_ns = s->up_ns;
    return ok;
}

static int read_jitter(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return sim_number(t, SIM_PERCENT, 0, 0.9, &s->jitter);
}

static int read_claim(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return sim_number(t, SIM_PERCENT, 0.01, 100, &s->claim);
}

static int read_mem(sim_text t, sim_spec *s, size_t at)
{
    double bytes;
    (void)at;
    if (!sim_number(t, SIM_SIZE, 4096, 1e15, &bytes))
        return 0;
    s->mem_bytes = (uint64_t)bytes;
    return 1;
}

static int read_whole(sim_text t, double least, double most, uint32_t *out)
{
    double n;
    if (!sim_number(t, SIM_COUNT, least, most, &n))
        return 0;
    *out = (uint32_t)n;
    return 1;
}

static int read_count(sim_text t, sim_spec *s, size_t at)
{
    return read_whole(t, 1, 1e6, (uint32_t *)(void *)((char *)s + at));
}

static int read_queues(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return read_whole(t, 1, 64, &s->queues);
}

static int read_flag(sim_text t, sim_spec *s, size_t at)
{
    return read_whole(t, 0, 1, (uint32_t *)(void *)((char *)s + at));
}

static int read_seed(sim_text t, sim_spec *s, size_t at)
{
    double n;
    (void)at;
    if (!sim_number(t, SIM_COUNT, 0, 1e15, &n))
        return 0;
    s->seed = (uint64_t)n;
    return 1;
}

static int read_frequency(sim_text t, sim_spec *s, size_t at)
{
    double mhz;
    (void)at;
    if (!sim_number(t, SIM_FREQUENCY, 1, 1e5, &mhz))
        return 0;
    s->mhz = (uint32_t)mhz;
    return 1;
}

static int read_kind(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    if (sim_word_is(t, "cpu"))
        s->kind = VANE_KIND_CPU;
    else if (sim_word_is(t, "gpu"))
        s->kind = VANE_KIND_GPU;
    else if (sim_word_is(t, "other"))
        s->kind = VANE_KIND_OTHER;
    else
        return sim_refuse(t, "cpu, gpu or other");
    return 1;
}

static int read_power(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return sim_read_range(t, SIM_POWER, 4e9, &s->idle_mw, &s->full_mw);
}

static int read_temp(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return sim_read_range(t, SIM_DEGREES, 1e6, &s->idle_mc, &s->full_mc);
}

static int read_schedule(sim_text t, sim_spec *s, size_t at)
{
    return sim_read_schedule(t, (sim_schedule *)(void *)((char *)s + at));
}

static int read_held(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return sim_read_held(t, s);
}

static int read_faults(sim_text t, sim_spec *s, size_t at)
{
    (void)at;
    return sim_read_faults(t, s);
}

#define AT(field) offsetof(sim_spec, field)
static const struct {
    const char *name;
    reader read;
    size_t at;
} keys[] = {{"bytes", read_bytes_rate, AT(bytes)},
            {"claim", read_claim, 0},
            {"compute", read_flag, AT(compute)},
            {"congest", read_schedule, AT(congest)},
            {"cores", read_count, AT(cores)},
            {"fail", read_faults, 0},
            {"freq", read_frequency, 0},
            {"held", read_held, 0},
            {"host", read_flag, AT(host)},
            {"jitter", read_jitter, 0},
            {"kind", read_kind, 0},
            {"latency", read_latency, 0},
            {"latency.down", read_time, AT(down_ns)},
            {"latency.up", read_time, AT(up_ns)},
            {"launch", read_time, AT(launch_ns)},
            {"link", read_link, 0},
            {"link.down", read_bytes_rate, AT(down_bytes)},
            {"link.up", read_bytes_rate, AT(up_bytes)},
            {"mem", read_mem, 0},
            {"power", read_power, 0},
            {"queues", read_queues, 0},
            {"seed", read_seed, 0},
            {"temp", read_temp, 0},
            {"throttle", read_schedule, AT(throttle)}};
enum { KEYS = sizeof keys / sizeof keys[0] };

/* ---- flops, flops.matmul, flops.f64, flops.matmul.f16 --------------------------- */

static const char *const classes[SIM_CLASSES] = {"elementwise", "reduce", "matmul", "other"};
static const char *const dtypes[VANE_DTYPE_COUNT] = {
#define DTYPE_NAME(NAME, name, bytes) #name,
    VANE_DTYPE_MAP(DTYPE_NAME)};

static int index_of(sim_text word, const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        if (sim_word_is(word, list[i]))
            return i;
    return -1;
}

/* CLASS, DTYPE or CLASS.DTYPE; -1 stays: any. */
static int read_scope(sim_text scope, int *c, int *d)
{
    sim_text word;
    for (int i = 0, more = 1; more; i++) {
        more = sim_split(&scope, ".", &word);
        int as_class = index_of(word, classes, SIM_CLASSES);
        int as_dtype = index_of(word, dtypes, VANE_DTYPE_COUNT);
        if (as_class >= 0 && i == 0)
            *c = as_class;
        else if (as_dtype >= 0 && *d < 0)
            *d = as_dtype;
        else
            return sim_refuse(word, "flops.CLASS, flops.DTYPE or flops.CLASS.DTYPE, where CLASS is "
                                    "elementwise, reduce, matmul or other");
    }
    return 1;
}

static int read_flops(const sim_text *scope, sim_text value, sim_spec *s)
{
    int c = -1, d = -1;
    double rate;
    if ((scope && !read_scope(*scope, &c, &d)) ||
        !sim_number(value, SIM_FLOP_RATE, RATE_LEAST, RATE_MOST, &rate))
        return 0;
    for (int i = 0; i < SIM_CLASSES; i++)
        for (int k = 0; k < VANE_DTYPE_COUNT; k++)
            if ((c < 0 || c == i) && (d < 0 || d == k))
                s->flops[i][k] = rate;
    return 1;
}

/* ---- any key ------------------------------------------------------------------- */

int sim_read_key(sim_text key, sim_text value, sim_spec *s, uint32_t *seen)
{
    sim_text rest = key, first;
    if (sim_word_is(key, "flops"))
        return read_flops(NULL, value, s);
    if (sim_split(&rest, ".", &first) && sim_word_is(first, "flops"))
        return read_flops(&rest, value, s);
    for (uint32_t i = 0; i < KEYS; i++)
        if (sim_word_is(key, keys[i].name)) {
            if (*seen & (1u << i))
                return sim_refuse(key, "each key once");
            *seen |= 1u << i;
            return keys[i].read(value, s, keys[i].at);
        }
    return sim_refuse(key, "a key such as like, flops, bytes, mem, link, latency, launch, fail");
}
