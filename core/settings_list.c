/* SPDX-License-Identifier: MIT */
/* settings_list.c - the comma-separated lists in settings: "a, b" and "op=a, op=b".
 *
 * Blanks around names and empty items are skipped. Nothing is allocated or changed.
 */
#include "settings.h"

#include <string.h>

typedef struct span {
    const char *at;
    size_t bytes;
} span;

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static span trim(const char *at, size_t bytes)
{
    while (bytes > 0 && is_blank(at[0])) {
        at++;
        bytes--;
    }
    while (bytes > 0 && is_blank(at[bytes - 1]))
        bytes--;
    return (span){at, bytes};
}

/* The next item that is not empty; moves *rest behind it. False at the end. */
static int next_item(const char **rest, span *item)
{
    while (**rest) {
        size_t bytes = strcspn(*rest, ",");
        *item = trim(*rest, bytes);
        *rest += bytes + ((*rest)[bytes] == ',');
        if (item->bytes > 0)
            return 1;
    }
    return 0;
}

static void copy_span(span from, char *out, size_t bytes)
{
    if (bytes == 0)
        return;
    size_t n = from.bytes < bytes - 1 ? from.bytes : bytes - 1;
    memcpy(out, from.at, n);
    out[n] = '\0';
}

static int equals(span s, const char *text)
{
    return strlen(text) == s.bytes && memcmp(s.at, text, s.bytes) == 0;
}

static int matches(span pattern, const char *name)
{
    if (pattern.bytes > 0 && pattern.at[pattern.bytes - 1] == '*')
        return strncmp(pattern.at, name, pattern.bytes - 1) == 0;
    return equals(pattern, name);
}

int vane__list_has(const char *list, const char *name)
{
    span item;
    while (next_item(&list, &item))
        if (matches(item, name))
            return 1;
    return 0;
}

int vane__list_at(const char *list, uint32_t i, char *out, size_t bytes)
{
    span item;
    while (next_item(&list, &item)) {
        if (i-- == 0) {
            copy_span(item, out, bytes);
            return 1;
        }
    }
    return 0;
}

int vane__ops_backend(const char *ops, const char *op, char *out, size_t bytes)
{
    span item;
    while (next_item(&ops, &item)) {
        const char *sign = memchr(item.at, '=', item.bytes);
        if (!sign)
            continue;
        size_t left = (size_t)(sign - item.at);
        if (!equals(trim(item.at, left), op))
            continue;
        copy_span(trim(sign + 1, item.bytes - left - 1), out, bytes);
        return 1;
    }
    return 0;
}

int vane__ops_check(const char *ops, char *bad, size_t bytes)
{
    span item;
    while (next_item(&ops, &item)) {
        const char *sign = memchr(item.at, '=', item.bytes);
        size_t left = sign ? (size_t)(sign - item.at) : 0;
        size_t right = sign ? item.bytes - left - 1 : 0;
        if (trim(item.at, left).bytes == 0 || trim(item.at + left + 1, right).bytes == 0 ||
            memchr(sign + 1, '=', right)) {
            copy_span(item, bad, bytes);
            return 0;
        }
    }
    return 1;
}
