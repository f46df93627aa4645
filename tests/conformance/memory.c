/* SPDX-License-Identifier: MIT */
/* memory.c - guard bytes for every op (each attempt looks at them), and in place: the output
 * being an input must change no bit of the result. */
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "sample.h"

static int may_alias(const conform_trial *t, uint32_t i)
{
    const vane_tensor *in = &t->in[i].t, *out = &t->want.t;
    if (strcmp(t->info.shape, "ELEMENTWISE") != 0 && strcmp(t->info.shape, "SOFTMAX") != 0)
        return 0;
    return in->rank == out->rank && vane_dtype_bytes(in->dtype) == vane_dtype_bytes(out->dtype) &&
           !memcmp(in->shape, out->shape, in->rank * sizeof in->shape[0]);
}

static void in_place(conform *c, conform_trial *t, uint32_t i, conform_layout layout)
{
    char why[512], label[256], text[64];
    conform_array apart = {0}, placed = {0};
    conform_attempt a = {.layout = layout, .got = &apart, .way = conform_way_of(c->via, c->turn++)};
    conform_layout same = conform_layout_of(layout, i, t->n_in + 1);
    snprintf(text, sizeof text, "%s%s, in place of input %u", conform_layout_name(same),
             conform_way_name(&a.way), i);
    conform_trial_label(t, text, label);
    int ran = conform_trial_attempt(c, t, &a, why);
    if (ran && !why[0]) {
        a.alias = (int)i + 1;
        a.got = &placed;
        ran = conform_trial_attempt(c, t, &a, why);
    }
    if (ran && !why[0] && !conform_equal(&apart, &placed))
        snprintf(why, sizeof why, "in place it gives other bits than apart");
    if (c->unsupported)
        conform_skip(&c->report, "", "unsupported: the plugin has no kernel");
    else if (!ran)
        conform_skip(&c->report, label, "the kernel declines such a call");
    else if (why[0])
        conform_fail(&c->report, label, "%s", why);
    else
        conform_pass(&c->report, label);
    conform_array_free(&apart);
    conform_array_free(&placed);
}

static void every_place(conform *c, conform_trial *t)
{
    static const conform_layout layouts[] = {CONFORM_DENSE, CONFORM_OFFSET, CONFORM_STRIDED,
                                             CONFORM_REVERSED, CONFORM_PADDED};
    conform_trial_layouts(c, t, 0);
    for (uint32_t i = 0; i < t->n_in; i++)
        for (size_t l = 0; may_alias(t, i) && l < sizeof layouts / sizeof layouts[0]; l++)
            if (!c->unsupported && (!c->options->quick || l % 2 == 0))
                in_place(c, t, i, layouts[l]);
}

static void cases(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const int64_t sizes[][2] = {{17, 33}, {1, 7}, {40, 64}, {3, 1000}};
    for (uint32_t variant = 0; variant < 4; variant++) {
        conform_trial t;
        if (conform_sample(c, &t, info, dtype, variant, sizes[variant][0], sizes[variant][1]))
            every_place(c, &t);
        conform_trial_close(&t);
    }
}

void conform_memory(conform *c)
{
    conform_each(c, "memory", cases);
}
