/* SPDX-License-Identifier: MIT */
/* bench_sample.c - what watching the machine costs, and how soon it is noticed that other
 * processes take all CPUs, and that they are gone. Not a test. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "telemetry/want.h"

enum { READINGS = 2000, CALLS = 10000000, MOST = 256 };

static double cpu_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void time_readings(int all)
{
    vane__host host;
    vane__host_reading r;
    if (!vane__host_open(&host, "", NULL))
        return;
    vane__host_read(&host, vane__now_ns(), &r);
    double start = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < READINGS; i++) {
        uint64_t now = vane__now_ns();
        host.slow.slow_ns = all ? 0 : now;
        vane__host_read(&host, now, &r);
    }
    double took = cpu_us(CLOCK_THREAD_CPUTIME_ID) - start;
    printf("a reading of the host%-24s %8.1f us (missing %.1f, lies %.1f a reading)\n",
           all ? ", all of it" : ", the CPUs alone", took / READINGS,
           (double)r.missing / (READINGS + 1), (double)r.lies / (READINGS + 1));
    vane__host_close(&host);
}

static void time_wants(vane_context *ctx)
{
    uint64_t start = vane__now_ns();
    for (int i = 0; i < CALLS; i++)
        vane__sampler_want(ctx);
    printf("a want while it runs                          %8.2f ns\n",
           (double)(vane__now_ns() - start) / CALLS);
}

/* CPU time of the process while it does nothing itself. */
static void time_thread(vane_context *ctx, int wanted, long seconds)
{
    double start = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < seconds * 20; i++) {
        if (wanted)
            vane__sampler_want(ctx);
        pause_ms(50);
    }
    double took = cpu_us(CLOCK_PROCESS_CPUTIME_ID) - start;
    printf("CPU time of %ld s, %-28s  %8.0f us\n", seconds, wanted ? "wanted all along" : "at rest",
           took);
}

/* ms until the state is so; -1: not in five seconds. */
static double wait_for(vane_context *ctx, uint32_t state)
{
    uint64_t start = vane__now_ns();
    vane__snapshot s;
    do {
        vane__sampler_want(ctx);
        pause_ms(1);
        if (vane__sampler_look(ctx, &s) && s.load == state)
            return (double)(vane__now_ns() - start) / 1e6;
    } while (vane__now_ns() - start < UINT64_C(5000000000));
    return -1;
}

static void time_load(vane_context *ctx)
{
    pid_t others[MOST];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cpus = cpus > MOST ? MOST : cpus;
    if (wait_for(ctx, VANE__LOAD_CALM) < 0) {
        puts("the machine is not calm: no measure of load");
        return;
    }
    for (long i = 0; i < cpus; i++)
        if ((others[i] = fork()) == 0)
            for (;;)
                ;
    double busy = wait_for(ctx, VANE__LOAD_BUSY);
    pause_ms(500 + rand() % 100);
    for (long i = 0; i < cpus; i++)
        if (others[i] > 0) {
            kill(others[i], SIGKILL);
            waitpid(others[i], NULL, 0);
        }
    double calm = wait_for(ctx, VANE__LOAD_CALM);
    printf("all CPUs taken: busy after %6.0f ms, calm after %6.0f ms\n", busy, calm);
}

int main(void)
{
    vane_context *ctx;
    vane_config config = {.struct_size = sizeof config, .allow_empty = 1};
    time_readings(0);
    time_readings(1);
    if (vane_open(&config, &ctx) != VANE_OK) {
        fprintf(stderr, "bench_sample: %s\n", vane_last_error()->message);
        return 1;
    }
    pause_ms(30);
    time_wants(ctx);
    time_thread(ctx, 1, 5);
    for (int i = 0; i < 5; i++)
        time_load(ctx);
    pause_ms(1500);
    time_thread(ctx, 0, 5);
    vane__snapshot s;
    if (vane__sampler_look(ctx, &s))
        printf("changes of load: %llu, in %llu readings\n", (unsigned long long)s.load_changes,
               (unsigned long long)s.readings);
    vane_close(ctx);
    return 0;
}
