/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An accusation against a township, filed at a village below it. Nothing of it may be anywhere at the
 * township: not in its files, its log, its memory, nor in the frames that pass it (R-N3-2, R-N3-3, R-N3-4,
 * R-N3-5). The county registers it, the village gets the receipt. Each search is shown to find an ordinary
 * case's marks in the same place, so that finding nothing means something.
 *
 *   test_system_protected DAIPAOD DAIPAOD_PROBE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hunt.h"
#include "relay/session.h"
#include "tree.h"

#define NAME "\xe6\xac\xa7\xe9\x98\xb3\xe9\x93\x81\xe6\x9f\xb1" /* as it is typed at the village */
#define PHONE "13951377042"
#define CONTENT "the granary money went to his brother-in-law"
#define ACCUSED "Qian Duoduo, deputy head"
#define SLUG "zfqx7granary" /* of the accused office: a word that is nowhere else */
#define LATER "the auditor was sent for the granary books"

#define USUAL_NAME "Ordinary Petitioner"
#define USUAL_NO "USUAL-MATTER-0815"

struct scene {
    struct tree t;
    const char *probe;
    char tap[2][340], frames[2][340];
    unsigned tap_count, frame_count;
};

static void lay(struct tree *t, struct proc_node *n, void *ctx)
{
    struct scene *s = ctx;
    const struct proc_node *parent = strcmp(n->id, TOWNSHIP) == 0  ? t->county
                                     : strcmp(n->id, VILLAGE) == 0 ? t->township
                                                                   : NULL;
    snprintf(n->env[1], sizeof n->env[1], "DAIPAO_ALLOW_CORE=1"); /* its memory is to be read */
    if (parent == NULL)
        return;
    tree_quick(n, s->probe);
    snprintf(s->frames[s->frame_count], sizeof s->frames[0], "%s/frames", n->dir);
    snprintf(n->env[2], sizeof n->env[2], "DAIPAO_PROBE_RECORD=%.300s", s->frames[s->frame_count++]);
    snprintf(s->tap[s->tap_count], sizeof s->tap[0], "%s/tap", n->dir);
    tap_start(parent->port + 5, parent->port, s->tap[s->tap_count++]);
    snprintf(n->conf, sizeof n->conf, "[parent]\naddress = 127.0.0.1:%u\n", parent->port + 5);
}

/* ---- the places ---- */

static void store(struct scene *s, struct hunt *h)
{
    char path[300];
    hunt_reset(h);
    snprintf(path, sizeof path, "%s/data", s->t.township->dir);
    hunt_path(h, path);
}

static void journal(struct scene *s, struct hunt *h)
{
    char path[300];
    hunt_reset(h);
    snprintf(path, sizeof path, "%s/log", s->t.township->dir);
    hunt_path(h, path);
}

static void memory(struct scene *s, struct hunt *h)
{
    hunt_reset(h);
    hunt_memory(h, s->t.township->pid);
}

/* In clear, both ways, as the village and the township have them: all of both links. */
static void frames(struct scene *s, struct hunt *h)
{
    hunt_reset(h);
    for (unsigned i = 0; i < s->frame_count; i++)
        hunt_path(h, s->frames[i]);
}

static void wire(struct scene *s, struct hunt *h)
{
    hunt_reset(h);
    for (unsigned i = 0; i < s->tap_count; i++)
        hunt_path(h, s->tap[i]);
}

static const struct place {
    const char *word;
    void (*look)(struct scene *s, struct hunt *h);
} places[] = {{"store", store}, {"log", journal}, {"memory", memory}, {"frames", frames}, {"wire", wire}};
#define PLACES (sizeof places / sizeof places[0])

static void nowhere(struct scene *s, struct hunt *secret)
{
    for (unsigned i = 0; i < PLACES; i++) {
        places[i].look(s, secret);
        for (unsigned k = 0; k < secret->n; k++)
            CHECK(secret->hits[k] == 0, "\"%s\" is in the %s", secret->needle[k], places[i].word);
        CHECK(secret->bytes > 0, "nothing was looked at in the %s", places[i].word);
        printf("protected: %-6s %9llu bytes, %llu of them unpacked: nothing\n", places[i].word,
               (unsigned long long)secret->bytes, (unsigned long long)secret->unpacked);
    }
}

/* The same searches find what an ordinary case leaves there. */
static void controls(struct scene *s, const char *number)
{
    const char *coded[] = {number, USUAL_NO};
    const char *said[] = {"listening for children"}; /* a log never names a case */
    const char *greeting[] = {"CURVE"};              /* a wire shows no more than this */
    struct hunt h, l, w;
    hunt_new(&h, coded, 2);
    hunt_new(&l, said, 1);
    hunt_new(&w, greeting, 1);
    for (unsigned i = 0; i < PLACES; i++) {
        struct hunt *x = places[i].look == journal ? &l : places[i].look == wire ? &w : &h;
        places[i].look(s, x);
        for (unsigned k = 0; k < x->n; k++)
            CHECK(x->hits[k] > 0, "the search does not find \"%s\" in the %s", x->needle[k], places[i].word);
    }
    /* Entries travel and lie compressed: that they were opened is seen by the source number. */
    frames(s, &h);
    CHECK(h.unpacked > 0 && h.hits[1] > 0, "no compressed run was opened");
}

/* ---- the scenario ---- */

/* The number that the clerk hands over: "...; receipt NUMBER". */
static void receipt_of(const struct act_result *r, char out[40])
{
    const char *at = strstr(r->text, "receipt ");
    CHECK(at != NULL, "no receipt: %s", r->text);
    snprintf(out, 40, "%s", at + strlen("receipt "));
}

/* The case as the county's bureau sees it: by name and tail, it registered it. */
static json_t *at_county(struct scene *s, const char *name, const char *tail)
{
    Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
    q.what = (char *)"find";
    q.name = (char *)name;
    q.tail = (char *)tail;
    json_t *root = act_ask(s->t.county, &q, "331023000000/bureau");
    json_t *row = json_incref(json_array_get(json_object_get(root, "rows"), 0));
    json_decref(root);
    return row;
}

/* R-POST-2: the root's profile names the times; here a post each minute. */
static void posts_by_the_minute(struct scene *s)
{
    static const char profile[] = "[profile]\nid = national-r22\nedition = 99\nvalid-from = 2022-05-01\n"
                                  "[triage]\ndays = 15\n[post]\nevery = 1\nrest-days = yes\n";
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    a.verb = (char *)"profile.publish";
    a.path = (char *)"post.conf";
    a.data.data = (uint8_t *)(uintptr_t)profile;
    a.data.len = sizeof profile - 1;
    CHECK(proc_admin(s->t.city, &a, "331000000000/bureau") == DP_OK, "the profile is not published");
}

/* Whether a case stands under the county's own name. Who a person is may be asked so often an hour (R-N4-3).
 */
static bool is_in_county(struct scene *s)
{
    json_t *all = act_digests(s->t.county, ""), *digest;
    const char *name;
    bool is = false;
    json_object_foreach(all, name, digest) is |= strncmp(name, COUNTY ":", 13) == 0;
    json_decref(all);
    return is;
}

static void county_has(struct scene *s, char number[40], char name[48])
{
    for (double end = proc_now() + 200; !is_in_county(s); proc_nap())
        CHECK(proc_now() < end, "the county does not have it");
    json_t *row = at_county(s, NAME, "7042");
    CHECK(row != NULL, "the county's bureau does not find it");
    snprintf(number, 40, "%s", json_string_value(json_object_get(row, "number")));
    snprintf(name, 48, "%s", json_string_value(json_object_get(row, "name")));
    json_decref(row);
    CHECK(strncmp(name, COUNTY ":", 13) == 0, "%s was not registered under the county's own name", name);
    json_t *show = act_ask_what(s->t.county, "show", number, "331023000000/bureau");
    char *text = json_dumps(show, JSON_COMPACT);
    CHECK(text != NULL && strstr(text, CONTENT) != NULL && strstr(text, ACCUSED) != NULL &&
              strstr(text, PHONE) != NULL,
          "the county cannot read it: %s", text);
    free(text);
    json_decref(show);
}

/* What stays at the village is a ticket with both numbers. */
static void village_knows(struct scene *s, const char *receipt, const char *number)
{
    char both[100], path[300];
    const char *needle[] = {both};
    struct hunt h;
    snprintf(both, sizeof both, "%s > %s", receipt, number);
    snprintf(path, sizeof path, "%s/data/store", s->t.village->dir);
    hunt_new(&h, needle, 1);
    for (double end = proc_now() + 200;; proc_nap()) {
        hunt_reset(&h);
        hunt_path(&h, path);
        if (h.hits[0] > 0)
            return;
        CHECK(proc_now() < end, "the village has no receipt \"%s\"", both);
    }
}

static void usual(struct scene *s, const char *source_no, char number[40])
{
    struct act_result r;
    struct act_matter m = {.name = USUAL_NAME, .source_no = source_no, .content = "the road is bad"};
    CHECK(act_register(s->t.village, NULL, &m, &r) == DP_OK, "the village cannot register: %s", r.text);
    snprintf(number, 40, "%s", r.number);
    act_wait_same(s->t.village, s->t.city, VILLAGE, 20);
}

static unsigned serial_of(const char *number)
{
    const char *at = strrchr(number, '-');
    return at == NULL || at - number < 6 ? 0 : (unsigned)strtoul(at - 5, NULL, 10);
}

int main(int argc, char **argv)
{
    static struct scene s;
    struct act_result r;
    struct act_command order;
    char before[40], after[40], receipt[40], number[40], name[48];
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_protected DAIPAOD DAIPAOD_PROBE\n");
        return 2;
    }
    s.probe = argv[2];
    tree_grow(&s.t, argv[1], false, lay, &s);
    posts_by_the_minute(&s);
    usual(&s, USUAL_NO, before);
    unsigned posts = hunt_frames(s.frames[0], DP_ITEM_POST);

    struct act_matter m = {.name = NAME,
                           .phone = PHONE,
                           .content = CONTENT,
                           .respondent_name = ACCUSED,
                           .respondent = TOWNSHIP "/" SLUG,
                           .purpose = 2};
    CHECK(act_register(s.t.village, NULL, &m, &r) == DP_OK, "filing was refused (R-REG-1): %s", r.text);
    receipt_of(&r, receipt);
    county_has(&s, number, name);
    village_knows(&s, receipt, number);
    /* The county works on it, and nothing comes down (R-N3-3); what it would ask of the accused is refused.
     */
    CHECK(act_step(s.t.county, NULL, ACT_NOTE, name, NULL, LATER, &r) == DP_OK, "the county cannot work: %s",
          r.text);
    act_build_step(&order, ACT_SUPERVISE, name, TOWNSHIP "/bureau", LATER);
    order.step.code = 1; /* ground, level */
    order.step.code2 = 2;
    order.step.due = (uint32_t)(time(NULL) / 86400 + 10);
    enum dp_err said = act_do(s.t.county, NULL, &order, &r);
    CHECK(dp_err_exit(said) == 5, "an order to the accused was not refused (R-N3-8): %s", r.text);
    usual(&s, "USUAL-MATTER-0816", after);
    /* It went through the township, sealed: without that the rest would show nothing. */
    CHECK(hunt_frames(s.frames[0], DP_ITEM_POST) >= posts + 2, "no post passed the township");
    /* Nor do the village's own numbers show that one was given away. */
    CHECK(serial_of(after) == serial_of(before) + 1, "a hole between %s and %s tells of a matter", before,
          after);

    const char *needles[] = {NAME, PHONE, CONTENT, ACCUSED, SLUG, LATER, receipt, number, name};
    struct hunt secret;
    hunt_new(&secret, needles, sizeof needles / sizeof needles[0]);
    controls(&s, before);
    nowhere(&s, &secret);
    /* And again from a process that read its store afresh. */
    proc_kill(s.t.township, SIGTERM);
    proc_start(&s.t.rig, s.t.township);
    proc_wait(s.t.township, "status", "links_up", 2, 30);
    act_wait_same(s.t.township, s.t.county, TOWNSHIP, 20);
    nowhere(&s, &secret);
    json_t *cases = act_digests(s.t.township, "");
    CHECK(json_object_get(cases, name) == NULL, "the township has the case");
    json_decref(cases);
    proc_free(&s.t.rig);
    return 0;
}
