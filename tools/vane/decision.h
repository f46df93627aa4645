/* SPDX-License-Identifier: MIT */
/* decision.h - prints who stood for election, what was predicted, and why the losers lost. */
#ifndef VANE_TOOL_DECISION_H
#define VANE_TOOL_DECISION_H

#include "json.h"
#include "vane/vane.h"

void decision_print(const vane_decision *d);
void decision_json(json *j, const char *key, const vane_decision *d);

#endif
