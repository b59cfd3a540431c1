/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Township and village are killed again and again under load, many times exactly between a commit and the
 * first byte that it justifies. What was acknowledged must be at the city exactly once, every chain without
 * holes, every state the same, every store sound (R-STO-1, R-ACK-1, R-FLD-1).
 *
 *   test_system_crash DAIPAOD DAIPAOD_PROBE [SEED [KILLS]]
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act.h"
#include "base/id.h"
#include "base/rng.h"
#include "check.h"
#include "ctl.h"
#include "probe.h"

#define KILLS 110
#define BETWEEN_EVERY 5 /* two of five */
#define REQUESTS 4      /* unanswered, of one node */
#define COMMANDS 4      /* in one of them, at most */
#define NAMES 65536
#define CASES 16384

enum sort { REG, NOTE, REFER, ACCEPT };

struct command {
    enum sort sort;
    char ref[48]; /* case, or source_no of a registration */
};

struct batch {
    struct command c[COMMANDS];
    unsigned n;
};

/* One node under load. */
struct client {
    struct proc_node *n;
    struct dp_ctl *ctl; /* beside that of the rig, so that replies stay in order */
    const char *office, *prefix;
    struct probe_page *page;
    struct batch flying[REQUESTS];
    unsigned flying_n;
    char (*retry)[48]; /* registrations whose fate is unknown */
    unsigned retry_n;
    char (*cases)[48]; /* registered here */
    unsigned case_n, referred;
    unsigned sources, done_sources; /* different registrations begun, and acknowledged */
};

struct crash {
    struct proc_rig rig;
    struct proc_node *city, *county, *township, *village;
    struct client client[2]; /* village, township */
    struct dp_rng rng;
    char (*acked)[48]; /* names of entries whose commands were acknowledged */
    unsigned acked_n;
    char (*offers)[48]; /* cases offered to the township and not accepted yet */
    unsigned offer_n;
    unsigned refused, accepted, killed, between;
    uint64_t seed;
};

static void push(char (*list)[48], unsigned *n, unsigned cap, const char *text)
{
    if (*n == cap)
        proc_die("the scenario is too long for its tables");
    snprintf(list[(*n)++], 48, "%s", text);
}

static void connect_to(struct client *c)
{
    char sock[320];
    snprintf(sock, sizeof sock, "%s/run/control.sock", c->n->dir);
    if (c->ctl != NULL)
        dp_ctl_close(&c->ctl);
    if (dp_ctl_open(sock, &c->ctl) != DP_OK)
        proc_die("%s does not answer", c->n->id);
}

/* ---- load ---- */

/* False: nothing of the sort can be done now. */
static bool make(struct crash *x, struct client *c, struct command *out)
{
    uint64_t dice = dp_rng_below(&x->rng, 10);
    if (c->retry_n > 0) {
        *out = (struct command){.sort = REG};
        memcpy(out->ref, c->retry[--c->retry_n], sizeof out->ref);
        return true;
    }
    if (c == &x->client[1] && x->offer_n > 0 && dice >= 6) {
        *out = (struct command){.sort = ACCEPT};
        memcpy(out->ref, x->offers[--x->offer_n], sizeof out->ref);
        return true;
    }
    if (c == &x->client[0] && dice >= 8 && c->referred < c->case_n) {
        *out = (struct command){.sort = REFER};
        memcpy(out->ref, c->cases[c->referred++], sizeof out->ref);
        return true;
    }
    if (c->case_n == 0 || dice < 5) {
        *out = (struct command){.sort = REG};
        snprintf(out->ref, sizeof out->ref, "%s%u", c->prefix, ++c->sources);
        return true;
    }
    *out = (struct command){.sort = NOTE};
    memcpy(out->ref, c->cases[dp_rng_below(&x->rng, c->case_n)], sizeof out->ref);
    return true;
}

static void build(struct act_command *to, const struct command *c)
{
    struct act_matter m = {.source_no = c->ref, .content = "the well of the lower village is dry"};
    switch (c->sort) {
    case REG:
        act_build_register(to, &m);
        break;
    case NOTE:
        act_build_step(to, ACT_NOTE, c->ref, NULL, "asked the neighbours");
        break;
    case REFER:
        act_build_step(to, ACT_REFER_UP, c->ref, "331023105000/bureau", NULL);
        break;
    case ACCEPT:
        act_build_step(to, ACT_ACCEPT, c->ref, NULL, NULL);
        break;
    }
}

/* Another request; true when it went. */
static bool send_one(struct crash *x, struct client *c)
{
    static uint8_t buf[1 << 16];
    struct act_command built[COMMANDS];
    Daipao__Control__V1__Command *list[COMMANDS];
    Daipao__Control__V1__Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    if (c->flying_n == REQUESTS)
        return false;
    struct batch *b = &c->flying[c->flying_n++];
    unsigned want = 1 + (unsigned)dp_rng_below(&x->rng, COMMANDS);
    for (b->n = 0; b->n < want && make(x, c, &b->c[b->n]); b->n++) {
        build(&built[b->n], &b->c[b->n]);
        list[b->n] = &built[b->n].cmd;
    }
    rq.version = 1;
    rq.as_office = (char *)c->office;
    rq.commands = list;
    rq.n_commands = b->n;
    size_t len = daipao__control__v1__request__pack(&rq, buf);
    return dp_ctl_send(c->ctl, dp_slice_of(buf, len), 5000) == DP_OK;
}

static void take_result(struct crash *x, struct client *c, const struct command *cmd,
                        const Daipao__Control__V1__Result *res)
{
    struct act_result r;
    act_read(res, &r);
    if (cmd->sort == ACCEPT && (r.err == DP_NOT_FOUND || r.err == DP_STEP_INVALID)) {
        /* The offer has not arrived yet. */
        if (strstr(r.text, "no such case") != NULL || strstr(r.text, "valid now: accept") != NULL)
            push(x->offers, &x->offer_n, CASES, cmd->ref);
        return;
    }
    if ((cmd->sort == REFER && r.err == DP_STEP_INVALID) || (cmd->sort == ACCEPT && r.err == DP_CONFLICT))
        return; /* one whose answer was lost did its work */
    if (r.err != DP_OK && !(cmd->sort == REG && r.err == DP_DUPLICATE)) {
        if (x->refused++ < 3)
            fprintf(stderr, "crash: %s refused %u on %s: %s\n", c->n->id, (unsigned)cmd->sort, cmd->ref,
                    r.text);
        return;
    }
    if (cmd->sort == REG) {
        c->done_sources++;
        push(c->cases, &c->case_n, CASES, r.name);
    }
    if (cmd->sort == REFER)
        push(x->offers, &x->offer_n, CASES, cmd->ref);
    if (cmd->sort == ACCEPT)
        x->accepted++;
    push(x->acked, &x->acked_n, NAMES, r.name);
}

/* One reply, if there is one; they come in order. */
static bool take_one(struct crash *x, struct client *c)
{
    struct dp_slice s;
    if (c->flying_n == 0 || c->ctl == NULL || dp_ctl_recv(c->ctl, &s, 0) != DP_OK)
        return false;
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, s.len, s.p);
    struct batch *b = &c->flying[0];
    if (r == NULL || r->n_results != b->n)
        proc_die("%s: a reply does not fit its request", c->n->id);
    for (unsigned i = 0; i < b->n; i++)
        take_result(x, c, &b->c[i], r->results[i]);
    proc_reply_free(r);
    memmove(&c->flying[0], &c->flying[1], --c->flying_n * sizeof c->flying[0]);
    return true;
}

/* What was asked of a killed node has no answer. */
static void forget(struct crash *x, struct client *c)
{
    for (unsigned i = 0; i < c->flying_n; i++)
        for (unsigned k = 0; k < c->flying[i].n; k++) {
            const struct command *cmd = &c->flying[i].c[k];
            if (cmd->sort == REG)
                push(c->retry, &c->retry_n, CASES, cmd->ref);
            if (cmd->sort == ACCEPT)
                push(x->offers, &x->offer_n, CASES, cmd->ref);
            if (cmd->sort == REFER)
                push(x->offers, &x->offer_n, CASES, cmd->ref); /* it may have been issued */
        }
    c->flying_n = 0;
}

static void work(struct crash *x, bool more)
{
    bool any = false;
    for (unsigned i = 0; i < 2; i++) {
        while (take_one(x, &x->client[i]))
            any = true;
        if (more && x->client[i].ctl != NULL && send_one(x, &x->client[i]))
            any = true;
    }
    if (!any)
        proc_nap();
}

/* From above, too: a case of the county that goes down to the township. */
static void county_acts(struct crash *x)
{
    struct act_result r;
    struct act_matter m = {.residence = "331023105000"};
    if (act_register(x->county, NULL, &m, &r) != DP_OK)
        proc_die("the county cannot register: %s", r.text);
    push(x->acked, &x->acked_n, NAMES, r.name);
    char name[48];
    memcpy(name, r.name, sizeof name);
    if (act_step(x->county, NULL, ACT_TRANSFER, name, "331023105000/bureau", NULL, &r) != DP_OK)
        proc_die("the county cannot transfer: %s", r.text);
    push(x->acked, &x->acked_n, NAMES, r.name);
    push(x->offers, &x->offer_n, CASES, name);
}

/* ---- killing ---- */

static void kill_one(struct crash *x, unsigned round)
{
    struct client *c = &x->client[dp_rng_below(&x->rng, 2)];
    bool between = round % BETWEEN_EVERY < 2;
    int status;
    uint64_t kills = atomic_load(&c->page->kills);
    uint64_t at = atomic_load(&c->page->commits) + 1 + dp_rng_below(&x->rng, 12);
    if (between)
        atomic_store(&c->page->kill_at, at);
    double end = proc_now() + 30;
    while (!proc_ended(c->n, &status)) {
        work(x, true);
        if (!between && atomic_load(&c->page->commits) >= at)
            kill(c->n->pid, SIGKILL);
        if (proc_now() > end)
            proc_die("%s did not end in round %u; see %s/log", c->n->id, round, c->n->dir);
    }
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s ended by itself, status %x", c->n->id,
          status);
    CHECK(atomic_load(&c->page->kills) - kills == between,
          "round %u: the probe raised another kill than asked", round);
    x->killed++;
    x->between += between;
    atomic_store(&c->page->kill_at, 0);
    forget(x, c);
    proc_start(&x->rig, c->n);
    connect_to(c);
    /* Sometimes the next one comes before the link is up again. */
    if (!dp_rng_chance(&x->rng, 1, 4))
        proc_wait(x->village, "status", "links_up", 1, 30);
}

/* ---- what must hold at the end ---- */

static bool idle(struct proc_node *n)
{
    json_t *root = act_ask_what(n, "links", NULL, NULL), *row;
    bool is = true;
    size_t i;
    json_array_foreach(json_object_get(root, "links"), i, row) is =
        is && json_integer_value(json_object_get(row, "backlog")) == 0 &&
        strcmp(json_string_value(json_object_get(row, "state")), "up") == 0;
    json_decref(root);
    return is && proc_number(n, "status", "own.seq") == proc_number(n, "status", "own.sealed_seq");
}

static void settle(struct crash *x)
{
    struct client *v = &x->client[0], *t = &x->client[1];
    double end = proc_now() + 60;
    /* Every registration begun is repeated until it is acknowledged. */
    while (v->flying_n + t->flying_n + v->retry_n + t->retry_n > 0) {
        for (unsigned i = 0; i < 2; i++)
            if (x->client[i].retry_n > 0)
                send_one(x, &x->client[i]);
        work(x, false);
        if (proc_now() > end)
            proc_die("commands stay without an answer");
    }
    struct proc_node *all[4] = {x->city, x->county, x->township, x->village};
    for (unsigned i = 0; i < 4; i++)
        while (!idle(all[i])) {
            proc_nap();
            if (proc_now() > end)
                proc_die("%s does not come to rest; see %s", all[i]->id, x->rig.dir);
        }
}

/* The feed of the city: each name once, and of every origin all numbers from 1 on (R-BLK-3, R-UP-1). */
static json_t *feed(struct crash *x, unsigned *registers)
{
    json_t *names = json_object(), *row;
    uint64_t cursor = 0;
    bool more = true;
    *registers = 0;
    while (more) {
        Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
        size_t i;
        q.what = (char *)"log";
        q.since = cursor;
        json_t *page = act_ask(x->city, &q, "331000000000/bureau");
        if (page == NULL)
            proc_die("the city shows no log");
        json_array_foreach(json_object_get(page, "rows"), i, row)
        {
            json_t *e = json_object_get(row, "entry");
            const char *name = json_string_value(json_object_get(e, "entry"));
            CHECK(json_object_get(names, name) == NULL, "%s is twice in the feed of the city", name);
            json_object_set(names, name, json_object_get(e, "kind"));
            CHECK(strcmp(json_string_value(json_object_get(e, "verdict")), "valid") == 0, "%s is not valid",
                  name);
            *registers += strcmp(json_string_value(json_object_get(e, "kind")), "register") == 0;
        }
        cursor = (uint64_t)json_integer_value(json_object_get(page, "cursor"));
        more = json_is_true(json_object_get(page, "more"));
        json_decref(page);
    }
    return names;
}

static void no_holes(json_t *names, struct proc_node *n)
{
    char inc[512], name[64];
    act_text(n, "status", "own.incarnation", inc);
    int64_t last = proc_number(n, "status", "own.seq");
    CHECK(last > 0, "%s issued nothing", n->id);
    for (int64_t seq = 1; seq <= last; seq++) {
        snprintf(name, sizeof name, "%s:%.8s:%lld", n->id, inc, (long long)seq);
        CHECK(json_object_get(names, name) != NULL, "%s is not at the city", name);
    }
    snprintf(name, sizeof name, "%s:%.8s:%lld", n->id, inc, (long long)last + 1);
    CHECK(json_object_get(names, name) == NULL, "%s is at the city and not at its origin", name);
}

static void verify(struct crash *x)
{
    unsigned registers;
    json_t *names = feed(x, &registers);
    for (unsigned i = 0; i < x->acked_n; i++)
        CHECK(json_object_get(names, x->acked[i]) != NULL, "%s was acknowledged and is not at the city",
              x->acked[i]);
    struct proc_node *all[4] = {x->city, x->county, x->township, x->village};
    for (unsigned i = 1; i < 4; i++)
        no_holes(names, all[i]);
    /* A repeated registration is one registration: source numbers are all different. */
    unsigned wanted = x->client[0].sources + x->client[1].sources + x->killed;
    CHECK(x->client[0].sources == x->client[0].done_sources &&
              x->client[1].sources == x->client[1].done_sources,
          "a registration was never acknowledged");
    CHECK(registers == wanted, "%u registrations at the city, not %u", registers, wanted);
    for (unsigned i = 0; i < 4; i++) {
        char text[512];
        act_text(all[i], "status", "stopped", text);
        CHECK(text[0] == '\0', "%s stopped: %s", all[i]->id, text);
    }
    /* Same entries, same state: all cases of a node are whole at every node above (R-FLD-1). */
    act_wait_same(x->village, x->township, "331023105200", 10);
    act_wait_same(x->township, x->county, "331023105000", 10);
    act_wait_same(x->county, x->city, "331023000000", 10);
    act_wait_same(x->township, x->village, "331023105200", 10);
    json_t *cases = act_digests(x->city, "");
    CHECK(json_object_size(cases) == registers, "%zu cases at the city, not %u", json_object_size(cases),
          registers);
    printf("crash: %zu entries at the city, %u acknowledged, %u cases, %u offers accepted\n",
           json_object_size(names), x->acked_n, registers, x->accepted);
    json_decref(cases);
    json_decref(names);
    for (unsigned i = 0; i < 4; i++) {
        char text[2048];
        proc_kill(all[i], SIGTERM);
        int rc = proc_offline(&x->rig, all[i], "--fsck", NULL, text, sizeof text);
        CHECK(rc == 0, "%s: fsck says %d: %s", all[i]->id, rc, text);
    }
}

/* ---- the scenario ---- */

static struct probe_page *page_new(struct proc_node *n)
{
    char path[300];
    struct probe_page zero = {0};
    snprintf(path, sizeof path, "%s/page", n->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, &zero, sizeof zero) != (ssize_t)sizeof zero)
        proc_die("%s cannot be written", path);
    struct probe_page *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        proc_die("%s cannot be mapped", path);
    close(fd);
    snprintf(n->env[0], sizeof n->env[0], "DAIPAO_PROBE_PAGE=%s", path);
    snprintf(n->env[1], sizeof n->env[1], "DAIPAO_PROBE_RECONNECT_MS=20");
    return p;
}

static void client_new(struct crash *x, unsigned i, struct proc_node *n, const char *prefix,
                       const char *office, const char *probe)
{
    struct client *c = &x->client[i];
    c->n = n;
    c->prefix = prefix;
    c->office = office;
    c->retry = calloc(CASES, sizeof c->retry[0]);
    c->cases = calloc(CASES, sizeof c->cases[0]);
    snprintf(n->program, sizeof n->program, "%s", probe);
    c->page = page_new(n);
    proc_start(&x->rig, n);
    connect_to(c);
}

int main(int argc, char **argv)
{
    static struct crash x;
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_crash DAIPAOD DAIPAOD_PROBE [SEED [KILLS]]\n");
        return 2;
    }
    x.seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 20260101;
    unsigned kills = argc > 4 ? (unsigned)atoi(argv[4]) : KILLS;
    printf("crash: seed %llu\n", (unsigned long long)x.seed);
    dp_rng_seed(&x.rng, x.seed);
    x.acked = calloc(NAMES, sizeof x.acked[0]);
    x.offers = calloc(CASES, sizeof x.offers[0]);
    proc_new(&x.rig, argv[1]);
    x.city = proc_add(&x.rig, "331000000000", true);
    x.county = proc_add(&x.rig, "331023000000", true);
    x.township = proc_lay(&x.rig, "331023105000", true);
    x.village = proc_lay(&x.rig, "331023105200", false);
    client_new(&x, 0, x.village, "v", "331023105200/station", argv[2]);
    client_new(&x, 1, x.township, "t", "331023105000/bureau", argv[2]);
    proc_root(x.city);
    proc_enroll(&x.rig, x.county, x.city);
    proc_enroll(&x.rig, x.township, x.county);
    proc_enroll(&x.rig, x.village, x.township);
    proc_office(x.village, "station");
    proc_office(x.township, "bureau");
    proc_office(x.county, "bureau");
    proc_office(x.city, "bureau");
    double t0 = proc_now();
    for (unsigned round = 0; round < kills; round++) {
        kill_one(&x, round);
        county_acts(&x);
    }
    printf("crash: %u kills, %u of them between commit and send, %.0f s\n", x.killed, x.between,
           proc_now() - t0);
    uint64_t counted = atomic_load(&x.client[0].page->kills) + atomic_load(&x.client[1].page->kills);
    CHECK(counted == x.between, "the probes counted %llu kills, not %u", (unsigned long long)counted,
          x.between);
    settle(&x);
    printf("crash: settled, %.0f s\n", proc_now() - t0);
    verify(&x);
    CHECK(x.refused == 0, "%u commands were refused", x.refused);
    printf("crash: all held, %.0f s\n", proc_now() - t0);
    proc_free(&x.rig);
    return 0;
}
