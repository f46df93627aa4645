/* SPDX-License-Identifier: MIT */
/* arena.c - arenas of a context: bump pointers over chunks, and a list of those that are idle.
 *
 * A call that needed several chunks gives them back and remembers their sum (the mark): the
 * next call finds room in one. The lock is taken when an arena is borrowed or returned and when
 * a chunk is made, never for an allocation that fits.
 */
#include "memory/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/topology.h"
#include "os.h"

#define DEFAULT_LIMIT (UINT64_C(64) << 20)
#define MAP_BYTES (UINT64_C(1) << 20)    /* from here on a chunk comes from the kernel itself */
#define CHUNK_BYTES (UINT64_C(64) << 10) /* the smallest */
#define GROW_BYTES (UINT64_C(1) << 20)   /* a later chunk is at most this much more than needed */
#define MAX_BYTES (UINT64_C(1) << 62)    /* sums of two below it do not overflow */
#define MIN_ALIGN 64u
#define HEAD_BYTES 64u /* of a chunk, before its memory: keeps that aligned */
#define SINK 64u /* each call that needs less lowers the mark by this part of the difference */

typedef struct chunk {
    struct chunk *next;
    uint64_t bytes; /* this head included */
    int is_mapped;
} chunk;
_Static_assert(sizeof(chunk) <= HEAD_BYTES, "a chunk's head fits");

struct vane__arena {
    vane__arena *next; /* idle */
    vane__arenas *home;
    chunk *chunks;  /* the newest is the one that is filled */
    uint64_t at;    /* its first free byte, counted from its head */
    uint64_t bytes; /* of all chunks */
    uint64_t asked; /* since it was borrowed: one chunk of this much would have done */
    uint64_t mark;  /* of asked, sinking */
    uint32_t node;  /* of the thread that made the chunks; 0 where there is one only */
};

struct vane__arenas {
    pthread_mutex_t lock;
    vane__arena *idle; /* the last one returned first: its memory is warm */
    uint64_t limit, used, cached, peak;
};

/* ---- chunks -------------------------------------------------------------------- */

static int is_numa(void)
{
    return vane__topology_nodes() > 1;
}

/* Only whole pages can be bound, so that on such machines all chunks are mapped. */
static chunk *chunk_new(uint64_t bytes)
{
    int is_bound = is_numa(), is_mapped = is_bound || bytes >= MAP_BYTES;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    chunk *c;
    if (is_mapped) {
        bytes = (bytes + page - 1) & ~(page - 1);
        c = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        c = c == MAP_FAILED ? NULL : c;
    } else {
        c = vane__alloc(bytes, MIN_ALIGN);
    }
    if (!c)
        return NULL;
    if (is_bound)
        vane__topology_bind_here(c, bytes); /* before the first touch; refused: merely slower */
    *c = (chunk){.bytes = bytes, .is_mapped = is_mapped};
    return c;
}

/* A list of them; how many bytes. */
static uint64_t chunks_free(chunk *c)
{
    uint64_t bytes = 0;
    while (c) {
        chunk *next = c->next;
        bytes += c->bytes;
        if (c->is_mapped)
            munmap(c, (size_t)c->bytes);
        else
            vane__free(c);
        c = next;
    }
    return bytes;
}

/* Puts the chunks of an arena in front of a list. */
static void chunks_move(vane__arena *a, chunk **list)
{
    while (a->chunks) {
        chunk *c = a->chunks;
        a->chunks = c->next;
        c->next = *list;
        *list = c;
    }
    a->bytes = 0;
}

/* ---- all of a context ---------------------------------------------------------- */

int vane__arenas_open(uint64_t limit_bytes, vane__arenas **out)
{
    vane__arenas *all = calloc(1, sizeof *all);
    if (!all)
        return 0;
    if (pthread_mutex_init(&all->lock, NULL) != 0) {
        free(all);
        return 0;
    }
    all->limit = limit_bytes ? limit_bytes : DEFAULT_LIMIT;
    *out = all;
    return 1;
}

void vane__arenas_close(vane__arenas *all)
{
    if (!all)
        return;
    while (all->idle) {
        vane__arena *a = all->idle;
        all->idle = a->next;
        chunks_free(a->chunks);
        free(a);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

uint64_t vane__arenas_trim(vane__arenas *all)
{
    chunk *freed = NULL;
    vane__arenas_lock(all);
    for (vane__arena *a = all->idle; a; a = a->next)
        chunks_move(a, &freed);
    all->cached = 0;
    vane__arenas_unlock(all);
    return chunks_free(freed);
}

void vane__arenas_count(vane__arenas *all, uint64_t *used, uint64_t *cached, uint64_t *peak)
{
    vane__arenas_lock(all);
    *used = all->used;
    *cached = all->cached;
    *peak = all->peak;
    vane__arenas_unlock(all);
}

void vane__arenas_lock(vane__arenas *all)
{
    pthread_mutex_lock(&all->lock);
}

void vane__arenas_unlock(vane__arenas *all)
{
    pthread_mutex_unlock(&all->lock);
}

static void count_used(vane__arenas *all, uint64_t bytes)
{
    all->used += bytes;
    all->peak = all->used > all->peak ? all->used : all->peak;
}

/* ---- borrow and return --------------------------------------------------------- */

/* One whose memory is near, or that has none yet. */
static vane__arena *idle_take(vane__arenas *all, uint32_t node)
{
    vane__arena **at = &all->idle, *a;
    while (*at && (*at)->bytes > 0 && (*at)->node != node)
        at = &(*at)->next;
    a = *at;
    if (a) {
        *at = a->next;
        all->cached -= a->bytes;
        count_used(all, a->bytes);
    }
    return a;
}

vane__arena *vane__arena_borrow(vane__arenas *all)
{
    uint32_t node = is_numa() ? vane__topology_node_here() : 0;
    vane__arenas_lock(all);
    vane__arena *a = idle_take(all, node);
    vane__arenas_unlock(all);
    if (!a)
        a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->home = all;
    a->node = node;
    a->at = HEAD_BYTES;
    a->asked = 0;
    return a;
}

static void mark_move(vane__arena *a)
{
    if (a->asked > a->mark)
        a->mark = a->asked;
    else
        a->mark -= (a->mark - a->asked) / SINK;
}

/* One chunk that is not far above the mark: as the next call wants it. */
static int is_worth_keeping(const vane__arena *a)
{
    return a->chunks && !a->chunks->next && a->bytes / 2 <= a->mark + CHUNK_BYTES;
}

/* What was idle longest goes first, until the rest is within the limit. */
static void idle_limit(vane__arenas *all, chunk **freed)
{
    while (all->cached > all->limit) {
        vane__arena *oldest = NULL;
        for (vane__arena *a = all->idle; a; a = a->next)
            oldest = a->bytes > 0 ? a : oldest;
        if (!oldest)
            return;
        all->cached -= oldest->bytes;
        chunks_move(oldest, freed);
    }
}

void vane__arena_return(vane__arena *a)
{
    if (!a)
        return;
    vane__arenas *all = a->home;
    chunk *freed = NULL;
    uint64_t used = a->bytes;
    mark_move(a);
    if (!is_worth_keeping(a))
        chunks_move(a, &freed);
    vane__arenas_lock(all);
    all->used -= used;
    all->cached += a->bytes;
    a->next = all->idle;
    all->idle = a;
    idle_limit(all, &freed);
    vane__arenas_unlock(all);
    chunks_free(freed);
}

/* ---- allocation ---------------------------------------------------------------- */

static void *bump(vane__arena *a, uint64_t bytes, uint64_t align)
{
    if (!a->chunks)
        return NULL;
    uint64_t start = (uint64_t)(uintptr_t)a->chunks;
    uint64_t from = ((start + a->at + align - 1) & ~(align - 1)) - start;
    if (from > a->chunks->bytes || bytes > a->chunks->bytes - from)
        return NULL;
    a->at = from + bytes;
    return (char *)a->chunks + from;
}

/* The first chunk is as large as calls were lately, a later one doubles the arena up to a
 * point. */
static uint64_t chunk_bytes(const vane__arena *a, uint64_t need)
{
    uint64_t more = a->bytes < GROW_BYTES ? a->bytes : GROW_BYTES;
    uint64_t wish = a->chunks ? more : a->mark + HEAD_BYTES;
    wish = wish > CHUNK_BYTES ? wish : CHUNK_BYTES;
    return need > wish ? need : wish;
}

/* As wished; after everything idle went back; just what is needed. */
static int grow(vane__arena *a, uint64_t need)
{
    uint64_t wish = chunk_bytes(a, need);
    chunk *c = chunk_new(wish);
    if (!c && vane__arenas_trim(a->home) > 0)
        c = chunk_new(wish);
    if (!c && wish > need)
        c = chunk_new(need);
    if (!c)
        return 0;
    c->next = a->chunks;
    a->chunks = c;
    a->at = HEAD_BYTES;
    a->bytes += c->bytes;
    vane__arenas_lock(a->home);
    count_used(a->home, c->bytes);
    vane__arenas_unlock(a->home);
    return 1;
}

void *vane__arena_alloc(vane__arena *a, uint64_t bytes, uint64_t align)
{
    align = align < MIN_ALIGN ? MIN_ALIGN : align;
    if ((align & (align - 1)) != 0 || align > MAX_BYTES / 2 || bytes > MAX_BYTES / 2)
        return NULL;
    /* a multiple of the least alignment, so that the next one loses nothing */
    bytes = bytes ? (bytes + MIN_ALIGN - 1) & ~(uint64_t)(MIN_ALIGN - 1) : MIN_ALIGN;
    uint64_t room = bytes + align - MIN_ALIGN;
    void *p = bump(a, bytes, align);
    if (!p && grow(a, room + HEAD_BYTES))
        p = bump(a, bytes, align);
    if (p)
        a->asked += room;
    return p;
}
