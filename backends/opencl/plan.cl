/* SPDX-License-Identifier: MIT */
/* plan.cl - what reduce.cl, argmax.cl and softmax.cl share, and comes before them: the plan that
 * the host sends (plan.c), and how work-items find their part of it.
 *
 * VARIANT 0 is for CPU devices: a work-item is a loop over whole chunks with vectors of its own,
 * for barriers keep compilers from using vectors. VARIANT 1 is for GPUs, where p.lanes work-items
 * are a team; bit 1: offsets need 64 bits.
 */

/* ocl_plan of plan.h */
typedef struct plan {
    long x_at, y_at, out_at;
    long outputs, terms, chunk, chunks;
    long tiles, lanes, y_step, last_index;
    long n_kept, n_red;
    long kept[8], kept_x[8], kept_out[8];
    long red[8], red_x[8];
} plan;

#if VARIANT & 2 || !(VARIANT & 1)
typedef long place;
#else
typedef int place;
#endif

/* The offset of number i of n dimensions in row-major order. */
static inline place offset_of(const long *extent, const long *stride, long n, place i)
{
    place at = 0;
    for (; n > 1; n--) {
        const place e = (place)extent[n - 1], rest = i / e;
        at += (i - rest * e) * (place)stride[n - 1];
        i = rest;
    }
    return at + i * (place)stride[0];
}

#if !(VARIANT & 1)
/* 16 elements, s apart. */
#define GATHER(p, i, s)                                                                      \
    (CV(16))(LOAD(p, i), LOAD(p, (i) + (s)), LOAD(p, (i) + 2 * (s)), LOAD(p, (i) + 3 * (s)), \
             LOAD(p, (i) + 4 * (s)), LOAD(p, (i) + 5 * (s)), LOAD(p, (i) + 6 * (s)),         \
             LOAD(p, (i) + 7 * (s)), LOAD(p, (i) + 8 * (s)), LOAD(p, (i) + 9 * (s)),         \
             LOAD(p, (i) + 10 * (s)), LOAD(p, (i) + 11 * (s)), LOAD(p, (i) + 12 * (s)),      \
             LOAD(p, (i) + 13 * (s)), LOAD(p, (i) + 14 * (s)), LOAD(p, (i) + 15 * (s)))

/* This work-item's share of n things. */
#define SHARE(n, lo, hi)                                                         \
    const long lo = (n) / (long)get_global_size(0) * (long)get_global_id(0) +    \
                    min((n) % (long)get_global_size(0), (long)get_global_id(0)); \
    const long hi = lo + (n) / (long)get_global_size(0) +                        \
                    ((long)get_global_id(0) < (n) % (long)get_global_size(0))
#else
/* Teams of L lanes: this lane's number in its own, and the number of that. */
#define TEAM(L, lane, team)                                                   \
    const int L = (int)p.lanes, lane = (int)get_local_id(0) & (L - 1);        \
    const long team = (long)get_group_id(0) * ((long)get_local_size(0) / L) + \
                      (long)get_local_id(0) / L
#endif
