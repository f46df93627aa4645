/* SPDX-License-Identifier: MIT */
/* note.c - finds the "Vane" note in an ELF file and judges it, before anything is mapped.
 *
 * The file is hostile until proved otherwise: each read is bounds-checked, each structure
 * is copied out (nothing in a file is aligned), and sizes are compared by subtraction, so
 * that no sum can wrap. A file shorter than its own headers say is refused here, because
 * dlopen would map it and die of SIGBUS. It is read through a window and not mapped: nearly
 * always one read is enough, which is a fifth of the time, and a file that shrinks meanwhile
 * is no signal. PT_NOTE segments are read first; a file without them gets a second chance by
 * its SHT_NOTE sections.
 */
#include "plugin/note.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vane/vane.h"

#if __ELF_NATIVE_CLASS == 64
#define NATIVE_CLASS ELFCLASS64
#else
#define NATIVE_CLASS ELFCLASS32
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_DATA ELFDATA2LSB
#else
#define NATIVE_DATA ELFDATA2MSB
#endif

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__i386__)
#define NATIVE_MACHINE EM_386
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#elif defined(__arm__)
#define NATIVE_MACHINE EM_ARM
#elif defined(__riscv)
#define NATIVE_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define NATIVE_MACHINE EM_PPC64
#elif defined(__s390x__)
#define NATIVE_MACHINE EM_S390
#elif defined(__loongarch__)
#define NATIVE_MACHINE 258
#else
#error "note.c: name this machine's ELF number here"
#endif

/* What of the note lies before its descriptor, and the least of a descriptor that says
 * which contract it is written for. */
#define HEAD_BYTES offsetof(vane_backend_note, magic)
#define DESC_BYTES ((uint32_t)(sizeof(vane_backend_note) - HEAD_BYTES))
#define DESC_MIN_BYTES 12u

_Static_assert(HEAD_BYTES == 20 && sizeof(vane_backend_note) == 88, "v1.0's note is for ever");

/* What is held of a file, from at on. */
typedef struct window {
    int fd;
    uint64_t at, held;
    unsigned char bytes[4096];
} window;

typedef struct image {
    const unsigned char *base; /* all of it, or NULL */
    uint64_t bytes;
    window *window; /* in place of base */
} image;

static int inside(const image *im, uint64_t at, uint64_t bytes)
{
    return at <= im->bytes && bytes <= im->bytes - at;
}

static int holds(const window *w, uint64_t at, size_t bytes)
{
    return at >= w->at && at - w->at <= w->held && bytes <= w->held - (at - w->at);
}

/* NULL: unreadable, or the file is shorter than it was. */
static const unsigned char *look(window *w, uint64_t at, size_t bytes)
{
    if (!holds(w, at, bytes)) {
        ssize_t got;
        do
            got = pread(w->fd, w->bytes, sizeof w->bytes, (off_t)at);
        while (got < 0 && errno == EINTR);
        w->at = at;
        w->held = got > 0 ? (uint64_t)got : 0;
    }
    return holds(w, at, bytes) ? w->bytes + (at - w->at) : NULL;
}

/* What is not there reads as zeros. */
static int fetch(const image *im, uint64_t at, void *out, size_t bytes)
{
    const unsigned char *from = NULL;
    if (inside(im, at, bytes))
        from = im->window != NULL ? look(im->window, at, bytes) : im->base + at;
    if (from == NULL)
        memset(out, 0, bytes);
    else
        memcpy(out, from, bytes);
    return from != NULL;
}

/* Are count entries of each bytes, from at on, inside? No product wraps: both are 16 bits. */
static int table_inside(const image *im, uint64_t at, uint32_t count, uint32_t each)
{
    return inside(im, at, (uint64_t)count * each);
}

/* ---- the ELF header ------------------------------------------------------------ */

static vane_status refuse(vane_status status, char *why, size_t bytes, const char *text)
{
    snprintf(why, bytes, "%s", text);
    return status;
}

static vane_status header_check(const image *im, ElfW(Ehdr) * eh, char *why, size_t bytes)
{
    unsigned char magic[SELFMAG];
    if (im->bytes == 0)
        return refuse(VANE_E_FORMAT, why, bytes, "the file is empty");
    if (!fetch(im, 0, magic, sizeof magic) || memcmp(magic, ELFMAG, SELFMAG) != 0)
        return refuse(VANE_E_FORMAT, why, bytes, "not an ELF file");
    if (!fetch(im, 0, eh, sizeof *eh))
        return refuse(VANE_E_FORMAT, why, bytes, "truncated: the file ends in its ELF header");
    if (eh->e_ident[EI_CLASS] != NATIVE_CLASS || eh->e_ident[EI_DATA] != NATIVE_DATA) {
        snprintf(why, bytes,
                 "built for another machine: ELF class %u, byte order %u; expected %d, %d",
                 eh->e_ident[EI_CLASS], eh->e_ident[EI_DATA], NATIVE_CLASS, NATIVE_DATA);
        return VANE_E_ABI;
    }
    if (eh->e_machine != NATIVE_MACHINE) {
        snprintf(why, bytes, "built for another machine: ELF machine %u, expected %d",
                 eh->e_machine, NATIVE_MACHINE);
        return VANE_E_ABI;
    }
    if (eh->e_type != ET_DYN) {
        snprintf(why, bytes, "not a shared object: ELF type %u, expected %d", eh->e_type, ET_DYN);
        return VANE_E_FORMAT;
    }
    return VANE_OK;
}

/* Everything the headers promise must be in the file. */
static vane_status extent_check(const image *im, const ElfW(Ehdr) * eh, char *why, size_t bytes)
{
    if (eh->e_phnum == 0 || eh->e_phnum == PN_XNUM || eh->e_phentsize != sizeof(ElfW(Phdr)))
        return refuse(VANE_E_FORMAT, why, bytes, "malformed: its program headers make no sense");
    if (!table_inside(im, eh->e_phoff, eh->e_phnum, eh->e_phentsize))
        return refuse(VANE_E_FORMAT, why, bytes, "truncated: the program headers are missing");
    if (eh->e_shoff && !table_inside(im, eh->e_shoff, eh->e_shnum, eh->e_shentsize))
        return refuse(VANE_E_FORMAT, why, bytes, "truncated: the section headers are missing");
    for (uint32_t i = 0; i < eh->e_phnum; i++) {
        ElfW(Phdr) ph;
        fetch(im, eh->e_phoff + (uint64_t)i * sizeof ph, &ph, sizeof ph);
        if (ph.p_type == PT_LOAD && !inside(im, ph.p_offset, ph.p_filesz))
            return refuse(VANE_E_FORMAT, why, bytes, "truncated: a segment ends beyond the file");
    }
    return VANE_OK;
}

/* ---- notes --------------------------------------------------------------------- */

static uint64_t align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static int is_ours(const image *im, uint64_t at, const uint32_t head[3])
{
    char owner[5];
    return head[0] == sizeof owner && head[2] == VANE_NOTE_TYPE &&
           fetch(im, at + 12, owner, sizeof owner) && memcmp(owner, "Vane", sizeof owner) == 0;
}

/* Fields that the writer did not know stay zero; ones that we don't know are dropped. */
static void take(const image *im, const uint32_t head[3], uint64_t desc, vane_backend_note *out)
{
    *out = (vane_backend_note){
        .owner_bytes = head[0], .desc_bytes = head[1], .type = head[2], .owner = "Vane"};
    fetch(im, desc, &out->magic, head[1] < DESC_BYTES ? head[1] : DESC_BYTES);
    out->version[sizeof out->version - 1] = '\0'; /* for people: a long one is cut */
}

/* Walks the notes in [at, end) of the image. The caller saw that the range is inside it. */
static int walk(const image *im, uint64_t at, uint64_t end, uint64_t align, vane_backend_note *out)
{
    uint32_t head[3];
    while (end - at >= sizeof head) {
        fetch(im, at, head, sizeof head);
        uint64_t left = end - at, desc = align_up(sizeof head + (uint64_t)head[0], align);
        if (desc > left || head[1] > left - desc)
            return 0;
        if (is_ours(im, at, head)) {
            take(im, head, at + desc, out);
            return 1;
        }
        uint64_t next = align_up(desc + head[1], align);
        if (next > left)
            return 0;
        at += next;
    }
    return 0;
}

static int find_in_segments(const image *im, const ElfW(Ehdr) * eh, vane_backend_note *out)
{
    for (uint32_t i = 0; i < eh->e_phnum; i++) {
        ElfW(Phdr) ph;
        if (fetch(im, eh->e_phoff + (uint64_t)i * sizeof ph, &ph, sizeof ph) &&
            ph.p_type == PT_NOTE && inside(im, ph.p_offset, ph.p_filesz) &&
            walk(im, ph.p_offset, (uint64_t)ph.p_offset + ph.p_filesz, ph.p_align == 8 ? 8 : 4,
                 out))
            return 1;
    }
    return 0;
}

static int find_in_sections(const image *im, const ElfW(Ehdr) * eh, vane_backend_note *out)
{
    if (eh->e_shoff == 0 || eh->e_shentsize != sizeof(ElfW(Shdr)))
        return 0;
    for (uint32_t i = 0; i < eh->e_shnum; i++) {
        ElfW(Shdr) sh;
        if (fetch(im, eh->e_shoff + (uint64_t)i * sizeof sh, &sh, sizeof sh) &&
            sh.sh_type == SHT_NOTE && inside(im, sh.sh_offset, sh.sh_size) &&
            walk(im, sh.sh_offset, (uint64_t)sh.sh_offset + sh.sh_size,
                 sh.sh_addralign == 8 ? 8 : 4, out))
            return 1;
    }
    return 0;
}

static vane_status parse(const image *im, vane_backend_note *out, char *why, size_t why_bytes)
{
    ElfW(Ehdr) eh;
    *out = (vane_backend_note){0};
    vane_status status = header_check(im, &eh, why, why_bytes);
    if (status == VANE_OK)
        status = extent_check(im, &eh, why, why_bytes);
    if (status != VANE_OK)
        return status;
    if (!find_in_segments(im, &eh, out) && !find_in_sections(im, &eh, out))
        return refuse(VANE_E_FORMAT, why, why_bytes,
                      "no Vane note: not a plugin, or VANE_BACKEND() is missing");
    if (out->desc_bytes < DESC_MIN_BYTES) {
        snprintf(why, why_bytes, "malformed: the Vane note has %u bytes", out->desc_bytes);
        *out = (vane_backend_note){0};
        return VANE_E_FORMAT;
    }
    return VANE_OK;
}

vane_status vane__note_parse(const void *base, uint64_t bytes, vane_backend_note *out, char *why,
                             size_t why_bytes)
{
    const image im = {.base = base, .bytes = bytes};
    return parse(&im, out, why, why_bytes);
}

vane_status vane__note_read(const char *path, vane_backend_note *out, char *why, size_t why_bytes)
{
    vane_status status = VANE_E_IO;
    struct stat st;
    *out = (vane_backend_note){0};
    window w = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (w.fd < 0) {
        status = errno == EACCES ? VANE_E_PERMISSION : VANE_E_IO;
        return refuse(status, why, why_bytes, strerror(errno));
    }
    if (fstat(w.fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        refuse(status, why, why_bytes, "not a regular file");
    } else {
        const image im = {.bytes = (uint64_t)st.st_size, .window = &w};
        status = parse(&im, out, why, why_bytes);
    }
    close(w.fd);
    return status;
}

/* ---- judgement ----------------------------------------------------------------- */

const char *vane__sanitizer_name(uint32_t sanitizer)
{
    static const char *const names[] = {"no sanitizer", "AddressSanitizer", "ThreadSanitizer",
                                        "MemorySanitizer"};
    return sanitizer < sizeof names / sizeof names[0] ? names[sanitizer] : "an unknown sanitizer";
}

int vane__backend_name_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strnlen(name, 16);
    return length > 0 && length < 16 && strspn(name, allowed) == length;
}

static const char *bit_name(int bit)
{
    static const char *const names[64] = {
#define NAME(NAME_, text, bit_) [bit_] = text,
        VANE_CPU_MAP(NAME)
#undef NAME
    };
    return names[bit];
}

void vane__cpu_missing(uint64_t required, uint64_t features, char *why, size_t bytes)
{
    int at = snprintf(why, bytes, "needs");
    for (int bit = 0; bit < 64; bit++) {
        if (!((required & ~features) >> bit & 1) || at < 0 || (size_t)at >= bytes)
            continue;
        if (bit_name(bit))
            at += snprintf(why + at, bytes - (size_t)at, " %s", bit_name(bit));
        else
            at += snprintf(why + at, bytes - (size_t)at, " bit-%d", bit);
    }
    if (at > 0 && (size_t)at < bytes)
        snprintf(why + at, bytes - (size_t)at, ": not on this CPU, or masked");
}

/* The fields are read in the order in which contracts could ever change: nothing after
 * the major number is trusted before the major number is. */
vane_status vane__note_judge(const vane_backend_note *note, uint64_t cpu_features, char *why,
                             size_t why_bytes)
{
    uint64_t required = (uint64_t)note->cpu_required_high << 32 | note->cpu_required_low;
    if (note->magic != VANE_BACKEND_MAGIC)
        snprintf(why, why_bytes, "wrong magic in the note: 0x%08x, expected 0x%08x", note->magic,
                 VANE_BACKEND_MAGIC);
    else if (note->abi_major != VANE_ABI_MAJOR)
        snprintf(why, why_bytes, "built for plugin ABI %u, this is ABI %u", note->abi_major,
                 VANE_ABI_MAJOR);
    else if (note->desc_size < DESC_BYTES || note->desc_bytes < DESC_BYTES)
        snprintf(why, why_bytes, "the note has %u bytes, expected %u or more",
                 note->desc_size < note->desc_bytes ? note->desc_size : note->desc_bytes,
                 DESC_BYTES);
    else if (note->flags & ~VANE__BACKEND_FLAGS)
        snprintf(why, why_bytes, "needs features this core does not know: flags 0x%x",
                 note->flags & ~VANE__BACKEND_FLAGS);
    else if (note->sanitizer != VANE_SANITIZER)
        snprintf(why, why_bytes, "built with %s, libvane with %s",
                 vane__sanitizer_name(note->sanitizer), vane__sanitizer_name(VANE_SANITIZER));
    else if (!vane__backend_name_valid(note->name))
        snprintf(why, why_bytes, "the name in the note is not 1 to 15 of a-z 0-9 _ -");
    else if (required & ~cpu_features) {
        vane__cpu_missing(required, cpu_features, why, why_bytes);
        return VANE_E_UNSUPPORTED;
    } else
        return VANE_OK;
    return VANE_E_ABI;
}
