/* SPDX-License-Identifier: MIT */
/* top_page.c - a page copied out of its file, and judged. */
#include "top_page.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vane/vane.h"

/* ---- judged --------------------------------------------------------------------------- */

static top_verdict VANE_PRINTF(2, 3) bad(char why[TOP_WHY], const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, TOP_WHY, fmt, args);
    va_end(args);
    return TOP_BAD;
}

/* What a terminal could take for a command, or cannot show, is a '?'. */
static void tidy(char *text, size_t bytes)
{
    text[bytes - 1] = '\0';
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}
#define TIDY(text) tidy(text, sizeof(text))

static void tidy_number(double *x)
{
    if (!isfinite(*x) || *x < 0)
        *x = 0;
}

static int is_row(const vane__page_body *b, uint32_t who)
{
    return who < b->n_devices || who >= VANE__PAGE_OTHER;
}

static int check_devices(vane__page_body *b)
{
    for (uint32_t i = 0; i < b->n_devices; i++) {
        TIDY(b->devices[i].backend);
        TIDY(b->devices[i].id);
        TIDY(b->devices[i].name);
    }
    return 1;
}

static int check_routes(vane__page_body *b)
{
    for (uint32_t i = 0; i < b->n_routes; i++) {
        vane__page_route *r = &b->routes[i];
        TIDY(r->op);
        TIDY(r->why);
        tidy_number(&r->predicted_ns);
        if (!is_row(b, r->from) || !is_row(b, r->to) || r->dtype >= VANE_DTYPE_COUNT)
            return 0;
    }
    return 1;
}

static int check_counts(vane__page_body *b)
{
    for (uint32_t i = 0; i < b->n_shifts; i++) {
        vane__page_shift *s = &b->shifts[i];
        TIDY(s->op);
        if (!is_row(b, s->from) || !is_row(b, s->to) || s->dtype >= VANE_DTYPE_COUNT)
            return 0;
    }
    for (uint32_t i = 0; i < b->n_calls; i++) {
        vane__page_calls *c = &b->calls[i];
        TIDY(c->op);
        tidy_number(&c->flops);
        tidy_number(&c->bytes);
        if (!is_row(b, c->who) || c->dtype >= VANE_DTYPE_COUNT)
            return 0;
    }
    return 1;
}

static int check_body(vane__page_body *b)
{
    TIDY(b->policy);
    tidy_number(&b->host.others_cpus);
    tidy_number(&b->host.own_cpus);
    tidy_number(&b->host.cpu_pressure_percent);
    tidy_number(&b->host.mem_pressure_percent);
    return b->n_devices <= VANE__PAGE_DEVICES && b->n_routes <= VANE__PAGE_ROUTES &&
           b->n_shifts <= VANE__PAGE_SHIFTS && b->n_calls <= VANE__PAGE_CALLS && check_devices(b) &&
           check_routes(b) && check_counts(b);
}

top_verdict top_page_parse(const void *bytes, size_t size, top_page *out, char why[TOP_WHY])
{
    if (size < sizeof out->head)
        return bad(why, "it is cut short: %zu bytes", size);
    memcpy(&out->head, bytes, sizeof out->head);
    if (out->head.magic == 0)
        return bad(why, "it is being made"), TOP_EARLY;
    if (out->head.magic != VANE__PAGE_MAGIC)
        return bad(why, "it is no page of Vane");
    if (out->head.version != VANE__PAGE_VERSION)
        return bad(why, "its layout is version %u, of another Vane; this one reads version %u",
                   out->head.version, VANE__PAGE_VERSION);
    if (size != sizeof(vane__page) || out->head.bytes != sizeof(vane__page))
        return bad(why, "it has %zu bytes, expected %zu", size, sizeof(vane__page));
    TIDY(out->head.libvane);
    TIDY(out->head.program);
    memcpy(&out->sequence, (const char *)bytes + offsetof(vane__page, sequence), 8);
    if (out->sequence == 0)
        return bad(why, "nothing is shown in it yet"), TOP_EARLY;
    if (out->sequence & 1)
        return bad(why, "it stays half written; is the process stopped?");
    memcpy(&out->body, (const char *)bytes + offsetof(vane__page, body), sizeof out->body);
    if (!check_body(&out->body))
        return bad(why, "it contradicts itself");
    return TOP_GOOD;
}

/* ---- out of the file ------------------------------------------------------------------ */

static int sequence_of(int fd, uint64_t *out)
{
    return pread(fd, out, sizeof *out, offsetof(vane__page, sequence)) == sizeof *out;
}

/* All of one moment, or what the last try brought; the bytes that there were. */
static size_t copy_whole(int fd, char *to)
{
    struct timespec pause = {0, 1000000};
    uint64_t before = 0, after = 1;
    ssize_t n = 0;
    for (int tries = 0; tries < 200; tries++) {
        if (tries > 0)
            nanosleep(&pause, NULL);
        int had = sequence_of(fd, &before);
        atomic_thread_fence(memory_order_seq_cst);
        n = pread(fd, to, sizeof(vane__page) + 1, 0);
        atomic_thread_fence(memory_order_seq_cst);
        if (!had || !sequence_of(fd, &after) || n < (ssize_t)sizeof(vane__page) || before == 0)
            break;
        memcpy(to + offsetof(vane__page, sequence), &before, sizeof before);
        if (before == after && !(before & 1))
            break;
        before |= 1; /* torn: as if it were being written */
        memcpy(to + offsetof(vane__page, sequence), &before, sizeof before);
    }
    return n > 0 ? (size_t)n : 0;
}

static void tell_looks(int fd)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t word = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    ssize_t n = pwrite(fd, &word, sizeof word, offsetof(vane__page, looks));
    (void)n; /* then it is shown as it was */
}

static top_verdict judge_file(int fd, char why[TOP_WHY])
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return bad(why, "%s", strerror(errno));
    if (!S_ISREG(s.st_mode))
        return bad(why, "it is no file");
    if (s.st_uid != geteuid())
        return bad(why, "it is another user's");
    if (s.st_mode & 077)
        return bad(why, "others may read or write it");
    return TOP_GOOD;
}

static int open_page(const char *path, int flags)
{
    return open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

top_verdict top_page_read(const char *path, int look, top_page *out, char why[TOP_WHY])
{
    int fd = open_page(path, look ? O_RDWR : O_RDONLY);
    if (fd < 0)
        return bad(why, "%s", strerror(errno)), errno == ENOENT ? TOP_GONE : TOP_BAD;
    top_verdict v = judge_file(fd, why);
    char *bytes = v == TOP_GOOD ? malloc(sizeof(vane__page) + 1) : NULL;
    if (v == TOP_GOOD && bytes == NULL)
        v = bad(why, "no memory for its copy");
    if (bytes != NULL)
        v = top_page_parse(bytes, copy_whole(fd, bytes), out, why);
    if (look && (v == TOP_GOOD || v == TOP_EARLY))
        tell_looks(fd);
    free(bytes);
    close(fd);
    return v;
}

void top_page_look(const char *path)
{
    char why[TOP_WHY];
    int fd = open_page(path, O_WRONLY);
    if (fd >= 0 && judge_file(fd, why) == TOP_GOOD)
        tell_looks(fd);
    if (fd >= 0)
        close(fd);
}

/* ---- names ----------------------------------------------------------------------------- */

top_who top_who_of(const vane__page_body *b, uint32_t who)
{
    top_who w = {"-"};
    if (who == VANE__PAGE_PROGRAM)
        snprintf(w.s, sizeof w.s, "program");
    else if (who == VANE__PAGE_OTHER)
        snprintf(w.s, sizeof w.s, "other");
    else if (who < b->n_devices && who < VANE__PAGE_DEVICES)
        snprintf(w.s, sizeof w.s, "%s%s%s", b->devices[who].backend,
                 b->devices[who].id[0] ? "/" : "", b->devices[who].id);
    return w;
}
