/* SPDX-License-Identifier: MIT */
/* test_store_file.c - whatever lies in the place of the file of what was learned: it changes
 * nothing but one line of the log, and is replaced where that can be. */
#include "store_kit.h"

#include "os.h"

static char *good;
static size_t good_bytes;

/* A file of a real run, to be spoilt; learnt once for all tests, which is most of the work. */
static void learn(void)
{
    store_begin();
    vane_context *ctx = store_context();
    store_learn(ctx, 1000);
    store_learn(ctx, 5000); /* so that there are several entries, whatever backends there are */
    vane_close(ctx);
    good = store_load(&good_bytes);
}

static void forget(void)
{
    free(good);
}

/* In a folder of the test's own, as the one that learnt left it. */
static void setup(void)
{
    char name[64], folder[SCRATCH_ROOM + 16];
    snprintf(name, sizeof name, "%s", strrchr(store_path, '/') + 1);
    scratch_folder(store_dir);
    snprintf(folder, sizeof folder, "%s/learned", store_dir);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    snprintf(store_path, sizeof store_path, "%s/%s", folder, name);
    store_put(good, good_bytes);
    ck_assert_int_eq(store_find(), 1);
}

/* A context works, remembers nothing, says one sentence, and keeps what it learns. */
static void expect_refused(const char *words, int healed)
{
    size_t bytes;
    vane_context *ctx = store_context();
    GOOD(store_add(ctx, 1000));
    EXPECT(store_c, 2, 4, 6);
    ck_assert(ctx->allowance.total_ns > 0);
    ck_assert_msg(strstr(store_last, words) != NULL, "'%s' lacks '%s'", store_last, words);
    ck_assert_int_eq(store_lines, 1);
    store_learn(ctx, 1000);
    vane_close(ctx);
    ck_assert_int_eq(store_lines, 1);
    if (!healed)
        return;
    char *now = store_load(&bytes);
    vane__records all;
    ck_assert_int_eq(
        vane__records_parse(now, bytes, store_head(now)->identity, (uint64_t)time(NULL), &all),
        VANE__RECORDS_OK);
    ck_assert_uint_gt(all.count, 0);
    free(now);
}

static void reseal_head(char *data)
{
    vane__records_head *h = store_head(data);
    h->check = 0;
    h->check = vane__hash(VANE__HASH_SEED, h, sizeof *h);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

START_TEST(cut_anywhere)
{
    size_t at[] = {0, 1, 7, 8, 100, 511, 512, 513, good_bytes / 2, good_bytes - 1};
    size_t n = at[_i];
    store_put(good, n);
    expect_refused(n < 512 ? "cut short" : "damaged", 1);
}
END_TEST

START_TEST(longer_than_it_says)
{
    good = realloc(good, good_bytes + 200);
    memset(good + good_bytes, 0, 200);
    store_put(good, good_bytes + 200);
    expect_refused("damaged", 1);
}
END_TEST

START_TEST(not_such_a_file)
{
    memcpy(good,
           "\x7f"
           "ELF1234",
           8);
    store_put(good, good_bytes);
    expect_refused("not a file of what was learned", 1);
}
END_TEST

START_TEST(of_a_newer_vane)
{
    store_head(good)->version = VANE__RECORDS_VERSION + 1;
    reseal_head(good);
    store_put(good, good_bytes);
    expect_refused("newer", 1);
}
END_TEST

START_TEST(of_another_machine)
{
    store_head(good)->identity ^= 1;
    reseal_head(good);
    store_put(good, good_bytes);
    expect_refused("another machine", 1);
}
END_TEST

START_TEST(a_head_with_one_bit_changed)
{
    size_t at[] = {8, 12, 16, 24, 32, 40, 300};
    good[at[_i]] ^= 1;
    store_put(good, good_bytes);
    expect_refused("damaged", 1);
}
END_TEST

/* ---- entries -----------------------------------------------------------------------------------
 */

static void set_nan(vane__record *r)
{
    memset(&r->typical_ns, 0xff, 4);
}
static void set_minus(vane__record *r)
{
    r->typical_ns = -5;
}
static void set_infinite(vane__record *r)
{
    r->typical_ns = (float)(1.0 / 0.0);
}
static void set_hours(vane__record *r)
{
    r->typical_ns = 3.7e12f;
}
static void set_spread(vane__record *r)
{
    r->spread_ns = -1;
}
static void set_tomorrow(vane__record *r)
{
    r->when_s += 3 * 86400;
}
static void set_width(vane__record *r)
{
    r->width = 0;
}
static void set_wide(vane__record *r)
{
    r->width = 1025;
}
static void set_dtype(vane__record *r)
{
    r->dtype = VANE_DTYPE_COUNT;
}
static void set_class(vane__record *r)
{
    r->size_class = 128;
}
static void set_state(vane__record *r)
{
    r->state = 8;
}
static void set_samples(vane__record *r)
{
    r->samples = 200;
}
static void set_trust(vane__record *r)
{
    r->trust = 9;
}
static void set_untrusted(vane__record *r)
{
    r->samples = 3, r->trust = VANE_TRUST_NONE;
}
static void set_wrong(vane__record *r)
{
    r->samples = 3, r->trust = VANE_TRUST_WRONG;
}
static void set_nobody(vane__record *r)
{
    memset(r->backend, 0, sizeof r->backend);
}
static void set_endless(vane__record *r)
{
    memset(r->kernel, 'x', sizeof r->kernel);
}
static void set_escape(vane__record *r)
{
    r->op[0] = 27;
}
static void set_tail(vane__record *r)
{
    r->op[sizeof r->op - 1] = 'x';
}
static void set_stamp(vane__record *r)
{
    r->stamp = 0;
}

static void (*const spoil[])(vane__record *) = {
    set_nan,   set_minus,  set_infinite, set_hours,  set_spread,  set_tomorrow, set_width,
    set_wide,  set_dtype,  set_class,    set_state,  set_samples, set_trust,    set_untrusted,
    set_wrong, set_nobody, set_endless,  set_escape, set_tail,    set_stamp};
enum { SPOILS = sizeof spoil / sizeof spoil[0] };

/* One entry is dropped; the others are as good as before. */
static void expect_one_dropped(char *data)
{
    char *copy = malloc(good_bytes);
    vane__records all;
    memcpy(copy, data, good_bytes);
    ck_assert_int_eq(vane__records_parse(copy, good_bytes, store_head(copy)->identity,
                                         (uint64_t)time(NULL), &all),
                     VANE__RECORDS_OK);
    ck_assert_uint_eq(all.dropped, 1);
    ck_assert_uint_eq(all.count, store_count(good_bytes) - 1);
    free(copy);
    store_put(data, good_bytes);
    vane_context *ctx = store_context();
    GOOD(store_add(ctx, 1000));
    EXPECT(store_c, 2, 4, 6);
    ck_assert_msg(strstr(store_last, "1 of its entries make no sense") != NULL, "%s", store_last);
    ck_assert_int_eq(store_lines, 1);
    vane_close(ctx);
}

START_TEST(an_entry_that_makes_no_sense)
{
    vane__record *r = &store_records(good)[store_count(good_bytes) / 2];
    spoil[_i](r);
    vane__record_seal(r, store_head(good)->identity);
    expect_one_dropped(good);
}
END_TEST

START_TEST(an_entry_with_one_bit_changed)
{
    size_t at = sizeof(vane__records_head) + sizeof(vane__record) + (size_t)_i * 8;
    good[at] ^= 4;
    expect_one_dropped(good);
}
END_TEST

START_TEST(an_entry_of_another_file)
{
    vane__record_seal(&store_records(good)[0], store_head(good)->identity ^ 7);
    expect_one_dropped(good);
}
END_TEST

/* Forged so that all crowd in one place: refused, not searched for ever. */
START_TEST(keys_that_are_all_alike)
{
    enum { N = 40000 };
    size_t bytes = sizeof(vane__records_head) + N * sizeof(vane__record);
    char *data = calloc(1, bytes);
    vane__records_head *h = store_head(good);
    vane__records_head_fill(store_head(data), h->identity, h->text, N);
    for (uint32_t i = 0; i < N; i++) {
        vane__record *r = &store_records(data)[i];
        *r = store_records(good)[0];
        r->key = (uint64_t)i << 40;
        vane__record_seal(r, h->identity);
    }
    store_put(data, bytes);
    free(data);
    vane_context *ctx = store_context();
    uint64_t start = vane__now_ns();
    GOOD(store_add(ctx, 1000));
    ck_assert_uint_lt(vane__now_ns() - start, UINT64_C(20000000000));
    vane_close(ctx);
}
END_TEST

/* ---- kinds of files -----------------------------------------------------------------------------
 */

START_TEST(a_link)
{
    char elsewhere[128];
    struct stat s;
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", store_dir);
    ck_assert_int_eq(rename(store_path, elsewhere), 0);
    ck_assert_int_eq(symlink(elsewhere, store_path), 0);
    expect_refused("symbolic", 1);
    ck_assert_int_eq(lstat(store_path, &s), 0);
    ck_assert(S_ISREG(s.st_mode)); /* the link was replaced, */
    ck_assert_int_eq(stat(elsewhere, &s), 0);
    ck_assert_int_eq(s.st_size, (off_t)good_bytes); /* not what it leads to */
}
END_TEST

START_TEST(a_pipe_that_nobody_fills)
{
    ck_assert_int_eq(unlink(store_path), 0);
    ck_assert_int_eq(mkfifo(store_path, 0600), 0);
    expect_refused("no file", 1);
}
END_TEST

START_TEST(a_folder)
{
    ck_assert_int_eq(unlink(store_path), 0);
    ck_assert_int_eq(mkdir(store_path, 0700), 0);
    expect_refused("no file", 0);
}
END_TEST

START_TEST(one_that_others_may_write)
{
    static const mode_t modes[] = {0620, 0602, 0666};
    ck_assert_int_eq(chmod(store_path, modes[_i]), 0);
    expect_refused("others may write it", 1);
}
END_TEST

START_TEST(one_of_somebody_else)
{
    ck_assert_int_eq(chown(store_path, 12345, 12345), 0);
    expect_refused("others may write it", 1);
}
END_TEST

START_TEST(of_four_gigabytes)
{
    ck_assert_int_eq(truncate(store_path, (off_t)4 << 30), 0);
    expect_refused("too large", 1);
}
END_TEST

START_TEST(one_that_may_not_be_read)
{
    ck_assert_int_eq(chmod(store_path, 0), 0);
    expect_refused("denied", 1);
}
END_TEST

/* ---- folders ------------------------------------------------------------------------------------
 */

START_TEST(a_folder_that_others_may_write)
{
    char folder[128];
    snprintf(folder, sizeof folder, "%s/learned", store_dir);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    expect_refused("not this user's alone", 0);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    size_t bytes;
    char *data = store_load(&bytes); /* nothing was written */
    ck_assert_uint_eq(bytes, good_bytes);
    ck_assert(memcmp(data, good, bytes) == 0);
    free(data);
}
END_TEST

START_TEST(a_folder_that_is_a_link)
{
    char folder[128], real[128];
    snprintf(folder, sizeof folder, "%s/learned", store_dir);
    snprintf(real, sizeof real, "%s/real", store_dir);
    ck_assert_int_eq(rename(folder, real), 0);
    ck_assert_int_eq(symlink(real, folder), 0);
    vane_context *ctx = store_context();
    GOOD(store_add(ctx, 1000));
    ck_assert(ctx->allowance.total_ns > 0);
    vane_close(ctx);
}
END_TEST

/* No home, a home that cannot be written, a place where no folder can be: nobody complains. */
START_TEST(nowhere_to_keep_it)
{
    static const char *const places[] = {"/proc/nowhere", "/dev/null", "/dev/null/x"};
    vane_config config = store_config();
    vane_context *ctx;
    config.cache = places[_i];
    GOOD(vane_open(&config, &ctx));
    store_lines = 0;
    store_learn(ctx, 1000);
    vane_close(ctx);
    ck_assert_int_eq(store_lines, 0);
}
END_TEST

START_TEST(no_home)
{
    vane_config config = store_config();
    vane_context *ctx;
    config.cache = NULL;
    unsetenv("HOME");
    unsetenv("XDG_CACHE_HOME");
    GOOD(vane_open(&config, &ctx));
    store_lines = 0;
    store_learn(ctx, 1000);
    ck_assert_ptr_null(atomic_load(&ctx->store));
    vane_close(ctx);
    ck_assert_int_eq(store_lines, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_file");
    TCase *c = tcase_create("bytes");
    tcase_add_unchecked_fixture(c, learn, forget);
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_loop_test(c, cut_anywhere, 0, 10);
    tcase_add_test(c, longer_than_it_says);
    tcase_add_test(c, not_such_a_file);
    tcase_add_test(c, of_a_newer_vane);
    tcase_add_test(c, of_another_machine);
    tcase_add_loop_test(c, a_head_with_one_bit_changed, 0, 7);
    tcase_add_loop_test(c, an_entry_that_makes_no_sense, 0, SPOILS);
    tcase_add_loop_test(c, an_entry_with_one_bit_changed, 0, (int)sizeof(vane__record) / 8);
    tcase_add_test(c, an_entry_of_another_file);
    tcase_add_test(c, keys_that_are_all_alike);
    suite_add_tcase(suite, c);
    c = tcase_create("kinds");
    tcase_add_unchecked_fixture(c, learn, forget);
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, a_link);
    tcase_add_test(c, a_pipe_that_nobody_fills);
    tcase_add_test(c, a_folder);
    tcase_add_loop_test(c, one_that_others_may_write, 0, 3);
    if (geteuid() == 0) /* who alone can make one */
        tcase_add_test(c, one_of_somebody_else);
    else /* root may read all */
        tcase_add_test(c, one_that_may_not_be_read);
    tcase_add_test(c, of_four_gigabytes);
    tcase_add_test(c, a_folder_that_others_may_write);
    tcase_add_test(c, a_folder_that_is_a_link);
    tcase_add_loop_test(c, nowhere_to_keep_it, 0, 3);
    tcase_add_test(c, no_home);
    suite_add_tcase(suite, c);
    return kit_main(suite);
}
