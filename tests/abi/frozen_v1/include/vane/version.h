/* FROZEN: the plugin contract v1 as it was released. Never edited. */
/* SPDX-License-Identifier: MIT */
/* version.h - two numbers that move apart: the library's and the plugin ABI's.
 *
 * The library follows semantic versioning; its soname carries the major number.
 * The plugin ABI major is part of the exported symbol's name, so a break gets a
 * new symbol; the minor counts fields appended since v1.0.
 */
#ifndef VANE_VERSION_H
#define VANE_VERSION_H

#define VANE_VERSION_MAJOR 0
#define VANE_VERSION_MINOR 1
#define VANE_VERSION_PATCH 0
#define VANE_VERSION "0.1.0"

#define VANE_ABI_MAJOR 1u
#define VANE_ABI_MINOR 0u

#endif
