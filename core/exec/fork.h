/* SPDX-License-Identifier: MIT */
/* fork.h - how often this process was forked: threads made in an older generation are gone. */
#ifndef VANE__EXEC_FORK_H
#define VANE__EXEC_FORK_H

#include <stdint.h>

/* Starts counting; any number of calls, from any thread. */
void vane__fork_watch(void);
uint32_t vane__fork_generation(void); /* below 2^31; wraps */

#endif
