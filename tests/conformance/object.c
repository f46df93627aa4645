/* SPDX-License-Identifier: MIT */
/* object.c - what a shared object's file says of itself. Every offset is checked: the file is
 * somebody else's. */
#include "object.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct image {
    const unsigned char *at;
    uint64_t bytes;
} image;

/* NULL: outside the file. */
static const void *part(const image *m, uint64_t offset, uint64_t bytes)
{
    return offset <= m->bytes && bytes <= m->bytes - offset ? m->at + offset : NULL;
}

static int copy(const image *m, uint64_t offset, void *out, size_t bytes)
{
    const void *from = part(m, offset, bytes);
    if (from)
        memcpy(out, from, bytes);
    return from != NULL;
}

static void read_notes(const image *m, const Elf64_Phdr *p, conform_object *out)
{
    for (uint64_t at = p->p_offset, end = at + p->p_filesz; at < end && !out->has_note;) {
        Elf64_Nhdr n;
        if (!copy(m, at, &n, sizeof n))
            return;
        if (n.n_namesz == 5 && n.n_type == VANE_NOTE_TYPE &&
            copy(m, at, &out->note, sizeof out->note) && !memcmp(out->note.owner, "Vane", 5))
            out->has_note = 1;
        at += sizeof n + (n.n_namesz + 3u) / 4 * 4 + (n.n_descsz + 3u) / 4 * 4;
    }
}

static void read_dynamic(const image *m, const Elf64_Phdr *p, conform_object *out)
{
    Elf64_Dyn d;
    for (uint64_t at = 0; at + sizeof d <= p->p_filesz && copy(m, p->p_offset + at, &d, sizeof d);
         at += sizeof d)
        if (d.d_tag == DT_INIT_ARRAYSZ)
            out->init_bytes = d.d_un.d_val;
}

static int is_export(const Elf64_Sym *s)
{
    int bind = ELF64_ST_BIND(s->st_info), visible = ELF64_ST_VISIBILITY(s->st_other);
    return s->st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK) &&
           (visible == STV_DEFAULT || visible == STV_PROTECTED);
}

/* The linker's own marks, and what sanitizers add, are nobody's interface. */
static int is_marker(const char *name)
{
    static const char *const marks[] = {"_init", "_fini", "_end", "_edata", "__bss_start"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (!strcmp(name, marks[i]))
            return 1;
    return !strncmp(name, "__asan", 6) || !strncmp(name, "__odr_asan", 10) ||
           !strncmp(name, "__start_", 8) || !strncmp(name, "__stop_", 7);
}

static void read_symbols(const image *m, const Elf64_Shdr *s, const Elf64_Shdr *names,
                         conform_object *out)
{
    Elf64_Sym sym;
    for (uint64_t at = 0;
         at + sizeof sym <= s->sh_size && copy(m, s->sh_offset + at, &sym, sizeof sym);
         at += sizeof sym) {
        const char *name = part(m, names->sh_offset + sym.st_name, 1);
        if (!name || !is_export(&sym) ||
            !memchr(name, 0, (size_t)(m->bytes - names->sh_offset - sym.st_name)) ||
            is_marker(name))
            continue;
        out->exports++;
        if (strcmp(name, "vane_backend_entry_v1") != 0)
            snprintf(out->other_export, sizeof out->other_export, "%s", name);
    }
}

static void read_image(const image *m, conform_object *out)
{
    static const unsigned char ident[] = {
        0x7f, 'E',        'L',
        'F',  ELFCLASS64, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB};
    Elf64_Ehdr e;
    Elf64_Phdr p;
    Elf64_Shdr s, names;
    if (!copy(m, 0, &e, sizeof e) || memcmp(e.e_ident, ident, sizeof ident) != 0)
        return;
    out->readable = 1;
    for (uint32_t i = 0; i < e.e_phnum; i++) {
        if (!copy(m, e.e_phoff + (uint64_t)i * sizeof p, &p, sizeof p))
            return;
        if (p.p_type == PT_NOTE)
            read_notes(m, &p, out);
        if (p.p_type == PT_DYNAMIC)
            read_dynamic(m, &p, out);
    }
    for (uint32_t i = 0; i < e.e_shnum; i++)
        if (copy(m, e.e_shoff + (uint64_t)i * sizeof s, &s, sizeof s) && s.sh_type == SHT_DYNSYM &&
            copy(m, e.e_shoff + (uint64_t)s.sh_link * sizeof names, &names, sizeof names))
            read_symbols(m, &s, &names, out);
}

void conform_object_read(const char *path, conform_object *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *out = (conform_object){0};
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at != MAP_FAILED) {
            read_image(&(image){at, (uint64_t)st.st_size}, out);
            munmap(at, (size_t)st.st_size);
        }
    }
    if (fd >= 0)
        close(fd);
}
