/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two of one node, and a node that went back in time: a copied data folder that runs beside the original, a
 * backup put back, a machine rolled back as a whole, a missing life file. Each stops loudly and issues
 * nothing; the others are unharmed (R-HEL-3, R-HEL-5, R-STO-3).
 *
 *   test_system_second_life DAIPAOD DAIPAOD_PROBE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tree.h"

struct scene {
    struct tree t;
    const char *probe;
};

static void lay(struct tree *t, struct proc_node *n, void *ctx)
{
    (void)t;
    tree_quick(n, ctx);
}

static void run(const char *const *argv)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    CHECK(status == 0, "%s failed", argv[0]);
}

static void copy(const char *from, const char *to)
{
    const char *argv[] = {"cp", "-a", from, to, NULL};
    run(argv);
}

/* It says why, alarms, and takes no command that issues; it still answers questions. */
static void stopped(struct proc_node *n, const char *word)
{
    struct act_result r;
    struct act_matter m = {0};
    char text[512];
    act_wait_alarm(n, "stopped", "", 30);
    act_text(n, "status", "stopped", text);
    CHECK(strcmp(text, word) == 0, "%s says %s, not %s", n->id, text, word);
    int64_t seq = proc_number(n, "status", "own.seq");
    CHECK(act_register(n, NULL, &m, &r) == DP_STOPPED, "%s registers: %s", n->id, r.text);
    CHECK(dp_err_exit(DP_STOPPED) == 8 && strstr(r.text, "life clear") != NULL, "%s: %s", n->id, r.text);
    CHECK(proc_number(n, "status", "own.seq") == seq, "%s issued something", n->id);
    json_t *cases = act_digests(n, "");
    CHECK(json_object_size(cases) > 0, "%s shows nothing any more", n->id);
    json_decref(cases);
}

static void unharmed(struct scene *s)
{
    struct act_result r;
    char text[512];
    tree_relay(s->t.sibling, s->t.city, &r);
    act_text(s->t.township, "status", "stopped", text);
    CHECK(text[0] == '\0', "the township stopped: %s", text);
}

/* R-HEL-5 */
static void two_of_one(struct scene *s)
{
    struct proc_node *v = s->t.village;
    struct act_result r;
    char from[300], to[300];
    proc_kill(v, SIGTERM);
    struct proc_node *twin = proc_lay(&s->t.rig, VILLAGE "-twin", false);
    tree_quick(twin, s->probe);
    snprintf(from, sizeof from, "%s/data", v->dir);
    snprintf(to, sizeof to, "%s/data", twin->dir);
    copy(from, to);
    proc_start(&s->t.rig, v);
    proc_wait(v, "status", "links_up", 1, 30);
    proc_start(&s->t.rig, twin);
    stopped(twin, "RESTORED"); /* a copy knows it by the life file, before it says a word */
    stopped(v, "CLONE");       /* and the original cannot know which of them is wanted */
    act_wait_alarm(s->t.township, "link", VILLAGE ": a second living process", 10);
    act_wait_link(s->t.township, VILLAGE, "stopped", 10);
    unharmed(s);
    /* A person ends one of the two and says so above, before the other comes again. */
    proc_kill(twin, SIGTERM);
    proc_kill(v, SIGTERM);
    CHECK(act_admin(s->t.township, "link.clear", VILLAGE) == DP_OK, "the link cannot be cleared");
    proc_start(&s->t.rig, v);
    proc_wait(v, "status", "links_up", 1, 30);
    stopped(v, "CLONE"); /* R-HEL-7: it remembers, and root ends it */
    CHECK(act_admin(v, "life.clear", "") == DP_OK, "the stop cannot be ended");
    proc_wait(v, "status", "links_up", 1, 30);
    tree_relay(v, s->t.city, &r);
}

/* R-HEL-3, R-STO-3 */
static void older_backup(struct scene *s)
{
    struct proc_node *v = s->t.village;
    struct act_result r;
    char path[300], store[300], aside[310], text[2048];
    snprintf(path, sizeof path, "%s/backup", v->dir);
    CHECK(act_backup(v, path) == DP_OK, "no backup");
    tree_relay(v, s->t.city, &r);
    proc_kill(v, SIGTERM);
    snprintf(store, sizeof store, "%s/data/store", v->dir);
    snprintf(aside, sizeof aside, "%s.old", store);
    int rc = proc_offline(&s->t.rig, v, "--restore", path, text, sizeof text);
    CHECK(rc != 0, "a backup was restored over a store that is there: %s", text);
    CHECK(rename(store, aside) == 0, "cannot move");
    rc = proc_offline(&s->t.rig, v, "--restore", path, text, sizeof text);
    CHECK(rc == 0, "restore: %s", text);
    rc = proc_offline(&s->t.rig, v, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "the restored store is not sound: %s", text);
    proc_start(&s->t.rig, v);
    stopped(v, "RESTORED");
    act_wait_alarm(s->t.township, "link", VILLAGE ": the peer lost entries", 30);
    unharmed(s);
    /* Back to the store that was moved aside, whose life goes on. */
    const char *argv[] = {"rm", "-rf", store, NULL};
    proc_kill(v, SIGTERM);
    run(argv);
    CHECK(rename(aside, store) == 0, "cannot move");
    CHECK(act_admin(s->t.township, "link.clear", VILLAGE) == DP_OK, "the link cannot be cleared");
    proc_start(&s->t.rig, v);
    proc_wait(v, "status", "links_up", 1, 30);
    tree_relay(v, s->t.city, &r);
}

/* In place, so that neither file number nor life file tell: only the parent can (R-HEL-3). */
static void put_back(const char *from, const char *to)
{
    static char buf[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "r+b");
    CHECK(in != NULL && out != NULL, "%s or %s", from, to);
    size_t total = 0;
    for (size_t n; (n = fread(buf, 1, sizeof buf, in)) > 0; total += n)
        CHECK(fwrite(buf, 1, n, out) == n, "%s cannot be written", to);
    CHECK(fflush(out) == 0 && ftruncate(fileno(out), (off_t)total) == 0, "%s cannot be written", to);
    fclose(in);
    fclose(out);
}

/* R-HEL-7: killed, its parent away, started again and again: nothing is taken in on the strength of nothing.
 */
static void in_the_dark(struct scene *s, const char *word)
{
    struct proc_node *v = s->t.village;
    char text[512];
    proc_kill(s->t.township, SIGTERM);
    for (unsigned i = 0; i < 3; i++) {
        proc_kill(v, i == 0 ? SIGKILL : SIGTERM);
        proc_start(&s->t.rig, v);
        stopped(v, word);
        CHECK(proc_number(v, "status", "links_up") == 0, "the line is not down");
        act_text(v, "status", "intake", text);
        CHECK(strcmp(text, "stopped") == 0, "intake is %s", text);
        act_text(v, "status", "stopped_by", text);
        CHECK(strcmp(text, TOWNSHIP) == 0, "found by %s", text);
        CHECK(act_admin(v, "life.clear", "") == DP_CONFLICT, "a stop is ended in the dark");
    }
    proc_start(&s->t.rig, s->t.township);
    proc_wait(s->t.township, "status", "links_up", 1, 30);
    act_wait_alarm(s->t.township, "link", VILLAGE ": the peer lost entries", 30);
    CHECK(act_admin(v, "life.clear", "") == DP_CONFLICT, "a stop is ended while the parent holds more");
}

/* The store that has everything comes back, and what lies beside it still says stopped. */
static void put_the_true_one_back(struct scene *s)
{
    struct proc_node *v = s->t.village;
    struct act_result r;
    char from[300], to[300];
    proc_kill(v, SIGTERM);
    snprintf(from, sizeof from, "%s/today/data.mdb", v->dir);
    snprintf(to, sizeof to, "%s/data/store/data.mdb", v->dir);
    put_back(from, to);
    CHECK(act_admin(s->t.township, "link.clear", VILLAGE) == DP_OK, "the link cannot be cleared");
    proc_start(&s->t.rig, v);
    stopped(v, "RESTORED");
    proc_wait(v, "status", "links_up", 1, 30);
    CHECK(act_admin(v, "life.clear", "") == DP_OK, "the stop cannot be ended");
    proc_wait(v, "status", "links_up", 1, 30);
    tree_relay(v, s->t.city, &r);
    proc_kill(v, SIGTERM);
    proc_start(&s->t.rig, v);
    proc_wait(v, "status", "links_up", 1, 30);
    tree_relay(v, s->t.city, &r);
    proc_kill(v, SIGTERM);
}

static void rolled_back(struct scene *s)
{
    static const char *const files[] = {"data.mdb", "life"};
    struct proc_node *v = s->t.village;
    struct act_result r;
    char from[300], to[300];
    proc_kill(v, SIGTERM);
    snprintf(from, sizeof from, "%s/data/store", v->dir);
    snprintf(to, sizeof to, "%s/yesterday", v->dir);
    copy(from, to);
    proc_start(&s->t.rig, v);
    proc_wait(v, "status", "links_up", 1, 30);
    tree_relay(v, s->t.city, &r);
    proc_kill(v, SIGTERM);
    snprintf(from, sizeof from, "%s/data/store", v->dir);
    snprintf(to, sizeof to, "%s/today", v->dir);
    copy(from, to);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s/yesterday/%s", v->dir, files[i]);
        snprintf(to, sizeof to, "%s/data/store/%s", v->dir, files[i]);
        put_back(from, to);
    }
    proc_start(&s->t.rig, v);
    stopped(v, "RESTORED");
    act_wait_alarm(s->t.township, "link", VILLAGE ": the peer lost entries", 30);
    unharmed(s);
    in_the_dark(s, "RESTORED");
    put_the_true_one_back(s);
}

static void no_life(struct scene *s)
{
    struct proc_node *n = s->t.sibling;
    struct act_result r;
    char path[300];
    proc_kill(n, SIGTERM);
    snprintf(path, sizeof path, "%s/data/store/life", n->dir);
    CHECK(unlink(path) == 0, "no life file at %s", path);
    proc_start(&s->t.rig, n);
    stopped(n, "RESTORED");
    tree_relay(s->t.township, s->t.city, &r);
}

int main(int argc, char **argv)
{
    static struct scene s;
    struct act_result r;
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_second_life DAIPAOD DAIPAOD_PROBE\n");
        return 2;
    }
    s.probe = argv[2];
    tree_grow(&s.t, argv[1], true, lay, argv[2]);
    tree_relay(s.t.village, s.t.city, &r);
    two_of_one(&s);
    printf("second life: two of one stop\n");
    older_backup(&s);
    printf("second life: a restored backup stops\n");
    rolled_back(&s);
    printf("second life: a machine rolled back stops\n");
    no_life(&s);
    proc_free(&s.t.rig);
    return 0;
}
