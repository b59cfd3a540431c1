/* SPDX-License-Identifier: Apache-2.0 */
/* Each section draws from a seed of its own, so that a new one changes no other. */
#include "support/vectors.h"

#include <string.h>

#include "support/sample.h"

#define BUF_MAX (1 << 20)

struct maker {
    FILE *out;
    const struct dp_suite *suite;
    struct dp_arena arena;
    struct dp_buf buf;
    enum dp_err err; /* the first failure */
};

static void line(struct maker *m, const char *name, const char *what, struct dp_slice bytes)
{
    fprintf(m->out, "%s.%s ", name, what);
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(m->out, "%02x", bytes.p[i]);
    fputc('\n', m->out);
}

static void digest_line(struct maker *m, const char *name, const char *what, const struct dp_digest *d)
{
    line(m, name, what, dp_slice_of(d->b, sizeof(d->b)));
}

static void check(struct maker *m, enum dp_err e)
{
    if (m->err == DP_OK)
        m->err = e;
}

/* ---- entries ---- */

/* doc_no: NULL, or the number of the paper. */
static void entry(struct maker *m, uint8_t kind, const char *word, const char *doc_no)
{
    uint8_t name_bytes[DP_NAME_BYTES];
    struct sample_room room;
    struct dp_digest leaf;
    struct dp_entry e;
    struct dp_rng r;
    struct dp_name n;
    char title[40];

    dp_rng_seed(&r, 0xe0000u + kind);
    n = sample_name(&r);
    sample_entry(&r, kind, &n, &room, &e);
    e.doc_no = doc_no;
    dp_buf_reset(&m->buf);
    check(m, dp_entry_encode(&e, &m->buf));
    snprintf(title, sizeof(title), "entry.%s", word);
    dp_name_put(&n, name_bytes);
    line(m, title, "name", dp_slice_of(name_bytes, sizeof(name_bytes)));
    line(m, title, "bytes", dp_buf_slice(&m->buf));
    struct dp_slice bytes = dp_buf_slice(&m->buf);
    m->suite->hash(&bytes, 1, &leaf);
    digest_line(m, title, "digest", &leaf);
}

/* ---- blocks ---- */

static void pruned(struct maker *m, const struct dp_block *b, const char *name, const uint16_t *indices,
                   uint16_t n)
{
    struct dp_slice bytes;
    struct dp_digest d;

    dp_buf_reset(&m->buf);
    check(m, dp_block_prune(m->suite, b, indices, n, &m->arena, &m->buf));
    bytes = dp_buf_slice(&m->buf);
    m->suite->hash(&bytes, 1, &d);
    line(m, name, "bytes", bytes);
    digest_line(m, name, "digest", &d);
}

/* The entries with their lengths, as they stand before compression. */
static void raw_line(struct maker *m, const struct dp_block *b, const char *name)
{
    struct dp_buf raw;

    dp_buf_init(&raw, DP_BLOCK_RAW_MAX);
    for (size_t i = 0; i < b->shown_count; i++) {
        uint8_t len[2] = {(uint8_t)(b->shown[i].bytes.len >> 8), (uint8_t)b->shown[i].bytes.len};
        check(m, dp_buf_put(&raw, len, sizeof(len)));
        check(m, dp_buf_put(&raw, b->shown[i].bytes.p, b->shown[i].bytes.len));
    }
    line(m, name, "raw", dp_buf_slice(&raw));
    dp_buf_fini(&raw);
}

static void block(struct maker *m, uint64_t seed, uint16_t count, const char *name, const uint16_t *show,
                  uint16_t show_count)
{
    struct dp_digest digest;
    struct dp_header h;
    struct dp_block b;
    struct dp_rng r;
    char title[40];

    dp_rng_seed(&r, seed);
    dp_buf_reset(&m->buf);
    check(m, sample_block(&r, m->suite, count, &m->arena, &m->buf, &h));
    check(m, dp_block_decode(m->suite, dp_buf_slice(&m->buf), &m->arena, &b));
    if (m->err != DP_OK)
        return;
    dp_header_digest(m->suite, &h, &digest);
    line(m, name, "header", dp_slice_of(m->buf.p, DP_HEADER_BYTES));
    digest_line(m, name, "digest", &digest);
    digest_line(m, name, "root", &h.root);
    line(m, name, "secret", dp_slice_of(b.secret, DP_SECRET_BYTES));
    line(m, name, "first_salt", dp_slice_of(b.shown[0].salt, DP_SALT_BYTES));
    digest_line(m, name, "first_leaf", &b.leaves[0]);
    raw_line(m, &b, name);
    line(m, name, "frame",
         dp_slice_of(m->buf.p + DP_HEADER_BYTES + DP_SECRET_BYTES,
                     m->buf.len - DP_HEADER_BYTES - DP_SECRET_BYTES));
    snprintf(title, sizeof(title), "%s.pruned", name);
    pruned(m, &b, title, show, show_count);
}

static void blocks(struct maker *m)
{
    static const uint16_t one[] = {0}, some[] = {1, 5, 6, 12};

    block(m, 0xb10c1, 1, "block.of1", one, 1);
    block(m, 0xb10c2, 13, "block.of13", some, 4);
}

/* ---- parts, grants, parcels ---- */

static void content(struct maker *m, struct dp_content *c, const char *name)
{
    uint8_t grant[DP_GRANT_BYTES];
    struct dp_digest root;

    for (size_t i = 0; i < c->part_count; i++) {
        dp_buf_reset(&m->buf);
        check(m, dp_part_put(&c->parts[i], &m->buf));
        line(m, name, "part", dp_buf_slice(&m->buf));
        digest_line(m, name, "leaf", &c->leaves[i]);
        dp_grant_put(&c->grants[i], grant);
        line(m, name, "grant", dp_slice_of(grant, sizeof(grant)));
    }
    dp_parts_root(m->suite, c->parts, c->part_count, &root);
    digest_line(m, name, "root", &root);
}

static void parcels(struct maker *m)
{
    struct dp_key recipient, recipient_pub;
    struct dp_sealer sealer;
    struct dp_content c;
    struct dp_buf body;
    struct dp_rng r;

    dp_rng_seed(&r, 0x9a7ce1);
    dp_rng_fill(&r, recipient.b, sizeof(recipient.b));
    check(m, m->suite->kex_pub(&recipient, &recipient_pub));
    struct dp_random rnd = sample_random(&r);
    check(m, dp_sealer_init(&sealer, m->suite, &rnd, sample_node(&r), &recipient_pub));
    check(m, sample_content(&r, &sealer, &m->arena, &c));
    if (m->err != DP_OK)
        return;
    line(m, "recipient", "private", dp_slice_of(recipient.b, sizeof(recipient.b)));
    line(m, "recipient", "public", dp_slice_of(recipient_pub.b, sizeof(recipient_pub.b)));
    content(m, &c, "content");
    dp_buf_init(&body, DP_PARCEL_PLAIN_MAX);
    check(m, dp_content_put(&c, &body));
    line(m, "content", "record", dp_buf_slice(&body));
    for (int i = 0; i < 2; i++) {
        dp_buf_reset(&m->buf);
        check(m, dp_parcel_seal(&sealer, DP_PARCEL_CONTENT, dp_buf_slice(&body), &m->arena, &m->buf));
        line(m, "parcel", "bytes", dp_buf_slice(&m->buf));
    }
    dp_sealer_fini(&sealer);
    dp_buf_fini(&body);
}

static void part_text(struct maker *m, uint8_t kind)
{
    struct dp_part_text text;
    struct dp_rng r;
    char title[40];

    dp_rng_seed(&r, 0x7e470u + kind);
    sample_part_text(&r, kind, &text);
    dp_buf_reset(&m->buf);
    check(m, dp_part_text_encode(&text, &m->buf));
    snprintf(title, sizeof(title), "part_text.%s", dp_part_kind_word(kind));
    line(m, title, "bytes", dp_buf_slice(&m->buf));
}

/* ---- frames ---- */

static void frame(struct maker *m, uint8_t type, const char *name)
{
    struct dp_frame f;
    struct dp_buf body;
    struct dp_rng r;

    dp_rng_seed(&r, 0xf4a30u + type);
    dp_buf_init(&body, BUF_MAX);
    f = sample_frame(&r, type, &body);
    dp_buf_reset(&m->buf);
    check(m, dp_frame_put(&f, &m->buf));
    line(m, name, "bytes", dp_buf_slice(&m->buf));
    dp_buf_fini(&body);
}

enum dp_err vectors_wire(FILE *out)
{
    struct maker m = {.out = out, .suite = dp_suite_of(DP_SUITE_INTL)};

    dp_arena_init(&m.arena, 8 << 20, 0);
    dp_buf_init(&m.buf, BUF_MAX);
    fputs("# SPDX-License-Identifier: Apache-2.0\n"
          "# Golden vectors of the wire formats, made by vectors_make. These bytes never change.\n"
          "# Entries (R-FMT-1): name, bytes, SHA-256 of the bytes.\n",
          out);
    for (size_t i = 0; i < sample_kind_count; i++)
        entry(&m, sample_kinds[i], dp_kind_word(sample_kinds[i]), NULL);
    entry(&m, DP_KIND_OPINION, "opinion_with_doc_no", "天信处〔2026〕12 号");
    fputs("# Blocks (R-BLK-1 to R-BLK-5): the header and its digest, the body before and after zstd, a "
          "pruned form.\n",
          out);
    blocks(&m);
    fputs("# Parts, grants, a record and two parcels of one sealer (R-PART-1, R-PART-2, R-PARC-1).\n", out);
    parcels(&m);
    for (int kind = DP_PART_PETITIONERS; kind <= DP_PART_KEY; kind++)
        part_text(&m, (uint8_t)kind);
    fputs("# Frames (proto/link.md).\n", out);
    frame(&m, DP_FRAME_HELLO, "frame.hello");
    frame(&m, DP_FRAME_ITEM, "frame.item");
    frame(&m, DP_FRAME_ACK, "frame.ack");
    frame(&m, DP_FRAME_REFUSED, "frame.refused");
    frame(&m, DP_FRAME_BYE, "frame.bye");
    frame(&m, DP_FRAME_KEEP, "frame.keep");
    dp_buf_fini(&m.buf);
    dp_arena_fini(&m.arena);
    return m.err;
}
