/* SPDX-License-Identifier: MIT */
/* bench_load.c - processes that want all CPUs, when they are told to. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench_policy.h"
#include "cli.h"

#define MOST 256
#define LOOKS_PER_SPIN 100000

struct bench_load {
    atomic_int *on; /* shared with the children */
    pid_t child[MOST];
    int count;
};

static int cpus(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > MOST ? MOST : n;
}

/* Ends with its parent, whatever that dies of. */
static void spin(const atomic_int *on, pid_t parent)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        if (atomic_load(on))
            for (volatile int i = 0; i < LOOKS_PER_SPIN; i++)
                ;
        else
            nanosleep(&pause, NULL);
    _exit(0);
}

bench_load *bench_load_open(void)
{
    bench_load *l = calloc(1, sizeof *l);
    void *shared =
        mmap(NULL, sizeof *l->on, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!l || shared == MAP_FAILED) {
        free(l);
        cli_no_memory();
        return NULL;
    }
    l->on = shared;
    atomic_init(l->on, 0);
    pid_t self = getpid();
    for (int i = 0, n = cpus(); i < n; i++) {
        pid_t child = fork();
        if (child == 0)
            spin(l->on, self);
        if (child < 0) {
            cli_fail("cannot start a process that makes load: %s", strerror(errno));
            bench_load_close(l);
            return NULL;
        }
        l->child[l->count++] = child;
    }
    return l;
}

void bench_load_set(bench_load *l, int on)
{
    atomic_store(l->on, on);
}

void bench_load_close(bench_load *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->count; i++) {
        kill(l->child[i], SIGKILL);
        waitpid(l->child[i], NULL, 0);
    }
    munmap(l->on, sizeof *l->on);
    free(l);
}
