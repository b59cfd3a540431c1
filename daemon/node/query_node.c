/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node itself: its state, its lines, what troubles it. What counts or names things of cases is for root
 * and the technician (R-N3-9): to others a line is up or down, and an alarm is one that no case can raise.
 */
#include <stdio.h>
#include <string.h>

#include "net/net.h"
#include "node/query.h"

static const char *tier_word(struct dp_node n)
{
    static const char *const words[] = {"none", "province", "city", "county", "township", "village"};
    unsigned tier = dp_node_tier(n);

    return words[tier < sizeof(words) / sizeof(words[0]) ? tier : 0];
}

/* ---- alarms ---- */

/* Alarms that come of the machine, the clock and the lines alone. */
static bool is_of_no_case(const char *word)
{
    static const char *const words[] = {"stopped", "disk",        "clock",  "parent",
                                        "link",    "certificate", "silence"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

/* What is kept back by N3 says that there is something: root alone is told. */
static bool may_hear(const struct dp_ask *a, const char *word)
{
    if (strcmp(word, "withheld") == 0)
        return a->c->is_root;
    return dp_sight_of_node(a->c) || is_of_no_case(word);
}

static void put_alarms(struct dp_ask *a)
{
    const struct dp_alarm_row *row;

    dp_json_array(&a->j, "alarms");
    for (uint32_t at = 0; (row = dp_alarm_next(a->d, &at)) != NULL;) {
        if (!may_hear(a, row->word))
            continue;
        dp_json_object(&a->j, NULL);
        dp_json_str(&a->j, "word", row->word);
        if (row->node.v != 0)
            dp_json_node(&a->j, "node", row->node);
        dp_json_str(&a->j, "text", row->text);
        dp_ask_time(&a->j, "since", row->since_ms);
        dp_ask_time(&a->j, "last", row->last_ms);
        dp_json_u64(&a->j, "count", row->count);
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
    if (a->d->alarms.lost > 0 && dp_sight_of_node(a->c))
        dp_json_u64(&a->j, "alarms_not_kept", a->d->alarms.lost);
}

void dp_ask_alarms(struct dp_ask *a)
{
    put_alarms(a);
}

/* ---- status ---- */

static void put_own(struct dp_ask *a)
{
    struct dp_json *j = &a->j;
    const struct dp_own *own = &a->d->own;
    char inc[9];

    snprintf(inc, sizeof(inc), "%08x", (unsigned)own->inc);
    dp_json_object(j, "own");
    dp_json_str(j, "incarnation", inc);
    dp_json_u64(j, "seq", own->seq);
    dp_json_u64(j, "sealed_seq", own->sealed_seq);
    dp_json_u64(j, "block", own->block);
    dp_ask_digest(j, "head", &own->head);
    dp_json_end(j);
}

static void put_store(struct dp_ask *a)
{
    struct dp_kv *kv = a->d->port.kv;
    struct dp_kv_stat st;

    if (kv->ops->stat(kv, &st) != DP_OK)
        return;
    dp_json_object(&a->j, "store");
    dp_json_u64(&a->j, "bytes", st.disk_bytes);
    dp_json_u64(&a->j, "rows", st.entries);
    if (st.disk_free != UINT64_MAX) {
        dp_json_u64(&a->j, "disk_free", st.disk_free);
        dp_json_u64(&a->j, "disk_total", st.disk_total);
    }
    dp_json_end(&a->j);
}

static void put_counters(struct dp_ask *a)
{
    const struct dp_daemon_counters *n = &a->d->n;
    const struct {
        const char *word;
        uint64_t v;
    } rows[] = {
        {"turns", n->turns},
        {"entries_in", n->entries_in},
        {"entries_own", n->entries_own},
        {"blocks_in", n->blocks_in},
        {"blocks_sealed", n->blocks_sealed},
        {"voided", n->voided},
        {"quarantined", n->quarantined},
        {"refused_in", n->refused_in},
        {"refused_out", n->refused_out},
        {"parcels_in", n->parcels_in},
        {"parcels_out", n->parcels_out},
        {"commits_failed", n->commits_failed},
        {"frames_dropped", n->frames_dropped},
    };

    dp_json_object(&a->j, "counters");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        dp_json_u64(&a->j, rows[i].word, rows[i].v);
    dp_json_end(&a->j);
}

/* Connections on all listeners, and who was turned away. */
static void put_net(struct dp_ask *a)
{
    const struct dp_net_counters *n = a->d->opt.net;

    if (n == NULL)
        return;
    dp_json_object(&a->j, "net");
#define PUT(name, text) dp_json_u64(&a->j, #name, n->name);
    DP_NET_COUNTER_LIST(PUT)
#undef PUT
    dp_json_end(&a->j);
}

static void put_versions(struct dp_json *j)
{
    dp_json_object(j, "versions");
    dp_json_str(j, "program", DP_PROGRAM_TEXT);
    dp_json_u64(j, "link", DP_LINK_VERSION);
    dp_json_u64(j, "rules", DP_RULES_VERSION);
    dp_json_u64(j, "schema", DP_STORE_SCHEMA);
    dp_json_u64(j, "control", DP_CONTROL_VERSION);
    dp_json_end(j);
}

static void put_links_up(struct dp_ask *a)
{
    uint64_t up = 0, all = 0;
    const char *parent = NULL;

    for (uint32_t i = 0; i < a->d->peer_count; i++) {
        const struct dp_peer *p = a->d->peers[i];
        bool is_up = p->s.state == DP_SESSION_UP;
        all++;
        up += is_up;
        if (p->is_parent)
            parent = is_up ? "up" : "down";
    }
    dp_json_u64(&a->j, "links", all);
    dp_json_u64(&a->j, "links_up", up);
    dp_json_str(&a->j, "parent_link", parent);
}

void dp_ask_status(struct dp_ask *a)
{
    struct dp_daemon *d = a->d;
    struct dp_json *j = &a->j;

    dp_json_bool(j, "enrolled", d->id.enrolled);
    dp_json_node(j, "node", d->id.self);
    dp_json_str(j, "tier", tier_word(d->id.self));
    dp_json_node(j, "parent", d->id.parent);
    dp_ask_word(j, "parent_address", d->id.parent_address);
    dp_ask_word(j, "joining", d->join_address);
    dp_ask_word(j, "stopped", d->stopped == DP_STOP_NONE ? NULL : dp_stop_name(d->stopped));
    if (d->stopped != DP_STOP_NONE) {
        dp_json_str(j, "stopped_why", d->stopped_why);
        dp_json_str(j, "advice", dp_stop_advice(d->stopped));
        dp_ask_time(j, "stopped_since", d->stop.row.since_ms);
        dp_json_node(j, "stopped_by", d->stop.row.proof.witness);
    }
    const char *closed = d->stopped != DP_STOP_NONE ? "stopped"
                         : d->intake_stopped        ? "disk"
                         : d->clock.wrong           ? "clock"
                                                    : NULL;
    dp_json_str(j, "intake", closed != NULL ? "stopped" : "open");
    dp_ask_word(j, "intake_why", closed);
    dp_ask_time(j, "time", d->now_wall);
    dp_json_bool(j, "clock_synced", d->port.clock.synced(d->port.clock.ctx));
    put_links_up(a);
    put_alarms(a);
    put_versions(j);
    if (!dp_sight_of_node(a->c))
        return;
    if (d->id.enrolled)
        put_own(a);
    put_store(a);
    put_counters(a);
    put_net(a);
}

/* ---- links ---- */

static const char *state_word(enum dp_session_state s)
{
    switch (s) {
    case DP_SESSION_DOWN:
        return "down";
    case DP_SESSION_GREETING:
    case DP_SESSION_DOUBTED:
        return "greeting";
    case DP_SESSION_UP:
        return "up";
    case DP_SESSION_STOPPED:
        return "stopped";
    }
    return "down";
}

static uint64_t backlog_of(const struct dp_lane_state *lane)
{
    return lane->journal_last > lane->acked ? lane->journal_last - lane->acked : 0;
}

/* What is owed to a peer, and when it was heard, follows from what is sent. */
static void put_traffic(struct dp_ask *a, const struct dp_peer *p)
{
    struct dp_json *j = &a->j;
    uint64_t backlog = 0;

    for (unsigned i = 0; i < DP_LANES; i++)
        backlog += backlog_of(&p->s.lane[i]);
    dp_json_u64(j, "backlog", backlog);
    dp_json_u64(j, "in_flight", p->s.flight_count);
    dp_json_u64(j, "in_flight_bytes", p->s.flight_bytes);
    dp_json_i64(j, "rtt_ms", p->s.rtt_ms);
    dp_json_u64(j, "rate_bps", p->s.rate_bps);
    dp_ask_time(j, "heard", p->row.heard_ms);
}

static void put_link_head(struct dp_ask *a, const struct dp_peer *p)
{
    struct dp_json *j = &a->j;

    dp_json_node(j, "node", p->node);
    dp_json_str(j, "side", p->is_parent ? "parent" : "child");
    dp_json_str(j, "state", state_word(p->s.state));
    dp_json_bool(j, "revoked", p->row.revoked);
    if (dp_sight_of_node(a->c))
        put_traffic(a, p);
    dp_ask_word(j, "stop", p->s.stop == DP_STOP_NONE ? NULL : dp_stop_name(p->s.stop));
    if (p->s.stop != DP_STOP_NONE) {
        dp_json_str(j, "stop_text", dp_stop_text(p->s.stop));
        dp_json_str(j, "advice", dp_stop_advice(p->s.stop));
    }
}

void dp_ask_links(struct dp_ask *a)
{
    dp_json_array(&a->j, "links");
    for (uint32_t i = 0; i < a->d->peer_count; i++) {
        dp_json_object(&a->j, NULL);
        put_link_head(a, a->d->peers[i]);
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
}

static void put_lanes(struct dp_ask *a, const struct dp_peer *p)
{
    struct dp_json *j = &a->j;

    dp_json_array(j, "lanes");
    for (unsigned i = 0; i < DP_LANES; i++) {
        const struct dp_lane_state *lane = &p->s.lane[i];
        dp_json_object(j, NULL);
        dp_json_str(j, "lane", dp_lane_word((uint8_t)i));
        dp_json_u64(j, "written", lane->journal_last);
        dp_json_u64(j, "acked", lane->acked);
        dp_json_u64(j, "next", p->s.next[i]);
        dp_json_u64(j, "backlog", backlog_of(lane));
        dp_json_u64(j, "received", lane->durable_in);
        dp_json_end(j);
    }
    dp_json_end(j);
}

static void put_refusals(struct dp_ask *a, const struct dp_peer *p)
{
    struct dp_json *j = &a->j;

    dp_json_u64(j, "refused_by_peer", p->s.refused_in);
    dp_json_u64(j, "refused_here", p->s.refused_out);
    dp_ask_word(j, "last_refused", p->last_refused == DP_OK ? NULL : dp_err_name(p->last_refused));
    dp_ask_time(j, "last_refused_at", p->refused_ms);
}

void dp_ask_link(struct dp_ask *a)
{
    struct dp_json *j = &a->j;
    struct dp_node node;
    const struct dp_peer *p = NULL;
    char program[24];

    if (dp_node_parse(dp_slice_str(a->q->node), &node) == DP_OK)
        p = dp_peers_find(a->d, node);
    if (p == NULL) {
        dp_ask_fail(a, DP_NOT_FOUND, "no link to such a node; see `daipao link list`");
        return;
    }
    put_link_head(a, p);
    if (!dp_sight_of_node(a->c))
        return;
    snprintf(program, sizeof(program), "%u.%u.%u", (unsigned)(p->row.program >> 16),
             (unsigned)(p->row.program >> 8 & 0xff), (unsigned)(p->row.program & 0xff));
    dp_json_str(j, "program", p->row.program == 0 ? NULL : program);
    dp_json_u64(j, "window_bytes", dp_session_window(&p->s));
    dp_json_u64(j, "frames_in", p->s.frames_in);
    dp_json_u64(j, "frames_out", p->s.frames_out);
    dp_json_u64(j, "bytes_in", p->s.bytes_in);
    dp_json_u64(j, "bytes_out", p->s.bytes_out);
    put_refusals(a, p);
    put_lanes(a, p);
}

/* ---- quarantine and enrolments ---- */

/* Rows are "NAME CODE why". */
static bool quarantine_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    struct dp_rd r = dp_rd_of(key);
    char line[256], *code, *why;

    (void)ctx;
    if (!dp_ask_take(a))
        return false;
    snprintf(line, sizeof(line), "%.*s", (int)v.len, (const char *)v.p);
    code = strchr(line, ' ');
    if (code != NULL)
        *code++ = '\0';
    why = code != NULL ? strchr(code, ' ') : NULL;
    if (why != NULL)
        *why++ = '\0';
    dp_json_object(&a->j, NULL);
    dp_json_u64(&a->j, "no", dp_rd_u64(&r));
    dp_json_str(&a->j, "entry", line);
    dp_json_str(&a->j, "code", code);
    dp_json_str(&a->j, "why", why);
    dp_json_end(&a->j);
    return true;
}

void dp_ask_quarantine(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_QUARANTINE, "rows", quarantine_row, NULL, NULL);
}

static void put_tokens(struct dp_ask *a)
{
    struct dp_slice key = {0}, v;

    dp_json_array(&a->j, "tokens");
    while (dp_db_next_key(&a->d->db, DP_T_TOKEN, dp_slice_of("", 0), &key, &v) == DP_OK) {
        struct dp_rd r = dp_rd_of(v);
        struct dp_node node = {dp_rd_u64(&r)};
        int64_t expires_ms = (int64_t)dp_rd_u64(&r);
        uint8_t wrong = dp_rd_u8(&r);
        dp_json_object(&a->j, NULL);
        dp_json_node(&a->j, "node", node);
        dp_ask_time(&a->j, "expires", expires_ms);
        dp_json_u64(&a->j, "wrong_tries", wrong);
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
}

static bool request_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    static const char *const states[] = {"pending", "approved", "refused"};
    struct dp_rd r = dp_rd_of(key);

    (void)ctx;
    if (!dp_ask_take(a))
        return false;
    dp_json_object(&a->j, NULL);
    dp_json_node(&a->j, "node", (struct dp_node){dp_rd_u64(&r)});
    dp_ask_word(&a->j, "state", v.len > 0 && v.p[0] < 3 ? states[v.p[0]] : NULL);
    dp_json_end(&a->j);
    return true;
}

static void requests_end(struct dp_ask *a, void *ctx)
{
    (void)ctx;
    put_tokens(a);
}

void dp_ask_enrolments(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_REQUEST, "requests", request_row, requests_end, NULL);
}
