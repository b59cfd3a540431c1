/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static struct proc_node *lay_one(struct tree *t, const char *id, bool listens, tree_lay *lay, void *ctx)
{
    struct proc_node *n = proc_lay(&t->rig, id, listens);
    if (lay != NULL)
        lay(t, n, ctx);
    proc_start(&t->rig, n);
    return n;
}

void tree_grow(struct tree *t, const char *daemon, bool sibling, tree_lay *lay, void *ctx)
{
    memset(t, 0, sizeof *t);
    proc_new(&t->rig, daemon);
    t->city = lay_one(t, CITY, true, lay, ctx);
    t->county = lay_one(t, COUNTY, true, lay, ctx);
    t->township = lay_one(t, TOWNSHIP, true, lay, ctx);
    t->village = lay_one(t, VILLAGE, false, lay, ctx);
    proc_root(t->city);
    proc_enroll(&t->rig, t->county, t->city);
    proc_enroll(&t->rig, t->township, t->county);
    proc_enroll(&t->rig, t->village, t->township);
    proc_office(t->city, "bureau");
    proc_office(t->county, "bureau");
    proc_office(t->township, "bureau");
    proc_office(t->village, "station");
    if (!sibling)
        return;
    t->sibling = lay_one(t, SIBLING, false, lay, ctx);
    proc_enroll(&t->rig, t->sibling, t->township);
    proc_office(t->sibling, "station");
}

void tree_quick(struct proc_node *n, const char *probe)
{
    snprintf(n->program, sizeof n->program, "%s", probe);
    snprintf(n->env[0], sizeof n->env[0], "DAIPAO_PROBE_RECONNECT_MS=20");
}

void tree_relay(struct proc_node *n, struct proc_node *above, struct act_result *r)
{
    struct act_matter m = {.residence = n->id};
    CHECK(act_register(n, NULL, &m, r) == DP_OK, "%s cannot register: %s", n->id, r->text);
    act_wait_same(n, above, n->id, 20);
}
