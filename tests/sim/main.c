/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim --seed S                  one history; --trace shows it, --until K stops at step K
 * sim --seeds A B               one after the other, each in a child process
 * sim --minutes N [--from S]    fresh ones until the time is over
 * sim --shrink S                a smaller history that breaks the same invariant
 * sim --file F                  the regression seeds of a file, one line each: options of one history
 * sim --twice S                 one history two times: their hashes must be equal
 *
 * A broken invariant is printed as: seed, step, number, text; exit 1.
 */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/cheap.h"
#include "sim/fault.h"
#include "sim/sim.h"
#include "sim/work.h"

#define TREES_MAX 16

enum mode { ONE, RANGE, MINUTES, SHRINK, FROM_FILE, TWICE };

struct run {
    struct sim_options opt;
    enum mode mode;
    uint64_t first, last;
    double minutes;
    const char *file;
    bool any_work; /* the seed chooses */
    bool all;      /* do not stop at the first that breaks */
};

static struct {
    char name[16];
    bool fast; /* its keys are of the fast suite */
    struct cluster *tree;
} built[TREES_MAX];

static struct cluster *tree_of(const struct sim_options *opt)
{
    for (unsigned i = 0; i < TREES_MAX; i++) {
        if (built[i].tree == NULL) {
            snprintf(built[i].name, sizeof(built[i].name), "%s", opt->tree);
            built[i].fast = opt->fast;
            built[i].tree = world_build(opt->tree);
        }
        if (built[i].tree != NULL && strcmp(built[i].name, opt->tree) == 0 && built[i].fast == opt->fast)
            return built[i].tree;
    }
    return NULL;
}

static struct sim_options of_seed(const struct run *r, uint64_t seed)
{
    struct sim_options opt = r->opt;
    opt.seed = seed;
    if (opt.tree == NULL)
        opt.tree = world_of_seed(seed);
    if (r->any_work)
        opt.work = work_of_seed(seed);
    return opt;
}

static void say(const struct sim_options *opt, const struct sim_result *x)
{
    const char *profile = (opt->profile != NULL ? opt->profile : profile_of_seed(opt->seed))->name;
    printf("seed %llu %s %s%s%s: ", (unsigned long long)opt->seed, opt->tree, profile,
           opt->work == NULL ? "" : " ", opt->work == NULL ? "" : opt->work->name);
    if (x->broken)
        printf("BROKEN at step %llu: %s %s\n", (unsigned long long)x->step, x->invariant, x->text);
    else
        printf(
            "%llu steps, %llu frames, %llu commits, %llu entries, %llu acknowledged, %llu faults, %016llx\n",
            (unsigned long long)x->step, (unsigned long long)x->frames, (unsigned long long)x->commits,
            (unsigned long long)x->entries, (unsigned long long)x->acknowledged,
            (unsigned long long)x->faults, (unsigned long long)x->hash);
    fflush(stdout);
}

static bool one(const struct sim_options *opt)
{
    struct cluster *tree = tree_of(opt);
    if (tree == NULL) {
        fprintf(stderr, "no tree %s\n", opt->tree);
        exit(2);
    }
    struct sim_result x = sim_fork(opt, tree);
    say(opt, &x);
    return !x.broken;
}

/* I21 */
static bool twice(const struct sim_options *opt)
{
    struct sim_result a = sim_fork(opt, tree_of(opt)), b = sim_fork(opt, tree_of(opt));
    say(opt, &a);
    if (!a.broken && a.hash == b.hash && a.step == b.step)
        return true;
    say(opt, &b);
    printf("I21: one seed, two histories\n");
    return false;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int many(const struct run *r)
{
    int broken = 0;
    double end = now() + 60 * r->minutes;
    for (uint64_t seed = r->first; r->mode == MINUTES ? now() < end : seed <= r->last; seed++) {
        struct sim_options opt = of_seed(r, seed);
        broken += !one(&opt);
        if (broken > 0 && !r->all)
            break;
    }
    return broken;
}

/* ---- options ---- */

static int usage(void)
{
    fprintf(stderr,
            "usage: sim --seed S | --seeds A B | --minutes N | --shrink S | --twice S | --file F\n"
            "  [--tree pair|line|town|halls|county] [--profile P] [--work W|any] [--days D] [--lmdb]\n"
            "  [--fast] [--until STEP] [--trace] [--off FAULT|NODE]... [--from S] [--all]\n"
            "profiles:\n");
    fflush(stderr);
    profile_list();
    printf("workloads:\n");
    work_list();
    return 2;
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

static const struct option longs[] = {
    {"seed", 1, NULL, 's'},  {"seeds", 1, NULL, 'S'}, {"minutes", 1, NULL, 'm'}, {"shrink", 1, NULL, 'k'},
    {"twice", 1, NULL, '2'}, {"file", 1, NULL, 'F'},  {"tree", 1, NULL, 't'},    {"profile", 1, NULL, 'p'},
    {"work", 1, NULL, 'w'},  {"days", 1, NULL, 'd'},  {"lmdb", 0, NULL, 'l'},    {"fast", 0, NULL, 'f'},
    {"until", 1, NULL, 'u'}, {"trace", 0, NULL, 'T'}, {"off", 1, NULL, 'o'},     {"from", 1, NULL, 'r'},
    {"all", 0, NULL, 'a'},   {NULL, 0, NULL, 0},
};

static bool mode_option(struct run *r, int c, int argc, char **argv)
{
    r->first = r->last = number(optarg);
    switch (c) {
    case 's':
        r->mode = ONE;
        return true;
    case 'S':
        r->mode = RANGE;
        if (optind < argc)
            r->last = number(argv[optind++]);
        return true;
    case 'm':
        r->mode = MINUTES;
        r->minutes = atof(optarg);
        r->first = (uint64_t)time(NULL) * 1000;
        return true;
    case 'k':
        r->mode = SHRINK;
        return true;
    case '2':
        r->mode = TWICE;
        return true;
    default:
        r->mode = FROM_FILE;
        r->file = optarg;
        return true;
    }
}

static bool option(struct run *r, int c, int argc, char **argv)
{
    struct sim_options *o = &r->opt;
    switch (c) {
    case 't':
        o->tree = optarg;
        return true;
    case 'p':
        return (o->profile = profile_by_name(optarg)) != NULL;
    case 'w':
        r->any_work = strcmp(optarg, "any") == 0;
        return r->any_work || (o->work = work_by_name(optarg)) != NULL;
    case 'd':
        o->days = (int64_t)number(optarg);
        return true;
    case 'l':
        return o->lmdb = true;
    case 'f':
        return o->fast = true;
    case 'u':
        o->until = number(optarg);
        return true;
    case 'T':
        return o->trace = true;
    case 'o':
        if (o->off_count < SIM_OFF_MAX)
            o->off[o->off_count++] = optarg;
        return true;
    case 'r':
        r->first = number(optarg);
        return true;
    case 'a':
        return r->all = true;
    case '?':
        return false;
    default:
        return mode_option(r, c, argc, argv);
    }
}

static bool parse(struct run *r, int argc, char **argv)
{
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        if (!option(r, c, argc, argv))
            return false;
    return optind == argc;
}

/* ---- regression seeds ---- */

#define WORDS_MAX 64

/* "--seed 17 --tree town # what it found" */
static int from_line(char *line)
{
    struct run r = {0};
    char *argv[WORDS_MAX] = {"sim"}, *rest = line;
    int argc = 1;
    line[strcspn(line, "#\n")] = '\0';
    for (char *w; (w = strsep(&rest, " \t")) != NULL && argc < WORDS_MAX - 1;)
        if (*w != '\0')
            argv[argc++] = w;
    if (argc == 1)
        return 0;
    if (!parse(&r, argc, argv)) {
        fprintf(stderr, "not a history: %s\n", line);
        return 1;
    }
    cheap_signatures(r.opt.fast);
    struct sim_options opt = of_seed(&r, r.first);
    return r.mode == TWICE ? !twice(&opt) : many(&r);
}

static int from_file(const char *path)
{
    char line[1024];
    int broken = 0;
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return usage();
    while (fgets(line, sizeof(line), f) != NULL)
        broken += from_line(line);
    fclose(f);
    return broken;
}

int main(int argc, char **argv)
{
    struct run r = {.mode = FROM_FILE};
    int broken = 0;
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* the arenas of hundreds of nodes come and go */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    if (argc < 2 || !parse(&r, argc, argv))
        return usage();
    cheap_signatures(r.opt.fast);
    sim_signals();
    struct sim_options opt = of_seed(&r, r.first);
    switch (r.mode) {
    case ONE:
        r.last = r.first;
        broken = many(&r);
        break;
    case RANGE:
    case MINUTES:
        broken = many(&r);
        break;
    case SHRINK:
        broken = shrink(opt, tree_of(&opt));
        break;
    case TWICE:
        broken = !twice(&opt);
        break;
    case FROM_FILE:
        broken = r.file == NULL ? usage() : from_file(r.file);
        break;
    }
    world_drop();
    return broken > 0;
}
