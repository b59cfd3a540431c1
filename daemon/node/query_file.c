/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of an attachment, for a party whose node holds its key: 32 chunks a reply, in base64. */
#include <string.h>

#include "node/query.h"

#define CHUNKS_A_REPLY 32

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *base64(struct dp_arena *a, struct dp_slice s)
{
    char *text = dp_arena_alloc(a, (s.len + 2) / 3 * 4 + 1), *at = text;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < s.len; i += 3) {
        size_t n = s.len - i < 3 ? s.len - i : 3;
        uint32_t v = (uint32_t)s.p[i] << 16;
        v |= n > 1 ? (uint32_t)s.p[i + 1] << 8 : 0;
        v |= n > 2 ? s.p[i + 2] : 0;
        at[0] = digits[v >> 18];
        at[1] = digits[v >> 12 & 63];
        at[2] = n > 1 ? digits[v >> 6 & 63] : '=';
        at[3] = n > 2 ? digits[v & 63] : '=';
        at += 4;
    }
    *at = '\0';
    return text;
}

/* By the name of its entry, else the n-th of the case. */
static const struct dp_entry *attachment_of(const struct dp_ask *a, const struct dp_casefile *f)
{
    struct dp_name want;
    bool named = dp_name_parse(dp_slice_str(a->q->name), &want) == DP_OK;
    uint32_t no = 0;

    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_entry *e = &f->facts[i].e;
        if (e->kind != DP_KIND_ATTACHMENT || f->facts[i].verdict != DP_VALID)
            continue;
        no++;
        if (named ? dp_name_eq(&e->name, &want) : no == a->q->index)
            return e;
    }
    return NULL;
}

static bool key_of(struct dp_ask *a, const struct dp_entry *e, struct dp_part_text *out)
{
    for (uint8_t i = 0; i < e->part_count; i++) {
        if (dp_parcels_read(a->d, e, i, out) == DP_OK && out->kind == DP_PART_KEY)
            return true;
    }
    return false;
}

static enum dp_err read_chunks(struct dp_ask *a, const struct dp_entry *e, const struct dp_key *key,
                               uint64_t from, uint64_t to, struct dp_buf *out)
{
    enum dp_err err = DP_OK;

    for (uint64_t i = from; i < to && err == DP_OK; i++) {
        struct dp_slice plain = {0};
        err = dp_files_read(a->d, &e->body.digest, (uint32_t)i, key, &plain);
        if (err == DP_OK)
            err = dp_buf_put(out, plain.p, plain.len);
    }
    return err;
}

static void put_file(struct dp_ask *a, const struct dp_entry *e, const struct dp_part_text *t)
{
    struct dp_json *j = &a->j;
    uint64_t chunks = e->body.code3, from = a->q->since, to = from + CHUNKS_A_REPLY;
    struct dp_buf bytes;
    enum dp_err err;
    char *text;

    to = to > chunks ? chunks : to;
    dp_buf_init(&bytes, 1u << 20);
    err = read_chunks(a, e, &t->key, from, to, &bytes);
    text = err == DP_OK ? base64(&a->d->turn, dp_buf_slice(&bytes)) : NULL;
    dp_buf_fini(&bytes);
    if (text == NULL) {
        dp_ask_fail(a, err == DP_OK ? DP_NOMEM : err, "the file is not here as a whole yet");
        return;
    }
    dp_json_name(j, "entry", &e->name);
    dp_json_str(j, "file_name", t->file_name);
    dp_json_u64(j, "media", e->body.code);
    dp_json_u64(j, "size", e->body.size);
    dp_json_str(j, "data", text);
    if (to < chunks)
        dp_json_u64(j, "next", to);
    else
        dp_json_str(j, "next", NULL);
}

void dp_ask_file(struct dp_ask *a)
{
    const struct dp_entry *e;
    struct dp_part_text t = {0};

    if (!dp_ask_case(a))
        return;
    e = a->seen.view == DP_VIEW_PARTY ? attachment_of(a, a->seen.f) : NULL;
    if (e == NULL)
        dp_ask_fail(a, DP_NOT_FOUND, "no such attachment; see `daipao case show`");
    else if (!e->body.flag)
        dp_ask_fail(a, DP_NOT_FOUND, "this paper was announced only: its issuer keeps it elsewhere");
    else if (!key_of(a, e, &t))
        dp_ask_fail(a, DP_NOT_ENTITLED, "this node holds no key of the attachment");
    else
        put_file(a, e, &t);
    dp_wipe(&t, sizeof(t));
}
