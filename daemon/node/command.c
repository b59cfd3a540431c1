/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of local people: who is asking (R-CTL-1), which case and office are meant, and the steps that
 * issue entries. Everything happens inside the turn; the answer leaves after its commit.
 */
#include "node/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- results ---- */

void dp_outcome_set(struct dp_daemon *d, struct dp_outcome *r, enum dp_err err, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->err = err;
    r->text = dp_arena_str(&d->turn, dp_slice_str(text));
}

/* ---- lookups ---- */

enum dp_err dp_case_lookup(struct dp_daemon *d, const char *ref, struct dp_subject *out)
{
    struct dp_name n;
    if (ref[0] == '\0')
        return DP_NOT_FOUND;
    if (dp_name_parse(dp_slice_str(ref), &n) == DP_OK) {
        *out = (struct dp_subject){.type = DP_SUBJECT_CASE, .name = n};
        return DP_OK;
    }
    return dp_db_number(&d->db, dp_slice_str(ref), out);
}

static bool contains(struct dp_slice hay, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t i = 0; n > 0 && i + n <= hay.len; i++)
        if (memcmp(hay.p + i, needle, n) == 0)
            return true;
    return false;
}

/* Rows of DP_T_OFFICE: key node 8, slug 16; value: name. */
enum dp_err dp_office_lookup(struct dp_daemon *d, const char *text, struct dp_office *out)
{
    struct dp_slice key = {0}, name;
    uint8_t last[24];
    unsigned hits = 0;
    if (dp_office_parse(dp_slice_str(text), out) == DP_OK)
        return DP_OK;
    while (dp_db_next_key(&d->db, DP_T_OFFICE, dp_slice_of("", 0), &key, &name) == DP_OK && key.len == 24) {
        bool same = dp_slice_eq(name, dp_slice_str(text));
        if (same || contains(name, text)) {
            memcpy(last, key.p, sizeof last);
            hits++;
            if (same) {
                hits = 1;
                break;
            }
        }
    }
    if (hits != 1)
        return hits == 0 ? DP_NOT_FOUND : DP_AMBIGUOUS;
    struct dp_rd r = dp_rd_of(dp_slice_of(last, sizeof last));
    out->node.v = dp_rd_u64(&r);
    dp_rd_copy(&r, out->slug, sizeof out->slug);
    return DP_OK;
}

/* ---- the caller ---- */

/* Offices of a uid: rows uid 4, node 8, slug 16 -> officer 4. */
static enum dp_err find_caller(struct dp_daemon *d, uint32_t uid, const char *as_office,
                               struct dp_caller *out)
{
    uint8_t prefix[4];
    struct dp_wr w = dp_wr_of(prefix, sizeof prefix);
    struct dp_slice key = {0}, v;
    struct dp_office want;
    bool named = as_office[0] != '\0';
    unsigned hits = 0;
    memset(out, 0, sizeof *out);
    out->uid = uid;
    out->is_root = uid == 0 || uid == (uint32_t)geteuid();
    dp_wr_u32(&w, uid);
    if (named) {
        enum dp_err e = dp_office_lookup(d, as_office, &want);
        if (e != DP_OK)
            return e;
    }
    while (dp_db_next_key(&d->db, DP_T_UID, dp_slice_of(prefix, sizeof prefix), &key, &v) == DP_OK &&
           key.len == 28) {
        struct dp_office o;
        struct dp_rd r = dp_rd_of(dp_slice_of(key.p + 4, 24));
        o.node.v = dp_rd_u64(&r);
        dp_rd_copy(&r, o.slug, sizeof o.slug);
        if (named && !dp_office_eq(&o, &want))
            continue;
        struct dp_rd rv = dp_rd_of(v);
        out->office = o;
        out->officer = dp_rd_u32(&rv);
        out->roles = dp_rd_u32(&rv);
        hits++;
    }
    out->has_office = hits == 1;
    if (named && hits == 0)
        return DP_NOT_ENTITLED;
    return hits > 1 ? DP_AMBIGUOUS : DP_OK;
}

/* ---- steps ---- */

static enum dp_err encode_parts(struct dp_daemon *d, const struct dp_step *s, struct dp_part_in *out)
{
    for (uint8_t i = 0; i < s->part_count; i++) {
        bool failed = false;
        dp_buf_reset(&d->scratch);
        enum dp_err e = dp_part_text_encode(&s->parts[i], &d->scratch);
        if (e != DP_OK)
            return e;
        out[i].kind = s->parts[i].kind;
        out[i].plain = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
        if (failed)
            return DP_NOMEM;
    }
    return DP_OK;
}

static void copy_text(char *to, size_t cap, const char *from)
{
    snprintf(to, cap, "%s", from);
}

static enum dp_err build_reg(struct dp_daemon *d, const struct dp_intake *in, struct dp_reg *reg)
{
    memset(reg, 0, sizeof *reg);
    reg->channel = in->channel;
    reg->origin = (uint8_t)in->origin;
    reg->purpose = (uint8_t)in->purpose;
    reg->category = in->category;
    reg->flags = in->flags & DP_REG_FLAGS_ALL;
    reg->headcount = in->headcount;
    reg->involved = in->involved;
    reg->residence_div = in->residence_div;
    reg->problem_div = in->problem_div;
    reg->petition_date = in->petition_date;
    copy_text(reg->source_system, sizeof reg->source_system, in->source_system);
    copy_text(reg->source_no, sizeof reg->source_no, in->source_no);
    copy_text(reg->national_no, sizeof reg->national_no, in->national_no);
    for (uint8_t i = 0; i < in->respondent_count && i < DP_RESPONDENTS_MAX; i++) {
        enum dp_err e = dp_office_lookup(d, in->respondents[i], &reg->respondents[i]);
        if (e != DP_OK)
            return e;
        reg->respondent_count++;
    }
    return DP_OK;
}

static struct dp_date today(const struct dp_daemon *d)
{
    return dp_date_of_ms(d->now_wall);
}

/* The number printed for the petitioner, and the secret code, once. */
static void register_answer(struct dp_daemon *d, struct dp_outcome *out, const struct dp_entry *e,
                            const char *number, const char *code)
{
    char json[160];
    out->err = DP_OK;
    out->name = e->name;
    out->number = dp_arena_str(&d->turn, dp_slice_str(number));
    snprintf(json, sizeof json, "{\"number\":\"%s\",\"query_code\":\"%s\"}", number, code);
    out->json = dp_arena_str(&d->turn, dp_slice_str(json));
}

static bool known_source(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                         struct dp_outcome *out)
{
    struct dp_subject s;
    enum dp_err e;
    if (reg->source_no[0] == '\0' || dp_db_source(&d->db, reg->source_system, reg->source_no, &s) != DP_OK)
        return false;
    struct dp_slot *slot = dp_cache_find(d, &s, &e);
    if (slot == NULL || !slot->f.has_reg ||
        dp_n3_denies_office(&slot->f.reg, dp_locked(d, &s), s.name.origin, &c->office))
        return false; /* R-N3-6: its existence must not show */
    out->err = DP_DUPLICATE;
    out->name = s.name;
    if (slot != NULL && slot->f.has_reg)
        out->number = dp_arena_str(&d->turn, dp_slice_str(slot->f.reg.number.text));
    return true;
}

/* R-N3-4, clamped to the tree as it is: the topmost ancestor known here, where the codes name one above it.
 */
static struct dp_node parcel_to(struct dp_daemon *d, const struct dp_reg *reg)
{
    struct dp_cert cert;
    struct dp_node to = dp_n3_parcel_to(reg, false, d->id.self), top = d->id.self;
    if (to.v == 0 || dp_certs_of_node(d, to, &cert) == DP_OK)
        return to;
    for (struct dp_node a = d->id.parent; a.v != 0; a = dp_node_parent(a))
        if (dp_certs_of_node(d, a, &cert) == DP_OK)
            top = a;
    return top;
}

static void keep_draft(struct dp_daemon *d, const struct dp_caller *c, struct dp_reg *reg,
                       struct dp_date receipt, const struct dp_part_in *parts, uint8_t n,
                       struct dp_outcome *out)
{
    static const uint8_t none[DP_TICKET_BYTES];
    struct dp_slice body;
    char id[24], json[64];
    /* A number only so that the form is complete; the real one is given at registration. */
    enum dp_err e = dp_number_make(d->id.self, dp_date_yyyymmdd(today(d)), reg->channel, 1, &reg->number);
    if (e == DP_OK)
        e = dp_matter_pack(d, c, reg, receipt, parts, n, none, &body);
    if (e == DP_OK)
        e = dp_draft_keep(d, body, id);
    if (e != DP_OK) {
        dp_outcome_set(d, out, e, "the draft could not be kept: %s", dp_err_text(e));
        return;
    }
    snprintf(json, sizeof json, "{\"draft\":\"%s\"}", id);
    out->err = DP_OK;
    out->json = dp_arena_str(&d->turn, dp_slice_str(json));
}

static void finish_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                            struct dp_reg *reg, struct dp_date receipt, const struct dp_part_in *parts,
                            uint8_t n, struct dp_outcome *out);

static void register_draft(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                           const struct dp_step *s, struct dp_outcome *out)
{
    struct dp_matter m;
    struct dp_slice body;
    enum dp_err e = dp_draft_take(d, s->from_draft, &body);
    if (e == DP_OK)
        e = dp_matter_unpack(d, body, &m);
    if (e != DP_OK) {
        dp_outcome_set(d, out, e, "no such draft here: %s", s->from_draft);
        return;
    }
    struct dp_reg reg = *m.form.reg;
    finish_register(d, c, rq, &reg, m.form.receipt, m.parts, m.part_count, out);
    if (out->err == DP_OK && !rq->dry_run)
        dp_draft_drop(d, s->from_draft);
}

static void do_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                        const struct dp_step *s, struct dp_outcome *out)
{
    struct dp_reg reg;
    struct dp_part_in parts[DP_PARTS_MAX];
    if (d->intake_stopped) {
        dp_outcome_set(d, out, DP_INTAKE_STOPPED, "disk space is low on this node; free some and try again");
        return;
    }
    if (s->from_draft[0] != '\0' && s->intake == NULL) {
        register_draft(d, c, rq, s, out);
        return;
    }
    if (s->intake == NULL) {
        dp_outcome_set(d, out, DP_USAGE, "a registration needs its intake fields");
        return;
    }
    enum dp_err err = build_reg(d, s->intake, &reg);
    if (err == DP_OK)
        err = encode_parts(d, s, parts);
    if (err != DP_OK) {
        dp_outcome_set(d, out, err, "the registration cannot be used: %s", dp_err_text(err));
        return;
    }
    if (known_source(d, c, &reg, out))
        return;
    struct dp_date receipt = dp_date_is_none(s->receipt) ? today(d) : s->receipt;
    if (s->draft) {
        keep_draft(d, c, &reg, receipt, parts, s->part_count, out);
        return;
    }
    finish_register(d, c, rq, &reg, receipt, parts, s->part_count, out);
    if (out->err == DP_OK && !rq->dry_run && s->from_draft[0] != '\0')
        dp_draft_drop(d, s->from_draft);
}

/* Here, or sealed to the bureau above where the chain leads past an accused office (R-N3-4). */
static void finish_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                            struct dp_reg *reg, struct dp_date receipt, const struct dp_part_in *parts,
                            uint8_t n, struct dp_outcome *out)
{
    struct dp_entry e;
    char code[24] = "", number[64];
    enum dp_err err;
    struct dp_node away = parcel_to(d, reg);
    if (rq->dry_run) {
        out->err = DP_OK;
        out->json = away.v != 0 && !dp_node_eq(away, d->id.self)
                        ? "{\"would\":\"send it sealed to a bureau above\"}"
                        : "{\"would\":\"register it here\"}";
        return;
    }
    if (away.v != 0 && !dp_node_eq(away, d->id.self)) {
        err = dp_matter_out(d, c, reg, receipt, parts, n, away, number);
        if (err == DP_OK)
            dp_outcome_set(d, out, DP_OK, "taken in and sent sealed to the bureau above; receipt %s", number);
        else
            dp_outcome_set(d, out, err, "the matter could not be sent on: %s", dp_err_text(err));
        return;
    }
    err = dp_register(d, &c->office, c->officer, reg, receipt, parts, n, &e, code);
    if (err == DP_OK)
        register_answer(d, out, &e, reg->number.text, code);
    else
        dp_outcome_set(d, out, err, "it could not be registered: %s", dp_err_text(err));
}

static enum dp_err step_body(struct dp_daemon *d, const struct dp_step *s, struct dp_body *b,
                             struct dp_outcome *out)
{
    struct dp_subject other;
    b->due = s->due;
    b->date = s->date;
    if (s->kind == DP_KIND_SERVE && dp_date_is_none(b->date))
        b->date = today(d);
    b->code = s->code;
    b->code2 = s->code2;
    b->code3 = s->code3;
    b->days = s->days;
    b->index = s->index;
    copy_text(b->label, sizeof b->label, s->label);
    if (s->to[0] != '\0') {
        enum dp_err e = dp_office_lookup(d, s->to, &b->to);
        if (e != DP_OK) {
            dp_outcome_set(d, out, e, "no such office here: %s; see `daipao office list`", s->to);
            return e;
        }
    }
    if (s->other[0] != '\0') {
        enum dp_err e = dp_case_lookup(d, s->other, &other);
        if (e != DP_OK) {
            dp_outcome_set(d, out, e, "no such case here: %s; see `daipao case list`", s->other);
            return e;
        }
        b->other = other.name;
    }
    return DP_OK;
}

static void words_of(uint64_t kinds, char *text, size_t cap)
{
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t k = 1; k < 64 && at + 24 < cap; k++)
        if ((kinds >> k & 1) != 0 && dp_kind_known(k))
            at += (size_t)snprintf(text + at, cap - at, "%s%s", at == 0 ? "" : ", ", dp_kind_word(k));
}

/* R-VAL-7: the reason, and what would be valid now. */
static void refuse_step(struct dp_daemon *d, struct dp_outcome *out, enum dp_err err, uint32_t kind,
                        enum dp_void_reason reason, uint64_t kinds)
{
    char words[320];
    words_of(kinds, words, sizeof words);
    out->valid_kinds = kinds;
    out->reason = reason;
    if (err == DP_STEP_INVALID || err == DP_CONFLICT)
        dp_outcome_set(d, out, err, "%s is not valid now: %s; valid now: %s", dp_kind_word(kind),
                       dp_void_text(reason), words[0] == '\0' ? "nothing for this office" : words);
    else
        dp_outcome_set(d, out, err, "%s: %s", dp_kind_word(kind), dp_err_text(err));
}

static void would_answer(struct dp_daemon *d, struct dp_outcome *out, const struct dp_entry *e)
{
    char json[256], to[DP_OFFICE_TEXT] = "";
    if (!dp_office_is_none(&e->body.to))
        dp_office_format(&e->body.to, to);
    /* One entry costs its bytes and a header; batched with others far less. */
    snprintf(json, sizeof json, "{\"would\":\"%s\",\"to\":\"%s\",\"parts_to\":\"%s\",\"bytes_alone\":%u}",
             dp_kind_word(e->kind), to, to, 420u);
    out->err = DP_OK;
    out->json = dp_arena_str(&d->turn, dp_slice_str(json));
}

struct step {
    struct dp_slot *slot;
    struct dp_state st;
    struct dp_plan_input in;
    struct dp_entry e;
    struct dp_part_in parts[DP_PARTS_MAX];
    uint8_t part_count;
};

static bool plan_step(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s, struct step *x,
                      struct dp_outcome *out)
{
    enum dp_void_reason reason = DP_VOID_NONE;
    uint64_t kinds = 0;
    x->in.kind = (enum dp_kind)s->kind;
    x->in.office = c->office;
    x->in.officer = c->officer;
    x->in.from = d->id.cert.origin;
    x->in.name = dp_own_next(d);
    x->in.at_ms = d->now_wall;
    x->in.at_synced = d->port.clock.synced(d->port.clock.ctx);
    x->in.receipt = dp_date_is_none(s->receipt) ? today(d) : s->receipt;
    if (s->re[0] != '\0' && dp_name_parse(dp_slice_str(s->re), &x->in.re) != DP_OK) {
        dp_outcome_set(d, out, DP_USAGE, "not the name of an entry: %s", s->re);
        return false;
    }
    dp_arena_reset(&d->look);
    enum dp_err err = dp_fold(&x->slot->f, &d->look, &x->st);
    if (err == DP_OK)
        err = dp_plan(&x->slot->f, &x->st, &x->in, &x->e, &reason, &kinds);
    if (err != DP_OK)
        refuse_step(d, out, err, s->kind, reason, kinds);
    return err == DP_OK;
}

/* The case a step is about; an order may be about one that is not here yet (R-ORD-1). */
static bool find_slot(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s, struct step *x,
                      struct dp_outcome *out)
{
    struct dp_subject subject;
    enum dp_err e = dp_case_lookup(d, s->case_ref, &subject);
    if (e == DP_OK)
        x->slot = s->kind == DP_KIND_SUPERVISE || s->kind == DP_KIND_REMIND ? dp_cache_get(d, &subject, &e)
                                                                            : dp_cache_find(d, &subject, &e);
    if (e == DP_OK && x->slot->f.has_reg &&
        dp_n3_denies_office(&x->slot->f.reg, dp_locked(d, &subject), subject.name.origin, &c->office))
        e = DP_NOT_FOUND; /* its existence must not show either (R-N3-6) */
    if (e != DP_OK)
        dp_outcome_set(d, out, e, "%s: %s", s->case_ref,
                       e == DP_AMBIGUOUS ? "more than one case ends so; give more of the number"
                                         : "no such case here; see `daipao case list`");
    return e == DP_OK;
}

static bool add_file(struct dp_daemon *d, const struct dp_step *s, struct step *x, struct dp_outcome *out)
{
    struct dp_part_text t = {.kind = DP_PART_KEY};
    bool failed = false;
    if (s->kind != DP_KIND_ATTACHMENT)
        return true;
    if (s->file == NULL || x->part_count >= DP_PARTS_MAX) {
        dp_outcome_set(d, out, DP_USAGE, "an attachment needs its file");
        return false;
    }
    x->in.body.code = s->file->media;
    x->in.body.size = s->file->size;
    if (!s->file->stored)
        return true; /* announced only: a paper kept elsewhere */
    enum dp_err e = dp_files_seal(d, s->file, &x->in.body, &t.key);
    t.file_name = s->file->name;
    dp_buf_reset(&d->scratch);
    if (e == DP_OK)
        e = dp_part_text_encode(&t, &d->scratch);
    if (e == DP_OK) {
        x->parts[x->part_count].kind = DP_PART_KEY;
        x->parts[x->part_count].plain = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
        x->part_count++;
    }
    if (e != DP_OK || failed)
        dp_outcome_set(d, out, e == DP_OK ? DP_NOMEM : e, "the file could not be kept");
    return e == DP_OK && !failed;
}

void dp_do_step(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                const struct dp_step *s, struct dp_outcome *out)
{
    struct step x = {0};
    if (!c->has_office) {
        dp_outcome_set(d, out, DP_NOT_ENTITLED,
                       "user %u is no officer of an office here; see `daipao officer add`", c->uid);
        return;
    }
    if (d->stopped != DP_STOP_NONE) {
        dp_outcome_set(d, out, DP_STOPPED, "%s", d->stopped_why);
        return;
    }
    if (s->kind == DP_KIND_REGISTER) {
        do_register(d, c, rq, s, out);
        return;
    }
    if (!dp_kind_known(s->kind) || s->kind >= 64) {
        dp_outcome_set(d, out, DP_USAGE, "no such step: %u", s->kind);
        return;
    }
    x.part_count = s->part_count;
    if (!find_slot(d, c, s, &x, out) || step_body(d, s, &x.in.body, out) != DP_OK)
        return;
    enum dp_err err = encode_parts(d, s, x.parts);
    if (err != DP_OK) {
        dp_outcome_set(d, out, err, "the text cannot be used: %s", dp_err_text(err));
        return;
    }
    if (!add_file(d, s, &x, out) || !plan_step(d, c, s, &x, out))
        return;
    if (rq->dry_run) {
        would_answer(d, out, &x.e);
        return;
    }
    if (dp_kind_shape(s->kind) == DP_SHAPE_ACT && s->doc_no[0] != '\0')
        x.e.doc_no = s->doc_no;
    err = dp_own_issue(d, &x.e, x.parts, x.part_count);
    if (err != DP_OK) {
        dp_outcome_set(d, out, err, "%s could not be issued: %s", dp_kind_word(s->kind), dp_err_text(err));
        return;
    }
    out->err = DP_OK;
    out->name = x.e.name;
    if (x.slot->f.has_reg)
        out->number = dp_arena_str(&d->turn, dp_slice_str(x.slot->f.reg.number.text));
}

/* ---- messages ---- */

static struct dp_pending_reply *pend(struct dp_daemon *d, uint64_t conn, uint64_t id, uint32_t count)
{
    struct dp_pending_reply *r = DP_NEW(&d->turn, struct dp_pending_reply);
    struct dp_outcome *results = DP_NEW_ARRAY(&d->turn, struct dp_outcome, count == 0 ? 1 : count);
    if (r == NULL || results == NULL)
        return NULL;
    r->conn = conn;
    r->id = id;
    r->results = results;
    r->count = count;
    *d->replies_tail = r;
    d->replies_tail = &r->next;
    return r;
}

static void do_one(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                   const struct dp_command *cmd, struct dp_outcome *out)
{
    if (!d->id.enrolled && cmd->kind != DP_COMMAND_ADMIN && cmd->kind != DP_COMMAND_QUERY) {
        dp_outcome_set(
            d, out, DP_NOT_ENROLLED,
            "this node is not enrolled: `daipao node init` at the root, `daipao node join` elsewhere");
        return;
    }
    switch (cmd->kind) {
    case DP_COMMAND_STEP:
        dp_do_step(d, c, rq, &cmd->u.step, out);
        return;
    case DP_COMMAND_QUERY:
        dp_do_query(d, c, &cmd->u.query, out);
        return;
    case DP_COMMAND_ADMIN:
        dp_do_admin(d, c, rq, &cmd->u.admin, out);
        return;
    case DP_COMMAND_BLOB:
        dp_outcome_set(d, out, DP_USAGE, "files larger than 512 KiB are not taken by this version");
        return;
    }
}

void dp_daemon_request(struct dp_daemon *d, uint64_t conn, uint32_t uid, const struct dp_request *rq)
{
    struct dp_caller caller;
    struct dp_pending_reply *r = pend(d, conn, rq->id, rq->count);
    if (r == NULL)
        return;
    enum dp_err e = find_caller(d, uid, rq->as_office, &caller); /* R-CTL-1 */
    for (uint32_t i = 0; i < rq->count; i++) {
        bool needs_office = rq->commands[i].kind == DP_COMMAND_STEP;
        if (e != DP_OK && (needs_office || e != DP_AMBIGUOUS))
            dp_outcome_set(d, &r->results[i], e == DP_AMBIGUOUS ? DP_USAGE : e, "%s",
                           e == DP_AMBIGUOUS ? "you act for several offices: say which with --as OFFICE"
                                             : "you are no officer of that office");
        else
            do_one(d, &caller, rq, &rq->commands[i], &r->results[i]);
    }
}

void dp_daemon_control(struct dp_daemon *d, uint64_t conn, uint32_t uid, struct dp_slice bytes)
{
    struct dp_request rq;
    uint64_t id = 0;
    enum dp_err e = dp_request_decode(bytes, &d->turn, &rq, &id);
    if (e == DP_OK) {
        dp_daemon_request(d, conn, uid, &rq);
        return;
    }
    struct dp_pending_reply *r = pend(d, conn, id, 1);
    if (r != NULL)
        dp_outcome_set(d, &r->results[0], e, "the request cannot be used: %s", dp_err_text(e));
}
