/* SPDX-License-Identifier: MIT */
/* network.h - a two-layer perceptron whose every number is computed by a Vane op.
 *
 *   hidden = relu(x W1 + b1)      p = softmax(hidden W2 + b2)
 * trained by minibatch gradient descent with momentum on the cross-entropy, whose gradient
 * at the softmax's input is p - y (Goodfellow, Bengio, Courville, Deep Learning, 6.2).
 */
#ifndef DIGITS_NETWORK_H
#define DIGITS_NETWORK_H

#include "dataset.h"
#include "vane/vane.h"

#define HIDDEN 96
#define BATCH 32
#define LAYERS 2

typedef struct layer {
    vane_tensor w, b;   /* inputs x outputs, 1 x outputs */
    vane_tensor dw, db; /* gradients */
    vane_tensor vw, vb; /* momentum */
} layer;

/* One distinct call that the network made; operands are the last ones seen. */
typedef struct step {
    uint32_t op, n_in;
    vane_tensor in[3], out;
    vane_params params;
    int has_params;
    uint64_t calls;
} step;

#define MAX_STEPS 64

typedef struct network {
    vane_context *ctx;
    layer layers[LAYERS];
    void *memory[128]; /* every allocation */
    int blocks;
    vane_tensor hidden, logits, dhidden, mask, zero; /* of one batch */
    step steps[MAX_STEPS];
    int step_count;
} network;

vane_status network_open(vane_context *ctx, uint64_t seed, network *out);
void network_close(network *n);
/* One pass over the half in batches, in order; a last, shorter batch is left out. */
vane_status network_train(network *n, const half *h, float rate, float momentum);
/* How many of the half are recognised. */
vane_status network_judge(network *n, const half *h, int64_t *right);
/* FNV-1a over the bits of all weights: two trainings that agree in it agree in every bit. */
uint64_t network_fingerprint(const network *n);

#endif
