/* SPDX-License-Identifier: MIT */
/* board.h - a value that one thread writes and any reads whole, without a lock.
 *
 * A sequence counter around words: odd while they change. A word that is read (acquire) as
 * written (release) brings the odd counter with it, so a reader of a torn value sees that it is
 * one. Readers try again: for the control plane, not for every call.
 */
#ifndef VANE__TELEMETRY_BOARD_H
#define VANE__TELEMETRY_BOARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef _Atomic uint64_t vane__board_word;
#define VANE__BOARD_WORDS(type) ((sizeof(type) + 7) / 8)

/* One writer at a time. bytes: at most eight times the words. */
static inline void vane__board_write(vane__board_word *sequence, vane__board_word *words,
                                     const void *from, size_t bytes)
{
    uint64_t turn = atomic_load_explicit(sequence, memory_order_relaxed);
    atomic_store_explicit(sequence, turn + 1, memory_order_relaxed);
    for (size_t at = 0; at < bytes; at += 8) {
        uint64_t word = 0;
        memcpy(&word, (const char *)from + at, bytes - at < 8 ? bytes - at : 8);
        atomic_store_explicit(words++, word, memory_order_release);
    }
    atomic_store_explicit(sequence, turn + 2, memory_order_release);
}

/* False: nothing was written yet. */
static inline int vane__board_read(vane__board_word *sequence, vane__board_word *words, void *to,
                                   size_t bytes)
{
    for (;;) {
        uint64_t turn = atomic_load_explicit(sequence, memory_order_acquire);
        if (turn == 0)
            return 0;
        if (turn & 1)
            continue;
        for (size_t at = 0; at < bytes; at += 8) {
            uint64_t word = atomic_load_explicit(&words[at / 8], memory_order_acquire);
            memcpy((char *)to + at, &word, bytes - at < 8 ? bytes - at : 8);
        }
        if (atomic_load_explicit(sequence, memory_order_relaxed) == turn)
            return 1;
    }
}

#endif
