/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: what is taken is within its limits, is named by all its bytes, and its name reads back
 * (R-CERT-1). */
#include "crypto/cert.h"

#include <string.h>

#include "fuzz.h"

static void check_name(struct dp_node n)
{
    char text[DP_CERT_NAME_TEXT];
    struct dp_node again;

    dp_cert_name_format(n, text);
    FUZZ_CHECK(dp_cert_name_parse(dp_slice_str(text), &again) == DP_OK);
    FUZZ_CHECK(dp_node_eq(n, again));
}

static void check_refusal(enum dp_err e, const struct dp_refusal *why)
{
    char text[DP_REFUSAL_TEXT];

    FUZZ_CHECK(why->fault != DP_CERT_FAULT_NONE && why->fault < DP_CERT_FAULT_COUNT);
    FUZZ_CHECK(dp_cert_fault_err(why->fault) == e);
    dp_refusal_format(why, text);
    FUZZ_CHECK(text[0] != '\0' && dp_utf8_ok(dp_slice_str(text)));
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_refusal why = {0};
    struct dp_digest digest;
    struct dp_cert c;

    (void)a;
    if (suite == &fuzz_hollow) /* the suite is not asked here: once is enough */
        return false;
    enum dp_err e = dp_cert_parse(input, &c, &why);
    if (e != DP_OK) {
        check_refusal(e, &why);
        return false;
    }
    suite->hash(&input, 1, &digest);
    FUZZ_CHECK(memcmp(&digest, &c.digest, sizeof(digest)) == 0);
    FUZZ_CHECK(c.not_before_ms <= c.not_after_ms);
    FUZZ_CHECK(c.is_ca ? c.subtree_count >= 1 && c.subtree_count <= DP_CERT_SUBTREES_MAX
                       : c.subtree_count == 0);
    FUZZ_CHECK(c.is_ca || !dp_cert_permits(&c, c.origin.node));
    check_name(c.origin.node);
    return true;
}
