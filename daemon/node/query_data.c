/* SPDX-License-Identifier: Apache-2.0 */
/* Offices and officers for addressing, and the published profiles and calendars. */
#include <string.h>

#include "node/query.h"

#define OFFICE_KEY 24
#define OFFICER_KEY 28

static struct dp_office office_of(struct dp_rd *r)
{
    struct dp_office o;

    o.node.v = dp_rd_u64(r);
    dp_rd_copy(r, o.slug, sizeof(o.slug));
    return o;
}

static bool office_row(struct dp_ask *a, struct dp_slice key, struct dp_slice name, void *ctx)
{
    struct dp_rd r = dp_rd_of(key);
    struct dp_office o = office_of(&r);

    (void)ctx;
    if (key.len != OFFICE_KEY)
        return true;
    if (!dp_ask_take(a))
        return false;
    dp_json_object(&a->j, NULL);
    dp_json_office(&a->j, "office", &o);
    dp_json_slice(&a->j, "name", name);
    dp_json_bool(&a->j, "here", dp_node_eq(o.node, a->d->id.self));
    dp_json_bool(&a->j, "mine", a->c->has_office && dp_office_eq(&o, &a->c->office));
    dp_json_end(&a->j);
    return true;
}

void dp_ask_offices(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_OFFICE, "offices", office_row, NULL, NULL);
}

static void put_officer(struct dp_ask *a, const struct dp_office *o, uint32_t number, struct dp_slice v)
{
    struct dp_rd r = dp_rd_of(v);
    uint32_t uid = dp_rd_u32(&r), roles = dp_rd_u32(&r);
    uint8_t state = dp_rd_u8(&r);

    dp_json_object(&a->j, NULL);
    dp_json_office(&a->j, "office", o);
    dp_json_u64(&a->j, "number", number);
    dp_json_u64(&a->j, "uid", uid);
    dp_json_array(&a->j, "roles");
    if ((roles & DP_OFFICER_CLERK) != 0)
        dp_json_str(&a->j, NULL, "clerk");
    if ((roles & DP_OFFICER_HEAD) != 0)
        dp_json_str(&a->j, NULL, "head");
    if ((roles & DP_OFFICER_TECHNICIAN) != 0)
        dp_json_str(&a->j, NULL, "technician");
    dp_json_end(&a->j);
    dp_json_str(&a->j, "state", state == 2 ? "left" : "active");
    dp_json_end(&a->j);
}

/* The technician sees all, an officer those of the own office. */
static bool officer_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    struct dp_rd r = dp_rd_of(key);
    struct dp_office o = office_of(&r);
    uint32_t number = dp_rd_u32(&r);

    (void)ctx;
    if (key.len != OFFICER_KEY || (!a->c->is_root && !(a->c->has_office && dp_office_eq(&o, &a->c->office))))
        return true;
    if (!dp_ask_take(a))
        return false;
    put_officer(a, &o, number, v);
    return true;
}

void dp_ask_officers(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_OFFICER, "officers", officer_row, NULL, NULL);
}

/* ---- editions ---- */

static void put_limits(struct dp_json *j, const struct dp_profile *p)
{
    dp_json_array(j, "limits");
    for (unsigned i = 0; i < p->limit_count; i++) {
        const struct dp_limit *l = &p->limits[i];
        dp_json_object(j, NULL);
        dp_json_str(j, "clock", dp_clock_word((enum dp_clock)l->clock));
        dp_json_u64(j, "days", l->days);
        dp_json_bool(j, "working", l->working);
        dp_json_u64(j, "max_extend", l->max_extend);
        dp_json_end(j);
    }
    dp_json_end(j);
}

static void put_profile(struct dp_json *j, const struct dp_name *n, const struct dp_profile *p)
{
    dp_json_object(j, NULL);
    dp_json_str(j, "id", p->id);
    dp_json_u64(j, "edition", p->edition);
    dp_json_date(j, "valid_from", p->valid_from);
    dp_json_bool(j, "errand", (p->flags & DP_PROFILE_ERRAND) != 0);
    dp_json_name(j, "name", n);
    put_limits(j, p);
    dp_json_end(j);
}

static void put_calendar(struct dp_json *j, const struct dp_name *n, const struct dp_calendar *c)
{
    dp_json_object(j, NULL);
    dp_json_str(j, "id", c->id);
    dp_json_u64(j, "edition", c->edition);
    dp_json_name(j, "name", n);
    dp_json_array(j, "years");
    for (unsigned i = 0; i < c->year_count; i++)
        dp_json_u64(j, NULL, c->years[i].year);
    dp_json_end(j);
    dp_json_end(j);
}

static bool profile_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    struct dp_editions ed = dp_daemon_editions(a->d);
    struct dp_name n;
    const struct dp_profile *p;

    (void)v;
    (void)ctx;
    if (key.len != DP_NAME_BYTES)
        return true;
    n = dp_name_get(key.p);
    p = ed.profile(ed.ctx, &n);
    if (p == NULL)
        return true;
    if (!dp_ask_take(a))
        return false;
    put_profile(&a->j, &n, p);
    return true;
}

static bool calendar_row(struct dp_ask *a, struct dp_slice key, struct dp_slice v, void *ctx)
{
    struct dp_editions ed = dp_daemon_editions(a->d);
    struct dp_name n;
    const struct dp_calendar *c;

    (void)v;
    (void)ctx;
    if (key.len != DP_NAME_BYTES)
        return true;
    n = dp_name_get(key.p);
    c = ed.calendar(ed.ctx, &n);
    if (c == NULL)
        return true;
    if (!dp_ask_take(a))
        return false;
    put_calendar(&a->j, &n, c);
    return true;
}

void dp_ask_profiles(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_DATA, "profiles", profile_row, NULL, NULL);
}

void dp_ask_calendars(struct dp_ask *a)
{
    dp_ask_table(a, DP_T_DATA, "calendars", calendar_row, NULL, NULL);
}
