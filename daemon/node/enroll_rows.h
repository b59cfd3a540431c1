/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to enroll*.c. Enrolment over the line by a one-time code (R-ENR-1). The code is read over the
 * phone; what it protects is sealed by keys derived from it, so the enrolment socket needs no other trust.
 *
 *   newcomer -> parent   id 4 | sealed(up):   version 1, node CSR u16, CA CSR u16 (may be 0)
 *   parent -> newcomer   id 4 | sealed(down): status 1, then
 *       you are: node 8 (the answer to a request without CSRs: the code says for whom it was made) |
 *       pending, refused: text u16 | approved: root u16, chain u16, CA chain u16, address u16, n u8,
 * ancestors u16 each
 */
#ifndef DP_NODE_ENROLL_ROWS_H
#define DP_NODE_ENROLL_ROWS_H

#include "crypto/code.h"
#include "node/enroll.h"
#include "node/identity.h"

#define DP_ENROLL_VERSION 1
#define DP_ENROLL_TRIES_MAX 3
#define DP_ENROLL_REASON_MAX 120
#define DP_ENROLL_MESSAGE_MAX 16384

enum dp_enroll_status {
    DP_ENROLL_PENDING = 0,
    DP_ENROLL_APPROVED = 1,
    DP_ENROLL_REFUSED = 2,
    DP_ENROLL_YOU_ARE = 3,
};

/* A one-time code that is out. */
struct dp_token {
    char id[DP_ENROL_ID_CHARS + 1];
    struct dp_node node;
    int64_t expires_ms;
    uint8_t wrong;
    struct dp_key up, down;
    char address[200]; /* of its parent, when that is not this node */
};
void dp_token_put(struct dp_daemon *d, const struct dp_token *t);
bool dp_token_read(struct dp_slice key, struct dp_slice v, struct dp_token *t);
void dp_token_del(struct dp_daemon *d, const struct dp_token *t);
/* Drop what expired; the socket stays open while one is left. */
void dp_tokens_tidy(struct dp_daemon *d);
/* R-ENR-3: its node was told that it is enrolled. It may have to be told again, for a day and no longer. */
void dp_token_used(struct dp_daemon *d, const struct dp_token *t);

/* Request row of a node: state 1, token id 4, then node CSR u16 and CA CSR u16. */
struct dp_enroll_request {
    uint8_t state; /* enum dp_enroll_status */
    char id[DP_ENROL_ID_CHARS + 1];
    struct dp_slice csrs; /* both, as they came */
    struct dp_slice node_csr, ca_csr;
};
void dp_request_put(struct dp_daemon *d, struct dp_node node, uint8_t state, const char *id,
                    struct dp_slice csrs);
/* Into the arena of the turn. */
enum dp_err dp_request_get(struct dp_daemon *d, struct dp_node node, struct dp_enroll_request *q);
bool dp_csrs_read(struct dp_slice s, struct dp_enroll_request *q);

/* Meta row "refused:NODE": why, for the newcomer. */
void dp_refusal_word(struct dp_node node, char word[32]);

void dp_put16(struct dp_wr *w, struct dp_slice s);

/* A message on the enrolment socket: of a newcomer (enroll_line.c), of the parent (enroll_join.c). */
void dp_enroll_from_newcomer(struct dp_daemon *d, uint64_t conn, struct dp_slice bytes);
void dp_enroll_from_parent(struct dp_daemon *d, struct dp_slice bytes);

#endif
