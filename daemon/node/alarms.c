/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms (N5): one row of a word and a node, kept until its cause is gone or a person takes it off the list,
 * over a restart too, and said again each day, all of a word in one line. The table is bounded; what finds no
 * room in it is counted and said.
 */
#include "node/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_OF_STOP "stopped"
#define FAR_MAX (DP_ALARMS_MAX / 2)     /* about nodes that are no neighbours, and */
#define BRANCH_MAX (DP_ALARMS_MAX / 16) /* of these below one child */
#define LOST_LOG_MS 60000

/* ---- rows ---- */

static struct dp_alarm_row *row_of(const struct dp_daemon *d, const char *word, struct dp_node node)
{
    for (uint32_t i = 0; i < d->alarms.n; i++)
        if (dp_node_eq(d->alarms.row[i].node, node) && strcmp(d->alarms.row[i].word, word) == 0)
            return &d->alarms.row[i];
    return NULL;
}

const struct dp_alarm_row *dp_alarm_next(const struct dp_daemon *d, uint32_t *at)
{
    while (*at < d->alarms.n && d->alarms.row[*at].gone)
        ++*at;
    return *at < d->alarms.n ? &d->alarms.row[(*at)++] : NULL;
}

/* A blank row, or NULL. */
static struct dp_alarm_row *add_row(struct dp_alarms *a)
{
    if (a->n == DP_ALARMS_MAX)
        return NULL;
    if (a->n == a->cap) {
        uint32_t cap = a->cap == 0 ? 16 : 2 * a->cap;
        struct dp_alarm_row *row = realloc(a->row, cap * sizeof *row);
        if (row == NULL)
            return NULL;
        a->row = row;
        a->cap = cap;
    }
    memset(&a->row[a->n], 0, sizeof a->row[0]);
    return &a->row[a->n++];
}

static int32_t today(const struct dp_daemon *d)
{
    return dp_date_of_ms(d->now_wall).day;
}

/* " NODE" for a line of the log, "" for an alarm of the node itself. */
static const char *of_node(struct dp_node node, char out[DP_NODE_TEXT + 1])
{
    out[0] = '\0';
    if (node.v != 0) {
        out[0] = ' ';
        dp_node_format(node, out + 1);
    }
    return out;
}

/* ---- raising and clearing ---- */

static void no_room(struct dp_daemon *d, const char *word, struct dp_node node, const char *text)
{
    char of[DP_NODE_TEXT + 1];
    if (d->alarms.lost++ > 0 && d->now_mono - d->alarms.lost_said_ms < LOST_LOG_MS)
        return;
    d->alarms.lost_said_ms = d->now_mono;
    dp_log(DP_LOG_WARN, "alarm %s%s: %s (the list is full: %llu were not kept)", word, of_node(node, of),
           text, (unsigned long long)d->alarms.lost);
}

/*
 * R-WAIT-1: alarms about nodes further down, which a child may make up as it likes, take no room from those
 * of its neighbours and of this node.
 */
static bool has_share(const struct dp_daemon *d, struct dp_node node)
{
    struct dp_node branch = dp_route_child_towards(d->id.self, node);
    uint32_t of_branch = 0, far = 0;
    if (branch.v == 0 || dp_node_eq(branch, node))
        return true;
    for (uint32_t i = 0; i < d->alarms.n; i++) {
        struct dp_node there = dp_route_child_towards(d->id.self, d->alarms.row[i].node);
        bool is_far = there.v != 0 && !dp_node_eq(there, d->alarms.row[i].node);
        far += is_far;
        of_branch += is_far && dp_node_eq(there, branch);
    }
    return far < FAR_MAX && of_branch < BRANCH_MAX;
}

void dp_alarm_of(struct dp_daemon *d, const char *word, struct dp_node node, const char *text)
{
    char of[DP_NODE_TEXT + 1];
    struct dp_alarm_row *a = row_of(d, word, node);
    if (a == NULL && has_share(d, node))
        a = add_row(&d->alarms);
    if (a == NULL) {
        no_room(d, word, node, text);
        return;
    }
    if (a->word[0] == '\0' || a->gone) {
        *a = (struct dp_alarm_row){.node = node, .since_ms = d->now_wall};
        snprintf(a->word, sizeof a->word, "%s", word);
    }
    a->count++;
    a->last_ms = d->now_wall;
    if (strcmp(a->text, text) != 0) {
        snprintf(a->text, sizeof a->text, "%s", text);
        a->said_day = today(d);
        a->dirty = d->alarms.dirty = true;
        dp_log(DP_LOG_WARN, "alarm %s%s: %s", word, of_node(node, of), text);
        if (d->opt.alarmed != NULL)
            d->opt.alarmed(d->opt.alarmed_ctx, word, of[0] == '\0' ? "" : of + 1, text);
    }
    d->alarms.of_turn |= a->dirty;
}

void dp_alarm(struct dp_daemon *d, const char *word, const char *text)
{
    dp_alarm_of(d, word, (struct dp_node){0}, text);
}

static void clear(struct dp_daemon *d, struct dp_alarm_row *a)
{
    char of[DP_NODE_TEXT + 1];
    a->gone = a->dirty = d->alarms.dirty = true;
    dp_log(DP_LOG_NOTICE, "alarm %s%s: cleared", a->word, of_node(a->node, of));
}

void dp_alarm_clear_of(struct dp_daemon *d, const char *word, struct dp_node node)
{
    struct dp_alarm_row *a = row_of(d, word, node);
    if (a != NULL && !a->gone)
        clear(d, a);
}

void dp_alarm_clear(struct dp_daemon *d, const char *word)
{
    dp_alarm_clear_of(d, word, (struct dp_node){0});
}

bool dp_alarm_is_up(const struct dp_daemon *d, const char *word)
{
    const struct dp_alarm_row *a = row_of(d, word, (struct dp_node){0});
    return a != NULL && !a->gone;
}

uint32_t dp_alarm_clear_all(struct dp_daemon *d, const char *word, struct dp_node node)
{
    uint32_t cleared = 0;
    for (uint32_t i = 0; i < d->alarms.n; i++) {
        struct dp_alarm_row *a = &d->alarms.row[i];
        if (a->gone || strcmp(a->word, word) != 0 || (node.v != 0 && !dp_node_eq(node, a->node)))
            continue;
        clear(d, a);
        cleared++;
    }
    return cleared;
}

/* ---- again each day ---- */

/* Rows of the same word that were not said today are, with this one. */
static void say_group(struct dp_daemon *d, uint32_t first)
{
    struct dp_alarm_row *a = &d->alarms.row[first];
    char since[11], of[DP_NODE_TEXT + 1], more[48] = "";
    uint32_t others = 0;
    for (uint32_t i = first + 1; i < d->alarms.n; i++)
        if (!d->alarms.row[i].gone && strcmp(d->alarms.row[i].word, a->word) == 0) {
            d->alarms.row[i].said_day = today(d);
            d->alarms.row[i].dirty = true;
            others++;
        }
    if (others > 0)
        snprintf(more, sizeof more, "; and of %u other nodes", (unsigned)others);
    a->said_day = today(d);
    a->dirty = d->alarms.dirty = true; /* its count, once a day */
    dp_date_format(dp_date_of_ms(a->since_ms), since);
    dp_log(DP_LOG_WARN, "alarm %s%s: %s (since %s, %llu times%s)", a->word, of_node(a->node, of), a->text,
           since, (unsigned long long)a->count, more);
}

void dp_alarms_repeat(struct dp_daemon *d)
{
    if (d->alarms.said_day == today(d))
        return;
    d->alarms.said_day = today(d);
    for (uint32_t i = 0; i < d->alarms.n; i++)
        if (!d->alarms.row[i].gone && d->alarms.row[i].said_day != today(d))
            say_group(d, i);
    if (d->alarms.lost > 0)
        dp_log(DP_LOG_WARN, "alarms: the list is full: %llu were not kept; see `daipao alarms`",
               (unsigned long long)d->alarms.lost);
}

/* ---- in the store ---- */

#define KEY_MAX (sizeof((struct dp_alarm_row *)0)->word + 9)
#define FIXED_BYTES 24

static struct dp_slice key_of(const struct dp_alarm_row *a, uint8_t out[KEY_MAX])
{
    struct dp_wr w = dp_wr_of(out, KEY_MAX);
    dp_wr_bytes(&w, a->word, strlen(a->word) + 1);
    dp_wr_u64(&w, a->node.v);
    return dp_wr_slice(&w);
}

static void put_row(struct dp_daemon *d, const struct dp_alarm_row *a)
{
    uint8_t key[KEY_MAX], v[FIXED_BYTES + sizeof a->text];
    struct dp_wr w = dp_wr_of(v, sizeof v);
    dp_wr_u64(&w, (uint64_t)a->since_ms);
    dp_wr_u64(&w, (uint64_t)a->last_ms);
    dp_wr_u64(&w, a->count);
    dp_wr_bytes(&w, a->text, strlen(a->text));
    dp_db_put_key(&d->db, DP_T_ALARM, key_of(a, key), dp_wr_slice(&w));
}

void dp_alarms_write(struct dp_daemon *d)
{
    uint8_t key[KEY_MAX];
    for (uint32_t i = 0; d->alarms.dirty && i < d->alarms.n; i++) {
        const struct dp_alarm_row *a = &d->alarms.row[i];
        if (a->dirty && a->gone)
            dp_db_del_key(&d->db, DP_T_ALARM, key_of(a, key));
        else if (a->dirty)
            put_row(d, a);
    }
}

void dp_alarms_written(struct dp_daemon *d)
{
    uint32_t kept = 0;
    if (!d->alarms.dirty)
        return;
    for (uint32_t i = 0; i < d->alarms.n; i++) {
        struct dp_alarm_row *a = &d->alarms.row[i];
        if (a->gone)
            continue;
        a->dirty = false;
        if (kept != i)
            d->alarms.row[kept] = *a;
        kept++;
    }
    d->alarms.n = kept;
    d->alarms.dirty = false;
    if (kept < DP_ALARMS_MAX)
        d->alarms.lost = 0;
}

/* A row of the store; false when it is none. */
static bool get_row(struct dp_slice key, struct dp_slice v, struct dp_alarm_row *a)
{
    size_t word = strnlen((const char *)key.p, key.len);
    struct dp_rd k, r = dp_rd_of(v);
    memset(a, 0, sizeof *a);
    if (word == 0 || word >= sizeof a->word || key.len != word + 9 || v.len < FIXED_BYTES ||
        v.len - FIXED_BYTES >= sizeof a->text)
        return false;
    memcpy(a->word, key.p, word);
    k = dp_rd_of(dp_slice_of(key.p + word + 1, 8));
    a->node.v = dp_rd_u64(&k);
    a->since_ms = (int64_t)dp_rd_u64(&r);
    a->last_ms = (int64_t)dp_rd_u64(&r);
    a->count = dp_rd_u64(&r);
    memcpy(a->text, v.p + FIXED_BYTES, v.len - FIXED_BYTES);
    return true;
}

void dp_alarms_load(struct dp_daemon *d)
{
    struct dp_slice key = {0}, v;
    struct dp_alarm_row row, *a;
    while (dp_db_next_key(&d->db, DP_T_ALARM, dp_slice_of("", 0), &key, &v) == DP_OK) {
        if (!get_row(key, v, &row) || row_of(d, row.word, row.node) != NULL)
            continue;
        a = add_row(&d->alarms);
        if (a == NULL)
            return;
        *a = row;
        if (strcmp(a->word, WORD_OF_STOP) == 0) /* found out anew, or over */
            a->gone = a->dirty = d->alarms.dirty = true;
    }
}

void dp_alarms_free(struct dp_daemon *d)
{
    free(d->alarms.row);
    memset(&d->alarms, 0, sizeof d->alarms);
}
