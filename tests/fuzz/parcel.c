/* SPDX-License-Identifier: Apache-2.0 */
/* Parcels, each behind the sealing key of its recipient: opened, and their records read (R-PARC-1). */
#include "fuzz.h"
#include "wire/part.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_content c;
    struct dp_key recipient;
    struct dp_slice body;
    struct dp_node to;
    struct dp_rd r;
    uint8_t kind;

    if (!fuzz_take_key(&input, &recipient))
        return false;
    enum dp_err e = dp_parcel_recipient(input, &to);
    if (dp_parcel_open(suite, input, &recipient, a, &kind, &body) != DP_OK)
        return false;
    FUZZ_CHECK(e == DP_OK);
    FUZZ_CHECK(body.len <= input.len);
    r = dp_rd_of(body);
    while (dp_content_next(suite, &r, &c) == DP_OK)
        ;
    return true;
}
