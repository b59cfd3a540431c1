/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for a certificate: what is taken asks for a node that has a name, and for keys that are there
 * (R-ENR-1). */
#include "crypto/ca.h"

#include "fuzz.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_refusal why = {0};
    char name[DP_CERT_NAME_TEXT];
    struct dp_node again;
    struct dp_csr csr;

    (void)a;
    if (suite == &fuzz_hollow)
        return false;
    if (dp_csr_parse(input, &csr, &why) != DP_OK) {
        FUZZ_CHECK(why.fault != DP_CERT_FAULT_NONE && why.fault < DP_CERT_FAULT_COUNT);
        return false;
    }
    dp_cert_name_format(csr.node, name);
    FUZZ_CHECK(dp_cert_name_parse(dp_slice_str(name), &again) == DP_OK && dp_node_eq(csr.node, again));
    FUZZ_CHECK(csr.is_ca || csr.roles != 0);
    return true;
}
