/* SPDX-License-Identifier: Apache-2.0 */
/* Who is asking (R-CTL-1), and which case and office are meant by what was typed. */
#include "node/command.h"

#include <string.h>
#include <unistd.h>

/* ---- lookups ---- */

static bool contains(struct dp_slice hay, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t i = 0; n > 0 && i + n <= hay.len; i++)
        if (memcmp(hay.p + i, needle, n) == 0)
            return true;
    return false;
}

/* Rows of DP_T_OFFICE: key node 8, slug 16; value: name. */
enum dp_err dp_office_lookup(struct dp_daemon *d, const char *text, struct dp_office *out)
{
    struct dp_slice key = {0}, name;
    uint8_t last[24];
    unsigned hits = 0;
    if (dp_office_parse(dp_slice_str(text), out) == DP_OK)
        return DP_OK;
    while (dp_db_next_key(&d->db, DP_T_OFFICE, dp_slice_of("", 0), &key, &name) == DP_OK && key.len == 24) {
        bool same = dp_slice_eq(name, dp_slice_str(text));
        if (same || contains(name, text)) {
            memcpy(last, key.p, sizeof last);
            hits++;
            if (same) {
                hits = 1;
                break;
            }
        }
    }
    if (hits != 1)
        return hits == 0 ? DP_NOT_FOUND : DP_AMBIGUOUS;
    struct dp_rd r = dp_rd_of(dp_slice_of(last, sizeof last));
    out->node.v = dp_rd_u64(&r);
    dp_rd_copy(&r, out->slug, sizeof out->slug);
    return DP_OK;
}

/* ---- the caller ---- */

/* Offices of a uid: rows uid 4, node 8, slug 16 -> officer 4. */
enum dp_err dp_caller_find(struct dp_daemon *d, uint32_t uid, const char *as_office, struct dp_caller *out)
{
    uint8_t prefix[4];
    struct dp_wr w = dp_wr_of(prefix, sizeof prefix);
    struct dp_slice key = {0}, v;
    struct dp_office want;
    bool named = as_office[0] != '\0';
    unsigned hits = 0;
    memset(out, 0, sizeof *out);
    out->uid = uid;
    out->is_root = uid == 0 || uid == (uint32_t)geteuid();
    dp_wr_u32(&w, uid);
    if (named) {
        enum dp_err e = dp_office_lookup(d, as_office, &want);
        if (e != DP_OK)
            return e;
    }
    while (dp_db_next_key(&d->db, DP_T_UID, dp_slice_of(prefix, sizeof prefix), &key, &v) == DP_OK &&
           key.len == 28) {
        struct dp_office o;
        struct dp_rd r = dp_rd_of(dp_slice_of(key.p + 4, 24));
        o.node.v = dp_rd_u64(&r);
        dp_rd_copy(&r, o.slug, sizeof o.slug);
        if (named && !dp_office_eq(&o, &want))
            continue;
        struct dp_rd rv = dp_rd_of(v);
        out->office = o;
        out->officer = dp_rd_u32(&rv);
        out->roles = dp_rd_u32(&rv);
        hits++;
    }
    if (named && hits == 0)
        return DP_NOT_ENTITLED;
    if (hits > 1) { /* none of them until one is named */
        out->is_several = true;
        out->roles = out->officer = 0;
        out->office = (struct dp_office){0};
        return DP_AMBIGUOUS;
    }
    /* R-ADM-2: a technician acts for no office, and sees no case. */
    out->is_technician = (out->roles & DP_OFFICER_TECHNICIAN) != 0;
    out->has_office = hits == 1 && !out->is_technician;
    return DP_OK;
}

struct dp_date dp_today(const struct dp_daemon *d)
{
    return dp_date_of_ms(d->now_wall);
}
