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

bool dp_places_open(struct dp_app *app, struct dp_places *p, int *code)
{
    const char *path = getenv("DAIPAO_DIVISIONS");
    size_t len;
    uint32_t line;

    memset(p, 0, sizeof(*p));
    if (!division_of_node(app, &p->within, code))
        return false;
    if (path == NULL)
        path = DP_DATA_DIR "/divisions.csv";
    if (access(path, R_OK) != 0 || dp_read_file(path, LIST_MAX, &p->text, &len) != DP_OK)
        return true;
    if (dp_divisions_init(&p->list, dp_slice_of(p->text, len), &line) != DP_OK) {
        dp_fail(DP_FORMAT, _("%s: line %u: not a list of divisions; left aside"), path, line);
        p->list.count = 0;
    }
    return true;
}

void dp_places_close(struct dp_places *p)
{
    if (p->list.count > 0)
        dp_divisions_fini(&p->list);
    free(p->text);
}
