/* SPDX-License-Identifier: MIT */
/* stream.h - the parts of the group stream. Each reports its own cases. */
#ifndef CONFORM_STREAM_H
#define CONFORM_STREAM_H

#include "pipeline.h"

/* stream_error.c: a failure arrives at the wait, and the stream goes on after it */
void conform_stream_errors(conform *c, const conform_exact *e);
/* stream_bytes.c: what a chain of ops moves */
void conform_stream_bytes(conform *c, const conform_exact *e);

/* For each data type that is asked for, as one unit of a group that is about streams. */
void conform_on_streams(conform *c, const char *group, void (*fn)(conform *c, uint32_t dtype));
/* "" passes. */
void conform_verdict(conform *c, const char *label, const char *why);

#endif
