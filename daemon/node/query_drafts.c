/* SPDX-License-Identifier: Apache-2.0 */
/* The drafts of one office, in codes: whose matter it is stands inside, for who registers it (R-N4-1). */
#include "node/query.h"
#include "node/sight.h"

static bool draft_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    struct dp_json *j = &a->j;
    struct dp_rd r = dp_rd_of(key);
    uint64_t row = dp_rd_u64(&r), no = (uint32_t)row, at = no - 1; /* before it the office's tag */
    struct dp_matter m;

    (void)v;
    (void)ctx;
    if (row >> 32 != dp_sight_tag(a->d, &a->c->office))
        return true;
    dp_arena_reset(&a->d->turn);
    if (row >> 32 != dp_sight_tag(a->d, &a->c->office) || !dp_draft_next(a->d, &a->c->office, &at, &m) ||
        at != no)
        return true;
    if (!dp_ask_take(a))
        return false;
    const struct dp_reg *reg = m.form.reg;
    const char channel[2] = {reg->channel, '\0'};
    dp_json_object(j, NULL);
    dp_json_u64(j, "draft", no);
    dp_json_u64(j, "officer", m.form.officer);
    dp_ask_time(j, "kept", m.form.at_ms);
    dp_json_date(j, "receipt", m.form.receipt);
    dp_json_str(j, "channel", channel);
    dp_json_u64(j, "purpose", reg->purpose);
    dp_json_u64(j, "category", reg->category);
    dp_json_u64(j, "parts", m.part_count);
    dp_json_end(j);
    return true;
}

void dp_ask_drafts(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_DRAFT, "rows", draft_row, NULL, NULL);
}
