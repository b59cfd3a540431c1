/* SPDX-License-Identifier: Apache-2.0 */
/* One command of a request, inside the turn; calls.c says what came of it, after the commit. */
#include "node/command.h"

#include "node/calls.h"

#define DP_TURN_AWAY_MEMORY (32u << 20)

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

void dp_do_command(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                   const struct dp_command *cmd, struct dp_outcome *out)
{
    if (!d->id.enrolled && cmd->kind != DP_COMMAND_ADMIN) {
        dp_outcome_set(
            d, out, DP_NOT_ENROLLED,
            "this node is not enrolled: `daipao node init` at the root, `daipao node join` elsewhere");
        return;
    }
    switch (cmd->kind) {
    case DP_COMMAND_STEP:
        do_step(d, c, rq, &cmd->u.step, out);
        return;
    case DP_COMMAND_QUERY: /* never in a turn (calls.c) */
        return;
    case DP_COMMAND_ADMIN:
        dp_do_admin(d, c, rq, &cmd->u.admin, out);
        return;
    case DP_COMMAND_BLOB:
        dp_do_blob(d, c, rq, &cmd->u.blob, out);
        return;
    }
}

void dp_daemon_turn_away(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes, enum dp_err why,
                         const char *text)
{
    struct dp_outcome r = {.err = why, .text = text, .format = text};
    struct dp_request rq;
    struct dp_arena a;
    struct dp_buf out;
    uint64_t id = 0;
    enum dp_err e;
    dp_arena_init(&a, DP_TURN_AWAY_MEMORY, 0);
    dp_buf_init(&out, DP_REPLY_BYTES_MAX);
    if (dp_request_decode(bytes, &a, &rq, &id) != DP_OK)
        rq.count = 1;
    e = dp_reply_begin(id, &out);
    for (uint32_t i = 0; i < rq.count && e == DP_OK; i++)
        e = dp_reply_add(&r, DP_REPLY_BYTES_MAX, &out);
    if (e == DP_OK)
        d->port.transport.reply(d->port.transport.ctx, conn, dp_buf_slice(&out));
    dp_buf_fini(&out);
    dp_arena_fini(&a);
}
