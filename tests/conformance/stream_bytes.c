/* SPDX-License-Identifier: MIT */
/* stream_bytes.c - a chain of ten ops over two buffers moves its bytes at most once each way, and
 * nothing at all where the device and the host share their memory. */
#include <stdio.h>
#include <string.h>

#include "stream.h"

enum { OPS = 10, AT_ONCE = -1 };

typedef struct chain {
    conform *c;
    const conform_exact *e;
    conform_array start, want;
    vane_buffer buffer[2];
    uint64_t bytes;
} chain;

static vane_status ask_oracle(chain *k)
{
    vane_status st = VANE_OK;
    conform_array now = k->start; /* borrowed at first */
    for (int i = 0; i < OPS && st == VANE_OK; i++) {
        const conform_array *const in[] = {&now, &now};
        conform_array next = {0};
        st = conform_exact_run(k->c, k->c->oracle, k->e->op[0].op, in, k->e->op[0].min_in, &next);
        if (i > 0)
            conform_array_free(&now);
        now = next;
    }
    k->want = now;
    return st;
}

static vane_status link_of_chain(chain *k, int i, vane_stream *s)
{
    const int64_t shape[] = {k->e->side, k->e->side};
    const vane_dtype dtype = (vane_dtype)k->e->dtype;
    vane_tensor x = vane_tensor_in(k->buffer[i % 2], 0, dtype, 2, shape);
    vane_tensor y = vane_tensor_in(k->buffer[1 - i % 2], 0, dtype, 2, shape);
    const vane_tensor *const in[] = {&x, &x};
    vane_tensor *const out[] = {&y};
    vane_options o = {.struct_size = sizeof o, .backend = k->c->plugin};
    const vane_op_info *op = &k->e->op[0];
    return s ? vane_run_async(s, op->op, in, op->min_in, out, 1, NULL, NULL)
             : vane_run(k->c->ctx, op->op, in, op->min_in, out, 1, NULL, &o);
}

static vane_status run(chain *k, int lane, conform_array *got)
{
    vane_stream *s = NULL;
    vane_status st = VANE_OK;
    if (lane != AT_ONCE)
        st = conform_lanes_stream(&k->c->lanes, (uint64_t)lane, &s);
    if (st == VANE_OK)
        st = vane_buffer_write(k->c->ctx, k->buffer[0], 0, k->start.t.data, k->bytes);
    for (int i = 0; st == VANE_OK && i < OPS; i++)
        st = link_of_chain(k, i, s);
    if (s) {
        vane_status waited = vane_stream_wait(s);
        st = st == VANE_OK ? waited : st;
    }
    if (st == VANE_OK)
        st = vane_buffer_read(k->c->ctx, k->buffer[0], 0, got->t.data, k->bytes);
    return st;
}

/* Of the first, which was written here and is read in the end; the second stays where it is. Where
 * the device surely did it, the counters must show it. */
static void judge(chain *k, int lane, int shares_memory, char why[512])
{
    static const char *const names[] = {"first", "second"};
    for (int i = 0; i < 2 && !why[0]; i++) {
        const uint64_t most = shares_memory || i == 1 ? 0 : k->bytes;
        const uint64_t least = lane == AT_ONCE ? 0 : most;
        vane_buffer_info n = {.struct_size = sizeof n};
        if (vane_buffer_info_get(k->c->ctx, k->buffer[i], &n) != VANE_OK)
            snprintf(why, 512, "%s", vane_last_error()->message);
        else if (n.up_bytes > most || n.down_bytes > most || n.peer_bytes > 0 ||
                 n.up_bytes < least || n.down_bytes < least)
            snprintf(why, 512,
                     "of the %s buffer %llu bytes went up, %llu home and %llu between devices; "
                     "expected %llu to %llu each way, and none between",
                     names[i], (unsigned long long)n.up_bytes, (unsigned long long)n.down_bytes,
                     (unsigned long long)n.peer_bytes, (unsigned long long)least,
                     (unsigned long long)most);
    }
}

static void one_chain(chain *k, int lane, int shares_memory, char why[512])
{
    conform_array got = {0};
    uint32_t made = 0;
    vane_status st = VANE_OK;
    for (; st == VANE_OK && made < 2; made += st == VANE_OK)
        st = vane_buffer_open(k->c->ctx, k->bytes, made ? "second" : "first", &k->buffer[made]);
    if (st == VANE_OK)
        st = conform_array_make(&got, k->e->dtype, 2, k->start.t.shape) ? run(k, lane, &got)
                                                                        : VANE_E_NOMEM;
    if (st != VANE_OK)
        snprintf(why, 512, "%s: %s", vane_status_name(st), vane_last_error()->message);
    else if (!conform_equal(&got, &k->want))
        snprintf(why, 512, "the result is wrong");
    else
        judge(k, lane, shares_memory, why);
    while (made > 0)
        vane_buffer_close(k->c->ctx, k->buffer[--made]);
    conform_array_free(&got);
}

void conform_stream_bytes(conform *c, const conform_exact *e)
{
    const int64_t shape[] = {e->side, e->side};
    chain k = {.c = c, .e = e};
    int all_share = 1;
    if (!conform_array_make(&k.start, e->dtype, 2, shape))
        return;
    k.bytes = (uint64_t)k.start.count * vane_dtype_bytes(e->dtype);
    conform_data_fill(&c->random, VANE_OP_ADD, 0, CONFORM_ORDINARY, &k.start);
    if (ask_oracle(&k) != VANE_OK)
        conform_verdict(c, "bytes", vane_last_error()->message);
    for (int lane = (int)c->lanes.count - 1; k.want.t.data && lane >= AT_ONCE; lane--) {
        char why[512] = "", label[60] = "bytes moved by ten calls";
        int shares = lane == AT_ONCE
                         ? all_share
                         : (c->lanes.caps[lane] & (VANE_CAP_UNIFIED | VANE_CAP_HOST_MEM)) != 0;
        all_share &= shares;
        if (lane != AT_ONCE)
            snprintf(label, sizeof label, "bytes moved by ten on a stream of device %d", lane);
        one_chain(&k, lane, shares, why);
        conform_verdict(c, label, why);
    }
    conform_array_free(&k.start);
    conform_array_free(&k.want);
}
