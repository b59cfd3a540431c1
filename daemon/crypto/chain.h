/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of certificates from a leaf to the pinned root (R-CERT-2). The root is pinned by
 * its digest; its certificate may close the chain or come from the verifier's own store, so
 * that it need not cross a slow line again. Wire form: count u8, then length u16 and DER of
 * each, leaf first. Revocation and dates are not looked at here (R-CERT-3).
 */
#ifndef DP_CRYPTO_CHAIN_H
#define DP_CRYPTO_CHAIN_H

#include "crypto/cert.h"

#define DP_CHAIN_MAX 8

/* Borrowed: valid as long as the bytes it was decoded from. */
struct dp_chain {
    uint8_t count;
    struct dp_slice der[DP_CHAIN_MAX]; /* leaf first */
};

struct dp_trust {
    struct dp_digest root;
    struct dp_slice root_der; /* empty when the chains bring the root along */
};

enum dp_chain_end { DP_CHAIN_NODE, DP_CHAIN_CA };

/* DP_FORMAT, or DP_TOO_BIG for a certificate or a count beyond the limits. The DER is not read yet. */
DP_MUST enum dp_err dp_chain_decode(struct dp_slice s, struct dp_chain *out);
/* Sticky DP_TOO_BIG in `w` when it does not fit, DP_RANGE when the chain breaks a limit. */
DP_MUST enum dp_err dp_chain_encode(const struct dp_chain *c, struct dp_wr *w);

/*
 * Check shape, signatures, CA flags, permitted subtrees of every CA, and the path to the
 * pinned root. Fills certs[0..count) in the order of the chain, only on success. On refusal
 * `why` (may be NULL) names certificate and reason; the error is the fault's.
 */
DP_MUST enum dp_err dp_chain_verify(const struct dp_chain *c, const struct dp_trust *trust,
                                    enum dp_chain_end end, struct dp_cert certs[DP_CHAIN_MAX],
                                    struct dp_refusal *why);

#endif
