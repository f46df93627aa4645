/* SPDX-License-Identifier: MIT */
/* digits.c - recognise handwritten digits: train on one half, judge on the other, and say
 * which backend computed what. The quickstart ends with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "network.h"
#include "profile.h"

#define SEED 20
#define EXPECTED 94.0 /* percent, after that many epochs */
#define EPOCHS 20     /* twice as many gain nothing, and momentum decays into denormals */

typedef struct arguments {
    const char *data;
    long epochs;
    int table;
} arguments;

static int parse(int argc, char **argv, arguments *a)
{
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (strcmp(argv[i], "--no-table") == 0)
            a->table = 0;
        else if (strcmp(argv[i], "--epochs") == 0 && i + 1 < argc)
            a->epochs = strtol(argv[++i], &end, 10);
        else if (argv[i][0] != '-' && a->data == NULL)
            a->data = argv[i];
        else
            return 0;
        if (end != NULL && (*end != '\0' || a->epochs < 1))
            return 0;
    }
    return a->data != NULL;
}

static vane_status learn(vane_context *ctx, const dataset *d, const arguments *a, double *accuracy)
{
    network n;
    int64_t right = 0;
    vane_status st = network_open(ctx, SEED, &n);
    for (long e = 0; st == VANE_OK && e < a->epochs; e++)
        st = network_train(&n, &d->train, 0.1f, 0.9f);
    if (st == VANE_OK)
        st = network_judge(&n, &d->test, &right);
    if (st == VANE_OK) {
        printf("trained on %lld digits in %ld epochs, weights %016llx\n", (long long)d->train.count,
               a->epochs, (unsigned long long)network_fingerprint(&n));
        if (a->table)
            profile_print(&n);
        printf("accuracy on %lld unseen digits: %.2f %% (%lld right)\n", (long long)d->test.count,
               100.0 * (double)right / (double)d->test.count, (long long)right);
    }
    network_close(&n);
    *accuracy = 100.0 * (double)right / (double)d->test.count;
    return st;
}

int main(int argc, char **argv)
{
    arguments a = {NULL, EPOCHS, 1};
    dataset d;
    vane_context *ctx = NULL;
    double accuracy = 0;
    if (!parse(argc, argv, &a)) {
        fprintf(stderr, "usage: digits [--epochs N] [--no-table] digits.csv\n");
        return 2;
    }
    if (!dataset_open(a.data, SEED, &d)) {
        dataset_close(&d);
        return 1;
    }
    vane_status st = vane_open(NULL, &ctx);
    if (st == VANE_OK)
        st = learn(ctx, &d, &a, &accuracy);
    if (st != VANE_OK)
        fprintf(stderr, "digits: %s\n", vane_last_error()->message);
    vane_close(ctx);
    dataset_close(&d);
    if (st == VANE_OK && a.epochs >= EPOCHS && accuracy < EXPECTED)
        fprintf(stderr, "digits: %.2f %% is below %g %%: something computes wrongly\n", accuracy,
                EXPECTED);
    return st == VANE_OK && (a.epochs < EPOCHS || accuracy >= EXPECTED) ? 0 : 1;
}
