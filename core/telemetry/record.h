/* SPDX-License-Identifier: MIT */
/* record.h - VANE_RECORD: every call, for vane replay; some ten bytes each. The format, version 1:
 *
 * Eight bytes "VANEREC\n", then entries: a letter, how many bytes follow, and those. What the
 * reader does not know it skips. Numbers are LEB128, seven bits a byte, the lowest first; signed
 * ones have their sign in the lowest bit (0, -1, 1, -2 are 0, 1, 2, 3). A text is its length and
 * its bytes. A real is an IEEE 754 double, the lowest byte first.
 *
 *   V  version (1), process, text: libvane's version. First in the file, once
 *   C  a kind of call: op, text: its name, dtype of its kernel, size class, place, real: flops,
 *      real: bytes, inputs, bytes of parameters, the parameters as in memory; then the inputs and
 *      the output: dtype, rank, dimensions, 1 when row-major, or 0 and the signed strides
 *   W  who computes: text: backend ("": nobody), text: device, text: kernel, threads
 *   R  a call: its C and its W by their place among those, thread, signed: ns from the R before to
 *      its begin, ns that it took, flags; then by flags 1: ns of those that were not its own
 *      (trials beside it, waiting behind earlier work of its stream), 2: candidates that failed
 *      before, 4: signed: its status; 8: asynchronous, on the thread that saw it land
 *   L  calls that were left out, because they fit no entry
 *
 * place: 1 some operand in a buffer, 2 all inputs on the host, 4 the output stays in its
 * buffer, and from 8 on the number of the device that has most of the inputs.
 */
#ifndef VANE__TELEMETRY_RECORD_H
#define VANE__TELEMETRY_RECORD_H

#include "telemetry/event.h"
#include "telemetry/text.h"

/* The watcher, if the settings wish for it. */
void vane__record_open(vane_context *ctx);

/* record_bytes.c */
void vane__record_number(vane__text *t, uint64_t value);
void vane__record_signed(vane__text *t, int64_t value);
void vane__record_text(vane__text *t, const char *s);
/* The content of a C. */
void vane__record_kind(vane__text *t, const vane__prepared *p);

#endif
