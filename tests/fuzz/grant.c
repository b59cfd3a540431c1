/* SPDX-License-Identifier: Apache-2.0 */
/* Grants, each behind the sealing key of its recipient: written back byte for byte, and opened (R-PART-2). */
#include "fuzz.h"
#include "wire/part.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    uint8_t bytes[DP_GRANT_BYTES];
    struct dp_key recipient, key;
    struct dp_grant g;

    (void)a;
    if (!fuzz_take_key(&input, &recipient) || dp_grant_get(input, &g) != DP_OK)
        return false;
    dp_grant_put(&g, bytes);
    FUZZ_CHECK(dp_slice_eq(input, dp_slice_of(bytes, sizeof(bytes))));
    return dp_grant_open(suite, &g, &recipient, &key) == DP_OK;
}
