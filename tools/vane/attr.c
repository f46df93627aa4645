/* SPDX-License-Identifier: MIT */
/* attr.c - --attr key=value, in ONNX's names, into an operation's parameters.
 *
 * One table says which keys each member of vane_params has. The fields that no --attr names
 * keep the defaults that ops.h states.
 */
#include "attr.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "text.h"

typedef enum attr_kind { INTEGER, FLAG, NOT_FLAG, REAL, LIST, APPROXIMATE } attr_kind;

typedef struct attr {
    const char *params; /* vane_op_info.params */
    const char *key;
    const char *form; /* what stands after the '=' */
    attr_kind kind;
    size_t offset;       /* in vane_params */
    size_t count_offset; /* LIST: of its length */
} attr;

#define AT(field) offsetof(vane_params, field)
static const attr attrs[] = {
    {"gelu", "approximate", "none|tanh", APPROXIMATE, AT(gelu.tanh_approximation), 0},
    {"clip", "min", "NUMBER", REAL, AT(clip.lo), 0},
    {"clip", "max", "NUMBER", REAL, AT(clip.hi), 0},
    {"clip", "lo", "NUMBER", REAL, AT(clip.lo), 0},
    {"clip", "hi", "NUMBER", REAL, AT(clip.hi), 0},
    {"axpy", "alpha", "NUMBER", REAL, AT(axpy.alpha), 0},
    {"reduce", "axes", "INT,...", LIST, AT(reduce.axes), AT(reduce.n_axes)},
    {"reduce", "keepdims", "0|1", NOT_FLAG, AT(reduce.drop_dims), 0},
    {"argmax", "axis", "INT", INTEGER, AT(argmax.axis), 0},
    {"argmax", "keepdims", "0|1", NOT_FLAG, AT(argmax.drop_dims), 0},
    {"argmax", "select_last_index", "0|1", FLAG, AT(argmax.last_index), 0},
    {"gemm", "alpha", "NUMBER", REAL, AT(gemm.alpha), 0},
    {"gemm", "beta", "NUMBER", REAL, AT(gemm.beta), 0},
    {"gemm", "transA", "0|1", FLAG, AT(gemm.trans_a), 0},
    {"gemm", "transB", "0|1", FLAG, AT(gemm.trans_b), 0},
    {"softmax", "axis", "INT", INTEGER, AT(softmax.axis), 0},
    {"transpose", "perm", "INT,...", LIST, AT(transpose.perm), AT(transpose.n_perm)},
    {"fill", "value", "NUMBER", REAL, AT(fill.value), 0},
    {"concat", "axis", "INT", INTEGER, AT(concat.axis), 0},
};
enum { N_ATTRS = sizeof attrs / sizeof attrs[0] };

static void set_defaults(const char *params, vane_params *p)
{
    memset(p, 0, sizeof *p);
    if (!strcmp(params, "clip")) {
        p->clip.lo = -INFINITY;
        p->clip.hi = INFINITY;
    } else if (!strcmp(params, "axpy")) {
        p->axpy.alpha = 1;
    } else if (!strcmp(params, "gemm")) {
        p->gemm.alpha = p->gemm.beta = 1;
    } else if (!strcmp(params, "softmax")) {
        p->softmax.axis = -1;
    }
}

static int parse_i32(const char *s, int32_t *out)
{
    int64_t v;
    if (!text_integer(s, &v) || v < INT32_MIN || v > INT32_MAX)
        return 0;
    *out = (int32_t)v;
    return 1;
}

static int parse_list(const char *s, int32_t *out, uint32_t *count)
{
    char item[24];
    *count = 0;
    for (;;) {
        size_t n = strcspn(s, ",");
        if (n >= sizeof item || *count == VANE_MAX_RANK)
            return 0;
        memcpy(item, s, n);
        item[n] = 0;
        if (!parse_i32(item, &out[(*count)++]))
            return 0;
        if (!s[n])
            return 1;
        s += n + 1;
    }
}

static int set(const attr *a, const char *value, vane_params *p)
{
    char *field = (char *)p + a->offset;
    uint32_t flag;
    switch (a->kind) {
    case INTEGER:
        return parse_i32(value, (int32_t *)(void *)field);
    case REAL:
        return text_real(value, (double *)(void *)field);
    case LIST:
        return parse_list(value, (int32_t *)(void *)field,
                          (uint32_t *)(void *)((char *)p + a->count_offset));
    case APPROXIMATE:
        if (strcmp(value, "none") && strcmp(value, "tanh"))
            return 0;
        flag = value[0] == 't';
        break;
    default:
        if (strcmp(value, "0") && strcmp(value, "1"))
            return 0;
        flag = (value[0] == '1') == (a->kind == FLAG);
    }
    memcpy(field, &flag, sizeof flag);
    return 1;
}

void attr_describe(const vane_op_info *op, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < N_ATTRS && used < bytes; i++) {
        const attr *a = &attrs[i];
        /* min and max are clip's ONNX names; lo and hi are accepted, not advertised */
        if (strcmp(a->params, op->params) || !strcmp(a->key, "lo") || !strcmp(a->key, "hi"))
            continue;
        used +=
            (size_t)snprintf(out + used, bytes - used, "%s%s=%s", used ? " " : "", a->key, a->form);
    }
}

static int one(const vane_op_info *op, const char *text, vane_params *p)
{
    char valid[256];
    size_t n = strcspn(text, "=");
    for (int i = 0; i < N_ATTRS; i++) {
        const attr *a = &attrs[i];
        if (strcmp(a->params, op->params) || strlen(a->key) != n || memcmp(a->key, text, n))
            continue;
        if (text[n] && set(a, text + n + 1, p))
            return CLI_OK;
        return cli_usage("--attr %s: %s expects %s=%s", text, op->name, a->key, a->form);
    }
    attr_describe(op, valid, sizeof valid);
    if (!valid[0])
        return cli_usage("--attr %s: %s has no attributes", text, op->name);
    return cli_usage("--attr %s: %s has no such attribute; it has %s", text, op->name, valid);
}

int attr_parse(const vane_op_info *op, const args_list *list, vane_params *params,
               const vane_params **out)
{
    *out = list->count ? params : NULL;
    set_defaults(op->params, params);
    for (int i = 0; i < list->count; i++)
        if (one(op, list->item[i], params))
            return CLI_USAGE;
    return CLI_OK;
}
