/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a certificate costs OpenSSL more than a whole turn of a node. It depends on its bytes alone, so the
 * session target remembers the answers (--wrap). Certificates and chains have targets of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/chain.h"
#include "support/cmocka_all.h"

#define MEMO_MAX 64

enum dp_err __real_dp_cert_parse(struct dp_slice, struct dp_cert *, struct dp_refusal *);
enum dp_err __wrap_dp_cert_parse(struct dp_slice, struct dp_cert *, struct dp_refusal *);
enum dp_err __real_dp_chain_verify(const struct dp_chain *, const struct dp_trust *, enum dp_chain_end,
                                   struct dp_cert *, struct dp_refusal *);
enum dp_err __wrap_dp_chain_verify(const struct dp_chain *, const struct dp_trust *, enum dp_chain_end,
                                   struct dp_cert *, struct dp_refusal *);

/* An answer under all bytes that it depends on. */
struct memo {
    uint8_t *key;
    size_t len;
    enum dp_err err;
    struct dp_refusal why;
    struct dp_cert certs[DP_CHAIN_MAX];
};
struct memos {
    struct memo *list[MEMO_MAX];
    unsigned count;
};

/* Known, or a new one to be filled; NULL when the table is full. */
static struct memo *find(struct memos *m, struct dp_slice key, bool *known)
{
    *known = false;
    for (unsigned i = 0; i < m->count; i++)
        if (m->list[i]->len == key.len && memcmp(m->list[i]->key, key.p, key.len) == 0) {
            *known = true;
            return m->list[i];
        }
    if (m->count == MEMO_MAX)
        return NULL;
    struct memo *made = calloc(1, sizeof(*made));
    assert_non_null(made);
    made->key = malloc(key.len + 1);
    assert_non_null(made->key);
    if (key.len > 0)
        memcpy(made->key, key.p, key.len);
    made->len = key.len;
    m->list[m->count++] = made;
    return made;
}

enum dp_err __wrap_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why)
{
    static struct memos memos;
    bool known;
    struct memo *m = find(&memos, der, &known);
    if (m == NULL)
        return __real_dp_cert_parse(der, out, why);
    if (!known)
        m->err = __real_dp_cert_parse(der, &m->certs[0], &m->why);
    if (m->err == DP_OK)
        *out = m->certs[0];
    else if (why != NULL)
        *why = m->why;
    return m->err;
}

static struct dp_slice chain_key(const struct dp_chain *c, const struct dp_trust *trust,
                                 enum dp_chain_end end)
{
    static uint8_t bytes[(DP_CHAIN_MAX + 1) * (DP_CERT_BYTES_MAX + 2) + 64];
    struct dp_wr w = dp_wr_of(bytes, sizeof(bytes));
    dp_wr_u8(&w, (uint8_t)end);
    dp_wr_bytes(&w, trust->root.b, sizeof(trust->root.b));
    dp_wr_u16(&w, (uint16_t)trust->root_der.len);
    if (trust->root_der.len > 0)
        dp_wr_bytes(&w, trust->root_der.p, trust->root_der.len);
    assert_ok(dp_chain_encode(c, &w));
    return dp_wr_slice(&w);
}

enum dp_err __wrap_dp_chain_verify(const struct dp_chain *c, const struct dp_trust *trust,
                                   enum dp_chain_end end, struct dp_cert *certs, struct dp_refusal *why)
{
    static struct memos memos;
    bool known;
    struct memo *m = find(&memos, chain_key(c, trust, end), &known);
    if (m == NULL)
        return __real_dp_chain_verify(c, trust, end, certs, why);
    if (!known)
        m->err = __real_dp_chain_verify(c, trust, end, m->certs, &m->why);
    if (m->err == DP_OK)
        memcpy(certs, m->certs, c->count * sizeof(certs[0]));
    else if (why != NULL)
        *why = m->why;
    return m->err;
}
