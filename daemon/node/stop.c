/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a stop is found, kept and remembered: see stop.h. Its order is that of a crash at any place: first
 * memory, then the name beside the store, which needs no room, then the row, with the turn. What ends it goes
 * the other way, so that a crash on the way leaves the node stopped.
 */
#include "node/stop.h"

#include <stdio.h>
#include <string.h>

#include "node/core.h"

#define ROW_WORD "stop"
#define ROW_VERSION 1
#define HAS_HEADER 1u
#define IS_LOST 2u

#define SAID_RESTORED                                                                                        \
    DP_SAID("this node issues nothing: its store was set back, restored or copied; `daipao status` says "    \
            "why and what to do")
#define SAID_CLONE                                                                                           \
    DP_SAID("this node issues nothing: it lives twice; `daipao status` says why and what to do")
#define SAID_DAMAGED DP_SAID("the record of why this node was stopped is damaged")

bool dp_stop_is_of_life(enum dp_stop why)
{
    return why == DP_STOP_RESTORED || why == DP_STOP_CLONE;
}

/* ---- the row ---- */

struct dp_slice dp_stop_row_put(const struct dp_stop_row *r, uint8_t out[DP_STOP_ROW_MAX])
{
    struct dp_wr w = dp_wr_of(out, DP_STOP_ROW_MAX);
    size_t len = strnlen(r->text, DP_STOP_TEXT - 1);
    dp_wr_u8(&w, ROW_VERSION);
    dp_wr_u8(&w, (uint8_t)r->why);
    dp_wr_u8(&w, (uint8_t)((r->proof.has_header ? HAS_HEADER : 0) | (r->proof.lost ? IS_LOST : 0)));
    dp_wr_u64(&w, (uint64_t)r->since_ms);
    dp_wr_u64(&w, r->proof.witness.v);
    if (r->proof.has_header)
        dp_wr_bytes(&w, r->proof.header, sizeof r->proof.header);
    dp_wr_u8(&w, (uint8_t)len);
    dp_wr_bytes(&w, r->text, len);
    return dp_wr_slice(&w);
}

enum dp_err dp_stop_row_get(struct dp_slice s, struct dp_stop_row *out)
{
    struct dp_stop_row r = {0};
    struct dp_rd d = dp_rd_of(s);
    uint8_t version = dp_rd_u8(&d), why = dp_rd_u8(&d), flags = dp_rd_u8(&d), len;
    r.why = why < DP_STOP_COUNT ? (enum dp_stop)why : DP_STOP_NONE;
    r.since_ms = (int64_t)dp_rd_u64(&d);
    r.proof.witness.v = dp_rd_u64(&d);
    r.proof.has_header = (flags & HAS_HEADER) != 0;
    r.proof.lost = (flags & IS_LOST) != 0;
    if (r.proof.has_header)
        dp_rd_copy(&d, r.proof.header, sizeof r.proof.header);
    len = dp_rd_u8(&d);
    if (len >= DP_STOP_TEXT)
        return DP_CORRUPT;
    dp_rd_copy(&d, r.text, len);
    if (dp_rd_done(&d) != DP_OK || version != ROW_VERSION || !dp_stop_is_of_life(r.why) || r.since_ms < 0 ||
        (flags & ~(HAS_HEADER | IS_LOST)) != 0 || memchr(r.text, '\0', len) != NULL)
        return DP_CORRUPT;
    *out = r;
    return DP_OK;
}

/* ---- stopping ---- */

static void say(struct dp_daemon *d)
{
    switch (d->stopped) {
    case DP_STOP_RESTORED:
        dp_alarm(d, "stopped", SAID_RESTORED);
        return;
    case DP_STOP_CLONE:
        dp_alarm(d, "stopped", SAID_CLONE);
        return;
    default:
        dp_alarm(d, "stopped", d->stopped_why);
        return;
    }
}

static void take_row(struct dp_daemon *d, const struct dp_stop_row *r)
{
    d->stop.row = *r;
    d->stopped = r->why;
    snprintf(d->stopped_why, sizeof d->stopped_why, "%s", r->text);
}

/* The name beside the store; the life that it names is not run any further. */
static void hold_beside(struct dp_daemon *d, bool stopped)
{
    if (stopped)
        d->life = NULL;
    if (d->port.beside.hold != NULL)
        d->port.beside.hold(d->port.beside.ctx, stopped);
}

static uint64_t number_of(const struct dp_stop_proof *p)
{
    struct dp_header h;
    return p->has_header && dp_header_get(dp_slice_of(p->header, sizeof p->header), &h) == DP_OK ? h.number
                                                                                                 : 0;
}

/* Of what was shown, one after the other, the most counts. */
static void add_proof(struct dp_daemon *d, const struct dp_stop_proof *proof)
{
    if (proof == NULL || !proof->has_header ||
        (d->stop.row.proof.has_header && number_of(proof) <= number_of(&d->stop.row.proof)))
        return;
    bool lost = d->stop.row.proof.lost;
    d->stop.row.proof = *proof;
    d->stop.row.proof.lost |= lost;
    d->stop.unwritten = true;
}

void dp_stop_loudly(struct dp_daemon *d, enum dp_stop why, const char *text,
                    const struct dp_stop_proof *proof)
{
    struct dp_stop_row r = {.why = why, .since_ms = d->now_wall};
    if (dp_stop_is_of_life(d->stopped)) {
        add_proof(d, proof);
        return;
    }
    if (d->stopped != DP_STOP_NONE && !dp_stop_is_of_life(why))
        return;
    if (proof != NULL)
        r.proof = *proof;
    snprintf(r.text, sizeof r.text, "%s", text);
    take_row(d, &r);
    d->stop.clearing = false;
    d->stop.unwritten = dp_stop_is_of_life(why);
    if (d->stop.unwritten)
        hold_beside(d, true);
    dp_log(DP_LOG_ERROR, "this node stops issuing: %s", text);
    say(d);
    if (d->fresh_count > 0 && d->db.t != NULL && d->db.write && dp_stop_is_of_life(why))
        d->turn_error = DP_STOPPED; /* what the turn issued before it knew was issued under names of others */
}

void dp_daemon_stop_issuing(struct dp_daemon *d, enum dp_stop why, const char *text, bool lost)
{
    const struct dp_stop_proof proof = {.lost = lost};
    dp_stop_loudly(d, why, text, &proof);
}

void dp_stop_retired(struct dp_daemon *d)
{
    d->retired = true;
    dp_stop_loudly(d, DP_STOP_REVOKED, DP_SAID("this node was retired by its operator"), NULL);
}

/* ---- the store ---- */

void dp_stop_load(struct dp_daemon *d)
{
    struct dp_slice v;
    struct dp_stop_row r;
    uint64_t retired;
    if (dp_db_meta(&d->db, ROW_WORD, &v) == DP_OK) {
        if (dp_stop_row_get(v, &r) != DP_OK) {
            r = (struct dp_stop_row){.why = DP_STOP_RESTORED, .since_ms = d->now_wall};
            snprintf(r.text, sizeof r.text, "%s", SAID_DAMAGED);
        }
        take_row(d, &r);
        dp_log(DP_LOG_ERROR, "this node has stopped issuing: %s", r.text);
        say(d);
    }
    if (dp_db_meta_u64(&d->db, "retired", &retired) == DP_OK)
        dp_stop_retired(d);
    if (d->stopped == DP_STOP_NONE)
        dp_alarm_clear(d, "stopped"); /* it ended, and the process with it */
}

void dp_stop_write(struct dp_daemon *d)
{
    uint8_t raw[DP_STOP_ROW_MAX];
    struct dp_header h;
    struct dp_digest digest;
    const struct dp_stop_proof *p = &d->stop.row.proof;
    if (d->stop.clearing) {
        dp_db_del_key(&d->db, DP_T_META, dp_slice_str(ROW_WORD));
        return;
    }
    if (!d->stop.unwritten)
        return;
    dp_db_meta_put(&d->db, ROW_WORD, dp_stop_row_put(&d->stop.row, raw));
    if (p->has_header && dp_header_get(dp_slice_of(p->header, sizeof p->header), &h) == DP_OK) {
        dp_header_digest(d->suite, &h, &digest);
        dp_evidence_keep(d, &h, &digest);
    }
}

/* Everybody is to hear of it in a new greeting, and what lay meanwhile goes out. */
static void greet_anew(struct dp_daemon *d)
{
    d->want_seal = d->sweep_again = true;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        dp_peers_lost(d, d->peers[i]);
        d->port.transport.drop(d->port.transport.ctx, d->peers[i]->node);
    }
}

static void go_on(struct dp_daemon *d)
{
    dp_log(DP_LOG_NOTICE, "the stop of this node was ended by root: %s", d->stopped_why);
    memset(&d->stop.row, 0, sizeof d->stop.row);
    d->stopped = DP_STOP_NONE;
    d->stopped_why[0] = '\0';
    dp_alarm_clear(d, "stopped");
    hold_beside(d, false);
    greet_anew(d);
}

void dp_stop_ended(struct dp_daemon *d, bool committed)
{
    bool clearing = d->stop.clearing && committed;
    d->stop.clearing = false;
    if (committed)
        d->stop.unwritten = false;
    if (clearing)
        go_on(d);
}

/* ---- what it holds up ---- */

enum dp_err dp_stop_issuing(const struct dp_daemon *d)
{
    return d->stopped != DP_STOP_NONE ? DP_STOPPED : d->stop.life_waits ? DP_INTAKE_STOPPED : DP_OK;
}

bool dp_stop_sealing(const struct dp_daemon *d)
{
    return dp_stop_is_of_life(d->stopped) || d->stop.life_waits;
}

bool dp_stop_refuses(struct dp_daemon *d, struct dp_outcome *out)
{
    enum dp_err e = dp_stop_issuing(d);
    if (e == DP_STOPPED)
        dp_outcome_set(d, out, e, "%-s; %-s", d->stopped_why, dp_stop_advice(d->stopped));
    else if (e != DP_OK)
        dp_outcome_set(d, out, e,
                       "the disk is full and the start of this node could not be noted: free some space, and "
                       "it goes on by itself");
    return e != DP_OK;
}

void dp_daemon_wait_life(struct dp_daemon *d)
{
    d->stop.life_waits = true;
    dp_alarm(d, "disk",
             "the disk is full and the start of this node could not be noted: intake is stopped until there "
             "is room");
}

void dp_daemon_life(struct dp_daemon *d, struct dp_life_keeper *keeper)
{
    d->life = keeper;
    if (keeper == NULL || !d->stop.life_waits)
        return;
    d->stop.life_waits = false;
    d->next_tidy = 0; /* the alarm goes with the next look at the disk */
    greet_anew(d);
}
