/* SPDX-License-Identifier: MIT */
/* memory.c - blocks: where memory really is. A device's pointers are numbers that no process has
 * as addresses; a page that cannot be touched is on both sides of each block, and the rest of its
 * last page is known, so that writes outside are found at once or when it is freed. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake.h"

enum { PAGE = 4096, BLOCKS = 1 << 16, EDGE = 0x5a, FRESH = 0xff, FRESH_BYTES = 1 << 16 };

/* Of each device: 256 GiB that are never used twice, so that old pointers stay wrong. */
#define BASE UINT64_C(0x6b0000000000)
#define SPAN (UINT64_C(1) << 38)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_ASAN 1
#endif
#endif
#if defined(MEMORY_ASAN) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

static fake_block *blocks[BLOCKS]; /* by address */
static unsigned n_blocks;
static uint64_t next_at[FAKE_DEVICES];
static uint64_t reserved[FAKE_DEVICES];

int fake_is_device(CUdeviceptr at)
{
    return at >= BASE && at < BASE + FAKE_DEVICES * SPAN;
}

uint64_t fake_reserved(int device)
{
    return reserved[device];
}

unsigned fake_blocks_live(int host)
{
    unsigned n = 0;
    for (unsigned i = 0; i < n_blocks; i++)
        n += (blocks[i]->device < 0) == !!host;
    return n;
}

/* ---- the table --------------------------------------------------------------------------------
 */

/* How many blocks begin at or below. */
static unsigned below(CUdeviceptr at)
{
    unsigned lo = 0, hi = n_blocks;
    while (lo < hi) {
        const unsigned mid = (lo + hi) / 2;
        if (blocks[mid]->at <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

fake_block *fake_block_find(CUdeviceptr at, uint64_t bytes)
{
    const unsigned i = below(at);
    fake_block *b = i > 0 ? blocks[i - 1] : NULL;
    if (!b || at - b->at > b->bytes || bytes > b->bytes - (at - b->at))
        return NULL;
    return b;
}

static void enter(fake_block *b)
{
    const unsigned i = below(b->at);
    memmove(blocks + i + 1, blocks + i, (n_blocks - i) * sizeof blocks[0]);
    blocks[i] = b;
    n_blocks++;
}

static void leave(fake_block *b)
{
    const unsigned i = below(b->at) - 1;
    n_blocks--;
    memmove(blocks + i, blocks + i + 1, (n_blocks - i) * sizeof blocks[0]);
}

/* ---- blocks ------------------------------------------------------------------------------------
 */

static char *map(uint64_t room)
{
    char *p =
        mmap(NULL, room + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (mprotect(p + PAGE, room, PROT_READ | PROT_WRITE) != 0) {
        munmap(p, room + 2 * PAGE);
        return NULL;
    }
    return p + PAGE;
}

static CUresult take(int device, uint64_t bytes)
{
    if (bytes > fake_settings.memory_bytes - reserved[device])
        return CUDA_ERROR_OUT_OF_MEMORY;
    reserved[device] += bytes;
    return CUDA_SUCCESS;
}

/* Of a device's memory: not where a pool reserves it. */
static CUresult reserve(fake_block *b)
{
    if (b->device < 0)
        return CUDA_SUCCESS;
    return b->pool ? fake_pool_take(b->pool, b->bytes) : take(b->device, b->bytes);
}

static void unreserve(fake_block *b)
{
    if (b->pool)
        fake_pool_give(b->pool, b->bytes);
    else if (b->device >= 0)
        reserved[b->device] -= b->bytes;
}

CUresult fake_block_new(fake_context *ctx, int device, fake_pool *pool, uint64_t bytes,
                        fake_block **out)
{
    fake_block *b = n_blocks < BLOCKS ? calloc(1, sizeof *b) : NULL;
    if (!b)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *b = (fake_block){
        .bytes = bytes, .device = device, .ctx = ctx, .pool = pool, .born_slot = FAKE_SLOTS};
    b->room = (bytes + PAGE - 1) / PAGE * PAGE;
    if (reserve(b) != CUDA_SUCCESS) {
        free(b);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    b->place = map(b->room);
    if (!b->place) {
        unreserve(b);
        free(b);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    const uint64_t fresh = bytes < FRESH_BYTES ? bytes : FRESH_BYTES;
    memset(b->place, FRESH, fresh); /* at both ends: to touch all of it is dear */
    memset(b->place + bytes - fresh, FRESH, fresh);
    memset(b->place + bytes, EDGE, b->room - bytes);
    ASAN_POISON_MEMORY_REGION(b->place + bytes, b->room - bytes);
    b->at = (CUdeviceptr)(uintptr_t)b->place;
    if (device >= 0) {
        b->at = BASE + (uint64_t)device * SPAN + next_at[device];
        next_at[device] = (next_at[device] + b->room + PAGE) % (SPAN - (UINT64_C(1) << 37));
    }
    enter(b);
    *out = b;
    return CUDA_SUCCESS;
}

void fake_block_free(fake_block *b)
{
    fake_lost_wait(); /* another device may be reading it */
    leave(b);
    unreserve(b);
    ASAN_UNPOISON_MEMORY_REGION(b->place + b->bytes, b->room - b->bytes);
    for (uint64_t i = b->bytes; i < b->room; i++)
        if ((unsigned char)b->place[i] != EDGE) {
            fake_misuse(CUDA_SUCCESS,
                        "%llu bytes of %s memory were written beyond their end (at +%llu)",
                        (unsigned long long)b->bytes, b->device < 0 ? "pinned" : "device",
                        (unsigned long long)(i - b->bytes));
            break;
        }
    munmap(b->place - PAGE, b->room + 2 * PAGE);
    free(b->touch);
    free(b);
}

unsigned fake_blocks_end(fake_context *ctx)
{
    unsigned n = 0;
    for (unsigned i = n_blocks; i-- > 0;)
        if (blocks[i]->ctx == ctx) {
            fake_block_free(blocks[i]);
            n++;
        }
    return n;
}

/* ---- pools: what they keep is not free
 * ----------------------------------------------------------- */

CUresult fake_pool_take(fake_pool *p, uint64_t bytes)
{
    const uint64_t idle = p->reserved - p->used, more = bytes > idle ? bytes - idle : 0;
    if (take(p->device, more) != CUDA_SUCCESS)
        return CUDA_ERROR_OUT_OF_MEMORY;
    p->reserved += more;
    p->used += bytes;
    p->blocks++;
    return CUDA_SUCCESS;
}

void fake_pool_trim(fake_pool *p, uint64_t keep)
{
    const uint64_t least = p->used > keep ? p->used : keep;
    if (p->reserved > least) {
        reserved[p->device] -= p->reserved - least;
        p->reserved = least;
    }
}

void fake_pool_give(fake_pool *p, uint64_t bytes)
{
    p->used -= bytes;
    p->blocks--;
    fake_pool_trim(p, p->keep);
    fake_pool_drop(p);
}

/* Of one that was destroyed: what is still allocated keeps it alive, as with the real driver. */
void fake_pool_drop(fake_pool *p)
{
    if (p->handle || p->stays || p->blocks > 0)
        return;
    fake_pool_trim(p, 0);
    free(p);
}

/* ---- places
 * -------------------------------------------------------------------------------------- */

fake_use fake_uses[FAKE_USES_MOST];
unsigned fake_n_uses;

/* A pool says who may use its memory; other memory goes by the contexts. */
static int may_use(const fake_context *ctx, const fake_block *b)
{
    if (b->device < 0 || b->device == ctx->device)
        return 1;
    return b->pool ? b->pool->peers >> ctx->device & 1u : ctx->peers >> b->device & 1u;
}

CUresult fake_place(fake_stream *s, CUdeviceptr at, uint64_t bytes, fake_access access,
                    const char *what, char **out)
{
    fake_block *b = fake_block_find(at, bytes);
    *out = NULL;
    if (!b)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s: %llu bytes at %#llx are in no block of memory", what,
                           (unsigned long long)bytes, (unsigned long long)at);
    if (b->freed)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "%s: the memory at %#llx was freed", what,
                           (unsigned long long)at);
    if (access == FAKE_USES && !may_use(s->ctx, b))
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s: device %d has no access to device %d's memory", what,
                           s->ctx->device, b->device);
    *out = b->place + (at - b->at);
    if (fake_n_uses < FAKE_USES_MOST)
        fake_uses[fake_n_uses++] = (fake_use){at, bytes, access};
    return fake_race_use(s, b, at, bytes, access, what);
}
