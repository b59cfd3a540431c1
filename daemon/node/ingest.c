/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 6/9: one verified entry into the file of its subject. The core decides readiness and
 * validity; what follows from it (arrivals, routing) waits for the end of the turn (settle.c).
 */
#include "node/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Held here, in whatever file? A whole block that starts below it need not reach it. */
static bool is_held(struct dp_daemon *d, const struct dp_name *n)
{
    uint64_t number;
    uint16_t piece;
    struct dp_slice wire;
    struct dp_header h;
    if (dp_node_eq(n->origin, d->id.self) && n->inc == d->own.inc && n->seq > d->own.sealed_seq)
        return n->seq <= d->own.seq;
    if (dp_db_seq(&d->db, n, &number, &piece) != DP_OK)
        return false;
    if (piece != 0)
        return true; /* rows of pieces name one entry */
    /* R-VAL-1: a reference forward in its own block is treated as anywhere else, where pieces come one by
     * one. */
    if (dp_node_eq(n->origin, d->ingesting.origin) && n->inc == d->ingesting.inc &&
        number == d->ingest_block && n->seq > d->ingesting.seq)
        return false;
    return dp_db_block(&d->db, n->origin, n->inc, number, 0, &wire) == DP_OK && wire.len >= DP_HEADER_BYTES &&
           dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h) == DP_OK && n->seq >= h.first_seq &&
           n->seq - h.first_seq < h.count;
}

static bool ready_elsewhere(void *ctx, const struct dp_name *n)
{
    return is_held(ctx, n);
}

static void feed(struct dp_daemon *d, const struct dp_name *name, const struct dp_subject *subject)
{
    if (d->feed_count == d->feed_cap) {
        uint32_t cap = d->feed_cap == 0 ? 64 : d->feed_cap * 2;
        struct dp_feed_item *p = realloc(d->feed, cap * sizeof *p);
        if (p == NULL) {
            d->turn_error = DP_NOMEM;
            return;
        }
        d->feed = p;
        d->feed_cap = cap;
    }
    d->feed[d->feed_count++] = (struct dp_feed_item){.name = *name, .subject = *subject};
}

/*
 * Profiles and calendars are looked up by the name of their edition; the newest edition of an id is the one
 * that new registrations name.
 */
static void keep_data(struct dp_daemon *d, const struct dp_entry *e, struct dp_slice bytes, bool in_force)
{
    uint8_t key[DP_NAME_BYTES], row[DP_NAME_BYTES + 4];
    char word[48];
    struct dp_slice have;
    const char *id;
    uint32_t edition;
    if (e->profile == NULL && e->calendar == NULL)
        return;
    id = e->profile != NULL ? e->profile->id : e->calendar->id;
    edition = e->profile != NULL ? e->profile->edition : e->calendar->edition;
    struct dp_wr w = dp_wr_of(row, sizeof row);
    dp_name_put(&e->name, key);
    dp_db_put_key(&d->db, DP_T_DATA, dp_slice_of(key, sizeof key), bytes);
    if (!in_force || !dp_node_covers(e->name.origin, d->id.self))
        return; /* void, or of a neighbour: only cases that name it are judged by it */
    snprintf(word, sizeof word, "cur:%s", id);
    if (dp_db_meta(&d->db, word, &have) == DP_OK && have.len == sizeof row) {
        struct dp_rd r = dp_rd_of(dp_slice_of(have.p + DP_NAME_BYTES, 4));
        if (dp_rd_u32(&r) > edition)
            return;
    }
    dp_wr_bytes(&w, key, sizeof key);
    dp_wr_u32(&w, edition);
    dp_db_meta_put(&d->db, word, dp_wr_slice(&w));
    if (e->calendar != NULL)
        dp_sweep_calendar(d);
}

static void cut_word(char word[40], struct dp_node origin, uint32_t inc)
{
    snprintf(word, 40, "cut:%014llu:%08x", (unsigned long long)origin.v, inc);
}

/* R-CUT-2: the last good block of an origin's incarnation, as its parent or an ancestor signed it. */
static void keep_cut(struct dp_daemon *d, const struct dp_fact *x)
{
    char word[40];
    uint64_t have;
    if (x->verdict != DP_VALID)
        return;
    cut_word(word, x->e.body.node, x->e.body.number);
    if (dp_db_meta_u64(&d->db, word, &have) != DP_OK || x->e.body.size < have)
        dp_db_meta_u64_put(&d->db, word, x->e.body.size);
}

bool dp_is_cut_off(struct dp_daemon *d, struct dp_node origin, uint32_t inc, uint64_t block)
{
    char word[40];
    uint64_t last;
    cut_word(word, origin, inc);
    return dp_db_meta_u64(&d->db, word, &last) == DP_OK && block > last;
}

/* A number belongs to the node whose code it begins with; nobody else's register entry can take it. */
static bool number_is_its_own(const struct dp_entry *e)
{
    char node[DP_NODE_TEXT];
    dp_node_format(e->name.origin, node);
    size_t len = strlen(node);
    return strncmp(e->reg->number.text, node, len) == 0 && e->reg->number.text[len] == '-';
}

static void index_register(struct dp_daemon *d, const struct dp_entry *e)
{
    if (number_is_its_own(e))
        dp_db_number_put(&d->db, &e->reg->number, &e->subject);
    const struct dp_office *first =
        dp_office_is_none(&e->reg->first_office) ? &e->office : &e->reg->first_office;
    if (e->reg->source_no[0] != '\0')
        dp_db_source_put(&d->db, e->reg->source_system, e->reg->source_no, first, &e->subject);
}

/* Those that waited for this entry in other files. */
static void wake_waiters(struct dp_daemon *d, const struct dp_name *name)
{
    struct dp_subject s = {0};
    while (dp_db_wait_next(&d->db, name, &s) == DP_OK) {
        enum dp_err e;
        struct dp_slot *slot = dp_cache_find(d, &s, &e);
        dp_db_wait_del(&d->db, name, &s);
        if (slot != NULL && dp_casefile_settle(&slot->f, ready_elsewhere, d) > 0) {
            slot->woken = true;
            dp_cache_touch(d, slot, NULL, false);
        }
    }
}

/* A reference out of the subject that is not here yet: remember who waits. */
static void note_waiting(struct dp_daemon *d, struct dp_slot *slot, uint32_t index)
{
    const struct dp_fact *f = &slot->f.facts[index];
    if (slot->f.subject.type != DP_SUBJECT_DATA || f->verdict != DP_PENDING || dp_name_is_none(&f->e.re) ||
        ready_elsewhere(d, &f->e.re))
        return;
    dp_db_wait_put(&d->db, &f->e.re, &slot->f.subject);
}

enum dp_err dp_ingest(struct dp_daemon *d, const struct dp_name *name, struct dp_slice bytes,
                      const struct dp_origin *from)
{
    struct dp_entry e;
    struct dp_insert ins;
    enum dp_err err = dp_entry_decode(bytes, name, &d->turn, &e);
    if (err != DP_OK)
        return err;
    struct dp_slot *slot = dp_cache_get(d, &e.subject, &err);
    if (slot == NULL)
        return err;
    uint32_t before = slot->f.count;
    err = dp_casefile_insert(&slot->f, &e, from, ready_elsewhere, d, &ins);
    if (err != DP_OK)
        return err;
    d->cached_facts += slot->f.count - before;
    if (ins.duplicate)
        return DP_DUPLICATE;
    bool urgent = dp_route_lane(&e, slot->f.has_reg ? &slot->f.reg : NULL) == DP_LANE_URGENT;
    dp_cache_touch(d, slot, name, urgent);
    slot->woken |= ins.decided > 1;
    note_waiting(d, slot, ins.index);
    if (e.kind == DP_KIND_REGISTER)
        index_register(d, &e);
    if (e.kind == DP_KIND_PROFILE || e.kind == DP_KIND_CALENDAR)
        keep_data(d, &e, bytes, slot->f.facts[ins.index].verdict == DP_VALID);
    if (e.kind == DP_KIND_ATTACHMENT && e.body.flag)
        dp_files_named(d, &e.body.digest);
    if (e.kind == DP_KIND_CUT)
        keep_cut(d, &slot->f.facts[ins.index]);
    if (slot->f.facts[ins.index].verdict == DP_VOIDED)
        d->n.voided++;
    wake_waiters(d, name);
    feed(d, name, &e.subject);
    d->n.entries_in++;
    return DP_OK;
}

/* ---- reading entries back ---- */

static bool reaches(struct dp_slice wire, uint64_t seq)
{
    struct dp_header h;
    return wire.len < DP_HEADER_BYTES || dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h) != DP_OK ||
           (seq >= h.first_seq &&
            seq - h.first_seq < h.count); /* what cannot be read is the decoder's to name */
}

static enum dp_err bytes_from_block(struct dp_daemon *d, const struct dp_name *name, uint64_t number,
                                    uint16_t piece, struct dp_slice *out)
{
    struct dp_slice wire;
    struct dp_block b;
    enum dp_err e = dp_db_block(&d->db, name->origin, name->inc, number, piece, &wire);
    if (e != DP_OK)
        return e == DP_NOT_FOUND ? DP_CORRUPT : e;
    if (piece == 0 && !reaches(wire, name->seq))
        return DP_NOT_FOUND; /* the whole block that starts before it ends before it too */
    e = piece == 0 ? dp_block_decode(d->suite, wire, &d->turn, &b)
                   : dp_block_decode_pruned(d->suite, wire, &d->turn, &b);
    if (e != DP_OK)
        return e == DP_NOMEM ? e : DP_CORRUPT; /* R-STO-5 */
    for (uint16_t i = 0; i < b.shown_count; i++)
        if (b.h.first_seq + b.shown[i].index == name->seq) {
            *out = b.shown[i].bytes;
            return DP_OK;
        }
    return DP_NOT_FOUND;
}

enum dp_err dp_entry_bytes(struct dp_daemon *d, const struct dp_name *name, struct dp_slice *out)
{
    uint64_t number;
    uint16_t piece;
    if (dp_node_eq(name->origin, d->id.self) && name->inc == d->own.inc && name->seq > d->own.sealed_seq) {
        if (d->fresh_count > 0 && name->seq >= d->fresh_first &&
            name->seq < d->fresh_first + d->fresh_count) {
            *out = d->fresh[name->seq - d->fresh_first].bytes;
            return DP_OK;
        }
        return dp_db_own(&d->db, name->seq, out);
    }
    enum dp_err e = dp_db_seq(&d->db, name, &number, &piece);
    return e == DP_OK ? bytes_from_block(d, name, number, piece, out) : e;
}
