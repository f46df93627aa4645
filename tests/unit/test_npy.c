/* SPDX-License-Identifier: MIT */
/* test_npy.c - .npy files: what is accepted, what is refused and in which words, round trips. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "npy.h"
#include "scratch.h"

/* A file in a heap block of exactly its size, so that a sanitizer sees every step too far. */
typedef struct image {
    unsigned char *bytes;
    size_t size;
} image;

static image make_raw(int major, int minor, const char *header, size_t length, const void *data,
                      size_t data_bytes)
{
    size_t lead = major == 1 ? 10 : 12, text = strlen(header);
    image m = {malloc(lead + text + data_bytes + 1), lead + text + data_bytes};
    ck_assert_ptr_nonnull(m.bytes);
    memcpy(m.bytes, "\x93NUMPY", 6);
    m.bytes[6] = (unsigned char)major;
    m.bytes[7] = (unsigned char)minor;
    for (size_t i = 8; i < lead; i++)
        m.bytes[i] = (unsigned char)(length >> (8 * (i - 8)) & 255);
    memcpy(m.bytes + lead, header, text);
    if (data_bytes)
        memcpy(m.bytes + lead + text, data, data_bytes);
    return m;
}

static image make(int major, const char *header, const void *data, size_t data_bytes)
{
    return make_raw(major, 0, header, strlen(header), data, data_bytes);
}

/* ---- accepted --------------------------------------------------------------------- */

START_TEST(every_version_and_type)
{
    static const struct {
        const char *descr;
        uint32_t dtype, bytes;
        int swapped;
    } types[] = {{"<f4", VANE_F32, 4, 0},  {"<f8", VANE_F64, 8, 0},  {"<f2", VANE_F16, 2, 0},
                 {"<i4", VANE_I32, 4, 0},  {"<i8", VANE_I64, 8, 0},  {"|u1", VANE_U8, 1, 0},
                 {"|i1", VANE_I8, 1, 0},   {"|b1", VANE_BOOL, 1, 0}, {"<V2", VANE_BF16, 2, 0},
                 {">f4", VANE_F32, 4, 1},  {">f8", VANE_F64, 8, 1},  {">f2", VANE_F16, 2, 1},
                 {">i4", VANE_I32, 4, 1},  {">i8", VANE_I64, 8, 1},  {">V2", VANE_BF16, 2, 1},
                 {"=f4", VANE_F32, 4, -1}, {">u1", VANE_U8, 1, -1}};
    unsigned char data[6 * 8] = {0};
    for (int major = 1; major <= 3; major++)
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            char header[128], why[NPY_WHY];
            npy_header h;
            snprintf(header, sizeof header,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }   \n",
                     types[i].descr);
            image m = make(major, header, data, 6 * types[i].bytes);
            ck_assert_msg(npy_parse(m.bytes, m.size, &h, why), "%s: %s", header, why);
            ck_assert_uint_eq(h.dtype, types[i].dtype);
            ck_assert_uint_eq(h.rank, 2);
            ck_assert_int_eq(h.shape[0], 2);
            ck_assert_int_eq(h.shape[1], 3);
            ck_assert_uint_eq(h.data_bytes, 6 * types[i].bytes);
            ck_assert_uint_eq(h.major, (unsigned)major);
            const uint16_t probe = 1;
            int big = !*(const unsigned char *)&probe;
            ck_assert_int_eq(h.swapped, types[i].swapped < 0 ? 0 : types[i].swapped ^ big);
            free(m.bytes);
        }
}
END_TEST

START_TEST(any_spelling_of_the_literal)
{
    static const struct {
        const char *header;
        uint32_t rank;
        size_t bytes;
    } good[] = {
        {"{'shape': (), 'fortran_order': True, 'descr': '<f4'}", 0, 4},
        {"{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(5,)}", 1, 20},
        {"{ 'descr' : '<f4' ,\n\t'fortran_order' : False , 'shape' : ( 2 , 3 , ) , } \n", 2, 24},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }", 2, 48},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 0, 7), }\n", 3, 0},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,2), }\n", 8, 2}};
    unsigned char data[64] = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char why[NPY_WHY];
        npy_header h;
        image m = make(1, good[i].header, data, good[i].bytes);
        ck_assert_msg(npy_parse(m.bytes, m.size, &h, why), "%s: %s", good[i].header, why);
        ck_assert_uint_eq(h.rank, good[i].rank);
        free(m.bytes);
    }
}
END_TEST

/* ---- refused ---------------------------------------------------------------------- */

#define OPEN "{'descr': '<f4', 'fortran_order': False, "

START_TEST(bad_header_is_a_sentence)
{
    static const struct {
        const char *header, *words;
    } bad[] = {{"", "where '{' was expected"},
               {"[]", "'[' where '{'"},
               {"{}", "lacks the key 'descr'"},
               {"{'descr': '<f4', 'shape': (2,)}", "lacks the key 'fortran_order'"},
               {OPEN "}", "lacks the key 'shape'"},
               {OPEN "'shape': (2,), 'shape': (2,)}", "'shape' twice"},
               {OPEN "'shape': (2,), 'evil': 1}", "the key 'evil'"},
               {OPEN "'shape': (2)}", "','"},
               {OPEN "'shape': 2}", "a tuple"},
               {OPEN "'shape': (-2,)}", "'-' where a size"},
               {OPEN "'shape': (True,)}", "'T' where a size"},
               {OPEN "'shape': (2.5,)}", "'.'"},
               {OPEN "'shape': (2,,)}", "',' where a size"},
               {OPEN "'shape': (2,}", "'}' where a size"},
               {OPEN "'shape': (2 3)}", "'3' where"},
               {OPEN "'shape': (1,1,1,1,1,1,1,1,1)}", "more than 8 dimensions"},
               {OPEN "'shape': (99999999999999999999,)}", "does not fit in 63 bits"},
               {OPEN "'shape': (4611686018427387904,)}", "does not fit in 63 bits"},
               {OPEN "'shape': (3037000500, 3037000500)}", "does not fit in 63 bits"},
               {OPEN "'shape': (0, 4611686018427387904, 4)}", "does not fit in 63 bits"},
               {OPEN "'shape': (2,)} x", "'x' where the end"},
               {OPEN "'shape': (2,)", "ends where ',' or '}'"},
               {OPEN "'shape' (2,)}", "':' after a key"},
               {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", "True or False"},
               {"{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}", "True or False"},
               {"{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}", "'<f4, '"},
               {"{'descr': '<f4", "ends inside a string"},
               {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (2,)}", "a plain character"},
               {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", "'<c8'"},
               {"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "'|O'"},
               {"{'descr': '|V2', 'fortran_order': False, 'shape': (2,)}", "'|V2'"},
               {"{'descr': '|f4', 'fortran_order': False, 'shape': (2,)}", "'|f4'"},
               {"{'descr': 'f4', 'fortran_order': False, 'shape': (2,)}", "'f4'"},
               {"{'descr': '', 'fortran_order': False, 'shape': (2,)}", "''"},
               {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "records"},
               {"{'descr': __import__('os').system('true'), 'shape': (2,)}", "'_' where"}};
    const float data[2] = {1, 2};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char why[NPY_WHY] = "";
        npy_header h;
        image m = make(1, bad[i].header, data, sizeof data);
        ck_assert_msg(!npy_parse(m.bytes, m.size, &h, why), "accepted: %s", bad[i].header);
        ck_assert_msg(strstr(why, bad[i].words), "%s: '%s' lacks '%s'", bad[i].header, why,
                      bad[i].words);
        free(m.bytes);
    }
}
END_TEST

START_TEST(bad_frame_is_a_sentence)
{
    const char *header = OPEN "'shape': (2,), }\n";
    const float data[3] = {1, 2, 3};
    static const struct {
        int major, minor;
        size_t extra, data;
        const char *words;
    } bad[] = {{0, 0, 0, 8, "version is 0.0"},
               {4, 0, 0, 8, "version is 4.0"},
               {1, 1, 0, 8, "version is 1.1"},
               {1, 0, 100, 8, "the header ends after"},
               {2, 0, 0xffffff00, 8, "the header ends after"},
               {1, 0, 0, 7, "the data ends after 7 of 8 bytes"},
               {3, 0, 0, 0, "the data ends after 0 of 8 bytes"},
               {1, 0, 0, 12, "4 bytes follow"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char why[NPY_WHY] = "";
        npy_header h;
        image m = make_raw(bad[i].major, bad[i].minor, header, strlen(header) + bad[i].extra, data,
                           bad[i].data);
        ck_assert(!npy_parse(m.bytes, m.size, &h, why));
        ck_assert_msg(strstr(why, bad[i].words), "'%s' lacks '%s'", why, bad[i].words);
        free(m.bytes);
    }
}
END_TEST

/* Cut anywhere, a file is refused; no cut is read beyond. */
START_TEST(every_truncation_is_refused)
{
    const float data[4] = {1, 2, 3, 4};
    image m = make(_i, OPEN "'shape': (2, 2), }\n", data, sizeof data);
    for (size_t size = 0; size < m.size; size++) {
        char why[NPY_WHY] = "";
        npy_header h;
        unsigned char *cut = malloc(size ? size : 1);
        memcpy(cut, m.bytes, size);
        ck_assert(!npy_parse(cut, size, &h, why));
        ck_assert(why[0] != 0);
        free(cut);
    }
    free(m.bytes);
}
END_TEST

/* ---- tensors ---------------------------------------------------------------------- */

START_TEST(fortran_order_becomes_strides)
{
    const int32_t data[6] = {0, 10, 1, 11, 2, 12}; /* (2,3), columns first */
    char why[NPY_WHY];
    npy_array a;
    /* a header of 86 bytes after 10: the data is aligned in an aligned block */
    char header[87];
    snprintf(header, sizeof header, "%-85s\n",
             "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }");
    image m = make(1, header, data, sizeof data);
    ck_assert_msg(npy_view(m.bytes, m.size, &a, why), "%s", why);
    ck_assert_ptr_null(a.copy);
    ck_assert_int_eq(a.tensor.stride[0], 1);
    ck_assert_int_eq(a.tensor.stride[1], 2);
    for (int64_t r = 0; r < 2; r++)
        for (int64_t c = 0; c < 3; c++)
            ck_assert_int_eq(
                ((int32_t *)a.tensor.data)[r * a.tensor.stride[0] + c * a.tensor.stride[1]],
                10 * r + c);
    npy_close(&a);
    free(m.bytes);
}
END_TEST

START_TEST(swapped_and_unaligned_data_is_copied)
{
    const unsigned char big[8] = {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0}; /* 1, -2 */
    const float native[2] = {1, -2};
    char header[128], why[NPY_WHY];
    npy_array a;
    for (int pad = 0; pad < 8; pad++)
        for (int swapped = 0; swapped < 2; swapped++) {
            snprintf(header, sizeof header,
                     "{'descr': '%cf4', 'fortran_order': False, 'shape': (2,), }%*s\n",
                     swapped ? '>' : '<', pad, "");
            image m = make(1, header, swapped ? (const void *)big : native, 8);
            ck_assert_msg(npy_view(m.bytes, m.size, &a, why), "%s", why);
            ck_assert(((float *)a.tensor.data)[0] == 1 && ((float *)a.tensor.data)[1] == -2);
            ck_assert_uint_eq((uintptr_t)a.tensor.data % 4, 0);
            ck_assert(!swapped || a.copy);
            npy_close(&a);
            free(m.bytes);
        }
}
END_TEST

/* ---- files ------------------------------------------------------------------------ */

static char folder[SCRATCH_ROOM];
static char path[SCRATCH_ROOM + 8];

static void enter(void)
{
    scratch_folder(folder);
    snprintf(path, sizeof path, "%s/a.npy", folder);
}

static void leave(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* no temporary file was left behind */
}

START_TEST(round_trip_of_every_type)
{
    static const uint32_t bytes[] = {
#define BYTES(NAME, name, n) n,
        VANE_DTYPE_MAP(BYTES)
#undef BYTES
    };
    unsigned char data[24 * 8];
    char why[NPY_WHY];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 37);
    for (uint32_t t = 0; t < VANE_DTYPE_COUNT; t++)
        for (uint32_t rank = 0; rank <= VANE_MAX_RANK; rank++) {
            vane_tensor out = {.data = data, .dtype = t, .rank = rank};
            int64_t count = 1;
            for (uint32_t d = rank; d-- > 0;) {
                out.shape[d] = d < 4 ? (int64_t[]){2, 3, 2, 2}[d] : 1;
                out.stride[d] = count;
                count *= out.shape[d];
            }
            npy_array in;
            ck_assert_msg(npy_save(path, &out, why), "%s", why);
            ck_assert_msg(npy_open(path, &in, why), "%s", why);
            ck_assert_ptr_null(in.copy);
            ck_assert_uint_eq(in.header.data_offset % 64, 0);
            ck_assert_uint_eq(in.tensor.dtype, t);
            ck_assert_uint_eq(in.tensor.rank, rank);
            ck_assert_int_eq(memcmp(in.tensor.shape, out.shape, rank * sizeof(int64_t)), 0);
            ck_assert_int_eq(memcmp(in.tensor.data, data, (size_t)count * bytes[t]), 0);
            npy_close(&in);
        }
}
END_TEST

START_TEST(strides_are_written_in_order)
{
    int32_t data[24];
    char why[NPY_WHY];
    npy_array in;
    for (int i = 0; i < 24; i++)
        data[i] = i;
    /* a transposed, reversed, every-other view: t[i][j][k] = data[23 - 12k - 4j - i] */
    vane_tensor t = {.data = data + 23,
                     .dtype = VANE_I32,
                     .rank = 3,
                     .shape = {3, 3, 2},
                     .stride = {-1, -4, -12}};
    ck_assert_msg(npy_save(path, &t, why), "%s", why);
    ck_assert_msg(npy_open(path, &in, why), "%s", why);
    const int32_t *got = in.tensor.data;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 2; k++)
                ck_assert_int_eq(*got++, 23 - 12 * k - 4 * j - i);
    npy_close(&in);
    vane_tensor empty = {
        .data = NULL, .dtype = VANE_F64, .rank = 2, .shape = {3, 0}, .stride = {0, 1}};
    ck_assert_msg(npy_save(path, &empty, why), "%s", why);
    ck_assert_msg(npy_open(path, &in, why), "%s", why);
    ck_assert_int_eq(in.tensor.shape[0], 3);
    ck_assert_uint_eq(in.header.data_bytes, 0);
    npy_close(&in);
}
END_TEST

START_TEST(files_that_cannot_be_used)
{
    char why[NPY_WHY] = "";
    npy_array in;
    vane_tensor t = {.data = why, .dtype = VANE_U8, .rank = 0};
    ck_assert(!npy_open(path, &in, why) && strstr(why, "No such file"));
    ck_assert(!npy_open(folder, &in, why) && strstr(why, "a folder"));
    ck_assert(!npy_open("/dev/null", &in, why) && strstr(why, "a device or pipe"));
    ck_assert(!npy_save(folder, &t, why) && strstr(why, "directory"));
    ck_assert(!npy_save("/nowhere/at/all.npy", &t, why) && strstr(why, "No such file"));
    fclose(fopen(path, "wb"));
    ck_assert(!npy_open(path, &in, why) && strstr(why, "empty"));
    /* a device stays a device: it is written, not replaced */
    struct stat st;
    ck_assert_msg(npy_save("/dev/null", &t, why), "%s", why);
    ck_assert(!stat("/dev/null", &st) && S_ISCHR(st.st_mode));
}
END_TEST

START_TEST(the_old_file_lives_until_the_new_one_is_whole)
{
    char why[NPY_WHY] = "", link_path[SCRATCH_ROOM + 8];
    unsigned char one = 1, two = 2;
    vane_tensor t = {.data = &one, .dtype = VANE_U8, .rank = 0};
    npy_array old, new;
    struct stat st;
    ck_assert(npy_save(path, &t, why) && npy_open(path, &old, why));
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    ck_assert_int_eq(symlink("a.npy", link_path), 0);
    t.data = &two;
    ck_assert(npy_save(link_path, &t, why) && npy_open(path, &new, why));
    ck_assert(!lstat(link_path, &st) && S_ISLNK(st.st_mode));
    ck_assert_uint_eq(*(unsigned char *)old.tensor.data, 1);
    ck_assert_uint_eq(*(unsigned char *)new.tensor.data, 2);
    npy_close(&old);
    npy_close(&new);
    t.dtype = 99; /* refused after the temporary file was made: leave() sees that it is gone */
    ck_assert(!npy_save(path, &t, why) && strstr(why, "invalid"));
    ck_assert(npy_open(path, &new, why));
    ck_assert_uint_eq(*(unsigned char *)new.tensor.data, 2);
    npy_close(&new);
    unlink(link_path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npy");
    TCase *memory = tcase_create("memory"), *files = tcase_create("files");
    tcase_add_test(memory, every_version_and_type);
    tcase_add_test(memory, any_spelling_of_the_literal);
    tcase_add_test(memory, bad_header_is_a_sentence);
    tcase_add_test(memory, bad_frame_is_a_sentence);
    tcase_add_loop_test(memory, every_truncation_is_refused, 1, 4);
    tcase_add_test(memory, fortran_order_becomes_strides);
    tcase_add_test(memory, swapped_and_unaligned_data_is_copied);
    tcase_add_checked_fixture(files, enter, leave);
    tcase_add_test(files, round_trip_of_every_type);
    tcase_add_test(files, strides_are_written_in_order);
    tcase_add_test(files, files_that_cannot_be_used);
    tcase_add_test(files, the_old_file_lives_until_the_new_one_is_whole);
    suite_add_tcase(s, memory);
    suite_add_tcase(s, files);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
