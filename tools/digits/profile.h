/* SPDX-License-Identifier: MIT */
/* profile.h - print what ran each call of the network, and how fast. */
#ifndef DIGITS_PROFILE_H
#define DIGITS_PROFILE_H

#include "network.h"

/* Runs every remembered call again, on fresh outputs. Call it last. */
void profile_print(network *n);

#endif
