/* SPDX-License-Identifier: Apache-2.0 */
/* Codes that are out and requests that wait, as rows. */
#include "node/enroll_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void dp_token_put(struct dp_daemon *d, const struct dp_token *t)
{
    uint8_t b[400];
    struct dp_wr w = dp_wr_of(b, sizeof b);
    dp_wr_u64(&w, t->node.v);
    dp_wr_u64(&w, (uint64_t)t->expires_ms);
    dp_wr_u8(&w, t->wrong);
    dp_wr_bytes(&w, t->up.b, sizeof t->up.b);
    dp_wr_bytes(&w, t->down.b, sizeof t->down.b);
    dp_wr_bytes(&w, t->address, strlen(t->address));
    dp_db_put_key(&d->db, DP_T_TOKEN, dp_slice_of(t->id, DP_ENROL_ID_CHARS), dp_wr_slice(&w));
    dp_wipe(b, sizeof b);
}

bool dp_token_read(struct dp_slice key, struct dp_slice v, struct dp_token *t)
{
    struct dp_rd r = dp_rd_of(v);
    memset(t, 0, sizeof *t);
    if (key.len != DP_ENROL_ID_CHARS)
        return false;
    memcpy(t->id, key.p, key.len);
    t->node.v = dp_rd_u64(&r);
    t->expires_ms = (int64_t)dp_rd_u64(&r);
    t->wrong = dp_rd_u8(&r);
    dp_rd_copy(&r, t->up.b, sizeof t->up.b);
    dp_rd_copy(&r, t->down.b, sizeof t->down.b);
    size_t len = dp_rd_left(&r);
    if (len >= sizeof t->address)
        return false;
    dp_rd_copy(&r, t->address, len);
    return dp_rd_done(&r) == DP_OK;
}

void dp_token_del(struct dp_daemon *d, const struct dp_token *t)
{
    dp_db_del_key(&d->db, DP_T_TOKEN, dp_slice_of(t->id, DP_ENROL_ID_CHARS));
}

void dp_tokens_tidy(struct dp_daemon *d)
{
    struct dp_slice key = {0}, v;
    struct dp_token t;
    bool open = false;
    while (dp_db_next_key(&d->db, DP_T_TOKEN, dp_slice_of("", 0), &key, &v) == DP_OK) {
        if (!dp_token_read(key, v, &t) || t.expires_ms > d->now_wall) {
            open = true;
            continue;
        }
        dp_token_del(d, &t);
        key = dp_slice_of("", 0); /* the borrowed key is gone: start again */
    }
    d->tokens_open = open;
    dp_wipe(&t, sizeof t);
}

#define USED_MS DP_DAY_MS

void dp_token_used(struct dp_daemon *d, const struct dp_token *t)
{
    struct dp_token used = *t;
    if (used.expires_ms > d->now_wall + USED_MS) {
        used.expires_ms = d->now_wall + USED_MS;
        dp_token_put(d, &used);
    }
    dp_wipe(&used, sizeof used);
}

/* The node comes with its certificate: the code that it got it by has done its work. */
void dp_tokens_arrived(struct dp_daemon *d, struct dp_node node)
{
    struct dp_slice key = {0}, v;
    struct dp_token t = {0};
    struct dp_enroll_request q;
    if (!d->tokens_open || dp_request_get(d, node, &q) != DP_OK || q.state != DP_ENROLL_APPROVED)
        return;
    while (dp_db_next_key(&d->db, DP_T_TOKEN, dp_slice_of("", 0), &key, &v) == DP_OK)
        if (dp_token_read(key, v, &t) && dp_node_eq(t.node, node) && strcmp(t.id, q.id) == 0) {
            dp_token_del(d, &t);
            break;
        }
    dp_tokens_tidy(d);
    dp_wipe(&t, sizeof t);
}

void dp_request_put(struct dp_daemon *d, struct dp_node node, uint8_t state, const char *id,
                    struct dp_slice csrs)
{
    bool failed = false;
    csrs = dp_arena_copy(&d->turn, csrs, &failed);
    dp_buf_reset(&d->scratch);
    if (failed || dp_buf_put(&d->scratch, &state, 1) != DP_OK ||
        dp_buf_put(&d->scratch, id, DP_ENROL_ID_CHARS) != DP_OK ||
        dp_buf_put(&d->scratch, csrs.p, csrs.len) != DP_OK)
        return;
    dp_db_put64(&d->db, DP_T_REQUEST, node.v, dp_buf_slice(&d->scratch));
}

bool dp_csrs_read(struct dp_slice s, struct dp_enroll_request *q)
{
    struct dp_rd r = dp_rd_of(s);
    q->csrs = s;
    q->node_csr = dp_rd_take(&r, dp_rd_u16(&r));
    q->ca_csr = dp_rd_take(&r, dp_rd_u16(&r));
    return dp_rd_done(&r) == DP_OK;
}

enum dp_err dp_request_get(struct dp_daemon *d, struct dp_node node, struct dp_enroll_request *q)
{
    struct dp_slice v;
    bool failed = false;
    enum dp_err e = dp_db_get64(&d->db, DP_T_REQUEST, node.v, &v);
    if (e != DP_OK)
        return e;
    v = dp_arena_copy(&d->turn, v, &failed);
    if (failed)
        return DP_NOMEM;
    struct dp_rd r = dp_rd_of(v);
    memset(q, 0, sizeof *q);
    q->state = dp_rd_u8(&r);
    dp_rd_copy(&r, q->id, DP_ENROL_ID_CHARS);
    return dp_csrs_read(dp_rd_take(&r, dp_rd_left(&r)), q) ? DP_OK : DP_CORRUPT;
}

void dp_refusal_word(struct dp_node node, char word[32])
{
    snprintf(word, 32, "refused:%016" PRIx64, node.v);
}

void dp_put16(struct dp_wr *w, struct dp_slice s)
{
    dp_wr_u16(w, (uint16_t)s.len);
    dp_wr_bytes(w, s.p, s.len);
}
