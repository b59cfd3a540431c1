/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certificates say, free of X.509: reasons, names, dates and subtrees.
 */
#include "crypto/cert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "crypto/x509.h"

/* ---- reasons ---- */

struct fault_row {
    enum dp_err err;
    const char *text;
};

static const struct fault_row rows[] = {
#define ROW(name, err, text) {DP_##err, text},
    DP_CERT_FAULT_LIST(ROW)
#undef ROW
};

static const struct fault_row *row_of(enum dp_cert_fault f)
{
    return (unsigned)f < DP_CERT_FAULT_COUNT ? &rows[f] : &rows[DP_CERT_FAULT_ENCODING];
}

const char *dp_cert_fault_text(enum dp_cert_fault f)
{
    return row_of(f)->text;
}

enum dp_err dp_cert_fault_err(enum dp_cert_fault f)
{
    return row_of(f)->err;
}

enum dp_err dp_refuse(struct dp_refusal *why, enum dp_cert_fault fault, struct dp_node node)
{
    if (why != NULL)
        *why = (struct dp_refusal){.fault = fault, .node = node};
    return dp_cert_fault_err(fault);
}

void dp_refusal_format(const struct dp_refusal *r, char out[DP_REFUSAL_TEXT])
{
    const char *text = dp_cert_fault_text(r->fault);
    char who[DP_NODE_TEXT] = "certificate";
    char ca[DP_NODE_TEXT];
    char date[11];

    if (r->node.v != 0)
        dp_node_format(r->node, who);
    if (r->fault == DP_CERT_FAULT_NOT_YET || r->fault == DP_CERT_FAULT_EXPIRED) {
        dp_date_format(dp_date_of_ms(r->date_ms), date);
        snprintf(out, DP_REFUSAL_TEXT, "%s: %s %s", who, text, date);
    } else if (r->ca.v != 0) {
        dp_node_format(r->ca, ca);
        snprintf(out, DP_REFUSAL_TEXT, "%s: %s (the CA of %s)", who, text, ca);
    } else {
        snprintf(out, DP_REFUSAL_TEXT, "%s: %s", who, text);
    }
}

/* ---- names: 331023105001 is 001.105.23.10.33.daipao.internal (R-CERT-1) ---- */

struct level {
    uint64_t unit; /* weight of the level's digits in a division code */
    uint8_t width; /* digits */
};

/* By tier. */
static const struct level levels[] = {
    [DP_TIER_PROVINCE] = {UINT64_C(10000000000), 2},
    [DP_TIER_CITY] = {100000000, 2},
    [DP_TIER_COUNTY] = {1000000, 2},
    [DP_TIER_TOWNSHIP] = {1000, 3},
    [DP_TIER_VILLAGE] = {1, 3},
};

void dp_cert_name_format(struct dp_node n, char out[DP_CERT_NAME_TEXT])
{
    uint64_t code = dp_node_div(n).v;

    if (dp_node_post(n) != 0) {
        *out++ = 'p';
        out = dp_text_put(out, dp_node_post(n), 2);
        *out++ = '.';
    }
    for (unsigned tier = dp_node_tier(n); tier >= DP_TIER_PROVINCE; tier--) {
        out = dp_text_put(out, code / levels[tier].unit, levels[tier].width);
        *out++ = '.';
    }
    memcpy(out, DP_CERT_DOMAIN, sizeof(DP_CERT_DOMAIN));
}

/* Take the last label off `s`. */
static struct dp_slice last_label(struct dp_slice *s)
{
    size_t at = s->len;
    struct dp_slice label;

    while (at > 0 && s->p[at - 1] != '.')
        at--;
    label = dp_slice_of(s->p + at, s->len - at);
    s->len = at > 0 ? at - 1 : 0;
    return label;
}

static bool name_number(struct dp_slice s, struct dp_node *out)
{
    struct dp_div div = {0};
    uint64_t post = 0;
    uint64_t part;

    for (unsigned tier = DP_TIER_PROVINCE; tier <= DP_TIER_VILLAGE && s.len > 0; tier++) {
        struct dp_slice label;
        if (s.len == 3 && s.p[0] == 'p')
            break;
        label = last_label(&s);
        if (label.len != levels[tier].width || !dp_text_digits(label, &part))
            return false;
        div.v += part * levels[tier].unit;
    }
    if (s.len > 0 && (s.len != 3 || s.p[0] != 'p' || !dp_text_digits(dp_slice_of(s.p + 1, 2), &post)))
        return false;
    *out = dp_node_of(div, (unsigned)post);
    return dp_node_tier(*out) != DP_TIER_NONE;
}

enum dp_err dp_cert_name_parse(struct dp_slice s, struct dp_node *out)
{
    static const char suffix[] = "." DP_CERT_DOMAIN;
    size_t tail = sizeof(suffix) - 1;
    char text[DP_CERT_NAME_TEXT];
    struct dp_node n;

    if (s.len <= tail || memcmp(s.p + s.len - tail, suffix, tail) != 0)
        return DP_FORMAT;
    if (!name_number(dp_slice_of(s.p, s.len - tail), &n))
        return DP_FORMAT;
    /* One node, one name: what format would not write is refused. */
    dp_cert_name_format(n, text);
    if (!dp_slice_eq(s, dp_slice_str(text)))
        return DP_FORMAT;
    *out = n;
    return DP_OK;
}

/* ---- questions ---- */

bool dp_cert_permits(const struct dp_cert *ca, struct dp_node n)
{
    for (size_t i = 0; i < ca->subtree_count; i++) {
        if (dp_node_covers(ca->subtrees[i], n))
            return true;
    }
    return false;
}

enum dp_err dp_cert_dates(const struct dp_cert *c, int64_t now_ms, struct dp_refusal *why)
{
    bool early = now_ms < c->not_before_ms;

    if (!early && now_ms <= c->not_after_ms)
        return DP_OK;
    if (why != NULL)
        *why = (struct dp_refusal){
            .fault = early ? DP_CERT_FAULT_NOT_YET : DP_CERT_FAULT_EXPIRED,
            .node = c->origin.node,
            .date_ms = early ? c->not_before_ms : c->not_after_ms,
        };
    return DP_CERTIFICATE;
}

enum dp_err dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why)
{
    struct dp_cert cert = {0};
    X509 *x = NULL;
    enum dp_cert_fault fault = dp_x509_read(der, &x);

    if (fault == DP_CERT_FAULT_NONE)
        fault = dp_x509_check(x, der, &cert);
    X509_free(x);
    if (fault != DP_CERT_FAULT_NONE)
        return dp_refuse(why, fault, cert.origin.node);
    *out = cert;
    return DP_OK;
}
