/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small history over three tiers: a referral, a transfer and its objection, a take, an opinion that is
 * served, an order, a witness, a correction, a void and a pending step; each entry's bytes and the state that
 * they fold to. Two programs that read these bytes must come to this digest (R-FLD-1).
 */
#include "golden.h"

#include <string.h>

#include "support/history.h"
#include "wire/entry.h"

#define VILLAGE "331023105001/station"
#define VILLAGE_NODE "331023105001/node"
#define TOWN "331023105000/bureau"
#define TOWN_NODE "331023105000/node"
#define COUNTY "331023000000/bureau"
#define COUNTY_NODE "331023000000/node"
#define OTHER "331023106000/bureau"
#define HOUSING "331023000000/housing"

#define DO(office, kind, body) dp_hist_do(h, office, DP_KIND_##kind, body)

static struct dp_name open_case(struct dp_hist *h)
{
    static struct dp_reg reg;
    struct dp_entry e = dp_hist_entry(h, VILLAGE, DP_KIND_REGISTER);
    reg = (struct dp_reg){.channel = 'V', .purpose = DP_PURPOSE_CLAIM, .flags = DP_REG_GROUP, .headcount = 7};
    (void)!dp_number_make(e.name.origin, 20260302, 'V', 1, &reg.number);
    e.reg = &reg;
    e.receipt = dp_date_of_ms(e.at_ms);
    e.subject = (struct dp_subject){DP_SUBJECT_CASE, e.name};
    h->file.subject = e.subject;
    dp_hist_insert(h, &e);
    return e.name;
}

static void referral(struct dp_hist *h)
{
    struct dp_body to_town = dp_hist_offer(TOWN), to_county = dp_hist_offer(COUNTY);
    struct dp_name first = open_case(h);
    struct dp_body correct = {.other = first, .index = 1, .code = 1};
    (void)dp_hist_force(h, VILLAGE, DP_KIND_CORRECT, &correct, NULL, &first);
    DO(VILLAGE, REFER_UP, &to_town);
    DO(TOWN_NODE, ARRIVE, NULL);
    DO(TOWN, SIGN, NULL);
    struct dp_name accept = DO(TOWN, ACCEPT, NULL);
    struct dp_body bounds = {
        .other = accept, .not_before_ms = h->now_ms - 7200000, .not_after_ms = h->now_ms - 3600000};
    (void)dp_hist_force(h, COUNTY_NODE, DP_KIND_WITNESS, &bounds, NULL, &accept);
    DO(TOWN, REFER_UP, &to_county);
    DO(COUNTY_NODE, ARRIVE, NULL);
    DO(COUNTY, SIGN, NULL);
    DO(COUNTY, ACCEPT, NULL);
}

static void objection(struct dp_hist *h)
{
    struct dp_body to_housing = dp_hist_offer(HOUSING), answer = dp_hist_code(2);
    DO(COUNTY, TRANSFER, &to_housing);
    DO(COUNTY_NODE, ARRIVE, NULL);
    DO(HOUSING, SIGN, NULL);
    DO(HOUSING, OBJECT, NULL);
    DO(COUNTY, OBJECTION_ANSWER, &answer);
    DO(HOUSING, ACCEPT, NULL);
}

static void end(struct dp_hist *h)
{
    struct dp_body order = dp_hist_order(HOUSING, 2, "2026-03-20"), opinion = dp_hist_code(1);
    struct dp_body served = {.code = 1, .code2 = 1, .date = dp_hist_date("2026-03-10")}, note = {0};
    struct dp_name nobody = {.origin = dp_hist_office(TOWN).node, .inc = 0x7fffffff, .seq = 1};
    struct dp_name held = DO(COUNTY, TAKE, NULL);
    DO(COUNTY, SUPERVISE, &order);
    (void)dp_hist_force(h, HOUSING, DP_KIND_OPINION, &opinion, &held, NULL); /* void: not the holder */
    (void)dp_hist_force(h, OTHER, DP_KIND_NOTE, &note, NULL,
                        &nobody); /* pending: what it answers is not here */
    struct dp_name op = DO(COUNTY, OPINION, &opinion);
    (void)op;
    DO(COUNTY, SERVE, &served);
    DO(VILLAGE, NOTE, &note);
}

static enum dp_err write_entries(FILE *out, const struct dp_hist *h)
{
    struct dp_buf b;
    enum dp_err e = DP_OK;
    dp_buf_init(&b, 8192);
    for (uint32_t i = 0; i < h->entry_count && e == DP_OK; i++) {
        char name[64];
        uint8_t full[DP_NAME_BYTES];
        snprintf(name, sizeof name, "history.%02u.%s", i + 1, dp_kind_word(h->entries[i].kind));
        dp_buf_reset(&b);
        e = dp_entry_encode(&h->entries[i], &b);
        dp_name_put(&h->entries[i].name, full);
        golden_line(out, name, "name", full, sizeof full);
        golden_line(out, name, "bytes", b.p, b.len);
    }
    dp_buf_fini(&b);
    return e;
}

static enum dp_err write_state(FILE *out, struct dp_hist *h)
{
    struct dp_buf b;
    const struct dp_state *s = dp_hist_fold(h);
    dp_buf_init(&b, 65536);
    enum dp_err e = dp_state_canonical(&h->file, s, &b);
    golden_line(out, "history.state", "canonical", b.p, b.len);
    golden_digest(out, "history.state", b.p, b.len);
    dp_buf_fini(&b);
    return e;
}

enum dp_err golden_history(FILE *out)
{
    struct dp_hist h;
    fputs("# SPDX-License-Identifier: Apache-2.0\n"
          "# Golden vectors of a history, made by vectors_make: the entries in order of issue (R-FMT-1), and "
          "the state\n"
          "# that they fold to in any order of arrival (R-FLD-1).\n",
          out);
    dp_hist_init(&h);
    referral(&h);
    objection(&h);
    end(&h);
    enum dp_err e = write_entries(out, &h);
    if (e == DP_OK)
        e = write_state(out, &h);
    dp_hist_fini(&h);
    return e;
}
