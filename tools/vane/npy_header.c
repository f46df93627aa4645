/* SPDX-License-Identifier: MIT */
/* npy_header.c - the header of a .npy file: a magic string, a version, a length and one
 * Python dict literal with the keys 'descr', 'fortran_order' and 'shape' in any order.
 *
 * The parser reads that literal and nothing else of Python; it never looks beyond end.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "npy.h"

typedef struct cursor {
    const unsigned char *at, *end;
    char *why;
} cursor;

__attribute__((format(printf, 2, 3))) static int bad(char *why, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, NPY_WHY, fmt, ap);
    va_end(ap);
    return 0;
}

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static int next_is(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != (unsigned char)wanted)
        return 0;
    c->at++;
    return 1;
}

/* What stands at the cursor, for the sentence. */
static int expected(cursor *c, const char *what)
{
    skip_blanks(c);
    if (c->at == c->end)
        return bad(c->why, "the header ends where %s was expected", what);
    if (*c->at > 0x20 && *c->at < 0x7f)
        return bad(c->why, "the header has '%c' where %s was expected", *c->at, what);
    return bad(c->why, "the header has byte 0x%02x where %s was expected", *c->at, what);
}

static int parse_string(cursor *c, const char *what, char *out, size_t bytes)
{
    size_t n = 0;
    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return expected(c, what);
    unsigned char quote = *c->at++;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (*c->at < 0x20 || *c->at > 0x7e || *c->at == '\\')
            return expected(c, "a plain character of a string");
        if (n + 1 == bytes)
            return bad(c->why,
                       "the header has a string of more than %d characters where %s was "
                       "expected",
                       (int)bytes - 1, what);
        out[n++] = (char)*c->at;
    }
    out[n] = 0;
    if (c->at == c->end)
        return bad(c->why, "the header ends inside a string");
    c->at++;
    return 1;
}

static int parse_bool(cursor *c, int *out)
{
    skip_blanks(c);
    size_t left = (size_t)(c->end - c->at);
    *out = left >= 4 && !memcmp(c->at, "True", 4);
    if (!*out && (left < 5 || memcmp(c->at, "False", 5)))
        return expected(c, "True or False for 'fortran_order'");
    c->at += *out ? 4 : 5;
    return 1;
}

static int parse_size(cursor *c, int64_t *out)
{
    int64_t v = 0;
    skip_blanks(c);
    if (c->at == c->end || *c->at < '0' || *c->at > '9')
        return expected(c, "a size of 'shape'");
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
            __builtin_add_overflow(v, (int64_t)(*c->at - '0'), &v))
            return bad(c->why, "the header's shape has a size that does not fit in 63 bits");
    if (c->at < c->end && *c->at == 'L') /* as Python 2 wrote them */
        c->at++;
    *out = v;
    return 1;
}

static int parse_shape(cursor *c, npy_header *h)
{
    h->rank = 0;
    if (!next_is(c, '('))
        return expected(c, "a tuple for 'shape'");
    while (!next_is(c, ')')) {
        if (h->rank == VANE_MAX_RANK)
            return bad(c->why, "the array has more than %d dimensions, the most that Vane takes",
                       VANE_MAX_RANK);
        if (!parse_size(c, &h->shape[h->rank]))
            return 0;
        h->rank++;
        if (next_is(c, ','))
            continue;
        if (h->rank == 1 || !next_is(c, ')')) /* (3) is a number in Python, not a tuple */
            return expected(c, h->rank == 1 ? "',' in 'shape'" : "',' or ')' in 'shape'");
        return 1;
    }
    return 1;
}

/* descr is NumPy's text: byte order, kind, bytes of an element. */
static int parse_dtype(cursor *c, npy_header *h)
{
    static const struct {
        const char *text;
        uint32_t dtype;
    } known[] = {{"f4", VANE_F32}, {"f8", VANE_F64},  {"f2", VANE_F16},
                 {"i4", VANE_I32}, {"i8", VANE_I64},  {"u1", VANE_U8},
                 {"i1", VANE_I8},  {"b1", VANE_BOOL}, {"V2", VANE_BF16}};
    const uint16_t probe = 1;
    const char native = *(const unsigned char *)&probe ? '<' : '>';
    char text[16];
    skip_blanks(c);
    if (c->at < c->end && *c->at == '[')
        return bad(c->why, "the array has records; Vane takes arrays of plain numbers");
    if (!parse_string(c, "a string for 'descr'", text, sizeof text))
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int one_byte = known[i].text[1] == '1';
        if (!text[0] || strcmp(text + 1, known[i].text) || !strchr("<>=|", text[0]) ||
            (text[0] == '|' && !one_byte))
            continue;
        h->dtype = known[i].dtype;
        h->swapped = !one_byte && text[0] != '=' && text[0] != native;
        return 1;
    }
    return bad(c->why,
               "the array's data type is '%s'; Vane takes f2 f4 f8 i1 i4 i8 u1 b1 and, for "
               "bf16, '<V2'",
               text);
}

static int parse_member(cursor *c, npy_header *h, unsigned *seen)
{
    char key[16];
    if (!parse_string(c, "a key", key, sizeof key))
        return 0;
    unsigned bit = !strcmp(key, "descr")           ? 1
                   : !strcmp(key, "fortran_order") ? 2
                   : !strcmp(key, "shape")         ? 4
                                                   : 0;
    if (!bit)
        return bad(c->why,
                   "the header has the key '%s'; descr, fortran_order and shape were "
                   "expected",
                   key);
    if (*seen & bit)
        return bad(c->why, "the header has the key '%s' twice", key);
    *seen |= bit;
    if (!next_is(c, ':'))
        return expected(c, "':' after a key");
    return bit == 1 ? parse_dtype(c, h) : bit == 2 ? parse_bool(c, &h->fortran) : parse_shape(c, h);
}

static int parse_dict(cursor *c, npy_header *h)
{
    unsigned seen = 0;
    if (!next_is(c, '{'))
        return expected(c, "'{'");
    while (!next_is(c, '}')) {
        if (!parse_member(c, h, &seen))
            return 0;
        if (next_is(c, ','))
            continue;
        if (!next_is(c, '}'))
            return expected(c, "',' or '}'");
        break;
    }
    skip_blanks(c);
    if (c->at != c->end)
        return expected(c, "the end of the header");
    if (!(seen & 1) || !(seen & 2) || !(seen & 4))
        return bad(c->why, "the header lacks the key '%s'",
                   !(seen & 1)   ? "descr"
                   : !(seen & 2) ? "fortran_order"
                                 : "shape");
    return 1;
}

static uint32_t element_bytes(uint32_t dtype)
{
    static const uint32_t bytes[] = {
#define BYTES(NAME, name, n) n,
        VANE_DTYPE_MAP(BYTES)
#undef BYTES
    };
    return bytes[dtype];
}

/* Sets data_bytes. The product of the sizes must fit even where one of them is 0, because
 * the strides are made from it. */
static int measure(npy_header *h, uint64_t size, char *why)
{
    int64_t spread = element_bytes(h->dtype);
    int empty = 0;
    for (uint32_t i = 0; i < h->rank; i++) {
        empty |= h->shape[i] == 0;
        if (h->shape[i] && __builtin_mul_overflow(spread, h->shape[i], &spread))
            return bad(why, "the array's size does not fit in 63 bits");
    }
    h->data_bytes = empty ? 0 : (uint64_t)spread;
    uint64_t left = size - h->data_offset;
    if (left < h->data_bytes)
        return bad(why, "the data ends after %" PRIu64 " of %" PRIu64 " bytes", left,
                   h->data_bytes);
    if (left > h->data_bytes)
        return bad(why,
                   "%" PRIu64 " bytes follow the array's %" PRIu64 "; one array and nothing "
                   "else was expected",
                   left - h->data_bytes, h->data_bytes);
    return 1;
}

int npy_parse(const void *bytes, uint64_t size, npy_header *out, char *why)
{
    const unsigned char *b = bytes;
    memset(out, 0, sizeof *out);
    if (size < 10)
        return bad(why, "the file has %" PRIu64 " bytes; a .npy file has at least 10", size);
    if (memcmp(b, "\x93NUMPY", 6))
        return bad(why, "the file does not begin with .npy's \\x93NUMPY");
    if (b[6] < 1 || b[6] > 3 || b[7])
        return bad(why, "the file's version is %u.%u; 1.0, 2.0 or 3.0 was expected", b[6], b[7]);
    uint64_t lead = b[6] == 1 ? 10 : 12;
    if (size < lead)
        return bad(why, "the file ends inside its header's length");
    uint64_t length = (uint64_t)b[8] | (uint64_t)b[9] << 8;
    if (lead == 12)
        length |= (uint64_t)b[10] << 16 | (uint64_t)b[11] << 24;
    if (length > size - lead)
        return bad(why, "the header ends after %" PRIu64 " of %" PRIu64 " bytes", size - lead,
                   length);
    out->major = b[6];
    out->data_offset = lead + length;
    cursor c = {b + lead, b + lead + length, why};
    return parse_dict(&c, out) && measure(out, size, why);
}
