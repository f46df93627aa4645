/* SPDX-License-Identifier: MIT */
/* fuzz_note.c - any bytes for the ELF note parser and its judge: real plugins, bent where their
 * headers and notes are. Reads outside the input are ASan's to find; broken promises are traps.
 * What is parsed is also read, from a file of the same bytes. The plugin is minimal.so in
 * VANE_TEST_PLUGINS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "plugin/note.h"
#include "vane/vane.h"

const char fuzz_name[] = "fuzz_note";
const size_t fuzz_room = 1 << 19;
const long fuzz_rounds = 20000;

static vane_status parse_and_judge(const uint8_t *data, size_t bytes)
{
    vane_backend_note note;
    char why[128] = "";
    vane_status status = vane__note_parse(data, bytes, &note, why, sizeof why);
    fuzz_expect(memchr(why, '\0', sizeof why) != NULL);
    if (status != VANE_OK) {
        fuzz_expect(why[0] != '\0');
        return status;
    }
    fuzz_expect(memcmp(note.owner, "Vane", 5) == 0 && note.type == VANE_NOTE_TYPE);
    fuzz_expect(memchr(note.version, '\0', sizeof note.version) != NULL);
    status = vane__note_judge(&note, VANE_CPU(SSE2) | VANE_CPU(NEON), why, sizeof why);
    if (status != VANE_OK)
        fuzz_expect(why[0] != '\0');
    else /* what is let through may be quoted */
        fuzz_expect(memchr(note.name, '\0', sizeof note.name) != NULL);
    return status;
}

/* A file of the same bytes, of which only a window is held, gets the same answer. */
static void read_and_compare(const uint8_t *data, size_t bytes)
{
    static int fd = -1;
    vane_backend_note note, of_file;
    char why[128] = "", why_file[128] = "", path[64];
    if (fd < 0)
        fd = memfd_create("fuzz_note", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 ||
        pwrite(fd, data, bytes, 0) != (ssize_t)bytes || access(path, R_OK) != 0)
        return; /* not to be had here */
    vane_status status = vane__note_parse(data, bytes, &note, why, sizeof why);
    fuzz_expect(vane__note_read(path, &of_file, why_file, sizeof why_file) == status);
    fuzz_expect(strcmp(why, why_file) == 0 && memcmp(&note, &of_file, sizeof note) == 0);
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    read_and_compare(data, bytes);
    return parse_and_judge(data, bytes) == VANE_OK;
}

/* Where the headers and notes are; a plugin's code says nothing to the parser. */
static size_t pick_place(size_t bytes)
{
    size_t near = bytes < 1024 ? bytes : 1024;
    switch (fuzz_below(8)) {
    case 0:
        return fuzz_below(bytes);
    case 1:
        return bytes - 1 - fuzz_below(near); /* section headers */
    case 2:
    case 3:
        return fuzz_below(bytes < 64 ? bytes : 64); /* the ELF header */
    default:
        return fuzz_below(near);
    }
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    (void)room;
    if (fuzz_below(32) == 0)
        return 1 + fuzz_below(bytes); /* cut */
    static const uint64_t odd[] = {0,
                                   1,
                                   3,
                                   4,
                                   5,
                                   8,
                                   0x7f,
                                   0xff,
                                   0xffff,
                                   0x7fffffff,
                                   0xffffffff,
                                   UINT64_C(0x7fffffffffffffff),
                                   UINT64_C(0xfffffffffffffff0)};
    size_t at = pick_place(bytes), width = (size_t)1 << fuzz_below(4);
    uint64_t value = odd[fuzz_below(sizeof odd / sizeof odd[0])];
    if (fuzz_below(2))
        at &= ~(width - 1);
    if (at + width > bytes)
        return bytes;
    switch (fuzz_below(4)) {
    case 0:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        break;
    case 1:
        data[at] = (uint8_t)fuzz_random();
        break;
    case 2:
        memmove(data + at, data + fuzz_below(bytes - width), width);
        break;
    default:
        memcpy(data + at, &value, width);
    }
    return bytes;
}

/* Read once. */
static const uint8_t *plugin(size_t *bytes)
{
    static uint8_t *data;
    static size_t held;
    const char *folder = getenv("VANE_TEST_PLUGINS");
    char path[4096];
    if (!data && folder) {
        snprintf(path, sizeof path, "%s/minimal.so", folder);
        FILE *f = fopen(path, "rb");
        data = f ? malloc(fuzz_room) : NULL;
        held = data ? fread(data, 1, fuzz_room, f) : 0;
        if (f)
            fclose(f);
    }
    *bytes = held;
    return data;
}

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    size_t bytes;
    const uint8_t *data = plugin(&bytes);
    if (which > 0 || bytes == 0 || bytes > room)
        return 0;
    memcpy(out, data, bytes);
    return bytes;
}
