/* SPDX-License-Identifier: Apache-2.0 */
/* Private to node/: making and taking an identity. All calls inside a write turn. */
#ifndef DP_NODE_IDENTITY_H
#define DP_NODE_IDENTITY_H

#include "crypto/ca.h"
#include "node/core.h"

#define DP_ANCESTORS_MAX 5

/* What an approved newcomer gets; borrowed slices. */
struct dp_grantbook {
    struct dp_node asked;           /* who it asked to be; {0}: whom the code is for */
    struct dp_slice root;           /* DER */
    struct dp_slice chain;          /* its node certificate */
    struct dp_slice ca_chain;       /* its CA certificate, or empty */
    struct dp_slice parent_address; /* or empty */
    struct dp_slice ancestors[DP_ANCESTORS_MAX];
    uint8_t ancestor_count;
};

/* Roles of a node by its place: villages run stations, posts are organs, all else organs and a bureau. */
uint8_t dp_identity_roles(struct dp_node n);
bool dp_identity_has_ca(struct dp_node n);
/* Load or make the keyring below the data folder. */
enum dp_err dp_identity_keys(struct dp_daemon *d);
/* A certificate by this node's CA; the chain's bytes live in the turn's arena. DP_NOT_ENTITLED without a CA.
 */
enum dp_err dp_identity_issue(struct dp_daemon *d, const struct dp_csr *csr, struct dp_slice *chain);
enum dp_err dp_identity_init_root(struct dp_daemon *d, struct dp_node self);
/* DP_CERTIFICATE: not the node that asked, or not for its keys. */
enum dp_err dp_identity_take(struct dp_daemon *d, const struct dp_grantbook *g);

#endif
