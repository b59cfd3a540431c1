/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Posts: made at their minute whether anything is queued or not, passed on without a look, taken in at their
 * end (R-POST-1 to R-POST-8). What lies in one changes neither when it is made nor how large it is; nothing
 * of it is said in a log, a counter or an answer on the way.
 */
#include "node/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_MS (INT64_C(3600) * 1000) /* a clock may be set, a plan published */
#define MISSING_DAYS 3

struct end {
    struct dp_node node;
    int64_t next_ms; /* wall clock */
};

struct dp_posts {
    struct end *ends;
    uint32_t count, cap;
    bool known;
    struct dp_post_plan plan; /* by which their times were reckoned */
    int64_t next_ms;          /* wall clock: the earliest of them */
    int64_t wake_ms;          /* the same, monotonic, as the turn saw both clocks */
};

void dp_posts_free(struct dp_daemon *d)
{
    if (d->posts != NULL)
        free(d->posts->ends);
    free(d->posts);
    d->posts = NULL;
}

void dp_posts_look(struct dp_daemon *d)
{
    if (d->posts != NULL)
        d->posts->known = false;
    for (uint32_t i = 0; i < d->peer_count; i++)
        d->peers[i]->post_swept = UINT64_MAX;
}

/* ---- plan ---- */

struct dp_post_plan dp_posts_plan(struct dp_daemon *d)
{
    struct dp_editions ed = dp_daemon_editions(d);
    struct dp_name n = dp_edition_current(d, "national-r22");
    const struct dp_profile *p = dp_name_is_none(&n) ? NULL : ed.profile(ed.ctx, &n);
    struct dp_post_plan plan = dp_post_default();
    if (p != NULL)
        plan = dp_post_plan_of(p->post_kib, p->post_every, p->post_rest_days);
    if (d->opt.post_every != 0)
        plan = dp_post_plan_of(plan.bytes / 1024, d->opt.post_every, true);
    return plan;
}

static const struct dp_calendar *calendar_now(struct dp_daemon *d)
{
    struct dp_editions ed = dp_daemon_editions(d);
    struct dp_name n = dp_edition_current(d, "cn-rest-days");
    return dp_name_is_none(&n) ? NULL : ed.calendar(ed.ctx, &n);
}

static bool is_rest(void *ctx, struct dp_date date)
{
    bool known;
    return dp_calendar_is_rest(calendar_now(ctx), date, &known);
}

/* ---- ends ---- */

static bool add_end(struct dp_daemon *d, struct dp_node n)
{
    struct dp_posts *x = d->posts;
    if (x->count == x->cap) {
        uint32_t cap = x->cap == 0 ? 8 : x->cap * 2;
        struct end *ends = realloc(x->ends, cap * sizeof *ends);
        d->heap_starved |= ends == NULL;
        if (ends == NULL)
            return false;
        x->ends = ends;
        x->cap = cap;
    }
    x->ends[x->count++] = (struct end){.node = n};
    return true;
}

static void find_below(struct dp_daemon *d)
{
    uint64_t at = 0;
    struct dp_slice v;
    for (bool first = true; dp_db_next64(&d->db, DP_T_NODE_CERT, first, &at, &v) == DP_OK; first = false) {
        struct dp_cert c;
        struct dp_node n = {at};
        const struct dp_peer *p = dp_peers_towards(d, n);
        if (!dp_node_covers(d->id.self, n) || p == NULL || p->row.revoked ||
            dp_certs_of_node(d, n, &c) != DP_OK || !dp_post_is_end(d->id.self, n, c.origin.parent))
            continue;
        if (!add_end(d, n))
            return;
    }
}

/* Who the ends are: by the certificates of those above, and of those below. */
static bool find_ends(struct dp_daemon *d)
{
    struct dp_node above[DP_ABOVE_MAX], up[DP_ABOVE_MAX];
    if (d->posts == NULL)
        d->posts = calloc(1, sizeof *d->posts);
    if (d->posts == NULL) {
        d->heap_starved = true;
        return false;
    }
    if (d->posts->known)
        return true;
    d->posts->count = 0;
    d->posts->next_ms = 0;
    unsigned n = dp_post_ends(above, dp_certs_above(d, above), up);
    for (unsigned i = 0; i < n; i++)
        add_end(d, up[i]);
    if (dp_n3_is_bureau(d->id.self))
        find_below(d);
    d->posts->known = !dp_is_starved(d);
    return d->posts->known;
}

bool dp_posts_is_end(struct dp_daemon *d, struct dp_node n)
{
    for (uint32_t i = 0; find_ends(d) && i < d->posts->count; i++)
        if (dp_node_eq(d->posts->ends[i].node, n))
            return true;
    return false;
}

bool dp_posts_next(struct dp_daemon *d, struct dp_node *at)
{
    uint32_t i = 0;
    if (!find_ends(d))
        return false;
    while (at->v != 0 && i < d->posts->count && !dp_node_eq(d->posts->ends[i].node, *at))
        i++;
    i += at->v != 0;
    if (i >= d->posts->count)
        return false;
    *at = d->posts->ends[i].node;
    return true;
}

/* ---- whose key (R-POST-7) ---- */

/* The node whose CA issued the certificate. */
static struct dp_node issuer_of(struct dp_daemon *d, const struct dp_digest *cert)
{
    struct dp_slice bytes;
    struct dp_chain chain;
    struct dp_cert ca;
    struct dp_node none = {0};
    if (dp_db_get32(&d->db, DP_T_CERT, cert, &bytes) != DP_OK || dp_chain_decode(bytes, &chain) != DP_OK ||
        chain.count < 2 || dp_cert_parse(chain.der[1], &ca, NULL) != DP_OK)
        return none;
    return ca.origin.node;
}

static void alarm_key(struct dp_daemon *d, struct dp_node end)
{
    char text[240], node[DP_NODE_TEXT];
    dp_node_format(end, node);
    snprintf(text, sizeof text,
             "%s has a new certificate, issued where its post passes: ask it by telephone, then `daipao post "
             "admit %s`; its mail waits",
             node, node);
    dp_alarm_of(d, "post-key", end, text);
}

/*
 * The certificate in use for the end. Another one takes its place by itself when it was issued here or above;
 * one issued at or below a relay waits for a person, and so does the mail.
 */
bool dp_post_pin(struct dp_daemon *d, struct dp_node end, struct dp_post_row *row, struct dp_cert_slot *out)
{
    struct dp_cert now;
    if (dp_certs_of_node(d, end, &now) == DP_OK && !dp_digest_eq(&now.digest, &row->pin)) {
        struct dp_node issuer = issuer_of(d, &now.digest);
        bool above = dp_node_covers(end, d->id.self) || dp_node_covers(issuer, d->id.self);
        if (dp_digest_is_zero(&row->pin) || above) {
            row->pin = now.digest;
            row->seen = (struct dp_digest){{0}};
            dp_alarm_clear_of(d, "post-key", end);
        } else if (!dp_digest_eq(&row->seen, &now.digest)) {
            row->seen = now.digest;
            alarm_key(d, end);
        }
    }
    return !dp_digest_is_zero(&row->pin) && dp_certs_get(d, &row->pin, out) == DP_OK;
}

enum dp_err dp_post_admit(struct dp_daemon *d, struct dp_node end)
{
    struct dp_post_row row;
    struct dp_cert now;
    if (!dp_posts_is_end(d, end) || dp_post_row_get(d, end, &row) != DP_OK ||
        dp_certs_of_node(d, end, &now) != DP_OK)
        return DP_NOT_FOUND;
    if (dp_digest_eq(&now.digest, &row.pin))
        return DP_DUPLICATE;
    row.pin = now.digest;
    row.seen = (struct dp_digest){{0}};
    dp_post_row_put(d, end, &row);
    dp_alarm_clear_of(d, "post-key", end);
    return DP_OK;
}

/* ---- making one ---- */

static enum dp_err seal(struct dp_daemon *d, struct dp_node end, const struct dp_cert_slot *cert,
                        const struct dp_post *p, uint32_t size)
{
    struct dp_sealer s;
    uint8_t *body = dp_arena_alloc(&d->turn, DP_POST_BODY(size));
    if (body == NULL)
        return DP_NOMEM;
    enum dp_err e = dp_post_put(p, d->suite, &d->kr->sign, end, size, body);
    if (e == DP_OK)
        e = dp_sealer_init(&s, d->suite, &d->port.random, end, &cert->seal_pub);
    if (e != DP_OK)
        return e;
    dp_buf_reset(&d->scratch);
    e = dp_parcel_seal(&s, DP_PARCEL_POST, dp_slice_of(body, DP_POST_BODY(size)), &d->turn, &d->scratch);
    dp_sealer_fini(&s);
    dp_wipe(body, DP_POST_BODY(size));
    return e;
}

/* R-POST-3: full or empty, of one size. */
static enum dp_err make(struct dp_daemon *d, struct dp_node end, struct dp_post_row *row, uint32_t size)
{
    struct dp_cert_slot cert;
    struct dp_slice waits, bytes = {0};
    struct dp_peer *hop = dp_peers_towards(d, end);
    if (hop == NULL || !dp_post_pin(d, end, row, &cert))
        return DP_OK;
    if (row->hop != 0 && dp_post_hop_get(d, hop->node, row->hop, &waits) == DP_OK)
        return DP_OK; /* the last one is still here: none is made */
    if (row->out.stream == 0 || row->inc != d->own.inc)
        dp_post_restart(d, row);
    enum dp_err e = DP_OK;
    if (dp_digest_is_zero(&row->seen))
        e = dp_post_fill(d, end, row, DP_POST_ROOM(size), &bytes);
    if (e != DP_OK || (d->opt.post_when_needed && bytes.len == 0))
        return e;
    struct dp_post p = {.from = d->id.self,
                        .stream = row->out.stream,
                        .number = ++row->out.number,
                        .offset = row->out.next,
                        .ack = {row->in.stream, row->in.number, row->in.offset},
                        .bytes = bytes};
    e = seal(d, end, &cert, &p, size);
    if (e != DP_OK)
        return e;
    row->out.next += bytes.len;
    if (bytes.len > 0)
        row->out.carried = row->out.number;
    struct dp_slice parcel = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &d->heap_starved);
    row->hop = dp_post_hop_put(d, hop, d->id.self, parcel);
    return DP_OK;
}

/* N5, R-POST-8 */
static void watch(struct dp_daemon *d, struct dp_node end, const struct dp_post_row *row)
{
    char text[200], node[DP_NODE_TEXT];
    struct dp_date last = dp_date_of_ms(row->came_ms != 0 ? row->came_ms : row->since_ms);
    uint32_t days = dp_working_days_between(calendar_now(d), last, dp_date_of_ms(d->now_wall));
    if (days < MISSING_DAYS)
        return;
    dp_node_format(end, node);
    snprintf(
        text, sizeof text,
        "no post of %s came for %u working days: ask both ends and those between; see `daipao post list`",
        node, days);
    dp_alarm_of(d, "post", end, text);
}

/* One end: what its time says, and nothing else. */
static enum dp_err judge(struct dp_daemon *d, struct end *x, const struct dp_post_plan *plan)
{
    struct dp_post_row row = {0};
    enum dp_err e = dp_post_row_get(d, x->node, &row);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return e;
    int64_t slot = dp_post_slot(plan, d->id.self, x->node, d->now_wall, is_rest, d);
    x->next_ms = dp_post_next(plan, d->id.self, x->node, d->now_wall, is_rest, d);
    bool is_new = row.since_ms == 0, back = row.slot_ms > d->now_wall; /* the clock was set */
    if (is_new)
        row.since_ms = d->now_wall;
    bool due = !is_new && !back && slot > row.slot_ms;
    if (!is_new && !back && !due)
        return DP_OK;
    row.slot_ms = is_new || slot == 0 ? d->now_wall : slot;
    row.came_ms = row.came_ms > d->now_wall ? d->now_wall : row.came_ms;
    e = due ? make(d, x->node, &row, plan->bytes) : DP_OK;
    if (e != DP_OK)
        return e;
    watch(d, x->node, &row);
    dp_post_row_put(d, x->node, &row);
    return DP_OK;
}

static void sweep_hops(struct dp_daemon *d)
{
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        const struct dp_lane_state *lane = &p->s.lane[DP_LANE_BULK];
        if (p->post_swept == lane->acked && p->post_epoch == lane->epoch_out)
            continue;
        p->post_swept = lane->acked;
        p->post_epoch = lane->epoch_out;
        dp_post_hop_sweep(d, p);
    }
}

static bool same_plan(const struct dp_post_plan *a, const struct dp_post_plan *b)
{
    return a->bytes == b->bytes && a->every == b->every && a->rest_days == b->rest_days;
}

/* Another profile: all times are other ones. */
static void reckon_anew(struct dp_posts *x, const struct dp_post_plan *plan)
{
    x->plan = *plan;
    x->next_ms = 0;
    for (uint32_t i = 0; i < x->count; i++)
        x->ends[i].next_ms = 0;
}

static void plan_wake(struct dp_daemon *d)
{
    int64_t in = d->posts->next_ms - d->now_wall;
    d->posts->wake_ms = d->now_mono + (in > 0 ? in : 0);
}

enum dp_err dp_posts_turn(struct dp_daemon *d)
{
    if (!d->id.enrolled || d->unwritten > 0)
        return DP_OK; /* a store that refuses is tried by others, less and less often (watch.c) */
    sweep_hops(d);
    if (d->stopped != DP_STOP_NONE)
        return DP_OK; /* a store that was set back would say again what it said before */
    if (!find_ends(d))
        return DP_NOMEM;
    struct dp_post_plan plan = dp_posts_plan(d);
    bool back = d->posts->next_ms > d->now_wall + LOOK_AGAIN_MS; /* the clock was set */
    if (back || !same_plan(&plan, &d->posts->plan))
        reckon_anew(d->posts, &plan);
    if (d->now_wall < d->posts->next_ms) {
        plan_wake(d);
        return DP_OK;
    }
    int64_t next = d->now_wall + LOOK_AGAIN_MS;
    for (uint32_t i = 0; i < d->posts->count; i++) {
        struct end *x = &d->posts->ends[i];
        enum dp_err e = x->next_ms <= d->now_wall ? judge(d, x, &plan) : DP_OK;
        if (e != DP_OK)
            return e;
        next = x->next_ms < next ? x->next_ms : next;
    }
    d->posts->next_ms = next;
    plan_wake(d);
    return DP_OK;
}

int64_t dp_posts_wake(const struct dp_daemon *d)
{
    if (d->posts == NULL || !d->posts->known || d->posts->count == 0 || d->stopped != DP_STOP_NONE ||
        d->unwritten > 0)
        return INT64_MAX;
    return d->posts->wake_ms;
}

int64_t dp_posts_due(struct dp_daemon *d, struct dp_node end)
{
    struct dp_post_plan plan = dp_posts_plan(d);
    return dp_post_next(&plan, d->id.self, end, d->now_wall, is_rest, d);
}
