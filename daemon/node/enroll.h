/* SPDX-License-Identifier: Apache-2.0 */
/* Private to node/: the operator's side of enrolment. All calls inside a write turn. */
#ifndef DP_NODE_ENROLL_H
#define DP_NODE_ENROLL_H

#include "node/core.h"

/*
 * The `may` functions judge and change nothing. DP_NOT_ENTITLED: not below this node. DP_CONFLICT: it was
 * revoked, and its id does not come back with another store in this version.
 */
enum dp_err dp_enroll_may_token(struct dp_daemon *d, struct dp_node node);
/* A one-time code for a node of the subtree; `address` is its parent's, when that is not this node. */
enum dp_err dp_enroll_token(struct dp_daemon *d, struct dp_node node, const char *address, char text[32]);
/* DP_NOT_FOUND: no request (or its parent is not enrolled); DP_DUPLICATE: approved before. */
enum dp_err dp_enroll_may_approve(struct dp_daemon *d, struct dp_node node);
enum dp_err dp_enroll_approve(struct dp_daemon *d, struct dp_node node);
/* The newcomer is told why. DP_RANGE: `reason` is longer than the answer has room for. */
enum dp_err dp_enroll_may_refuse(struct dp_daemon *d, struct dp_node node, const char *reason);
enum dp_err dp_enroll_refuse(struct dp_daemon *d, struct dp_node node, const char *reason);
/* DP_NOT_FOUND: no such node; DP_DUPLICATE: revoked before. */
enum dp_err dp_enroll_may_revoke(struct dp_daemon *d, struct dp_node node);
enum dp_err dp_enroll_revoke(struct dp_daemon *d, struct dp_node node, uint32_t reason);
/* Newcomer's side. */
enum dp_err dp_enroll_join(struct dp_daemon *d, struct dp_node self, const char *address,
                           const char *code_text);

#endif
