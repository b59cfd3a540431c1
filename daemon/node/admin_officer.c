/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Officers: which user of this machine acts for which office, and in what role (R-CTL-1, R-ADM-2, R-ADM-3).
 * A head changes the officers of the own office and never the own row; what is the technician's is root's to
 * give.
 */
#include <string.h>

#include "node/admin.h"

/* Rows: DP_T_OFFICER office 24, number 4 -> uid, roles, state; DP_T_UID uid 4, office 24 -> number, roles. */
#define OFFICER_BYTES 9
#define OFFICER_KEY (DP_OFFICE_KEY + 4)
#define UID_KEY (4 + DP_OFFICE_KEY)
enum { ACTIVE = 1, LEFT = 2 };

struct officer {
    struct dp_office office;
    uint32_t number, uid, roles;
    bool active;
};

static void officer_key(const struct officer *o, uint8_t key[OFFICER_KEY])
{
    struct dp_wr w = dp_wr_of(key + DP_OFFICE_KEY, 4);
    dp_office_key(&o->office, key);
    dp_wr_u32(&w, o->number);
}

static void uid_key(const struct officer *o, uint8_t key[UID_KEY])
{
    struct dp_wr w = dp_wr_of(key, 4);
    dp_wr_u32(&w, o->uid);
    dp_office_key(&o->office, key + 4);
}

/* The row of office and number: user, roles, state. False: there is none. */
static bool officer_get(struct dp_daemon *d, struct officer *o)
{
    uint8_t key[OFFICER_KEY];
    struct dp_slice row;
    officer_key(o, key);
    if (dp_db_get_key(&d->db, DP_T_OFFICER, dp_slice_of(key, sizeof key), &row) != DP_OK ||
        row.len != OFFICER_BYTES)
        return false;
    struct dp_rd r = dp_rd_of(row);
    o->uid = dp_rd_u32(&r);
    o->roles = dp_rd_u32(&r);
    o->active = dp_rd_u8(&r) == ACTIVE;
    return true;
}

/* The number under which the user acts for the office; 0: he does not. */
static uint32_t number_of_user(struct dp_daemon *d, const struct officer *o)
{
    uint8_t key[UID_KEY];
    struct dp_slice row;
    uid_key(o, key);
    if (dp_db_get_key(&d->db, DP_T_UID, dp_slice_of(key, sizeof key), &row) != DP_OK)
        return 0;
    struct dp_rd r = dp_rd_of(row);
    return dp_rd_u32(&r);
}

/* The user that the officer was until now must not stay entitled. */
static void forget_user(struct dp_daemon *d, const struct officer *o)
{
    struct officer old = *o;
    uint8_t key[UID_KEY];
    if (!officer_get(d, &old) || number_of_user(d, &old) != o->number)
        return; /* it is another officer by now */
    uid_key(&old, key);
    dp_db_del_key(&d->db, DP_T_UID, dp_slice_of(key, sizeof key));
}

static void officer_put(struct dp_daemon *d, const struct officer *o)
{
    uint8_t key[OFFICER_KEY], ukey[UID_KEY], row[OFFICER_BYTES], urow[8];
    struct dp_wr r = dp_wr_of(row, sizeof row), ur = dp_wr_of(urow, sizeof urow);
    officer_key(o, key);
    uid_key(o, ukey);
    dp_wr_u32(&r, o->uid);
    dp_wr_u32(&r, o->roles);
    dp_wr_u8(&r, o->active ? ACTIVE : LEFT);
    dp_wr_u32(&ur, o->number);
    dp_wr_u32(&ur, o->roles);
    dp_db_put_key(&d->db, DP_T_OFFICER, dp_slice_of(key, sizeof key), dp_slice_of(row, sizeof row));
    if (o->active)
        dp_db_put_key(&d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey), dp_slice_of(urow, sizeof urow));
}

static enum dp_err issue_officer(struct dp_daemon *d, const struct officer *o, uint8_t kind)
{
    struct dp_entry e = {.kind = kind};
    e.body.to = o->office;
    e.body.number = o->number;
    e.body.code2 = o->roles == 0 ? DP_OFFICER_CLERK : o->roles;
    e.body.code = o->active ? ACTIVE : LEFT;
    e.body.date = dp_date_of_ms(d->now_wall);
    return dp_own_node_entry(d, d->id.self, &e);
}

bool dp_office_has_officers(struct dp_daemon *d, const struct dp_office *o)
{
    struct dp_slice key = {0}, row;
    uint8_t office[DP_OFFICE_KEY];
    dp_office_key(o, office);
    while (dp_db_next_key(&d->db, DP_T_OFFICER, dp_slice_of(office, sizeof office), &key, &row) == DP_OK)
        if (row.len == OFFICER_BYTES && row.p[OFFICER_BYTES - 1] == ACTIVE)
            return true;
    return false;
}

/* ---- what may be changed ---- */

static bool say_no(struct dp_act *x, enum dp_err e, const char *text)
{
    dp_outcome_set(x->d, x->out, e, "%-s", text);
    return false;
}

#define ALL_ROLES (DP_OFFICER_CLERK | DP_OFFICER_HEAD | DP_OFFICER_TECHNICIAN)

/* R-ADM-2: the technician's role stands alone. */
static bool roles_fit(struct dp_act *x, const struct officer *now)
{
    if ((now->roles & ~(uint32_t)ALL_ROLES) != 0)
        return say_no(x, DP_USAGE, "--roles: clerk and head, or technician");
    if ((now->roles & DP_OFFICER_TECHNICIAN) != 0 && now->roles != DP_OFFICER_TECHNICIAN)
        return say_no(x, DP_USAGE,
                      "--roles: a technician reads no case, so that role stands alone; give a clerk or head "
                      "another number and user");
    return true;
}

/* R-ADM-3: nobody but root changes the own row, gives oneself a second one, or touches a technician. */
static bool is_the_heads(struct dp_act *x, const struct officer *was, const struct officer *now)
{
    const struct dp_caller *c = x->c;
    if (c->is_root)
        return true;
    if (now->number == c->officer || now->uid == c->uid || was->uid == c->uid)
        return say_no(x, DP_NOT_ENTITLED,
                      "nobody changes the own place: another head of the office, or root, does it");
    if (((was->roles | now->roles) & DP_OFFICER_TECHNICIAN) != 0)
        return say_no(x, DP_NOT_ENTITLED, "the technician's role is root's alone to give and to take");
    return true;
}

/* Fields that the request leaves out stay as they are; a new officer has no user yet. */
static bool fill(struct dp_act *x, const struct officer *was, bool known, struct officer *now)
{
    bool said = x->a->user || x->a->uid != 0;
    now->uid = said ? x->a->uid : was->uid;
    now->roles = x->a->roles != 0 ? x->a->roles : was->roles != 0 ? was->roles : DP_OFFICER_CLERK;
    if (now->active && !said && !known)
        return say_no(x, DP_USAGE, "--user: say which user of this machine the officer is");
    uint32_t other = now->active ? number_of_user(x->d, now) : 0;
    if (other != 0 && other != now->number) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "--user: user %u is officer %u of that office already",
                       now->uid, other);
        return false;
    }
    return roles_fit(x, now);
}

/* False: refused and explained. */
static bool may_change(struct dp_act *x, uint8_t kind, struct officer *now)
{
    struct officer was;
    bool known;
    if (!dp_admin_office(x, &now->office))
        return false;
    if (!dp_node_eq(now->office.node, x->d->id.self))
        return say_no(x, DP_USAGE, "the office: it is not of this node, so its officers are not either");
    if (x->a->number == 0)
        return say_no(x, DP_USAGE, "the number: an officer has one above 0");
    now->number = x->a->number;
    now->active = kind != DP_KIND_OFFICER_LEAVE;
    was = *now;
    was.uid = was.roles = 0;
    known = officer_get(x->d, &was);
    if (kind != DP_KIND_OFFICER_ADD && !known) {
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no officer %u there: see `daipao officer list`",
                       x->a->number);
        return false;
    }
    if (kind == DP_KIND_OFFICER_ADD && known && !was.active) {
        was.roles = 0; /* who comes again is said anew */
        known = false;
    }
    if (!fill(x, &was, known, now) || !is_the_heads(x, &was, now))
        return false;
    if (now->active && dp_stop_refuses(x->d, x->out))
        return false;
    return !dp_proof_refuses(x->d, x->out);
}

static void officer_change(struct dp_act *x, uint8_t kind)
{
    struct officer o = {0};
    if (!may_change(x, kind, &o) || dp_admin_dry(x))
        return;
    forget_user(x->d, &o);
    enum dp_err err = issue_officer(x->d, &o, kind);
    if (err == DP_OK || !o.active)
        officer_put(x->d, &o); /* who leaves has left, also where nothing can be issued */
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
    uint8_t at[OFFICER_KEY];
    while (dp_db_next_key(&d->db, DP_T_OFFICER, dp_slice_of("", 0), &key, &row) == DP_OK &&
           key.len == sizeof at) {
        struct officer o = {0};
        memcpy(at, key.p, sizeof at);
        key = dp_slice_of(at, sizeof at); /* ours: what is issued below ends what was borrowed */
        struct dp_rd r = dp_rd_of(key);
        o.office.node.v = dp_rd_u64(&r);
        dp_rd_copy(&r, o.office.slug, sizeof o.office.slug);
        o.number = dp_rd_u32(&r);
        if (!officer_get(d, &o) || !o.active)
            continue;
        forget_user(d, &o);
        o.active = false;
        enum dp_err e = issue_officer(d, &o, DP_KIND_OFFICER_LEAVE);
        if (e != DP_OK)
            return e;
        officer_put(d, &o);
    }
    return DP_OK;
}
