/* SPDX-License-Identifier: MIT */
/* record.h - the file of what was learned: a head, then entries that each stand for themselves.
 *
 * In the byte order of the machine, which alone reads it. The whole is hostile until proved
 * otherwise: a head that is not ours refuses the file, an entry that makes no sense is dropped
 * by itself.
 */
#ifndef VANE__POLICY_RECORD_H
#define VANE__POLICY_RECORD_H

#include <stdint.h>

#define VANE__RECORDS_MAGIC UINT64_C(0x31305f6c656e6176) /* "vanel_01" */
#define VANE__RECORDS_VERSION 1u
#define VANE__RECORDS_MAX 50000u /* entries of a file */
#define VANE__RECORD_NS 3.6e12   /* the longest time that is believed: an hour */

#define VANE__RECORD_SETTLED 4u /* in state: enough was known of the cell */

/* What one candidate of one cell was like in one state. */
typedef struct vane__record {
    uint64_t check;  /* of what follows */
    uint64_t key;    /* of all that it is about, with names in full (remember.c) */
    uint64_t stamp;  /* whose code (identity.h) */
    uint64_t when_s; /* of the last measurement, since 1970 */
    float typical_ns, spread_ns;
    uint16_t width;
    uint8_t dtype, size_class;
    uint8_t where;   /* vane__where_code */
    uint8_t state;   /* 1: pool hot, 2: host busy; VANE__RECORD_SETTLED */
    uint8_t samples; /* 0: typical_ns is an expectation, or 0 */
    uint8_t trust;   /* vane_trust */
    /* for people; cut where they are longer */
    char op[24], backend[16], device[24], kernel[40];
} vane__record;
_Static_assert(sizeof(vane__record) == 152 && sizeof(vane__record) % 8 == 0, "as in files");

typedef struct vane__records_head {
    uint64_t magic;
    uint32_t version, record_bytes;
    uint64_t identity, count;
    uint64_t check; /* of the head, with 0 here */
    char text[472]; /* the identity in words */
} vane__records_head;
_Static_assert(sizeof(vane__records_head) == 512, "as in files");

typedef enum vane__records_verdict {
    VANE__RECORDS_OK,
    VANE__RECORDS_FOREIGN, /* no such file at all */
    VANE__RECORDS_NEWER,
    VANE__RECORDS_OTHER, /* of another machine or build */
    VANE__RECORDS_DAMAGED
} vane__records_verdict;
const char *vane__records_verdict_text(vane__records_verdict v);

typedef struct vane__records {
    vane__record *list; /* inside the file's bytes */
    uint32_t count, dropped;
} vane__records;

/* Judges a file in memory (aligned to 8) and moves its good entries together. now_s: entries of
 * tomorrow make no sense. Whatever the bytes are, out is valid; empty unless OK. */
vane__records_verdict vane__records_parse(void *file, uint64_t bytes, uint64_t identity,
                                          uint64_t now_s, vane__records *out);
void vane__records_head_fill(vane__records_head *out, uint64_t identity, const char *text,
                             uint32_t count);
/* Its check; the last thing to be done to it. */
void vane__record_seal(vane__record *r, uint64_t identity);

#endif
