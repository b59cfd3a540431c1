/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasure on real daemons: village, township and county (R-STO-2, R-STO-6, R-PARC-2). A thief copies every
 * byte of every store, before the erasure and after it, and then gets all keys that are left. This program
 * finds records in the bytes by the shape of LMDB's pages alone, whether they are in use or free, tries each
 * with the keys of each node, and looks in what comes out for the words of the matter. Without the erasure it
 * finds them; with it nothing, in the copies of before neither. A backup of before opens but for what was
 * erased (R-STO-7).
 *
 *   test_system_erase DAIPAOD DAIPAOD_PROBE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "crypto/random.h"
#include "crypto/vault.h"
#include "store/layout.h"
#include "tree.h"
#include "wire/part.h"

#define NAME "Zhou Yanxin"
#define CONTENT "the dam above the mill leaks at night"
#define OTHER "Ma Lianzhu"
#define PAGE 4096
#define KEYS_MAX 4096
#define HOLDERS 3
#define LEN_MAX 200000

struct scene {
    struct tree t;
    struct proc_node *holder[HOLDERS];
    struct dp_keyring *kr[HOLDERS];
    struct dp_keyvault vault[HOLDERS];
    struct dp_random random;
    struct dp_arena arena;
    /* what came out of one scan */
    unsigned opened, found[2]; /* records; with the words of the erased matter, of the other one */
    struct dp_key key[KEYS_MAX];
    unsigned keys;
    struct dp_part *part;
    unsigned parts, parts_cap;
};

/* ---- what is opened ---- */

static void keep_key(struct scene *s, const uint8_t b[32])
{
    CHECK(s->keys < KEYS_MAX, "more keys than expected");
    memcpy(s->key[s->keys++].b, b, 32);
}

static void keep_part(struct scene *s, const struct dp_part *p)
{
    if (s->parts == s->parts_cap) {
        s->parts_cap = s->parts_cap == 0 ? 256 : s->parts_cap * 2;
        s->part = realloc(s->part, s->parts_cap * sizeof s->part[0]);
        CHECK(s->part != NULL, "no memory");
    }
    s->part[s->parts++] = *p;
}

static void keep_grant(struct scene *s, const struct dp_grant *g)
{
    struct dp_key key;
    for (unsigned i = 0; i < HOLDERS; i++)
        if (dp_grant_open(dp_suite_of(DP_SUITE_INTL), g, &s->kr[i]->seal, &key) == DP_OK)
            keep_key(s, key.b);
}

static void take_content(struct scene *s, struct dp_slice body)
{
    static struct dp_content c;
    struct dp_rd r = dp_rd_of(body);
    while (dp_content_next(dp_suite_of(DP_SUITE_INTL), &r, &c) == DP_OK) {
        for (uint8_t i = 0; i < c.part_count; i++)
            keep_part(s, &c.parts[i]);
        for (uint8_t i = 0; i < c.grant_count; i++)
            keep_grant(s, &c.grants[i]);
    }
}

/* A value without the seal of a store: parts, keys, grants, parcels, content, each tried for what it may be.
 */
static void take(struct scene *s, struct dp_slice v)
{
    struct dp_part part;
    struct dp_grant grant;
    struct dp_slice body;
    uint8_t kind;
    bool failed = false;
    v = dp_arena_copy(&s->arena, v, &failed);
    CHECK(!failed, "no memory");
    struct dp_rd r = dp_rd_of(v);
    if (v.len == 32)
        keep_key(s, v.p);
    if (dp_part_get(&r, &part) == DP_OK)
        keep_part(s, &part);
    if (dp_grant_get(v, &grant) == DP_OK)
        keep_grant(s, &grant);
    for (unsigned i = 0; i < HOLDERS; i++)
        if (dp_parcel_open(dp_suite_of(DP_SUITE_INTL), v, &s->kr[i]->seal, &s->arena, &kind, &body) == DP_OK)
            take_content(s, body);
    take_content(s, v);
}

/* ---- records in bytes ---- */

/* A record of a leaf page: size 4, flags 2, key size 2, key, value (LMDB, little-endian). */
struct record {
    struct dp_slice key;
    uint32_t len;
    bool elsewhere; /* the value has pages of its own */
    size_t at;
};

static bool record_at(const uint8_t *p, size_t len, size_t at, struct record *out)
{
    unsigned flags = p[at + 4] | (unsigned)p[at + 5] << 8, key_len = p[at + 6] | (unsigned)p[at + 7] << 8;
    out->len =
        (uint32_t)p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16 | (uint32_t)p[at + 3] << 24;
    out->elsewhere = (flags & 1) != 0;
    out->at = at + 8 + key_len;
    if ((flags & ~1u) != 0 || (key_len != 8 && key_len != 21 && key_len != 32 && key_len != 53) ||
        out->len < DP_VAULT_BYTES || out->len > LEN_MAX || out->at + (out->elsewhere ? 8 : out->len) > len)
        return false;
    out->key = dp_slice_of(p + at + 8, key_len);
    return true;
}

static bool may_be_sealed(const uint8_t *p)
{
    return p[0] == 0 && p[1] == 0 && p[2] >= 1 && p[2] <= 3; /* a number of one of the three ranges */
}

static void try_value(struct scene *s, const struct record *r, const uint8_t *v, size_t room)
{
    uint8_t place[1 + 64];
    struct dp_slice clear;
    if (room < r->len || !may_be_sealed(v))
        return;
    memcpy(place + 1, r->key.p, r->key.len);
    for (unsigned t = 0; t < DP_T_COUNT; t++)
        for (unsigned i = 0; i < HOLDERS && dp_table_lot((enum dp_table)t) != DP_LOT_NONE; i++) {
            struct dp_vault *vault = &s->vault[i].port;
            place[0] = (uint8_t)t;
            for (unsigned sum = 0; sum <= 4; sum += 4) /* the store's own checksum may be behind it */
                if (vault->ops->open(vault, dp_slice_of(place, 1 + r->key.len), dp_slice_of(v, r->len - sum),
                                     &clear) == DP_OK) {
                    s->opened++;
                    take(s, clear);
                }
        }
}

static void scan(struct scene *s, const uint8_t *p, size_t len)
{
    struct record r;
    for (size_t at = 0; at + 16 < len; at += 2) {
        if (!record_at(p, len, at, &r))
            continue;
        if (!r.elsewhere) {
            try_value(s, &r, p + r.at, len - r.at);
            take(s, dp_slice_of(p + r.at, r.len)); /* as it lies */
            take(s, dp_slice_of(p + r.at, r.len - 4));
            continue;
        }
        for (size_t page = 0; page + PAGE <= len; page += PAGE)
            try_value(s, &r, p + page + 16, len - page - 16);
    }
}

/* Every part with every key. */
static void read_all(struct scene *s)
{
    struct dp_slice plain;
    for (unsigned i = 0; i < s->parts; i++)
        for (unsigned k = 0; k < s->keys; k++) {
            if (dp_part_open(dp_suite_of(DP_SUITE_INTL), &s->part[i], &s->key[k], &s->arena, &plain) != DP_OK)
                continue;
            s->found[0] += memmem(plain.p, plain.len, NAME, strlen(NAME)) != NULL;
            s->found[1] += memmem(plain.p, plain.len, OTHER, strlen(OTHER)) != NULL;
        }
}

/* ---- the thief ---- */

struct copy {
    uint8_t *p;
    size_t len;
};

static struct copy copy_store(const struct proc_node *n)
{
    char path[320];
    struct copy c;
    snprintf(path, sizeof path, "%s/data/store/data.mdb", n->dir);
    c.len = bytes_read(path, &c.p);
    CHECK(memmem(c.p, c.len, NAME, strlen(NAME)) == NULL, "a name is in clear in the store of %s", n->id);
    return c;
}

static void load_keys(struct scene *s)
{
    for (unsigned i = 0; i < HOLDERS; i++) {
        char path[320];
        dp_keyvault_fini(&s->vault[i]);
        dp_keyring_free(&s->kr[i]);
        snprintf(path, sizeof path, "%s/data/keys", s->holder[i]->dir);
        CHECK(dp_keyring_load(path, &s->kr[i], NULL) == DP_OK, "no keys of %s", s->holder[i]->id);
        dp_keyvault_init(&s->vault[i], s->kr[i], &s->random);
    }
}

static void steal(struct scene *s, const struct copy *c, unsigned n)
{
    s->opened = s->keys = s->parts = s->found[0] = s->found[1] = 0;
    for (unsigned i = 0; i < n; i++)
        scan(s, c[i].p, c[i].len);
    read_all(s);
    dp_arena_reset(&s->arena);
}

/* ---- the scene ---- */

static void at_the_county(struct scene *s, const char *name, struct act_result *r)
{
    struct act_matter m = {.name = name, .content = CONTENT};
    CHECK(act_register(s->t.village, NULL, &m, r) == DP_OK, "not registered: %s", r->text);
    act_step_soon(s->t.village, NULL, DP_KIND_REFER_UP, r->number, TOWNSHIP "/bureau", NULL, 60, NULL);
    act_step_soon(s->t.township, NULL, DP_KIND_ACCEPT, r->number, NULL, NULL, 60, NULL);
    act_step_soon(s->t.township, NULL, DP_KIND_REFER_UP, r->number, COUNTY "/bureau", NULL, 60, NULL);
    act_step_soon(s->t.county, NULL, DP_KIND_ACCEPT, r->number, NULL, NULL, 60, NULL);
}

static void erase(struct scene *s, const struct act_result *r, uint32_t index)
{
    struct act_command c;
    struct act_result out;
    act_build_step(&c, DP_KIND_ERASE, r->number, NULL, NULL);
    c.step.re = (char *)(uintptr_t)r->name;
    c.step.index = index;
    c.step.code = 1;
    CHECK(act_do(s->t.county, NULL, &c, &out) == DP_OK, "not erased: %s", out.text);
}

/* Until nothing of it can be read: each node learns of the erasure, and changes its key. */
static void wait_erased(struct scene *s, const struct copy before[HOLDERS])
{
    double until = proc_now() + 90;
    struct copy all[2 * HOLDERS];
    do {
        proc_nap();
        load_keys(s);
        for (unsigned i = 0; i < HOLDERS; i++) {
            all[i] = copy_store(s->holder[i]);
            all[HOLDERS + i] = before[i];
        }
        steal(s, all, 2 * HOLDERS);
        for (unsigned i = 0; i < HOLDERS; i++)
            free(all[i].p);
        CHECK(s->found[0] == 0 || proc_now() < until, "what was erased can be read %u times", s->found[0]);
    } while (s->found[0] > 0);
}

static void restore_older(struct scene *s, const char *backup)
{
    char text[4096];
    struct proc_node *v = s->t.village;
    char from[320], to[320];
    proc_kill(v, SIGTERM);
    snprintf(from, sizeof from, "%s/data/store", v->dir);
    snprintf(to, sizeof to, "%s/data/store.lost", v->dir);
    CHECK(rename(from, to) == 0, "the store cannot be put away");
    int rc = proc_offline(&s->t.rig, v, "--restore", backup, text, sizeof text);
    CHECK(rc == 0, "restore: %s", text);
    CHECK(strstr(text, "erased or replaced after the backup") != NULL,
          "nothing is said of what is erased: %s", text);
    CHECK(strstr(text, "content: 0 of") == NULL, "nothing of the backup opens: %s", text);
    printf("erase: %s", text);
    rc = proc_offline(&s->t.rig, v, "--fsck", NULL, text, sizeof text);
    CHECK(rc == 0, "the restored store is not sound: %s", text);
}

int main(int argc, char **argv)
{
    static struct scene s;
    struct act_result gone, other;
    struct copy before[HOLDERS];
    char backup[320];
    CHECK(argc >= 2, "usage: test_system_erase DAIPAOD");
    s.random = dp_random_system();
    dp_arena_init(&s.arena, 1u << 30, 1u << 20);
    tree_grow(&s.t, argv[1], false, NULL, NULL);
    s.holder[0] = s.t.village;
    s.holder[1] = s.t.township;
    s.holder[2] = s.t.county;
    at_the_county(&s, NAME, &gone);
    at_the_county(&s, OTHER, &other);
    act_wait_same(s.t.village, s.t.county, VILLAGE, 60);
    snprintf(backup, sizeof backup, "%s/older", s.t.village->dir);
    CHECK(act_backup(s.t.village, backup) == DP_OK, "no backup");
    load_keys(&s);
    for (unsigned i = 0; i < HOLDERS; i++)
        before[i] = copy_store(s.holder[i]);
    steal(&s, before, HOLDERS);
    printf("erase: before, %u records open, the matter is read %u times\n", s.opened, s.found[0]);
    CHECK(s.found[0] >= HOLDERS && s.found[1] >= HOLDERS,
          "the search finds nothing before the erasure either");
    erase(&s, &gone, 0);
    wait_erased(&s, before);
    printf("erase: after, %u records open, the matter is read %u times, the other one %u\n", s.opened,
           s.found[0], s.found[1]);
    CHECK(s.found[1] >= HOLDERS, "what was not erased cannot be read any more");
    restore_older(&s, backup);
    for (unsigned i = 0; i < HOLDERS; i++)
        free(before[i].p);
    proc_free(&s.t.rig);
    return 0;
}
