/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the people of a relay can look at: each row as it is written or goes, each frame with its moment,
 * peer, lane, kind and size, the counters, and once a day all answers to root and to the officer of its
 * bureau. What is random (sealed bytes, digests) counts by its length. The chain of the end is no secret that
 * this road keeps: names and numbers of the end, what its headers count, and the digests by which a pruned
 * block hides entries of it are left out (proto/THREATS.md says that they tell). See worlds.h.
 */
#include "sim/worlds/worlds.h"

#include <stdlib.h>
#include <string.h>

#include "sim/tape.h"
#include "support/cmocka_all.h"
#include "wire/post.h"

#define DAY_US INT64_C(86400000000)
#define EVENING_US INT64_C(39600000000) /* after the beginning of the day, which is at nine */

static struct seen *add(struct observer *o, enum seen_what what)
{
    if (o->count == o->cap) {
        o->cap = o->cap == 0 ? 4096 : 2 * o->cap;
        o->seen = realloc(o->seen, o->cap * sizeof(*o->seen));
        assert_non_null(o->seen);
    }
    struct seen *s = &o->seen[o->count++];
    *s = (struct seen){.at_us = o->c->now_us - o->began_us, .what = (uint8_t)what, .lane = 255};
    return s;
}

static uint32_t keep_text(struct observer *o, const char *text, size_t len)
{
    if (o->text_len + len + 2 > o->text_cap) {
        o->text_cap = 2 * o->text_cap + len + 65536;
        o->texts = realloc(o->texts, o->text_cap);
        assert_non_null(o->texts);
    }
    o->text_len += o->text_len == 0; /* offset 0 is none */
    size_t at = o->text_len;
    memcpy(o->texts + at, text, len);
    o->texts[at + len] = '\0';
    o->text_len += len + 1;
    return (uint32_t)at;
}

/* ---- what is left out ---- */

static struct cl_node *end_of(const struct observer *o)
{
    return o->c->nodes[o->opt->end];
}

#define OF_HEX "0123456789abcdef"
#define OF_NAME OF_HEX "ABCDEFGHIJKLMNOPQRSTUVWXYZ:-.*"
#define DIGEST_TEXT 32 /* characters at least */
#define STORE_BYTES "\"store\":{\"bytes\":"

/*
 * Names of the end's entries (NODE:INC:SEQ), numbers of its cases (NODE-DATE-C-SERIAL-K), and digests, which
 * may be over such names: each becomes one character.
 */
static void mask(const struct observer *o, char *text)
{
    const char *end = end_of(o)->text, *at = text;
    size_t len = strlen(end);
    char *to = text;
    while (*at != '\0') {
        size_t word = strspn(at, OF_HEX);
        bool named = strncmp(at, end, len) == 0 && (at[len] == ':' || at[len] == '-');
        if (strncmp(at, STORE_BYTES, sizeof(STORE_BYTES) - 1) == 0) {
            memcpy(to, at, sizeof(STORE_BYTES) - 1);
            to += sizeof(STORE_BYTES) - 1;
            at += sizeof(STORE_BYTES) - 1;
            at += strspn(at, "0123456789");
        } else if (named) {
            at += strspn(at, OF_NAME);
            *to++ = '#';
        } else if (word >= DIGEST_TEXT) {
            at += word;
            *to++ = '#';
        } else {
            for (word += word == 0; word > 0; word--)
                *to++ = *at++;
        }
    }
    *to = '\0';
}

/* Bytes of one pruned block that are there because of what it hides. */
static uint32_t hiding_bytes(const struct observer *o, struct dp_slice wire)
{
    static struct dp_arena look;
    static bool begun;
    struct dp_block b;
    struct dp_header h;
    if (wire.len < DP_HEADER_BYTES || dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h) != DP_OK ||
        !dp_node_eq(h.origin, end_of(o)->id))
        return 0;
    if (!begun)
        dp_arena_init(&look, 1u << 16, 0);
    begun = true;
    dp_arena_reset(&look);
    if (dp_block_decode_pruned(dp_suite_of(DP_SUITE_INTL), wire, &look, &b) != DP_OK)
        return 0;
    return (uint32_t)(b.hidden_count * sizeof(struct dp_digest));
}

static uint32_t hiding_bytes_of_item(const struct observer *o, struct dp_slice body)
{
    struct dp_rd r = dp_rd_of(body);
    uint32_t bytes = 0;
    for (uint16_t n = dp_rd_u16(&r); n > 0 && dp_rd_left(&r) > 0; n--) {
        uint32_t len = dp_rd_u32(&r);
        bytes += hiding_bytes(o, dp_rd_take(&r, len));
    }
    return bytes;
}

/* ---- frames ---- */

static bool frame(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice bytes)
{
    struct observer *o = ctx;
    struct dp_frame f;
    if (from != o->relay && to != o->relay)
        return true;
    struct seen *s = add(o, to == o->relay ? SEEN_FRAME_IN : SEEN_FRAME_OUT);
    s->peer = (uint8_t)(to == o->relay ? from : to)->index;
    s->type = bytes.len > 0 ? bytes.p[0] : 0;
    s->size = (uint32_t)bytes.len;
    if (s->type != DP_FRAME_ITEM || dp_frame_get(bytes, &f) != DP_OK)
        return true;
    s->lane = f.u.item.lane;
    s->kind = f.u.item.kind;
    s->item = f.u.item.number;
    if (f.u.item.kind == DP_ITEM_PRUNED && f.u.item.body.len == f.u.item.total)
        s->size -= hiding_bytes_of_item(o, f.u.item.body);
    return true;
}

/* ---- rows ---- */

static bool key_is_told(unsigned table)
{
    return table == DP_T_META || table == DP_T_JOURNAL || table == DP_T_PEER || table == DP_T_ALARM ||
           table == DP_T_SHELF || table == DP_T_OFFICE || table == DP_T_OFFICER || table == DP_T_UID;
}

/* What has nothing random in it. */
static bool value_is_told(unsigned table)
{
    return table == DP_T_META || table == DP_T_PEER || table == DP_T_ALARM || table == DP_T_SHELF ||
           table == DP_T_OFFICE || table == DP_T_OFFICER;
}

static void hex(char **at, struct dp_slice b)
{
    for (size_t i = 0; i < b.len && i < 512; i++)
        *at += sprintf(*at, "%02x", b.p[i]);
}

static void wrote(void *ctx, struct cl_node *n, const struct tape *t)
{
    struct observer *o = ctx;
    struct tape_write w;
    char text[2200];
    (void)n;
    for (size_t at = 0; tape_next(t, &at, &w);) {
        char *end = text;
        struct seen *s = add(o, w.del ? SEEN_GONE : SEEN_ROW);
        s->type = (uint8_t)w.table;
        s->key = (uint32_t)w.key.len;
        s->size = w.del ? 0 : (uint32_t)w.val.len;
        if (w.table == DP_T_BLOCK && !w.del)
            s->size -= hiding_bytes(o, w.val);
        if (w.table == DP_T_JOURNAL && w.key.len > 8)
            s->lane = w.key.p[8];
        if (!o->opt->answers || !key_is_told(w.table))
            continue;
        hex(&end, w.key);
        *end++ = ' ';
        if (!w.del && value_is_told(w.table))
            hex(&end, w.val);
        uint32_t kept = keep_text(o, text, (size_t)(end - text));
        o->seen[o->count - 1].text = kept;
    }
}

/* ---- what is asked ---- */

static const char *const questions[] = {
    "status", "links", "alarms",  "quarantine", "enrolments", "offices", "officers", "calendars", "profiles",
    "inbox",  "list",  "errands", "orders",     "finds",      "drafts",  "log",      "digest"};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static void say(struct observer *o, const char *who, const char *what, const char *answer)
{
    char head[64];
    int n = snprintf(head, sizeof(head), "%s %s: ", who, what);
    char *text = malloc((size_t)n + strlen(answer) + 1);
    assert_non_null(text);
    memcpy(text, head, (size_t)n);
    memcpy(text + n, answer, strlen(answer) + 1);
    mask(o, text);
    uint32_t kept = keep_text(o, text, strlen(text));
    struct seen *s = add(o, SEEN_ANSWER);
    s->text = kept;
    s->size = (uint32_t)strlen(text);
    free(text);
}

static void ask(struct observer *o, const char *who, uint32_t uid, const char *what)
{
    struct cl_command x;
    cl_query(&x, what);
    char *answer = cl_ask(o->relay, uid, &x);
    say(o, who, what, answer == NULL ? "refused" : answer);
    free(answer);
}

static void counters(struct observer *o)
{
    char text[600];
    const struct dp_daemon_counters *k = dp_daemon_counters(o->relay->d);
    snprintf(
        text, sizeof(text),
        "entries in %llu own %llu blocks in %llu sealed %llu voided %llu quarantined %llu refused %llu %llu "
        "failed %llu parcels in %llu out %llu dropped %llu",
        (unsigned long long)k->entries_in, (unsigned long long)k->entries_own,
        (unsigned long long)k->blocks_in, (unsigned long long)k->blocks_sealed, (unsigned long long)k->voided,
        (unsigned long long)k->quarantined, (unsigned long long)k->refused_out,
        (unsigned long long)k->refused_in, (unsigned long long)k->commits_failed,
        (unsigned long long)k->parcels_in, (unsigned long long)k->parcels_out,
        (unsigned long long)k->frames_dropped);
    say(o, "process", "counters", text);
}

/* Posts that lie at the relay: none in the evening, when all hops have answered (R-POST-6). */
static uint32_t posts_kept(const struct observer *o)
{
    struct dp_db db = {.kv = o->relay->kv};
    struct dp_slice key = {0}, v;
    static const uint8_t of_hop[1] = {'J'};
    uint32_t n = 0;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, DP_T_POST, dp_slice_of(of_hop, 1), &key, &v) == DP_OK)
        n++;
    key = (struct dp_slice){0};
    while (dp_db_next_key(&db, DP_T_PARCEL, dp_slice_of(NULL, 0), &key, &v) == DP_OK)
        n += v.len == dp_post_parcel_bytes(DP_POST_LARGE);
    dp_db_abort(&db);
    return n;
}

static void look(struct observer *o)
{
    counters(o);
    for (size_t i = 0; o->opt->answers && i < QUESTIONS; i++) {
        ask(o, "root", 0, questions[i]);
        ask(o, "officer", cl_uid(o->relay), questions[i]);
    }
}

static void evening(void *ctx)
{
    struct observer *o = ctx;
    look(o);
    o->posts_kept += posts_kept(o);
    cl_at(o->c, &o->evening, o->c->now_us + DAY_US);
}

/* ---- begin and end ---- */

void observe_begin(struct observer *o, struct cluster *c, const struct world_options *opt)
{
    static struct tape_ears ears;
    *o = (struct observer){.opt = opt, .c = c, .relay = c->nodes[opt->relay], .began_us = c->now_us};
    c->tap = frame;
    c->tap_ctx = o;
    ears = (struct tape_ears){wrote, o};
    tape_listen(tape_of(o->relay), o->relay, &ears);
    cl_event_init(c, &o->evening, evening, o);
    cl_at(c, &o->evening, c->now_us + EVENING_US);
}

static void count_rows(struct observer *o)
{
    struct dp_kv *kv = o->relay->kv;
    struct dp_kv_txn *t;
    struct dp_kv_cur *cur;
    struct dp_slice k, v;
    char text[160];
    assert_ok(kv->ops->begin(kv, false, &t));
    for (unsigned table = 0; table < DP_T_COUNT; table++) {
        unsigned long long rows = 0, keys = 0, bytes = 0;
        assert_ok(kv->ops->cur_open(t, table, &cur));
        for (enum dp_err e = kv->ops->cur_seek(cur, DP_KV_FIRST, dp_slice_of(NULL, 0), &k, &v); e == DP_OK;
             e = kv->ops->cur_next(cur, &k, &v)) {
            rows++;
            keys += k.len;
            bytes += v.len - (table == DP_T_BLOCK ? hiding_bytes(o, v) : 0);
        }
        kv->ops->cur_close(cur);
        snprintf(text, sizeof(text), "%llu rows, keys of %llu bytes, values of %llu", rows, keys, bytes);
        say(o, "store", dp_table_word((enum dp_table)table), text);
    }
    kv->ops->abort(t);
}

void observe_end(struct observer *o)
{
    cl_take_back(o->c, &o->evening);
    look(o);
    count_rows(o);
}

/* ---- in lines ---- */

static void print_one(const struct observer *o, const struct seen *s, FILE *f)
{
    static const char *const words[] = {"in", "out", "row", "gone", "answer"};
    static const char *const kinds[] = {"-", "block", "pruned", "cert", "parcel", "chunk", "post"};
    int64_t us = s->at_us;
    fprintf(f, "%lldd%02lld:%02lld:%02lld.%06lld %s", (long long)(us / DAY_US),
            (long long)(us / 3600000000 % 24), (long long)(us / 60000000 % 60),
            (long long)(us / 1000000 % 60), (long long)(us % 1000000), words[s->what]);
    if (s->what <= SEEN_FRAME_OUT)
        fprintf(f, " %s type %u %s lane %d item %llu, %u bytes", o->c->nodes[s->peer]->text, s->type,
                kinds[s->kind < 7 ? s->kind : 0], s->lane == 255 ? -1 : s->lane, (unsigned long long)s->item,
                s->size);
    else if (s->what <= SEEN_GONE)
        fprintf(f, " %s, key of %u, value of %u", dp_table_word((enum dp_table)s->type), s->key, s->size);
    fprintf(f, "%s%s\n", s->text != 0 ? " " : "", s->text != 0 ? o->texts + s->text : "");
}

void observe_print(const struct observer *o, FILE *f)
{
    for (size_t i = 0; i < o->count; i++)
        print_one(o, &o->seen[i], f);
}
