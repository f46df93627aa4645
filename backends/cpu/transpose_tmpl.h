/* SPDX-License-Identifier: MIT */
/* transpose_tmpl.h - transpose.c's body for one element size. Wants T, LOG (the logarithm of LANES,
 * the elements in 16 bytes), LOW and HIGH (the lanes of two vectors, interleaved) and N(name).
 */

typedef T __attribute__((vector_size(16), aligned(1), may_alias)) N(vec);

enum { N(LANES) = 1 << LOG, N(LINE) = 64 / (int)sizeof(T) };

/* Interleaving row i with row i + LANES / 2, LOG times over, is a transpose. */
static inline void N(block)(const T *x, int64_t row_x, T *out, int64_t row_out)
{
    N(vec) a[N(LANES)], b[N(LANES)];
    for (int k = 0; k < N(LANES); k++)
        a[k] = *(const N(vec) *)(const void *)(x + k * row_x);
    for (int round = 0; round < LOG; round++) {
        for (int k = 0; k < N(LANES) / 2; k++) {
            b[2 * k] = __builtin_shufflevector(a[k], a[k + N(LANES) / 2], LOW);
            b[2 * k + 1] = __builtin_shufflevector(a[k], a[k + N(LANES) / 2], HIGH);
        }
        for (int k = 0; k < N(LANES); k++)
            a[k] = b[k];
    }
    for (int k = 0; k < N(LANES); k++)
        memcpy(out + k * row_out, &a[k], 16);
}

/* What is left over beside the blocks; the longer side is the inner loop. */
static void N(edge)(const T *x, int64_t row_x, T *out, int64_t row_out, int64_t m, int64_t n)
{
    if (m > n) {
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < m; i++)
                out[i * row_out + j] = x[i + j * row_x];
        return;
    }
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            out[i * row_out + j] = x[i + j * row_x];
}

static void N(tile)(const T *x, int64_t row_x, T *out, int64_t row_out, int64_t m, int64_t n)
{
    int64_t m_full = m - m % N(LANES), n_full = n - n % N(LANES);
    for (int64_t j = 0; j < n_full; j += N(LANES))
        for (int64_t i = 0; i < m_full; i += N(LANES))
            N(block)(x + i + j * row_x, row_x, out + i * row_out + j, row_out);
    if (m_full < m)
        N(edge)(x + m_full, row_x, out + m_full * row_out, row_out, m - m_full, n_full);
    if (n_full < n)
        N(edge)(x + n_full * row_x, row_x, out + n_full, row_out, m, n - n_full);
}

/* A line of inputs (m <= LINE) by a page's share of outputs, turned in L1 and streamed out row
 * by row: only whole cache lines may pass the caches by cheaply. */
static void N(tile_stream)(const T *x, int64_t row_x, T *out, int64_t row_out, int64_t m, int64_t n)
{
    enum { SIDE = 1024 / sizeof(T) };
    T buffer[N(LINE) * SIDE] __attribute__((aligned(64)));
    for (int64_t j = 0; j < n; j += SIDE) {
        int64_t w = n - j < SIDE ? n - j : SIDE;
        N(tile)(x + j * row_x, row_x, buffer, SIDE, m, w);
        for (int64_t i = 0; i < m; i++)
            cpu__stream_run(out + i * row_out + j, buffer + i * SIDE, (size_t)w * sizeof(T));
    }
}

/* A square of whole cache lines: each is read at once and, beside the buffer, written at once.
 * Strides near a power of two leave room for little more in L1. */
static inline void N(square)(const T *x, int64_t row_x, T *out, int64_t row_out, int stream)
{
    T buffer[N(LINE) * N(LINE)] __attribute__((aligned(64)));
    for (int64_t j = 0; j < N(LINE); j += N(LANES))
        for (int64_t i = 0; i < N(LINE); i += N(LANES))
            N(block)(x + i + j * row_x, row_x, buffer + i * N(LINE) + j, N(LINE));
    for (int64_t i = 0; i < N(LINE); i++)
        put_line(out + i * row_out, buffer + i * N(LINE), stream);
}

static void N(transpose)(const T *x, int64_t row_x, T *out, int64_t row_out, int64_t m, int64_t n,
                         int stream)
{
    int64_t m_full = m - m % N(LINE), n_full = n - n % N(LINE);
    if (stream && ((uintptr_t)out % 64 != 0 || row_out * (int64_t)sizeof(T) % 64 != 0)) {
        for (int64_t i = 0; i < m; i += N(LINE))
            N(tile_stream)
        (x + i, row_x, out + i * row_out, row_out, m - i < N(LINE) ? m - i : N(LINE), n);
        return;
    }
    for (int64_t i = 0; i < m_full; i += N(LINE))
        for (int64_t j = 0; j < n_full; j += N(LINE))
            N(square)(x + i + j * row_x, row_x, out + i * row_out + j, row_out, stream);
    if (m_full < m)
        N(tile)(x + m_full, row_x, out + m_full * row_out, row_out, m - m_full, n_full);
    if (n_full < n)
        N(tile)(x + n_full * row_x, row_x, out + n_full, row_out, m, n - n_full);
}
