/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A smaller history that breaks the same invariant: the smaller trees are tried, kinds of fault and the
 * offices of single nodes are switched off, and days are taken away, as long as it still breaks. Each try is
 * a history in a child process. The streams of chance do not depend on each other, so what is left goes on
 * much as before.
 */
#include "sim/sim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/fault.h"
#include "sim/work.h"

#define TRY_SECONDS 300

static void say_death(struct sim_result *r, int status)
{
    *r = (struct sim_result){.broken = true};
    if (WIFSIGNALED(status))
        snprintf(r->text, sizeof(r->text), "the process died of signal %d", WTERMSIG(status));
    else
        snprintf(r->text, sizeof(r->text), "the process ended with %d and without a result",
                 WEXITSTATUS(status));
}

/* ---- a history in a child, and an end that was asked for ---- */

static volatile sig_atomic_t asked; /* the signal */
static volatile pid_t history;      /* that runs; 0: none */

static void on_signal(int number)
{
    asked = number;
    if (history > 0)
        kill(history, SIGKILL);
}

static sigset_t ends(void)
{
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGINT);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGHUP);
    return s;
}

void sim_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_mask = ends(), .sa_flags = SA_RESTART};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
}

/* As the signal would have ended it, but that nothing of it stays behind. */
static void end_if_asked(void)
{
    if (asked == 0)
        return;
    world_drop();
    signal(asked, SIG_DFL);
    raise(asked);
}

static _Noreturn void be_history(const struct sim_options *opt, struct cluster *tree, int result_fd,
                                 const sigset_t *blocked)
{
    struct sim s = {.opt = *opt, .result_fd = result_fd};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, blocked, NULL);
    setrlimit(RLIMIT_CPU, &(struct rlimit){TRY_SECONDS, TRY_SECONDS + 5});
    sim_run(&s, tree);
}

struct sim_result sim_fork(const struct sim_options *opt, struct cluster *tree)
{
    struct sim_result r;
    sigset_t hold = ends();
    int fd[2], status = 0;
    end_if_asked();
    if (pipe(fd) != 0)
        abort();
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &hold, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        be_history(opt, tree, fd[1], &hold);
    }
    history = pid;
    sigprocmask(SIG_UNBLOCK, &hold, NULL);
    close(fd[1]);
    bool told = pid > 0 && read(fd[0], &r, sizeof(r)) == (ssize_t)sizeof(r);
    close(fd[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    history = 0;
    end_if_asked();
    if (!told)
        say_death(&r, status);
    return r;
}

/* ---- tries ---- */

static bool same(const struct sim_result *a, const struct sim_result *b)
{
    return b->broken && strcmp(a->invariant, b->invariant) == 0;
}

static bool off(struct sim_options *opt, const struct sim_result *was, struct cluster *tree, const char *word)
{
    if (opt->off_count == SIM_OFF_MAX)
        return false;
    opt->off[opt->off_count++] = word;
    struct sim_result r = sim_fork(opt, tree);
    if (same(was, &r))
        return true;
    opt->off_count--;
    return false;
}

static const char *smaller_tree(struct sim_options *opt, const struct sim_result *was, struct cluster **tree)
{
    static const char *const names[] = {"pair", "line", "town", "halls"};
    const char *now = opt->tree;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], now) != 0; i++) {
        struct cluster *t = world_build(names[i]);
        opt->tree = names[i];
        struct sim_result r = sim_fork(opt, t);
        if (same(was, &r)) {
            *tree = t;
            return names[i];
        }
    }
    opt->tree = now;
    return now;
}

static void fewer_days(struct sim_options *opt, struct sim_result *was, struct cluster *tree)
{
    int64_t low = 0, high = opt->days > 0 ? opt->days : opt->work->days;
    while (high - low > 1) {
        int64_t days = opt->days;
        opt->days = (low + high) / 2;
        struct sim_result r = sim_fork(opt, tree);
        if (same(was, &r)) {
            high = opt->days;
        } else {
            low = opt->days;
            opt->days = days;
        }
    }
}

static void print(const struct sim_options *opt)
{
    printf("sim --seed %llu --tree %s --profile %s --work %s", (unsigned long long)opt->seed, opt->tree,
           opt->profile->name, opt->work->name);
    if (opt->days > 0)
        printf(" --days %lld", (long long)opt->days);
    for (uint32_t i = 0; i < opt->off_count; i++)
        printf(" --off %s", opt->off[i]);
    if (opt->lmdb)
        printf(" --lmdb");
    putchar('\n');
}

int shrink(struct sim_options opt, struct cluster *tree)
{
    if (opt.profile == NULL)
        opt.profile = profile_of_seed(opt.seed);
    if (opt.work == NULL)
        opt.work = work_of_seed(opt.seed);
    struct sim_result was = sim_fork(&opt, tree);
    if (!was.broken) {
        printf("nothing breaks with this seed\n");
        return 0;
    }
    printf("%s at step %llu: %s\n", was.invariant, (unsigned long long)was.step, was.text);
    smaller_tree(&opt, &was, &tree);
    for (unsigned k = 0; k < SIM_FAULT_COUNT; k++)
        off(&opt, &was, tree, sim_fault_word((enum sim_fault_kind)k));
    for (uint32_t i = tree->node_count; i-- > 0;)
        off(&opt, &was, tree, tree->nodes[i]->text);
    fewer_days(&opt, &was, tree);
    was = sim_fork(&opt, tree);
    printf("%s at step %llu: %s\n", was.invariant, (unsigned long long)was.step, was.text);
    print(&opt);
    return 1;
}
