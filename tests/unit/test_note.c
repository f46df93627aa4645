/* SPDX-License-Identifier: MIT */
/* test_note.c - the ELF note parser on images built here: good, cut, bent and hostile; and
 * on a real plugin, if VANE_TEST_PLUGINS names the folder of the built tests/plugins. */
#include <check.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/note.h"
#include "scratch.h"
#include "vane/vane.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__i386__)
#define MACHINE EM_386
#elif defined(__arm__)
#define MACHINE EM_ARM
#endif

static const char *plugin_dir;

/* ---- an image: ELF header, two program headers, one section header, notes ------- */

typedef struct elf {
    ElfW(Ehdr) eh;
    ElfW(Phdr) load, notes;
    ElfW(Shdr) section;
    unsigned char bytes[512]; /* of notes */
} elf;

static const vane_backend_note good_note = {
    .owner_bytes = 5,
    .desc_bytes = sizeof(vane_backend_note) - 20,
    .type = VANE_NOTE_TYPE,
    .owner = "Vane",
    .magic = VANE_BACKEND_MAGIC,
    .desc_size = sizeof(vane_backend_note) - 20,
    .abi_major = VANE_ABI_MAJOR,
    .abi_minor = VANE_ABI_MINOR,
    .sanitizer = VANE_SANITIZER,
    .cpu_required_low = 0x200,
    .cpu_required_high = 0,
    .rank = 7,
    .name = "fast-1_x",
    .version = "1.2.3",
};

static elf elf_make(const void *notes, size_t bytes)
{
    elf e;
    memset(&e, 0, sizeof e);
    memcpy(e.eh.e_ident, ELFMAG, SELFMAG);
    e.eh.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    uint16_t probe = 1;
    unsigned char first;
    memcpy(&first, &probe, 1);
    e.eh.e_ident[EI_DATA] = first ? ELFDATA2LSB : ELFDATA2MSB;
    e.eh.e_type = ET_DYN;
    e.eh.e_machine = MACHINE;
    e.eh.e_phoff = offsetof(elf, load);
    e.eh.e_phentsize = sizeof(ElfW(Phdr));
    e.eh.e_phnum = 2;
    e.load.p_type = PT_LOAD;
    e.load.p_filesz = sizeof(elf);
    e.notes.p_type = PT_NOTE;
    e.notes.p_offset = offsetof(elf, bytes);
    e.notes.p_filesz = bytes;
    e.notes.p_align = 4;
    memcpy(e.bytes, notes, bytes);
    return e;
}

static elf elf_good(void)
{
    return elf_make(&good_note, sizeof good_note);
}

/* An exact copy on the heap, so that ASan sees a read beyond it. */
static vane_status parse(const void *image, size_t bytes, vane_backend_note *out)
{
    char why[256] = "";
    void *copy = malloc(bytes ? bytes : 1);
    ck_assert_ptr_nonnull(copy);
    if (bytes)
        memcpy(copy, image, bytes);
    vane_status status = vane__note_parse(copy, bytes, out, why, sizeof why);
    free(copy);
    if (status != VANE_OK)
        ck_assert_msg(why[0], "a refusal without words");
    return status;
}

static vane_status parse_elf(const elf *e)
{
    vane_backend_note note;
    return parse(e, sizeof *e, &note);
}

/* Appends a note with a padded owner and desc to at; returns the bytes written. */
static size_t note_put(unsigned char *at, const char *owner, uint32_t desc_bytes, uint32_t type,
                       size_t align)
{
    uint32_t head[3] = {(uint32_t)strlen(owner) + 1, desc_bytes, type};
    memcpy(at, head, sizeof head);
    memcpy(at + 12, owner, head[0]);
    size_t desc = (12 + head[0] + align - 1) / align * align;
    return (desc + desc_bytes + align - 1) / align * align;
}

/* ---- reading ------------------------------------------------------------------- */

START_TEST(good_image)
{
    elf e = elf_good();
    vane_backend_note note;
    ck_assert_int_eq(parse(&e, sizeof e, &note), VANE_OK);
    ck_assert_mem_eq(&note, &good_note, sizeof note);
}
END_TEST

START_TEST(unaligned_image)
{
    elf e = elf_good();
    char why[256];
    vane_backend_note note;
    unsigned char *memory = malloc(sizeof e + 3);
    ck_assert_ptr_nonnull(memory);
    memcpy(memory + 3, &e, sizeof e);
    ck_assert_int_eq(vane__note_parse(memory + 3, sizeof e, &note, why, sizeof why), VANE_OK);
    free(memory);
    ck_assert_mem_eq(&note, &good_note, sizeof note);
}
END_TEST

START_TEST(every_truncation)
{
    elf e = elf_good();
    vane_backend_note note;
    for (size_t bytes = 0; bytes < sizeof e; bytes++)
        ck_assert_msg(parse(&e, bytes, &note) == VANE_E_FORMAT, "%zu bytes were enough", bytes);
}
END_TEST

START_TEST(second_note)
{
    unsigned char notes[256] = {0};
    size_t at = note_put(notes, "GNU", 21, 3, 4); /* odd sizes: padding is on trial */
    at += note_put(notes + at, "Vanes", 8, VANE_NOTE_TYPE, 4);
    at += note_put(notes + at, "Vane", 16, VANE_NOTE_TYPE + 1, 4);
    memcpy(notes + at, &good_note, sizeof good_note);
    elf e = elf_make(notes, at + sizeof good_note);
    vane_backend_note note;
    ck_assert_int_eq(parse(&e, sizeof e, &note), VANE_OK);
    ck_assert_mem_eq(&note, &good_note, sizeof note);
}
END_TEST

START_TEST(eight_aligned_segment)
{
    unsigned char notes[256] = {0};
    size_t at = note_put(notes, "GNU", 20, 5, 8), desc = at + 24;
    note_put(notes + at, "Vane", good_note.desc_bytes, VANE_NOTE_TYPE, 8);
    memcpy(notes + desc, &good_note.magic, good_note.desc_bytes);
    elf e = elf_make(notes, desc + good_note.desc_bytes);
    e.notes.p_align = 8;
    vane_backend_note note;
    ck_assert_int_eq(parse(&e, sizeof e, &note), VANE_OK);
    ck_assert_mem_eq(&note, &good_note, sizeof note);
}
END_TEST

START_TEST(sections_are_the_second_chance)
{
    elf e = elf_good();
    vane_backend_note note;
    e.notes.p_type = PT_NULL;
    ck_assert_int_eq(parse(&e, sizeof e, &note), VANE_E_FORMAT);
    e.eh.e_shoff = offsetof(elf, section);
    e.eh.e_shentsize = sizeof(ElfW(Shdr));
    e.eh.e_shnum = 1;
    e.section.sh_type = SHT_NOTE;
    e.section.sh_offset = offsetof(elf, bytes);
    e.section.sh_size = sizeof good_note;
    e.section.sh_addralign = 4;
    ck_assert_int_eq(parse(&e, sizeof e, &note), VANE_OK);
    ck_assert_mem_eq(&note, &good_note, sizeof note);
}
END_TEST

START_TEST(version_is_always_terminated)
{
    vane_backend_note bent = good_note, note;
    memset(bent.version, 'v', sizeof bent.version);
    elf e = elf_make(&bent, sizeof bent);
    ck_assert_int_eq(parse(&e, sizeof e, &note), VANE_OK);
    ck_assert_uint_eq(strlen(note.version), sizeof note.version - 1);
}
END_TEST

/* ---- refusing ------------------------------------------------------------------ */

START_TEST(not_for_this_machine)
{
    elf e = elf_good();
    e.eh.e_machine = EM_SPARC;
    ck_assert_int_eq(parse_elf(&e), VANE_E_ABI);
    e = elf_good();
    e.eh.e_ident[EI_CLASS] ^= 3;
    ck_assert_int_eq(parse_elf(&e), VANE_E_ABI);
    e = elf_good();
    e.eh.e_ident[EI_DATA] ^= 3;
    ck_assert_int_eq(parse_elf(&e), VANE_E_ABI);
    e = elf_good();
    e.eh.e_type = ET_EXEC;
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    e = elf_good();
    e.eh.e_ident[1] = 'F';
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
}
END_TEST

START_TEST(headers_that_lie)
{
    const ElfW(Off) far = (ElfW(Off)) - 8;
    elf e = elf_good();
    e.eh.e_phoff = far;
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    e = elf_good();
    e.eh.e_phnum = 0xffff;
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    e = elf_good();
    e.eh.e_phentsize = 1;
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    e = elf_good();
    e.eh.e_shoff = far;
    e.eh.e_shnum = 2;
    e.eh.e_shentsize = 64;
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    e = elf_good();
    e.load.p_filesz = far; /* the loader would map beyond the file */
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    e = elf_good();
    e.notes.p_offset = far; /* offset + size wraps around into the file */
    e.notes.p_filesz = 16;
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
}
END_TEST

START_TEST(notes_that_lie)
{
    vane_backend_note bent = good_note;
    bent.owner_bytes = 0xffffffffu;
    elf e = elf_make(&bent, sizeof bent);
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    bent = good_note;
    bent.desc_bytes = 0xffffffffu;
    e = elf_make(&bent, sizeof bent);
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    bent.desc_bytes = good_note.desc_bytes + 1; /* one byte beyond the segment */
    e = elf_make(&bent, sizeof bent);
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    bent.desc_bytes = 8; /* too short to say which ABI */
    e = elf_make(&bent, 28);
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
    unsigned char zeros[256] = {0}; /* empty notes, one after the other */
    e = elf_make(zeros, sizeof zeros);
    ck_assert_int_eq(parse_elf(&e), VANE_E_FORMAT);
}
END_TEST

/* ---- judging ------------------------------------------------------------------- */

static void judge(const vane_backend_note *note, uint64_t features, vane_status expected,
                  const char *words)
{
    char why[256] = "";
    vane_status status = vane__note_judge(note, features, why, sizeof why);
    ck_assert_msg(status == expected, "status %d, expected %d: %s", status, expected, why);
    if (words)
        ck_assert_msg(strstr(why, words), "\"%s\" does not say \"%s\"", why, words);
}

START_TEST(judgements)
{
    judge(&good_note, VANE_CPU(AVX2), VANE_OK, NULL);
    judge(&good_note, VANE_CPU(AVX), VANE_E_UNSUPPORTED, "avx2");
    vane_backend_note n = good_note;
    n.cpu_required_high = 0x80000000u;
    judge(&n, VANE_CPU(AVX2), VANE_E_UNSUPPORTED, "bit-63");
    n = good_note;
    n.magic++;
    judge(&n, UINT64_MAX, VANE_E_ABI, "magic");
    n = good_note;
    n.abi_major++;
    judge(&n, UINT64_MAX, VANE_E_ABI, "ABI 2");
    n = good_note;
    n.abi_minor = 9; /* newer fields are appended: no reason to refuse */
    judge(&n, UINT64_MAX, VANE_OK, NULL);
    n = good_note;
    n.desc_size = 40;
    judge(&n, UINT64_MAX, VANE_E_ABI, "40 bytes");
    n = good_note;
    n.sanitizer ^= 3u;
    judge(&n, UINT64_MAX, VANE_E_ABI, "Sanitizer");
}
END_TEST

START_TEST(names)
{
    static const char *const bad[] = {"", "Fast", "a b", "a/b", "a,b", "\xc3\xa9"};
    vane_backend_note n = good_note;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(n.name, 0, sizeof n.name);
        memcpy(n.name, bad[i], strlen(bad[i]));
        judge(&n, UINT64_MAX, VANE_E_ABI, "name");
    }
    memset(n.name, 'a', sizeof n.name); /* no terminator */
    judge(&n, UINT64_MAX, VANE_E_ABI, "name");
    n.name[15] = '\0';
    judge(&n, UINT64_MAX, VANE_OK, NULL);
}
END_TEST

START_TEST(a_short_buffer_is_no_problem)
{
    vane_backend_note n = good_note;
    char why[8] = "";
    n.cpu_required_low = n.cpu_required_high = 0xffffffffu;
    ck_assert_int_eq(vane__note_judge(&n, 0, why, sizeof why), VANE_E_UNSUPPORTED);
    ck_assert_uint_eq(strlen(why), sizeof why - 1);
}
END_TEST

/* ---- files --------------------------------------------------------------------- */

START_TEST(files)
{
    vane_backend_note note;
    char why[256];
    ck_assert_int_eq(vane__note_read("/", &note, why, sizeof why), VANE_E_IO);
    ck_assert_int_eq(vane__note_read("/no/such/file", &note, why, sizeof why), VANE_E_IO);
    ck_assert_int_eq(vane__note_read("/dev/null", &note, why, sizeof why), VANE_E_IO);
    char path[SCRATCH_ROOM];
    int fd = scratch_file(path);
    ck_assert_int_eq(vane__note_read(path, &note, why, sizeof why), VANE_E_FORMAT);
    elf e = elf_good();
    ck_assert_int_eq(write(fd, &e, sizeof e), (ssize_t)sizeof e);
    ck_assert_int_eq(vane__note_read(path, &note, why, sizeof why), VANE_OK);
    ck_assert_str_eq(note.name, "fast-1_x");
    close(fd);
}
END_TEST

/* More notes than one look takes in, the last of them ours; then the same, cut short. */
START_TEST(a_note_far_from_the_headers)
{
    enum { OTHERS = 2000 };
    static const uint32_t other[5] = {4, 4, 1, 0x00554e47, 0}; /* "GNU" */
    vane_backend_note note;
    char why[256], path[SCRATCH_ROOM];
    elf e = elf_good();
    const size_t before = sizeof other * OTHERS, all = offsetof(elf, bytes) + before;
    e.load.p_filesz = all + sizeof good_note;
    e.notes.p_filesz = before + sizeof good_note;
    int fd = scratch_file(path);
    ck_assert_int_eq(pwrite(fd, &e, offsetof(elf, bytes), 0), (ssize_t)offsetof(elf, bytes));
    for (size_t i = 0; i < OTHERS; i++)
        ck_assert_int_eq(
            pwrite(fd, other, sizeof other, (off_t)(offsetof(elf, bytes) + i * sizeof other)),
            (ssize_t)sizeof other);
    ck_assert_int_eq(pwrite(fd, &good_note, sizeof good_note, (off_t)all),
                     (ssize_t)sizeof good_note);
    ck_assert_int_eq(vane__note_read(path, &note, why, sizeof why), VANE_OK);
    ck_assert_int_eq(memcmp(&note, &good_note, sizeof note), 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)all), 0);
    ck_assert_int_eq(vane__note_read(path, &note, why, sizeof why), VANE_E_FORMAT);
    close(fd);
}
END_TEST

START_TEST(a_real_plugin)
{
    vane_backend_note note;
    char why[256] = "";
    char path[4096];
    snprintf(path, sizeof path, "%s/minimal.so", plugin_dir);
    vane_status status = vane__note_read(path, &note, why, sizeof why);
    ck_assert_msg(status == VANE_OK, "%s: %s", path, why);
    ck_assert_str_eq(note.name, "minimal");
    judge(&note, UINT64_MAX, VANE_OK, NULL);
}
END_TEST

int main(void)
{
    plugin_dir = getenv("VANE_TEST_PLUGINS");
    Suite *s = suite_create("note");
    TCase *t = tcase_create("note");
    tcase_add_test(t, good_image);
    tcase_add_test(t, unaligned_image);
    tcase_add_test(t, every_truncation);
    tcase_add_test(t, second_note);
    tcase_add_test(t, eight_aligned_segment);
    tcase_add_test(t, sections_are_the_second_chance);
    tcase_add_test(t, version_is_always_terminated);
    tcase_add_test(t, not_for_this_machine);
    tcase_add_test(t, headers_that_lie);
    tcase_add_test(t, notes_that_lie);
    tcase_add_test(t, judgements);
    tcase_add_test(t, names);
    tcase_add_test(t, a_short_buffer_is_no_problem);
    tcase_add_test(t, files);
    tcase_add_test(t, a_note_far_from_the_headers);
    if (plugin_dir)
        tcase_add_test(t, a_real_plugin);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
