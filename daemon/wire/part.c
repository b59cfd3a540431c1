/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts: persons and free text, sealed once under a key of their own (R-PART-1). The entry holds one root
 * over the leaves, so each part can be withheld, corrected or erased alone, and a wrong key is known before
 * use.
 */
#include "wire/part.h"

#include <string.h>

#include "wire/merkle.h"

#define CONTEXT "daipao/part/1"
#define CONTEXT_BYTES (sizeof(CONTEXT) - 1)
#define SEALED_MAX (DP_PART_PLAIN_MAX + DP_TAG_BYTES)

static bool kind_ok(uint8_t kind)
{
    return kind >= DP_PART_PETITIONERS && kind <= DP_PART_KEY;
}

const char *dp_part_kind_word(uint8_t kind)
{
    static const char *const words[] = {
        [DP_PART_PETITIONERS] = "petitioners",
        [DP_PART_RESPONDENT] = "respondent",
        [DP_PART_CONTENT] = "content",
        [DP_PART_TEXT] = "text",
        [DP_PART_KEY] = "key",
    };

    return kind_ok(kind) ? words[kind] : NULL;
}

/* ---- digests ---- */

static void commitment(const struct dp_suite *suite, const struct dp_key *key, struct dp_digest *out)
{
    struct dp_slice rest = {key->b, sizeof(key->b)};

    dp_merkle_hash(suite, DP_MERKLE_KEY, &rest, 1, out);
}

void dp_part_leaf(const struct dp_suite *suite, const struct dp_part *p, struct dp_digest *out)
{
    struct dp_digest sealed;
    const struct dp_slice rest[] = {
        {p->salt, sizeof(p->salt)},   {&p->kind, 1}, {&p->index, 1}, {p->commit.b, sizeof(p->commit.b)},
        {sealed.b, sizeof(sealed.b)},
    };

    suite->hash(&p->sealed, 1, &sealed);
    dp_merkle_hash(suite, DP_MERKLE_PART, rest, sizeof(rest) / sizeof(rest[0]), out);
}

void dp_parts_root(const struct dp_suite *suite, const struct dp_part *parts, size_t n, struct dp_digest *out)
{
    struct dp_digest leaves[DP_PARTS_MAX];

    memset(out, 0, sizeof(*out));
    if (n == 0 || n > DP_PARTS_MAX)
        return;
    for (size_t i = 0; i < n; i++)
        dp_part_leaf(suite, &parts[i], &leaves[i]);
    dp_merkle_root(suite, leaves, n, out);
}

/* ---- seal and open ---- */

static struct dp_slice associated(uint8_t kind, uint8_t index, uint8_t out[CONTEXT_BYTES + 2])
{
    memcpy(out, CONTEXT, CONTEXT_BYTES);
    out[CONTEXT_BYTES] = kind;
    out[CONTEXT_BYTES + 1] = index;
    return dp_slice_of(out, CONTEXT_BYTES + 2);
}

enum dp_err dp_part_seal(const struct dp_suite *suite, const struct dp_random *rnd, uint8_t kind,
                         uint8_t index, struct dp_slice plain, struct dp_arena *a, struct dp_part *out,
                         struct dp_key *key)
{
    struct dp_part part = {.kind = kind, .index = index};
    uint8_t aad[CONTEXT_BYTES + 2];
    struct dp_key fresh;
    uint8_t *sealed;
    enum dp_err e;

    if (!kind_ok(kind) || index >= DP_PARTS_MAX)
        return DP_RANGE;
    if (plain.len > DP_PART_PLAIN_MAX)
        return DP_TOO_BIG;
    sealed = dp_arena_alloc(a, plain.len + DP_TAG_BYTES);
    if (sealed == NULL)
        return DP_NOMEM;
    rnd->fill(rnd->ctx, fresh.b, sizeof(fresh.b));
    rnd->fill(rnd->ctx, part.salt, sizeof(part.salt));
    e = suite->seal(&fresh, associated(kind, index, aad), plain, sealed);
    if (e == DP_OK) {
        commitment(suite, &fresh, &part.commit);
        part.sealed = dp_slice_of(sealed, plain.len + DP_TAG_BYTES);
        *out = part;
        *key = fresh;
    }
    dp_wipe(&fresh, sizeof(fresh));
    return e;
}

enum dp_err dp_part_open(const struct dp_suite *suite, const struct dp_part *p, const struct dp_key *key,
                         struct dp_arena *a, struct dp_slice *plain)
{
    uint8_t aad[CONTEXT_BYTES + 2];
    struct dp_digest commit;
    size_t len;
    uint8_t *to;
    enum dp_err e;

    if (p->sealed.len < DP_TAG_BYTES || p->sealed.len > SEALED_MAX)
        return DP_FORMAT;
    commitment(suite, key, &commit);
    if (!dp_secret_eq(&commit, &p->commit, sizeof(commit)))
        return DP_SIGNATURE;
    len = p->sealed.len - DP_TAG_BYTES;
    to = dp_arena_alloc(a, len);
    if (to == NULL)
        return DP_NOMEM;
    e = suite->open(key, associated(p->kind, p->index, aad), p->sealed, to);
    if (e == DP_OK)
        *plain = dp_slice_of(to, len);
    return e;
}

/* ---- wire form ---- */

#define PART_HEAD_BYTES (1 + 1 + 16 + 32 + 4)

static bool part_ok(const struct dp_part *p)
{
    return kind_ok(p->kind) && p->index < DP_PARTS_MAX && p->sealed.len >= DP_TAG_BYTES &&
           p->sealed.len <= SEALED_MAX;
}

enum dp_err dp_part_put(const struct dp_part *p, struct dp_buf *out)
{
    struct dp_wr w;
    enum dp_err e;

    if (!part_ok(p))
        return DP_RANGE;
    e = dp_buf_reserve(out, PART_HEAD_BYTES + p->sealed.len);
    if (e != DP_OK)
        return e;
    w = dp_wr_of(out->p + out->len, out->cap - out->len);
    dp_wr_u8(&w, p->kind);
    dp_wr_u8(&w, p->index);
    dp_wr_bytes(&w, p->salt, sizeof(p->salt));
    dp_wr_bytes(&w, p->commit.b, sizeof(p->commit.b));
    dp_wr_u32(&w, (uint32_t)p->sealed.len);
    dp_wr_bytes(&w, p->sealed.p, p->sealed.len);
    out->len += w.len;
    return w.err;
}

enum dp_err dp_part_get(struct dp_rd *r, struct dp_part *out)
{
    struct dp_part p = {.kind = dp_rd_u8(r)};

    p.index = dp_rd_u8(r);
    dp_rd_copy(r, p.salt, sizeof(p.salt));
    dp_rd_copy(r, p.commit.b, sizeof(p.commit.b));
    p.sealed = dp_rd_take(r, dp_rd_u32(r));
    if (r->err != DP_OK || !part_ok(&p))
        return DP_FORMAT;
    *out = p;
    return DP_OK;
}
