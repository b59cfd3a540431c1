/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment over the line between real daemons: by the parent, by an ancestor for a node two levels below,
 * with a wrong code, with a code that was used; a node at the wrong door; one whose certificate is withdrawn
 * (R-ENR-1, R-ENR-2, R-CERT-3, R-CUT-2). What makes a certificate unusable by itself (out of scope, no name,
 * two names) is in tests/unit/crypto.
 *
 *   test_system_enrolment DAIPAOD DAIPAOD_PROBE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/code.h"
#include "tree.h"

#define THIRD "331023105202"
#define FOURTH "331023105203"

struct scene {
    struct tree t;
    const char *probe;
};

static void lay(struct tree *t, struct proc_node *n, void *ctx)
{
    (void)t;
    tree_quick(n, ctx);
}

static struct proc_node *blank(struct scene *s, const char *id, const char *dir)
{
    struct proc_node *n = proc_lay(&s->t.rig, dir, false);
    snprintf(n->id, sizeof n->id, "%s", id);
    tree_quick(n, s->probe);
    proc_start(&s->t.rig, n);
    return n;
}

/* Counts of the list of codes and requests of one node: codes, their wrong tries, requests in `state`. */
struct listed {
    unsigned codes, wrong, requests;
};

static struct listed list(struct proc_node *by, const char *id, const char *state)
{
    struct listed l = {0};
    json_t *root = act_ask_what(by, "enrolments", NULL, NULL), *row;
    size_t i;
    json_array_foreach(json_object_get(root, "tokens"), i,
                       row) if (strcmp(json_string_value(json_object_get(row, "node")), id) == 0)
    {
        l.codes++;
        l.wrong += (unsigned)json_integer_value(json_object_get(row, "wrong_tries"));
    }
    json_array_foreach(json_object_get(root, "requests"), i, row) l.requests +=
        strcmp(json_string_value(json_object_get(row, "node")), id) == 0 &&
        strcmp(json_string_value(json_object_get(row, "state")), state) == 0;
    json_decref(root);
    return l;
}

/* A county need not visit fifteen townships: it enrols the village, which then works under its township. */
static void by_an_ancestor(struct scene *s)
{
    char code[64], address[40], text[512];
    struct act_result r;
    struct proc_node *n = blank(s, SIBLING, SIBLING);
    snprintf(address, sizeof address, "127.0.0.1:%u", s->t.township->port);
    proc_token(s->t.county, SIBLING, address, code);
    CHECK(proc_join(n, SIBLING, s->t.county, code) == DP_OK, "it cannot ask");
    proc_approve(s->t.county, SIBLING);
    proc_wait(n, "status", "enrolled", 1, 30);
    proc_wait(n, "status", "links_up", 1, 30);
    CHECK(strcmp(act_text(n, "status", "parent", text), TOWNSHIP) == 0, "it works under %s", text);
    act_wait_link(s->t.township, SIBLING, "up", 10);
    CHECK(act_link_number(s->t.county, SIBLING, "backlog") == -1, "the county has a link of its own to it");
    proc_office(n, "station");
    tree_relay(n, s->t.city, &r);
    /* And what comes down to it: the township refers nothing, so a case goes up and its acceptance comes
     * back. */
    act_step_soon(n, NULL, ACT_REFER_UP, r.number, TOWNSHIP "/bureau", NULL, 10, NULL);
    act_step_soon(s->t.township, NULL, ACT_ACCEPT, r.name, NULL, NULL, 20, NULL);
    act_wait_same(s->t.township, n, SIBLING, 20);
    s->t.sibling = n;
}

/* The same code but for its secret part; its check character is right, as if another's code were read out. */
static void spoil(const char *code, char out[64])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct dp_enrol_code c, again;
    CHECK(dp_enrol_code_parse(dp_slice_str(code), &c) == DP_OK, "%s cannot be read", code);
    c.c[DP_ENROL_CHARS - 2] = c.c[DP_ENROL_CHARS - 2] == 'A' ? 'B' : 'A';
    for (const char *d = digits; *d != '\0'; d++) {
        c.c[DP_ENROL_CHARS - 1] = *d;
        dp_enrol_code_format(&c, out);
        if (dp_enrol_code_parse(dp_slice_str(out), &again) == DP_OK)
            return;
    }
    proc_die("no check character fits");
}

/* R-ENR-1: three wrong tries end a code, loudly, and it is worth nothing from then on. */
static void wrong_code(struct scene *s)
{
    char code[64], wrong[64];
    struct proc_node *n = blank(s, THIRD, THIRD);
    proc_token(s->t.township, THIRD, "", code);
    spoil(code, wrong);
    CHECK(proc_join(n, THIRD, s->t.township, wrong) == DP_OK, "it cannot ask");
    act_wait_alarm(s->t.township, "enrolment", "three times", 30);
    CHECK(list(s->t.township, THIRD, "pending").codes == 0, "the code is still open");
    CHECK(list(s->t.township, THIRD, "pending").requests == 0, "a wrong code became a request");
    proc_kill(n, SIGTERM);
    struct proc_node *late = blank(s, THIRD, THIRD "-late");
    int64_t heard = proc_number(s->t.township, "status", "net.enroll_in");
    /* Another code keeps the door open, so that the right words are heard and still lead nowhere. */
    proc_token(s->t.township, FOURTH, "", wrong);
    CHECK(proc_join(late, THIRD, s->t.township, code) == DP_OK, "it cannot ask");
    proc_wait(s->t.township, "status", "net.enroll_in", heard + 2, 30);
    CHECK(list(s->t.township, THIRD, "pending").requests == 0, "an ended code became a request");
    CHECK(proc_number(late, "status", "enrolled") == 0, "an ended code enrolled a node");
    proc_kill(late, SIGTERM);
}

/* R-ENR-1: good once, for one machine; who comes second is told so, and the first is not disturbed. */
static void second_machine(struct scene *s)
{
    char code[64], other[64];
    struct act_result r;
    struct proc_node *first = blank(s, FOURTH, FOURTH), *second = blank(s, FOURTH, FOURTH "-b");
    proc_token(s->t.township, FOURTH, "", code);
    CHECK(proc_join(first, FOURTH, s->t.township, code) == DP_OK, "it cannot ask");
    for (double end = proc_now() + 30; list(s->t.township, FOURTH, "pending").requests == 0; proc_nap())
        CHECK(proc_now() < end, "no request came");
    CHECK(proc_join(second, FOURTH, s->t.township, code) == DP_OK, "it cannot ask");
    act_wait_alarm(second, "enrolment", "another machine", 30);
    proc_approve(s->t.township, FOURTH);
    proc_wait(first, "status", "enrolled", 1, 30);
    proc_wait(first, "status", "links_up", 1, 30);
    CHECK(proc_number(second, "status", "enrolled") == 0, "two machines are one node");
    /* R-ENR-3: the code ended with the greeting of the first; where another code keeps the door open, the
     * used one is heard, and is no word. */
    act_wait_link(s->t.township, FOURTH, "up", 30);
    proc_token(s->t.township, THIRD, "", other);
    int64_t heard = proc_number(s->t.township, "status", "net.enroll_in");
    CHECK(proc_join(second, FOURTH, s->t.township, code) == DP_OK, "it cannot ask");
    proc_wait(s->t.township, "status", "net.enroll_in", heard + 2, 30);
    CHECK(list(s->t.township, FOURTH, "pending").requests == 0, "a used code became a request");
    CHECK(proc_number(second, "status", "enrolled") == 0, "two machines are one node");
    proc_office(first, "station");
    tree_relay(first, s->t.city, &r);
    proc_kill(second, SIGTERM);
}

/* Whether the city has an entry of that kind about the node. */
static bool told_above(struct scene *s, const char *kind, const char *node)
{
    json_t *page = act_ask_what(s->t.city, "log", NULL, "331000000000/bureau"), *row;
    bool is = false;
    size_t i;
    json_array_foreach(json_object_get(page, "rows"), i, row)
    {
        const char *about = json_string_value(json_object_get(row, "node"));
        const char *word = json_string_value(json_object_get(json_object_get(row, "entry"), "kind"));
        is |= about != NULL && word != NULL && strcmp(about, node) == 0 && strcmp(word, kind) == 0;
    }
    json_decref(page);
    return is;
}

/* Certificate withdrawn and cut: told, nothing more taken, known above; the others go on. */
static void withdrawn(struct scene *s)
{
    struct proc_node *v = s->t.village, *t = s->t.township;
    struct act_result r;
    struct act_matter m = {0};
    tree_relay(v, s->t.city, &r);
    CHECK(act_admin(t, "enroll.revoke", VILLAGE) == DP_OK, "it cannot be withdrawn");
    act_wait_alarm(v, "link", "withdrawn", 30);
    int64_t in = act_link_number(t, VILLAGE, "frames_in"),
            blocks = proc_number(t, "status", "counters.blocks_in");
    int64_t refused = proc_number(t, "status", "counters.frames_dropped");
    /* It may go on writing for itself; nothing of it goes anywhere. */
    (void)act_register(v, NULL, &m, &r);
    proc_kill(v, SIGTERM);
    proc_start(&s->t.rig, v);
    act_wait_alarm(v, "link", "withdrawn", 30);
    CHECK(proc_number(v, "status", "links_up") == 0, "the link of a withdrawn node is up");
    tree_relay(s->t.sibling, s->t.city, &r);
    CHECK(proc_number(t, "status", "counters.blocks_in") == blocks + 1, "a late block was taken");
    CHECK(act_link_number(t, VILLAGE, "frames_in") == in, "a late frame was taken");
    CHECK(proc_number(t, "status", "counters.frames_dropped") >= refused, "no counter");
    json_t *here = act_digests(t, VILLAGE), *there = act_digests(v, "");
    CHECK(json_object_size(there) == json_object_size(here) + 1, "the late case is at the township");
    json_decref(here);
    json_decref(there);
    for (double end = proc_now() + 20; !told_above(s, "cut", VILLAGE); proc_nap())
        CHECK(proc_now() < end, "the city does not know of the cut");
    CHECK(told_above(s, "certificate", VILLAGE), "the city does not know of the withdrawal");
}

/*
 * R-ENR-2. The address of the county where that of the township belongs: it is told whose child it is, says
 * so, and works again with the right one. Nothing of it is taken at the wrong door.
 */
static void wrong_door(struct scene *s)
{
    struct proc_node *v = s->t.village;
    struct act_result r;
    proc_kill(v, SIGTERM);
    snprintf(v->conf, sizeof v->conf, "[parent]\naddress = 127.0.0.1:%u\n", s->t.county->port);
    int64_t blocks = proc_number(s->t.county, "status", "counters.blocks_in");
    proc_start(&s->t.rig, v);
    act_wait_alarm(v, "parent", "the right one is " TOWNSHIP, 30);
    CHECK(proc_number(v, "status", "links_up") == 0, "the county took it for a child of its own");
    CHECK(proc_number(s->t.county, "status", "counters.blocks_in") == blocks,
          "the county took a block of it");
    CHECK(act_link_number(s->t.county, VILLAGE, "backlog") == -1, "the county has a link to it");
    proc_kill(v, SIGTERM);
    snprintf(v->conf, sizeof v->conf, "[parent]\naddress = 127.0.0.1:%u\n", s->t.township->port);
    proc_start(&s->t.rig, v);
    proc_wait(v, "status", "links_up", 1, 30);
    tree_relay(v, s->t.city, &r);
    CHECK(!act_alarmed(v, "parent", ""), "the right door is taken for a wrong one");
}

int main(int argc, char **argv)
{
    static struct scene s;
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_enrolment DAIPAOD DAIPAOD_PROBE\n");
        return 2;
    }
    s.probe = argv[2];
    tree_grow(&s.t, argv[1], false, lay, argv[2]);
    by_an_ancestor(&s);
    printf("enrolment: by an ancestor\n");
    wrong_code(&s);
    printf("enrolment: a wrong code\n");
    second_machine(&s);
    printf("enrolment: a second machine\n");
    wrong_door(&s);
    printf("enrolment: a wrong door\n");
    withdrawn(&s);
    proc_free(&s.t.rig);
    return 0;
}
