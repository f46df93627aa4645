/* SPDX-License-Identifier: MIT */
/* keep.h - what the files of a kept failure share. */
#ifndef VANE__POLICY_KEEP_H
#define VANE__POLICY_KEEP_H

#include <stdio.h>

#include "policy/check.h"

/* keep_text.c: what was found, how to run it again, what the operands were like. */
void vane__keep_text(FILE *f, const vane__check *c, const vane__finding *finding, const char *who,
                     uint32_t width);

#endif
