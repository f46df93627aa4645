/* SPDX-License-Identifier: MIT */
/* test_page.c - the page of a context: made, filled, removed; over fork() and the end of processes.
 */
#include "page_kit.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include "exec/stream.h"

/* ---- one page -------------------------------------------------------------------------- */

START_TEST(is_its_users_alone)
{
    struct stat s;
    vane_context *ctx = kit_context();
    umask(0);
    ck_assert(!is_there(pages));               /* too young */
    uint32_t devices = vane_device_count(ctx); /* opens the slow ones */
    step(ctx);
    ck_assert(stat(pages, &s) == 0 && (s.st_mode & 07777) == 0700);
    ck_assert(lstat(own(), &s) == 0 && (s.st_mode & 07777) == 0600 && S_ISREG(s.st_mode));
    ck_assert_int_eq(s.st_size, (off_t)sizeof(vane__page));
    ck_assert_uint_eq(calls_seen(), 0);
    ck_assert_uint_eq(seen.head.pid, (uint32_t)getpid());
    ck_assert_str_eq(seen.head.libvane, vane_version());
    ck_assert_str_eq(seen.body.policy, "heuristic");
    ck_assert_uint_eq(seen.body.n_devices, devices);
    vane_close(ctx);
    ck_assert(!is_there(own()));
}
END_TEST

START_TEST(counts_while_somebody_looks)
{
    kit k = kit_of("looked", KIT_WORKS, 0);
    vane_context *ctx = kit_context();
    kit_add(ctx, &k);
    step(ctx);
    add_once(ctx);
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 0);
    ck_assert_uint_eq(atomic_load(&ctx->watch) & VANE__WATCH_PAGE, 0);
    ck_assert_uint_eq(seen.body.counted_ns, 0);
    top_page_look(own());
    step(ctx);
    ck_assert_uint_ne(atomic_load(&ctx->watch) & VANE__WATCH_PAGE, 0);
    for (int i = 0; i < 5; i++)
        add_once(ctx);
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 5);
    ck_assert_uint_ne(seen.body.counted_ns, 0);
    ck_assert_str_eq(seen.body.calls[0].op, "add");
    ck_assert_str_eq(top_who_of(&seen.body, seen.body.calls[0].who).s, "looked/kit");
    ck_assert_str_eq(seen.body.routes[0].op, "add");
    add_once(ctx);
    now += VANE__PAGER_LEASE_NS; /* nobody looked again */
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 6);
    ck_assert_uint_eq(atomic_load(&ctx->watch), 0);
    add_once(ctx);
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 6);
    vane_close(ctx);
}
END_TEST

START_TEST(says_who_failed)
{
    kit k = kit_of("fails", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    setenv("VANE_TOP", "1", 1);
    vane_context *ctx = kit_context();
    kit_add(ctx, &k);
    add_once(ctx);
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 1);
    ck_assert_uint_eq(seen.body.always, 1);
    ck_assert_uint_eq(seen.body.n_shifts, 1);
    ck_assert_str_eq(top_who_of(&seen.body, seen.body.shifts[0].from).s, "fails/kit");
    ck_assert_uint_eq(seen.body.shifts[0].count, 1);
    vane_close(ctx);
}
END_TEST

START_TEST(is_not_there_when_not_wanted)
{
    setenv("VANE_TOP", "0", 1);
    vane_context *ctx = kit_context();
    ck_assert_ptr_null(ctx->pager);
    ck_assert_ptr_null(vane__stats_of(ctx));
    add_once(ctx);
    vane_close(ctx);
    ck_assert(!is_there(pages));
}
END_TEST

START_TEST(each_context_has_its_own)
{
    vane_context *first = kit_context(), *second = kit_context();
    step(first);
    step(second);
    ck_assert(is_there(page_of((uint32_t)getpid(), 1)) && is_there(page_of((uint32_t)getpid(), 2)));
    vane_close(first);
    ck_assert(!is_there(page_of((uint32_t)getpid(), 1)));
    ck_assert(is_there(page_of((uint32_t)getpid(), 2)));
    vane_close(second);
    ck_assert(!is_there(page_of((uint32_t)getpid(), 2)));
}
END_TEST

/* More kinds of calls than rows: the rest is one row, and nothing is lost. */
START_TEST(has_room_for_the_longest)
{
    enum { KINDS = 700 };
    vane_context *ctx = kit_context();
    vane__stats *s = vane__stats_of(ctx);
    step(ctx);
    for (uint32_t i = 0; i < KINDS; i++)
        vane__tallies_count(
            &s->shards[i % VANE__STATS_SHARDS].calls,
            &(vane__tally){
                .op = vane__op_get(ctx, VANE_OP_ADD), .width = i + 1, .calls = 3, .ns = 1000 - i});
    top_page_look(own());
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 3 * KINDS);
    ck_assert_uint_eq(seen.body.n_calls, VANE__PAGE_CALLS);
    ck_assert_uint_eq(seen.body.more_calls, KINDS - VANE__PAGE_CALLS + 1);
    ck_assert_uint_eq(seen.body.calls[0].width, 1);
    ck_assert_str_eq(seen.body.calls[VANE__PAGE_CALLS - 1].op, "(others)");
    vane_close(ctx);
}
END_TEST

typedef struct giver {
    vane_stream *stream;
    vane_tensor *t;
} giver;

static void *gives(void *arg)
{
    giver *g = arg;
    GOOD(vane_add_async(g->stream, g->t, g->t, g->t));
    return NULL;
}

/* Others may want to give while it is written: this thread does all along. */
START_TEST(is_not_written_by_who_holds_up_a_stream)
{
    pthread_t thread;
    float data[4] = {1, 2, 3, 4};
    vane_buffer b;
    int64_t n = 4;
    vane_context *ctx = kit_context();
    giver g;
    GOOD(vane_stream_open(ctx, VANE_ANY_DEVICE, &g.stream));
    GOOD(vane_buffer_wrap(ctx, data, sizeof data, "data", &b));
    vane_tensor t = vane_tensor_in(b, 0, VANE_F32, 1, &n);
    g.t = &t;
    atomic_store(&ctx->pager->next_ns, 0); /* it is due, with the next look */
    ck_assert(!is_there(own()));
    pthread_mutex_lock(&g.stream->give);
    ck_assert_int_eq(pthread_create(&thread, NULL, gives, &g), 0);
    while (!is_there(own()))
        sched_yield();
    pthread_mutex_unlock(&g.stream->give);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    GOOD(vane_stream_close(g.stream));
    GOOD(vane_buffer_close(ctx, b));
    vane_close(ctx);
}
END_TEST

/* ---- the file ---------------------------------------------------------------------------- */

START_TEST(comes_back_when_it_was_removed)
{
    vane_context *ctx = kit_context();
    step(ctx);
    ck_assert_int_eq(unlink(own()), 0);
    step(ctx);
    ck_assert_uint_eq(calls_seen(), 0);
    ck_assert_int_eq(truncate(own(), 100),
                     0); /* it is not touched again, or that would be SIGBUS */
    top_page_look(own());
    step(ctx);
    ck_assert(is_there(page_of((uint32_t)getpid(), 2)));
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
    ck_assert_ptr_nonnull(strstr(why, "bytes"));
    vane_close(ctx);
    ck_assert(is_there(own())); /* that one it had let go of */
    ck_assert(!is_there(page_of((uint32_t)getpid(), 2)));
}
END_TEST

/* Neither a signal nor a failure of anything. */
START_TEST(is_not_made_over_the_limit)
{
    struct rlimit most = {sizeof(vane__page) - 1, RLIM_INFINITY};
    vane_context *ctx = kit_context();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &most), 0);
    step(ctx);
    add_once(ctx);
    most.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &most);
    ck_assert(!is_there(own()));
    step(ctx);
    ck_assert(!is_there(own())); /* not soon */
    now += VANE__PAGER_AGAIN_NS;
    step(ctx);
    ck_assert(is_there(own()));
    vane_close(ctx);
}
END_TEST

START_TEST(folders_of_others_are_not_used)
{
    char elsewhere[PATH_MAX + 16];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
    ck_assert_int_eq(mkdir(elsewhere, 0700), 0);
    ck_assert_int_eq(symlink(elsewhere, pages), 0);
    ck_assert_int_eq(vane__page_folder_open(pages, 1), -1);
    ck_assert_int_eq(unlink(pages), 0);
    ck_assert_int_eq(mkdir(pages, 0755), 0);
    chmod(pages, 0755);
    ck_assert_int_eq(vane__page_folder_open(pages, 1), -1);
    ck_assert_int_eq(errno, EPERM);
    chmod(pages, 0700);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(pages, 1, 1), 0);
        ck_assert_int_eq(vane__page_folder_open(pages, 1), -1);
        ck_assert_int_eq(chown(pages, 0, 0), 0);
    }
    int fd = vane__page_folder_open(pages, 1);
    ck_assert_int_ge(fd, 0);
    close(fd);
}
END_TEST

/* A link where the page belongs is neither followed nor replaced. */
START_TEST(links_are_not_followed)
{
    char target[PATH_MAX + 16];
    vane_context *ctx = kit_context();
    snprintf(target, sizeof target, "%s/target", root);
    ck_assert_int_eq(mkdir(pages, 0700), 0);
    ck_assert_int_eq(symlink(target, own()), 0);
    step(ctx);
    ck_assert(!is_there(target));
    ck_assert(is_there(page_of((uint32_t)getpid(), 2)));
    ck_assert_int_eq(top_page_read(own(), 1, &seen, why), TOP_BAD);
    vane_close(ctx);
}
END_TEST

START_TEST(only_pages_have_their_names)
{
    static const char *const bad[] = {
        "",     "-",    "1",  "1-",  "-1",  "01-1", "1-01",  "1-65",          "1-1.x",
        "1-1 ", "+1-1", "..", "a-1", "1-0", "0-1",  "1-1-1", "99999999999-1", "4294967297-1"};
    uint32_t pid, number;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!vane__page_name_read(bad[i], &pid, &number), "%s", bad[i]);
    ck_assert(vane__page_name_read("4194304-64", &pid, &number) && pid == 4194304 && number == 64);
}
END_TEST

/* ---- processes ---------------------------------------------------------------------------- */

static void wait_for(pid_t child, int code)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == code, "status %x", (unsigned)status);
}

static void sweep(void)
{
    int folder = vane__page_folder_open(pages, 0);
    ck_assert_int_ge(folder, 0);
    vane__page_sweep(folder, 100);
    close(folder);
}

START_TEST(those_of_the_dead_are_removed)
{
    vane_context *ctx = kit_context();
    step(ctx);
    pid_t child = fork();
    if (child == 0) {
        step(ctx);
        _exit(is_there(page_of((uint32_t)getpid(), 1)) ? 5 : 6); /* leaves it behind */
    }
    wait_for(child, 5);
    ck_assert(is_there(page_of((uint32_t)child, 1)));
    sweep();
    ck_assert(!is_there(page_of((uint32_t)child, 1)));
    ck_assert(is_there(own()));
    vane_close(ctx);
}
END_TEST

START_TEST(another_of_the_same_number_is_another)
{
    vane_context *ctx = kit_context();
    step(ctx);
    uint64_t earlier = ctx->pager->page->head.started_ticks - 1;
    ck_assert_uint_ne(earlier, UINT64_MAX); /* /proc is there */
    int fd = open(own(), O_RDWR);
    ck_assert_int_eq(pwrite(fd, &earlier, 8, offsetof(vane__page_head, started_ticks)), 8);
    sweep();
    ck_assert(!is_there(own()));
    close(fd);
    step(ctx);
    ck_assert(is_there(own()));
    uint64_t space = 1; /* of another namespace: who knows */
    fd = open(own(), O_RDWR);
    ck_assert_int_eq(pwrite(fd, &earlier, 8, offsetof(vane__page_head, started_ticks)), 8);
    ck_assert_int_eq(pwrite(fd, &space, 8, offsetof(vane__page_head, pid_space)), 8);
    close(fd);
    sweep();
    ck_assert(is_there(own()));
    vane_close(ctx);
}
END_TEST

START_TEST(a_child_has_its_own)
{
    kit k = kit_of("forked", KIT_WORKS, 0);
    vane_context *ctx = kit_context();
    kit_add(ctx, &k);
    step(ctx);
    top_page_look(own());
    step(ctx);
    add_once(ctx);
    step(ctx);
    pid_t child = fork();
    if (child == 0) {
        if (atomic_load(&ctx->watch) != 0 || ctx->pager->page != NULL)
            _exit(1);
        step(ctx);
        top_page_look(own());
        step(ctx);
        add_once(ctx);
        add_once(ctx);
        step(ctx);
        if (calls_seen() != 2)
            _exit(2);
        vane_close(ctx);
        _exit(is_there(own()) ? 3 : 0);
    }
    wait_for(child, 0);
    ck_assert_uint_eq(calls_seen(), 1);
    vane_close(ctx);
}
END_TEST

/* exit() without vane_close, also of a child that has only what was its parent's. */
START_TEST(none_is_left_at_exit)
{
    pid_t child = fork();
    if (child == 0) {
        vane_context *ctx = kit_context();
        step(ctx);
        pid_t grandchild = fork();
        if (grandchild == 0)
            exit(0);
        waitpid(grandchild, NULL, 0);
        exit(is_there(own()) ? 5 : 6);
    }
    wait_for(child, 5);
    ck_assert(!is_there(page_of((uint32_t)child, 1)));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("page");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, is_its_users_alone);
    tcase_add_test(t, counts_while_somebody_looks);
    tcase_add_test(t, says_who_failed);
    tcase_add_test(t, is_not_there_when_not_wanted);
    tcase_add_test(t, each_context_has_its_own);
    tcase_add_test(t, has_room_for_the_longest);
    tcase_add_test(t, is_not_written_by_who_holds_up_a_stream);
    tcase_add_test(t, comes_back_when_it_was_removed);
    tcase_add_test(t, is_not_made_over_the_limit);
    tcase_add_test(t, folders_of_others_are_not_used);
    tcase_add_test(t, links_are_not_followed);
    tcase_add_test(t, only_pages_have_their_names);
    tcase_add_test(t, those_of_the_dead_are_removed);
    tcase_add_test(t, another_of_the_same_number_is_another);
    tcase_add_test(t, a_child_has_its_own);
    tcase_add_test(t, none_is_left_at_exit);
    suite_add_tcase(s, t);
    return kit_main(s);
}
