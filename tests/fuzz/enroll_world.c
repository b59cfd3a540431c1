/* SPDX-License-Identifier: Apache-2.0 */
/* Making the ground of the enrolment target: see enroll_world.h. */
#include "enroll_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define COUNTY "331023000000"

const char *const enroll_towns[ENROLL_STATES] = {
    [ENROLL_FRESH] = "331023101000",   [ENROLL_PENDING] = "331023102000",  [ENROLL_APPROVED] = "331023103000",
    [ENROLL_REFUSED] = "331023104000", [ENROLL_NAMELESS] = "331023105000",
};

static struct enroll_world world;

/* A code at the county, and a blank node that was told to join with it. */
static void invite(struct enroll_world *w, enum enroll_state s)
{
    struct cl_command x;
    struct dp_slice row;
    struct cl_node *n = w->newcomer[s] = cl_add(w->c, enroll_towns[s]);
    struct dp_db *db = &w->county->d->db;
    char code[DP_ENROL_TEXT];
    cl_admin(&x, "enroll.token")->node = enroll_towns[s];
    struct cl_result token = cl_must(w->county, &x);
    snprintf(code, sizeof(code), "%s", strstr(token.json, "\"code\":\"") + 8);
    assert_ok(dp_db_begin(db, false));
    struct dp_slice id = dp_slice_of(code, DP_ENROL_ID_CHARS);
    assert_ok(dp_db_get_key(db, DP_T_TOKEN, id, &row));
    assert_true(dp_token_read(id, row, &w->token[s]));
    dp_db_abort(db);
    struct dp_admin *a = cl_admin(&x, "node.join");
    a->node = s == ENROLL_NAMELESS ? "" : enroll_towns[s];
    a->address = COUNTY ":1";
    a->code = code;
    cl_must(n, &x);
    assert_true(n->d->join_keys_ready); /* it has asked, which the county hears when time goes on */
}

struct enroll_world *enroll_world_get(void)
{
    struct enroll_world *w = &world;
    struct cl_command x;
    if (w->c != NULL)
        return w;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion is a finding, with its stack */
    w->c = cluster_new(78);
    w->county = cl_root(w->c, COUNTY);
    for (enum enroll_state s = ENROLL_PENDING; s <= ENROLL_REFUSED; s++)
        invite(w, s);
    cluster_run(w->c, 3000);
    cl_admin(&x, "enroll.approve")->node = enroll_towns[ENROLL_APPROVED];
    cl_must(w->county, &x);
    struct dp_admin *a = cl_admin(&x, "enroll.refuse");
    a->node = enroll_towns[ENROLL_REFUSED];
    a->reason = "没有这个乡镇";
    cl_must(w->county, &x);
    invite(w, ENROLL_FRESH);
    invite(w, ENROLL_NAMELESS);
    return w;
}
