/* SPDX-License-Identifier: MIT */
/* load.h - what the machine is doing: one line, or one object. */
#ifndef VANE_TOOL_LOAD_H
#define VANE_TOOL_LOAD_H

#include "json.h"
#include "vane/vane.h"

/* Takes 50 ms when nobody reads already: use is a difference. */
vane_host_load load_read(vane_context *ctx);
void load_print(const vane_host_load *l);
void load_json(json *j, const vane_host_load *l);

#endif
