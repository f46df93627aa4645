/* SPDX-License-Identifier: MIT */
/* test_page_read.c - pages that are being written, half written, or no pages at all. */
#include "page_kit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>

static vane__page *map_page(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(vane__page)), 0);
    vane__page *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(p != MAP_FAILED);
    close(fd);
    p->head = (vane__page_head){.magic = VANE__PAGE_MAGIC,
                                .version = VANE__PAGE_VERSION,
                                .bytes = sizeof *p,
                                .pid = (uint32_t)getpid(),
                                .number = 1};
    return p;
}

typedef struct writer {
    vane__page *page;
    atomic_int stop;
    int careless; /* writes without the sequence */
} writer;

/* All rows say the same. */
static void *write_on(void *arg)
{
    writer *w = arg;
    static vane__page_body b;
    b.n_calls = VANE__PAGE_CALLS;
    for (uint32_t i = 0; i < VANE__PAGE_CALLS; i++)
        b.calls[i].who = VANE__PAGE_NOBODY;
    for (uint64_t turn = 1; !atomic_load(&w->stop); turn++) {
        vane__board_word unused = 0;
        for (uint32_t i = 0; i < VANE__PAGE_CALLS; i++)
            b.calls[i].calls = b.calls[i].ns = b.calls[i].failures = turn;
        b.trial_ns = turn;
        vane__board_write(w->careless ? &unused : &w->page->sequence, w->page->body, &b, sizeof b);
        usleep(turn % 4 == 0 ? 300 : 0);
    }
    return NULL;
}

static int is_torn(const top_page *p)
{
    for (uint32_t i = 0; i < p->body.n_calls; i++)
        if (p->body.calls[i].calls != p->body.trial_ns || p->body.calls[i].ns != p->body.trial_ns)
            return 1;
    return 0;
}

/* The writer rests little: most readings have to begin again. */
static int torn_of(int careless, int readings, int *good)
{
    writer w = {.careless = careless};
    pthread_t thread;
    int torn = 0;
    mkdir(pages, 0700);
    w.page = map_page(own());
    if (careless)
        atomic_store(&w.page->sequence, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_on, &w), 0);
    while (atomic_load(&w.page->sequence) == 0) /* it has begun */
        sched_yield();
    for (int i = 0; i < readings; i++)
        if (top_page_read(own(), 1, &seen, why) == TOP_GOOD) {
            torn += is_torn(&seen);
            *good += seen.body.n_calls > 0;
        }
    atomic_store(&w.stop, 1);
    pthread_join(thread, NULL);
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_GOOD);
    munmap(w.page, sizeof *w.page);
    unlink(own());
    return torn;
}

START_TEST(no_row_is_torn)
{
    int good = 0, torn = torn_of(0, 300, &good);
    ck_assert_int_eq(torn, 0);
    ck_assert_int_gt(good, 0); /* and that is not because none could be */
    while (torn == 0)
        torn = torn_of(1, 200, &good);
    ck_assert_int_gt(torn, 0);
}
END_TEST

START_TEST(half_written_is_said)
{
    mkdir(pages, 0700);
    vane__page *p = map_page(own());
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_EARLY);
    atomic_store(&p->sequence, 7);
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
    ck_assert_ptr_nonnull(strstr(why, "half written"));
    munmap(p, sizeof *p);
}
END_TEST

START_TEST(what_is_no_page_is_refused)
{
    mkdir(pages, 0700);
    vane__page *p = map_page(own());
    atomic_store(&p->sequence, 2);
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_GOOD);
    p->head.version = 2;
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
    ck_assert_ptr_nonnull(strstr(why, "version 2"));
    p->head.version = VANE__PAGE_VERSION;
    p->head.magic++;
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
    ck_assert_ptr_nonnull(strstr(why, "no page"));
    p->head.magic--;
    chmod(own(), 0644);
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
    ck_assert_ptr_nonnull(strstr(why, "others"));
    chmod(own(), 0600);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(own(), 1, 1), 0);
        ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
        ck_assert_ptr_nonnull(strstr(why, "another user's"));
    }
    unlink(own());
    ck_assert_int_eq(mkfifo(own(), 0600), 0);
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_BAD);
    unlink(own());
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_GONE);
    munmap(p, sizeof *p);
}
END_TEST

START_TEST(commands_for_terminals_are_not_printed)
{
    vane__page_body b = {.n_devices = 1, .n_calls = 1};
    mkdir(pages, 0700);
    vane__page *p = map_page(own());
    snprintf(b.devices[0].backend, sizeof b.devices[0].backend, "x\033[2J\x9b");
    memset(b.calls[0].op, 'y', sizeof b.calls[0].op);
    vane__board_write(&p->sequence, p->body, &b, sizeof b);
    ck_assert_int_eq(top_page_read(own(), 0, &seen, why), TOP_GOOD);
    ck_assert_str_eq(top_who_of(&seen.body, 0).s, "x?[2J?");
    ck_assert_uint_eq(strlen(seen.body.calls[0].op), sizeof b.calls[0].op - 1);
    munmap(p, sizeof *p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("page_read");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, no_row_is_torn);
    tcase_add_test(t, half_written_is_said);
    tcase_add_test(t, what_is_no_page_is_refused);
    tcase_add_test(t, commands_for_terminals_are_not_printed);
    suite_add_tcase(s, t);
    return kit_main(s);
}
