/* SPDX-License-Identifier: MIT */
/* opencl_start.c - process start to first result: a bare OpenCL program that kept its binary,
 * against a Vane program that may use nothing but OpenCL. Both add 1000 floats.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "opencl_bench.h"
#include "vane/vane.h"

extern char **environ;

enum { N = 1000 };

int start_bare(const char *cache)
{
    hand *h = hand_open(N, cache);
    if (!h)
        return 1;
    hand_set(h, BENCH_ADD, N, hand_same()); /* the one program that Vane loads, too */
    int rc = hand_download(h) || hand_check(h);
    hand_close(h);
    return rc;
}

int start_vane(void)
{
    static float a[N], sum[N];
    const vane_config config = {.struct_size = sizeof config, .backend = "opencl"};
    const int64_t n = N;
    vane_context *ctx = NULL;
    for (int i = 0; i < N; i++)
        a[i] = (float)i;
    const vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n);
    vane_tensor tsum = vane_tensor_of(sum, VANE_F32, 1, &n);
    if (vane_open(&config, &ctx) != VANE_OK || vane_add(ctx, &ta, &ta, &tsum) != VANE_OK) {
        fprintf(stderr, "bench_opencl: %s\n", vane_last_error()->message);
        vane_close(ctx);
        return 1;
    }
    vane_close(ctx);
    return sum[N - 1] != 2 * (N - 1);
}

/* ---- the parent ------------------------------------------------------------------ */

typedef struct child {
    const char *program, *mode, *cache;
} child;

static int run_child(void *self)
{
    const child *c = self;
    char *argv[] = {(char *)c->program, (char *)c->mode, (char *)c->cache, NULL};
    pid_t pid;
    int status = 0;
    if (posix_spawn(&pid, c->program, NULL, NULL, argv, environ)) {
        fprintf(stderr, "bench_opencl: cannot start %s\n", c->program);
        return 1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 1;
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int start_compare(const char *program, int rounds)
{
    char cache[] = "/tmp/bench_opencl.XXXXXX";
    int fd = mkstemp(cache); /* empty: the first child builds and keeps */
    if (fd < 0)
        return 1;
    close(fd);
    child bare = {program, "--bare", cache}, vane = {program, "--vane", NULL},
          nothing = {program, "--nothing", NULL};
    bench_thing things[] = {{"by hand, its binary kept", run_child, &bare, 0},
                            {"vane, VANE_BACKEND=opencl", run_child, &vane, 0},
                            {"nothing", run_child, &nothing, 0}};
    int rc = run_child(&bare) || run_child(&vane) || bench_compare(things, 3, rounds);
    unlink(cache);
    if (rc)
        return 1;
    printf("\nprocess start to end, 1000 floats added%25s %12s\n", "ms", "beyond nothing");
    for (int i = 0; i < 3; i++)
        printf("  %-44s %18.2f %14.2f\n", things[i].name, things[i].median / 1e6,
               (things[i].median - things[2].median) / 1e6);
    printf("  vane / by hand: %.2f\n", things[1].median / things[0].median);
    return 0;
}
