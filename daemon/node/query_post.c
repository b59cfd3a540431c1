/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the post: how it runs at this node, and what became of a receipt (R-POST-5, R-POST-8). */
#include "node/post.h"
#include "node/query.h"

/* Nothing in it depends on what waits, so that anybody may see it. */
void dp_ask_posts(struct dp_ask *a)
{
    struct dp_node end = {0};
    struct dp_post_row row;
    struct dp_post_plan plan = dp_posts_plan(a->d);

    dp_json_u64(&a->j, "bytes", plan.bytes);
    dp_json_u64(&a->j, "every_minutes", plan.every);
    dp_json_bool(&a->j, "rest_days", plan.rest_days);
    dp_json_array(&a->j, "ends");
    while (dp_posts_next(a->d, &end)) {
        if (dp_post_row_get(a->d, end, &row) != DP_OK)
            row = (struct dp_post_row){.since_ms = a->d->now_wall};
        dp_json_object(&a->j, NULL);
        dp_json_node(&a->j, "node", end);
        dp_ask_time(&a->j, "last", row.came_ms);
        dp_ask_time(&a->j, "decided", row.slot_ms);
        dp_ask_time(&a->j, "next", dp_posts_due(a->d, end));
        dp_ask_word(&a->j, "key", dp_digest_is_zero(&row.seen) ? "in_use" : "waits");
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
}

bool dp_ask_receipt(struct dp_ask *a)
{
    struct dp_post_view v;

    if (!dp_post_show(a->d, &a->c->office, a->q->case_ref, &v))
        return false;
    bool known = v.as_of_ms != 0;
    uint32_t days = dp_post_days_to(a->d, v.to, 0);
    dp_json_str(&a->j, "receipt", v.receipt);
    dp_json_node(&a->j, "sent_to", v.to);
    dp_ask_time(&a->j, "sent", v.sent_ms);
    dp_json_str(&a->j, "number", v.number);
    dp_ask_word(&a->j, "status", known ? dp_status_word((enum dp_status)v.status) : NULL);
    if (known)
        dp_json_office(&a->j, "responsible", &v.office);
    dp_ask_time(&a->j, "as_of", v.as_of_ms);
    dp_json_u64(&a->j, "days", days);
    dp_json_bool(&a->j, "other_way", days > DP_POST_DAYS_LONG);
    return true;
}
