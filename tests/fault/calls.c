/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A township whose calls to store, files, sockets and heap fail, one in each round, or that dies before or
 * after a commit: it answers with an error or ends with one, and it never crashes. Then its store is
 * sound, what it had acknowledged is at the county, and village, township and county show the same (R-STO-1,
 * R-FLD-1). All rounds are one long history of the same three nodes.
 *
 *   fault_calls DAIPAOD_PROBE DAIPAOD_FAULT sample N [SEED]      N rounds for each class
 *   fault_calls DAIPAOD_PROBE DAIPAOD_FAULT sweep MINUTES [CLASS [FIRST]]   every call, one by one
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rng.h"
#include "ctl.h"
#include "fault.h"
#include "tree.h"

#define ANSWER_MS 5000
#define ROUND_S 40
#define NAMES 65536

struct scene {
    struct tree t;
    struct fault_page *page;
    enum fault_class what;
    uint64_t at, total[FAULT_CLASSES];
    unsigned round, fired, died, refused, lost;
    double end;
    char (*acked)[48];
    unsigned acked_n;
    char from_village[48], own[48], from_county[48]; /* cases of the round */
};

static const char *const words[FAULT_CLASSES] = {"store", "begin", "file", "send", "heap", "before", "after"};

/* ---- a township that may die ---- */

/* A daemon ends by itself only with a code of its own, or because it was killed where the class says so. */
static void judge_end(struct scene *s, int status)
{
    bool kill_class = s->what == FAULT_BEFORE || s->what == FAULT_AFTER;
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) > 0 && WEXITSTATUS(status) < 126;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    CHECK(kill_class ? killed : clean, "%s call %llu (%s): the township ended with status %x; see %s/log",
          words[s->what], (unsigned long long)s->at, s->page->where, (unsigned)status, s->t.township->dir);
    s->died++;
    atomic_store(&s->page->at, 0);
}

static void revive(struct scene *s)
{
    int status;
    struct proc_node *n = s->t.township;
    if (n->pid > 0 && !proc_ended(n, &status))
        return;
    if (n->pid == 0 && proc_try_start(&s->t.rig, n, &status))
        return;
    judge_end(s, status);
    proc_start(&s->t.rig, n);
}

/* After a command without an answer. Without a turn there is no work, but an answer there is. */
static void reconnect(struct scene *s)
{
    struct proc_node *n = s->t.township;
    char sock[320];
    int status;
    snprintf(sock, sizeof sock, "%s/run/control.sock", n->dir);
    for (enum dp_err e = DP_UNREACHABLE; e != DP_OK; proc_nap()) {
        if (proc_ended(n, &status)) {
            judge_end(s, status);
            proc_start(&s->t.rig, n);
            return;
        }
        if (n->ctl == NULL)
            e = dp_ctl_open(sock, &n->ctl);
        CHECK(proc_now() < s->end, "the township does not open its door again");
    }
    CHECK(s->what != FAULT_BEGIN, "begin call %llu: a living township did not answer",
          (unsigned long long)s->at);
}

/* One command to the township until it is answered; true when an attempt before had no answer. */
static bool ask(struct scene *s, struct act_command *c, struct act_result *out)
{
    static uint8_t buf[1 << 16];
    Daipao__Control__V1__Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    Daipao__Control__V1__Command *list[1] = {&c->cmd};
    struct dp_slice reply;
    bool unknown = false;
    rq.version = 1;
    rq.as_office = (char *)"";
    rq.commands = list;
    rq.n_commands = 1;
    size_t len = daipao__control__v1__request__pack(&rq, buf);
    for (;; unknown = true) {
        struct proc_node *n = s->t.township;
        revive(s);
        enum dp_err e = dp_ctl_call(n->ctl, dp_slice_of(buf, len), &reply, ANSWER_MS);
        if (e == DP_OK)
            break;
        CHECK(proc_now() < s->end, "no answer from the township: %s", dp_err_text(e));
        s->lost++;
        dp_ctl_close(&n->ctl);
        reconnect(s);
    }
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, reply.len, reply.p);
    CHECK(r != NULL && r->n_results == 1, "a reply cannot be read");
    act_read(r->results[0], out);
    proc_reply_free(r);
    return unknown;
}

static bool passing(uint32_t err)
{
    return err == DP_NOMEM || err == DP_IO || err == DP_INTAKE_STOPPED || err == DP_FULL ||
           err == DP_CORRUPT || err == DP_AGAIN || err == DP_INTERNAL || err == DP_TOO_BIG;
}

static void acknowledged(struct scene *s, const char *name)
{
    CHECK(s->acked_n < NAMES, "more names than the table holds");
    if (name[0] != '\0')
        snprintf(s->acked[s->acked_n++], 48, "%s", name);
}

/* Until it is done; a refusal that says it is done already counts when an answer was lost. */
static void insist(struct scene *s, struct act_command *c, struct act_result *out)
{
    bool unknown = false;
    for (;; proc_nap()) {
        unknown |= ask(s, c, out);
        if (out->err == DP_OK || out->err == DP_DUPLICATE)
            break;
        if (out->err == DP_STOPPED && strstr(out->text, "start the daemon again") != NULL) {
            proc_kill(s->t.township, SIGTERM); /* as it was told */
            continue;
        }
        if (unknown && (out->err == DP_STEP_INVALID || out->err == DP_CONFLICT))
            return;
        s->refused += passing(out->err);
        CHECK(passing(out->err) || out->err == DP_NOT_FOUND || out->err == DP_STEP_INVALID,
              "%s call %llu (%s): refused with %u %s", words[s->what], (unsigned long long)s->at,
              s->page->where, out->err, out->text);
        CHECK(proc_now() < s->end, "%s call %llu (%s): refused to the end: %u %s", words[s->what],
              (unsigned long long)s->at, s->page->where, out->err, out->text);
    }
    acknowledged(s, out->name);
}

static void step(struct scene *s, uint32_t kind, const char *case_ref, const char *to, const char *text)
{
    struct act_command c;
    struct act_result r;
    act_build_step(&c, kind, case_ref, to, text);
    insist(s, &c, &r);
}

/* ---- the history of a round ---- */

static void register_at(struct scene *s, struct proc_node *n, const char *prefix, char name[48])
{
    char source[48];
    struct act_matter m = {.content = "the well of the lower village is dry", .source_no = source};
    struct act_command c;
    struct act_result r;
    snprintf(source, sizeof source, "%s%u", prefix, s->round);
    m.residence = TOWNSHIP;
    act_build_register(&c, &m);
    if (n == s->t.township) {
        insist(s, &c, &r);
    } else {
        CHECK(act_do(n, NULL, &c, &r) == DP_OK, "%s cannot register: %s", n->id, r.text);
        acknowledged(s, r.name);
    }
    snprintf(name, 48, "%s", r.name);
}

static void other(struct scene *s, struct proc_node *n, uint32_t kind, const char *case_ref, const char *to)
{
    struct act_result r;
    for (;; proc_nap()) {
        uint32_t err = act_step(n, NULL, kind, case_ref, to, NULL, &r);
        if (err == DP_OK)
            break;
        CHECK((err == DP_NOT_FOUND || err == DP_STEP_INVALID) && proc_now() < s->end,
              "%s call %llu (%s): %s: step %u: %s", words[s->what], (unsigned long long)s->at, s->page->where,
              n->id, (unsigned)kind, r.text);
        revive(s);
    }
    acknowledged(s, r.name);
}

static void work(struct scene *s)
{
    struct tree *t = &s->t;
    register_at(s, t->village, "V", s->from_village);
    other(s, t->village, ACT_REFER_UP, s->from_village, TOWNSHIP "/bureau");
    register_at(s, t->county, "C", s->from_county);
    other(s, t->county, ACT_TRANSFER, s->from_county, TOWNSHIP "/bureau");
    register_at(s, t->township, "T", s->own);
    step(s, ACT_NOTE, s->own, NULL, "asked the neighbours");
    step(s, ACT_REFER_UP, s->own, COUNTY "/bureau", NULL);
    step(s, ACT_ACCEPT, s->from_village, NULL, NULL);
    step(s, ACT_NOTE, s->from_village, NULL, "went there");
    step(s, ACT_ACCEPT, s->from_county, NULL, NULL);
    other(s, t->county, ACT_ACCEPT, s->own, NULL);
}

/* True when every case of `a` is at `b` with the same digest. */
static bool same(struct proc_node *a, struct proc_node *b, const char *below)
{
    json_t *da = act_digests(a, below), *db = act_digests(b, below), *digest;
    const char *name;
    bool is = true;
    json_object_foreach(da, name, digest) is = is && json_equal(digest, json_object_get(db, name));
    json_decref(da);
    json_decref(db);
    return is;
}

/*
 * The fault is taken away. A township that it has just met may be on its way out: a death is waited for, any
 * other end for a moment.
 */
static void clear_fault(struct scene *s, uint64_t fired, unsigned died)
{
    bool kill_class = s->what == FAULT_BEFORE || s->what == FAULT_AFTER;
    atomic_store(&s->page->at, 0);
    double end = proc_now() + 0.1;
    while (proc_now() < end ||
           (kill_class && s->died == died && atomic_load(&s->page->fired) != fired && proc_now() < s->end)) {
        revive(s);
        proc_nap();
    }
}

/* Then everything comes to rest the same. */
static void settle(struct scene *s)
{
    while (!same(s->t.township, s->t.county, TOWNSHIP) || !same(s->t.village, s->t.township, VILLAGE) ||
           !same(s->t.county, s->t.township, TOWNSHIP)) {
        proc_nap();
        CHECK(proc_now() < s->end, "%s call %llu (%s): the nodes do not come to the same; see %s",
              words[s->what], (unsigned long long)s->at, s->page->where, s->t.rig.dir);
    }
}

static void check_store(struct scene *s)
{
    char text[4096];
    struct proc_node *n = s->t.township;
    proc_kill(n, SIGTERM);
    int rc = proc_offline(&s->t.rig, n, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "%s call %llu (%s): the store is not sound: %s", words[s->what], (unsigned long long)s->at,
          s->page->where, text);
}

static void one_round(struct scene *s, enum fault_class what, uint64_t at)
{
    uint64_t before = atomic_load(&s->page->fired);
    unsigned died = s->died;
    s->round++;
    s->what = what;
    s->at = at;
    s->end = proc_now() + ROUND_S;
    s->page->where[0] = '\0';
    atomic_store(&s->page->what, (uint32_t)what);
    atomic_store(&s->page->at, at);
    revive(s);
    work(s);
    for (unsigned i = 0; i < FAULT_CLASSES; i++)
        s->total[i] = atomic_load(&s->page->calls[i]);
    clear_fault(s, before, died);
    settle(s);
    check_store(s);
    if (atomic_load(&s->page->fired) == before)
        return;
    s->fired++;
    if (getenv("DP_TRACE") != NULL)
        printf("%s %llu: %s\n", words[what], (unsigned long long)at, s->page->where);
}

/* ---- all rounds ---- */

/* What was acknowledged is at the county, each once. */
static void verify(struct scene *s)
{
    json_t *names = json_object(), *row;
    uint64_t cursor = 0;
    size_t i;
    for (bool more = true; more;) {
        Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
        q.what = (char *)"log";
        q.since = cursor;
        json_t *at_county = act_ask(s->t.county, &q, COUNTY "/bureau");
        CHECK(at_county != NULL, "the county shows no log");
        json_array_foreach(json_object_get(at_county, "rows"), i, row)
        {
            const char *name = json_string_value(json_object_get(json_object_get(row, "entry"), "entry"));
            CHECK(json_object_get(names, name) == NULL, "%s is twice in the feed of the county", name);
            json_object_set_new(names, name, json_true());
        }
        cursor = (uint64_t)json_integer_value(json_object_get(at_county, "cursor"));
        more = json_is_true(json_object_get(at_county, "more"));
        json_decref(at_county);
    }
    for (unsigned k = 0; k < s->acked_n; k++)
        CHECK(json_object_get(names, s->acked[k]) != NULL, "%s was acknowledged and is not at the county",
              s->acked[k]);
    printf("fault: %u rounds, %u fired; the township died %u times, refused %u times, %u answers lost; %u "
           "entries acknowledged, %zu at the county\n",
           s->round, s->fired, s->died, s->refused, s->lost, s->acked_n, json_object_size(names));
    json_decref(names);
}

static void lay(struct tree *t, struct proc_node *n, void *ctx)
{
    struct scene *s = ctx;
    char path[300];
    (void)t;
    snprintf(n->env[0], sizeof n->env[0], "DAIPAO_PROBE_RECONNECT_MS=20");
    if (strcmp(n->id, TOWNSHIP) != 0)
        return;
    snprintf(path, sizeof path, "%s/fault", n->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, sizeof *s->page) == 0, "no page");
    s->page = mmap(NULL, sizeof *s->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(s->page != MAP_FAILED, "no page");
    close(fd);
    snprintf(n->env[1], sizeof n->env[1], "DAIPAO_FAULT_PAGE=%s", path);
}

static void sample(struct scene *s, unsigned rounds, uint64_t seed)
{
    struct dp_rng rng;
    dp_rng_seed(&rng, seed);
    for (unsigned c = 0; c < FAULT_CLASSES; c++)
        for (unsigned i = 0; i < rounds; i++) {
            uint64_t step = s->total[c] / rounds + 1;
            one_round(s, (enum fault_class)c, 1 + i * step + dp_rng_below(&rng, step));
        }
}

static void sweep(struct scene *s, double minutes, const char *only, uint64_t first)
{
    double end = proc_now() + minutes * 60;
    for (unsigned c = 0; c < FAULT_CLASSES; c++) {
        if (only != NULL && strcmp(only, words[c]) != 0)
            continue;
        uint64_t n = first, dry = 0;
        for (; dry < 5 && proc_now() < end; n++) {
            unsigned fired = s->fired;
            one_round(s, (enum fault_class)c, n);
            dry = s->fired > fired ? 0 : dry + 1;
        }
        printf("fault: %s: calls %llu to %llu\n", words[c], (unsigned long long)first,
               (unsigned long long)n - 1);
    }
}

int main(int argc, char **argv)
{
    static struct scene s;
    if (argc < 5) {
        fprintf(stderr, "usage: fault_calls DAIPAOD_PROBE DAIPAOD_FAULT sample N [SEED]\n"
                        "       fault_calls DAIPAOD_PROBE DAIPAOD_FAULT sweep MINUTES [CLASS [FIRST]]\n");
        return 2;
    }
    s.acked = calloc(NAMES, sizeof *s.acked);
    CHECK(s.acked != NULL, "no memory");
    s.end = proc_now() + ROUND_S;
    tree_grow(&s.t, argv[1], false, lay, &s);
    proc_kill(s.t.township, SIGTERM);
    snprintf(s.t.township->program, sizeof s.t.township->program, "%s", argv[2]);
    one_round(&s, FAULT_STORE, 0); /* undisturbed: counts the calls */
    for (unsigned c = 0; c < FAULT_CLASSES; c++)
        printf("fault: %s: %llu calls in a round\n", words[c], (unsigned long long)s.total[c]);
    if (strcmp(argv[3], "sweep") == 0)
        sweep(&s, strtod(argv[4], NULL), argc > 5 ? argv[5] : NULL,
              argc > 6 ? strtoull(argv[6], NULL, 0) : 1);
    else
        sample(&s, (unsigned)strtoul(argv[4], NULL, 0), argc > 5 ? strtoull(argv[5], NULL, 0) : 1);
    verify(&s);
    proc_free(&s.t.rig);
    free(s.acked);
    return 0;
}
