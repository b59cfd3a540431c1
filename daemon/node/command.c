/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of local people and programs. Everything happens inside the turn; the answer leaves after its
 * commit.
 */
#include "node/command.h"

static struct dp_pending_reply *pend(struct dp_daemon *d, uint64_t conn, uint64_t id, uint32_t count)
{
    struct dp_pending_reply *r = DP_NEW(&d->turn, struct dp_pending_reply);
    struct dp_outcome *results = DP_NEW_ARRAY(&d->turn, struct dp_outcome, count == 0 ? 1 : count);
    if (r == NULL || results == NULL)
        return NULL;
    r->conn = conn;
    r->id = id;
    r->results = results;
    r->count = count;
    *d->replies_tail = r;
    d->replies_tail = &r->next;
    return r;
}

/* R-CTL-2 */
static void do_step(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                    const struct dp_step *s, struct dp_outcome *out)
{
    bool known = s->token.len > 0 && !rq->dry_run && c->has_office;
    if (known && s->token.len < DP_TOKEN_BYTES_MIN) {
        dp_outcome_set(d, out, DP_USAGE, "a token is drawn at random, 16 bytes or more");
        return;
    }
    if (known && dp_answer_again(d, c, s->token, out))
        return;
    dp_do_step(d, c, rq, s, out);
    if (known && out->err == DP_OK)
        dp_answer_keep(d, c, s->token, out);
}

static void do_one(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                   const struct dp_command *cmd, struct dp_outcome *out)
{
    if (!d->id.enrolled && cmd->kind != DP_COMMAND_ADMIN && cmd->kind != DP_COMMAND_QUERY) {
        dp_outcome_set(
            d, out, DP_NOT_ENROLLED,
            "this node is not enrolled: `daipao node init` at the root, `daipao node join` elsewhere");
        return;
    }
    switch (cmd->kind) {
    case DP_COMMAND_STEP:
        do_step(d, c, rq, &cmd->u.step, out);
        return;
    case DP_COMMAND_QUERY:
        dp_do_query(d, c, &cmd->u.query, out);
        return;
    case DP_COMMAND_ADMIN:
        dp_do_admin(d, c, rq, &cmd->u.admin, out);
        return;
    case DP_COMMAND_BLOB:
        dp_do_blob(d, c, rq, &cmd->u.blob, out);
        return;
    }
}

void dp_daemon_request(struct dp_daemon *d, uint64_t conn, uint32_t uid, const struct dp_request *rq)
{
    struct dp_caller caller;
    struct dp_pending_reply *r = pend(d, conn, rq->id, rq->count);
    if (r == NULL)
        return;
    enum dp_err e = dp_caller_find(d, uid, rq->as_office, &caller); /* R-CTL-1 */
    for (uint32_t i = 0; i < rq->count; i++) {
        enum dp_command_kind kind = rq->commands[i].kind;
        bool needs_office = kind == DP_COMMAND_STEP || kind == DP_COMMAND_BLOB;
        if (e != DP_OK && (needs_office || e != DP_AMBIGUOUS))
            dp_outcome_set(d, &r->results[i], e == DP_AMBIGUOUS ? DP_USAGE : e,
                           e == DP_AMBIGUOUS
                               ? DP_SAID("you act for several offices: say which with --as OFFICE")
                               : DP_SAID("you are no officer of that office"));
        else
            do_one(d, &caller, rq, &rq->commands[i], &r->results[i]);
    }
}

void dp_daemon_turn_away(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes, enum dp_err why)
{
    struct dp_request rq;
    uint64_t id = 0;
    dp_arena_reset(&d->turn);
    if (dp_request_decode(bytes, &d->turn, &rq, &id) != DP_OK)
        rq.count = 1;
    struct dp_outcome *results = DP_NEW_ARRAY(&d->turn, struct dp_outcome, rq.count);
    if (results == NULL)
        return;
    for (uint32_t i = 0; i < rq.count; i++)
        dp_outcome_set(d, &results[i], why, "the store is not to be had now, nothing was done: try again");
    dp_buf_reset(&d->frame);
    if (dp_reply_encode(id, results, rq.count, &d->turn, &d->frame) == DP_OK)
        d->port.transport.reply(d->port.transport.ctx, conn, dp_buf_slice(&d->frame));
}

void dp_daemon_control(struct dp_daemon *d, uint64_t conn, uint32_t uid, struct dp_slice bytes)
{
    struct dp_request rq;
    uint64_t id = 0;
    enum dp_err e = dp_request_decode(bytes, &d->turn, &rq, &id);
    if (e == DP_OK) {
        dp_daemon_request(d, conn, uid, &rq);
        return;
    }
    struct dp_pending_reply *r = pend(d, conn, id, 1);
    if (r != NULL)
        dp_outcome_set(d, &r->results[0], e, "the request cannot be used: %-s", dp_err_text(e));
}
