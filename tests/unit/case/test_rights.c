/* SPDX-License-Identifier: Apache-2.0 */
/* R-TAB-1: the table in RULES.md and the table in rights.c say the same, row for row. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case/rights.h"

#define COLUMNS 9
#define CELL 160

struct row {
    char cell[COLUMNS][CELL];
};

/* Split "| a | b |" into trimmed cells; how many there were. */
static int split(char *line, struct row *out)
{
    int n = 0;

    for (char *p = strtok(line, "|\n"); p != NULL && n < COLUMNS; p = strtok(NULL, "|\n")) {
        size_t len;
        while (*p == ' ')
            p++;
        len = strlen(p);
        while (len > 0 && p[len - 1] == ' ')
            len--;
        if (len >= CELL)
            len = CELL - 1;
        memset(out->cell[n], 0, CELL);
        memcpy(out->cell[n++], p, len);
    }
    return n;
}

static unsigned tier_bits(const char *s)
{
    static const char letters[] = "?PYCTV"; /* place = enum dp_tier */
    unsigned bits = 0;

    if (strcmp(s, "*") == 0)
        return 0x3e;
    for (; *s != '\0' && *s != ';'; s++) {
        const char *at = strchr(letters + 1, *s);
        if (at != NULL)
            bits |= 1u << (at - letters);
    }
    return bits;
}

/* "T C Y P; V errands only" adds V for errands, "; V" and "; V own" add it for all. */
static void read_tiers(const char *s, unsigned *tiers, unsigned *errand)
{
    const char *more = strchr(s, ';');

    *tiers = tier_bits(s);
    *errand = 0;
    if (more == NULL)
        return;
    if (strstr(more, "errands only") != NULL)
        *errand = 1u << DP_TIER_VILLAGE;
    else
        *tiers |= 1u << DP_TIER_VILLAGE;
}

static unsigned role_bits(const char *s, const char *end)
{
    unsigned bits = 0;

    for (; s < end; s++) {
        if ((s[1] != ' ' && s[1] != '\0' && s[1] != ';') || (*s == ' '))
            continue;
        bits |= *s == 's' ? DP_ROLE_STATION : 0u;
        bits |= *s == 'o' ? DP_ROLE_ORGAN : 0u;
        bits |= *s == 'b' ? DP_ROLE_BUREAU : 0u;
        bits |= *s == 'd' ? DP_ROLE_DAEMON : 0u;
    }
    return bits;
}

/* "o b; s errands only", "b; o to the same slug below": words after the letter do not count. */
static void read_roles(const char *s, unsigned *roles, unsigned *errand)
{
    const char *more = strchr(s, ';');

    *roles = role_bits(s, more != NULL ? more : s + strlen(s));
    *errand = 0;
    if (more == NULL)
        return;
    if (strstr(more, "errands only") != NULL)
        *errand = role_bits(more + 2, more + 3);
    else
        *roles |= role_bits(more + 2, more + 3);
}

static uint64_t bit(const char *word)
{
    return UINT64_C(1) << dp_kind_of_word(word);
}

static uint64_t read_re(const char *s, uint32_t kind)
{
    uint64_t bits = 0;
    char text[CELL];

    if (strcmp(s, "-") == 0)
        return 0;
    if (strcmp(s, "any or none") == 0)
        return ~UINT64_C(0);
    if (strcmp(s, "serve or none") == 0)
        return bit("serve") | 1;
    if (strncmp(s, "entry", 5) == 0)
        return ~UINT64_C(1);
    if (kind >= 96)
        return 1; /* the edition before lies in another file */
    snprintf(text, sizeof(text), "%s", s);
    for (char *p = strtok(text, ", "); p != NULL; p = strtok(NULL, ", ")) {
        if (strcmp(p, "offer") == 0)
            bits |= bit("transfer") | bit("assign") | bit("refer_up") | bit("designate");
        else if (strcmp(p, "order") == 0)
            bits |= bit("supervise") | bit("remind");
        else
            bits |= bit(p);
    }
    return bits;
}

/* First words of the relation column. */
static const struct {
    const char *text;
    enum dp_relation relation;
} relations[] = {
    {"-", DP_REL_ANY},
    {"any node", DP_REL_ANY},
    {"node of the addressee", DP_REL_ADDRESSEE_NODE},
    {"addressee", DP_REL_ADDRESSEE},
    {"holder, or addressee", DP_REL_HOLDER_OR_SERVER},
    {"holder, or superior", DP_REL_HOLDER_OR_SUPERIOR},
    {"holder", DP_REL_HOLDER},
    {"as transfer", DP_REL_HOLDER},
    {"offerer, holder", DP_REL_OFFERER},
    {"party, or superior of the registrar", DP_REL_PARTY_OR_SUPERIOR},
    {"issuer, or superior of the issuer", DP_REL_ISSUER_OR_SUPERIOR},
    {"issuer of the offer", DP_REL_ANSWERER},
    {"issuer", DP_REL_ISSUER},
    {"superior of the holder", DP_REL_SUPERIOR_OF_HOLDER},
    {"as take", DP_REL_SUPERIOR_OF_HOLDER},
    {"superior of the registrar", DP_REL_SUPERIOR_OF_REGISTRAR},
    {"superior of `to`", DP_REL_SUPERIOR_OF_TO},
    {"party", DP_REL_PARTY},
    {"parent", DP_REL_PARENT},
    {"covers the node", DP_REL_COVERS},
    {"own node", DP_REL_OWN_NODE},
};

static enum dp_relation read_relation(const char *s)
{
    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
        if (strncmp(s, relations[i].text, strlen(relations[i].text)) == 0)
            return relations[i].relation;
    }
    fail_msg("relation not understood: %s", s);
    return DP_REL_ANY;
}

static void compare(const struct dp_right *r, const struct row *row)
{
    unsigned tiers, tiers_errand, roles, roles_errand;

    read_tiers(row->cell[2], &tiers, &tiers_errand);
    read_roles(row->cell[3], &roles, &roles_errand);
    assert_int_equal(r->kind, atoi(row->cell[0]));
    assert_string_equal(dp_kind_word(r->kind), row->cell[1]);
    assert_int_equal(r->tiers, tiers);
    assert_int_equal(r->tiers_errand, tiers_errand);
    assert_int_equal(r->roles, roles);
    assert_int_equal(r->roles_errand, roles_errand);
    assert_int_equal(r->relation, read_relation(row->cell[4]));
    assert_int_equal(dp_right_is_the_heads(r->kind), strstr(row->cell[4], "by its head") != NULL);
    assert_int_equal(r->custody, strcmp(row->cell[5], "-") != 0 && strcmp(row->cell[5], "yes, or -") != 0);
    assert_true(r->re_kinds == read_re(row->cell[6], r->kind));
    assert_int_equal(r->opens, strncmp(row->cell[8], "yes", 3) == 0);
}

/* R-TAB-1 */
static void test_table_is_the_published_one(void **state)
{
    FILE *f = fopen(DP_SOURCE_DIR "/proto/RULES.md", "r");
    char line[1024];
    struct row row;
    uint32_t rows = 0;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line[0] != '|' || line[2] < '0' || line[2] > '9')
            continue;
        if (strstr(line, "reserved") != NULL)
            continue;
        if (split(line, &row) != COLUMNS)
            continue;
        print_message("%s\n", row.cell[1]);
        assert_true(rows < dp_rights_count);
        compare(&dp_rights[rows++], &row);
    }
    fclose(f);
    assert_int_equal(rows, dp_rights_count);
}

/* Every kind has its row, every row its kind, and only these open custody (R-CUS-1). */
static void test_rows_and_kinds(void **state)
{
    uint32_t rows = 0;

    (void)state;
    for (uint32_t k = 0; k <= DP_KIND_MAX; k++) {
        const struct dp_right *r = dp_right_of(k);
        assert_int_equal(r != NULL, dp_kind_known(k));
        if (r == NULL)
            continue;
        assert_int_equal(r->kind, k);
        assert_int_equal(r->opens, dp_kind_opens(k));
        assert_int_equal(dp_kind_of_word(dp_kind_word(k)), k);
        rows++;
    }
    assert_int_equal(rows, dp_rights_count);
    assert_null(dp_right_of(4000));
    assert_int_equal(dp_kind_of_word("nothing"), DP_KIND_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_the_published_one),
        cmocka_unit_test(test_rows_and_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
