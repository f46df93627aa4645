/* SPDX-License-Identifier: MIT */
/* site.h - the control plane's record of one cell: who could compute, and what is known of each.
 *
 * A site serves both cells of an (op, dtype, size class, place of operands): the pool hot and
 * asleep. The lock of the routes guards all that changes in it; no kernel runs under that lock,
 * and no plugin is opened.
 */
#ifndef VANE__DISPATCH_SITE_H
#define VANE__DISPATCH_SITE_H

#include "dispatch/slate.h"
#include "policy/learned.h"

/* One candidate: (kernel, device, width). Its routes never change. */
typedef struct vane__entry {
    /* The same: before and after enough is known, and then of calls too short to be timed. */
    vane__route watched, settled, brief;
    vane__learned learned;
    vane__breaker breaker; /* not closed: left alone (policy/guard.h) */
    uint32_t rests_for;    /* then: the vane_reason */
    uint32_t hurried;      /* and: its pause was cut short once */
    double lost_ns;        /* what it took when it was left for the CPU */
} vane__entry;

/* Of calls on a device, against the CPU (policy/guard.h). */
typedef struct vane__ledger {
    double lost_ns;  /* so far; never below 0 */
    double took_ns;  /* the last call */
    uint64_t at_ns;  /* and when that was */
    uint32_t losses; /* in a row */
} vane__ledger;

typedef struct vane__site {
    struct vane__site *next; /* of the table's */
    vane__route stale;       /* what the cells hold after a change */
    vane__cell *cells[2];    /* by hot */
    const vane__op *op;
    uint32_t dtype, size_class;
    vane__where where;
    struct vane__site *twin; /* of operands in buffers: the site of such calls on host memory */
    atomic_uint version;     /* of the routes, when the candidates were listed; 0 never */
    /* guarded, as is changing the version */
    vane__slate slate;     /* the candidates, as nobody's wish */
    vane__entry **entries; /* parallel to them */
    vane__entry **all;     /* each one that ever was */
    uint32_t n_all;
    uint32_t chosen[2];              /* by hot; VANE_NO_CANDIDATE */
    const vane__entry *published[2]; /* whom the cells last led to */
    uint32_t changes;                /* of that */
    uint64_t changed_ns;
    uint32_t bordered;          /* the load changed when it had learned: its changes since count */
    uint32_t moved[2];          /* by hot: it changed since */
    const char *why, *last_why; /* the reasons of the next change and of the last */
    vane__lesson lesson[2];     /* by the host busy */
    uint32_t unpaced;           /* looks without that */
    double pace_ns;             /* between calls of the last one who learned; 0 not known */
    vane__ledger ledger;
    uint32_t remembers; /* of an earlier process: VANE__REMEMBERS_*, 0 nothing */
    /* not guarded */
    _Atomic uint64_t next_rehearsal_ns;
    struct vane__duel *duel; /* policy/duel.h; NULL: there was none yet */
    atomic_uint learner;     /* somebody tries candidates, who may not be disturbed */
} vane__site;

/* The site of p's cell; NULL: out of memory. Takes the lock. */
vane__site *vane__site_of(vane_context *ctx, const vane__prepared *p);
void vane__sites_free(vane__site *first);
/* Who was trying candidates is not in the child of fork(). */
void vane__sites_in_child(vane_context *ctx);

/* What p's site knows of the slate's candidates, if there is one. Takes the lock. */
void vane__site_inform(vane_context *ctx, const vane__prepared *p, uint32_t hot, vane__slate *s,
                       vane_decision *d);

/* ---- under the lock -------------------------------------------------------------------------- */

/* Who called here last calls so densely that the pool is awake from the second call on. */
int vane__site_keeps_awake(const vane__site *site);
/* Has any of its cells ever led to somebody? */
int vane__site_is_published(const vane__site *site);
/* The slate's candidates become the site's; what is known of those that stay is kept. */
vane_status vane__site_adopt(vane_context *ctx, vane__site *site, vane__slate *slate,
                             uint32_t version);
/* The slate gets what was measured in this state, and the policy chooses. */
uint32_t vane__site_choose(vane_context *ctx, vane__site *site, uint32_t hot);
/* Only the first half of it, for any slate of its candidates. */
void vane__site_recall(vane_context *ctx, const vane__site *site, uint32_t hot, vane__slate *s);
/* The one of that kernel, device and width; NULL: there never was. */
vane__entry *vane__site_entry(const vane__site *site, const vane__runner *r);
/* The policy chooses anew wherever it did before, and its choices become the cells'. */
void vane__site_revise(vane_context *ctx, vane__site *site);
/* The load of the host changed: each route may change once with it, and then for a clear lead. */
void vane__site_border(vane__site *site);
/* The choice for hot becomes the cell's. */
void vane__site_publish(vane_context *ctx, vane__site *site, uint32_t hot);
const vane__route *vane__site_route(vane_context *ctx, const vane__site *site, uint32_t candidate);
/* The site so many classes further; NULL none. */
const vane__site *vane__site_near(const vane__site *site, int classes);

#endif
