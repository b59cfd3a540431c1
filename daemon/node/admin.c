/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administration by the technician or the head of an office: a table of verbs, each a small function.
 * Who may: the daemon's own user and root, and officers with the technician or head role.
 */
#include <stdio.h>
#include <string.h>

#include "config/calendar_file.h"
#include "config/profile_file.h"
#include "node/enroll.h"
#include "node/identity.h"
#include "store/backup.h"

struct admin {
    struct dp_daemon *d;
    const struct dp_caller *c;
    const struct dp_request *rq;
    const struct dp_admin *a;
    struct dp_outcome *out;
};

static void ok_json(struct admin *x, const char *json)
{
    x->out->err = DP_OK;
    x->out->json = dp_arena_str(&x->d->turn, dp_slice_str(json));
}

static bool parse_node(struct admin *x, struct dp_node *n)
{
    if (dp_node_parse(dp_slice_str(x->a->node), n) == DP_OK)
        return true;
    dp_outcome_set(x->d, x->out, DP_USAGE, "not a node: %s; give 12 digits, and .PP for a department's post",
                   x->a->node);
    return false;
}

static bool parse_office(struct admin *x, struct dp_office *o)
{
    enum dp_err e = dp_office_lookup(x->d, x->a->office, o);
    if (e != DP_OK)
        dp_outcome_set(x->d, x->out, e, "no such office: %s; write it as 331023000000/bureau", x->a->office);
    return e == DP_OK;
}

static void fail(struct admin *x, enum dp_err e, const char *what)
{
    dp_outcome_set(x->d, x->out, e, "%s: %s", what, dp_err_text(e));
}

/* ---- node ---- */

static void node_init(struct admin *x)
{
    struct dp_node n;
    if (x->d->id.enrolled) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "this node has an identity already");
        return;
    }
    if (!parse_node(x, &n))
        return;
    enum dp_err e = dp_identity_init_root(x->d, n);
    if (e == DP_OK)
        e = dp_daemon_reload_identity(x->d);
    if (e != DP_OK) {
        fail(x, e, "the root could not be made");
        x->d->turn_error = e;
        return;
    }
    dp_db_meta_put(&x->d->db, "name", dp_slice_str(x->a->name));
    ok_json(x, "{\"enrolled\":true}");
}

static void node_join(struct admin *x)
{
    struct dp_node n = {0}; /* none given: the code knows */
    if (x->d->id.enrolled) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "this node is enrolled already");
        return;
    }
    if (x->a->node[0] != '\0' && !parse_node(x, &n))
        return;
    enum dp_err e = dp_enroll_join(x->d, n, x->a->address, x->a->code);
    if (e != DP_OK)
        dp_outcome_set(x->d, x->out, e == DP_FORMAT ? DP_USAGE : e,
                       e == DP_FORMAT ? "the code has a mistake in it: read it again, group by group"
                                      : "the node cannot ask to be enrolled: %s",
                       dp_err_text(e));
    else
        ok_json(x, "{\"asking\":true}");
}

static void node_retire(struct admin *x)
{
    dp_stop_loudly(x->d, DP_STOP_REVOKED, "retired by its operator");
    ok_json(x, "{\"retired\":true}");
}

/* ---- enrolment ---- */

static void enroll_token(struct admin *x)
{
    struct dp_node n;
    char code[32], json[80];
    if (!parse_node(x, &n))
        return;
    enum dp_err e = dp_enroll_token(x->d, n, x->a->address, code);
    if (e == DP_OK) {
        snprintf(json, sizeof json, "{\"code\":\"%s\",\"days\":7}", code);
        ok_json(x, json);
    } else if (e == DP_NOT_ENTITLED) {
        dp_outcome_set(x->d, x->out, e, "%s is not below this node; its own ancestors can enrol it",
                       x->a->node);
    } else {
        fail(x, e, "no code could be made");
    }
}

static void enroll_approve(struct admin *x)
{
    struct dp_node n;
    if (!parse_node(x, &n))
        return;
    enum dp_err e = dp_enroll_approve(x->d, n);
    if (e == DP_OK || e == DP_DUPLICATE)
        ok_json(x, "{\"approved\":true}");
    else
        dp_outcome_set(x->d, x->out, e,
                       e == DP_NOT_FOUND ? "%s: no request waits here, or its parent is not enrolled yet (%s)"
                                         : "%s cannot be approved: %s",
                       x->a->node, dp_err_text(e));
}

static void enroll_refuse(struct admin *x)
{
    struct dp_node n;
    if (!parse_node(x, &n))
        return;
    enum dp_err e = dp_enroll_refuse(x->d, n, x->a->reason);
    if (e == DP_OK)
        ok_json(x, "{\"refused\":true}");
    else if (e == DP_RANGE)
        dp_outcome_set(x->d, x->out, e, "the reason is too long: 120 bytes, or 40 Chinese characters");
    else
        dp_outcome_set(x->d, x->out, e, "no request of %s waits here: see `daipao enroll list`", x->a->node);
}

static void enroll_revoke(struct admin *x)
{
    struct dp_node n;
    if (!parse_node(x, &n))
        return;
    if (!dp_node_covers(x->d->id.self, n) || dp_node_eq(n, x->d->id.self)) {
        dp_outcome_set(x->d, x->out, DP_NOT_ENTITLED, "%s is not below this node", x->a->node);
        return;
    }
    enum dp_err e = dp_enroll_revoke(x->d, n, x->a->number == 0 ? 1 : x->a->number);
    if (e == DP_OK) {
        dp_log(DP_LOG_NOTICE, "enrolment of %s withdrawn: %s", x->a->node, x->a->reason);
        ok_json(x, "{\"revoked\":true}");
    } else
        fail(x, e, "it cannot be revoked");
}

/* ---- offices and officers ---- */

static void office_key(const struct dp_office *o, uint8_t out[24])
{
    struct dp_wr w = dp_wr_of(out, 24);
    dp_wr_u64(&w, o->node.v);
    dp_wr_bytes(&w, o->slug, sizeof o->slug);
}

/* An office that was named here before. */
static bool known_office(struct admin *x, struct dp_office *o)
{
    struct dp_slice name;
    uint8_t key[24];
    if (!parse_office(x, o))
        return false;
    office_key(o, key);
    if (dp_db_get_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key), &name) == DP_OK)
        return true;
    dp_outcome_set(x->d, x->out, DP_NOT_FOUND,
                   "no such office here: %s; see `daipao office list`, or add it with `daipao office add`",
                   x->a->office);
    return false;
}

static void office_add(struct admin *x)
{
    struct dp_office o;
    uint8_t key[24];
    if (!parse_office(x, &o))
        return;
    const char *name = x->a->name[0] != '\0' ? x->a->name : x->a->office;
    office_key(&o, key);
    dp_db_put_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key), dp_slice_str(name));
    ok_json(x, "{\"added\":true}");
}

static void office_set(struct admin *x)
{
    struct dp_office o;
    if (known_office(x, &o))
        office_add(x);
}

static void office_leave(struct admin *x)
{
    struct dp_office o;
    uint8_t key[24];
    if (!known_office(x, &o))
        return;
    office_key(&o, key);
    dp_db_del_key(&x->d->db, DP_T_OFFICE, dp_slice_of(key, sizeof key));
    ok_json(x, "{\"left\":true}");
}

/* Rows: DP_T_OFFICER office 24, number 4 -> uid, roles, state; DP_T_UID uid 4, office 24 -> number, roles. */
static void officer_key(struct admin *x, const struct dp_office *o, uint8_t key[28])
{
    struct dp_wr w = dp_wr_of(key + 24, 4);
    office_key(o, key);
    dp_wr_u32(&w, x->a->number);
}

/* The user that the officer was until now: it must not stay entitled. False: there is no such officer. */
static bool forget_user(struct admin *x, const struct dp_office *o)
{
    uint8_t key[28], ukey[28];
    struct dp_slice row, urow;
    struct dp_wr w = dp_wr_of(ukey, 4);
    officer_key(x, o, key);
    if (dp_db_get_key(&x->d->db, DP_T_OFFICER, dp_slice_of(key, sizeof key), &row) != DP_OK)
        return false;
    struct dp_rd r = dp_rd_of(row);
    dp_wr_u32(&w, dp_rd_u32(&r));
    memcpy(ukey + 4, key, 24);
    if (dp_db_get_key(&x->d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey), &urow) != DP_OK)
        return true;
    r = dp_rd_of(urow);
    if (dp_rd_u32(&r) == x->a->number) /* else it is another officer by now */
        dp_db_del_key(&x->d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey));
    return true;
}

static void officer_rows(struct admin *x, const struct dp_office *o, bool active)
{
    uint8_t key[28], ukey[28], row[9], urow[8];
    struct dp_wr uw = dp_wr_of(ukey, 4), r = dp_wr_of(row, sizeof row), ur = dp_wr_of(urow, sizeof urow);
    officer_key(x, o, key);
    dp_wr_u32(&uw, x->a->uid);
    memcpy(ukey + 4, key, 24);
    dp_wr_u32(&r, x->a->uid);
    dp_wr_u32(&r, x->a->roles);
    dp_wr_u8(&r, active ? 1 : 2);
    dp_wr_u32(&ur, x->a->number);
    dp_wr_u32(&ur, x->a->roles);
    dp_db_put_key(&x->d->db, DP_T_OFFICER, dp_slice_of(key, sizeof key), dp_slice_of(row, sizeof row));
    if (active)
        dp_db_put_key(&x->d->db, DP_T_UID, dp_slice_of(ukey, sizeof ukey), dp_slice_of(urow, sizeof urow));
}

static void officer_change(struct admin *x, uint8_t kind, bool active)
{
    struct dp_office o;
    struct dp_entry e = {.kind = kind};
    if (!parse_office(x, &o))
        return;
    if (!dp_node_eq(o.node, x->d->id.self) || x->a->number == 0) {
        dp_outcome_set(x->d, x->out, DP_USAGE,
                       "an officer has a number above 0 and belongs to an office of this node");
        return;
    }
    if (!forget_user(x, &o) && kind != DP_KIND_OFFICER_ADD) {
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no officer %u there: see `daipao officer list`",
                       x->a->number);
        return;
    }
    e.body.to = o;
    e.body.number = x->a->number;
    e.body.code2 = x->a->roles == 0 ? 1 : x->a->roles;
    e.body.code = active ? 1 : 2;
    e.body.date = dp_date_of_ms(x->d->now_wall);
    enum dp_err err = dp_own_node_entry(x->d, x->d->id.self, &e);
    if (err == DP_OK || !active)
        officer_rows(x, &o, active); /* who leaves has left, also where nothing can be issued */
    if (err == DP_OK)
        ok_json(x, "{\"done\":true}");
    else
        fail(x, err, "the officer could not be recorded");
}

static void officer_add(struct admin *x)
{
    officer_change(x, DP_KIND_OFFICER_ADD, true);
}

static void officer_set(struct admin *x)
{
    officer_change(x, DP_KIND_OFFICER_CHANGE, true);
}

static void officer_leave(struct admin *x)
{
    officer_change(x, DP_KIND_OFFICER_LEAVE, false);
}

/* ---- data ---- */

static bool publisher(struct admin *x, struct dp_office *o)
{
    if (x->c->has_office && dp_office_role(&x->c->office) == DP_ROLE_BUREAU) {
        *o = x->c->office;
        return true;
    }
    dp_outcome_set(x->d, x->out, DP_NOT_ENTITLED,
                   "profiles and calendars are published by the bureau: use --as %s", "DIVISION/bureau");
    return false;
}

static void publish(struct admin *x, struct dp_entry *e, const struct dp_office *o)
{
    enum dp_err err = dp_own_data_entry(x->d, o, x->c->officer, e);
    if (err == DP_OK)
        ok_json(x, "{\"published\":true}");
    else
        fail(x, err, "it could not be published");
}

static void profile_publish(struct admin *x)
{
    struct dp_office o;
    struct dp_profile p;
    struct dp_config_error why;
    struct dp_entry e = {.kind = DP_KIND_PROFILE, .profile = &p};
    if (!publisher(x, &o))
        return;
    if (dp_profile_file_parse(x->a->data, x->a->path, &p, &why) != DP_OK)
        dp_outcome_set(x->d, x->out, DP_CONFIG, "%s:%d: %s", why.file, why.line, why.text);
    else
        publish(x, &e, &o);
}

/* A new edition takes over the years of the one in force. */
static void calendar_publish(struct admin *x)
{
    struct dp_office o;
    struct dp_calendar c;
    struct dp_config_error why;
    struct dp_slice cur;
    char word[48];
    struct dp_entry e = {.kind = DP_KIND_CALENDAR, .calendar = &c};
    if (!publisher(x, &o))
        return;
    if (dp_calendar_file_parse(x->a->data, x->a->path, &c, &why) != DP_OK) {
        dp_outcome_set(x->d, x->out, DP_CONFIG, "%s:%d: %s", why.file, why.line, why.text);
        return;
    }
    snprintf(word, sizeof word, "cur:%s", c.id);
    if (dp_db_meta(&x->d->db, word, &cur) == DP_OK && cur.len >= DP_NAME_BYTES) {
        struct dp_name n = dp_name_get(cur.p);
        struct dp_editions ed = dp_daemon_editions(x->d);
        const struct dp_calendar *older = ed.calendar(ed.ctx, &n);
        if (older != NULL && dp_calendar_take_over(older, &c) != DP_OK) {
            dp_outcome_set(x->d, x->out, DP_CONFLICT,
                           "edition %u is in force already: give the file a higher one", older->edition);
            return;
        }
    }
    publish(x, &e, &o);
}

/* ---- upkeep ---- */

static void backup(struct admin *x)
{
    if (x->a->path[0] != '/') {
        dp_outcome_set(x->d, x->out, DP_USAGE, "give the backup an absolute path on this machine");
        return;
    }
    enum dp_err e = dp_backup_write(x->d->port.kv, x->a->path, NULL, NULL);
    if (e == DP_OK)
        ok_json(x, "{\"written\":true}");
    else
        dp_outcome_set(x->d, x->out, e, "%s: %s", x->a->path,
                       e == DP_CONFLICT ? "exists already" : dp_err_text(e));
}

static void lock_case(struct admin *x, bool on)
{
    struct dp_subject s;
    uint8_t key[DP_SUBJECT_BYTES];
    if (dp_case_lookup(x->d, x->a->name, &s) != DP_OK) {
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no such case here: %s; see `daipao case list`",
                       x->a->name);
        return;
    }
    dp_subject_put(&s, key);
    enum dp_err e = DP_OK;
    struct dp_slot *slot = on ? dp_cache_find(x->d, &s, &e) : NULL;
    if (on)
        dp_db_put_key(&x->d->db, DP_T_LOCK, dp_slice_of(key, sizeof key), dp_slice_of("", 0));
    if (slot != NULL)
        e = dp_parcels_recall(x->d, slot);
    if (e != DP_OK && e != DP_NOT_FOUND) {
        x->d->turn_error = e; /* half of it is worse than none */
        fail(x, e, "it could not be locked");
        return;
    }
    if (!on)
        dp_db_del_key(&x->d->db, DP_T_LOCK, dp_slice_of(key, sizeof key));
    ok_json(x, on ? "{\"locked\":true}" : "{\"locked\":false}");
}

static void case_lock(struct admin *x)
{
    lock_case(x, true);
}

static void case_unlock(struct admin *x)
{
    lock_case(x, false);
}

/* A person acted on a stopped link: judge the next hello afresh. */
static void link_clear(struct admin *x)
{
    struct dp_node n;
    struct dp_peer *p;
    if (!parse_node(x, &n))
        return;
    p = dp_peers_find(x->d, n);
    if (p == NULL) {
        dp_outcome_set(x->d, x->out, DP_NOT_FOUND, "no link to %s; see `daipao link list`", x->a->node);
        return;
    }
    dp_session_clear(&p->s);
    dp_shelf_offer(x->d, p);
    p->bye = 0;
    x->d->port.transport.drop(x->d->port.transport.ctx, n);
    dp_alarm_clear(x->d, "link");
    ok_json(x, "{\"cleared\":true}");
}

static void alarm_clear(struct admin *x)
{
    dp_alarm_clear(x->d, x->a->name);
    ok_json(x, "{\"cleared\":true}");
}

/* ---- the table ---- */

enum need { NEED_NONE, NEED_NODE };

static const struct {
    const char *verb;
    void (*run)(struct admin *x);
    enum need need;
} verbs[] = {
    {"node.init", node_init, NEED_NONE},
    {"node.join", node_join, NEED_NONE},
    {"node.retire", node_retire, NEED_NODE},
    {"enroll.token", enroll_token, NEED_NODE},
    {"enroll.approve", enroll_approve, NEED_NODE},
    {"enroll.refuse", enroll_refuse, NEED_NODE},
    {"enroll.revoke", enroll_revoke, NEED_NODE},
    {"office.add", office_add, NEED_NODE},
    {"office.set", office_set, NEED_NODE},
    {"office.leave", office_leave, NEED_NODE},
    {"officer.add", officer_add, NEED_NODE},
    {"officer.set", officer_set, NEED_NODE},
    {"officer.leave", officer_leave, NEED_NODE},
    {"profile.publish", profile_publish, NEED_NODE},
    {"calendar.publish", calendar_publish, NEED_NODE},
    {"backup", backup, NEED_NODE},
    {"case.lock", case_lock, NEED_NODE},
    {"case.unlock", case_unlock, NEED_NODE},
    {"link.clear", link_clear, NEED_NODE},
    {"alarm.clear", alarm_clear, NEED_NONE},
};

#define ROLE_HEAD 2u
#define ROLE_TECHNICIAN 4u

void dp_do_admin(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                 const struct dp_admin *a, struct dp_outcome *out)
{
    struct admin x = {.d = d, .c = c, .rq = rq, .a = a, .out = out};
    if (!c->is_root && (c->roles & (ROLE_HEAD | ROLE_TECHNICIAN)) == 0) {
        dp_outcome_set(d, out, DP_NOT_ENTITLED, "only the technician or the head of an office may do this");
        return;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].verb, a->verb) != 0)
            continue;
        if (verbs[i].need == NEED_NODE && !d->id.enrolled)
            dp_outcome_set(
                d, out, DP_NOT_ENROLLED,
                "this node is not enrolled: `daipao node init` at the root, `daipao node join` elsewhere");
        else if (rq->dry_run)
            ok_json(&x, "{\"would\":true}");
        else
            verbs[i].run(&x);
        return;
    }
    dp_outcome_set(d, out, DP_USAGE, "no such command: %s", a->verb);
}
