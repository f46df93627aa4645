/* SPDX-License-Identifier: MIT */
/* dataset.c - see dataset.h. */
#include "dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

typedef struct row {
    uint8_t value[PIXELS + 1];
} row;

static int parse_row(const char *path, long line, char *text, row *out)
{
    for (int i = 0; i <= PIXELS; i++) {
        char *end;
        long v = strtol(text, &end, 10);
        long limit = i < PIXELS ? 16 : CLASSES - 1;
        char expected = i < PIXELS ? ',' : '\n';
        if (end == text || v < 0 || v > limit ||
            (*end != expected && !(i == PIXELS && *end == '\0'))) {
            fprintf(stderr, "digits: %s:%ld: column %d is not a number from 0 to %ld\n", path, line,
                    i + 1, limit);
            return 0;
        }
        out->value[i] = (uint8_t)v;
        text = end + 1;
    }
    return 1;
}

static row *read_rows(const char *path, int64_t *count)
{
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fprintf(stderr, "digits: cannot open %s\n", path);
        return NULL;
    }
    row *rows = NULL;
    int64_t room = 0;
    char text[512];
    int good = 1;
    for (*count = 0; good && fgets(text, sizeof text, f) != NULL; (*count)++) {
        if (*count == room) {
            room = room ? room * 2 : 2048;
            row *more = realloc(rows, (size_t)room * sizeof(*rows));
            if (more == NULL)
                break;
            rows = more;
        }
        good = parse_row(path, (long)*count + 1, text, &rows[*count]);
    }
    good = good && feof(f) && *count >= 2;
    fclose(f);
    if (!good) {
        free(rows);
        return NULL;
    }
    return rows;
}

static void shuffle(row *rows, int64_t count, uint64_t seed)
{
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)(random_next(&seed) % (uint64_t)(i + 1));
        row t = rows[i];
        rows[i] = rows[j];
        rows[j] = t;
    }
}

static int half_open(const row *rows, int64_t count, half *out)
{
    out->count = count;
    out->pixels = malloc((size_t)count * PIXELS * sizeof(float));
    out->one_hot = calloc((size_t)count * CLASSES, sizeof(float));
    out->digits = malloc((size_t)count * sizeof(int64_t));
    if (out->pixels == NULL || out->one_hot == NULL || out->digits == NULL)
        return 0;
    for (int64_t i = 0; i < count; i++) {
        for (int p = 0; p < PIXELS; p++)
            out->pixels[i * PIXELS + p] = (float)rows[i].value[p] / 16;
        out->digits[i] = rows[i].value[PIXELS];
        out->one_hot[i * CLASSES + out->digits[i]] = 1;
    }
    return 1;
}

int dataset_open(const char *path, uint64_t seed, dataset *out)
{
    int64_t count = 0;
    memset(out, 0, sizeof *out);
    row *rows = read_rows(path, &count);
    if (rows == NULL)
        return 0;
    shuffle(rows, count, seed);
    int good = half_open(rows, count / 2, &out->train) &&
               half_open(rows + count / 2, count - count / 2, &out->test);
    free(rows);
    return good;
}

static void half_close(half *h)
{
    free(h->pixels);
    free(h->one_hot);
    free(h->digits);
}

void dataset_close(dataset *d)
{
    half_close(&d->train);
    half_close(&d->test);
}
