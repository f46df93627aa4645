/* SPDX-License-Identifier: MIT */
/* busy.c [fork|twice|die] - a program to watch: two threads, a backend whose names are hard to
 * write down, one that fails, a route that changes. Says what it did, as JSON.
 *
 *   fork   a child of it calls too; twice: a second context is open meanwhile
 *   die    it is killed before vane_close
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/kit.h"

/* Outside of a test: says it and ends. */
#undef GOOD
#define GOOD(call) good(call, #call)
static void good(vane_status st, const char *what)
{
    if (st == VANE_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, vane_last_error()->message);
    exit(1);
}

enum { THREADS = 2, ADDS = 500, NEGS = 100, RUNS = 50, LATE = 20, CHILD = 10, GIVEN = 30 };

static vane_context *ctx;
static kit odd, frail;

static vane_status odd_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    (void)i;
    out->caps = VANE_CAP_HOST_MEM;
    strcpy(out->id, "a \"b\\c\"\nd\x01\xff\xc3\xa4");
    strcpy(out->name, "odd");
    return VANE_OK;
}

static const vane_kernel *odd_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)name;
    return op == VANE_OP_ADD && dtype == VANE_F32 ? &d->k->kernel : NULL;
}

static const vane_kernel *frail_kernel(vane_device *d, uint32_t op, const char *name,
                                       uint32_t dtype)
{
    (void)name;
    return op == VANE_OP_NEG && dtype == VANE_F32 ? &d->k->kernel : NULL;
}

/* The kit's own keep the last call they saw: not for several threads. */
static vane_status odd_direct(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    kit_compute(call);
    return VANE_OK;
}

static vane_status frail_direct(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    return (call->host->fail)(call->host->ctx, VANE_E_BUSY, 7, "frail has had enough");
}

static vane_backend_vt odd_table, frail_table;

static void add_backends(void)
{
    odd = kit_of("odd", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    odd.kernel.name = "k\"\\\n";
    odd.kernel.direct = odd_direct;
    odd_table = kit_table;
    odd_table.device_info = odd_info;
    odd_table.kernel = odd_kernel;
    odd.entry.vt = &odd_table;
    kit_opening = &odd;
    GOOD(vane_register(ctx, &odd.entry));
    frail = kit_of("frail", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    frail.kernel.direct = frail_direct;
    frail_table = kit_table;
    frail_table.kernel = frail_kernel;
    frail.entry.vt = &frail_table;
    kit_opening = &frail;
    GOOD(vane_register(ctx, &frail.entry));
}

static void add_often(int times)
{
    float x[64] = {1}, y[64];
    vane_tensor a = TENSOR(x, VANE_F32, 8, 8), out = TENSOR(y, VANE_F32, 8, 8);
    for (int i = 0; i < times; i++)
        GOOD(vane_add(ctx, &a, &a, &out));
}

static void *work(void *arg)
{
    float x[64] = {1}, y[64];
    vane_tensor a = TENSOR(x, VANE_F32, 64), out = TENSOR(y, VANE_F32, 64);
    const vane_tensor *const in[] = {&a};
    vane_tensor *const outs[] = {&out};
    vane_plan *plan;
    pthread_setname_np(pthread_self(), arg);
    add_often(ADDS);
    for (int i = 0; i < NEGS; i++)
        GOOD(vane_neg(ctx, &a, &out));
    GOOD(vane_plan_open(ctx, VANE_OP_RELU, in, 1, outs, 1, NULL, &plan));
    for (int i = 0; i < RUNS; i++)
        GOOD(vane_plan_run(plan));
    vane_plan_close(plan);
    return NULL;
}

/* On a stream: its work is told of when it lands. */
static void in_stream(void)
{
    float x[64] = {1}, y[64];
    vane_tensor a = TENSOR(x, VANE_F32, 64), out = TENSOR(y, VANE_F32, 64);
    vane_stream *stream;
    GOOD(vane_stream_open(ctx, VANE_ANY_DEVICE, &stream));
    for (int i = 0; i < GIVEN; i++)
        GOOD(vane_tanh_async(stream, i % 2 ? &out : &a, &out));
    GOOD(vane_stream_wait(stream));
    GOOD(vane_stream_close(stream));
}

static void in_threads(void)
{
    static char names[THREADS][16] = {"one \"\\", "two\n"};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, names[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* The child's number; its calls are its own. */
static int in_child(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        add_often(CHILD);
        vane_close(ctx);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status == 0 ? (int)child : -1;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    vane_config config = {.struct_size = sizeof config, .policy = "heuristic", .log = kit_quiet};
    vane_context *other = NULL;
    if (strcmp(how, "loud") == 0)
        config.log = NULL;
    GOOD(vane_open(&config, &ctx));
    if (strcmp(how, "twice") == 0)
        GOOD(vane_open(&config, &other));
    add_backends();
    in_threads();
    in_stream();
    int child = strcmp(how, "fork") == 0 ? in_child() : 0;
    GOOD(vane_set_priority(ctx, "scalar"));
    add_often(LATE);
    printf("{\"threads\": %d, \"add\": %d, \"neg\": %d, \"relu\": %d, \"late\": %d, "
           "\"child\": %d, \"child_add\": %d, \"tanh\": %d, \"pid\": %d}\n",
           THREADS, THREADS * ADDS, THREADS * NEGS, THREADS * RUNS, LATE, child, CHILD, GIVEN,
           (int)getpid());
    fflush(stdout);
    if (strcmp(how, "die") == 0)
        kill(getpid(), SIGKILL);
    vane_close(other);
    vane_close(ctx);
    return 0;
}
