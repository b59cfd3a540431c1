/* SPDX-License-Identifier: Apache-2.0 */
#include "support/town.h"

#include <string.h>

#include "support/cmocka_all.h"

static struct cluster *ground;

int town_build(void **state)
{
    (void)state;
    ground = cluster_new(1);
    struct cl_node *city = cl_root(ground, CITY);
    struct cl_node *county = cl_enroll(ground, city, COUNTY);
    struct cl_node *town = cl_enroll(ground, county, TOWN);
    struct cl_node *other = cl_enroll(ground, county, OTHER_TOWN);
    cl_enroll(ground, town, VILLAGE);
    cl_enroll(ground, town, SIBLING);
    cl_enroll(ground, other, OTHER_VILLAGE);
    assert_true(cluster_settle(ground, 600000));
    return 0;
}

int town_drop(void **state)
{
    (void)state;
    cluster_free(&ground);
    return 0;
}

void town_open(struct town *t, uint64_t seed)
{
    t->c = cluster_copy(ground, seed);
    t->city = cl_node(t->c, CITY);
    t->county = cl_node(t->c, COUNTY);
    t->town = cl_node(t->c, TOWN);
    t->other_town = cl_node(t->c, OTHER_TOWN);
    t->village = cl_node(t->c, VILLAGE);
    t->sibling = cl_node(t->c, SIBLING);
    t->other_village = cl_node(t->c, OTHER_VILLAGE);
    town_settle(t);
}

void town_close(struct town *t)
{
    cluster_free(&t->c);
}

void town_settle(struct town *t)
{
    assert_true(cluster_settle(t->c, 3600000));
}

struct cl_result town_register(struct cl_node *n)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof of the school leaks");
    return cl_must(n, &x);
}

void town_assert_equal(const struct dp_name *of_case, struct cl_node *const *nodes, unsigned count)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of_case};
    struct dp_digest first, d;
    assert_true(cl_digest(nodes[0], &s, &first));
    for (unsigned i = 1; i < count; i++) {
        assert_true(cl_digest(nodes[i], &s, &d));
        if (!dp_digest_eq(&first, &d))
            fail_msg("%s and %s see different states", nodes[0]->text, nodes[i]->text);
    }
}

void town_assert_same(struct town *t, const struct dp_name *of_case, struct cl_node *const *nodes,
                      unsigned count)
{
    town_assert_equal(of_case, nodes, count);
    for (uint32_t i = 0; i < t->c->node_count; i++) {
        bool in = false;
        for (unsigned k = 0; k < count; k++)
            in = in || t->c->nodes[i] == nodes[k];
        if (!in && cl_facts(t->c->nodes[i], of_case) != 0)
            fail_msg("%s knows a case that is not its own", t->c->nodes[i]->text);
    }
}

bool town_reads(struct cl_node *n, const struct dp_name *entry, uint8_t index, const char *what)
{
    struct dp_part_text t;
    if (cl_read(n, entry, index, &t) != DP_OK)
        return false;
    const char *have = t.kind == DP_PART_PETITIONERS ? t.petitioners[0].name
                       : t.kind == DP_PART_CONTENT   ? t.content
                                                     : t.text;
    assert_string_equal(have, what);
    return true;
}

struct dp_date town_today(const struct town *t)
{
    return dp_date_of_ms(CL_EPOCH_MS + t->c->now_ms);
}
