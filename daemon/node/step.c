/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step of a local officer: found, planned, judged, and then issued. What is refused leaves nothing behind;
 * a dry run goes exactly as far as the judgement.
 */
#include "node/correct.h"

#include <stdio.h>
#include <string.h>

#include "case/rights.h"
#include "node/sight.h"

enum dp_err dp_step_parts(struct dp_daemon *d, const struct dp_step *s, struct dp_part_in *out,
                          struct dp_outcome *said)
{
    for (uint8_t i = 0; i < s->part_count; i++) {
        bool failed = false;
        dp_buf_reset(&d->scratch);
        enum dp_err e = dp_part_text_encode(&s->parts[i], &d->scratch);
        if (e != DP_OK) {
            dp_outcome_set(d, said, e, "the field %s cannot be used: %-s", dp_part_text_fault(&s->parts[i]),
                           dp_err_text(e));
            return e;
        }
        out[i].kind = s->parts[i].kind;
        out[i].plain = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
        if (failed) {
            dp_outcome_set(d, said, DP_NOMEM, "the field %s cannot be used: %-s",
                           dp_part_kind_word(out[i].kind), dp_err_text(DP_NOMEM));
            return DP_NOMEM;
        }
    }
    return DP_OK;
}

static void copy_text(char *to, size_t cap, const char *from)
{
    snprintf(to, cap, "%s", from);
}

static enum dp_err step_body(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s,
                             struct dp_body *b, struct dp_outcome *out)
{
    struct dp_slot *other = NULL;
    b->due = s->due;
    b->date = s->date;
    if (s->kind == DP_KIND_SERVE && dp_date_is_none(b->date))
        b->date = dp_today(d);
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
        /* Another case is one that the caller sees; an entry of this one the plan looks for. */
        enum dp_err e = DP_OK;
        if (dp_kind_shape(s->kind) == DP_SHAPE_RELATION ||
            dp_name_parse(dp_slice_str(s->other), &b->other) != DP_OK)
            e = dp_sight_find(d, c, s->other, &other);
        if (e != DP_OK) {
            dp_outcome_set(d, out, e, "no such case here: %s; see `daipao case list`", s->other);
            return e;
        }
        if (other != NULL)
            b->other = other->f.subject.name;
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
        dp_outcome_set(d, out, err, "%-s is not valid now: %-s; valid now: %s", dp_kind_word(kind),
                       dp_void_text(reason), words[0] == '\0' ? "nothing for this office" : words);
    else
        dp_outcome_set(d, out, err, "the step %-s", dp_kind_word(kind));
}

struct step {
    struct dp_slot *slot;
    struct dp_seen seen; /* the case as the caller sees it */
    struct dp_state st;
    struct dp_plan_input in;
    struct dp_entry e;
    struct dp_part_in parts[DP_PARTS_MAX];
    uint8_t part_count;
    struct dp_correction corrected;
    const struct dp_correction *correction; /* NULL for other kinds */
};

/*
 * R-N3-10: whom the lock would deny the case sets none. So no lock is an entry of a chain that a denied node
 * reads: above a node that is not denied there is none that is (R-N3-4).
 */
static bool may_lock(const struct dp_caller *c, const struct dp_casefile *f)
{
    return f->has_reg && !dp_n3_denies_office(&f->reg, true, f->subject.name.origin, &c->office);
}

/* R-VAL-7 for what the case, as `f` has it, allows. */
static bool plan_step(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s, struct step *x,
                      const struct dp_casefile *f, struct dp_outcome *out)
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
    x->in.receipt = dp_date_is_none(s->receipt) ? dp_today(d) : s->receipt;
    if (s->re[0] != '\0' && dp_name_parse(dp_slice_str(s->re), &x->in.re) != DP_OK) {
        dp_outcome_set(d, out, DP_USAGE, "not the name of an entry: %s", s->re);
        return false;
    }
    dp_arena_reset(&d->look);
    enum dp_err err = dp_fold(f, &d->look, &x->st);
    if (err == DP_OK)
        err = dp_plan(f, &x->st, &x->in, &x->e, &reason, &kinds);
    if (err != DP_OK) {
        refuse_step(d, out, err, s->kind, reason, kinds);
        return false;
    }
    if (dp_right_is_the_heads(s->kind) && (c->roles & DP_OFFICER_HEAD) == 0) { /* R-HEAD-1 */
        dp_outcome_set(d, out, DP_NOT_ENTITLED, "only the head of the office may do this");
        return false;
    }
    uint32_t re = dp_casefile_find(f, &x->e.re);
    if (!dp_claim_fits(f, &x->e, re, dp_today(d))) { /* R-WIT-2 */
        dp_outcome_set(d, out, DP_RANGE, "its date lies in the future, or before what it answers");
        return false;
    }
    if (s->kind == DP_KIND_LOCK && !may_lock(c, f)) {
        dp_outcome_set(
            d, out, DP_DENIED,
            "a lock would keep the case from this office itself, or its line leads through an office "
            "complained about: ask the bureau above that is not");
        return false;
    }
    err = dp_named_judge(d, f, &x->st, &x->e);
    if (err != DP_OK)
        dp_outcome_set(d, out, err,
                       "an office that would see it may learn nothing of a protected matter that it is or "
                       "names; choose another office, or write it in the protected case");
    return err == DP_OK;
}

/*
 * R-ORD-1: an order may be about a case of a node below that is not here yet, while the chain of that node
 * has not come so far. A name that may be here is looked for like any other, and what is not seen is not here
 * (R-N3-9).
 */
static bool may_still_come(struct dp_daemon *d, const struct dp_step *s, struct dp_subject *subject)
{
    struct dp_chain_row chain;
    *subject = (struct dp_subject){.type = DP_SUBJECT_CASE};
    if ((s->kind != DP_KIND_SUPERVISE && s->kind != DP_KIND_REMIND) ||
        dp_name_parse(dp_slice_str(s->case_ref), &subject->name) != DP_OK ||
        dp_node_eq(subject->name.origin, d->id.self) || !dp_node_covers(d->id.self, subject->name.origin))
        return false;
    enum dp_err e = dp_db_chain(&d->db, subject->name.origin, subject->name.inc, &chain);
    return e == DP_NOT_FOUND || (e == DP_OK && chain.seq < subject->name.seq);
}

/* The case a step is about. */
static bool find_slot(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s, struct step *x,
                      struct dp_outcome *out)
{
    struct dp_subject subject;
    enum dp_err e = dp_sight_find(d, c, s->case_ref, &x->slot);
    if (e == DP_NOT_FOUND && may_still_come(d, s, &subject))
        x->slot = dp_cache_get(d, &subject, &e);
    if (e != DP_OK)
        dp_outcome_set(d, out, e, "%s: %-s", s->case_ref,
                       e == DP_AMBIGUOUS ? DP_SAID("more than one case ends so; give more of the number")
                                         : DP_SAID("no such case here; see `daipao case list`"));
    return e == DP_OK;
}

/* ---- attachments ---- */

static uint32_t chunks_of(uint64_t bytes)
{
    return (uint32_t)((bytes + DP_CHUNK_BYTES - 1) / DP_CHUNK_BYTES);
}

/* The part that carries the key and the name of a stored file. */
static enum dp_err key_part(struct dp_daemon *d, const struct dp_step *s, const struct dp_key *key,
                            struct dp_part_in *out)
{
    struct dp_part_text t = {.kind = DP_PART_KEY, .key = *key, .file_name = s->file->name};
    bool failed = false;
    dp_buf_reset(&d->scratch);
    enum dp_err e = dp_part_text_encode(&t, &d->scratch);
    out->kind = DP_PART_KEY;
    if (e == DP_OK)
        out->plain = dp_arena_copy(&d->turn, dp_buf_slice(&d->scratch), &failed);
    dp_wipe(&t.key, sizeof t.key);
    return failed ? DP_NOMEM : e;
}

/* What the entry says of the file; its bytes are looked at when the step was judged. */
static bool announce_file(struct dp_daemon *d, const struct dp_step *s, struct step *x,
                          struct dp_outcome *out)
{
    static const struct dp_key none;
    const struct dp_file *f = s->file;
    if (s->kind != DP_KIND_ATTACHMENT)
        return true;
    if (f == NULL || x->part_count >= DP_PARTS_MAX) {
        dp_outcome_set(d, out, DP_USAGE, "an attachment needs its file");
        return false;
    }
    x->in.body.code = f->media;
    x->in.body.size = f->size;
    if (!f->stored)
        return true; /* a paper kept elsewhere */
    if (f->size == 0 || f->size > DP_FILE_BYTES_MAX) {
        dp_outcome_set(d, out, f->size == 0 ? DP_USAGE : DP_TOO_BIG,
                       f->size == 0
                           ? "the file is empty"
                           : "a file may have 32 MiB; say of a larger one where it is kept, with --announce");
        return false;
    }
    x->in.body.code3 = chunks_of(f->size);
    x->in.body.flag = true;
    enum dp_err e = key_part(d, s, &none, &x->parts[x->part_count++]);
    if (e != DP_OK)
        dp_outcome_set(d, out, e, "the file could not be kept");
    return e == DP_OK;
}

/* Sealed into chunks, here and now or piece by piece before (R-FILE-1). */
static bool keep_file(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s, struct step *x,
                      struct dp_outcome *out)
{
    struct dp_key key;
    enum dp_err e;
    if (s->kind != DP_KIND_ATTACHMENT || !s->file->stored)
        return true;
    if (s->file->upload[0] != '\0')
        e = dp_upload_take(d, c, s->file, &x->e.body, &key);
    else
        e = s->file->content.len == s->file->size ? dp_files_seal(d, s->file, &x->e.body, &key) : DP_CONFLICT;
    if (e == DP_OK)
        e = key_part(d, s, &key, &x->parts[x->part_count - 1]);
    dp_wipe(&key, sizeof key);
    if (e == DP_NOT_FOUND)
        dp_outcome_set(d, out, e, "no such upload, or it took too long: send the file again");
    else if (e == DP_CONFLICT)
        dp_outcome_set(d, out, e, "the file has another size than was said: send it again");
    else if (e != DP_OK)
        dp_outcome_set(d, out, e, "the file could not be kept");
    return e == DP_OK;
}

/* ---- the step ---- */

static bool may_issue(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s,
                      struct dp_outcome *out)
{
    if (c->is_technician) /* R-ADM-2 */
        dp_outcome_set(d, out, DP_NOT_ENTITLED,
                       "a technician of the node acts for no office and handles no case");
    else if (!c->has_office)
        dp_outcome_set(d, out, DP_NOT_ENTITLED,
                       "user %u is no officer of an office here; see `daipao officer add`", c->uid);
    else if (dp_stop_refuses(d, out))
        return false;
    else if (!dp_kind_known(s->kind) || s->kind >= 64)
        dp_outcome_set(d, out, DP_USAGE, "no such step: %u", s->kind);
    else
        return !dp_proof_refuses(d, out);
    return false;
}

static void issue(struct dp_daemon *d, const struct dp_step *s, struct step *x, struct dp_outcome *out)
{
    if (dp_kind_shape(s->kind) == DP_SHAPE_ACT && s->doc_no[0] != '\0')
        x->e.doc_no = s->doc_no;
    enum dp_err err = dp_own_issue(d, &x->e, x->parts, x->part_count);
    if (err != DP_OK) {
        dp_outcome_set(d, out, err, "%-s could not be issued", dp_kind_word(s->kind));
        return;
    }
    out->err = DP_OK;
    out->name = x->e.name;
    if (x->slot->f.has_reg)
        out->number = dp_arena_str(&d->turn, dp_slice_str(x->slot->f.reg.number.text));
}

/*
 * Judged by what the caller sees, so that neither a refusal nor a forecast tells of an entry that is kept
 * from him (R-N3-9); what is issued must fit the case as it is, too.
 */
static void step_seen(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                      const struct dp_step *s, struct step *x, struct dp_outcome *out)
{
    struct dp_step whole = *s;
    if (s->kind == DP_KIND_CORRECT) {
        if (!dp_correct(d, c, x->slot, s, &x->corrected, out))
            return;
        whole.parts = &x->corrected.part;
        whole.part_count = 1;
        whole.index = x->corrected.index;
        x->correction = &x->corrected;
    }
    s = &whole;
    x->part_count = s->part_count;
    if (step_body(d, c, s, &x->in.body, out) != DP_OK)
        return;
    if ((s->kind == DP_KIND_LOCK || s->kind == DP_KIND_UNLOCK) && s->part_count > 0) {
        dp_outcome_set(d, out, DP_USAGE,
                       "the text: a lock has a reason in a code only; write the rest in a note");
        return;
    }
    if (dp_step_parts(d, s, x->parts, out) != DP_OK)
        return;
    if (!announce_file(d, s, x, out) || !plan_step(d, c, s, x, x->seen.f, out))
        return;
    if (rq->dry_run) {
        struct dp_forecast f = {x->seen.f, &x->st, &x->e, x->parts, x->part_count, x->correction};
        dp_forecast_answer(d, &f, out);
        return;
    }
    if (x->seen.f != &x->slot->f && !plan_step(d, c, s, x, &x->slot->f, out))
        return;
    if (keep_file(d, c, s, x, out))
        issue(d, s, x, out);
}

void dp_do_step(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                const struct dp_step *s, struct dp_outcome *out)
{
    struct step x = {0};
    if (!may_issue(d, c, s, out))
        return;
    if (s->kind == DP_KIND_REGISTER) {
        dp_do_register(d, c, rq, s, out);
        return;
    }
    if (!find_slot(d, c, s, &x, out))
        return;
    dp_casefile_init(&x.seen.copy, &x.slot->f.subject);
    enum dp_err err = dp_sight_look(d, c, &x.slot->f, &d->turn, &x.seen);
    if (err == DP_OK)
        step_seen(d, c, rq, s, &x, out);
    else
        dp_outcome_set(d, out, err, "%-s: %-s", dp_kind_word(s->kind), dp_err_text(err));
    dp_casefile_fini(&x.seen.copy);
}
