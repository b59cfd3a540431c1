/* SPDX-License-Identifier: Apache-2.0 */
/* Records of content parcels: each is written back byte for byte. */
#include "fuzz.h"
#include "wire/part.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_rd r = dp_rd_of(input);
    const uint8_t *from = r.p;
    struct dp_content c;
    struct dp_buf out;
    bool any = false;

    (void)a;
    dp_buf_init(&out, 1 << 20);
    while (dp_content_next(suite, &r, &c) == DP_OK) {
        dp_buf_reset(&out);
        FUZZ_CHECK(dp_content_put(&c, &out) == DP_OK);
        FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&out), dp_slice_of(from, (size_t)(r.p - from))));
        from = r.p;
        any = true;
    }
    dp_buf_fini(&out);
    return any;
}
