/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-ADM-4: what was done in the administration of this node, by whom and when. Whoever it concerns sees it:
 * what is about an office, that office; what is about the node, every office of it; root and the technician
 * all. No case is named here: locks are entries of their case.
 */
#include "node/trail.h"

#include <string.h>

#include "node/query.h"

#define KEY_BYTES 12 /* ms 8, number within it 4 */
#define TEXT_MAX 256
#define TIDY_ROWS 16 /* at most so many old rows go with a new one */

struct row {
    uint8_t about, by;
    struct dp_slice verb, text;
    struct dp_office office, by_office;
    uint32_t by_uid, by_officer, number, uid, roles;
    struct dp_node node;
};

/* ---- keeping ---- */

struct dp_trail_of dp_trail_before(struct dp_act *x, const struct dp_admin_right *r)
{
    struct dp_trail_of of = {.backup_went_on = strcmp(r->verb, "backup") == 0 && x->d->backup.b != NULL};
    if (r->about == DP_ABOUT_OFFICE && dp_office_lookup(x->d, x->a->office, &of.office) != DP_OK)
        of.office = (struct dp_office){0};
    return of;
}

static void put_office(struct dp_wr *w, const struct dp_office *o)
{
    uint8_t key[DP_OFFICE_KEY];
    dp_office_key(o, key);
    dp_wr_bytes(w, key, sizeof key);
}

static void put_text(struct dp_wr *w, const char *text)
{
    size_t len = strlen(text);
    len = len > TEXT_MAX - 1 ? TEXT_MAX - 1 : len;
    dp_wr_u8(w, (uint8_t)len);
    dp_wr_bytes(w, text, len);
}

static void key_put(uint8_t key[KEY_BYTES], uint64_t ms, uint32_t no)
{
    struct dp_wr w = dp_wr_of(key, KEY_BYTES);
    dp_wr_u64(&w, ms);
    dp_wr_u32(&w, no);
}

/* The clock must be known: one that ran ahead would make everything old. */
static void tidy(struct dp_daemon *d)
{
    struct dp_slice key = {0}, v;
    uint8_t old[TIDY_ROWS][KEY_BYTES];
    unsigned n = 0;
    if (!d->port.clock.synced(d->port.clock.ctx) || d->clock.wrong)
        return;
    while (n < TIDY_ROWS && dp_db_next_key(&d->db, DP_T_TRAIL, dp_slice_of("", 0), &key, &v) == DP_OK &&
           key.len == KEY_BYTES) {
        struct dp_rd r = dp_rd_of(key);
        if ((int64_t)dp_rd_u64(&r) >= d->now_wall - DP_TRAIL_KEEP_MS)
            break;
        memcpy(old[n++], key.p, KEY_BYTES);
    }
    while (n-- > 0)
        dp_db_del_key(&d->db, DP_T_TRAIL, dp_slice_of(old[n], KEY_BYTES));
}

/* The first number that is free at this time: a turn may do many things, and a clock may be set back. */
static void free_key(struct dp_daemon *d, uint8_t key[KEY_BYTES])
{
    struct dp_slice v;
    uint32_t no = 0;
    do {
        key_put(key, (uint64_t)d->now_wall, no++);
    } while (dp_db_get_key(&d->db, DP_T_TRAIL, dp_slice_of(key, KEY_BYTES), &v) == DP_OK);
}

void dp_trail_keep(struct dp_act *x, const struct dp_admin_right *r, const struct dp_trail_of *of)
{
    uint8_t key[KEY_BYTES], row[1024];
    const struct dp_caller *c = x->c;
    struct dp_wr w = dp_wr_of(row, sizeof row);
    if (of->backup_went_on)
        return;
    dp_wr_u8(&w, r->about);
    dp_wr_u8(&w, c->is_root ? DP_WHO_ROOT : c->is_technician ? DP_WHO_TECHNICIAN : DP_WHO_HEAD_HERE);
    put_text(&w, r->verb);
    put_office(&w, &of->office);
    put_office(&w, &c->office);
    dp_wr_u32(&w, c->uid);
    dp_wr_u32(&w, c->officer);
    dp_wr_u32(&w, x->a->number);
    dp_wr_u32(&w, x->a->uid);
    dp_wr_u32(&w, x->a->roles);
    struct dp_node node = {0};
    if (dp_node_parse(dp_slice_str(x->a->node), &node) != DP_OK)
        node = (struct dp_node){0};
    dp_wr_u64(&w, node.v);
    put_text(&w, x->a->reason[0] != '\0' ? x->a->reason : x->a->name[0] != '\0' ? x->a->name : x->a->path);
    tidy(x->d);
    free_key(x->d, key);
    dp_db_put_key(&x->d->db, DP_T_TRAIL, dp_slice_of(key, sizeof key), dp_wr_slice(&w));
}

/* ---- showing ---- */

static struct dp_office get_office(struct dp_rd *r)
{
    struct dp_office o = {0};
    o.node.v = dp_rd_u64(r);
    dp_rd_copy(r, o.slug, sizeof o.slug);
    return o;
}

static bool row_get(struct dp_slice v, struct row *x)
{
    struct dp_rd r = dp_rd_of(v);
    x->about = dp_rd_u8(&r);
    x->by = dp_rd_u8(&r);
    x->verb = dp_rd_take(&r, dp_rd_u8(&r));
    x->office = get_office(&r);
    x->by_office = get_office(&r);
    x->by_uid = dp_rd_u32(&r);
    x->by_officer = dp_rd_u32(&r);
    x->number = dp_rd_u32(&r);
    x->uid = dp_rd_u32(&r);
    x->roles = dp_rd_u32(&r);
    x->node.v = dp_rd_u64(&r);
    x->text = dp_rd_take(&r, dp_rd_u8(&r));
    return dp_rd_done(&r) == DP_OK;
}

static bool concerns(const struct dp_ask *a, const struct row *x)
{
    if (a->c->is_root || a->c->is_technician || x->about == DP_ABOUT_NODE)
        return true;
    return dp_office_eq(&x->office, &a->c->office);
}

static const char *by_word(uint8_t by)
{
    return by == DP_WHO_ROOT ? "root" : by == DP_WHO_TECHNICIAN ? "technician" : "head";
}

static void put_roles(struct dp_json *j, uint32_t roles)
{
    dp_json_array(j, "roles");
    if ((roles & DP_OFFICER_CLERK) != 0)
        dp_json_str(j, NULL, "clerk");
    if ((roles & DP_OFFICER_HEAD) != 0)
        dp_json_str(j, NULL, "head");
    if ((roles & DP_OFFICER_TECHNICIAN) != 0)
        dp_json_str(j, NULL, "technician");
    dp_json_end(j);
}

static void put_row(struct dp_ask *a, int64_t at_ms, const struct row *x)
{
    struct dp_json *j = &a->j;
    bool officer = x->number != 0;
    dp_json_object(j, NULL);
    dp_ask_time(j, "at", at_ms);
    dp_json_slice(j, "verb", x->verb);
    if (x->office.node.v != 0)
        dp_json_office(j, "office", &x->office);
    if (officer) {
        dp_json_u64(j, "number", x->number);
        dp_json_u64(j, "uid", x->uid);
        put_roles(j, x->roles);
    }
    if (x->node.v != 0)
        dp_json_node(j, "node", x->node);
    dp_json_slice(j, "text", x->text);
    dp_json_str(j, "by", by_word(x->by));
    dp_json_u64(j, "by_uid", x->by_uid);
    if (x->by_officer != 0) {
        dp_json_office(j, "by_office", &x->by_office);
        dp_json_u64(j, "by_officer", x->by_officer);
    }
    dp_json_end(j);
}

/*
 * After `since` (ms), a page and the rest of its last millisecond: the cursor is the time of the last row
 * shown, so that it tells nothing of rows between that are not.
 */
void dp_ask_trail(struct dp_ask *a)
{
    uint32_t left = a->rows_left;
    uint64_t last = 0;
    struct dp_slice key = {0}, v;
    uint8_t from[KEY_BYTES];
    bool more = false;
    key_put(from, a->q->since, UINT32_MAX);
    if (a->q->since != 0)
        key = dp_slice_of(from, sizeof from);
    dp_json_array(&a->j, "rows");
    while (dp_db_next_key(&a->d->db, DP_T_TRAIL, dp_slice_of("", 0), &key, &v) == DP_OK &&
           key.len == KEY_BYTES) {
        struct dp_rd r = dp_rd_of(key);
        struct row x;
        uint64_t at = dp_rd_u64(&r);
        a->looks--;
        if (!row_get(v, &x) || !concerns(a, &x))
            continue;
        more = left == 0 && at != last;
        if (more)
            break;
        put_row(a, (int64_t)at, &x);
        left -= left > 0;
        last = at;
    }
    dp_json_end(&a->j);
    dp_json_u64(&a->j, "cursor", last != 0 ? last : a->q->since);
    dp_json_bool(&a->j, "more", more);
}
