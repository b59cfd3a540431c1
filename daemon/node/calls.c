/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks first is not who gets all: callers take turns, and the oldest request of each is the one that is
 * worked on. A place in the queue is never a place that somebody else cannot have.
 */
#include "node/calls.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/command.h"
#include "node/query.h"

#define REQUEST_MEMORY (32u << 20)  /* one request decoded */
#define QUESTION_MEMORY (64u << 10) /* where one question is */

struct call {
    struct call *next;    /* of its caller, the oldest first */
    struct call *in_turn; /* of the commands of this turn */
    struct share *share;  /* NULL: it does not wait */
    uint64_t conn;
    uint32_t uid;
    struct dp_request rq;
    struct dp_arena mem; /* the request */
    struct dp_arena own; /* of the question under way */
    size_t bytes;        /* as it is counted while it waits */
    struct dp_buf reply;
    struct dp_caller caller;
    uint32_t at;         /* the next command; those before it are in the reply */
    uint32_t done_count; /* of these, what this turn does: said when it is committed */
    size_t mark;         /* where their results begin */
    bool broken;         /* no memory for its reply */
    bool refused;        /* its questions found no room */
    bool kept;           /* what must be kept of the answer is kept in this turn */
    bool asking;         /* a question is under way */
    struct dp_ask ask;
};

/* The calls of one uid. */
struct share {
    struct share *next; /* of all that wait; who was served goes to the end */
    uint32_t uid;
    uint32_t count;
    struct call *first;
};

struct dp_calls {
    struct share *first;
    uint32_t count;
    size_t bytes;         /* of requests that wait */
    struct call *in_turn; /* whose commands the turn does */
};

enum dp_err dp_calls_new(struct dp_daemon *d)
{
    d->calls = calloc(1, sizeof(*d->calls));
    return d->calls == NULL ? DP_NOMEM : DP_OK;
}

static bool is_root(uint32_t uid)
{
    return uid == 0 || uid == (uint32_t)geteuid();
}

/* ---- one call ---- */

static struct call *call_new(uint64_t conn, uint32_t uid)
{
    struct call *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->conn = conn;
    c->uid = uid;
    dp_arena_init(&c->mem, REQUEST_MEMORY, 0);
    dp_arena_init(&c->own, QUESTION_MEMORY, 0);
    dp_buf_init(&c->reply, DP_REPLY_BYTES_MAX);
    return c;
}

static void call_free(struct call *c)
{
    if (c->asking)
        dp_ask_fini(&c->ask);
    if (c->reply.p != NULL)
        dp_wipe(c->reply.p, c->reply.len); /* persons may stand in it */
    dp_buf_fini(&c->reply);
    dp_arena_fini(&c->mem);
    dp_arena_fini(&c->own);
    free(c);
}

static void say_bare(struct dp_daemon *d, uint64_t conn, uint64_t id, enum dp_err e, uint32_t count)
{
    uint8_t bytes[DP_REPLY_BARE_MAX];
    size_t len = dp_reply_bare(id, e, count, bytes);

    d->port.transport.reply(d->port.transport.ctx, conn, dp_slice_of(bytes, len));
}

/* R-CTL-3: one reply, whatever became of the memory for it. */
static void call_say(struct dp_daemon *d, struct call *c)
{
    if (c->broken)
        say_bare(d, c->conn, c->rq.id, DP_NOMEM, c->rq.count);
    else
        d->port.transport.reply(d->port.transport.ctx, c->conn, dp_buf_slice(&c->reply));
}

/* R-CTL-4 */
static void put_result(struct dp_daemon *d, struct call *c, const struct dp_outcome *r, size_t max_bytes)
{
    struct dp_outcome full = {.err = r->err, .name = r->name, .number = r->number};
    enum dp_err e = c->reply.len == 0 ? dp_reply_begin(c->rq.id, &c->reply) : DP_OK;

    if (e == DP_OK)
        e = dp_reply_add(r, max_bytes, &c->reply);
    if (e == DP_TOO_BIG) {
        dp_outcome_set(d, &full, r->err == DP_OK && r->json != NULL ? DP_REPLY_FULL : r->err,
                       "the answer does not fit into the reply beside those before it: ask for less with a "
                       "smaller --limit, or for fewer at once");
        e = dp_reply_add(&full, DP_REPLY_BYTES_MAX, &c->reply);
    }
    c->broken |= e != DP_OK;
    c->at++;
}

/* ---- who waits ---- */

static struct share *share_of(struct dp_calls *q, uint32_t uid)
{
    struct share *s = q->first;

    while (s != NULL && s->uid != uid)
        s = s->next;
    return s;
}

static void append_share(struct dp_calls *q, struct share *s)
{
    struct share **at = &q->first;

    while (*at != NULL)
        at = &(*at)->next;
    s->next = NULL;
    *at = s;
}

static void drop_share(struct dp_calls *q, struct share *s)
{
    struct share **at = &q->first;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

static struct call **last_of(struct share *s)
{
    struct call **at = &s->first;

    while ((*at)->next != NULL)
        at = &(*at)->next;
    return at;
}

static void leave(struct dp_calls *q, struct call *c)
{
    struct share *s = c->share;
    struct call **at = &s->first;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    q->count--;
    q->bytes -= c->bytes;
    c->share = NULL;
    if (--s->count == 0) {
        drop_share(q, s);
        free(s);
    }
}

/* The rest of its commands, and it is over. */
static void refuse_rest(struct dp_daemon *d, struct call *c)
{
    struct dp_outcome r = {0};

    dp_outcome_set(d, &r, DP_AGAIN, "too many questions of this user wait already; ask again in a moment");
    while (c->at < c->rq.count)
        put_result(d, c, &r, DP_REPLY_BYTES_MAX);
    call_say(d, c);
    call_free(c);
}

static bool is_full(const struct dp_calls *q, const struct call *more)
{
    return q->count >= DP_CALLS_MAX || q->bytes + more->mem.used_bytes > DP_CALLS_BYTES_MAX;
}

/* R-CTL-6: the newest of the greediest gives way; who is not greedier than the rest finds room. A call that
 * the turn or a question has begun keeps its place. */
static bool make_room(struct dp_daemon *d, const struct call *more)
{
    struct dp_calls *q = d->calls;
    const struct share *own = share_of(q, more->uid);
    uint32_t most = own == NULL ? 1 : own->count + 1;
    struct share *greedy = NULL;

    for (struct share *s = q->first; s != NULL; s = s->next) {
        if (s->count > most || (greedy == NULL && s->count == most && is_root(more->uid))) {
            greedy = s;
            most = s->count;
        }
    }
    if (greedy == NULL)
        return false;
    struct call *last = *last_of(greedy);
    if (last->reply.len > 0 || last->asking || last->done_count > 0)
        return false;
    leave(q, last);
    refuse_rest(d, last);
    return true;
}

/* False: it was turned away. */
static bool enter(struct dp_daemon *d, struct call *c)
{
    struct dp_calls *q = d->calls;
    struct share *s;

    while (is_full(q, c))
        if (!make_room(d, c))
            return false;
    s = share_of(q, c->uid);
    if (s == NULL) {
        s = calloc(1, sizeof(*s));
        if (s == NULL)
            return false;
        s->uid = c->uid;
        append_share(q, s);
    }
    c->share = s;
    if (s->first == NULL)
        s->first = c;
    else
        (*last_of(s))->next = c;
    s->count++;
    q->count++;
    c->bytes = c->mem.used_bytes;
    q->bytes += c->bytes;
    return true;
}

void dp_calls_free(struct dp_daemon *d)
{
    struct dp_calls *q = d->calls;

    while (q != NULL && q->in_turn != NULL) {
        struct call *c = q->in_turn;
        q->in_turn = c->in_turn;
        if (c->share == NULL)
            call_free(c);
    }
    while (q != NULL && q->first != NULL) {
        struct call *c = q->first->first;
        leave(q, c);
        call_free(c);
    }
    free(q);
    d->calls = NULL;
}

/* ---- commands, in the turn ---- */

static bool is_question(const struct call *c)
{
    return c->at < c->rq.count && c->rq.commands[c->at].kind == DP_COMMAND_QUERY;
}

/* DP_OK, or *out says why the command is not for this caller. */
static enum dp_err find_caller(struct dp_daemon *d, struct call *c, enum dp_command_kind kind,
                               struct dp_outcome *out)
{
    enum dp_err e = dp_caller_find(d, c->uid, c->rq.as_office, &c->caller); /* R-CTL-1 */
    bool needs_office = kind == DP_COMMAND_STEP || kind == DP_COMMAND_BLOB;

    if (e == DP_OK || (e == DP_AMBIGUOUS && !needs_office))
        return DP_OK;
    dp_outcome_set(d, out, e == DP_AMBIGUOUS ? DP_USAGE : e,
                   e == DP_AMBIGUOUS ? DP_SAID("you act for several offices: say which with --as OFFICE")
                                     : DP_SAID("you are no officer of that office"));
    return e;
}

static uint32_t commands_before_question(const struct call *c)
{
    uint32_t n = c->at;

    while (n < c->rq.count && c->rq.commands[n].kind != DP_COMMAND_QUERY)
        n++;
    return n - c->at;
}

static void do_commands(struct dp_daemon *d, struct call *c)
{
    uint32_t n = commands_before_question(c);

    if (n == 0)
        return;
    c->mark = c->reply.len;
    c->done_count = n;
    for (uint32_t i = 0; i < n; i++) {
        const struct dp_command *cmd = &c->rq.commands[c->at];
        struct dp_outcome r = {0};
        if (find_caller(d, c, cmd->kind, &r) == DP_OK)
            dp_do_command(d, &c->caller, &c->rq, cmd, &r);
        put_result(d, c, &r, DP_REPLY_BYTES_MAX);
    }
    d->heap_starved |= c->broken; /* done and not said is worse than not done */
    c->in_turn = d->calls->in_turn;
    d->calls->in_turn = c;
}

static void keep_answer(struct dp_daemon *d, struct call *c)
{
    dp_ask_keep(&c->ask);
    c->kept = true;
    c->in_turn = d->calls->in_turn;
    d->calls->in_turn = c;
}

/* A question is answered, and the turn is to keep it before that is said. */
static bool awaits_keeping(const struct call *c)
{
    return c->asking && c->ask.more == NULL && c->ask.keep.len > 0;
}

static void take_in(struct dp_daemon *d, struct call *c)
{
    do_commands(d, c);
    if (c->at == c->rq.count || enter(d, c))
        return;
    if (c->done_count == 0) {
        refuse_rest(d, c);
        return;
    }
    c->refused = true; /* what is done is said; what stands behind it is refused */
}

void dp_daemon_request(struct dp_daemon *d, uint64_t conn, uint32_t uid, const struct dp_request *rq)
{
    struct call *c = call_new(conn, uid);

    if (c == NULL) {
        say_bare(d, conn, rq->id, DP_NOMEM, rq->count);
        return;
    }
    c->rq = *rq;
    take_in(d, c);
}

void dp_daemon_control(struct dp_daemon *d, uint64_t conn, uint32_t uid, struct dp_slice bytes)
{
    struct call *c = call_new(conn, uid);
    struct dp_outcome r = {0};
    enum dp_err e;

    if (c == NULL) {
        say_bare(d, conn, dp_request_id(bytes), DP_NOMEM, 1);
        return;
    }
    e = dp_request_decode(bytes, &c->mem, &c->rq, &c->rq.id);
    if (e == DP_OK) {
        take_in(d, c);
        return;
    }
    c->rq.count = 1;
    dp_outcome_set(
        d, &r, e,
        "the request is not one that this version reads: a field is not known or is out of its range, or a "
        "text in it is not UTF-8 or has control characters");
    put_result(d, c, &r, DP_REPLY_BYTES_MAX);
    call_say(d, c);
    call_free(c);
}

void dp_daemon_caller_gone(struct dp_daemon *d, uint64_t conn)
{
    struct dp_calls *q = d->calls;

    for (struct share *s = q->first, *next; s != NULL; s = next) {
        next = s->next;
        for (struct call *c = s->first, *later; c != NULL; c = later) {
            bool last = s->count == 1;
            later = c->next;
            if (c->conn != conn || c->done_count > 0 || c->kept)
                continue;
            leave(q, c);
            call_free(c);
            if (last)
                break; /* the share is gone with it */
        }
    }
}

void dp_calls_go_on(struct dp_daemon *d)
{
    for (struct share *s = d->calls->first; s != NULL; s = s->next) {
        struct call *c = s->first;
        if (c->done_count > 0)
            continue;
        if (awaits_keeping(c))
            keep_answer(d, c);
        else if (!c->asking)
            do_commands(d, c);
    }
}

/* ---- after the commit ---- */

/* R-STO-1 */
static struct dp_outcome undone(struct dp_daemon *d, enum dp_err e)
{
    struct dp_outcome r = {.err = e == DP_IO || e == DP_FULL ? DP_INTAKE_STOPPED : e};

    if (e == DP_STOPPED)
        (void)dp_stop_refuses(d, &r);
    return r;
}

static void question_over(struct dp_daemon *d, struct call *c, const struct dp_outcome *r)
{
    put_result(d, c, r, DP_REPLY_ANSWERS_MAX);
    dp_ask_fini(&c->ask);
    c->asking = c->kept = false;
    dp_arena_reset(&c->own);
}

static void say_when_over(struct dp_daemon *d, struct call *c)
{
    if (c->at < c->rq.count)
        return;
    if (c->share != NULL)
        leave(d->calls, c);
    call_say(d, c);
    call_free(c);
}

/* The turn failed: its commands are not done. */
static void take_back(struct dp_daemon *d, struct call *c, const struct dp_outcome *failed)
{
    c->reply.len = c->mark;
    c->at -= c->done_count;
    c->broken = false;
    for (uint32_t i = 0; i < c->done_count; i++)
        put_result(d, c, failed, DP_REPLY_BYTES_MAX);
}

static void said(struct dp_daemon *d, struct call *c, enum dp_err e)
{
    struct dp_outcome failed = undone(d, e);

    if (c->kept)
        question_over(d, c, e == DP_OK ? &c->ask.out : &failed);
    else if (e != DP_OK)
        take_back(d, c, &failed);
    c->done_count = 0;
    if (!c->refused) {
        say_when_over(d, c);
        return;
    }
    refuse_rest(d, c);
}

void dp_calls_said(struct dp_daemon *d, enum dp_err e)
{
    struct call *c, *first = NULL;

    while ((c = d->calls->in_turn) != NULL) { /* they stand the last one first */
        d->calls->in_turn = c->in_turn;
        c->in_turn = first;
        first = c;
    }
    while ((c = first) != NULL) {
        first = c->in_turn;
        c->in_turn = NULL;
        said(d, c, e);
    }
}

/* ---- questions ---- */

static bool is_begun(const struct call *c)
{
    return c->asking || c->reply.len > 0;
}

static struct call *next_to_serve(struct dp_calls *q)
{
    unsigned begun = 0;

    for (const struct share *s = q->first; s != NULL; s = s->next)
        begun += is_begun(s->first);
    for (struct share *s = q->first; s != NULL; s = s->next) {
        struct call *c = s->first;
        if (c->done_count > 0 || awaits_keeping(c) || (!c->asking && !is_question(c)))
            continue; /* the next turn's */
        if (!is_begun(c) && begun >= DP_CALLS_AT_ONCE && !is_root(c->uid))
            continue;
        drop_share(q, s);
        append_share(q, s);
        return c;
    }
    return NULL;
}

static void ask(struct dp_daemon *d, struct call *c, int64_t looks)
{
    struct dp_ask *a = &c->ask;

    if (!c->asking) {
        *a = (struct dp_ask){.d = d, .c = &c->caller, .q = &c->rq.commands[c->at].u.query, .mem = &c->own};
        c->asking = true;
    }
    a->looks = looks;
    a->out.err = dp_db_begin(&d->db, false);
    if (a->out.err == DP_OK)
        a->out.err = find_caller(d, c, DP_COMMAND_QUERY, &a->out);
    if (a->out.err != DP_OK) {
        a->more = NULL;
        a->keep = dp_slice_of(NULL, 0);
    } else if (a->more == NULL) {
        dp_ask_begin(a, looks);
    } else {
        dp_ask_go_on(a, looks);
    }
    dp_db_abort(&d->db);
    if (dp_is_starved(d)) { /* something that is here was not seen */
        a->more = NULL;
        a->keep = dp_slice_of(NULL, 0);
        a->out = (struct dp_outcome){.err = DP_NOMEM};
    }
}

/* The memory of a question is no turn's: nothing of a turn is alive here, and nothing of this outlives it. */
static void serve(struct dp_daemon *d, struct call *c, int64_t *looks)
{
    int64_t given = *looks < DP_LOOKS_A_SLICE ? *looks : DP_LOOKS_A_SLICE;
    size_t turn_cap = d->turn.cap_bytes, look_cap = d->look.cap_bytes;

    dp_feed_again(d);
    dp_arena_reset(&d->turn);
    dp_arena_reset(&d->look);
    d->turn.cap_bytes = d->look.cap_bytes = d->opt.ask_memory != 0 ? d->opt.ask_memory : DP_ASK_MEMORY;
    ask(d, c, given);
    *looks -= given - c->ask.looks > 0 ? given - c->ask.looks : 1;
    if (c->ask.more == NULL && c->ask.keep.len == 0) {
        question_over(d, c, &c->ask.out);
        say_when_over(d, c);
    }
    dp_arena_reset(&d->turn);
    dp_arena_reset(&d->look);
    d->turn.cap_bytes = turn_cap;
    d->look.cap_bytes = look_cap;
    dp_feed_again(d);
}

void dp_calls_answer(struct dp_daemon *d)
{
    int64_t looks = DP_LOOKS_A_TURN;
    struct call *c;

    while (looks > 0 && (c = next_to_serve(d->calls)) != NULL)
        serve(d, c, &looks);
}

bool dp_calls_wait(const struct dp_daemon *d)
{
    return d->calls->first != NULL;
}
