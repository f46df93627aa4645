/* SPDX-License-Identifier: MIT */
/* fuzz_call.c - any op over any tensors: shapes, strides, types, parameters and places.
 *
 * All data lies in one heap block (ASan guards its ends). Only calls whose operands would leave
 * it are not made, because no library can know; whatever else is wrong is Vane's to find. A
 * call that is refused has written nothing, one that is made nothing beside its output.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "vane/vane.h"

enum {
    ARENA = 1 << 16,
    INPUTS = 3,
    HEAD = 4 + 24,
    PER_TENSOR = 24,
    ROOM = HEAD + (INPUTS + 1) * PER_TENSOR
};

const char fuzz_name[] = "fuzz_call";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 200000;

static unsigned char *arena, *before;
static vane_context *ctx;
static uint32_t custom;

/* ---- an op of our own: touches both ends of every operand ----------------------- */

static unsigned char *end_of(const vane_view *v)
{
    int64_t at = 0;
    for (uint32_t d = 0; d < v->rank; d++)
        at += (v->shape[d] - 1) * v->stride[d];
    return (unsigned char *)v->data + at * (int64_t)vane_dtype_bytes(v->dtype);
}

static vane_status touch(const vane_kernel *self, const vane_call *call)
{
    unsigned char seen = 0;
    (void)self;
    for (uint32_t i = 0; i < call->n_in; i++) {
        int64_t n = 1;
        for (uint32_t d = 0; d < call->arg[i].rank; d++)
            n *= call->arg[i].shape[d] != 0;
        if (n > 0)
            seen ^= *(unsigned char *)call->arg[i].data ^ *end_of(&call->arg[i]);
    }
    *end_of(&call->arg[call->n_in]) = seen;
    return VANE_OK;
}

static void hush(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void open_once(void)
{
    static const vane_op_desc desc = {.struct_size = sizeof desc,
                                      .n_in = 2,
                                      .n_out = 1,
                                      .name = "fuzz.touch",
                                      .dtypes = (1u << VANE_DTYPE_COUNT) - 1,
                                      .reference = touch};
    vane_config config = {
        .struct_size = sizeof config, .threads = 2, .no_default_path = 1, .log = hush};
    if (ctx != NULL)
        return;
    arena = malloc(ARENA);
    before = malloc(ARENA);
    fuzz_expect(arena && before && vane_open(&config, &ctx) == VANE_OK);
    fuzz_expect(vane_op_register(ctx, &desc, &custom) == VANE_OK);
    for (size_t i = 0; i < ARENA; i++)
        before[i] = (unsigned char)(i * 7 + i / 251);
}

/* ---- bytes to a call ------------------------------------------------------------ */

typedef struct bytes_left {
    const uint8_t *at, *end;
} bytes_left;

static uint8_t take(bytes_left *b)
{
    return b->at < b->end ? *b->at++ : 0;
}

typedef struct asked {
    uint32_t op, n_in, n_out;
    int infer_out, by_plan, no_params;
    vane_params params;
    vane_tensor in[INPUTS], out;
    const vane_tensor *ins[INPUTS + 1];
    vane_tensor *outs[1];
} asked;

static double take_double(bytes_left *b)
{
    static const double odd[] = {0,    1,     -1,      0.5, 2,        255,       256,
                                 -129, 1e300, -1e-300, NAN, INFINITY, -INFINITY, 0x1p63};
    return odd[take(b) % (sizeof odd / sizeof odd[0])];
}

/* -4 to 11, and now and then something wild */
static int32_t take_axis(bytes_left *b)
{
    uint8_t v = take(b);
    return v > 250 ? INT32_MIN + v : (int32_t)(v % 16) - 4;
}

static void take_params(bytes_left *b, uint32_t op, vane_params *p)
{
    double x = take_double(b), y = take_double(b);
    int32_t list[VANE_MAX_RANK + 2];
    for (int i = 0; i < VANE_MAX_RANK + 2; i++)
        list[i] = take_axis(b);
    memset(p, 0, sizeof *p);
    switch (op) {
    case VANE_OP_CLIP:
        p->clip = (vane_clip_params){x, y};
        break;
    case VANE_OP_AXPY:
    case VANE_OP_FILL:
        p->fill.value = x;
        break;
    case VANE_OP_GEMM:
        p->gemm = (vane_gemm_params){x, y, (uint32_t)list[0] & 1, (uint32_t)list[1] & 3};
        break;
    default: /* an axis, or a list with its length */
        memcpy(p->reduce.axes, list, sizeof p->reduce.axes);
        p->reduce.n_axes = (uint32_t)list[8];
        p->reduce.drop_dims = (uint32_t)list[9] & 1;
    }
}

static void take_shape(bytes_left *b, vane_tensor *t)
{
    static const int64_t dims[] = {
        2, 3, 1, 4, 0, 5, 1, 7, 8, 2, 16, 3, -1, 64, INT64_C(1) << 33, INT64_MAX};
    uint8_t rank = take(b);
    t->rank = rank >= 240 ? rank : rank % (VANE_MAX_RANK + 1);
    for (uint32_t d = 0; d < VANE_MAX_RANK; d++)
        t->shape[d] = dims[take(b) % 16];
}

static void take_strides(bytes_left *b, vane_tensor *t)
{
    static const int64_t odd[] = {0, 1, -1, 2,  -2,  3,   4,         5,
                                  7, 8, 16, 64, -64, 100, INT64_MIN, INT64_MAX};
    uint8_t mode = take(b);
    int64_t step = 1;
    for (uint32_t i = 0; i < VANE_MAX_RANK; i++) {
        uint32_t rank = t->rank <= VANE_MAX_RANK ? t->rank : VANE_MAX_RANK;
        uint32_t d = mode & 1 || i >= rank ? i : rank - 1 - i; /* column- or row-major */
        t->stride[d] = mode & 2 ? odd[take(b) % 16] : mode & 4 ? -step : step;
        if (__builtin_mul_overflow(step, t->shape[d] > 0 ? t->shape[d] : 1, &step))
            step = 1;
    }
}

/* flags: 1 like the first input, 2 no data, 4 any address, 8 the first input's address */
static void take_tensor(bytes_left *b, const vane_tensor *first, vane_tensor *t)
{
    uint8_t flags = take(b), dtype = take(b);
    uint32_t place = take(b) * 256u;
    place += take(b);
    *t = (vane_tensor){.dtype = dtype >= 250 ? dtype : dtype % VANE_DTYPE_COUNT};
    if (first != NULL && flags & 1)
        *t = *first;
    else
        take_shape(b, t);
    if (first == NULL || !(flags & 1))
        take_strides(b, t);
    place &= flags & 4 ? UINT32_MAX : ~UINT32_C(7);
    t->data = flags & 2 ? NULL : first != NULL && flags & 8 ? first->data : arena + place;
}

static void take_call(bytes_left *b, asked *c)
{
    uint8_t op = take(b), count = take(b), flags = take(b);
    c->op = op % 64 < VANE_OP_COUNT ? op % 64 : op % 64 == 63 ? op : custom;
    c->n_in = count & 3;
    c->n_out = count >= 240 ? count & 3 : 1;
    c->infer_out = flags & 1;
    c->by_plan = flags & 2;
    c->no_params = flags & 4;
    take(b);
    bytes_left params = {b->at, b->end};
    take_params(&params, c->op, &c->params);
    b->at = (size_t)(b->end - b->at) < HEAD - 4 ? b->end : b->at + (HEAD - 4);
    for (uint32_t i = 0; i < INPUTS; i++) {
        bytes_left own = {b->at, b->end};
        take_tensor(&own, i ? &c->in[0] : NULL, &c->in[i]);
        c->ins[i] = flags >> (i + 3) & 1 && i == 2 ? NULL : &c->in[i];
        b->at = (size_t)(b->end - b->at) < PER_TENSOR ? b->end : b->at + PER_TENSOR;
    }
    take_tensor(b, &c->in[0], &c->out);
    c->outs[0] = &c->out;
}

/* ---- what can be known before ---------------------------------------------------- */

static int valid(const vane_tensor *t)
{
    int ok = t->rank <= VANE_MAX_RANK && t->dtype < VANE_DTYPE_COUNT;
    for (uint32_t d = 0; ok && d < t->rank; d++)
        ok = t->shape[d] >= 0;
    return ok;
}

/* The bytes that a valid tensor covers; doubles, because anything may come. */
static void extent(const vane_tensor *t, double *lo, double *hi)
{
    double size = vane_dtype_bytes(t->dtype);
    *lo = (double)((unsigned char *)t->data - arena);
    *hi = *lo + size;
    for (uint32_t d = 0; d < t->rank; d++) {
        double span = ((double)t->shape[d] - 1) * (double)t->stride[d] * size;
        *(span < 0 ? lo : hi) += span;
        if (t->shape[d] == 0)
            *hi = *lo = 0;
        if (t->shape[d] == 0)
            return;
    }
}

/* Would a library that believes the tensor stay inside? What is invalid it must not believe. */
static int inside(const vane_tensor *t)
{
    double lo, hi;
    if (t == NULL || t->data == NULL || !valid(t))
        return 1;
    extent(t, &lo, &hi);
    return lo >= 0 && hi <= ARENA;
}

static int all_inside(const asked *c)
{
    int ok = inside(&c->out);
    for (uint32_t i = 0; i < c->n_in; i++)
        ok &= inside(c->ins[i]);
    return ok;
}

/* ---- the promises ----------------------------------------------------------------- */

static void expect_refusal(vane_status st)
{
    const vane_error *e = vane_last_error();
    vane_status_class cls = vane_status_class_of(st);
    fuzz_expect(st < 0 && e->status == st && e->message[0] != '\0');
    fuzz_expect(cls == VANE_CLASS_PROGRAMMER || st == VANE_E_NOMEM);
}

static void expect_nothing_beside(const vane_tensor *out)
{
    double lo, hi;
    extent(out, &lo, &hi);
    size_t first = (size_t)lo, end = (size_t)hi;
    fuzz_expect(memcmp(arena, before, first) == 0);
    fuzz_expect(memcmp(arena + end, before + end, ARENA - end) == 0);
}

static vane_status make_call(const asked *c, const vane_params *params)
{
    vane_plan *plan;
    if (!c->by_plan)
        return vane_run(ctx, c->op, c->ins, c->n_in, c->outs, c->n_out, params, NULL);
    vane_status st = vane_plan_open(ctx, c->op, c->ins, c->n_in, c->outs, c->n_out, params, &plan);
    fuzz_expect((st == VANE_OK) == (plan != NULL));
    if (st == VANE_OK)
        st = vane_plan_run(plan);
    vane_plan_close(plan);
    return st;
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    static vane_decision d;
    bytes_left left = {data, data + bytes};
    asked c;
    open_once();
    memcpy(arena, before, ARENA);
    take_call(&left, &c);
    const vane_params *params = c.no_params ? NULL : &c.params;
    vane_tensor want = c.out;
    vane_status inferred = vane_infer(ctx, c.op, c.ins, c.n_in, params, &want);
    if (inferred != VANE_OK)
        expect_refusal(inferred);
    else
        fuzz_expect(valid(&want) && vane_tensor_count(&want) >= 0);
    if (inferred == VANE_OK && c.infer_out) {
        want.data = c.out.data;
        c.out = want;
    }
    vane_status explained = vane_explain(ctx, c.op, c.ins, c.n_in, c.outs, c.n_out, params, &d);
    fuzz_expect(memcmp(arena, before, ARENA) == 0);
    if (explained != VANE_OK)
        expect_refusal(explained);
    else
        fuzz_expect(d.chosen < d.count && d.candidates[d.chosen].reason == VANE_REASON_CHOSEN);
    if (!all_inside(&c) || (explained == VANE_OK && !(d.flops <= 1e6))) /* broadcasts can be long */
        return 0;
    vane_status made = make_call(&c, params);
    if (made != VANE_OK) {
        expect_refusal(made);
        fuzz_expect(memcmp(arena, before, ARENA) == 0);
        return 0;
    }
    fuzz_expect(explained == VANE_OK && inferred == VANE_OK);
    fuzz_expect(vane_tensor_count(&want) == vane_tensor_count(&c.out));
    expect_nothing_beside(&c.out);
    return 1;
}

/* ---- good inputs, and bad ones ----------------------------------------------------- */

/* Every op on 2 x 2 tensors (dot: two elements) with default parameters and an inferred output. */
size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    static const uint8_t counts[] = {
        ['U'] = 1, ['B'] = 2, ['T'] = 3, ['G'] = 3, ['N'] = 0, ['V'] = 3, ['c'] = 2};
    vane_op_info op;
    open_once();
    if (which >= vane_op_count(ctx) || room < ROOM || vane_op_at(ctx, which, &op) != VANE_OK)
        return 0;
    memset(out, 0, ROOM);
    out[0] = (uint8_t)(op.op < VANE_OP_COUNT ? op.op : 62);
    out[1] = counts[(unsigned char)op.signature[0]];
    out[2] = 1 | 4; /* inferred, no parameters */
    for (uint32_t i = 0; i <= INPUTS; i++) {
        uint8_t *t = out + HEAD + i * PER_TENSOR;
        t[1] = op.op == VANE_OP_WHERE && i == 0 ? VANE_BOOL : VANE_F32;
        t[2] = (uint8_t)(16 * i);
        t[4] = op.op == VANE_OP_DOT ? 1 : 2; /* rank; the dimensions that follow are 2 */
    }
    return ROOM;
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    size_t at = fuzz_below(3) ? fuzz_below(bytes)
                              : HEAD + PER_TENSOR * fuzz_below(INPUTS + 1) + fuzz_below(15);
    at = at < bytes ? at : bytes - 1;
    (void)room;
    switch (fuzz_below(8)) {
    case 0:
        data[at] = (uint8_t)fuzz_random();
        return bytes;
    case 1:
        data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return bytes;
    case 2: /* all tensors get this byte */
        for (size_t i = HEAD + at % PER_TENSOR; i < bytes; i += PER_TENSOR)
            data[i] = (uint8_t)fuzz_below(16);
        return bytes;
    case 3:
        return fuzz_below(16) ? bytes : 1 + fuzz_below(bytes);
    case 4: /* parameters count, and take what comes */
        if (bytes > 2)
            data[2] = (uint8_t)(data[2] & ~4);
        return bytes;
    default:
        data[at] = (uint8_t)fuzz_below(16);
        return bytes;
    }
}
