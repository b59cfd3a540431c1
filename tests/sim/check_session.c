/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What local sessions are told (I39). Now and then a node of the history is copied as it is committed, and
 * people of all offices that cases there have to do with ask the copy every question: the history goes on as
 * if nobody had. Who may learn of which case is judged by the books and the domain alone (right.c), never by
 * the code that filters.
 */
#include "sim/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.pb-c.h"
#include "crypto/random.h"
#include "node/core.h"
#include "sim/fault.h"
#include "support/cmocka_all.h"
#include "support/questions.h"

#define EVERY_HOURS 12 /* for one node of the tree */
#define OFFICES_MAX 6
#define FIRST_UID 60001
#define SHOWN_MAX                                                                                            \
    4 /* cases that are looked at alone, of those that one sees and of those that one does not */
#define PETITIONER "Wang Cuihua"

/* A node that answers questions and has no neighbours. */
struct desk {
    struct oracle *o;
    const struct oracle_node *x;
    struct dp_kv *kv;
    struct dp_daemon *d;
    struct dp_rng rng;
    struct dp_office office[OFFICES_MAX];
    uint32_t offices;
    const struct oracle_case **cases; /* with their register entry here */
    bool *locked;
    uint32_t case_count, other_count; /* others: without */
    bool lies;                        /* some case is not what the books say */
    struct dp_buf reply;
    /* the session that asks */
    const struct dp_office *who;
    uint32_t uid;
    bool *hidden;
    uint32_t hidden_count;
};

/* ---- a node to ask ---- */

static enum dp_err no_send(void *ctx, struct dp_node peer, struct dp_slice frame)
{
    (void)ctx, (void)peer, (void)frame;
    return DP_UNREACHABLE;
}

static void no_drop(void *ctx, struct dp_node peer)
{
    (void)ctx, (void)peer;
}

static void keep_reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    struct desk *k = ctx;
    (void)conn;
    dp_buf_reset(&k->reply);
    assert_ok(dp_buf_put(&k->reply, bytes.p, bytes.len));
}

static void no_reply(void *ctx, uint64_t conn, struct dp_slice bytes)
{
    (void)ctx, (void)conn, (void)bytes;
}

static int64_t wall_ms(void *ctx)
{
    return cl_wall_ms(((struct desk *)ctx)->x->n);
}

static int64_t mono_ms(void *ctx)
{
    return ((struct desk *)ctx)->x->n->c->now_ms;
}

static bool synced(void *ctx)
{
    return !((struct desk *)ctx)->x->n->clock_unsynced;
}

static void seat(struct desk *k, struct dp_db *db, uint32_t i)
{
    uint8_t key[28], row[8];
    struct dp_wr w = dp_wr_of(key, sizeof(key)), r = dp_wr_of(row, sizeof(row));
    dp_wr_u32(&w, FIRST_UID + i);
    dp_wr_u64(&w, k->office[i].node.v);
    dp_wr_bytes(&w, k->office[i].slug, sizeof(k->office[i].slug));
    dp_wr_u32(&r, 90);
    dp_wr_u32(&r, DP_OFFICER_CLERK | DP_OFFICER_HEAD);
    dp_db_put_key(db, DP_T_UID, dp_wr_slice(&w), dp_wr_slice(&r));
}

static bool open_desk(struct desk *k)
{
    struct cl_node *n = k->x->n;
    struct dp_daemon_options opt = n->c->options;
    k->kv = cl_snapshot(n);
    struct dp_db db = {.kv = k->kv};
    assert_ok(dp_db_begin(&db, true));
    for (uint32_t i = 0; i < k->offices; i++)
        seat(k, &db, i);
    assert_ok(dp_db_commit(&db));
    opt.data_dir = n->dir;
    opt.parent_address = n->text;
    opt.backup_dir = NULL;
    opt.alarmed = NULL;
    dp_rng_seed(&k->rng, 1);
    struct dp_ports ports = {.kv = k->kv,
                             .random = dp_random_seeded(&k->rng),
                             .clock = {wall_ms, mono_ms, synced, k},
                             .transport = {no_send, no_drop, keep_reply, no_reply, k}};
    if (dp_daemon_new(&ports, &opt, (struct dp_keyring *)(uintptr_t)dp_daemon_keyring(n->d), &k->d) != DP_OK)
        return false;
    /* The keys are those of the node itself: its copy waits for ever before it destroys one. */
    k->d->rotate_due = k->d->rotate_retry = true;
    k->d->rotate_ms = INT64_MAX;
    return true;
}

/* ---- who is hidden from whom, by the domain ---- */

static bool same(const struct dp_office *a, const struct dp_office *b)
{
    return dp_node_eq(a->node, b->node) && strcmp(a->slug, b->slug) == 0;
}

static bool has_to_do(const struct oracle_case *k, const struct dp_office *o)
{
    if (same(&k->reg.first_office, o))
        return true;
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if (same(&e->office, o) || same(&e->to, o))
            return true;
    return false;
}

/* Domain 6: the accused, and the same system in the accused's division. */
static bool accused(const struct oracle_case *k, bool locked, const struct dp_office *o)
{
    if (k->reg.purpose != DP_PURPOSE_ACCUSATION && !locked &&
        (k->reg.flags & (DP_REG_CONFIDENTIAL | DP_REG_LOCK)) == 0)
        return false;
    if (right_denied_locked(k, o->node))
        return true;
    for (uint8_t i = 0; i < k->reg.respondent_count; i++) {
        const struct dp_office *r = &k->reg.respondents[i];
        struct dp_node home = dp_node_of(dp_node_div(r->node), 0);
        if (strcmp(r->slug, o->slug) == 0 && dp_node_covers(home, o->node))
            return true;
    }
    return false;
}

static bool is_hidden(const struct oracle_case *k, bool locked, const struct dp_office *o)
{
    bool above = strcmp(o->slug, "bureau") == 0 && dp_node_covers(o->node, k->subject.name.origin);
    return accused(k, locked, o) || (!above && !has_to_do(k, o));
}

/* ---- what is there ---- */

static void add_office(struct desk *k, const struct dp_office *o)
{
    if (!dp_node_eq(o->node, k->x->n->id) || o->slug[0] == '\0' || k->offices == OFFICES_MAX)
        return;
    for (uint32_t i = 0; i < k->offices; i++)
        if (same(&k->office[i], o))
            return;
    k->office[k->offices++] = *o;
}

static bool is_lifted(const struct oracle_node *x, const struct oracle_case *k,
                      const struct oracle_entry *lock)
{
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if (e->kind == DP_KIND_UNLOCK && e->verdict == DP_VALID && dp_name_eq(&e->re, &lock->name) &&
            oracle_holds(x, &e->name))
            return true;
    return false;
}

/* By what the node itself holds: a lock, and what lifts it, takes its time to come. */
static bool stands_locked(const struct oracle_node *x, const struct oracle_case *k)
{
    for (const struct oracle_entry *e = k->first; e != NULL; e = e->next_of_case)
        if (e->kind == DP_KIND_LOCK && e->verdict == DP_VALID && oracle_holds(x, &e->name) &&
            !is_lifted(x, k, e))
            return true;
    return false;
}

static void gather(struct desk *k)
{
    char text[DP_OFFICE_TEXT];
    struct dp_office first;
    struct dp_office stranger = {.node = k->x->n->id, .slug = "elsewhere"};
    struct dp_db db = {.kv = k->x->n->kv};
    cl_office(k->x->n, text);
    assert_ok(dp_office_parse(dp_slice_str(text), &first));
    add_office(k, &first);
    add_office(k, &stranger);
    assert_ok(dp_db_begin(&db, false));
    for (uint32_t b = 0; b < ORACLE_BUCKETS; b++)
        for (const struct oracle_case *c = k->o->cases[b]; c != NULL; c = c->next) {
            struct dp_slice v;
            if (c->subject.type != DP_SUBJECT_CASE || dp_db_case(&db, &c->subject, &v) != DP_OK)
                continue;
            if (!c->has_reg || !oracle_holds(k->x, &c->subject.name)) {
                k->other_count++;
                continue;
            }
            k->cases = realloc(k->cases, (k->case_count + 1) * sizeof(struct oracle_case *));
            k->locked = realloc(k->locked, k->case_count + 1);
            assert_true(k->cases != NULL && k->locked != NULL);
            k->locked[k->case_count] = stands_locked(k->x, c);
            k->cases[k->case_count++] = c;
            k->lies |= c->lied;
            for (uint8_t i = 0; i < c->reg.respondent_count; i++)
                add_office(k, &c->reg.respondents[i]);
        }
    dp_db_abort(&db);
    k->hidden = calloc(k->case_count + 1, 1);
    assert_non_null(k->hidden);
}

/* ---- asking ---- */

/* A name ends where its number does. */
static bool says_name(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name))
        if (at[len] < '0' || at[len] > '9')
            return true;
    return false;
}

static void check_text(struct desk *k, const char *what, const char *text)
{
    char name[DP_NAME_TEXT], who[DP_OFFICE_TEXT];
    for (uint32_t i = 0; i < k->case_count; i++) {
        if (!k->hidden[i] || k->cases[i]->lied)
            continue;
        dp_name_format(&k->cases[i]->subject.name, name);
        if (!says_name(text, name) && strstr(text, k->cases[i]->reg.number.text) == NULL)
            continue;
        dp_office_format(k->who, who);
        sim_broken(k->o->s, "I39", "%s tells %s of %s, which is hidden from it (%s)", k->x->n->text, who,
                   name, what);
    }
}

/* The JSON of the answer, to be freed; NULL when it is refused, with *err. */
static char *ask(struct desk *k, struct cl_command *x, enum dp_err *err)
{
    char *json = NULL;
    x->rq.commands = &x->cmd;
    dp_buf_reset(&k->reply);
    *err = DP_UNREACHABLE;
    if (dp_daemon_begin(k->d) != DP_OK)
        return NULL;
    dp_daemon_request(k->d, 1, k->uid, &x->rq);
    enum dp_err e = dp_daemon_end(k->d);
    while (e == DP_OK && k->reply.len == 0 && dp_daemon_wants_turn(k->d)) {
        e = dp_daemon_begin(k->d);
        if (e == DP_OK)
            e = dp_daemon_end(k->d);
    }
    if (e != DP_OK || k->reply.len == 0)
        return NULL;
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, k->reply.len, k->reply.p);
    assert_non_null(r);
    *err = (enum dp_err)r->results[0]->err;
    check_text(k, x->cmd.u.query.what, r->results[0]->json);
    check_text(k, x->cmd.u.query.what, r->results[0]->text);
    check_text(k, x->cmd.u.query.what, r->results[0]->number);
    if (*err == DP_OK) {
        json = strdup(r->results[0]->json);
        assert_non_null(json);
    }
    daipao__control__v1__reply__free_unpacked(r, NULL);
    return json;
}

static void check_count(struct desk *k, const char *json)
{
    char who[DP_OFFICE_TEXT];
    const char *at = json == NULL ? NULL : strstr(json, "\"count\":");
    uint32_t most = k->case_count - k->hidden_count + k->other_count;
    if (at == NULL || strtoul(at + 8, NULL, 10) <= most)
        return;
    dp_office_format(k->who, who);
    sim_broken(k->o->s, "I39", "%s counts %lu cases for %s, of which it sees at most %u", k->x->n->text,
               strtoul(at + 8, NULL, 10), who, most);
}

static void ask_lists(struct desk *k)
{
    const char *what;
    struct cl_command x;
    enum dp_err err;
    for (unsigned i = 0; (what = questions_word(DP_SOURCE_DIR, i)) != NULL; i++) {
        char next[128] = "";
        for (unsigned page = 0; page < 4 && (page == 0 || next[0] != '\0'); page++) {
            cl_query(&x, what)->limit = 1;
            x.cmd.u.query.after = next;
            x.cmd.u.query.index = 1;
            char *json = ask(k, &x, &err);
            if (strcmp(what, "digest") == 0 && page == 0)
                check_count(k, json);
            const char *at = json == NULL ? NULL : strstr(json, "\"next\":\"");
            snprintf(next, sizeof(next), "%.*s", at == NULL ? 0 : (int)strcspn(at + 8, "\""),
                     at == NULL ? "" : at + 8);
            free(json);
        }
        cl_query(&x, what)->name = PETITIONER;
        x.cmd.u.query.tail = "1234";
        free(ask(k, &x, &err));
    }
}

/* A bureau above that asked for nothing of it and did nothing in it reads codes (R-PRT-3). */
static void check_codes(struct desk *k, const struct oracle_case *c, const char *json)
{
    char name[DP_NAME_TEXT], who[DP_OFFICE_TEXT];
    if (json == NULL || has_to_do(c, k->who) || c->lied || strstr(json, PETITIONER) == NULL)
        return;
    dp_name_format(&c->subject.name, name);
    dp_office_format(k->who, who);
    sim_broken(k->o->s, "I39", "%s shows the persons of %s to %s, which only stands above", k->x->n->text,
               name, who);
}

static uint32_t seen_with(const struct desk *k, const char *tail)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < k->case_count; i++) {
        const char *number = k->cases[i]->reg.number.text;
        size_t len = strlen(number), n = strlen(tail);
        count += !k->hidden[i] && len >= n && strcmp(number + len - n, tail) == 0;
    }
    return count;
}

/* The end of a number is as good as the number when no other case that the session sees ends so. */
static void ask_by_tail(struct desk *k, const struct oracle_case *c)
{
    const char *number = c->reg.number.text;
    size_t len = strlen(number);
    if (k->lies || k->other_count > 0 || k->x->swapped || !has_to_do(c, k->who))
        return;
    for (size_t n = 1; n < 8 && n < len; n++) {
        struct cl_command x;
        enum dp_err err;
        char who[DP_OFFICE_TEXT];
        if (seen_with(k, number + len - n) != 1)
            continue;
        cl_query(&x, "show")->case_ref = number + len - n;
        free(ask(k, &x, &err));
        if (err != DP_AMBIGUOUS)
            continue;
        dp_office_format(k->who, who);
        sim_broken(k->o->s, "I39", "%s finds more than one case that ends in %s, of which %s sees one",
                   k->x->n->text, number + len - n, who);
    }
}

static void ask_of_cases(struct desk *k)
{
    static const char *const whats[] = {"show", "track", "digest", "file"};
    uint32_t shown[2] = {0, 0};
    for (uint32_t i = 0; i < k->case_count; i++) {
        const struct oracle_case *c = k->cases[k->case_count - 1 - i];
        bool hidden = k->hidden[k->case_count - 1 - i];
        char name[DP_NAME_TEXT], who[DP_OFFICE_TEXT];
        if (shown[hidden]++ >= SHOWN_MAX)
            continue;
        dp_name_format(&c->subject.name, name);
        if (!hidden)
            ask_by_tail(k, c);
        for (unsigned q = 0; q < 8; q++) {
            struct cl_command x;
            enum dp_err err;
            cl_query(&x, whats[q / 2])->case_ref = q % 2 == 0 ? name : c->reg.number.text;
            char *json = ask(k, &x, &err);
            if (hidden && !c->lied && err != DP_NOT_FOUND && err != DP_UNREACHABLE) {
                dp_office_format(k->who, who);
                sim_broken(k->o->s, "I39", "%s answers %s of %s, which is hidden from %s: %s", k->x->n->text,
                           whats[q / 2], name, who, dp_err_name(err));
            }
            check_codes(k, c, json);
            free(json);
        }
    }
}

/* Nobody asks for an office that is not his (R-CTL-1). */
static void ask_for_another(struct desk *k)
{
    struct cl_command x;
    char other[DP_OFFICE_TEXT], who[DP_OFFICE_TEXT];
    for (uint32_t i = 0; i < k->offices; i++) {
        enum dp_err err;
        if (&k->office[i] == k->who)
            continue;
        dp_office_format(&k->office[i], other);
        cl_query(&x, "inbox");
        x.rq.as_office = other;
        free(ask(k, &x, &err));
        if (err != DP_OK)
            continue;
        dp_office_format(k->who, who);
        sim_broken(k->o->s, "I39", "%s lets an officer of %s ask for %s", k->x->n->text, who, other);
    }
}

static void ask_all(struct desk *k)
{
    for (uint32_t i = 0; i < k->offices; i++) {
        k->who = &k->office[i];
        k->uid = FIRST_UID + i;
        k->hidden_count = 0;
        for (uint32_t c = 0; c < k->case_count; c++) {
            k->hidden[c] = is_hidden(k->cases[c], k->locked[c], k->who);
            k->hidden_count += k->hidden[c];
        }
        ask_lists(k);
        ask_of_cases(k);
        ask_for_another(k);
    }
}

static void visit(struct oracle *o, const struct oracle_node *x)
{
    struct desk k = {.o = o, .x = x};
    if (x->n == NULL || x->n->d == NULL || x->n->d->rotate_due || x->n->d->kr == NULL ||
        !dp_daemon_enrolled(x->n->d))
        return;
    dp_buf_init(&k.reply, 16u << 20);
    gather(&k);
    if (open_desk(&k))
        ask_all(&k);
    if (k.d != NULL)
        dp_daemon_free(&k.d);
    k.kv->ops->close(&k.kv);
    dp_buf_fini(&k.reply);
    free(k.cases);
    free(k.locked);
    free(k.hidden);
}

void check_session_hour(struct oracle *o)
{
    uint64_t hour = (uint64_t)(o->s->c->now_ms / 3600000);
    struct dp_rng dice = sim_stream(o->s->opt.seed, "sessions", hour);
    if (dp_rng_below(&dice, EVERY_HOURS) == 0)
        visit(o, &o->nodes[dp_rng_below(&dice, o->node_count)]);
}

void check_session_rest(struct oracle *o)
{
    for (uint32_t i = 0; i < o->node_count; i++)
        visit(o, &o->nodes[i]);
}
