/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of limits and calendars of rest days, published to all below. */
#include <stdio.h>

#include "config/calendar_file.h"
#include "config/profile_file.h"
#include "node/admin.h"

static bool publisher(struct dp_act *x, struct dp_office *o)
{
    /* R-ADM-1: whoever is asked for here stands in the list of the bureau. */
    if (dp_node_tier(x->d->id.self) > DP_TIER_COUNTY || dp_node_post(x->d->id.self) != 0)
        dp_outcome_set(x->d, x->out, DP_NOT_ENTITLED,
                       "profiles and calendars are published by a county or above");
    else
        *o = x->c->office;
    return x->out->err == DP_OK;
}

/* Line and text of a file that is not good. */
static void file_fault(struct dp_act *x, const struct dp_config_error *why)
{
    dp_outcome_set(x->d, x->out, DP_CONFIG, "%s:%d: %s", why->file, why->line, why->text);
}

static void publish(struct dp_act *x, struct dp_entry *e, const struct dp_office *o)
{
    if (dp_admin_dry(x))
        return;
    enum dp_err err = dp_own_data_entry(x->d, o, x->c->officer, e);
    if (err == DP_OK)
        dp_admin_done(x, "{\"published\":true}");
    else
        dp_admin_fail(x, err, "it could not be published");
}

void dp_admin_profile(struct dp_act *x)
{
    struct dp_office o;
    struct dp_profile p;
    struct dp_config_error why;
    struct dp_entry e = {.kind = DP_KIND_PROFILE, .profile = &p};
    if (!publisher(x, &o))
        return;
    if (dp_profile_file_parse(x->a->data, x->a->path, &p, &why) != DP_OK)
        file_fault(x, &why);
    else
        publish(x, &e, &o);
}

/* A new edition takes over the years of the one in force. */
void dp_admin_calendar(struct dp_act *x)
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
        file_fault(x, &why);
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
