/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guesser: features that are standardised, the most telling of them by a t-statistic, a logistic regression
 * over these with a penalty, and a single threshold beside it. How many features and which of the two is
 * decided by cross-validation over what it is trained with. Nothing is drawn: the same samples give the same
 * guesser. See worlds.h.
 */
#include "sim/worlds/worlds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define PARTS 5
#define STEPS 200
#define PENALTY 0.02
#define RATE 0.3
#define CHOSEN_MAX 64

static const uint32_t choices[] = {1, 4, 16, 64}; /* features of the regression; 1: the threshold */
#define CHOICES (sizeof(choices) / sizeof(choices[0]))

struct learner {
    uint32_t count; /* features that it looks at */
    uint32_t at[CHOSEN_MAX];
    double mean[CHOSEN_MAX], scale[CHOSEN_MAX], weight[CHOSEN_MAX], bias;
};

/* Which samples: all but those of one part; -1: all. */
static bool is_used(uint32_t i, int without)
{
    return without < 0 || (int)(i % PARTS) != without;
}

/* ---- the most telling features ---- */

struct telling {
    uint32_t at;
    double t, mean, scale;
};

static struct telling how_telling(const struct sample *s, uint32_t n, int without, uint32_t at)
{
    double sum[2] = {0}, sum2[2] = {0}, count[2] = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (!is_used(i, without))
            continue;
        double x = s[i].f.x[at];
        count[s[i].label]++;
        sum[s[i].label] += x;
        sum2[s[i].label] += x * x;
    }
    double all = count[0] + count[1], mean = (sum[0] + sum[1]) / all;
    double spread = sqrt(fmax(0, (sum2[0] + sum2[1]) / all - mean * mean));
    struct telling r = {.at = at, .mean = mean, .scale = spread};
    if (spread > 1e-9 * (1 + fabs(mean)) && count[0] > 0 && count[1] > 0)
        r.t = fabs(sum[0] / count[0] - sum[1] / count[1]) / spread;
    return r;
}

static int more_telling(const void *a, const void *b)
{
    const struct telling *x = a, *y = b;
    if (x->t != y->t)
        return x->t < y->t ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void choose(const struct sample *s, uint32_t n, int without, uint32_t most, struct learner *l)
{
    static struct telling all[FEATURES_MAX];
    uint32_t count = s[0].f.count;
    for (uint32_t i = 0; i < count; i++)
        all[i] = how_telling(s, n, without, i);
    qsort(all, count, sizeof(all[0]), more_telling);
    *l = (struct learner){0};
    for (uint32_t i = 0; i < count && i < most && all[i].t > 0; i++) {
        l->at[l->count] = all[i].at;
        l->mean[l->count] = all[i].mean;
        l->scale[l->count++] = all[i].scale;
    }
}

static double standard(const struct learner *l, uint32_t k, const struct sample *s)
{
    return fmax(-4, fmin(4, (s->f.x[l->at[k]] - l->mean[k]) / l->scale[k]));
}

/* ---- a regression ---- */

static double said(const struct learner *l, const struct sample *s)
{
    double z = l->bias;
    for (uint32_t k = 0; k < l->count; k++)
        z += l->weight[k] * standard(l, k, s);
    return z;
}

static void regress(const struct sample *s, uint32_t n, int without, struct learner *l)
{
    for (unsigned step = 0; step < STEPS; step++) {
        double slope[CHOSEN_MAX] = {0}, of_bias = 0, used = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (!is_used(i, without))
                continue;
            double off = 1 / (1 + exp(-said(l, &s[i]))) - s[i].label;
            used++;
            of_bias += off;
            for (uint32_t k = 0; k < l->count; k++)
                slope[k] += off * standard(l, k, &s[i]);
        }
        l->bias -= RATE * of_bias / used;
        for (uint32_t k = 0; k < l->count; k++)
            l->weight[k] -= RATE * (slope[k] / used + PENALTY * l->weight[k]);
    }
}

/* ---- a threshold on one feature, the best of those that tell most ---- */

static uint32_t right_of(const struct learner *l, const struct sample *s, uint32_t n, int without, bool in)
{
    uint32_t right = 0;
    for (uint32_t i = 0; i < n; i++)
        right += is_used(i, without) == in && (said(l, &s[i]) > 0) == s[i].label;
    return right;
}

static void threshold(const struct sample *s, uint32_t n, int without, struct learner *l)
{
    struct learner from = *l, best = {.count = 1};
    uint32_t most = 0;
    for (uint32_t k = 0; k < from.count; k++)
        for (int sign = -1; sign <= 1; sign += 2)
            for (uint32_t i = 0; i < n; i++) {
                struct learner x = {
                    .count = 1, .at = {from.at[k]}, .mean = {from.mean[k]}, .scale = {from.scale[k]}};
                x.weight[0] = sign;
                x.bias = -sign * (standard(&x, 0, &s[i]) + 1e-6 * sign);
                uint32_t right = right_of(&x, s, n, without, true);
                if (right > most) {
                    most = right;
                    best = x;
                }
            }
    *l = best;
}

/* ---- choosing, and trying ---- */

static void learn(const struct sample *s, uint32_t n, int without, uint32_t choice, struct learner *l)
{
    choose(s, n, without, choices[choice] == 1 ? 16 : choices[choice], l);
    if (choices[choice] == 1)
        threshold(s, n, without, l);
    else
        regress(s, n, without, l);
}

static uint32_t best_choice(const struct sample *s, uint32_t n)
{
    uint32_t best = 0, most = 0;
    for (uint32_t c = 0; c < CHOICES; c++) {
        uint32_t right = 0;
        for (int part = 0; part < PARTS; part++) {
            struct learner l;
            learn(s, n, part, c, &l);
            right += right_of(&l, s, n, part, false);
        }
        printf("  %2u features: right in %u of %u, by cross-validation\n", choices[c], right, n);
        if (right > most) {
            most = right;
            best = c;
        }
    }
    return best;
}

uint32_t learn_and_try(const struct sample *s, uint32_t n, uint32_t all)
{
    struct learner l;
    for (uint32_t i = 0; i < all; i++)
        assert_int_equal(s[i].f.count, s[0].f.count);
    printf("%u features of a quarter, trained on %u\n", s[0].f.count, n);
    learn(s, n, -1, best_choice(s, n), &l);
    for (uint32_t k = 0; k < l.count && k < 8; k++)
        printf("  looks at %s, weight %.2f\n", s[0].f.name[l.at[k]], l.weight[k]);
    return right_of(&l, s + n, all - n, -1, true);
}
