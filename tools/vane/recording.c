/* SPDX-License-Identifier: MIT */
/* recording.c - reads what VANE_RECORD wrote. */
#include "recording.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct cursor {
    const unsigned char *at, *end;
    int bad; /* something ended too early, or is too large for its place */
} cursor;

/* ---- numbers and texts ---------------------------------------------------------------- */

static uint64_t number(cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0; c->at < c->end && shift < 64; shift += 7) {
        unsigned char b = *c->at++;
        if (shift == 63 && b > 1)
            break;
        value |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return value;
    }
    c->bad = 1;
    return 0;
}

/* One that is most at most. */
static uint32_t small(cursor *c, uint32_t most)
{
    uint64_t value = number(c);
    c->bad |= value > most;
    return c->bad ? 0 : (uint32_t)value;
}

static int64_t sign(cursor *c)
{
    uint64_t twice = number(c), half = twice >> 1;
    return (int64_t)(twice & 1 ? ~half : half);
}

static double real(cursor *c)
{
    uint64_t bits = 0;
    double value;
    if (c->end - c->at < 8) {
        c->bad = 1;
        return 0;
    }
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)*c->at++ << 8 * i;
    memcpy(&value, &bits, sizeof value);
    c->bad |= !isfinite(value) || value < 0;
    return value;
}

/* A text longer than its place is cut. */
static void text(cursor *c, char *out, size_t room)
{
    uint64_t bytes = number(c);
    out[0] = '\0';
    if (c->bad || bytes > (uint64_t)(c->end - c->at)) {
        c->bad = 1;
        return;
    }
    size_t kept = bytes < room ? (size_t)bytes : room - 1;
    memcpy(out, c->at, kept);
    out[kept] = '\0';
    c->at += bytes;
}

/* ---- entries -------------------------------------------------------------------------- */

/* Room for one more; NULL: no memory. */
static void *one_more(void **all, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        size_t more = *room ? *room * 2 : 16;
        void *at = realloc(*all, more * size);
        if (at == NULL)
            return NULL;
        *all = at;
        *room = more;
    }
    void *one = (char *)*all + count * size;
    memset(one, 0, size);
    return one;
}

static void operand(cursor *c, vane_tensor *t)
{
    int64_t shape[VANE_MAX_RANK];
    uint32_t dtype = small(c, VANE_DTYPE_COUNT - 1), rank = small(c, VANE_MAX_RANK);
    for (uint32_t d = 0; d < rank; d++) {
        uint64_t length = number(c);
        c->bad |= length > INT64_MAX;
        shape[d] = (int64_t)length;
    }
    *t = vane_tensor_of(NULL, (vane_dtype)dtype, c->bad ? 0 : rank, shape);
    uint32_t dense = small(c, 1);
    for (uint32_t d = 0; !dense && d < rank; d++)
        t->stride[d] = sign(c);
}

static void params(cursor *c, recording_kind *k)
{
    k->params_bytes = small(c, sizeof k->params);
    if (c->bad || k->params_bytes > (size_t)(c->end - c->at)) {
        c->bad = 1;
        return;
    }
    memcpy(&k->params, c->at, k->params_bytes);
    c->at += k->params_bytes;
}

static const char no_memory[] = "out of memory";

static uint64_t hash_of(const unsigned char *at, const unsigned char *end)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; at < end; at++)
        h = (h ^ *at) * UINT64_C(0x100000001b3);
    return h;
}

static const char *read_kind(recording *r, cursor *c)
{
    uint64_t hash = hash_of(c->at, c->end);
    recording_kind *k = one_more((void **)&r->kinds, r->n_kinds, &r->kinds_room, sizeof *r->kinds);
    if (k == NULL)
        return no_memory;
    r->n_kinds++;
    k->bytes_hash = hash;
    k->op = small(c, UINT32_MAX);
    text(c, k->name, sizeof k->name);
    k->dtype = small(c, VANE_DTYPE_COUNT - 1);
    k->size_class = small(c, UINT32_MAX);
    k->place = small(c, UINT32_MAX);
    k->flops = real(c);
    k->bytes = real(c);
    uint64_t n_in = number(c);
    params(c, k);
    if (c->bad || n_in > (uint64_t)(c->end - c->at) / 3) /* each takes three bytes at least */
        return "a kind of call is damaged";
    k->tensors = calloc((size_t)n_in + 1, sizeof *k->tensors);
    if (k->tensors == NULL)
        return no_memory;
    k->n_in = (uint32_t)n_in;
    for (uint32_t i = 0; i <= k->n_in && !c->bad; i++)
        operand(c, &k->tensors[i]);
    return c->bad ? "an operand is damaged" : NULL;
}

static const char *read_who(recording *r, cursor *c)
{
    recording_who *w = one_more((void **)&r->whos, r->n_whos, &r->whos_room, sizeof *r->whos);
    if (w == NULL)
        return no_memory;
    r->n_whos++;
    text(c, w->backend, sizeof w->backend);
    text(c, w->device, sizeof w->device);
    text(c, w->kernel, sizeof w->kernel);
    w->width = small(c, UINT32_MAX);
    return c->bad ? "who computed is damaged" : NULL;
}

static const char *read_run(recording *r, cursor *c)
{
    recording_run *run = one_more((void **)&r->runs, r->n_runs, &r->runs_room, sizeof *r->runs);
    if (run == NULL)
        return no_memory;
    run->kind = small(c, UINT32_MAX);
    run->who = small(c, UINT32_MAX);
    run->thread = small(c, UINT32_MAX);
    int64_t since = sign(c);
    run->ns = number(c);
    uint32_t flags = small(c, UINT32_MAX);
    uint64_t trials = flags & 1 ? number(c) : 0;
    run->retries = flags & 2 ? small(c, UINT32_MAX) : 0;
    int64_t status = flags & 4 ? sign(c) : 0;
    run->asynchronous = (flags & 8) != 0;
    c->bad |= status < INT32_MIN || status > 0 || run->ns > INT64_MAX;
    if (c->bad)
        return "a call is damaged";
    if (run->kind >= r->n_kinds || run->who >= r->n_whos)
        return "a call is of a kind, or by somebody, that nothing before it describes";
    run->status = (int32_t)status;
    run->ns = run->ns > trials ? run->ns - trials : 0;
    const recording_run *before = r->n_runs > 0 ? run - 1 : NULL;
    if (before != NULL && __builtin_add_overflow(before->begin_ns, since, &run->begin_ns))
        return "a call begins beyond all time";
    if (run->thread >= r->n_threads)
        r->n_threads = run->thread == UINT32_MAX ? run->thread : run->thread + 1;
    r->n_runs++;
    return NULL;
}

static const char *read_head(recording *r, cursor *c)
{
    if (r->version[0] != '\0')
        return "there are two heads";
    if (number(c) != 1 || c->bad)
        return "it is of a version that this vane does not read";
    r->process = number(c);
    text(c, r->version, sizeof r->version);
    return c->bad || r->version[0] == '\0' ? "its head is damaged" : NULL;
}

static const char *read_entry(recording *r, char letter, cursor *c)
{
    if (letter == 'V')
        return read_head(r, c);
    if (r->version[0] == '\0')
        return "its head is missing";
    switch (letter) {
    case 'C':
        return read_kind(r, c);
    case 'W':
        return read_who(r, c);
    case 'R':
        return read_run(r, c);
    case 'L':
        r->left_out = number(c);
        return c->bad ? "what was left out is damaged" : NULL;
    default:
        return NULL; /* of a later version */
    }
}

/* ---- the file ------------------------------------------------------------------------- */

int recording_parse(const void *bytes, size_t size, recording *out, char why[RECORDING_WHY])
{
    static const char magic[] = "VANEREC\n";
    cursor c = {bytes, (const unsigned char *)bytes + size, 0};
    memset(out, 0, sizeof *out);
    if (size < sizeof magic - 1 || memcmp(bytes, magic, sizeof magic - 1) != 0) {
        snprintf(why, RECORDING_WHY, "it is no recording of VANE_RECORD");
        return 0;
    }
    c.at += sizeof magic - 1;
    while (c.at < c.end) {
        size_t offset = (size_t)(c.at - (const unsigned char *)bytes);
        char letter = (char)*c.at++;
        uint64_t length = number(&c);
        const char *wrong = NULL;
        if (c.bad || length > (uint64_t)(c.end - c.at)) {
            wrong = "it ends within an entry";
        } else {
            cursor entry = {c.at, c.at + length, 0};
            wrong = read_entry(out, letter, &entry);
            c.at += length;
        }
        if (wrong != NULL) {
            snprintf(why, RECORDING_WHY, "at byte %zu: %s", offset, wrong);
            return 0;
        }
    }
    if (out->version[0] == '\0')
        snprintf(why, RECORDING_WHY, "its head is missing");
    return out->version[0] != '\0';
}

static int read_all(FILE *f, unsigned char **bytes, size_t *size)
{
    size_t room = 0, got;
    do {
        if (*size == room) {
            unsigned char *more = realloc(*bytes, room = room ? room * 2 : 65536);
            if (more == NULL) {
                errno = ENOMEM;
                return 0;
            }
            *bytes = more;
        }
        got = fread(*bytes + *size, 1, room - *size, f);
        *size += got;
    } while (got > 0);
    return !ferror(f);
}

int recording_open(const char *path, recording *out, char why[RECORDING_WHY])
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    FILE *f = fopen(path, "rbe");
    int done = f != NULL && read_all(f, &bytes, &size);
    if (!done)
        snprintf(why, RECORDING_WHY, "%s", strerror(errno));
    if (f != NULL)
        fclose(f);
    done = done && recording_parse(bytes != NULL ? (void *)bytes : (void *)why, size, out, why);
    free(bytes);
    return done;
}

void recording_close(recording *r)
{
    for (size_t i = 0; i < r->n_kinds; i++)
        free(r->kinds[i].tensors);
    free(r->kinds);
    free(r->whos);
    free(r->runs);
    memset(r, 0, sizeof *r);
}
