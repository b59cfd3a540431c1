/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts of registrations: on this node only, sealed under keys of their own, no entries and no facts. A
 * draft starts no clock and makes no promise; registering it does, and drops it.
 */
#include "node/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char context[] = "daipao/draft/1";

static bool parse_id(const char *id, uint64_t *out)
{
    char *end;
    if (id[0] < '1' || id[0] > '9')
        return false;
    *out = strtoull(id, &end, 10);
    return *end == '\0';
}

static struct dp_name name_of(const struct dp_daemon *d, uint64_t no)
{
    return (struct dp_name){.origin = d->id.self, .inc = d->own.inc, .seq = no};
}

enum dp_err dp_draft_keep(struct dp_daemon *d, struct dp_slice body, char id[24])
{
    uint64_t no = dp_db_last64(&d->db, DP_T_DRAFT) + 1;
    struct dp_name name = name_of(d, no);
    struct dp_key key;
    size_t len = DP_WRAPPED_BYTES + body.len + DP_TAG_BYTES;
    uint8_t *row = dp_arena_alloc(&d->turn, len);
    if (row == NULL)
        return DP_NOMEM;
    d->port.random.fill(d->port.random.ctx, key.b, sizeof key.b);
    enum dp_err e = dp_keyring_wrap(d->kr, &name, DP_DRAFT_INDEX, &key, &d->port.random, row);
    if (e == DP_OK)
        e = d->suite->seal(&key, dp_slice_of(context, sizeof context - 1), body, row + DP_WRAPPED_BYTES);
    dp_wipe(&key, sizeof key);
    if (e != DP_OK)
        return e;
    dp_db_put64(&d->db, DP_T_DRAFT, no, dp_slice_of(row, len));
    snprintf(id, 24, "%" PRIu64, no);
    return DP_OK;
}

enum dp_err dp_draft_take(struct dp_daemon *d, const char *id, struct dp_slice *body)
{
    uint64_t no;
    struct dp_slice v;
    struct dp_key key;
    enum dp_err e = parse_id(id, &no) ? dp_db_get64(&d->db, DP_T_DRAFT, no, &v) : DP_NOT_FOUND;
    if (e != DP_OK)
        return e;
    if (v.len <= DP_WRAPPED_BYTES + DP_TAG_BYTES)
        return DP_CORRUPT;
    struct dp_name name = name_of(d, no);
    struct dp_slice sealed = dp_slice_of(v.p + DP_WRAPPED_BYTES, v.len - DP_WRAPPED_BYTES);
    uint8_t *plain = dp_arena_alloc(&d->turn, sealed.len);
    if (plain == NULL)
        return DP_NOMEM;
    e = dp_keyring_unwrap(d->kr, &name, DP_DRAFT_INDEX, v.p, &key);
    if (e == DP_OK)
        e = d->suite->open(&key, dp_slice_of(context, sizeof context - 1), sealed, plain);
    dp_wipe(&key, sizeof key);
    if (e == DP_OK)
        *body = dp_slice_of(plain, sealed.len - DP_TAG_BYTES);
    return e;
}

void dp_draft_drop(struct dp_daemon *d, const char *id)
{
    uint64_t no;
    if (parse_id(id, &no))
        dp_db_del64(&d->db, DP_T_DRAFT, no);
}
