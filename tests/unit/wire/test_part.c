/* SPDX-License-Identifier: Apache-2.0 */
/* Parts, grants, parcels and their texts (R-PART-1, R-PART-2, R-PARC-1). */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "support/sample.h"

struct fixture {
    const struct dp_suite *suite;
    struct dp_rng rng;
    struct dp_random random;
    struct dp_arena arena;
    struct dp_buf buf;
    struct dp_key recipient, recipient_pub;
    struct dp_node node;
    struct dp_sealer sealer;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    f->suite = dp_suite_of(DP_SUITE_INTL);
    dp_rng_seed(&f->rng, 78);
    f->random = sample_random(&f->rng);
    dp_arena_init(&f->arena, 16 << 20, 0);
    dp_buf_init(&f->buf, 1 << 20);
    dp_rng_fill(&f->rng, f->recipient.b, 32);
    f->node.v = UINT64_C(33102300000000);
    if (f->suite->kex_pub(&f->recipient, &f->recipient_pub) != DP_OK)
        return -1;
    *state = f;
    return dp_sealer_init(&f->sealer, f->suite, &f->random, f->node, &f->recipient_pub) == DP_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    dp_sealer_fini(&f->sealer);
    dp_buf_fini(&f->buf);
    dp_arena_fini(&f->arena);
    free(f);
    return 0;
}

static struct dp_part sealed(struct fixture *f, uint8_t index, const char *text, struct dp_key *key)
{
    struct dp_part p;

    assert_ok(
        dp_part_seal(f->suite, &f->random, DP_PART_TEXT, index, dp_slice_str(text), &f->arena, &p, key));
    return p;
}

/* ---- parts ---- */

static void a_part_opens_under_its_key_alone(void **state)
{
    struct fixture *f = *state;
    struct dp_key key, wrong;
    struct dp_part p = sealed(f, 2, "征地补偿", &key);
    struct dp_slice plain;

    assert_ok(dp_part_open(f->suite, &p, &key, &f->arena, &plain));
    assert_true(dp_slice_eq(plain, dp_slice_str("征地补偿")));
    wrong = key;
    wrong.b[31] ^= 1;
    assert_int_equal(dp_part_open(f->suite, &p, &wrong, &f->arena, &plain), DP_SIGNATURE);
    p.index = 3; /* moved to another place */
    assert_int_equal(dp_part_open(f->suite, &p, &key, &f->arena, &plain), DP_SIGNATURE);
    p.index = 2;
    p.sealed.len--;
    assert_int_equal(dp_part_open(f->suite, &p, &key, &f->arena, &plain), DP_SIGNATURE);
    p.sealed.len = DP_TAG_BYTES - 1;
    assert_int_equal(dp_part_open(f->suite, &p, &key, &f->arena, &plain), DP_FORMAT);
}

static void limits_of_parts(void **state)
{
    struct fixture *f = *state;
    uint8_t *plain = calloc(1, DP_PART_PLAIN_MAX + 1);
    struct dp_slice most = {plain, DP_PART_PLAIN_MAX}, more = {plain, DP_PART_PLAIN_MAX + 1};
    struct dp_key key;
    struct dp_part p;

    assert_non_null(plain);
    assert_ok(dp_part_seal(f->suite, &f->random, DP_PART_TEXT, 0, most, &f->arena, &p, &key));
    assert_int_equal(dp_part_seal(f->suite, &f->random, DP_PART_TEXT, 0, more, &f->arena, &p, &key),
                     DP_TOO_BIG);
    assert_int_equal(dp_part_seal(f->suite, &f->random, DP_PART_TEXT, 8, most, &f->arena, &p, &key),
                     DP_RANGE);
    assert_int_equal(dp_part_seal(f->suite, &f->random, 6, 0, most, &f->arena, &p, &key), DP_RANGE);
    free(plain);
}

/* R-PART-1, spelled out. */
static void the_leaf_is_that_of_the_rule(void **state)
{
    struct fixture *f = *state;
    struct dp_key key;
    struct dp_part p = sealed(f, 1, "x", &key);
    uint8_t three = 3, four = 4;
    struct dp_slice key_parts[] = {{&four, 1}, {key.b, 32}};
    struct dp_digest commit, content, leaf, want;

    f->suite->hash(key_parts, 2, &commit);
    assert_true(dp_digest_eq(&commit, &p.commit));
    f->suite->hash(&p.sealed, 1, &content);
    struct dp_slice parts[] = {{&three, 1},   {p.salt, 16},   {&p.kind, 1},
                               {&p.index, 1}, {commit.b, 32}, {content.b, 32}};
    f->suite->hash(parts, 6, &want);
    dp_part_leaf(f->suite, &p, &leaf);
    assert_true(dp_digest_eq(&leaf, &want));
}

static void the_root_covers_all_parts(void **state)
{
    struct fixture *f = *state;
    struct dp_key key;
    struct dp_part parts[3] = {sealed(f, 0, "a", &key), sealed(f, 1, "b", &key), sealed(f, 2, "c", &key)};
    struct dp_digest leaves[3], want, root;

    for (int i = 0; i < 3; i++)
        dp_part_leaf(f->suite, &parts[i], &leaves[i]);
    dp_merkle_root(f->suite, leaves, 3, &want);
    dp_parts_root(f->suite, parts, 3, &root);
    assert_true(dp_digest_eq(&root, &want));
    parts[1].salt[0] ^= 1;
    dp_parts_root(f->suite, parts, 3, &root);
    assert_false(dp_digest_eq(&root, &want));
    dp_parts_root(f->suite, parts, 0, &root);
    assert_true(dp_digest_is_zero(&root));
}

static void the_wire_form_of_a_part(void **state)
{
    struct fixture *f = *state;
    struct dp_key key;
    struct dp_part p = sealed(f, 1, "x", &key), again;
    struct dp_rd r;

    assert_ok(dp_part_put(&p, &f->buf));
    assert_int_equal(f->buf.len, 1 + 1 + 16 + 32 + 4 + 1 + DP_TAG_BYTES);
    r = dp_rd_of(dp_buf_slice(&f->buf));
    assert_ok(dp_part_get(&r, &again));
    assert_ok(dp_rd_done(&r));
    assert_true(dp_slice_eq(again.sealed, p.sealed));
    for (size_t len = 0; len < f->buf.len; len++) {
        r = dp_rd_of(dp_slice_of(f->buf.p, len));
        assert_int_equal(dp_part_get(&r, &again), DP_FORMAT);
    }
    f->buf.p[0] = 0; /* no such kind */
    r = dp_rd_of(dp_buf_slice(&f->buf));
    assert_int_equal(dp_part_get(&r, &again), DP_FORMAT);
}

static void kinds_have_words(void **state)
{
    (void)state;
    assert_string_equal(dp_part_kind_word(DP_PART_PETITIONERS), "petitioners");
    assert_string_equal(dp_part_kind_word(DP_PART_KEY), "key");
    assert_null(dp_part_kind_word(0));
    assert_null(dp_part_kind_word(6));
}

/* ---- grants ---- */

static void a_grant_opens_for_its_recipient_alone(void **state)
{
    struct fixture *f = *state;
    struct dp_name entry = sample_name(&f->rng);
    struct dp_key key = {{5}}, opened, stranger = {{6}};
    uint8_t bytes[DP_GRANT_BYTES];
    struct dp_grant g, again;

    assert_ok(dp_grant_seal(&f->sealer, &entry, 3, &key, &g));
    dp_grant_put(&g, bytes);
    assert_ok(dp_grant_get(dp_slice_of(bytes, sizeof(bytes)), &again));
    assert_ok(dp_grant_open(f->suite, &again, &f->recipient, &opened));
    assert_memory_equal(opened.b, key.b, 32);
    assert_int_equal(dp_grant_open(f->suite, &again, &stranger, &opened), DP_SIGNATURE);
    assert_int_equal(dp_grant_get(dp_slice_of(bytes, sizeof(bytes) - 1), &again), DP_FORMAT);
}

/* R-PART-2: the info of the derivation binds each of these. */
static void a_grant_moved_elsewhere_does_not_open(void **state)
{
    struct fixture *f = *state;
    struct dp_name entry = sample_name(&f->rng);
    struct dp_key key = {{5}}, opened;
    struct dp_grant g, moved;

    assert_ok(dp_grant_seal(&f->sealer, &entry, 3, &key, &g));
    moved = g;
    moved.entry.seq++;
    assert_int_equal(dp_grant_open(f->suite, &moved, &f->recipient, &opened), DP_SIGNATURE);
    moved = g;
    moved.index = 2;
    assert_int_equal(dp_grant_open(f->suite, &moved, &f->recipient, &opened), DP_SIGNATURE);
    moved = g;
    moved.recipient.v += 10500000;
    assert_int_equal(dp_grant_open(f->suite, &moved, &f->recipient, &opened), DP_SIGNATURE);
    moved = g;
    moved.ephemeral.b[0] ^= 1;
    assert_int_equal(dp_grant_open(f->suite, &moved, &f->recipient, &opened), DP_SIGNATURE);
    moved = g;
    moved.sealed[0] ^= 1;
    assert_int_equal(dp_grant_open(f->suite, &moved, &f->recipient, &opened), DP_SIGNATURE);
}

/* ---- parcels ---- */

static void a_parcel_shows_its_recipient_and_a_rounded_size(void **state)
{
    static const struct {
        size_t body, sealed;
    } rows[] = {
        {0, 512}, {507, 512}, {508, 1024}, {5000, 5120}, {DP_PARCEL_PLAIN_MAX - 5, DP_PARCEL_PLAIN_MAX}};
    struct fixture *f = *state;
    uint8_t *bytes = malloc(DP_PARCEL_PLAIN_MAX);
    struct dp_slice body;
    struct dp_node to;
    uint8_t kind;

    assert_non_null(bytes);
    memset(bytes, 0xab, DP_PARCEL_PLAIN_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dp_buf_reset(&f->buf);
        assert_ok(dp_parcel_seal(&f->sealer, DP_PARCEL_MATTER, dp_slice_of(bytes, rows[i].body), &f->arena,
                                 &f->buf));
        assert_int_equal(f->buf.len, 58 + rows[i].sealed + DP_TAG_BYTES);
        assert_ok(dp_parcel_recipient(dp_buf_slice(&f->buf), &to));
        assert_int_equal(to.v, f->node.v);
        assert_ok(dp_parcel_open(f->suite, dp_buf_slice(&f->buf), &f->recipient, &f->arena, &kind, &body));
        assert_int_equal(kind, DP_PARCEL_MATTER);
        assert_true(dp_slice_eq(body, dp_slice_of(bytes, rows[i].body)));
    }
    assert_int_equal(dp_parcel_seal(&f->sealer, DP_PARCEL_MATTER, dp_slice_of(bytes, DP_PARCEL_PLAIN_MAX - 4),
                                    &f->arena, &f->buf),
                     DP_TOO_BIG);
    free(bytes);
}

static void parcels_of_one_sealer_have_keys_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct dp_slice body = dp_slice_str("the same body"), opened;
    size_t len;
    uint8_t kind;

    assert_ok(dp_parcel_seal(&f->sealer, DP_PARCEL_RECEIPT, body, &f->arena, &f->buf));
    len = f->buf.len;
    assert_ok(dp_parcel_seal(&f->sealer, DP_PARCEL_RECEIPT, body, &f->arena, &f->buf));
    assert_memory_not_equal(f->buf.p + 58, f->buf.p + len + 58, 64);
    assert_ok(
        dp_parcel_open(f->suite, dp_slice_of(f->buf.p + len, len), &f->recipient, &f->arena, &kind, &opened));
    assert_true(dp_slice_eq(opened, body));
    f->buf.p[len + 53]--; /* the number of the first */
    assert_int_equal(
        dp_parcel_open(f->suite, dp_slice_of(f->buf.p + len, len), &f->recipient, &f->arena, &kind, &opened),
        DP_SIGNATURE);
}

static void changed_parcels_do_not_open(void **state)
{
    struct fixture *f = *state;
    struct dp_slice opened;
    uint8_t kind;

    assert_ok(dp_parcel_seal(&f->sealer, DP_PARCEL_RECEIPT, dp_slice_str("x"), &f->arena, &f->buf));
    for (size_t i = 0; i < f->buf.len; i += i < 80 ? 1 : 37) {
        f->buf.p[i] ^= 0x02;
        assert_int_not_equal(
            dp_parcel_open(f->suite, dp_buf_slice(&f->buf), &f->recipient, &f->arena, &kind, &opened), DP_OK);
        f->buf.p[i] ^= 0x02;
    }
    for (size_t len = 0; len < f->buf.len; len += 13)
        assert_int_equal(
            dp_parcel_open(f->suite, dp_slice_of(f->buf.p, len), &f->recipient, &f->arena, &kind, &opened),
            DP_FORMAT);
}

/* ---- content ---- */

static void records_follow_each_other(void **state)
{
    struct fixture *f = *state;
    struct dp_content one, two, seen;
    struct dp_rd r;

    assert_ok(sample_content(&f->rng, &f->sealer, &f->arena, &one));
    assert_ok(sample_content(&f->rng, &f->sealer, &f->arena, &two));
    memmove(&two.parts[0], &two.parts[two.part_count - 1], sizeof(two.parts[0]));
    two.part_count = 1; /* the others withheld, their leaves there */
    assert_ok(dp_content_put(&one, &f->buf));
    assert_ok(dp_content_put(&two, &f->buf));
    r = dp_rd_of(dp_buf_slice(&f->buf));
    assert_ok(dp_content_next(f->suite, &r, &seen));
    assert_true(dp_name_eq(&seen.entry, &one.entry));
    assert_int_equal(seen.part_count, one.part_count);
    assert_ok(dp_content_next(f->suite, &r, &seen));
    assert_int_equal(seen.leaf_count, two.leaf_count);
    assert_int_equal(seen.part_count, 1);
    assert_int_equal(dp_content_next(f->suite, &r, &seen), DP_NOT_FOUND);
}

static void foreign_parts_and_grants_are_refused(void **state)
{
    struct fixture *f = *state;
    struct dp_content c, bad, seen;
    struct dp_rd r;

    assert_ok(sample_content(&f->rng, &f->sealer, &f->arena, &c));
    bad = c;
    bad.leaves[0].b[0] ^= 1;
    assert_ok(dp_content_put(&bad, &f->buf));
    r = dp_rd_of(dp_buf_slice(&f->buf));
    assert_int_equal(dp_content_next(f->suite, &r, &seen), DP_SIGNATURE);
    bad = c;
    bad.grants[0].entry.seq++;
    assert_int_equal(dp_content_put(&bad, &f->buf), DP_RANGE);
    bad = c;
    bad.leaf_count = 0;
    assert_int_equal(dp_content_put(&bad, &f->buf), DP_RANGE);
    dp_buf_reset(&f->buf);
    assert_ok(dp_content_put(&c, &f->buf));
    for (size_t len = 1; len < f->buf.len; len++) {
        r = dp_rd_of(dp_slice_of(f->buf.p, len));
        assert_int_equal(dp_content_next(f->suite, &r, &seen), DP_FORMAT);
    }
}

/* ---- texts ---- */

static void texts_survive_both_ways(void **state)
{
    struct fixture *f = *state;
    struct dp_buf second;

    dp_buf_init(&second, DP_PART_PLAIN_MAX);
    for (int i = 0; i < 200; i++) {
        uint8_t kind = (uint8_t)(1 + i % 5);
        struct dp_part_text t, again;
        sample_part_text(&f->rng, kind, &t);
        dp_buf_reset(&f->buf);
        dp_buf_reset(&second);
        assert_ok(dp_part_text_encode(&t, &f->buf));
        assert_ok(dp_part_text_decode(kind, dp_buf_slice(&f->buf), &f->arena, &again));
        assert_ok(dp_part_text_encode(&again, &second));
        assert_true(dp_slice_eq(dp_buf_slice(&f->buf), dp_buf_slice(&second)));
    }
    dp_buf_fini(&second);
}

static void petitioners_keep_their_fields(void **state)
{
    struct fixture *f = *state;
    struct dp_part_text t = {.kind = DP_PART_PETITIONERS, .petitioner_count = 1}, again;
    struct dp_petitioner *p = &t.petitioners[0];

    p->name = "许某乙";
    p->id_no = "3310";
    p->phone = "139";
    p->address = "赤城街道\n12 号";
    p->proxy_name = "代跑员";
    p->proxy_note = "note";
    p->id_type = 1;
    p->gender = 2;
    p->address_div.v = UINT64_C(331023001000);
    p->birth.day = -7000; /* 1950 */
    p->anonymous = p->main = true;
    assert_ok(dp_part_text_encode(&t, &f->buf));
    assert_ok(dp_part_text_decode(DP_PART_PETITIONERS, dp_buf_slice(&f->buf), &f->arena, &again));
    assert_int_equal(again.petitioner_count, 1);
    p = &again.petitioners[0];
    assert_string_equal(p->name, "许某乙");
    assert_string_equal(p->id_no, "3310");
    assert_string_equal(p->phone, "139");
    assert_string_equal(p->address, "赤城街道\n12 号");
    assert_string_equal(p->proxy_name, "代跑员");
    assert_string_equal(p->proxy_note, "note");
    assert_true(p->id_type == 1 && p->gender == 2 && p->birth.day == -7000 && p->anonymous && p->main);
    assert_int_equal(p->address_div.v, UINT64_C(331023001000));
    t.petitioners[0].birth.day = DP_BIRTH_EPOCH; /* 1970-01-01, whose own number says "none" */
    dp_buf_reset(&f->buf);
    assert_ok(dp_part_text_encode(&t, &f->buf));
    assert_ok(dp_part_text_decode(DP_PART_PETITIONERS, dp_buf_slice(&f->buf), &f->arena, &again));
    assert_int_equal(again.petitioners[0].birth.day, DP_BIRTH_EPOCH);
}

static void texts_are_checked(void **state)
{
    struct fixture *f = *state;
    struct dp_part_text t = {.kind = DP_PART_TEXT};
    char *big = malloc(20000);

    assert_non_null(big);
    memset(big, 'a', 20000);
    big[16385] = '\0';
    t.text = big;
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    big[16384] = '\0';
    assert_ok(dp_part_text_encode(&t, &f->buf));
    t.text = "\x1b[31m";
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    assert_string_equal(dp_part_text_fault(&t), "text");
    t = (struct dp_part_text){.kind = DP_PART_PETITIONERS};
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    t.petitioner_count = DP_PETITIONERS_MAX + 1;
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    assert_string_equal(dp_part_text_fault(&t), "petitioners");
    assert_int_equal(dp_part_text_decode(9, dp_slice_str(""), &f->arena, &t), DP_FORMAT);
    assert_int_equal(dp_part_text_decode(DP_PART_KEY, dp_slice_str(""), &f->arena, &t), DP_FORMAT);
    assert_ok(dp_part_text_decode(DP_PART_TEXT, dp_slice_str(""), &f->arena, &t));
    assert_null(t.text);
    dp_buf_fini(&f->buf); /* nothing to say, into a buffer that has nothing yet */
    assert_ok(dp_part_text_encode(&t, &f->buf));
    assert_int_equal(f->buf.len, 0);
    free(big);
}

/* A refusal names the field. */
static void the_field_is_named(void **state)
{
    struct fixture *f = *state;
    struct dp_part_text t = {.kind = DP_PART_PETITIONERS, .petitioner_count = 2};
    struct dp_petitioner *p = &t.petitioners[1];
    char *big = malloc(16386);

    assert_non_null(big);
    memset(big, 'a', 16385);
    big[16385] = '\0';
    t.petitioners[0].name = "Wang Cuihua";
    p->address = big;
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    assert_string_equal(dp_part_text_fault(&t), "address");
    p->phone = "138\x1b[0m";
    assert_string_equal(dp_part_text_fault(&t), "phone");
    p->birth.day = -60000; /* before 1806 */
    assert_string_equal(dp_part_text_fault(&t), "birth");
    *p = (struct dp_petitioner){.gender = 10};
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    assert_string_equal(dp_part_text_fault(&t), "gender");
    *p = (struct dp_petitioner){.address_div = {.v = 1}};
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    assert_string_equal(dp_part_text_fault(&t), "address_div");
    t = (struct dp_part_text){.kind = DP_PART_CONTENT, .title = "a roof", .content = big};
    assert_int_equal(dp_part_text_encode(&t, &f->buf), DP_RANGE);
    assert_string_equal(dp_part_text_fault(&t), "content");
    free(big);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_part_opens_under_its_key_alone),
        TEST(limits_of_parts),
        TEST(the_leaf_is_that_of_the_rule),
        TEST(the_root_covers_all_parts),
        TEST(the_wire_form_of_a_part),
        TEST(kinds_have_words),
        TEST(a_grant_opens_for_its_recipient_alone),
        TEST(a_grant_moved_elsewhere_does_not_open),
        TEST(a_parcel_shows_its_recipient_and_a_rounded_size),
        TEST(parcels_of_one_sealer_have_keys_of_their_own),
        TEST(changed_parcels_do_not_open),
        TEST(records_follow_each_other),
        TEST(foreign_parts_and_grants_are_refused),
        TEST(texts_survive_both_ways),
        TEST(petitioners_keep_their_fields),
        TEST(texts_are_checked),
        TEST(the_field_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
