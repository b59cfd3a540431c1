/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain: entries issued at a village through its control socket, at most 1,000 unanswered, until they are
 * durable at the city; four daemons on this machine. Baseline: the same number of records appended to
 * plain LMDB at 1,000 per commit, in the same run. Prints one JSON object a line.
 *
 *   bench_chain DAIPAOD [ENTRIES [CASES_IN_FLIGHT]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "baseline.h"
#include "ctl.h"
#include "rig.h"

#define PER_CASE 20
#define BATCH 200    /* commands in one request */
#define WINDOW 5     /* requests unanswered: 1,000 commands */

typedef Daipao__Control__V1__Request Request;
typedef Daipao__Control__V1__Command Command;
typedef Daipao__Control__V1__Step Step;
typedef Daipao__Control__V1__Intake Intake;
typedef Daipao__Control__V1__Part Part;
typedef Daipao__Control__V1__Person Person;

struct chain {
    struct proc_rig rig;
    struct proc_node *city, *county, *township, *village;
    uint64_t want, sent, answered, refused;
    uint32_t cases, done_cases; /* cases of a wave; a wave is registered, then worked on */
    char (*numbers)[40];
};

static void out(const char *metric, const char *unit, double value, double baseline, const char *base_text)
{
    printf("{\"bench\":\"chain\",\"metric\":\"%s\",\"unit\":\"%s\",\"value\":%.6g,\"baseline\":%.6g,"
           "\"ratio\":%.4g,\"runs\":1,\"baseline_is\":\"%s\"}\n",
           metric, unit, value, baseline, baseline > 0 ? value / baseline : 0.0, base_text);
    fflush(stdout);
}

static void send_request(struct chain *c, Request *rq)
{
    static uint8_t buf[1 << 20];
    rq->version = 1;
    size_t len = daipao__control__v1__request__pack(rq, buf);
    if (dp_ctl_send(c->village->ctl, dp_slice_of(buf, len), 60000) != DP_OK) {
        fprintf(stderr, "chain: the daemon does not take requests\n");
        exit(1);
    }
}

static void take_reply(struct chain *c)
{
    struct dp_slice s;
    if (dp_ctl_recv(c->village->ctl, &s, 60000) != DP_OK) {
        fprintf(stderr, "chain: no reply\n");
        exit(1);
    }
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, s.len, s.p);
    for (size_t i = 0; i < r->n_results; i++) {
        if (r->results[i]->err != 0 && c->refused++ < 3)
            fprintf(stderr, "chain: refused: %s\n", r->results[i]->text);
        if (r->id > 0 && r->results[i]->number[0] != '\0')
            snprintf(c->numbers[r->id - 1 + i], 40, "%s", r->results[i]->number);
    }
    c->answered += r->n_results;
    daipao__control__v1__reply__free_unpacked(r, NULL);
}

/* A wave: `n` registrations (their numbers come back), then 19 more entries for each. */
static void registers(struct chain *c, uint32_t n)
{
    static Command cmd[BATCH], *list[BATCH];
    static Step step[BATCH];
    static Intake in[BATCH];
    static Part part[BATCH], *parts[BATCH];
    static Person person[BATCH], *persons[BATCH];
    for (uint32_t at = 0; at < n; at += BATCH) {
        uint32_t k = n - at < BATCH ? n - at : BATCH;
        Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
        for (uint32_t i = 0; i < k; i++) {
            cmd[i] = (Command)DAIPAO__CONTROL__V1__COMMAND__INIT;
            step[i] = (Step)DAIPAO__CONTROL__V1__STEP__INIT;
            in[i] = (Intake)DAIPAO__CONTROL__V1__INTAKE__INIT;
            part[i] = (Part)DAIPAO__CONTROL__V1__PART__INIT;
            person[i] = (Person)DAIPAO__CONTROL__V1__PERSON__INIT;
            in[i].channel = (char *)"V";
            in[i].purpose = 4;
            in[i].category = 990000;
            in[i].headcount = 1;
            in[i].residence_div = c->village->id;
            in[i].problem_div = c->village->id;
            in[i].petition_date = 20500;
            in[i].origin = 1;
            person[i].name = (char *)"\xe5\xbc\xa0\xe4\xb8\x89";
            person[i].phone = (char *)"13800000000";
            person[i].address = (char *)"\xe5\xb9\xb3\xe6\xa1\xa5\xe9\x95\x87";
            person[i].main = 1;
            persons[i] = &person[i];
            part[i].kind = 1;
            part[i].persons = &persons[i];
            part[i].n_persons = 1;
            parts[i] = &part[i];
            step[i].kind = 1;
            step[i].intake = &in[i];
            step[i].parts = &parts[i];
            step[i].n_parts = 1;
            cmd[i].op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
            cmd[i].step = &step[i];
            list[i] = &cmd[i];
        }
        rq.id = at + 1;
        rq.commands = list;
        rq.n_commands = k;
        while (c->sent - c->answered + k > BATCH * WINDOW)
            take_reply(c);
        send_request(c, &rq);
        c->sent += k;
    }
    while (c->answered < c->sent)
        take_reply(c);
}

/* 19 further entries: notes, and announced attachments (a paper kept at the office: digest and size only). */
static void work(struct chain *c, uint32_t n)
{
    static Command cmd[BATCH], *list[BATCH];
    static Step step[BATCH];
    static Daipao__Control__V1__File file[BATCH];
    uint32_t fill = 0;
    for (uint32_t round = 1; round < PER_CASE; round++)
        for (uint32_t i = 0; i < n; i++) {
            cmd[fill] = (Command)DAIPAO__CONTROL__V1__COMMAND__INIT;
            step[fill] = (Step)DAIPAO__CONTROL__V1__STEP__INIT;
            step[fill].kind = round % 2 == 0 ? 19 : 18;
            step[fill].case_ref = c->numbers[i];
            if (step[fill].kind == 19) {
                file[fill] = (Daipao__Control__V1__File)DAIPAO__CONTROL__V1__FILE__INIT;
                file[fill].media = 1;
                file[fill].size = 100000 + i;
                step[fill].file = &file[fill];
            }
            cmd[fill].op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
            cmd[fill].step = &step[fill];
            list[fill] = &cmd[fill];
            if (++fill < BATCH && (round + 1 < PER_CASE || i + 1 < n))
                continue;
            Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
            rq.commands = list;
            rq.n_commands = fill;
            while (c->sent - c->answered + fill > BATCH * WINDOW)
                take_reply(c);
            send_request(c, &rq);
            c->sent += fill;
            fill = 0;
        }
}

static double cpu(const struct chain *c)
{
    return proc_cpu(c->city) + proc_cpu(c->county) + proc_cpu(c->township) + proc_cpu(c->village);
}

static void memory(struct chain *c, const char *when)
{
    const struct proc_node *n[4] = {c->city, c->county, c->township, c->village};
    const char *word[4] = {"city", "county", "township", "village"};
    for (int i = 0; i < 4; i++) {
        char metric[80];
        snprintf(metric, sizeof metric, "private_dirty_%s_%s", when, word[i]);
        out(metric, "kB", (double)proc_smaps(n[i], "Private_Dirty"), 0, "none");
        snprintf(metric, sizeof metric, "pss_%s_%s", when, word[i]);
        out(metric, "kB", (double)proc_smaps(n[i], "Pss"), 0, "none");
    }
}

static int64_t hop_bytes(struct chain *c)
{
    char *json = proc_query(c->village, "link", "", NULL);
    int64_t v = 0;
    (void)json;
    free(json);
    v = proc_number(c->village, "status", "counters.bytes_out");
    return v;
}

int main(int argc, char **argv)
{
    struct chain c = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: bench_chain DAIPAOD [ENTRIES [CASES]]\n");
        return 2;
    }
    c.want = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    uint32_t wave = argc > 3 ? (uint32_t)atoi(argv[3]) : 50;
    c.numbers = calloc(wave + BATCH, sizeof c.numbers[0]);
    proc_new(&c.rig, argv[1]);
    c.city = proc_add(&c.rig, "331000000000", true);
    c.county = proc_add(&c.rig, "331023000000", true);
    c.township = proc_add(&c.rig, "331023105000", true);
    c.village = proc_add(&c.rig, "331023105200", false);
    proc_root(c.city);
    proc_enroll(&c.rig, c.county, c.city);
    proc_enroll(&c.rig, c.township, c.county);
    proc_enroll(&c.rig, c.village, c.township);
    proc_office(c.village, "station");
    proc_office(c.city, "bureau");
    memory(&c, "idle");
    int64_t base = proc_number(c.city, "status", "counters.entries_in");
    double cpu0 = cpu(&c), t0 = proc_now();
    int64_t bytes0 = hop_bytes(&c);
    while (c.sent < c.want) {
        registers(&c, wave);
        work(&c, wave);
    }
    while (c.answered < c.sent)
        take_reply(&c);
    double t_issued = proc_now();
    proc_wait(c.city, "status", "counters.entries_in", base + (int64_t)c.sent, 120);
    double t1 = proc_now(), cpu1 = cpu(&c);
    double n = (double)c.sent, baseline = baseline_append(c.rig.dir, c.sent, 350, 1000);
    out("entries_per_second", "entries/s", n / (t1 - t0), baseline, "LMDB append of 350-byte records, 1,000 per commit");
    out("issued_per_second", "entries/s", n / (t_issued - t0), baseline, "the same");
    out("cpu_seconds_per_100000", "s", (cpu1 - cpu0) * 100000 / n, 0, "none");
    const struct proc_node *nodes[4] = {c.village, c.township, c.county, c.city};
    for (int i = 0; i < 4; i++) {
        char metric[40];
        snprintf(metric, sizeof metric, "cpu_seconds_%s", nodes[i]->id);
        out(metric, "s", proc_cpu(nodes[i]), 0, "none");
    }
    out("bytes_per_entry_one_hop", "B", (double)(hop_bytes(&c) - bytes0) / n, 350, "350-byte record");
    out("refused", "entries", (double)c.refused, 0, "none");
    memory(&c, "loaded");
    proc_free(&c.rig);
    free(c.numbers);
    return c.refused == 0 ? 0 : 1;
}
