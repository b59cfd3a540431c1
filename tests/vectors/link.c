/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the link, two samples of each type (proto/link.md). */
#include "golden.h"
#include "support/sample.h"

static const struct {
    uint8_t type;
    const char *name;
} frames[] = {
    {DP_FRAME_HELLO, "hello"},     {DP_FRAME_ITEM, "item"}, {DP_FRAME_ACK, "ack"},
    {DP_FRAME_REFUSED, "refused"}, {DP_FRAME_BYE, "bye"},   {DP_FRAME_KEEP, "keep"},
    {DP_FRAME_ASK, "ask"},         {DP_FRAME_LIST, "list"}, {DP_FRAME_PROVE, "prove"},
    {DP_FRAME_PROOF, "proof"},
};

enum dp_err golden_link(FILE *out)
{
    struct dp_buf body, bytes;
    struct dp_rng r;
    enum dp_err e = DP_OK;

    dp_rng_seed(&r, 20261122);
    dp_buf_init(&body, 1 << 16);
    dp_buf_init(&bytes, DP_FRAME_MAX);
    fprintf(out, "# SPDX-License-Identifier: Apache-2.0\n"
                 "# Golden vectors of the frames of a link (proto/link.md), made by vectors_make.\n");
    for (unsigned i = 0; e == DP_OK && i < 2 * sizeof frames / sizeof frames[0]; i++) {
        dp_buf_reset(&body);
        dp_buf_reset(&bytes);
        struct dp_frame f = sample_frame(&r, frames[i / 2].type, &body);
        if (f.type == DP_FRAME_HELLO) { /* the first as before there were generations */
            f.u.hello.my_gen = i;
            f.u.hello.your_gen = 2 * i;
        } else if (f.type == DP_FRAME_ITEM) {
            f.u.item.body = dp_slice_str("opaque here");
            f.u.item.total = (uint32_t)f.u.item.body.len;
        }
        e = dp_frame_put(&f, &bytes);
        if (e == DP_OK)
            golden_line(out, frames[i / 2].name, i % 2 == 0 ? "first" : "second", bytes.p, bytes.len);
    }
    dp_buf_fini(&bytes);
    dp_buf_fini(&body);
    return e;
}
