/* SPDX-License-Identifier: Apache-2.0 */
#include "places.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

#ifndef DP_DATA_DIR
#define DP_DATA_DIR "/usr/share/daipao"
#endif
#define LIST_MAX (64u << 20)

static bool division_of_node(struct dp_app *app, struct dp_div *div, int *code)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;
    struct dp_node self;
    const char *node;
    json_t *v;

    q.what = dp_pb_str("status");
    if (dp_query(app, &q, &v, code) != DP_OK)
        return false;
    node = json_string_value(json_object_get(v, "node"));
    if (node != NULL && dp_node_parse(dp_slice_str(node), &self) == DP_OK)
        *div = dp_node_div(self);
    json_decref(v);
    return true;
}

/* ---- offices ---- */

static const char *text_of(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));

    return s != NULL ? s : "";
}

static enum dp_err know(struct dp_known_offices *k, const json_t *rows)
{
    struct dp_known_office *list = calloc(json_array_size(rows) + 1, sizeof(*list));
    json_t *row;
    size_t i;

    if (list == NULL)
        return DP_NOMEM;
    json_array_foreach(rows, i, row)
    {
        struct dp_known_office *o = &list[k->count];
        o->id = text_of(row, "office");
        o->name = text_of(row, "name");
        k->count += dp_office_parse(dp_slice_str(o->id), &o->office) == DP_OK;
    }
    k->list = list;
    return DP_OK;
}

/* Those that the daemon knows; the rows stay in p->office_rows, where the names stand. */
static bool offices_open(struct dp_app *app, struct dp_places *p, int *code)
{
    PBC(Query) q = DAIPAO__CONTROL__V1__QUERY__INIT;

    q.what = dp_pb_str("offices");
    if (dp_query_pages(app, &q, "offices", 0, &p->office_rows, code) != DP_OK)
        return false;
    if (know(&p->offices, json_object_get(p->office_rows, "offices")) == DP_OK)
        return true;
    *code = dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM)));
    return false;
}

/* ---- divisions ---- */

static void divisions_open(struct dp_places *p)
{
    const char *path = getenv("DAIPAO_DIVISIONS");
    struct dp_div county = {p->within.v / DP_DIVISIONS_OF_COUNTY * DP_DIVISIONS_OF_COUNTY};
    size_t len;
    uint32_t line;

    if (path == NULL)
        path = DP_DATA_DIR "/divisions.csv";
    if (access(path, R_OK) != 0 || dp_read_file(path, LIST_MAX, &p->text, &len) != DP_OK)
        return;
    if (dp_divisions_init(&p->list, dp_slice_of(p->text, len), &line) != DP_OK) {
        dp_fail(DP_FORMAT, _("%s: line %u: not a list of divisions; left aside"), path, line);
        p->list.count = 0;
        return;
    }
    p->offices.county = dp_divisions_name(&p->list, county);
}

bool dp_places_open(struct dp_app *app, struct dp_places *p, int *code)
{
    memset(p, 0, sizeof(*p));
    if (!division_of_node(app, &p->within, code))
        return false;
    p->offices.within = p->within;
    if (!offices_open(app, p, code)) {
        dp_places_close(p);
        return false;
    }
    divisions_open(p);
    return true;
}

void dp_places_close(struct dp_places *p)
{
    if (p->list.count > 0)
        dp_divisions_fini(&p->list);
    free(p->text);
    free((void *)p->offices.list);
    json_decref(p->office_rows);
}
