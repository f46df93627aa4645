/* SPDX-License-Identifier: MIT */
/* json.h - a writer of JSON: always well-formed, whatever the texts and numbers are.
 *
 * key is the member's name inside an object and NULL inside an array. Bytes that are not
 * UTF-8 become U+FFFD; numbers that JSON has no form for (NaN, infinities) become null.
 */
#ifndef VANE_TOOL_JSON_H
#define VANE_TOOL_JSON_H

#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 16

typedef struct json {
    FILE *out;
    int depth;
    int one_line; /* no new lines but the last */
    char closer[JSON_DEPTH];
    char has_member[JSON_DEPTH];
} json;

void json_begin(json *j, FILE *out);
void json_begin_line(json *j, FILE *out);   /* the same in one line */
void json_object(json *j, const char *key); /* opens; json_close ends it */
void json_array(json *j, const char *key);
void json_close(json *j);
void json_end(json *j); /* closes all that is open, and the line */

void json_text(json *j, const char *key, const char *value); /* NULL: null */
void json_real(json *j, const char *key, double value);
void json_integer(json *j, const char *key, int64_t value);
void json_unsigned(json *j, const char *key, uint64_t value);
void json_boolean(json *j, const char *key, int value);
void json_null(json *j, const char *key);

#endif
