/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Harm over the line: strangers, a thief with a village's real keys, floods. Each attempt is refused, counted
 * and named, costs the township bounded memory, and the sibling beside keeps its link and relays all the
 * while (THREATS 4 and 6). Certificates out of scope, doubled or nameless: tests/unit/crypto/test_chain.c,
 * test_cert.c.
 *
 *   test_system_hostile DAIPAOD DAIPAOD_PROBE
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "base/rng.h"
#include "crypto/random.h"
#include "foe.h"
#include "net/net.h"
#include "os/clock.h"
#include "tree.h"

#define CONNS 300
#define NEWCOMER "331023105202"
#define ENROL_MESSAGES 600
#define HUGE_BYTES (64u << 20)
#define PEAK_ROOM_KB                                                                                         \
    (8 * 1024) /* all attempts together were measured at 0.7 MB; a sanitizer keeps what is freed */

struct scene {
    struct tree t;
    struct foe foe;
    struct dp_rng rng;
    int64_t dials;            /* of the sibling, before any of this */
    int64_t refused, entries; /* of the village's link, of the township; before the lie under way */
};

/* ---- the sibling, beside all of it ---- */

static void sibling_unharmed(struct scene *s, const char *after)
{
    struct act_result r;
    tree_relay(s->t.sibling, s->t.county, &r);
    CHECK(proc_number(s->t.sibling, "status", "net.dials") == s->dials, "the sibling lost its link: %s",
          after);
    CHECK(act_link_number(s->t.township, SIBLING, "backlog") == 0, "the sibling waits: %s", after);
}

/* For a failure: all counters. */
static void show_net(struct scene *s)
{
    json_t *root = act_ask_what(s->t.township, "status", NULL, NULL);
    json_dumpf(json_object_get(root, "net"), stderr, JSON_COMPACT);
    fprintf(stderr, "\n");
    json_decref(root);
}

static int64_t net(struct scene *s, const char *counter)
{
    char path[64];
    snprintf(path, sizeof path, "net.%s", counter);
    int64_t v = proc_number(s->t.township, "status", path);
    CHECK(v >= 0, "no counter %s", counter);
    return v;
}

/* ---- alarms, each of its own attempt ---- */

/* None with this word stands: what comes now is of what is done now. */
static void quiet(struct scene *s, const char *word)
{
    if (act_alarmed(s->t.township, word, ""))
        CHECK(act_alarm_clear(s->t.township, word) == DP_OK, "the alarm %s cannot be cleared", word);
    CHECK(!act_alarmed(s->t.township, word, ""), "the alarm %s is not cleared", word);
}

/* It stands and names the child. */
static void named(struct scene *s, const char *word, const char *text)
{
    act_wait_alarm_of(s->t.township, word, VILLAGE, text, 10);
}

/* ---- strangers ---- */

static void counted(struct scene *s, const char *who, const char *counter, int64_t before)
{
    for (double end = proc_now() + 10; net(s, counter) == before; proc_nap()) {
        if (proc_now() > end)
            show_net(s);
        CHECK(proc_now() < end, "%s: %s does not count", who, counter);
    }
    act_wait_alarm(s->t.township, "door", "not enrolled", 10);
    sibling_unharmed(s, who);
}

static void stranger(struct scene *s, const char *who, const uint8_t *pub, const uint8_t *secret,
                     const char *counter)
{
    struct dp_frame keep = {.type = DP_FRAME_KEEP, .u.keep = 1};
    int64_t before = net(s, counter), in = net(s, "sessions");
    quiet(s, "door");
    foe_open(&s->foe, pub, secret);
    foe_send(&s->foe, &keep);
    counted(s, who, counter, before);
    CHECK(!foe_recv(&s->foe, 0), "%s was answered", who);
    CHECK(net(s, "sessions") == in, "%s got a session", who);
    foe_close(&s->foe);
}

static int tcp(struct scene *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->t.township->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0, "no connection");
    return fd;
}

/* A greeting that names no encryption; what answers is the township's own greeting, then the end. */
static void without_curve(struct scene *s)
{
    static const uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    uint8_t answer[512];
    size_t got = 0;
    int64_t before = net(s, "handshake_protocol");
    quiet(s, "door");
    int fd = tcp(s);
    CHECK(send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) == (ssize_t)sizeof greeting, "no greeting");
    for (ssize_t n; got < sizeof answer && (n = recv(fd, answer + got, sizeof answer - got, 0)) > 0;)
        got += (size_t)n;
    CHECK(got <= sizeof greeting, "a peer without CURVE was told %zu bytes", got);
    close(fd);
    counted(s, "a peer without CURVE", "handshake_protocol", before);
}

static void strangers(struct scene *s)
{
    struct dp_net_pair other;
    uint8_t server[32];
    CHECK(dp_net_pair_new(&other) == DP_OK, "no keys");
    stranger(s, "a key that is not enrolled", other.pub.b, other.secret.b, "auth_failed");
    without_curve(s);
    /* The village's public key is no secret; without the other half it is worth nothing. */
    stranger(s, "a public key without its secret", s->foe.kr->curve_pub.b, other.secret.b,
             "handshake_protocol");
    memcpy(server, s->foe.server, sizeof server);
    memcpy(s->foe.server, other.pub.b, sizeof server);
    stranger(s, "a peer that expects another parent", s->foe.kr->curve_pub.b, s->foe.kr->curve.b,
             "handshake_protocol");
    memcpy(s->foe.server, server, sizeof server);
}

/* ---- a thief with the keys of the village ---- */

static uint64_t item_next(const struct scene *s)
{
    return s->foe.row.lane[DP_LANE_CASES].journal_last + 1;
}

static void enter(struct scene *s)
{
    foe_open(&s->foe, s->foe.kr->curve_pub.b, s->foe.kr->curve.b);
    foe_greet(&s->foe);
}

/* The item that was just sent is answered by a refusal with that code (R-ACK-2), and the lane goes on. */
static void refused(struct scene *s, const char *what, uint16_t code)
{
    struct proc_node *t = s->t.township;
    uint16_t got = foe_refusal(&s->foe, item_next(s));
    CHECK(got == code, "%s: refused with %s, not %s", what, dp_err_name(got), dp_err_name(code));
    CHECK(act_link_number(t, VILLAGE, "refused_here") == s->refused + 1, "%s is not counted once", what);
    CHECK(proc_number(t, "status", "counters.entries_in") == s->entries, "%s: something of it was taken",
          what);
    named(s, "refused", "");
    s->foe.row.lane[DP_LANE_CASES].journal_last++;
    sibling_unharmed(s, what);
}

/* A block of `origin`, after the counters were read and the alarm cleared. */
static void lie(struct scene *s, struct dp_node origin, const struct dp_key *seed, uint64_t number,
                uint64_t seq, const struct dp_digest *prev, const char *entry)
{
    s->refused = act_link_number(s->t.township, VILLAGE, "refused_here");
    s->entries = proc_number(s->t.township, "status", "counters.entries_in");
    quiet(s, "refused");
    foe_block(&s->foe, origin, seed, number, seq, prev, entry, item_next(s));
}

static void lies(struct scene *s)
{
    struct foe *f = &s->foe;
    struct dp_key wrong = f->kr->sign;
    struct dp_node other = {0};
    struct dp_digest none = {0};
    const struct dp_chain_row *c = &f->chain;
    CHECK(dp_node_parse(dp_slice_str(SIBLING), &other) == DP_OK, "no node");
    enter(s);
    wrong.b[0] ^= 1;
    lie(s, f->node, &wrong, c->number + 1, c->seq + 1, &c->digest, "forged");
    refused(s, "a forged signature", DP_SIGNATURE);
    lie(s, other, &f->kr->sign, 1, 1, &c->digest, "not mine");
    refused(s, "a sibling's name", DP_SCOPE); /* R-SCP-1 */
    lie(s, f->parent, &f->kr->sign, 1, 1, &c->digest, "not mine");
    refused(s, "the parent's name", DP_SCOPE);
    lie(s, f->node, &f->kr->sign, c->number + 2, c->seq + 2, &c->digest, "a hole");
    refused(s, "a hole in the chain", DP_GAP); /* R-BLK-3 */
    quiet(s, "fork");
    lie(s, f->node, &f->kr->sign, c->number, c->seq, &none, "another past");
    refused(s, "a second block under one number", DP_FORK); /* R-CUT-1 */
    named(s, "fork", "");
    foe_close(f);
}

/* R-ACK-3: what is not the next item is not applied, whatever it carries; the ack says where we are. */
static void numbers(struct scene *s)
{
    struct foe *f = &s->foe;
    struct proc_node *t = s->t.township;
    const struct dp_chain_row *c = &f->chain;
    int64_t blocks = proc_number(t, "status", "counters.blocks_in");
    uint64_t next = item_next(s);
    enter(s);
    foe_block(f, f->node, &f->kr->sign, c->number + 1, c->seq + 1, &c->digest, "replayed", next - 1);
    foe_await(f, DP_FRAME_ACK);
    CHECK(f->frame.u.ack.lane[DP_LANE_CASES].durable == next - 1, "a replayed item moved the ack");
    foe_block(f, f->node, &f->kr->sign, c->number + 1, c->seq + 1, &c->digest, "too early", next + 1);
    foe_await(f, DP_FRAME_ACK);
    CHECK(f->frame.u.ack.lane[DP_LANE_CASES].durable == next - 1, "an item out of order moved the ack");
    CHECK(proc_number(t, "status", "counters.blocks_in") == blocks, "an item out of order was applied");
    foe_close(f);
    sibling_unharmed(s, "items replayed and reordered");
}

/* R-QUA-1: a good block with an entry that is none stops nothing but that entry. */
static void rubbish(struct scene *s)
{
    struct foe *f = &s->foe;
    int64_t had = proc_number(s->t.township, "status", "counters.quarantined");
    quiet(s, "quarantine");
    enter(s);
    foe_block(f, f->node, &f->kr->sign, f->chain.number + 1, f->chain.seq + 1, &f->chain.digest, "no entry",
              item_next(s));
    CHECK(foe_refusal(f, item_next(s)) == DP_OK, "a signed block was refused for its entry");
    f->row.lane[DP_LANE_CASES].journal_last++;
    f->chain.number++;
    f->chain.seq++;
    f->chain.digest = f->sealed;
    CHECK(proc_number(s->t.township, "status", "counters.quarantined") == had + 1,
          "the entry is not in quarantine");
    named(s, "quarantine", "");
    foe_close(f);
    sibling_unharmed(s, "an entry that is none");
}

/* The link stops with PROTOCOL, says so, and the alarm names the child; a person opens it again. */
static void broken(struct scene *s, const char *what)
{
    struct proc_node *t = s->t.township;
    named(s, "link", "the peer broke the link protocol");
    act_wait_link(t, VILLAGE, "stopped", 10);
    foe_close(&s->foe);
    /* Coming again does not help. */
    foe_open(&s->foe, s->foe.kr->curve_pub.b, s->foe.kr->curve.b);
    struct dp_frame keep = {.type = DP_FRAME_KEEP, .u.keep = 1};
    foe_send(&s->foe, &keep);
    sibling_unharmed(s, what);
    act_wait_link(t, VILLAGE, "stopped", 1);
    foe_close(&s->foe);
    CHECK(act_admin(t, "link.clear", VILLAGE) == DP_OK, "the link cannot be cleared");
}

static void breaches(struct scene *s)
{
    struct foe *f = &s->foe;
    uint8_t noise[4096];
    struct dp_frame ack = {.type = DP_FRAME_ACK};
    enter(s);
    ack.u.ack.lanes = 1u << DP_LANE_CASES;
    ack.u.ack.lane[DP_LANE_CASES].epoch = f->row.lane[DP_LANE_CASES].epoch_in;
    ack.u.ack.lane[DP_LANE_CASES].durable = UINT64_C(1) << 40;
    quiet(s, "link");
    foe_send(f, &ack);
    broken(s, "an ack beyond what was sent");
    enter(s);
    dp_rng_fill(&s->rng, noise, sizeof noise);
    int64_t dropped = proc_number(s->t.township, "status", "counters.frames_dropped");
    quiet(s, "link");
    foe_raw(f, noise, sizeof noise);
    broken(s, "garbage");
    CHECK(proc_number(s->t.township, "status", "counters.frames_dropped") > dropped, /* it came again */
          "garbage is not counted");
}

static void send_zeros(struct scene *s, size_t len)
{
    uint8_t *big = calloc(1, len);
    CHECK(big != NULL, "no memory");
    foe_raw(&s->foe, big, len);
    free(big);
}

/* A little too large: it comes in, is counted as what it is, and ends the link of the one who sent it. */
static void oversized(struct scene *s)
{
    enter(s);
    int64_t before = net(s, "oversized");
    quiet(s, "link");
    send_zeros(s, DP_FRAME_MAX + 1);
    broken(s, "a frame a little too large");
    CHECK(net(s, "oversized") == before + 1, "an oversized frame is not counted once");
}

/* Far too large: cut on the wire, by its size, before there is room for any of it. */
static void huge(struct scene *s)
{
    struct proc_node *t = s->t.township;
    enter(s);
    act_wait_link(t, VILLAGE, "up", 10);
    int64_t cut = net(s, "disconnected"), oversize = net(s, "oversized"), peak = proc_peak(t);
    send_zeros(s, HUGE_BYTES);
    for (double end = proc_now() + 10; net(s, "disconnected") == cut; proc_nap())
        CHECK(proc_now() < end, "a huge frame is not cut");
    act_wait_link(t, VILLAGE, "down", 10);
    CHECK(proc_peak(t) < peak + PEAK_ROOM_KB, "a huge frame had its room: %lld kB", (long long)proc_peak(t));
    CHECK(net(s, "oversized") == oversize, "a huge frame came in");
    foe_close(&s->foe);
    sibling_unharmed(s, "a huge frame");
    enter(s); /* nobody knows who it was: the village may come again */
    foe_close(&s->foe);
}

/* ---- floods ---- */

static void flood_tcp(struct scene *s)
{
    int fd[CONNS];
    uint8_t noise[256];
    int64_t before = net(s, "accepted");
    quiet(s, "flood");
    for (unsigned i = 0; i < CONNS; i++) {
        fd[i] = tcp(s);
        dp_rng_fill(&s->rng, noise, sizeof noise);
        if (i % 2 == 0)
            (void)!send(fd[i], noise, sizeof noise, MSG_NOSIGNAL);
    }
    for (double end = proc_now() + 10; net(s, "accepted") < before + CONNS; proc_nap())
        CHECK(proc_now() < end, "connections are not counted: %lld",
              (long long)(net(s, "accepted") - before));
    sibling_unharmed(s, "300 connections that say nothing good");
    for (unsigned i = 0; i < CONNS; i++)
        close(fd[i]);
    act_wait_alarm(s->t.township, "flood", "too many", 10);
}

static void ignore(void *ctx, const struct dp_net_event *ev)
{
    if (ev->type == DP_NET_ENROLL_UP)
        *(bool *)ctx = true;
}

/* Messages that open nothing, as fast as they go; a code is open (main), so the door is. */
static void flood_enrolment(struct scene *s)
{
    struct dp_net_config c;
    struct dp_net *n = NULL;
    char endpoint[64];
    uint8_t message[900];
    const char *list[1] = {endpoint};
    bool up = false;
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", s->t.township->port + 2);
    dp_net_config_default(&c);
    c.clock = dp_os_clock();
    c.random = dp_random_system();
    c.reconnect_ms = 20;
    CHECK(dp_net_new(&c, &n) == DP_OK && dp_net_enroll_connect(n, list, 1) == DP_OK, "no enrolment socket");
    int64_t limited = net(s, "enroll_limited");
    quiet(s, "flood");
    unsigned sent = 0;
    for (double end = proc_now() + 30; sent < ENROL_MESSAGES || net(s, "enroll_limited") == limited;) {
        CHECK(proc_now() < end, "%u enrolment messages and none was too many", sent);
        CHECK(dp_net_poll(n, 1, ignore, &up) == DP_OK, "no turn");
        dp_rng_fill(&s->rng, message, sizeof message);
        if (up && dp_net_enroll_send(n, 0, dp_slice_of(message, sizeof message)) == DP_OK &&
            ++sent % 100 == 0)
            sibling_unharmed(s, "a flood of enrolment messages");
    }
    act_wait_alarm(s->t.township, "flood", "too many", 10);
    dp_net_free(&n);
    /* The open code is not used up by noise, and nothing of it became a request. */
    json_t *root = act_ask_what(s->t.township, "enrolments", NULL, NULL), *row;
    unsigned open = 0;
    size_t i;
    json_array_foreach(json_object_get(root, "tokens"), i, row) open +=
        strcmp(json_string_value(json_object_get(row, "node")), NEWCOMER) == 0 &&
        json_integer_value(json_object_get(row, "wrong_tries")) == 0;
    CHECK(open == 1, "noise used up the open code");
    CHECK(json_array_size(json_object_get(root, "requests")) == 2, "noise became a request");
    json_decref(root);
}

int main(int argc, char **argv)
{
    static struct scene s;
    struct act_result r;
    char text[512];
    if (argc < 3) {
        fprintf(stderr, "usage: test_system_hostile DAIPAOD DAIPAOD_PROBE\n");
        return 2;
    }
    dp_rng_seed(&s.rng, 1);
    tree_grow(&s.t, argv[1], true, NULL, NULL);
    tree_relay(s.t.village, s.t.city, &r);
    s.dials = proc_number(s.t.sibling, "status", "net.dials");
    CHECK(s.dials > 0, "no counter of dials");
    sibling_unharmed(&s, "nothing yet");
    proc_kill(s.t.village, SIGTERM);
    foe_steal(&s.foe, s.t.village, s.t.township);
    proc_token(s.t.township, NEWCOMER, "", text); /* which takes 32 MB for a moment, by its nature */
    proc_peak_begin(s.t.township);
    int64_t before = proc_peak(s.t.township);

    strangers(&s);
    lies(&s);
    numbers(&s);
    rubbish(&s);
    breaches(&s);
    oversized(&s);
    huge(&s);
    flood_tcp(&s);
    flood_enrolment(&s);
    int64_t after = proc_peak(s.t.township);
    printf("hostile: peak %lld kB before, %lld kB after\n", (long long)before, (long long)after);
    CHECK(before > 0 && after < before + PEAK_ROOM_KB, "the peak grew from %lld to %lld kB",
          (long long)before, (long long)after);
    act_text(s.t.township, "status", "stopped", text);
    CHECK(text[0] == '\0', "the township stopped: %s", text);

    /* The real village finds that somebody acted in its name, and issues nothing more (R-HEL-3). */
    proc_start(&s.t.rig, s.t.village);
    act_wait_alarm(s.t.village, "stopped", "", 30);
    act_text(s.t.village, "status", "stopped", text);
    CHECK(strcmp(text, "RESTORED") == 0, "the village says %s", text);
    foe_free(&s.foe);
    proc_free(&s.t.rig);
    return 0;
}
