/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of every type: written back byte for byte, and so are the rows of a list (R-HEL-1, proto/link.md).
 */
#include "fuzz.h"
#include "wire/link.h"

static void check_rows(const struct dp_list_frame *f)
{
    struct dp_list_row row;
    struct dp_buf out;

    dp_buf_init(&out, DP_FRAME_MAX);
    FUZZ_CHECK(dp_list_frame_ok(f));
    for (uint32_t i = 0; i < dp_list_rows(f); i++) {
        dp_list_row_get(f, i, &row);
        FUZZ_CHECK(dp_list_row_put(f->part, &row, &out) == DP_OK);
    }
    FUZZ_CHECK(dp_slice_eq(dp_buf_slice(&out), f->rows));
    dp_buf_fini(&out);
}

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
    if (f.type == DP_FRAME_LIST)
        check_rows(&f.u.list);
    return true;
}
