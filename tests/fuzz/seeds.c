/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write the seeds of every target from one seed: fuzz_seeds FOLDER makes FOLDER/<target>/made-NNN. Half of
 * what holds digests is made under the hollow suite, so that a changed byte does not end at the first check.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "support/sample.h"
#include "wire/chunk.h"
#include "wire/post.h"

#define SEEDS 48
#define SEEDS_ALONE 64 /* of a target without recorded ones */
#define BUF_MAX (1 << 20)

struct seeder {
    const char *folder;
    const struct dp_suite *suite; /* of this seed */
    struct dp_rng rng;
    struct dp_arena arena;
    struct dp_buf buf;
};

static void must(enum dp_err e)
{
    if (e != DP_OK) {
        fprintf(stderr, "seeds: %s\n", dp_err_text(e));
        exit(1);
    }
}

static void entry(struct seeder *s, unsigned i)
{
    const struct dp_name name = {{UINT64_C(33102300000000)}, 7, 3};
    uint8_t head[DP_NAME_BYTES];
    struct sample_room room;
    struct dp_entry e;

    sample_entry(&s->rng, sample_kinds[i % sample_kind_count], &name, &room, &e);
    if (dp_kind_shape(e.kind) == DP_SHAPE_ACT && i % 2 != 0)
        e.doc_no = "天信处〔2026〕12 号";
    dp_name_put(&name, head);
    must(dp_buf_put(&s->buf, head, sizeof(head)));
    must(dp_entry_encode(&e, &s->buf));
}

static struct dp_block some_block(struct seeder *s, unsigned i)
{
    struct dp_header h;
    struct dp_block b;

    must(sample_block(&s->rng, s->suite, (uint16_t)(1 + i % 9), &s->arena, &s->buf, &h));
    must(dp_block_decode(s->suite, dp_buf_slice(&s->buf), &s->arena, &b));
    return b;
}

static void block(struct seeder *s, unsigned i)
{
    some_block(s, i);
}

static void header(struct seeder *s, unsigned i)
{
    some_block(s, i);
    s->buf.len = DP_HEADER_BYTES;
}

static void pruned(struct seeder *s, unsigned i)
{
    struct dp_block b = some_block(s, i);
    uint16_t indices[16], n = 0;

    for (uint16_t k = 0; k < b.h.count; k++) {
        if (dp_rng_chance(&s->rng, 1, 3) || (n == 0 && k + 1 == b.h.count))
            indices[n++] = k;
    }
    dp_buf_reset(&s->buf);
    must(dp_block_prune(s->suite, &b, indices, n, &s->arena, &s->buf));
}

static struct dp_sealer sealer(struct seeder *s)
{
    const struct dp_random rnd = sample_random(&s->rng);
    struct dp_sealer made;
    struct dp_key pub;

    must(s->suite->kex_pub(&fuzz_recipient, &pub));
    must(dp_sealer_init(&made, s->suite, &rnd, sample_node(&s->rng), &pub));
    return made;
}

static struct dp_content some_content(struct seeder *s, struct dp_sealer *to)
{
    struct dp_content c;

    must(sample_content(&s->rng, to, &s->arena, &c));
    return c;
}

static void key(struct seeder *s, const struct dp_key *k)
{
    must(dp_buf_put(&s->buf, k->b, sizeof(k->b)));
}

static void part(struct seeder *s, unsigned i)
{
    struct dp_sealer to = sealer(s);
    struct dp_content c = some_content(s, &to);

    (void)i;
    key(s, &fuzz_recipient); /* not the one it is under: only the hollow suite opens it */
    must(dp_part_put(&c.parts[0], &s->buf));
}

static void part_text(struct seeder *s, unsigned i)
{
    uint8_t kind = (uint8_t)(1 + i % DP_PART_KEY);
    struct dp_part_text t;

    sample_part_text(&s->rng, kind, &t);
    must(dp_buf_put(&s->buf, &kind, 1));
    must(dp_part_text_encode(&t, &s->buf));
}

static void grant(struct seeder *s, unsigned i)
{
    struct dp_sealer to = sealer(s);
    struct dp_content c = some_content(s, &to);
    uint8_t bytes[DP_GRANT_BYTES];

    (void)i;
    key(s, &fuzz_recipient);
    dp_grant_put(&c.grants[0], bytes);
    must(dp_buf_put(&s->buf, bytes, sizeof(bytes)));
}

static void content(struct seeder *s, unsigned i)
{
    struct dp_sealer to = sealer(s);

    for (unsigned k = 0; k <= i % 2; k++) {
        struct dp_content c = some_content(s, &to);
        must(dp_content_put(&c, &s->buf));
    }
}

static void parcel(struct seeder *s, unsigned i)
{
    struct dp_sealer to = sealer(s);
    struct dp_content c = some_content(s, &to);
    struct dp_buf body;

    dp_buf_init(&body, BUF_MAX);
    must(dp_content_put(&c, &body));
    key(s, &fuzz_recipient);
    must(dp_parcel_seal(&to, (uint8_t)(1 + i % DP_PARCEL_RECEIPT), dp_buf_slice(&body), &s->arena, &s->buf));
    dp_buf_fini(&body);
}

static void frame(struct seeder *s, unsigned i)
{
    struct dp_buf body;
    struct dp_frame f;

    dp_buf_init(&body, BUF_MAX);
    f = sample_frame(&s->rng, (uint8_t)(1 + i % DP_FRAME_PROOF), &body);
    must(dp_frame_put(&f, &s->buf));
    dp_buf_fini(&body);
}

/* Most are the last of their file, which may be short. */
static void chunk(struct seeder *s, unsigned i)
{
    static struct dp_digest leaves[DP_CHUNKS_MAX];
    static uint8_t sealed[DP_CHUNK_BYTES + DP_TAG_BYTES];
    static const uint32_t counts[] = {1, 2, 3, 4, 5, 7, 8, 33, 100, 1023, 1024, DP_CHUNKS_MAX};
    const uint32_t count = counts[i / 2 % 12];
    const bool whole = i % 16 == 7;
    const uint32_t index = whole ? (uint32_t)dp_rng_below(&s->rng, count) : count - 1;
    struct dp_slice bytes = {sealed, whole ? sizeof(sealed) : DP_TAG_BYTES + 1 + dp_rng_below(&s->rng, 200)};
    struct dp_chunk_tree t;
    struct dp_chunk c;

    dp_rng_fill(&s->rng, sealed, bytes.len);
    dp_rng_fill(&s->rng, leaves, count * sizeof(leaves[0]));
    dp_chunk_leaf(s->suite, index, bytes, &leaves[index]);
    must(dp_chunk_tree_make(s->suite, leaves, count, &s->arena, &t));
    dp_chunk_prove(&t, index, &c);
    c.sealed = bytes;
    must(dp_buf_reserve(&s->buf, dp_chunk_wire_bytes(count, index, bytes.len)));
    struct dp_wr w = dp_wr_of(s->buf.p, s->buf.cap);
    must(dp_chunk_put(&c, &w));
    s->buf.len = w.len;
}

/* Some items, the last of which goes on in the next post; without the zeros behind them. */
static void post(struct seeder *s, unsigned i)
{
    static uint8_t stream[DP_POST_LARGE], body[DP_POST_BODY(DP_POST_LARGE)];
    const uint32_t size = i / 2 % 2 == 0 ? DP_POST_SMALL : DP_POST_LARGE;
    const uint32_t lens[] = {0, 1, 47, 49, 360, 700};
    struct dp_wr w = dp_wr_of(stream, DP_POST_ROOM(size));
    struct dp_post p = {
        .from = {UINT64_C(33102310520000)}, .stream = 1 + dp_rng_below(&s->rng, 1u << 20), .number = i + 1};
    struct dp_key key;

    for (unsigned k = 0; k < i % 5; k++) {
        uint32_t len = lens[dp_rng_below(&s->rng, sizeof(lens) / sizeof(lens[0]))];
        dp_wr_u8(&w, (uint8_t)(1 + dp_rng_below(&s->rng, 3)));
        dp_wr_u32(&w, len);
        dp_rng_fill(&s->rng, stream + w.len, len);
        w.len += len;
    }
    p.offset = dp_rng_below(&s->rng, 5000);
    p.ack = (struct dp_post_ack){p.stream + 1, i / 3, dp_rng_below(&s->rng, 900)};
    p.bytes = dp_slice_of(stream, w.len > 30 && i % 3 == 0 ? w.len - 17 : w.len);
    dp_rng_fill(&s->rng, &key, sizeof(key));
    must(dp_post_put(&p, s->suite, &key, (struct dp_node){UINT64_C(33102300000000)}, size, body));
    const uint8_t large = size == DP_POST_LARGE;
    must(dp_buf_put(&s->buf, &large, 1));
    must(dp_buf_put(&s->buf, body, DP_POST_HEAD_BYTES + p.bytes.len));
}

static const struct {
    const char *name;
    void (*make)(struct seeder *s, unsigned i);
    unsigned seeds;
} targets[] = {
    {"entry", entry, SEEDS},         {"header", header, SEEDS},     {"block", block, SEEDS},
    {"pruned", pruned, SEEDS},       {"part", part, SEEDS},         {"grant", grant, SEEDS},
    {"part_text", part_text, SEEDS}, {"frame", frame, SEEDS},       {"content", content, SEEDS},
    {"parcel", parcel, SEEDS},       {"chunk", chunk, SEEDS_ALONE}, {"post", post, SEEDS_ALONE},
};

static void make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        perror(path);
        exit(1);
    }
}

static void write_seed(const struct seeder *s, const char *target, unsigned i)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", s->folder, target);
    make_folder(path);
    snprintf(path, sizeof(path), "%s/%s/made-%03u", s->folder, target, i);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(s->buf.p, 1, s->buf.len, f) != s->buf.len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct seeder s = {.folder = argc == 2 ? argv[1] : NULL};

    if (s.folder == NULL) {
        fputs("usage: fuzz_seeds FOLDER\n", stderr);
        return 2;
    }
    make_folder(s.folder);
    dp_arena_init(&s.arena, 16 << 20, 0);
    dp_buf_init(&s.buf, BUF_MAX);
    for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
        dp_rng_seed(&s.rng, 0x5eed0 + t);
        for (unsigned i = 0; i < targets[t].seeds; i++) {
            s.suite = i % 2 == 0 ? dp_suite_of(DP_SUITE_INTL) : &fuzz_hollow;
            dp_buf_reset(&s.buf);
            dp_arena_reset(&s.arena);
            targets[t].make(&s, i);
            write_seed(&s, targets[t].name, i);
        }
    }
    dp_buf_fini(&s.buf);
    dp_arena_fini(&s.arena);
    return 0;
}
