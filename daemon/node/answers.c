/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that lost the answer says its command again with the same token, and gets the first answer instead
 * of a second entry (R-CTL-2), also from a daemon that was started anew. Only what was done is kept: a
 * refusal is judged again. The answer is sealed under a key that follows from the token, of which the store
 * has the digest alone, from whose it is, and a salt of its own (R-CTL-7), since a registration's answer
 * holds the code of the petitioner. So many, so long, no more.
 */
#include "node/command.h"

#include <string.h>

#define ANSWERS_MAX 4096
#define DAYS_MAX 7
#define ANSWER_BYTES_MAX 2048
#define SALT_BYTES 16
#define HEAD_BYTES (16 + SALT_BYTES)

enum { BY_TOKEN = 1, BY_NUMBER = 2 };

struct token {
    uint8_t key[1 + 32]; /* of its row */
    struct dp_key seal;
};

/*
 * The same token of another office or officer is another token. The officer counts and not the uid: an
 * account that was made anew says its command again, and it is done once.
 */
static void token_of(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice token, struct token *out)
{
    static const char context[] = "daipao/answer/1";
    uint8_t who[4 + 8 + DP_SLUG_MAX + 1];
    struct dp_wr w = dp_wr_of(who, sizeof who);
    struct dp_digest digest;
    dp_wr_u32(&w, c->officer);
    dp_wr_u64(&w, c->office.node.v);
    dp_wr_bytes(&w, c->office.slug, sizeof c->office.slug);
    struct dp_slice in[3] = {dp_slice_str(context), dp_wr_slice(&w), token};
    d->suite->hash(in, 3, &digest);
    out->key[0] = BY_TOKEN;
    memcpy(out->key + 1, digest.b, sizeof digest.b);
}

/* R-CTL-7: one token of two offices, or one that is used again after its time, is two keys. */
static enum dp_err seal_key(struct dp_daemon *d, struct dp_slice token, const uint8_t salt[SALT_BYTES],
                            struct token *t)
{
    static const char context[] = "daipao/answer-key/1";
    uint8_t info[sizeof context - 1 + 32];
    struct dp_wr w = dp_wr_of(info, sizeof info);
    dp_wr_bytes(&w, context, sizeof context - 1);
    dp_wr_bytes(&w, t->key + 1, 32); /* whose it is */
    return d->suite->hkdf(token, dp_slice_of(salt, SALT_BYTES), dp_wr_slice(&w), &t->seal);
}

static struct dp_slice number_key(uint8_t key[9], uint64_t number)
{
    struct dp_wr w = dp_wr_of(key, 9);
    dp_wr_u8(&w, BY_NUMBER);
    dp_wr_u64(&w, number);
    return dp_slice_of(key, 9);
}

/* ---- one answer as bytes: number 8, time 8 and salt 16 in clear, then sealed name 20, three texts with u16
 * ---- */

static void put_text(struct dp_wr *w, const char *s)
{
    size_t len = s == NULL ? 0 : strlen(s);
    dp_wr_u16(w, (uint16_t)len);
    dp_wr_bytes(w, s, len);
}

static const char *get_text(struct dp_daemon *d, struct dp_rd *r)
{
    struct dp_slice s = dp_rd_take(r, dp_rd_u16(r));
    return s.len == 0 ? NULL : dp_arena_str(&d->turn, s);
}

bool dp_answer_again(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice token,
                     struct dp_outcome *out)
{
    uint8_t plain[ANSWER_BYTES_MAX];
    struct token t;
    struct dp_slice v;
    token_of(d, c, token, &t);
    if (dp_db_get_key(&d->db, DP_T_ANSWER, dp_slice_of(t.key, sizeof t.key), &v) != DP_OK)
        return false;
    struct dp_rd r = dp_rd_of(v);
    dp_rd_u64(&r);
    int64_t at_ms = (int64_t)dp_rd_u64(&r);
    struct dp_slice salt = dp_rd_take(&r, SALT_BYTES), sealed = dp_rd_take(&r, dp_rd_left(&r));
    if (r.err != DP_OK || seal_key(d, token, salt.p, &t) != DP_OK)
        return false;
    bool ok = at_ms + DAYS_MAX * DP_DAY_MS > d->now_wall && sealed.len > DP_TAG_BYTES &&
              sealed.len <= sizeof plain &&
              d->suite->open(&t.seal, dp_slice_of(t.key, sizeof t.key), sealed, plain) == DP_OK;
    dp_wipe(&t.seal, sizeof t.seal);
    if (!ok)
        return false;
    uint8_t name[DP_NAME_BYTES];
    r = dp_rd_of(dp_slice_of(plain, sealed.len - DP_TAG_BYTES));
    dp_rd_copy(&r, name, sizeof name);
    *out = (struct dp_outcome){.err = DP_OK, .name = dp_name_get(name)};
    out->number = get_text(d, &r);
    out->json = get_text(d, &r);
    out->text = get_text(d, &r);
    dp_wipe(plain, sizeof plain);
    return dp_rd_done(&r) == DP_OK;
}

/* Numbers go up; the row that is that many behind goes. */
static uint64_t next_number(struct dp_daemon *d)
{
    uint8_t key[9];
    uint64_t last = 0;
    struct dp_slice old, token;
    (void)!dp_db_meta_u64(&d->db, "answers", &last);
    dp_db_meta_u64_put(&d->db, "answers", last + 1);
    if (last < ANSWERS_MAX)
        return last + 1;
    old = number_key(key, last + 1 - ANSWERS_MAX);
    if (dp_db_get_key(&d->db, DP_T_ANSWER, old, &token) == DP_OK && token.len == 33) {
        uint8_t at[33];
        memcpy(at, token.p, sizeof at);
        dp_db_del_key(&d->db, DP_T_ANSWER, dp_slice_of(at, sizeof at));
        dp_db_del_key(&d->db, DP_T_ANSWER, old);
    }
    return last + 1;
}

void dp_answer_keep(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice token,
                    const struct dp_outcome *out)
{
    uint8_t plain[ANSWER_BYTES_MAX - DP_TAG_BYTES], row[HEAD_BYTES + ANSWER_BYTES_MAX], name[DP_NAME_BYTES],
        key[9];
    struct dp_wr w = dp_wr_of(plain, sizeof plain), wr = dp_wr_of(row, 16);
    uint8_t *salt = row + 16;
    struct token t;
    dp_name_put(&out->name, name);
    dp_wr_bytes(&w, name, sizeof name);
    put_text(&w, out->number);
    put_text(&w, out->json);
    put_text(&w, out->text);
    token_of(d, c, token, &t);
    d->port.random.fill(d->port.random.ctx, salt, SALT_BYTES);
    enum dp_err e = w.err == DP_OK ? seal_key(d, token, salt, &t) : w.err;
    if (e == DP_OK)
        e = d->suite->seal(&t.seal, dp_slice_of(t.key, sizeof t.key), dp_wr_slice(&w), row + HEAD_BYTES);
    dp_wipe(plain, sizeof plain);
    dp_wipe(&t.seal, sizeof t.seal);
    if (e != DP_OK) {
        d->turn_error = e; /* done and not known again is worse than not done */
        return;
    }
    uint64_t number = next_number(d);
    dp_wr_u64(&wr, number);
    dp_wr_u64(&wr, (uint64_t)d->now_wall);
    dp_db_put_key(&d->db, DP_T_ANSWER, dp_slice_of(t.key, sizeof t.key),
                  dp_slice_of(row, HEAD_BYTES + w.len + DP_TAG_BYTES));
    dp_db_put_key(&d->db, DP_T_ANSWER, number_key(key, number), dp_slice_of(t.key, sizeof t.key));
}
