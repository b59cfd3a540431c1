/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worlds --seeds A B [--days D]       two worlds of each seed from A to B, line by line as the relay sees
 * them worlds --guess N [--from S]         a guesser is trained on N quarters and tried on N others worlds
 * --lines S --hidden KIND      what the relay of one world sees, to be read
 *
 * --cure-off: a post leaves when there is something to send, as without the cure. --expect-different: the
 * test is that the worlds are told apart (--seeds: each of them; --guess: the bounds of the cure off).
 */
#include <getopt.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cheap.h"
#include "sim/worlds/worlds.h"

#define EQUAL_DAYS 21
#define QUARTER_DAYS 91 /* 63 working days, about */
#define TRIED_FROM 100000

static const char *const hidden_words[HIDDEN_KINDS] = {"nothing", "township", "county",
                                                       "nobody",  "at-end",   "locked"};

static struct {
    enum { NO_MODE, EQUAL, GUESS, LINES } mode;
    uint64_t first, last, from, n;
    struct world_options world;
    enum hidden_kind only; /* HIDDEN_NONE: all that a mode knows */
    bool expect_different;
} run = {.from = 1, .world = {.relay = TOWNSHIP, .end = COUNTY}};

/* ---- two worlds ---- */

/* Every kind of hidden matter, at each relay on its way, beside nothing. */
static const struct {
    enum hidden_kind hidden;
    enum place relay, end;
} pairs[] = {{HIDDEN_TOWNSHIP, TOWNSHIP, COUNTY}, {HIDDEN_COUNTY, TOWNSHIP, CITY},
             {HIDDEN_COUNTY, COUNTY, CITY},       {HIDDEN_NOBODY, TOWNSHIP, COUNTY},
             {HIDDEN_AT_END, TOWNSHIP, COUNTY},   {HIDDEN_LOCKED, TOWNSHIP, COUNTY}};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/* What the county takes in itself needs no road: without the cure too no relay sees it. */
static bool is_told_apart(size_t pair)
{
    return run.expect_different && pairs[pair].hidden != HIDDEN_AT_END && pairs[pair].hidden != HIDDEN_LOCKED;
}

static void say(uint64_t seed, size_t pair, const struct cl_node *relay, const struct comparison *x)
{
    printf("seed %llu: hidden %s, seen at %s: %llu lines, %llu differ\n", (unsigned long long)seed,
           hidden_words[pairs[pair].hidden], relay->text, (unsigned long long)x->lines,
           (unsigned long long)x->differ);
    if (x->differ > 0)
        printf("  line %llu\n    without: %s\n    with   : %s\n", (unsigned long long)x->first, x->text[0],
               x->text[1]);
}

/* Whether it came out as it must. */
static bool pair_holds(struct cluster *tree, uint64_t seed, size_t pair)
{
    struct world_options a = run.world, b = run.world;
    a.seed = b.seed = seed;
    a.relay = b.relay = pairs[pair].relay;
    a.end = b.end = pairs[pair].end;
    b.hidden = pairs[pair].hidden;
    a.cut = b.cut = b.hidden == HIDDEN_LOCKED;
    struct comparison x = worlds_compare(tree, &a, &b);
    say(seed, pair, tree->nodes[a.relay], &x);
    if (x.nothing)
        printf("seed %llu: nothing to compare: too little happened\n", (unsigned long long)seed);
    else if (x.differ > 0 && !is_told_apart(pair))
        printf("seed %llu: BROKEN at step %llu: I38 %s tells of a protected matter\n",
               (unsigned long long)seed, (unsigned long long)x.first, tree->nodes[a.relay]->text);
    else if (x.posts_kept > 0)
        printf("seed %llu: BROKEN at step 0: I38 %s keeps %u posts that went on\n", (unsigned long long)seed,
               tree->nodes[a.relay]->text, x.posts_kept);
    else if (x.differ == 0 && is_told_apart(pair))
        printf("seed %llu: the worlds must be told apart\n", (unsigned long long)seed);
    else
        return true;
    return false;
}

/* All pairs, or those of the kind that was asked for. Stops at the first that does not hold. */
static int equal(struct cluster *tree)
{
    unsigned long long pairs_tried = 0;
    for (uint64_t seed = run.first; seed <= run.last; seed++)
        for (size_t i = 0; i < PAIRS; i++) {
            if (run.only != HIDDEN_NONE && pairs[i].hidden != run.only)
                continue;
            pairs_tried++;
            if (!pair_holds(tree, seed, i))
                return 1;
        }
    printf("%llu pairs of worlds are %s\n", pairs_tried,
           run.expect_different ? "told apart by their relay, but for what comes not past it"
                                : "equal to their relay");
    return 0;
}

/* ---- guessing ---- */

static void write_features(const struct observer *o, FILE *f)
{
    static struct features x;
    features_of(o, &x);
    fwrite(&x, sizeof(x), 1, f);
}

/* One in two has protected matters. */
static void quarter(struct cluster *tree, uint64_t seed, struct sample *out)
{
    struct dp_rng r = sim_stream(seed, "label", 0);
    struct world_options o = run.world;
    FILE *f = tmpfile();
    o.seed = seed;
    out->label = dp_rng_below(&r, 2) == 1;
    if (out->label)
        o.hidden = run.only != HIDDEN_NONE ? run.only : HIDDEN_TOWNSHIP;
    if (f == NULL)
        exit(2);
    struct world_tally t = worlds_run(tree, &o, write_features, f);
    rewind(f);
    if (fread(&out->f, sizeof(out->f), 1, f) != 1 || (t.hidden.registered > 0) != out->label)
        exit(2);
    fclose(f);
}

/*
 * What is asked of 200: 40 to 60 % right with the cure, which a coin leaves once in 200 times, and over 95 %
 * without. Of fewer as much as is as likely: 2.83 standard deviations of so many tries on either side.
 */
static int judge(uint32_t right, uint32_t n)
{
    double rate = (double)right / n, wide = 2.8284 / sqrt(n);
    double low = run.expect_different ? 0.95 : 0.5 - wide / 2,
           high = run.expect_different ? 1 : 0.5 + wide / 2;
    if (run.expect_different && n < 200)
        low -= wide * sqrt(0.95 * 0.05);
    bool ok = rate >= low - 1e-9 && rate <= high + 1e-9 && (!run.expect_different || rate > low);
    printf("right in %u of %u (%.1f %%), wanted %.1f to %.1f %%: %s\n", right, n, 100 * rate, 100 * low,
           100 * high, ok ? "yes" : "NO");
    return !ok;
}

static int guess(struct cluster *tree)
{
    uint32_t n = (uint32_t)run.n;
    struct sample *s = calloc(2 * n, sizeof(*s));
    if (s == NULL)
        return 2;
    for (uint32_t i = 0; i < n; i++) {
        quarter(tree, run.from + i, &s[i]);
        quarter(tree, run.from + TRIED_FROM + i, &s[n + i]);
    }
    int bad = judge(learn_and_try(s, n, 2 * n), n);
    free(s);
    return bad;
}

/* ---- to be read ---- */

static int lines(struct cluster *tree)
{
    run.world.seed = run.first;
    run.world.hidden = run.only;
    run.world.cut = run.only == HIDDEN_LOCKED;
    struct world_tally t = worlds_run(tree, &run.world, observe_print, stdout);
    printf("matters %u, steps %u, closed %u, given up %u; hidden: registered %u, steps at the end %u\n",
           t.life.matters, t.life.steps, t.life.closed, t.life.given_up, t.hidden.registered, t.hidden.steps);
    return 0;
}

/* ---- options ---- */

static int usage(void)
{
    fprintf(stderr, "usage: worlds --seeds A B | --guess N [--from S] | --lines S\n"
                    "  [--days D] [--hidden township|county|nobody|at-end|locked] [--at township|county]\n"
                    "  [--cure-off] [--expect-different]\n");
    return 2;
}

static bool hidden_of(const char *word)
{
    for (unsigned k = 0; k < HIDDEN_KINDS; k++)
        if (strcmp(word, hidden_words[k]) == 0) {
            run.only = (enum hidden_kind)k;
            return true;
        }
    return false;
}

static bool place_of(const char *word)
{
    bool county = strcmp(word, "county") == 0;
    run.world.relay = county ? COUNTY : TOWNSHIP;
    return county || strcmp(word, "township") == 0;
}

static bool option(int c, int argc, char **argv)
{
    switch (c) {
    case 's':
        run.mode = EQUAL;
        run.first = strtoull(optarg, NULL, 10);
        run.last = optind < argc ? strtoull(argv[optind++], NULL, 10) : 0;
        return run.last >= run.first;
    case 'g':
        run.mode = GUESS;
        run.n = strtoull(optarg, NULL, 10);
        return run.n >= 2 && run.n <= 10000;
    case 'l':
        run.mode = LINES;
        run.first = strtoull(optarg, NULL, 10);
        return true;
    case 'f':
        run.from = strtoull(optarg, NULL, 10);
        return true;
    case 'd':
        run.world.days = atoi(optarg);
        return run.world.days > 0;
    case 'h':
        return hidden_of(optarg);
    case 'a':
        return place_of(optarg);
    case 'c':
        return run.world.cure_off = true;
    case 'x':
        return run.expect_different = true;
    default:
        return false;
    }
}

static bool parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"seeds", 1, NULL, 's'}, {"guess", 1, NULL, 'g'},    {"lines", 1, NULL, 'l'},
        {"from", 1, NULL, 'f'},  {"days", 1, NULL, 'd'},     {"hidden", 1, NULL, 'h'},
        {"at", 1, NULL, 'a'},    {"cure-off", 0, NULL, 'c'}, {"expect-different", 0, NULL, 'x'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        if (!option(c, argc, argv))
            return false;
    return optind == argc && run.mode != NO_MODE;
}

int main(int argc, char **argv)
{
    int bad = 2;
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    if (!parse(argc, argv))
        return usage();
    cheap_signatures(true);
    run.world.answers = run.mode != GUESS;
    worlds_uncompressed(run.mode != GUESS);
    if (run.world.days == 0)
        run.world.days = run.mode == GUESS ? QUARTER_DAYS : EQUAL_DAYS;
    run.world.end = run.only == HIDDEN_COUNTY ? CITY : COUNTY;
    struct cluster *tree = worlds_tree();
    if (run.mode == EQUAL)
        bad = equal(tree);
    else if (run.mode == GUESS)
        bad = guess(tree);
    else
        bad = lines(tree);
    world_drop();
    return bad;
}
