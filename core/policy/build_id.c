/* SPDX-License-Identifier: MIT */
/* build_id.c - asks the dynamic linker for the file, and its notes for the build. */
#include "policy/build_id.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/hash.h"

#define MOST_NOTES 4096
#define MOST_BYTES (UINT64_C(256) << 20) /* of a file that has to be read */

typedef struct question {
    uintptr_t address;
    char *out;
    int found, is_mapped;
    char path[4096];
} question;

/* ---- notes --------------------------------------------------------------------------- */

static uint64_t align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static void write_digits(const unsigned char *id, uint32_t bytes, char out[VANE__BUILD_ID_TEXT])
{
    uint32_t most = (VANE__BUILD_ID_TEXT - 1) / 2;
    for (uint32_t i = 0; i < bytes && i < most; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
}

int vane__build_id_note(const void *notes, uint64_t bytes, uint64_t align,
                        char out[VANE__BUILD_ID_TEXT])
{
    const unsigned char *at = notes;
    uint32_t head[3];
    while (bytes >= sizeof head) {
        memcpy(head, at, sizeof head);
        uint64_t desc = align_up(sizeof head + (uint64_t)head[0], align);
        if (desc > bytes || head[1] > bytes - desc)
            return 0;
        if (head[2] == NT_GNU_BUILD_ID && head[0] == 4 && memcmp(at + 12, "GNU", 4) == 0 &&
            head[1] > 0) {
            write_digits(at + desc, head[1], out);
            return 1;
        }
        uint64_t next = align_up(desc + head[1], align);
        if (next > bytes)
            return 0;
        at += next;
        bytes -= next;
    }
    return 0;
}

/* ---- the file -------------------------------------------------------------------------- */

static int holds(const struct dl_phdr_info *o, uintptr_t address)
{
    for (uint32_t i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &o->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && address - (o->dlpi_addr + ph->p_vaddr) < ph->p_memsz)
            return 1;
    }
    return 0;
}

/* What lies between two notes is no object, and AddressSanitizer would not have it read. */
static __attribute__((no_sanitize_address)) size_t copy_notes(uintptr_t from, size_t bytes,
                                                              unsigned char *out, size_t room)
{
    const volatile unsigned char *at = (const volatile unsigned char *)from;
    size_t n = bytes < room ? bytes : room;
    for (size_t i = 0; i < n; i++)
        out[i] = at[i];
    return n;
}

static int look(struct dl_phdr_info *o, size_t bytes, void *arg)
{
    question *q = arg;
    (void)bytes;
    if (!holds(o, q->address))
        return 0;
    q->is_mapped = 1;
    snprintf(q->path, sizeof q->path, "%s",
             o->dlpi_name && o->dlpi_name[0] ? o->dlpi_name : "/proc/self/exe");
    for (uint32_t i = 0; !q->found && i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &o->dlpi_phdr[i];
        unsigned char notes[MOST_NOTES];
        if (ph->p_type != PT_NOTE)
            continue;
        size_t n = copy_notes(o->dlpi_addr + ph->p_vaddr, ph->p_memsz, notes, sizeof notes);
        q->found = vane__build_id_note(notes, n, ph->p_align == 8 ? 8 : 4, q->out);
    }
    return 1;
}

/* A file that was replaced since it was mapped gives another hash: nothing remembered, which
 * is the safe mistake. */
static int hash_file(const char *path, char out[VANE__BUILD_ID_TEXT])
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), good = 0;
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        (uint64_t)st.st_size <= MOST_BYTES) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED) {
            uint64_t h = vane__hash(VANE__HASH_SEED, map, (uint64_t)st.st_size);
            snprintf(out, VANE__BUILD_ID_TEXT, "content-%016llx", (unsigned long long)h);
            munmap(map, (size_t)st.st_size);
            good = 1;
        }
    }
    close(fd);
    return good;
}

int vane__build_id(const void *address, char out[VANE__BUILD_ID_TEXT])
{
    question q = {.address = (uintptr_t)address, .out = out};
    out[0] = '\0';
    dl_iterate_phdr(look, &q);
    return q.found || (q.is_mapped && hash_file(q.path, out));
}
