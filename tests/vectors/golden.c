/* SPDX-License-Identifier: Apache-2.0 */
/* The files there are, certificates, and a sample of the control protocol. */
#include "golden.h"

#include <string.h>

#include "control/request.h"
#include "crypto/ca.h"
#include "support/sample.h"
#include "support/vectors.h"

const struct golden golden_files[] = {
    {"wire", vectors_wire},      {"certificates", golden_certificates},
    {"history", golden_history}, {"control", golden_control},
    {"link", golden_link},
};
const unsigned golden_file_count = sizeof golden_files / sizeof golden_files[0];

void golden_line(FILE *out, const char *name, const char *what, const void *p, size_t len)
{
    const uint8_t *b = p;
    fprintf(out, "%s.%s ", name, what);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", b[i]);
    fputc('\n', out);
}

void golden_digest(FILE *out, const char *name, const void *p, size_t len)
{
    struct dp_slice bytes = dp_slice_of(p, len);
    struct dp_digest d;
    dp_suite_of(DP_SUITE_INTL)->hash(&bytes, 1, &d);
    golden_line(out, name, "digest", d.b, sizeof d.b);
}

/* ---- certificates (R-CERT-1, R-CERT-2) ---- */

#define FROM_MS INT64_C(1767225600000) /* 2026-01-01 UTC */
#define DAYS_MS(n) ((n)*INT64_C(86400000))

struct keys {
    struct dp_key seed, pub;
};

static struct keys make_keys(struct dp_rng *r)
{
    struct keys k;
    dp_rng_fill(r, k.seed.b, sizeof k.seed.b);
    if (dp_suite_of(DP_SUITE_INTL)->sign_pub(&k.seed, &k.pub) != DP_OK)
        memset(&k, 0, sizeof k);
    return k;
}

static struct dp_node node(const char *text)
{
    struct dp_node n = {0};
    return dp_node_parse(dp_slice_str(text), &n) == DP_OK ? n : (struct dp_node){0};
}

static void certificate(FILE *out, const char *name, const struct dp_der *der)
{
    golden_line(out, name, "der", der->b, der->len);
    golden_digest(out, name, der->b, der->len);
}

static struct dp_ca_spec ca_spec(const struct dp_node *subtrees, size_t count, int64_t days)
{
    return (struct dp_ca_spec){.node = subtrees[0],
                               .subtrees = subtrees,
                               .subtree_count = count,
                               .not_before_ms = FROM_MS,
                               .not_after_ms = FROM_MS + DAYS_MS(days)};
}

enum dp_err golden_certificates(FILE *out)
{
    struct dp_rng r;
    dp_rng_seed(&r, 0xce47);
    struct dp_random random = sample_random(&r);
    struct keys root_keys = make_keys(&r), ca_keys = make_keys(&r), station = make_keys(&r);
    struct dp_node city = node("331000000000"), village = node("331023105001");
    struct dp_node zone[] = {node("331023000000"), node("331022000000")};
    struct dp_der root, ca, leaf;
    struct dp_ca_spec root_spec = ca_spec(&city, 1, 7300), spec = ca_spec(zone, 2, 3650);

    fputs("# SPDX-License-Identifier: Apache-2.0\n"
          "# Golden vectors of certificates, made by vectors_make. These bytes never change.\n"
          "# A root, the CA of a county with a second subtree, the node of a village (R-CERT-1, R-CERT-2).\n",
          out);
    enum dp_err e = dp_ca_new_root(&root_keys.seed, &root_spec, &random, &root);
    struct dp_issuer by_root = {.der = dp_der_slice(&root), .seed = &root_keys.seed};
    if (e == DP_OK)
        e = dp_ca_issue_ca(&by_root, &ca_keys.pub, &spec, &random, &ca);
    struct dp_issuer by_ca = {.der = e == DP_OK ? dp_der_slice(&ca) : dp_slice_of("", 0),
                              .seed = &ca_keys.seed};
    struct dp_node_spec of_node = {.node = village,
                                   .parent = node("331023105000"),
                                   .roles = DP_ROLE_STATION | DP_ROLE_DAEMON,
                                   .sign_pub = station.pub,
                                   .not_before_ms = FROM_MS,
                                   .not_after_ms = FROM_MS + DAYS_MS(730)};
    dp_rng_fill(&r, of_node.seal_pub.b, sizeof of_node.seal_pub.b);
    dp_rng_fill(&r, of_node.curve_pub.b, sizeof of_node.curve_pub.b);
    if (e == DP_OK)
        e = dp_ca_issue_node(&by_ca, &of_node, &random, &leaf);
    if (e != DP_OK)
        return e;
    certificate(out, "certificate.root", &root);
    certificate(out, "certificate.ca", &ca);
    certificate(out, "certificate.node", &leaf);
    return DP_OK;
}

/* ---- the control protocol ---- */

/* Built by hand, byte by byte: a register step as the command line sends it. */
struct message {
    uint8_t b[512];
    size_t len;
};

static void varint(struct message *m, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        m->b[m->len++] = (uint8_t)(v | 0x80);
    m->b[m->len++] = (uint8_t)v;
}

static void number(struct message *m, unsigned field, uint64_t v)
{
    varint(m, field << 3);
    varint(m, v);
}

static void bytes(struct message *m, unsigned field, const void *p, size_t len)
{
    varint(m, field << 3 | 2);
    varint(m, len);
    memcpy(m->b + m->len, p, len);
    m->len += len;
}

static void text(struct message *m, unsigned field, const char *s)
{
    bytes(m, field, s, strlen(s));
}

static enum dp_err request(FILE *out)
{
    struct message step = {.len = 0}, command = {.len = 0}, rq = {.len = 0};
    struct dp_request decoded;
    struct dp_arena a;
    uint64_t id;

    number(&step, 1, DP_KIND_TRANSFER);
    text(&step, 2, "331023105001-20260302-L-00001-U");
    text(&step, 3, "331023105000/housing");
    bytes(&command, 1, step.b, step.len);
    number(&rq, 1, DP_CONTROL_VERSION);
    number(&rq, 2, 4711);
    text(&rq, 3, "331023105000/bureau");
    bytes(&rq, 5, command.b, command.len);
    golden_line(out, "control.request", "bytes", rq.b, rq.len);
    golden_digest(out, "control.request", rq.b, rq.len);
    dp_arena_init(&a, 1 << 16, 0);
    enum dp_err e = dp_request_decode(dp_slice_of(rq.b, rq.len), &a, &decoded, &id);
    if (e == DP_OK)
        fprintf(out, "control.request.reads id %llu as %s kind %u case %s to %s\n", (unsigned long long)id,
                decoded.as_office, decoded.commands[0].u.step.kind, decoded.commands[0].u.step.case_ref,
                decoded.commands[0].u.step.to);
    dp_arena_fini(&a);
    return e;
}

enum dp_err golden_control(FILE *out)
{
    struct dp_outcome results[2] = {
        {.err = DP_OK,
         .name = {.origin = node("331023105000"), .inc = 0x11223344, .seq = 9},
         .number = "331023105001-20260302-L-00001-U",
         .json = "{}"},
        {.err = DP_STEP_INVALID, .text = "not the holder", .valid_kinds = 1u << DP_KIND_NOTE, .reason = 3},
    };
    struct dp_arena a;
    struct dp_buf b;

    fputs("# SPDX-License-Identifier: Apache-2.0\n"
          "# Golden vectors of the control protocol (proto/control.proto), made by vectors_make: fields are "
          "only added.\n",
          out);
    enum dp_err e = request(out);
    dp_arena_init(&a, 1 << 16, 0);
    dp_buf_init(&b, 1 << 16);
    if (e == DP_OK)
        e = dp_reply_encode(4711, results, 2, &a, &b);
    golden_line(out, "control.reply", "bytes", b.p, b.len);
    golden_digest(out, "control.reply", b.p, b.len);
    dp_buf_fini(&b);
    dp_arena_fini(&a);
    return e;
}
