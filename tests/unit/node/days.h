/* SPDX-License-Identifier: Apache-2.0 */
/* Days that pass in milliseconds: the wall clocks of all nodes jump, lines and timers have a minute of each.
 */
#ifndef DP_TESTS_NODE_DAYS_H
#define DP_TESTS_NODE_DAYS_H

#include <stdio.h>
#include <string.h>

#include "case/refs.h"
#include "support/cmocka_all.h"
#include "support/town.h"

static inline struct dp_date day_of(const struct cl_node *n)
{
    return dp_date_of_ms(CL_EPOCH_MS + n->c->now_ms + n->clock_off_ms);
}

static inline void days_pass(struct cluster *c, unsigned days)
{
    for (unsigned k = 0; k < days; k++) {
        for (uint32_t i = 0; i < c->node_count; i++)
            c->nodes[i]->clock_off_ms += DP_DAY_MS;
        cluster_run(c, 61000); /* every node looks at its date at least each half minute */
    }
}

/* To the morning of a date, by the clock of the first node. */
static inline void until(struct cluster *c, const char *date)
{
    struct dp_date d;
    assert_ok(dp_date_parse(dp_slice_str(date), &d));
    assert_true(d.day >= day_of(c->nodes[0]).day);
    days_pass(c, (unsigned)(d.day - day_of(c->nodes[0]).day));
}

/* The same without the days between. */
static inline void jump(struct cluster *c, const char *date)
{
    struct dp_date d;
    assert_ok(dp_date_parse(dp_slice_str(date), &d));
    int64_t days = d.day - day_of(c->nodes[0]).day;
    assert_true(days > 0);
    for (uint32_t i = 0; i < c->node_count; i++)
        c->nodes[i]->clock_off_ms += (days - 1) * DP_DAY_MS;
    days_pass(c, 1);
}

/* Rest days, as the bureau of a node publishes them. */
static inline void publish(struct cl_node *n, const char *csv)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, "officer.set");
    char office[DP_OFFICE_TEXT];
    snprintf(office, sizeof office, "%s/bureau", n->text);
    a->office = office;
    a->number = 1;
    a->uid = cl_uid(n);
    a->roles = DP_OFFICER_CLERK | DP_OFFICER_HEAD;
    cl_must(n, &x);
    a = cl_admin(&x, "calendar.publish");
    a->path = "rest-days.csv";
    a->data = dp_slice_str(csv);
    cl_must_as(n, cl_uid(n), &x);
    assert_true(cluster_settle(n->c, 3600000));
}

#define CALENDAR(edition) "# id: cn-rest-days\n# edition: " edition "\ndate,kind,name\n"
#define REST_2026                                                                                            \
    "2026-04-06,rest,a\n2026-05-01,rest,b\n2026-05-04,rest,b\n2026-05-05,rest,b\n2026-05-09,work,b\n"        \
    "2026-10-01,rest,c\n2026-10-02,rest,c\n2026-10-05,rest,c\n2026-10-06,rest,c\n2026-10-07,rest,c\n"

/* Valid entries of a kind in a case, as committed; the last of them in *last (may be NULL). */
static inline unsigned count_of(const struct cl_node *n, const struct dp_name *of, uint8_t kind,
                                struct dp_entry *last)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of};
    struct dp_casefile f;
    struct dp_slice packed;
    unsigned count = 0;
    dp_casefile_init(&f, &s);
    assert_ok(dp_db_begin(&db, false));
    if (dp_db_case(&db, &s, &packed) == DP_OK)
        assert_ok(dp_casefile_unpack(packed, &f));
    dp_db_abort(&db);
    for (uint32_t i = 0; i < f.count; i++)
        if (dp_fact_kind_valid(&f.facts[i]) == kind) {
            count++;
            if (last != NULL)
                *last = f.facts[i].e;
        }
    dp_casefile_fini(&f);
    return count;
}

#endif
