/* SPDX-License-Identifier: Apache-2.0 */
/* Offices by name, and officers: who of this machine may act for which office (R-CTL-1). */
#include <string.h>

#include "node/admin.h"

#define OFFICER_BYTES 9
enum { ACTIVE = 1, LEFT = 2 };

static void office_key(const struct dp_office *o, uint8_t out[24])
{
    struct dp_wr w = dp_wr_of(out, 24);
    dp_wr_u64(&w, o->node.v);
    dp_wr_bytes(&w, o->slug, sizeof o->slug);
}

/* An office that was named here before. */
static bool known_office(struct dp_act *x, struct dp_office *o)
{
    struct dp_slice name;
    uint8_t key[24];
    if (!dp_admin_office(x, o))
        return false;
    office_key(o, key);
    if (dp_db_get_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key), &name) == DP_OK)
        return true;
    dp_outcome_set(x->d, x->out, DP_NOT_FOUND,
                   "no such office here: %s; see `daipao office list`, or add it with `daipao office add`",
                   x->a->office);
    return false;
}

void dp_admin_office_add(struct dp_act *x)
{
    struct dp_office o;
    uint8_t key[24];
    if (!dp_admin_office(x, &o))
        return;
    const char *name = x->a->name[0] != '\0' ? x->a->name : x->a->office;
    if (dp_admin_dry(x))
        return;
    office_key(&o, key);
    dp_db_put_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key), dp_slice_str(name));
    dp_admin_done(x, "{\"added\":true}");
}

void dp_admin_office_set(struct dp_act *x)
{
    struct dp_office o;
    if (known_office(x, &o))
        dp_admin_office_add(x);
}

static bool has_officers(struct dp_daemon *d, const uint8_t office[24])
{
    struct dp_slice key = {0}, row;
    while (dp_db_next_key(&d->db, DP_T_OFFICER, dp_slice_of(office, 24), &key, &row) == DP_OK)
        if (row.len == OFFICER_BYTES && row.p[OFFICER_BYTES - 1] == ACTIVE)
            return true;
    return false;
}

void dp_admin_office_leave(struct dp_act *x)
{
    struct dp_office o;
    uint8_t key[24];
    if (!known_office(x, &o))
        return;
    office_key(&o, key);
    if (has_officers(x->d, key)) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT,
                       "officers still act for %s: end their access first with `daipao officer leave`",
                       x->a->office);
        return;
    }
    if (dp_admin_dry(x))
        return;
    dp_db_del_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key));
    dp_admin_done(x, "{\"left\":true}");
}

/* Rows: DP_T_OFFICER office 24, number 4 -> uid, roles, state; DP_T_UID uid 4, office 24 -> number, roles. */
static void officer_key(struct dp_act *x, const struct dp_office *o, uint8_t key[28])
{
    struct dp_wr w = dp_wr_of(key + 24, 4);
    office_key(o, key);
    dp_wr_u32(&w, x->a->number);
}

static bool known_officer(struct dp_act *x, const struct dp_office *o, struct dp_slice *row)
{
    uint8_t key[28];
    officer_key(x, o, key);
    return dp_db_get_key(&x->d->db, DP_T_OFFICER, dp_slice_of(key, sizeof key), row) == DP_OK;
}

/* The user that the officer was until now: it must not stay entitled. */
static void forget_user(struct dp_act *x, const struct dp_office *o)
{
    uint8_t key[28], ukey[28];
    struct dp_slice row, urow;
    struct dp_wr w = dp_wr_of(ukey, 4);
    if (!known_officer(x, o, &row))
        return;
    officer_key(x, o, key);
    struct dp_rd r = dp_rd_of(row);
    dp_wr_u32(&w, dp_rd_u32(&r));
    memcpy(ukey + 4, key, 24);
    if (dp_db_get_key(&x->d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey), &urow) != DP_OK)
        return;
    r = dp_rd_of(urow);
    if (dp_rd_u32(&r) == x->a->number) /* else it is another officer by now */
        dp_db_del_key(&x->d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey));
}

static void officer_rows(struct dp_act *x, const struct dp_office *o, bool active)
{
    uint8_t key[28], ukey[28], row[OFFICER_BYTES], urow[8];
    struct dp_wr uw = dp_wr_of(ukey, 4), r = dp_wr_of(row, sizeof row), ur = dp_wr_of(urow, sizeof urow);
    officer_key(x, o, key);
    dp_wr_u32(&uw, x->a->uid);
    memcpy(ukey + 4, key, 24);
    dp_wr_u32(&r, x->a->uid);
    dp_wr_u32(&r, x->a->roles);
    dp_wr_u8(&r, active ? ACTIVE : LEFT);
    dp_wr_u32(&ur, x->a->number);
    dp_wr_u32(&ur, x->a->roles);
    dp_db_put_key(&x->d->db, DP_T_OFFICER, dp_slice_of(key, sizeof key), dp_slice_of(row, sizeof row));
    if (active)
        dp_db_put_key(&x->d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey), dp_slice_of(urow, sizeof urow));
}

static enum dp_err issue_officer(struct dp_daemon *d, const struct dp_office *o, uint8_t kind,
                                 uint32_t number, uint32_t roles)
{
    struct dp_entry e = {.kind = kind};
    e.body.to = *o;
    e.body.number = number;
    e.body.code2 = roles == 0 ? 1 : roles;
    e.body.code = kind == DP_KIND_OFFICER_LEAVE ? LEFT : ACTIVE;
    e.body.date = dp_date_of_ms(d->now_wall);
    return dp_own_node_entry(d, d->id.self, &e);
}

/* False: refused and explained. */
static bool may_change(struct dp_act *x, struct dp_office *o, uint8_t kind)
{
    struct dp_slice row;
    if (!dp_admin_office(x, o))
        return false;
    if (!dp_node_eq(o->node, x->d->id.self) || x->a->number == 0)
        dp_outcome_set(x->d, x->out, DP_USAGE,
                       "an officer has a number above 0 and belongs to an office of this node");
    else if (kind != DP_KIND_OFFICER_ADD && !known_officer(x, o, &row))
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no officer %u there: see `daipao officer list`",
                       x->a->number);
    else if (kind != DP_KIND_OFFICER_LEAVE && dp_stop_refuses(x->d, x->out))
        return false;
    else
        return !dp_proof_refuses(x->d, x->out);
    return false;
}

static void officer_change(struct dp_act *x, uint8_t kind)
{
    struct dp_office o;
    bool active = kind != DP_KIND_OFFICER_LEAVE;
    if (!may_change(x, &o, kind) || dp_admin_dry(x))
        return;
    forget_user(x, &o);
    enum dp_err err = issue_officer(x->d, &o, kind, x->a->number, x->a->roles);
    if (err == DP_OK || !active)
        officer_rows(x, &o, active); /* who leaves has left, also where nothing can be issued */
    if (err == DP_OK)
        dp_admin_done(x, "{\"done\":true}");
    else
        dp_admin_fail(x, err, "the officer could not be recorded");
}

void dp_admin_officer_add(struct dp_act *x)
{
    officer_change(x, DP_KIND_OFFICER_ADD);
}

void dp_admin_officer_set(struct dp_act *x)
{
    officer_change(x, DP_KIND_OFFICER_CHANGE);
}

void dp_admin_officer_leave(struct dp_act *x)
{
    officer_change(x, DP_KIND_OFFICER_LEAVE);
}

enum dp_err dp_officers_leave(struct dp_daemon *d)
{
    struct dp_slice key = {0}, row;
    uint8_t at[28];
    while (dp_db_next_key(&d->db, DP_T_OFFICER, dp_slice_of("", 0), &key, &row) == DP_OK &&
           key.len == sizeof at) {
        struct dp_office o = {0};
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at); /* ours: what is issued below ends what was borrowed */
        if (row.len != OFFICER_BYTES || row.p[OFFICER_BYTES - 1] != ACTIVE)
            continue;
        struct dp_rd rv = dp_rd_of(row), r = dp_rd_of(key);
        uint32_t uid = dp_rd_u32(&rv), roles = dp_rd_u32(&rv);
        o.node.v = dp_rd_u64(&r);
        dp_rd_copy(&r, o.slug, sizeof o.slug);
        const struct dp_admin a = {.number = dp_rd_u32(&r), .uid = uid, .roles = roles};
        struct dp_act x = {.d = d, .a = &a};
        enum dp_err e = issue_officer(d, &o, DP_KIND_OFFICER_LEAVE, a.number, roles);
        if (e != DP_OK)
            return e;
        forget_user(&x, &o);
        officer_rows(&x, &o, false);
    }
    return DP_OK;
}
