/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fills up. Below the watermark intake stops, with its own code, while orders, acks and reads go
 * on; on a disk without a byte left nothing that was acknowledged is lost and the daemon lives; with space
 * again it all goes on (R-STO-1, R-STO-4). Needs a file system of its own: root, and a private mount
 * namespace.
 *
 *   test_system_disk DAIPAOD DAIPAOD_PROBE
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "tree.h"

#define DISK "24m"
#define SKIP 77

struct scene {
    struct tree t;
    const char *probe;
    char ballast[340];
};

/* The township's data lies on a small disk. */
static void lay(struct tree *t, struct proc_node *n, void *ctx)
{
    struct scene *s = ctx;
    char data[300];
    (void)t;
    if (strcmp(n->id, TOWNSHIP) != 0)
        return;
    snprintf(data, sizeof data, "%s/data", n->dir);
    CHECK(mkdir(data, 0700) == 0 && mount("small", data, "tmpfs", 0, "size=" DISK ",mode=0700") == 0,
          "no small disk: %s", strerror(errno));
    tree_quick(n, s->probe);
    snprintf(n->env[1], sizeof n->env[1], "DAIPAO_PROBE_TIDY_MS=1000");
    snprintf(n->conf, sizeof n->conf, "[store]\nmap-size = 1G\nfree-min = 20%%\n");
    snprintf(s->ballast, sizeof s->ballast, "%s/ballast", data);
}

/* Fill the disk until `percent` of it are free, or to the last byte. */
static void fill(struct scene *s, unsigned percent)
{
    static char zero[65536];
    struct statvfs st;
    int fd = open(s->ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    CHECK(fd >= 0, "no ballast");
    for (;;) {
        CHECK(fstatvfs(fd, &st) == 0, "no disk");
        if (percent > 0 && st.f_bavail * 100 / st.f_blocks < percent)
            break;
        ssize_t n = write(fd, zero, percent > 0 ? sizeof zero : 4096);
        if (n <= 0)
            break;
    }
    close(fd);
}

static void intake_is(struct scene *s, const char *word, int seconds)
{
    char text[512] = "";
    for (double end = proc_now() + seconds; strcmp(text, word) != 0; proc_nap()) {
        act_text(s->t.township, "status", "intake", text);
        CHECK(proc_now() < end, "intake of the township is %s after %d s, not %s", text, seconds, word);
    }
}

static uint32_t take_in(struct scene *s, struct act_result *r)
{
    struct act_matter m = {.residence = TOWNSHIP};
    return act_register(s->t.township, NULL, &m, r);
}

/* Orders, their answers, reads and what only passes through. */
static void goes_on(struct scene *s, const char *number)
{
    struct act_result r;
    struct proc_node *t = s->t.township;
    uint64_t tomorrow = (uint64_t)time(NULL) / 86400 + 10;
    struct act_command c;
    act_build_step(&c, ACT_SUPERVISE, number, TOWNSHIP "/bureau", "answer at once");
    c.step.code = 1; /* ground, level */
    c.step.code2 = 2;
    c.step.due = (uint32_t)tomorrow;
    CHECK(act_do(s->t.county, NULL, &c, &r) == DP_OK, "the county cannot order: %s", r.text);
    act_step_soon(t, NULL, ACT_ANSWER, number, NULL, "it is being done", 20, NULL);
    act_wait_same(t, s->t.county, "", 20);
    /* What a village registers still passes, with acks both ways. */
    tree_relay(s->t.village, s->t.city, &r);
    json_t *show = act_ask_what(t, "show", number, NULL);
    CHECK(show != NULL, "no reads");
    json_decref(show);
}

/* R-STO-3: the start cannot be noted beside the store. That is no stop, and room ends it. */
static void started_on_a_full_disk(struct scene *s)
{
    struct proc_node *t = s->t.township;
    struct act_result r;
    char text[512];
    fill(s, 0);
    proc_start(&s->t.rig, t);
    act_wait_alarm(t, "disk", "", 20);
    act_text(t, "status", "stopped", text);
    CHECK(text[0] == '\0', "a full disk is taken for %s", text);
    intake_is(s, "stopped", 5);
    CHECK(take_in(s, &r) == DP_INTAKE_STOPPED, "a full disk takes in: %u %s", r.err, r.text);
    CHECK(unlink(s->ballast) == 0, "no ballast");
    intake_is(s, "open", 40);
    CHECK(take_in(s, &r) == DP_OK, "the township does not recover: %s", r.text);
    act_wait_same(t, s->t.city, TOWNSHIP, 30);
    proc_kill(t, SIGTERM);
    proc_start(&s->t.rig, t);
    act_text(t, "status", "stopped", text);
    CHECK(text[0] == '\0', "it is %s at its next start", text);
    proc_kill(t, SIGTERM);
    printf("disk: a start without room waits for it\n");
}

int main(int argc, char **argv)
{
    static struct scene s;
    struct act_result r, last;
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_disk DAIPAOD DAIPAOD_PROBE\n");
        return 2;
    }
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        fprintf(stderr, "skipped: a file system of its own needs root and a private mount namespace\n");
        return SKIP;
    }
    s.probe = argv[2];
    tree_grow(&s.t, argv[1], false, lay, &s);
    CHECK(take_in(&s, &r) == DP_OK, "the township cannot register: %s", r.text);
    act_wait_same(s.t.township, s.t.city, TOWNSHIP, 20);

    /* Below the watermark: R-STO-4. */
    fill(&s, 15);
    intake_is(&s, "stopped", 40);
    act_wait_alarm(s.t.township, "disk", "low", 5);
    CHECK(take_in(&s, &last) == DP_INTAKE_STOPPED, "intake goes on: %u %s", last.err, last.text);
    CHECK(dp_err_exit(DP_INTAKE_STOPPED) == 9, "another exit code");
    goes_on(&s, r.number);
    CHECK(unlink(s.ballast) == 0, "no ballast");
    intake_is(&s, "open", 40);
    CHECK(!act_alarmed(s.t.township, "disk", ""), "the alarm stays");
    CHECK(take_in(&s, &r) == DP_OK, "the township does not recover: %s", r.text);
    printf("disk: intake stopped below the watermark and went on\n");

    /* Not a byte left: turns fail, and what fails is said and not done (R-STO-1). */
    fill(&s, 0);
    json_t *before = act_digests(s.t.township, "");
    unsigned done = 0;
    double end = proc_now() + 30;
    while (take_in(&s, &last) == DP_OK) {
        CHECK(last.number[0] != '\0' && proc_now() < end, "a full disk takes everything");
        done++;
    }
    CHECK(last.err == DP_INTAKE_STOPPED, "a full disk is answered with %u %s", last.err, last.text);
    int status;
    CHECK(!proc_ended(s.t.township, &status), "the township ended on a full disk");
    json_t *after = act_digests(s.t.township, "");
    CHECK(json_object_size(after) == json_object_size(before) + done, "what was refused is there");
    json_decref(before);
    json_decref(after);
    CHECK(unlink(s.ballast) == 0, "no ballast");
    intake_is(&s, "open", 40);
    CHECK(take_in(&s, &r) == DP_OK, "the township does not recover: %s", r.text);
    act_wait_same(s.t.township, s.t.city, TOWNSHIP, 30);
    goes_on(&s, r.number);
    char text[2048];
    proc_kill(s.t.township, SIGTERM);
    int rc = proc_offline(&s.t.rig, s.t.township, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "the store is not sound: %s", text);
    printf("disk: full to the last byte: %u more taken in, then none, then again; %s", done, text);
    started_on_a_full_disk(&s);
    char data[300];
    snprintf(data, sizeof data, "%s/data", s.t.township->dir);
    umount2(data, MNT_DETACH);
    proc_free(&s.t.rig);
    return 0;
}
