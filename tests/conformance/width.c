/* SPDX-License-Identifier: MIT */
/* width.c - the number of threads must not show: the same bits where the kernel promises
 * them, the op's tolerance where it does not. */
#include <stdio.h>

#include "groups.h"
#include "sample.h"

static uint32_t numerics_of(const vane_decision *d)
{
    return d->ran < d->count ? d->candidates[d->ran].numerics : (uint32_t)VANE_NUMERICS_FAST;
}

/* why: "" when the two agree as far as the kernel's numerics promise. */
static void compare(const vane_decision *d, const conform_array *one, const conform_array *many,
                    char why[512])
{
    if (numerics_of(d) == VANE_NUMERICS_FAST || conform_equal(one, many))
        return;
    snprintf(why, 512, "other bits than at width 1, and the kernel %s promises the same",
             d->candidates[d->ran].kernel);
}

static void widths(conform *c, conform_trial *t, conform_layout layout)
{
    const uint32_t width[] = {1, 2, 3, c->threads};
    conform_array one = {0};
    for (uint32_t i = 0; i < 4 && !c->unsupported; i++) {
        char why[512], label[256], text[64];
        conform_array many = {0};
        vane_decision d = {.struct_size = sizeof d};
        conform_attempt a = {.layout = layout,
                             .width = width[i],
                             .got = i ? &many : &one,
                             .decision = &d,
                             .way = conform_way_of(c->via, c->turn++)};
        if (i > 0 && (!one.t.data || width[i] > c->threads || (i == 3 && c->threads <= 3)))
            continue;
        int ran = conform_trial_attempt(c, t, &a, why);
        if (i > 0 && ran && !why[0])
            compare(&d, &one, &many, why);
        snprintf(text, sizeof text, "%s%s, width %u", conform_layout_name(layout),
                 conform_way_name(&a.way), width[i]);
        conform_trial_label(t, text, label);
        if (!ran)
            conform_skip(&c->report, c->unsupported ? "" : label,
                         c->unsupported ? "unsupported: the plugin has no kernel"
                                        : "the kernel declines such a call");
        else if (why[0])
            conform_fail(&c->report, label, "%s", why);
        else
            conform_pass(&c->report, label);
        conform_array_free(&many);
        if (i > 0 && ran && !a.way.async && d.ran < d.count && d.candidates[d.ran].width == 1)
            break; /* a kernel for one thread only */
    }
    conform_array_free(&one);
}

static void cases(conform *c, const vane_op_info *info, uint32_t dtype)
{
    static const int64_t large[][2] = {{60, 1009}, {40000, 3}, {3, 30011}, {257, 129}};
    static const int64_t small[][2] = {{17, 1009}, {11000, 3}}; /* two pieces, and three */
    const int quick = c->options->quick;
    for (uint32_t variant = 0; variant < (quick ? 2 : 4); variant++) {
        const int64_t *size = quick ? small[variant] : large[variant];
        conform_trial t;
        if (conform_sample(c, &t, info, dtype, variant, size[0], size[1])) {
            widths(c, &t, CONFORM_DENSE);
            if (!c->unsupported && variant == 0 && !quick)
                widths(c, &t, CONFORM_PADDED);
        }
        conform_trial_close(&t);
    }
}

/* Four threads even on fewer cores: the pieces are then spread in more ways. */
void conform_width(conform *c)
{
    uint32_t budget = c->threads;
    if (budget < 4 && vane_set_threads(c->ctx, 4) == VANE_OK)
        c->threads = 4;
    conform_each(c, "width", cases);
    vane_set_threads(c->ctx, 0);
    c->threads = budget;
}
