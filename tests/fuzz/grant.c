/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: written back byte for byte, and opened (R-PART-2). */
#include "fuzz.h"
#include "wire/part.h"

void fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    uint8_t bytes[DP_GRANT_BYTES];
    struct dp_key key;
    struct dp_grant g;

    (void)a;
    if (dp_grant_get(input, &g) != DP_OK)
        return;
    dp_grant_put(&g, bytes);
    FUZZ_CHECK(dp_slice_eq(input, dp_slice_of(bytes, sizeof(bytes))));
    (void)!dp_grant_open(suite, &g, &fuzz_recipient, &key);
}
