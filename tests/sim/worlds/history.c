/* SPDX-License-Identifier: Apache-2.0 */
/* One history of ordinary work, with or without the hidden thing, in a child process: see worlds.h. */
#include "sim/worlds/worlds.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/tape.h"
#include "support/cmocka_all.h"

#define DAY_MS INT64_C(86400000)
#define KEEP_MS (6 * INT64_C(3600000)) /* an idle line costs little, and a quarter too */
#define CPU_SECONDS 120

struct cluster *worlds_tree(void)
{
    return world_build("relay");
}

/*
 * A village has a poor line, a township a better one. Where lines are compared a frame takes no time by its
 * size: a digest by which a block of the end hides an entry would, and that is left out (see observe.c).
 */
static void lay_lines(struct cluster *c, const struct world_options *opt)
{
    for (uint32_t i = 0; i < c->link_count; i++) {
        struct cl_link *l = c->links[i];
        bool poor = dp_node_tier(c->nodes[l->child]->id) == DP_TIER_VILLAGE;
        l->rate_bps = opt->answers ? 0 : poor ? 9600 : 1000000;
        l->latency_us = poor ? 150000 : 30000;
        l->jitter_us = poor ? 200000 : 20000;
    }
}

/* Each process with the options of this world, on the store that the tree has. */
static void start_all(struct cluster *c, const struct world_options *opt)
{
    c->by_moment = true;
    c->options.keep_ms = KEEP_MS;
    c->options.post_every = 0; /* as without a profile: once each working day */
    c->options.post_when_needed = opt->cure_off;
    c->options.silence_ms = 3 * KEEP_MS;
    c->tidy_late_ms = 2 * KEEP_MS;
    c->options.cache_facts = 100000;
    cluster_reseed(c, opt->seed);
    for (uint32_t i = 0; i < c->node_count; i++) {
        cl_kill(c->nodes[i], -1);
        cl_start(c->nodes[i]);
    }
    assert_true(cluster_settle(c, DAY_MS));
}

/* ---- a line that is down for a while, in both worlds ---- */

static void cut_line(void *ctx)
{
    cl_cut(ctx, cl_link_of(ctx, ((struct cluster *)ctx)->nodes[TOWNSHIP]));
}

static void mend_line(void *ctx)
{
    cl_mend(cl_link_of(ctx, ((struct cluster *)ctx)->nodes[TOWNSHIP]));
}

static void plan_cut(struct cluster *c)
{
    static struct cl_event cut, mend;
    cl_event_init(c, &cut, cut_line, c);
    cl_event_init(c, &mend, mend_line, c);
    cl_at(c, &cut, c->now_us + WORLDS_CUT_MS * 1000 + 3);
    cl_at(c, &mend, c->now_us + (WORLDS_CUT_MS + WORLDS_CUT_LASTS_MS) * 1000 + 3);
}

static uint32_t history(struct cluster *c, const struct world_options *opt,
                        void (*write)(const struct observer *o, FILE *f), FILE *to)
{
    static struct observer o;
    lay_lines(c, opt);
    start_all(c, opt);
    observe_begin(&o, c, opt);
    life_begin(c, opt->seed, opt->days);
    if (opt->cut)
        plan_cut(c);
    hidden_begin(c, opt);
    cluster_run(c, opt->days * DAY_MS);
    observe_end(&o);
    write(&o, to);
    return o.posts_kept;
}

/* Shared with the child. */
static struct world_tally *tally(void)
{
    static struct world_tally *t;
    if (t == NULL) {
        t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(t != MAP_FAILED);
    }
    return t;
}

struct world_tally worlds_run(struct cluster *tree, const struct world_options *opt,
                              void (*write)(const struct observer *o, FILE *f), FILE *to)
{
    int status = 0;
    struct world_tally *t = tally();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_SECONDS, CPU_SECONDS + 5});
        uint32_t kept = history(tree, opt, write, to);
        *t = (struct world_tally){life_count(), hidden_count(), kept};
        fflush(NULL);
        _exit(0);
    }
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return *t;
    printf("seed %llu: the history died\n", (unsigned long long)opt->seed);
    world_drop();
    exit(2);
}
