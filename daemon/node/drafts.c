/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts of registrations: on this node only, sealed by the store (R-STO-6), no entries and no facts. A
 * draft starts no clock and makes no promise; registering it does, and drops it. It belongs to the office
 * that wrote it: to any other there is no such draft (R-N3-6). Each office has numbers and room of its own,
 * so that neither tells of another's (R-N3-9). A number is never given twice. Row: tag of the office 4,
 * number 4.
 */
#include "node/sight.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t first_row(const struct dp_daemon *d, const struct dp_office *o)
{
    return (uint64_t)dp_sight_tag(d, o) << 32;
}

static bool parse_id(const struct dp_daemon *d, const struct dp_office *o, const char *id, uint64_t *out)
{
    char *end;
    unsigned long long no;
    if (id[0] < '1' || id[0] > '9')
        return false;
    no = strtoull(id, &end, 10);
    *out = first_row(d, o) | no;
    return *end == '\0' && no <= UINT32_MAX;
}

static bool is_room(struct dp_daemon *d, const struct dp_office *o)
{
    uint64_t row = first_row(d, o); /* no number is 0: nothing lies there */
    struct dp_slice v;
    unsigned n = 0;
    while (n < DP_DRAFTS_MAX && dp_db_next64(&d->db, DP_T_DRAFT, false, &row, &v) == DP_OK &&
           row >> 32 == dp_sight_tag(d, o))
        n++;
    return n < DP_DRAFTS_MAX;
}

/* Also after the last one was dropped: who says its number again must not get another. */
static enum dp_err next_number(struct dp_daemon *d, const struct dp_office *o, uint64_t *row)
{
    char word[32];
    uint64_t last = 0;
    snprintf(word, sizeof word, "draft-serial:%08" PRIx32, dp_sight_tag(d, o));
    enum dp_err e = dp_db_meta_u64(&d->db, word, &last);
    if (e != DP_OK && e != DP_NOT_FOUND)
        return e;
    if (last >= UINT32_MAX)
        return DP_FULL;
    dp_db_meta_u64_put(&d->db, word, last + 1);
    *row = first_row(d, o) | (last + 1);
    return DP_OK;
}

enum dp_err dp_draft_keep(struct dp_daemon *d, const struct dp_office *office, struct dp_slice body,
                          char id[24])
{
    uint64_t no;
    enum dp_err e = is_room(d, office) ? next_number(d, office, &no) : DP_FULL;
    if (e != DP_OK)
        return e;
    dp_db_put64(&d->db, DP_T_DRAFT, no, body);
    snprintf(id, 24, "%" PRIu32, (uint32_t)no);
    return DP_OK;
}

/* `v` is borrowed from the store; *body from the turn. */
static enum dp_err open_row(struct dp_daemon *d, struct dp_slice v, struct dp_slice *body)
{
    bool failed = false;
    *body = dp_arena_copy(&d->turn, v, &failed);
    return failed ? DP_NOMEM : DP_OK;
}

static enum dp_err open_own(struct dp_daemon *d, const struct dp_office *office, struct dp_slice v,
                            struct dp_matter *out)
{
    struct dp_slice body;
    enum dp_err e = open_row(d, v, &body);
    if (e == DP_OK)
        e = dp_matter_unpack(d, body, out);
    return e == DP_OK && !dp_office_eq(&out->form.office, office) ? DP_NOT_FOUND : e;
}

enum dp_err dp_draft_take(struct dp_daemon *d, const struct dp_office *office, const char *id,
                          struct dp_matter *out)
{
    uint64_t no;
    struct dp_slice v;
    enum dp_err e = parse_id(d, office, id, &no) ? dp_db_get64(&d->db, DP_T_DRAFT, no, &v) : DP_NOT_FOUND;
    return e == DP_OK ? open_own(d, office, v, out) : e;
}

bool dp_draft_next(struct dp_daemon *d, const struct dp_office *office, uint64_t *no, struct dp_matter *out)
{
    struct dp_slice v;
    uint64_t row = first_row(d, office) | *no;
    while (dp_db_next64(&d->db, DP_T_DRAFT, false, &row, &v) == DP_OK &&
           row >> 32 == dp_sight_tag(d, office)) {
        *no = (uint32_t)row;
        if (open_own(d, office, v, out) == DP_OK)
            return true;
    }
    return false;
}

void dp_draft_drop(struct dp_daemon *d, const struct dp_office *office, const char *id)
{
    uint64_t no;
    if (parse_id(d, office, id, &no))
        dp_db_del64(&d->db, DP_T_DRAFT, no);
}
