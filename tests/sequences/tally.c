/* SPDX-License-Identifier: MIT */
/* tally.c - which backend and which device computed which op how often: sequences that never
 * reach one of them prove nothing about it. Only what is sure is counted: calls that name their
 * backend, and streams of a device. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum {
    ROWS = 32,
    ENOUGH = 1000, /* sequences from which all devices and ops are expected */
    MANY = 500     /* and ops of one backend from which all that it can are */
};

typedef struct row { /* of a backend, or of one of its devices */
    char name[24];
    int is_device;
    uint32_t total, op[VANE_OP_COUNT];
} row;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static row rows[ROWS];
static uint32_t n_rows;

/* Under the lock. */
static row *find(const char *name, int is_device)
{
    uint32_t i = 0;
    while (i < n_rows && strcmp(rows[i].name, name) != 0)
        i++;
    if (i == ROWS)
        return NULL;
    if (i == n_rows) {
        snprintf(rows[i].name, sizeof rows[i].name, "%s", name);
        rows[i].is_device = is_device;
        n_rows++;
    }
    return &rows[i];
}

static void add(const char *name, int is_device, uint32_t op, uint32_t n)
{
    pthread_mutex_lock(&lock);
    row *r = find(name, is_device);
    if (r != NULL) {
        r->total += n;
        r->op[op] += n;
    }
    pthread_mutex_unlock(&lock);
}

void tally_seen(const machine *m)
{
    for (uint32_t i = 0; i < m->devices; i++) {
        add(m->device_backend[i], 0, 0, 0);
        add(m->device_name[i], 1, 0, 0);
    }
}

void tally_op(const machine *m, uint32_t device, const char *backend, uint32_t op)
{
    if (device != VANE_ANY_DEVICE) {
        add(m->device_backend[device], 0, op, 1);
        add(m->device_name[device], 1, op, 1);
    } else if (backend != NULL) {
        add(backend, 0, op, 1);
    }
}

/* ---- is it enough? --------------------------------------------------------------------- */

static int complain(const char *who, uint32_t op)
{
    static const char *const names[] = {
#define VANE_OP(ID, name, ...) #name,
#include "vane/ops.def"
    };
    fprintf(stderr, "%s never computed %s\n", who, names[op]);
    return 0;
}

static int row_is_complete(const row *r)
{
    int ok = r->total > 0;
    uint32_t kinds = 0;
    if (!ok)
        fprintf(stderr, "%s never computed anything\n", r->name);
    for (uint32_t op = 0; op < VANE_OP_COUNT; op++) {
        kinds += r->op[op] > 0;
        if (!r->is_device && r->total >= MANY && op_is_tried(r->name, op) && r->op[op] == 0)
            ok = complain(r->name, op);
    }
    printf("%s: %u ops of %u kinds\n", r->name, r->total, kinds);
    return ok;
}

static int op_is_complete(uint32_t op)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < n_rows; i++)
        total += rows[i].op[op];
    return !op_is_tried("scalar", op) || total > 0 || complain("nobody", op);
}

int tally_is_complete(uint64_t sequences)
{
    int ok = 1;
    if (sequences < ENOUGH)
        return 1; /* one that is run again */
    for (uint32_t i = 0; i < n_rows; i++)
        ok &= row_is_complete(&rows[i]);
    for (uint32_t op = 0; op < VANE_OP_COUNT; op++)
        ok &= op_is_complete(op);
    return ok;
}
