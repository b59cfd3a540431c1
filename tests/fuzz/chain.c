/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of certificates: written back byte for byte; and what holds under its own last certificate as the
 * pinned root is a path of certificates that permit each other (R-CERT-2).
 */
#include "crypto/chain.h"

#include "fuzz.h"

static void verify(const struct dp_suite *suite, const struct dp_chain *c)
{
    struct dp_cert certs[DP_CHAIN_MAX];
    struct dp_trust trust = {.root_der = {NULL, 0}};
    struct dp_refusal why = {0};

    suite->hash(&c->der[c->count - 1], 1, &trust.root);
    for (int end = DP_CHAIN_NODE; end <= DP_CHAIN_CA; end++) {
        if (dp_chain_verify(c, &trust, (enum dp_chain_end)end, certs, &why) != DP_OK) {
            FUZZ_CHECK(why.fault != DP_CERT_FAULT_NONE);
            continue;
        }
        FUZZ_CHECK(certs[0].is_ca == (end == DP_CHAIN_CA));
        for (unsigned i = 1; i < c->count; i++)
            FUZZ_CHECK(certs[i].is_ca && dp_cert_permits(&certs[i], certs[0].origin.node));
    }
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    static uint8_t bytes[DP_CHAIN_MAX * (DP_CERT_BYTES_MAX + 2) + 1];
    struct dp_wr w = dp_wr_of(bytes, sizeof(bytes));
    struct dp_chain c;

    (void)a;
    if (suite == &fuzz_hollow || dp_chain_decode(input, &c) != DP_OK)
        return false;
    FUZZ_CHECK(c.count >= 1 && c.count <= DP_CHAIN_MAX);
    FUZZ_CHECK(dp_chain_encode(&c, &w) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_wr_slice(&w), input));
    verify(suite, &c);
    return true;
}
