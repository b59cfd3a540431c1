/* SPDX-License-Identifier: Apache-2.0 */
/* Block headers: what is read is written back byte for byte (R-BLK-1). */
#include "fuzz.h"
#include "wire/block.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    uint8_t bytes[DP_HEADER_BYTES];
    static const struct dp_key pub = {{9}};
    struct dp_digest d;
    struct dp_header h;

    (void)a;
    if (dp_header_get(input, &h) != DP_OK)
        return false;
    dp_header_put(&h, bytes);
    FUZZ_CHECK(dp_slice_eq(input, dp_slice_of(bytes, sizeof(bytes))));
    dp_header_digest(suite, &h, &d);
    (void)dp_header_verify(suite, &h, &pub);
    return true;
}
