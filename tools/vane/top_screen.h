/* SPDX-License-Identifier: MIT */
/* top_screen.h - the terminal while vane top has it: another screen, cut to size, keys at once. */
#ifndef VANE_TOOL_TOP_SCREEN_H
#define VANE_TOOL_TOP_SCREEN_H

#include <stddef.h>

enum { TOP_KEY_NONE, TOP_KEY_SIZE = 256, TOP_KEY_STOP }; /* else a character */

/* Standard output is a terminal. 0: it cannot be had. */
int top_screen_open(void);
/* As it was. Where a signal ended it, the process ends by that signal here. */
void top_screen_close(void);
/* Replaces what is shown: lines of text, the first of them in reverse, and a line at the bottom. */
void top_screen_show(const char *text, const char *bottom);
/* A key, a new size, a signal that ends; or nothing within so many seconds. The signals are heeded
 * without a screen too, once this or top_screen_open was called. */
int top_screen_wait(double seconds);

#endif
