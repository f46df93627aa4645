/* SPDX-License-Identifier: MIT */
/* npy_write.c - a tensor in NumPy's .npy format, for the core and the vane command. */
#include "npy_write.h"

#include <inttypes.h>
#include <string.h>

static const char *descr_of(const vane_tensor *t, uint32_t *bytes)
{
    static const char *const texts[] = {[VANE_F32] = "f4",  [VANE_F64] = "f8", [VANE_F16] = "f2",
                                        [VANE_BF16] = "V2", [VANE_I32] = "i4", [VANE_I64] = "i8",
                                        [VANE_U8] = "u1",   [VANE_I8] = "i1",  [VANE_BOOL] = "b1"};
    const char *text = t->dtype < VANE_DTYPE_COUNT ? texts[t->dtype] : NULL;
    *bytes = text ? (uint32_t)(text[1] - '0') : 0;
    return text;
}

/* Version 1.0 always fits: eight sizes of 20 digits are far below 64 KiB. The whole lead is
 * a multiple of 64 bytes and ends in a newline, as NumPy pads it. */
static int write_header(FILE *f, const vane_tensor *t, const char *descr, uint32_t item)
{
    const uint16_t probe = 1;
    char order = item == 1 ? '|' : *(const unsigned char *)&probe ? '<' : '>';
    char text[384];
    unsigned char lead[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0, 0};
    size_t n = (size_t)snprintf(
        text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, descr);
    for (uint32_t i = 0; i < t->rank; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%" PRId64 "%s", i ? " " : "",
                              t->shape[i], t->rank == 1 || i + 1 < t->rank ? "," : "");
    n += (size_t)snprintf(text + n, sizeof text - n, "), }");
    size_t padded = (sizeof lead + n + 1 + 63) / 64 * 64 - sizeof lead;
    memset(text + n, ' ', padded - n);
    text[padded - 1] = '\n';
    lead[8] = (unsigned char)(padded & 255);
    lead[9] = (unsigned char)(padded >> 8);
    return fwrite(lead, sizeof lead, 1, f) == 1 && fwrite(text, padded, 1, f) == 1;
}

/* Row-major order whatever the strides are: the innermost dimension at once where it is
 * dense, the others like an odometer. */
static int write_data(FILE *f, const vane_tensor *t, uint32_t item)
{
    int64_t index[VANE_MAX_RANK] = {0};
    uint32_t inner = t->rank ? t->rank - 1 : 0;
    int64_t length = t->rank ? t->shape[inner] : 1;
    int64_t step = t->rank ? t->stride[inner] : 1;
    const unsigned char *at = t->data;
    for (uint32_t i = 0; i < t->rank; i++)
        if (t->shape[i] == 0)
            return 1;
    for (;;) {
        if (step == 1 || length == 1) {
            if (fwrite(at, item, (size_t)length, f) != (size_t)length)
                return 0;
        } else {
            for (int64_t k = 0; k < length; k++)
                if (fwrite(at + k * step * (int64_t)item, item, 1, f) != 1)
                    return 0;
        }
        uint32_t d = inner;
        while (d > 0) {
            d--;
            at += t->stride[d] * (int64_t)item;
            if (++index[d] < t->shape[d])
                break;
            at -= t->stride[d] * (int64_t)item * t->shape[d];
            index[d] = 0;
            if (d == 0)
                return 1;
        }
        if (inner == 0)
            return 1;
    }
}

int vane__npy_write(FILE *f, const vane_tensor *t)
{
    uint32_t item;
    const char *descr = descr_of(t, &item);
    if (descr == NULL || t->rank > VANE_MAX_RANK)
        return -1;
    return write_header(f, t, descr, item) && write_data(f, t, item);
}
