/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the two writes decides what a crash between them looks like. A start is
 * counted in the store first: the file may be one behind, and never two, however many starts fail. A reserve
 * is written to the file first: the store is never above it. A new life has zero starts until its file is
 * there.
 */
#include "store/life.h"

#include <stdlib.h>
#include <string.h>

#include "store/life_file.h"

#define RECORD_BYTES (DP_LIFE_ID + 4 + 8 + 8)

struct dp_life_keeper {
    struct dp_kv *kv;
    struct dp_life_place place;
    struct dp_life_file file; /* as it was last written */
};

static struct dp_slice key_life(void)
{
    return dp_slice_str("life");
}

static struct dp_slice key_restored(void)
{
    return dp_slice_str("restored");
}

const char *dp_life_text(enum dp_life_state s)
{
    switch (s) {
    case DP_LIFE_OK:
        return DP_SAID("store and life file agree");
    case DP_LIFE_NEW:
        return DP_SAID("the store has not begun a life");
    case DP_LIFE_MISSING:
        return DP_SAID("the life file is missing or damaged");
    case DP_LIFE_OTHER_MACHINE:
        return DP_SAID("the store comes from another machine");
    case DP_LIFE_OTHER_FILE:
        return DP_SAID("the store is a copy or its life file is of another life");
    case DP_LIFE_BEHIND:
        return DP_SAID("the store is older than its life file");
    case DP_LIFE_RESTORED:
        return DP_SAID("the store was restored from a backup");
    case DP_LIFE_HALTED_HERE:
        return DP_SAID("this node was stopped as restored or doubled, and nobody has ended the stop");
    }
    return "unknown";
}

/* ---- the record in the store ---- */

static void life_put(struct dp_kv *kv, struct dp_kv_txn *t, const struct dp_life *life)
{
    uint8_t buf[RECORD_BYTES];
    struct dp_wr w = dp_wr_of(buf, sizeof(buf));

    dp_wr_bytes(&w, life->id, sizeof(life->id));
    dp_wr_u32(&w, life->inc);
    dp_wr_u64(&w, life->starts);
    dp_wr_u64(&w, life->sealed);
    kv->ops->put(t, DP_LIFE_TABLE, key_life(), dp_wr_slice(&w));
}

/* DP_NOT_FOUND when the store has no life yet. */
static enum dp_err life_get(struct dp_kv *kv, struct dp_kv_txn *t, struct dp_life *out)
{
    struct dp_life life = {0};
    struct dp_slice v;
    struct dp_rd r;
    enum dp_err err = kv->ops->get(t, DP_LIFE_TABLE, key_life(), &v);

    if (err != DP_OK)
        return err;
    r = dp_rd_of(v);
    dp_rd_copy(&r, life.id, sizeof(life.id));
    life.inc = dp_rd_u32(&r);
    life.starts = dp_rd_u64(&r);
    life.sealed = dp_rd_u64(&r);
    if (dp_rd_done(&r) != DP_OK)
        return DP_CORRUPT;
    *out = life;
    return DP_OK;
}

void dp_life_mark_restored(struct dp_kv *kv, struct dp_kv_txn *t)
{
    kv->ops->put(t, DP_LIFE_TABLE, key_restored(), dp_slice_of(NULL, 0));
}

/* In a transaction of its own. Zero `life` and DP_OK when there is none. */
static enum dp_err life_load(struct dp_kv *kv, struct dp_life *life, bool *restored)
{
    struct dp_kv_txn *t;
    struct dp_slice v;
    enum dp_err marked;
    enum dp_err err = kv->ops->begin(kv, false, &t);

    if (err != DP_OK)
        return err;
    memset(life, 0, sizeof(*life));
    err = life_get(kv, t, life);
    marked = kv->ops->get(t, DP_LIFE_TABLE, key_restored(), &v);
    kv->ops->abort(t);
    if (marked != DP_OK && marked != DP_NOT_FOUND)
        return marked;
    *restored = marked == DP_OK;
    return err == DP_NOT_FOUND ? DP_OK : err;
}

/* ---- comparing ---- */

static enum dp_life_state compare(const struct dp_life *life, const struct dp_life_file *f,
                                  const struct dp_life_where *here)
{
    const struct dp_life *was = &f->life;
    bool same_device = f->where.device == here->device || f->where.boot != here->boot;

    if (memcmp(was->id, life->id, sizeof(life->id)) != 0 || was->inc != life->inc)
        return DP_LIFE_OTHER_FILE;
    if (f->where.machine != here->machine)
        return DP_LIFE_OTHER_MACHINE;
    if (f->where.inode != here->inode || !same_device)
        return DP_LIFE_OTHER_FILE;
    if (life->starts < was->starts || life->sealed < was->sealed)
        return DP_LIFE_BEHIND;
    if (life->starts > was->starts + 1 || life->sealed > f->sealed_most)
        return DP_LIFE_OTHER_FILE;
    return f->halted ? DP_LIFE_HALTED_HERE : DP_LIFE_OK;
}

/* R-STO-3, R-HEL-3 */
enum dp_err dp_life_check(struct dp_kv *kv, const struct dp_life_place *place, enum dp_life_state *state,
                          struct dp_life *life)
{
    struct dp_life_file f;
    struct dp_life_where here;
    bool restored = false;
    enum dp_err has_file;
    enum dp_err err = life_load(kv, life, &restored);

    if (err == DP_OK)
        err = dp_life_look(place, life->id, &here);
    if (err != DP_OK)
        return err;
    has_file = dp_life_file_read(place, &f);
    if (has_file == DP_IO)
        return DP_IO;
    if (restored)
        *state = DP_LIFE_RESTORED;
    else if (life->starts == 0 && (has_file != DP_OK || (f.life.starts == 0 && !f.halted)))
        *state = DP_LIFE_NEW;
    else if (has_file != DP_OK)
        *state = DP_LIFE_MISSING;
    else if (life->starts == 0) /* emptied beside the file of a life that ran */
        *state = DP_LIFE_BEHIND;
    else
        *state = compare(life, &f, &here);
    return DP_OK;
}

/* ---- running ---- */

static enum dp_err store_life(struct dp_kv *kv, const struct dp_life *life)
{
    struct dp_kv_txn *t;
    enum dp_err err = kv->ops->begin(kv, true, &t);

    if (err != DP_OK)
        return err;
    life_put(kv, t, life);
    kv->ops->del(t, DP_LIFE_TABLE, key_restored());
    return kv->ops->commit(t);
}

static enum dp_err write_file(struct dp_life_keeper *k, const struct dp_life *life, uint64_t most)
{
    struct dp_life_file f = {.life = *life, .sealed_most = most};
    enum dp_err err = dp_life_look(&k->place, life->id, &f.where);

    if (err == DP_OK)
        err = dp_life_file_write(&k->place, &f);
    if (err == DP_OK)
        k->file = f;
    return err;
}

/* A number that cannot be reached is reserved as the largest. */
static uint64_t reserve_after(uint64_t sealed)
{
    return sealed > UINT64_MAX - DP_LIFE_RESERVE ? UINT64_MAX : sealed + DP_LIFE_RESERVE;
}

/* The start before this one counted itself in the store and did not come to its file. */
static bool is_counted(const struct dp_life_keeper *k, const struct dp_life *life)
{
    struct dp_life_file f;

    return dp_life_file_read(&k->place, &f) == DP_OK && f.life.starts + 1 == life->starts;
}

static enum dp_err start(struct dp_life_keeper *k)
{
    struct dp_life life = {0};
    bool restored = false;
    enum dp_err err = life_load(k->kv, &life, &restored);

    if (err == DP_OK && !is_counted(k, &life)) {
        life.starts++;
        err = store_life(k->kv, &life);
    }
    return err != DP_OK ? err : write_file(k, &life, reserve_after(life.sealed));
}

static enum dp_err keeper_new(struct dp_kv *kv, const struct dp_life_place *place,
                              struct dp_life_keeper **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return DP_NOMEM;
    **out = (struct dp_life_keeper){.kv = kv, .place = *place};
    return DP_OK;
}

/* Hand the keeper over when all went well. */
static enum dp_err settle(struct dp_life_keeper *k, enum dp_err err, struct dp_life_keeper **out)
{
    if (err == DP_OK)
        *out = k;
    else
        dp_life_drop(&k);
    return err;
}

enum dp_err dp_life_begin(struct dp_kv *kv, const struct dp_life_place *place, const uint8_t id[DP_LIFE_ID],
                          uint32_t inc, struct dp_life_keeper **out)
{
    struct dp_life life = {.inc = inc};
    struct dp_life_keeper *k;
    enum dp_err err = keeper_new(kv, place, &k);

    if (err != DP_OK)
        return err;
    memcpy(life.id, id, sizeof(life.id));
    err = store_life(kv, &life);
    if (err == DP_OK)
        err = write_file(k, &life, 0);
    if (err == DP_OK)
        err = start(k);
    return settle(k, err, out);
}

enum dp_err dp_life_resume(struct dp_kv *kv, const struct dp_life_place *place, struct dp_life_keeper **out)
{
    struct dp_life_keeper *k;
    enum dp_err err = keeper_new(kv, place, &k);

    return err != DP_OK ? err : settle(k, start(k), out);
}

enum dp_err dp_life_seal(struct dp_life_keeper *k, struct dp_kv_txn *t, uint64_t seq)
{
    struct dp_life life;
    enum dp_err err = life_get(k->kv, t, &life);

    if (err == DP_OK && seq <= life.sealed)
        err = DP_RANGE;
    if (err == DP_OK && seq > k->file.sealed_most) /* what is committed stays the lower end */
        err = write_file(k, &k->file.life, reserve_after(seq));
    if (err != DP_OK)
        return err;
    life.sealed = seq;
    life_put(k->kv, t, &life);
    return DP_OK;
}

/* Write the file when something was sealed since; always when it is to say exactly how much. */
static enum dp_err catch_up(struct dp_life_keeper *k, bool exactly)
{
    struct dp_life life;
    bool restored = false;
    enum dp_err err = life_load(k->kv, &life, &restored);

    if (err != DP_OK)
        return err;
    if (!exactly && life.sealed == k->file.life.sealed)
        return DP_OK;
    return write_file(k, &life, exactly ? life.sealed : reserve_after(life.sealed));
}

enum dp_err dp_life_refresh(struct dp_life_keeper *k)
{
    return catch_up(k, false);
}

enum dp_err dp_life_stop(struct dp_life_keeper **k)
{
    enum dp_err err = catch_up(*k, true);

    dp_life_drop(k);
    return err;
}

enum dp_err dp_life_halt(const struct dp_life_place *place)
{
    return dp_life_file_rename(place, DP_LIFE_FILE, DP_LIFE_HALTED);
}

enum dp_err dp_life_unhalt(const struct dp_life_place *place)
{
    return dp_life_file_rename(place, DP_LIFE_HALTED, DP_LIFE_FILE);
}

void dp_life_drop(struct dp_life_keeper **k)
{
    free(*k);
    *k = NULL;
}
