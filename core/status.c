/* SPDX-License-Identifier: MIT */
/* status.c - names, sentences and classes of the status codes, all from one list.
 *
 * A plugin may return any number, so every function here is total: a code that is not in
 * the list has a name and a sentence too, and counts as FATAL, because nobody knows
 * whether trying again is safe.
 */
#include "vane/vane.h"

const char *vane_status_name(vane_status status)
{
    switch ((int)status) {
#define STATUS_NAME(name, value, cls, text) \
    case value:                             \
        return "VANE_" #name;
        VANE_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    default:
        return "VANE_E_UNKNOWN";
    }
}

const char *vane_status_string(vane_status status)
{
    switch ((int)status) {
#define STATUS_TEXT(name, value, cls, text) \
    case value:                             \
        return text;
        VANE_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "a status that Vane does not know";
    }
}

vane_status_class vane_status_class_of(vane_status status)
{
    switch ((int)status) {
#define STATUS_CLASS(name, value, cls, text) \
    case value:                              \
        return VANE_CLASS_##cls;
        VANE_STATUS_MAP(STATUS_CLASS)
#undef STATUS_CLASS
    default:
        return VANE_CLASS_FATAL;
    }
}

const char *vane_version(void)
{
    return VANE_VERSION;
}
