/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a dry run: what a step would do, to whom personal parts would go, and its bytes on the lines
 * of this node. The entry and its block are really encoded, the sizes of parcels follow from what they would
 * hold. Nothing is kept and no randomness is drawn.
 */
#include "control/json.h"
#include "node/correct.h"
#include "node/post.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JSON_MAX 1024
#define ANSWER_MAX (1u << 20)
#define PART_HEAD_BYTES (1 + 1 + 16 + 32 + 4) /* of its wire form */

/* ---- blocks ---- */

/* The entry as bytes, with a root of the right length where it has parts. */
static enum dp_err entry_bytes(struct dp_daemon *d, const struct dp_forecast *f, struct dp_slice *out)
{
    struct dp_entry e = *f->e;
    bool failed = false;
    e.part_count = f->part_count;
    if (f->part_count > 0)
        memset(&e.parts_root, 0xff, sizeof e.parts_root);
    if (e.kind == DP_KIND_ATTACHMENT && e.body.flag)
        memset(&e.body.digest, 0xff, sizeof e.body.digest);
    dp_buf_reset(&d->scratch);
    enum dp_err err = dp_entry_encode(&e, &d->scratch);
    if (err == DP_OK)
        *out = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
    return failed ? DP_NOMEM : err;
}

/* Its block, whole as it goes up and pruned as it goes down. */
static enum dp_err block_bytes(struct dp_daemon *d, struct dp_slice entry, uint64_t *whole, uint64_t *pruned)
{
    static const uint16_t only = 0;
    struct dp_seal in = {.suite = d->suite,
                         .sign_seed = &d->kr->sign,
                         .cert = d->id.cert.digest,
                         .origin = d->id.self,
                         .inc = d->own.inc,
                         .number = d->own.block + 1,
                         .first_seq = d->own.seq + 1,
                         .first = d->own.block == 0,
                         .prev = d->own.head,
                         .zstd_level = d->opt.zstd_level};
    struct dp_header h;
    struct dp_block b;
    bool failed = false;
    dp_buf_reset(&d->scratch);
    enum dp_err e = dp_block_seal(&in, &entry, 1, &d->turn, &d->scratch, &h);
    if (e != DP_OK)
        return e;
    *whole = DP_ITEM_HEAD_BYTES + d->scratch.len;
    struct dp_slice wire = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
    e = failed ? DP_NOMEM : dp_block_decode(d->suite, wire, &d->turn, &b);
    dp_buf_reset(&d->scratch);
    if (e == DP_OK)
        e = dp_block_prune(d->suite, &b, &only, 1, &d->turn, &d->scratch);
    *pruned = DP_ITEM_HEAD_BYTES + 2 + 4 + d->scratch.len;
    return e;
}

/* Children that would get it, besides the parent. */
static uint64_t down_count(struct dp_daemon *d, const struct dp_forecast *f)
{
    uint64_t n = 0;
    bool locked = f->file != NULL && dp_case_locked(f->file);
    for (uint32_t i = 0; f->file != NULL && i < d->peer_count; i++) {
        const struct dp_peer *p = d->peers[i];
        bool party = dp_route_down(f->file, f->st, locked, p->node);
        bool asked = !dp_office_is_none(&f->e->body.to) && dp_node_covers(p->node, f->e->body.to.node);
        n += !p->is_parent && (party || asked);
    }
    return n;
}

/* ---- content ---- */

static uint64_t record_bytes(uint64_t parts, uint64_t sealed)
{
    return DP_NAME_BYTES + 3 + parts * (sizeof(struct dp_digest) + PART_HEAD_BYTES + DP_GRANT_BYTES) + sealed;
}

static uint64_t parcels_bytes(uint64_t body)
{
    uint64_t whole = body / DP_PARCEL_BODY_MAX, rest = body % DP_PARCEL_BODY_MAX;
    return whole * (DP_ITEM_HEAD_BYTES + dp_parcel_bytes(DP_PARCEL_BODY_MAX)) +
           (rest == 0 ? 0 : DP_ITEM_HEAD_BYTES + dp_parcel_bytes((size_t)rest));
}

static uint64_t file_bytes(const struct dp_entry *e)
{
    uint64_t sum = 0;
    if (e->kind != DP_KIND_ATTACHMENT || !e->body.flag || e->body.code3 == 0)
        return 0;
    for (uint32_t i = 0; i < e->body.code3 && i < DP_CHUNKS_MAX; i++) {
        uint64_t left = e->body.size - (uint64_t)i * DP_CHUNK_BYTES;
        size_t plain = left < DP_CHUNK_BYTES ? (size_t)left : DP_CHUNK_BYTES;
        sum +=
            DP_ITEM_HEAD_BYTES + dp_parcel_bytes(dp_chunk_wire_bytes(e->body.code3, i, plain + DP_TAG_BYTES));
    }
    return sum;
}

/* Parts held here of an entry of the case; 0 when none. */
static uint64_t held_bytes(struct dp_daemon *d, const struct dp_entry *x)
{
    struct dp_slice v;
    uint64_t parts = 0, sealed = 0;
    for (uint8_t i = 0; i < x->part_count; i++)
        if (dp_db_part(&d->db, &x->name, i, &v) == DP_OK && v.len >= PART_HEAD_BYTES) {
            parts++;
            sealed += v.len - PART_HEAD_BYTES;
        }
    return parts == 0 ? 0 : record_bytes(parts, sealed);
}

/* All that one node would get because of the entry. */
static enum dp_err content_for(struct dp_daemon *d, const struct dp_forecast *f, struct dp_node to,
                               uint64_t *out)
{
    uint64_t body = 0, files = file_bytes(f->e), sealed = 0;
    for (uint8_t i = 0; i < f->part_count; i++)
        sealed += f->parts[i].plain.len + DP_TAG_BYTES;
    if (f->part_count > 0)
        body = record_bytes(f->part_count, sealed);
    if (f->file != NULL) {
        uint32_t *facts = DP_NEW_ARRAY(&d->turn, uint32_t, f->file->count);
        if (facts == NULL)
            return DP_NOMEM;
        uint32_t n = dp_route_parts_for(f->file, f->st, f->e, to, facts, f->file->count);
        for (uint32_t i = 0; i < n && i < f->file->count; i++) {
            const struct dp_entry *x = &f->file->facts[facts[i]].e;
            body += held_bytes(d, x);
            files += file_bytes(x);
        }
    }
    *out = parcels_bytes(body) + files;
    return DP_OK;
}

/* ---- the answer ---- */

/* `to` has room for `max`, at least one. */
static uint32_t grantees(struct dp_daemon *d, const struct dp_forecast *f, struct dp_node *to, uint32_t max)
{
    if (f->file != NULL)
        return dp_route_grantees(f->file, f->st, dp_case_locked(f->file), f->e, d->id.self, d->id.parent, to,
                                 max);
    if (d->id.parent.v == 0 || dp_n3_protected(f->e->reg, false))
        return 0; /* R-N3-5 */
    to[0] = d->id.parent;
    return 1;
}

/* The office addressed where it is one of that node, else the node. */
static void put_whom(char *text, size_t cap, const struct dp_entry *e, struct dp_node to)
{
    char who[DP_OFFICE_TEXT];
    size_t at = strlen(text);
    if (dp_node_eq(e->body.to.node, to))
        dp_office_format(&e->body.to, who);
    else
        dp_node_format(to, who);
    snprintf(text + at, cap - at, "%s%s", at == 0 ? "" : ", ", who);
}

/* To the office that wrote the entry, and to nobody else: it may read what was (R-PRT-4). */
static void put_changes(struct dp_json *j, const struct dp_correction *k)
{
    dp_json_name(j, "entry", &k->of);
    dp_json_u64(j, "index", k->index);
    dp_json_str(j, "part", dp_part_kind_word(k->kind));
    if (k->petitioner != 0)
        dp_json_u64(j, "petitioner", k->petitioner);
    dp_json_array(j, "changes");
    for (uint8_t i = 0; i < k->change_count; i++) {
        dp_json_object(j, NULL);
        dp_json_str(j, "field", k->change[i].field);
        dp_json_str(j, "old", k->change[i].old);
        dp_json_str(j, "new", k->change[i].new);
        dp_json_end(j);
    }
    dp_json_end(j);
}

static void put_answer(struct dp_daemon *d, const struct dp_forecast *f, const char *parts_to, uint64_t bytes,
                       struct dp_outcome *out)
{
    char to[DP_OFFICE_TEXT] = "";
    struct dp_buf text;
    struct dp_json j;
    if (!dp_office_is_none(&f->e->body.to))
        dp_office_format(&f->e->body.to, to);
    dp_buf_init(&text, ANSWER_MAX);
    dp_json_init(&j, &text);
    dp_json_object(&j, NULL);
    dp_json_str(&j, "would", dp_kind_word(f->e->kind));
    dp_json_str(&j, "to", to);
    dp_json_str(&j, "parts_to", parts_to);
    dp_json_u64(&j, "bytes_alone", bytes);
    if (f->correction != NULL)
        put_changes(&j, f->correction);
    dp_json_end(&j);
    const char *json = dp_json_text(&j);
    if (json == NULL)
        dp_outcome_set(d, out, DP_NOMEM, "%-s", dp_err_text(DP_NOMEM));
    else
        dp_outcome_json(d, out, json);
    dp_buf_fini(&text);
}

void dp_forecast_answer(struct dp_daemon *d, const struct dp_forecast *f, struct dp_outcome *out)
{
    struct dp_slice entry;
    uint64_t whole = 0, pruned = 0, bytes = 0, content = 0;
    uint32_t max = f->file == NULL ? 1 : dp_route_grantees_max(f->st);
    size_t cap = (size_t)max * (DP_OFFICE_TEXT + 2);
    struct dp_node *to = DP_NEW_ARRAY(&d->turn, struct dp_node, max);
    char *parts_to = DP_NEW_ARRAY(&d->turn, char, cap);
    enum dp_err e = to == NULL || parts_to == NULL ? DP_NOMEM : entry_bytes(d, f, &entry);
    if (e == DP_OK)
        e = block_bytes(d, entry, &whole, &pruned);
    if (d->id.parent.v != 0)
        bytes += whole;
    bytes += pruned * down_count(d, f);
    uint32_t n = e == DP_OK ? grantees(d, f, to, max) : 0;
    for (uint32_t i = 0; i < n && e == DP_OK; i++) {
        e = content_for(d, f, to[i], &content);
        bytes += content;
        if (content > 0)
            put_whom(parts_to, cap, f->e, to[i]);
    }
    if (e != DP_OK)
        dp_outcome_set(d, out, e, "it could not be forecast");
    else
        put_answer(d, f, parts_to, bytes, out);
}

void dp_forecast_sealed(struct dp_daemon *d, struct dp_node to, size_t body_len, struct dp_outcome *out)
{
    char json[JSON_MAX], node[DP_NODE_TEXT];
    uint32_t days = dp_post_days_to(d, to, body_len);
    dp_node_format(to, node);
    snprintf(
        json, sizeof json,
        "{\"would\":\"" DP_SAID("send it sealed to a bureau above") "\",\"sealed\":true,\"parts_to\":\"%s\","
                                                                    "\"bytes_alone\":%" PRIu64
                                                                    ",\"days\":%u,\"other_way\":%s}",
        node, days == 0 ? parcels_bytes(body_len) : 0, days, days > DP_POST_DAYS_LONG ? "true" : "false");
    dp_outcome_json(d, out, json);
}
