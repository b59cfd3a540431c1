/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of local people and programs, from when they come until their one reply has left.
 *
 * Steps, blobs and administration are done inside the turn, and what they came to is said after its commit.
 * Questions are answered after the turn and apart from it: in read transactions, with memory of their own, a
 * bounded look at a time over all callers in turn, so that none of them holds up a link, a step or another
 * caller, nor takes a turn down with it (R-CTL-3, R-CTL-5). Results stand in the order of the commands.
 * Private to node/.
 */
#ifndef DP_NODE_CALLS_H
#define DP_NODE_CALLS_H

#include "node/core.h"

#define DP_CALLS_MAX 256               /* that wait for a question; the newest of the greediest gives way */
#define DP_CALLS_BYTES_MAX (32u << 20) /* of these requests */
#define DP_CALLS_AT_ONCE 16            /* callers whose replies are being written */
#define DP_LOOKS_A_TURN 4000           /* entries looked at for all questions together */
#define DP_LOOKS_A_SLICE 1000          /* for one of them, before the next caller's */

DP_MUST enum dp_err dp_calls_new(struct dp_daemon *d);
void dp_calls_free(struct dp_daemon *d);

/* In the turn: what waits behind an answered question, and the records of answers that must be kept. */
void dp_calls_go_on(struct dp_daemon *d);
/* The turn was committed, or failed with `e`: say what its commands came to. */
void dp_calls_said(struct dp_daemon *d, enum dp_err e);
/* Outside a turn: answer questions, as many looks as a turn may take. */
void dp_calls_answer(struct dp_daemon *d);
/* A question waits for the next turn. */
bool dp_calls_wait(const struct dp_daemon *d);

/* command.c: one command that is no question. */
void dp_do_command(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                   const struct dp_command *cmd, struct dp_outcome *out);

#endif
