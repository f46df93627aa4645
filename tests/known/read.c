/* SPDX-License-Identifier: MIT */
/* read.c - known.txt into cases. A case is some lines:
 *   case NAME OP [ulps=N] [near=X] [bits] [sign]
 *   param KEY=VALUE ...            (none: NULL, the defaults)
 *   in DTYPE SHAPE ELEMENTS ...    (one for each input; "same": those of the case before)
 *   out DTYPE SHAPE ELEMENTS ...   (ends the case)
 * Elements are storage bits in hexadecimal, bits*count a run; '#' begins a comment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

static char *word(char **at)
{
    return strtok_r(NULL, " \n", at);
}

static int read_shape(char *text, vane_tensor *t)
{
    char *at = NULL;
    t->rank = 0;
    if (!strcmp(text, "scalar"))
        return 1;
    for (char *d = strtok_r(text, "x", &at); d; d = strtok_r(NULL, "x", &at)) {
        if (t->rank == VANE_MAX_RANK)
            return 0;
        t->shape[t->rank++] = strtoll(d, NULL, 10);
    }
    return 1;
}

static void put_bits(void *data, int64_t i, uint32_t bytes, uint64_t bits)
{
    for (uint32_t b = 0; b < bytes; b++) { /* in this machine's byte order */
        const uint16_t one = 1;
        const uint32_t to = *(const unsigned char *)&one ? b : bytes - 1 - b;
        ((unsigned char *)data)[(uint64_t)i * bytes + to] = (unsigned char)(bits >> 8 * b);
    }
}

/* 0 when the text is malformed or the count of elements is not the shape's. */
static int read_elements(char **at, vane_tensor *t, int64_t count)
{
    const uint32_t bytes = vane_dtype_bytes(t->dtype);
    int64_t i = 0;
    for (char *w = word(at); w; w = word(at)) {
        char *end;
        const uint64_t bits = strtoull(w, &end, 16);
        const long long run = *end == '*' ? strtoll(end + 1, &end, 10) : 1;
        if (*end || run < 1 || run > count - i)
            return 0;
        for (long long r = 0; r < run; r++)
            put_bits(t->data, i++, bytes, bits);
    }
    return i == count;
}

static int read_tensor(char **at, vane_tensor *out)
{
    char *const dtype = word(at), *const shape = word(at);
    vane_tensor t = {0};
    if (!dtype || !shape || vane_dtype_parse(dtype, &t.dtype) != VANE_OK || !read_shape(shape, &t))
        return 0;
    const int64_t count = vane_tensor_count(&t);
    if (count < 0)
        return 0;
    *out = vane_tensor_of(calloc((size_t)count + 1, vane_dtype_bytes(t.dtype)), (vane_dtype)t.dtype,
                          t.rank, t.shape);
    return out->data && read_elements(at, out, count);
}

static int read_head(char **at, known_case *c)
{
    const char *const name = word(at), *const op = word(at);
    if (!name || !op)
        return 0;
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->op, sizeof c->op, "%s", op);
    for (const char *w = word(at); w; w = word(at)) {
        if (!strncmp(w, "ulps=", 5))
            c->ulps = (uint32_t)strtoul(w + 5, NULL, 10);
        else if (!strncmp(w, "near=", 5))
            c->near = strtod(w + 5, NULL);
        else if (!strcmp(w, "bits"))
            c->bits = 1;
        else if (!strcmp(w, "sign"))
            c->sign = 1;
        else
            return 0;
    }
    return 1;
}

static int read_params(char **at, known_case *c)
{
    c->has_params = 1;
    for (char *w = word(at); w; w = word(at)) {
        char *const equals = strchr(w, '=');
        if (!equals)
            return 0;
        *equals = 0;
        if (!known_param(c->op, w, equals + 1, &c->params))
            return 0;
    }
    return 1;
}

/* The inputs of the case before, in memory of this case's own. */
static int copy_inputs(const known_case *from, known_case *c)
{
    for (; c->n_in < from->n_in; c->n_in++) {
        const vane_tensor *const t = &from->in[c->n_in];
        const size_t bytes = (size_t)vane_tensor_count(t) * vane_dtype_bytes(t->dtype);
        c->in[c->n_in] = *t;
        c->in[c->n_in].data = malloc(bytes + 1);
        if (!c->in[c->n_in].data)
            return 0;
        memcpy(c->in[c->n_in].data, t->data, bytes);
    }
    return 1;
}

/* -1 malformed, 1 the case is complete, 0 it goes on. */
static int read_line(char *line, known_case *cases, uint32_t n)
{
    char *at = NULL;
    const char *const what = strtok_r(line, " \n", &at);
    known_case *const c = &cases[n];
    if (!what || *what == '#')
        return 0;
    if (!strcmp(what, "case"))
        return read_head(&at, c) - 1;
    if (!strcmp(what, "param"))
        return read_params(&at, c) - 1;
    if (!strcmp(what, "same"))
        return (n > 0 && copy_inputs(&cases[n - 1], c)) - 1;
    if (!strcmp(what, "in") && c->n_in < VANE_MAX_ARG - 1)
        return read_tensor(&at, &c->in[c->n_in++]) - 1;
    if (!strcmp(what, "out"))
        return read_tensor(&at, &c->out) ? 1 : -1;
    return -1;
}

static known_case *grow(known_case *cases, uint32_t n)
{
    if (n & 63) /* cases come 64 at a time */
        return cases;
    known_case *const more = realloc(cases, (n + 64u) * sizeof *cases);
    if (more)
        memset(more + n, 0, 64 * sizeof *more);
    return more;
}

known_case *known_open(const char *path, uint32_t *count, char *why, size_t why_bytes)
{
    FILE *const f = fopen(path, "r");
    known_case *cases = f ? grow(NULL, 0) : NULL;
    char *line = NULL;
    size_t room = 0;
    uint32_t n = 0, at = 0;
    int got = cases ? 0 : -1;
    while (got >= 0 && getline(&line, &room, f) >= 0) {
        at++;
        cases[n].line = cases[n].line ? cases[n].line : at;
        got = read_line(line, cases, n);
        if (got == 1) {
            known_case *const more = grow(cases, ++n);
            got = more ? 0 : -1;
            cases = more ? more : cases;
        }
    }
    if (got < 0)
        snprintf(why, why_bytes, "%s:%u: cannot be read", path, at);
    free(line);
    if (f)
        fclose(f);
    *count = n;
    if (got < 0)
        known_close(cases, n);
    return got < 0 ? NULL : cases;
}

void known_close(known_case *cases, uint32_t count)
{
    for (uint32_t i = 0; cases && i < count; i++) {
        for (uint32_t k = 0; k < cases[i].n_in; k++)
            free(cases[i].in[k].data);
        free(cases[i].out.data);
    }
    free(cases);
}
