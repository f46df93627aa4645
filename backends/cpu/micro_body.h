/* SPDX-License-Identifier: MIT */
/* micro_body.h - the register tile for one element type. The includer defines
 *   T, V, LANES, MR   and   LOAD LOAD_N STORE STORE_N SET1 ADD FMA
 * and UNROLL, and MICRO, the name of the function that comes out of it.
 *
 * tile() is inlined with constant rows and nv into one function for each shape, so that the
 * accumulators are registers and the loops over them are gone.
 */

typedef void tile_fn(size_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_k, const T *b,
                     ptrdiff_t b_row, T *c, ptrdiff_t c_row, int add, size_t last);

/* Three rows share one pointer: x86 addresses p, p + s and p + 2s in one instruction, and a
 * pointer for each of 14 rows would not fit its 16 registers. */
#define PTRS(rows) (((rows) + 2) / 3)

static inline __attribute__((always_inline)) void tile(const int rows, const int nv, const int full,
                                                       size_t k, const T *a, ptrdiff_t a_row,
                                                       ptrdiff_t a_k, const T *b, ptrdiff_t b_row,
                                                       T *c, ptrdiff_t c_row, int add, size_t last)
{
    V acc[MR][CPU_NV];
    const T *p[PTRS(MR)];
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int j = 0; j < nv; j++)
        acc[i][j] = SET1(0);
    UNROLL
    for (int g = 0; g < PTRS(rows); g++)
        p[g] = a + 3 * g * a_row;
    for (size_t l = 0; l < k; l++) {
        V bv[CPU_NV];
        UNROLL
        for (int j = 0; j < nv; j++)
            bv[j] = full || j < nv - 1 ? LOAD(b + j * LANES) : LOAD_N(b + j * LANES, last);
        UNROLL
        for (int i = 0; i < rows; i++) {
            V av = SET1(p[i / 3][(i % 3) * a_row]);
            UNROLL
            for (int j = 0; j < nv; j++)
                acc[i][j] = FMA(av, bv[j], acc[i][j]);
        }
        UNROLL
        for (int g = 0; g < PTRS(rows); g++)
            p[g] += a_k;
        b += b_row;
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int j = 0; j < nv; j++) {
        T *at = c + i * c_row + j * LANES;
        if (full || j < nv - 1)
            STORE(at, add ? ADD(LOAD(at), acc[i][j]) : acc[i][j]);
        else
            STORE_N(at, add ? ADD(LOAD_N(at, last), acc[i][j]) : acc[i][j], last);
    }
}

#define TILE(rows, nv, full)                                                                      \
    static void tile_##rows##_##nv##_##full(size_t k, const T *a, ptrdiff_t a_row, ptrdiff_t a_k, \
                                            const T *b, ptrdiff_t b_row, T *c, ptrdiff_t c_row,   \
                                            int add, size_t last)                                 \
    {                                                                                             \
        tile(rows, nv, full, k, a, a_row, a_k, b, b_row, c, c_row, add, last);                    \
    }
#if CPU_NV == 3
#define TILES(rows) TILE(rows, 3, 1) TILE(rows, 1, 0) TILE(rows, 2, 0) TILE(rows, 3, 0)
#define ROW(rows)                                                                  \
    {                                                                              \
        tile_##rows##_3_1, tile_##rows##_1_0, tile_##rows##_2_0, tile_##rows##_3_0 \
    }
#else
#define TILES(rows) TILE(rows, 2, 1) TILE(rows, 1, 0) TILE(rows, 2, 0)
#define ROW(rows)                                               \
    {                                                           \
        tile_##rows##_2_1, tile_##rows##_1_0, tile_##rows##_2_0 \
    }
#endif

TILES(1)
TILES(2)
TILES(3)
TILES(4)
#if MR >= 6
TILES(5)
TILES(6)
#endif
#if MR >= 8
TILES(7)
TILES(8)
#endif
#if MR >= 14
TILES(9)
TILES(10)
TILES(11)
TILES(12)
TILES(13)
TILES(14)
#endif

/* by rows; then the full width, or the number of vectors of which the last is partial */
static tile_fn *const tiles[MR][CPU_NV + 1] = {
    ROW(1), ROW(2),  ROW(3),  ROW(4),
#if MR >= 6
    ROW(5), ROW(6),
#endif
#if MR >= 8
    ROW(7), ROW(8),
#endif
#if MR >= 14
    ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14),
#endif
};

void MICRO(int rows, int n, size_t k, micro_a a, const void *b, ptrdiff_t b_row, void *c,
           ptrdiff_t c_row, int add)
{
    int nv = n == CPU_NV * LANES ? 0 : (n + LANES - 1) / LANES;
    size_t last = (size_t)(n - (nv - 1) * LANES);
    tiles[rows - 1][nv](k, a.p, a.row, a.k, b, b_row, c, c_row, add, last);
}
