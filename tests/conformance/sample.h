/* SPDX-License-Identifier: MIT */
/* sample.h - one typical call of any op, for the groups that judge more than values. */
#ifndef CONFORM_SAMPLE_H
#define CONFORM_SAMPLE_H

#include "trial.h"

/* variant: 0 to 3, another shape or axis each. rows * columns is the size of an operand.
 * The trial is open afterwards, solved or not; 0: not solved. */
int conform_sample(conform *c, conform_trial *t, const vane_op_info *info, uint32_t dtype,
                   uint32_t variant, int64_t rows, int64_t columns);

#endif
