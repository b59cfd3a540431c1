/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations that were kept and not made: listed, and dropped. `case register --from draft:N` makes them.
 */
#include "step.h"
#include "table.h"

static const struct dp_tab draft_tabs[] = {
    {"draft", N_("DRAFT"), DP_SHOWN_NUMBER, 0},
    {"kept", N_("KEPT"), DP_SHOWN_TIME, 0},
    {"officer", N_("OFFICER"), DP_SHOWN_NUMBER, 0},
    {"receipt", N_("RECEIVED"), DP_SHOWN_TEXT, 0},
    {"channel", N_("CHANNEL"), DP_SHOWN_CODE, DP_CODES_CHANNEL},
    {"purpose", N_("PURPOSE"), DP_SHOWN_CODE, DP_CODES_PURPOSE},
    {"category", N_("CATEGORY"), DP_SHOWN_SIX, 0},
};

int dp_run_drafts(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    json_t *rows;
    int code = 0;

    (void)v;
    (void)a;
    q.what = dp_pb_str("drafts");
    if (dp_query_rows(app, &q, 0, &rows, &code) != DP_OK)
        return code;
    if (app->json)
        return dp_print_json(rows);
    code = dp_table_print(json_object_get(rows, "rows"), DP_TABS(draft_tabs), _("nothing"));
    json_decref(rows);
    return code;
}

/* A registration that is a draft again of that draft, with nothing in it. */
int dp_run_draft_drop(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    PBC(Step) s = DAIPAO__CONTROL__V1__STEP__INIT;
    uint64_t no;

    if (dp_value_number("NO", a->pos[0], INT64_MAX, &no) != DP_OK)
        return dp_err_exit(DP_USAGE);
    s.kind = v->kind;
    s.draft = true;
    s.from_draft = dp_pb_str(a->pos[0]);
    return dp_do_step(app, &s, NULL);
}
