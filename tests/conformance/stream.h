/* SPDX-License-Identifier: MIT */
/* stream.h - the parts of the group stream. Each reports its own cases. */
#ifndef CONFORM_STREAM_H
#define CONFORM_STREAM_H

#include "pipeline.h"

/* stream_error.c: a failure arrives at the wait, and the stream goes on after it */
void conform_stream_errors(conform *c, const conform_exact *e);
/* stream_bytes.c: what a chain of ops moves */
void conform_stream_bytes(conform *c, const conform_exact *e);

/* "" passes. */
void conform_verdict(conform *c, const char *label, const char *why);

#endif
