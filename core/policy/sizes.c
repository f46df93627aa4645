/* SPDX-License-Identifier: MIT */
/* sizes.c - from one size to another: calls of one class differ by up to two, and of a class
 * without measurements others speak. */
#include "policy/learn.h"
#include "policy/model.h"

#define HOST_CALL_NS 10.0 /* of any kernel, beside its work */
#define SPEAKS_FOR 2u     /* classes that one alone can speak for */
#define SPEAKS 5u         /* samples of it then */
#define JOINS 2u          /* samples of one among several: the first may be slow by far */

static double shape_of(const vane_query *q, const vane_candidate *c)
{
    return HOST_CALL_NS + vane__policy_roofline(q, c);
}

/* Of work of another size than the candidate's query is of: less is moved, too. */
static double shape_at(const vane_query *there, const vane_query *q, const vane_candidate *c)
{
    vane_candidate moves = *c;
    moves.transfer_ns *= q->bytes > 0 ? there->bytes / q->bytes : 1;
    return shape_of(there, &moves);
}

double vane__learned_scale(const vane_candidate *c, const vane_query *middle,
                           const vane__prepared *p)
{
    vane_query mine = *middle;
    mine.flops = p->work.flops;
    mine.bytes = p->work.bytes;
    double scale = shape_of(middle, c) / shape_at(&mine, middle, c);
    return scale > 0.25 && scale < 4 ? scale : 1;
}

/* ---- other classes ------------------------------------------------------------------------- */

typedef struct neighbours {
    vane__model_point points[VANE__MODEL_POINTS];
    uint32_t count;
    double expected_ns; /* by the nearest alone; 0 none */
} neighbours;

/* What c declares its work alone to take. */
static double work_of(const vane_query *q, const vane_candidate *c)
{
    vane_query work = *q;
    vane_candidate bare = *c;
    work.fork_ns = 0;
    bare.launch_ns = bare.transfer_ns = 0;
    return vane__policy_roofline(&work, &bare);
}

/* What moving operands took there is no matter of the kernel's. */
static double without_transfer(const vane__site *near, const vane__entry *e, double ns)
{
    for (uint32_t i = 0; i < near->slate.count; i++)
        if (near->entries[i] == e) {
            double rest = ns - near->slate.candidates[i].transfer_ns;
            return rest > ns / 10 ? rest : ns / 10;
        }
    return ns;
}

static void ask(const vane__site *site, const vane__entry *e, const vane_query *q,
                const vane_candidate *c, int classes, neighbours *out)
{
    vane_query there;
    const vane__site *near = vane__site_near(site, classes);
    const vane__entry *same = near != NULL ? vane__site_entry(near, &e->settled.runner) : NULL;
    const vane__window *w = same != NULL ? vane__learned_window(&same->learned, c->width, q) : NULL;
    if (w == NULL || vane__window_count(w) < JOINS || w->aged)
        return;
    double ns = vane__window_typical(w);
    vane__query_fill(near->op, near->dtype, near->size_class, q->pool_hot, &there);
    if (out->expected_ns <= 0 && vane__window_count(w) >= SPEAKS &&
        (uint32_t)(classes < 0 ? -classes : classes) <= SPEAKS_FOR)
        out->expected_ns = ns * shape_of(q, c) / shape_at(&there, q, c);
    out->points[out->count++] =
        (vane__model_point){work_of(&there, c), without_transfer(near, same, ns)};
}

double vane__sizes_expect(const vane__site *site, const vane__entry *e, const vane_query *q,
                          const vane_candidate *c, double *spread_ns)
{
    neighbours n = {.count = 0};
    vane__model m;
    for (int k = 1; k <= VANE__MODEL_REACH; k++)
        for (int side = -1; side <= 1 && n.count < VANE__MODEL_POINTS; side += 2)
            ask(site, e, q, c, side * k, &n);
    *spread_ns = 0;
    if (!vane__model_fit(n.points, n.count, &m))
        return n.expected_ns;
    double ns = vane__model_at(&m, work_of(q, c));
    *spread_ns = m.spread * ns;
    return ns + c->transfer_ns;
}
