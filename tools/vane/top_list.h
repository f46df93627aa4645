/* SPDX-License-Identifier: MIT */
/* top_list.h - the processes that show something. */
#ifndef VANE_TOOL_TOP_LIST_H
#define VANE_TOOL_TOP_LIST_H

#include "top_find.h"
#include "top_page.h"

/* The exit code. A page that cannot be read is in the list, with the reason. */
int top_list_print(const top_list *l, int as_json);

#endif
