/* SPDX-License-Identifier: Apache-2.0 */
#include "support/rights.h"

#include <ctype.h>
#include <stdio.h>

#include "control.pb-c.h"
#include "support/cmocka_all.h"

bool rights_verb(unsigned i, char out[RIGHTS_VERB])
{
    const ProtobufCEnumDescriptor *list = &daipao__control__v1__admin_verb__descriptor;
    unsigned at = i + 1; /* the first is none */
    if (at >= list->n_values)
        return false;
    snprintf(out, RIGHTS_VERB, "%s", list->values[at].name);
    for (char *p = out; *p != '\0'; p++)
        *p = *p == '_' ? '.' : (char)tolower((unsigned char)*p);
    return true;
}

static void add(struct dp_buf *b, struct dp_slice s)
{
    const uint32_t len = (uint32_t)s.len;
    assert_ok(dp_buf_put(b, &len, sizeof len));
    assert_ok(dp_buf_put(b, s.p, s.len));
}

struct dp_digest rights_sum(const struct cl_node *n)
{
    const struct dp_kv_ops *ops = n->kv->ops;
    struct dp_kv_txn *txn;
    struct dp_slice k, v;
    struct dp_digest out;
    struct dp_buf all;
    dp_buf_init(&all, 256u << 20);
    assert_ok(ops->begin(n->kv, false, &txn));
    for (unsigned t = 0; t < DP_T_COUNT; t++) {
        struct dp_kv_cur *cur;
        assert_ok(ops->cur_open(txn, t, &cur));
        for (enum dp_err e = ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of(NULL, 0), &k, &v); e == DP_OK;
             e = ops->cur_next(cur, &k, &v)) {
            add(&all, k);
            add(&all, v);
        }
        ops->cur_close(cur);
    }
    ops->abort(txn);
    struct dp_slice bytes = dp_buf_slice(&all);
    dp_suite_of(DP_SUITE_INTL)->hash(&bytes, 1, &out);
    dp_buf_fini(&all);
    return out;
}
