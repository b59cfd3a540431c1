/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of every type: written back byte for byte (R-HEL-1, proto/link.md). */
#include "fuzz.h"
#include "wire/link.h"

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_frame f;
    struct dp_buf out;

    (void)suite;
    (void)a;
    if (dp_frame_get(input, &f) != DP_OK)
        return false;
    dp_buf_init(&out, DP_FRAME_MAX);
    FUZZ_CHECK(dp_frame_put(&f, &out) == DP_OK);
    FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&out), input));
    dp_buf_fini(&out);
    return true;
}
