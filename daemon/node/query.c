/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of local people and programs. One table says who may ask what; who may see which case is decided
 * in sight.c, and what may not be seen is answered as if it did not exist (R-N3-9).
 */
#include "node/query.h"

#include <stdio.h>
#include <string.h>

#define QUESTION_LOOKS 16 /* what any question costs, however little it looks at */
#define BYTES_A_LOOK 256  /* of an answer */

void dp_ask_fail(struct dp_ask *a, enum dp_err err, const char *text)
{
    dp_outcome_set(a->d, &a->out, err, "%-s", text);
}

void dp_ask_unreadable(struct dp_ask *a, enum dp_err e)
{
    if (e != DP_CORRUPT) {
        dp_ask_fail(a, e, "the store cannot be read now; ask again");
        return;
    }
    dp_log(DP_LOG_ERROR, "store: damaged, and a question could not be answered; run daipaod --fsck");
    dp_ask_fail(a, e, "the store of this node is damaged: tell its technician, who runs `daipaod --fsck`");
}

bool dp_ask_case(struct dp_ask *a)
{
    struct dp_slot *slot;
    enum dp_err e = dp_sight_find(a->d, a->c, a->q->case_ref, &slot);

    if (e == DP_OK) {
        a->looks -= slot->f.count;
        e = dp_sight_look(a->d, a->c, &slot->f, &a->d->turn, &a->seen);
    }
    if (e == DP_NOT_FOUND)
        dp_ask_fail(a, e, "no such case here; see `daipao case list`");
    else if (e == DP_AMBIGUOUS)
        dp_ask_fail(a, e, "more than one case ends so; give more of the number");
    else if (e != DP_OK)
        dp_ask_fail(a, e, "the case cannot be read");
    return e == DP_OK;
}

/* ---- the table ---- */

enum who { ANYBODY, OFFICER, EITHER, TECHNICIAN, STAFF };

static const struct {
    const char *what;
    enum who who;
    dp_ask_fn *fn;
} table[] = {
    {"status", ANYBODY, dp_ask_status},
    {"links", ANYBODY, dp_ask_links},
    {"link", ANYBODY, dp_ask_link},
    {"alarms", ANYBODY, dp_ask_alarms},
    {"posts", ANYBODY, dp_ask_posts},
    {"quarantine", TECHNICIAN, dp_ask_quarantine},
    {"enrolments", ANYBODY, dp_ask_enrolments},
    {"offices", ANYBODY, dp_ask_offices},
    {"officers", ANYBODY, dp_ask_officers},
    {"calendars", ANYBODY, dp_ask_calendars},
    {"profiles", ANYBODY, dp_ask_profiles},
    {"inbox", OFFICER, dp_ask_inbox},
    {"list", OFFICER, dp_ask_list},
    {"errands", OFFICER, dp_ask_errands},
    {"orders", OFFICER, dp_ask_orders},
    {"find", OFFICER, dp_ask_find},
    {"finds", EITHER, dp_ask_finds},
    {"show", OFFICER, dp_ask_show},
    {"track", OFFICER, dp_ask_track},
    {"file", OFFICER, dp_ask_file},
    {"held", OFFICER, dp_ask_held},
    {"drafts", OFFICER, dp_ask_drafts},
    {"trail", STAFF, dp_ask_trail},
    {"log", EITHER, dp_ask_log},
    {"digest", EITHER, dp_ask_digests},
};

static bool may_ask(struct dp_ask *a, enum who who)
{
    if (who == TECHNICIAN && !dp_sight_of_node(a->c)) {
        dp_ask_fail(a, DP_NOT_ENTITLED, "only root and the technician of this node may ask this");
        return false;
    }
    if (who == ANYBODY || who == TECHNICIAN || a->c->has_office || (who == EITHER && a->c->is_root) ||
        (who == STAFF && dp_sight_of_node(a->c)))
        return true;
    dp_outcome_set(a->d, &a->out, DP_NOT_ENTITLED,
                   "user %u asks for no office: say which with --as OFFICE, or see `daipao officer add`",
                   a->c->uid);
    return false;
}

/* R-CTL-4: an answer that does not fit says so. */
static void finish(struct dp_ask *a)
{
    const char *text;

    if (a->out.err != DP_OK)
        return;
    dp_json_end(&a->j);
    text = dp_json_text(&a->j);
    if (text == NULL && a->buf.starved)
        dp_ask_fail(a, DP_NOMEM, "there was no memory for the answer; ask again");
    else if (text == NULL)
        dp_ask_fail(a, DP_REPLY_FULL, "the answer does not fit; ask for less with a smaller --limit");
    else
        a->out.json = text;
}

static void slice_end(struct dp_ask *a, size_t len_before)
{
    if (a->out.err != DP_OK)
        a->more = NULL;
    if (a->more == NULL)
        finish(a);
    a->looks -= QUESTION_LOOKS + (int64_t)((a->buf.len - len_before) / BYTES_A_LOOK);
}

void dp_ask_begin(struct dp_ask *a, int64_t looks)
{
    a->looks = looks;
    a->today = dp_date_of_ms(a->d->now_wall);
    a->rows_left = a->q->limit == 0 || a->q->limit > DP_PAGE_ROWS ? DP_PAGE_ROWS : a->q->limit;
    dp_buf_init(&a->buf, DP_REPLY_ANSWERS_MAX);
    dp_casefile_init(&a->seen.copy, &(struct dp_subject){.type = DP_SUBJECT_CASE});
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].what, a->q->what) != 0)
            continue;
        if (may_ask(a, table[i].who)) {
            a->out.err = DP_OK;
            dp_json_init(&a->j, &a->buf);
            dp_json_object(&a->j, NULL);
            table[i].fn(a);
        }
        slice_end(a, 0);
        return;
    }
    dp_outcome_set(a->d, &a->out, DP_USAGE, "no such query: %s", a->q->what);
}

void dp_ask_go_on(struct dp_ask *a, int64_t looks)
{
    size_t before = a->buf.len;

    a->looks = looks;
    a->more(a);
    slice_end(a, before);
}

void dp_ask_fini(struct dp_ask *a)
{
    if (a->buf.p != NULL)
        dp_wipe(a->buf.p, a->buf.len); /* persons may stand in it */
    dp_buf_fini(&a->buf);
    dp_casefile_fini(&a->seen.copy);
}
