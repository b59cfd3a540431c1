/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration from the counter: the intake fields into a register body, drafts, and where the matter goes.
 * What a protected matter does then is in protected.c.
 */
#include "node/command.h"
#include "node/post.h"
#include "node/sight.h"

#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t cap, const char *from)
{
    snprintf(to, cap, "%s", from);
}

static enum dp_err build_reg(struct dp_daemon *d, const struct dp_intake *in, struct dp_reg *reg,
                             struct dp_outcome *out)
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
    if (in->profile[0] != '\0')
        reg->profile = dp_edition_current(d, in->profile);
    for (uint8_t i = 0; i < in->respondent_count && i < DP_RESPONDENTS_MAX; i++) {
        enum dp_err e = dp_office_lookup(d, in->respondents[i], &reg->respondents[i]);
        if (e != DP_OK) {
            dp_outcome_set(d, out, e, "the field respondents cannot be used: %s: %-s", in->respondents[i],
                           dp_err_text(e));
            return e;
        }
        reg->respondent_count++;
    }
    return DP_OK;
}

/*
 * The part of a mixed matter that goes its own way names the `split` that parted it (domain: a mixed letter):
 * the newest valid one by the caller's office.
 */
static bool take_split(struct dp_daemon *d, const struct dp_caller *c, const struct dp_intake *in,
                       struct dp_reg *reg, struct dp_outcome *out)
{
    struct dp_slot *slot;
    if (in->split_from[0] == '\0')
        return true;
    if (dp_sight_find(d, c, in->split_from, &slot) != DP_OK) {
        dp_outcome_set(d, out, DP_NOT_FOUND, "no such case here: %s; see `daipao case list`", in->split_from);
        return false;
    }
    for (uint32_t i = slot->f.count; i > 0 && dp_name_is_none(&reg->split_from); i--) {
        const struct dp_fact *f = &slot->f.facts[i - 1];
        if (f->e.kind == DP_KIND_SPLIT && f->verdict == DP_VALID && dp_office_eq(&f->e.office, &c->office))
            reg->split_from = f->e.name;
    }
    if (dp_name_is_none(&reg->split_from))
        dp_outcome_set(d, out, DP_STEP_INVALID,
                       "this office has not parted that case; first: daipao case split %s", in->split_from);
    return !dp_name_is_none(&reg->split_from);
}

/* The number printed for the petitioner, and the secret code, once. */
static void register_answer(struct dp_daemon *d, struct dp_outcome *out, const struct dp_entry *e,
                            const char *number, const char *code)
{
    char json[160];
    out->name = e->name;
    out->number = dp_arena_str(&d->turn, dp_slice_str(number));
    snprintf(json, sizeof json, "{\"number\":\"%s\",\"query_code\":\"%s\"}", number, code);
    out->json = dp_arena_str(&d->turn, dp_slice_str(json));
}

/* ---- known by its number in another system ---- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Of an own registration, where its text can still be read here. */
static bool same_content(struct dp_daemon *d, const struct dp_caller *c, const struct dp_entry *was,
                         const struct dp_step *s)
{
    struct dp_part_text t;
    if (!dp_office_eq(&was->office, &c->office))
        return true;
    for (uint8_t i = 0; i < s->part_count; i++) {
        const struct dp_part_text *p = &s->parts[i];
        for (uint8_t k = 0; k < was->part_count && p->kind == DP_PART_CONTENT; k++) {
            if (dp_parcels_read(d, was, k, &t) != DP_OK || t.kind != DP_PART_CONTENT)
                continue;
            if (!same_text(t.title, p->title) || !same_text(t.summary, p->summary) ||
                !same_text(t.content, p->content) || !same_text(t.demand, p->demand))
                return false;
        }
    }
    return true;
}

/* What the registration says otherwise than the one before; NULL: nothing. Respondents are left out: which
 * office a name means changes as offices come to be known. */
static const char *differs(struct dp_daemon *d, const struct dp_caller *c, const struct dp_casefile *f,
                           const struct dp_reg *reg, const struct dp_step *s)
{
    const struct dp_reg *was = &f->reg;
    uint32_t at = dp_casefile_find(f, &f->subject.name);
    const struct dp_entry *e = at == DP_FACT_NONE ? NULL : &f->facts[at].e;
    if (was->channel != reg->channel || was->origin != reg->origin)
        return DP_SAID("another channel or origin");
    if (was->purpose != reg->purpose || was->category != reg->category || was->flags != reg->flags)
        return DP_SAID("another purpose, category or flag");
    if (was->headcount != reg->headcount || was->involved != reg->involved)
        return DP_SAID("another number of persons");
    if (was->residence_div.v != reg->residence_div.v || was->problem_div.v != reg->problem_div.v)
        return DP_SAID("another place");
    if (was->petition_date.day != reg->petition_date.day ||
        (e != NULL && !dp_date_is_none(s->receipt) && s->receipt.day != e->receipt.day))
        return DP_SAID("another date");
    if (strcmp(was->national_no, reg->national_no) != 0)
        return DP_SAID("another national number");
    return e == NULL || same_content(d, c, e, s) ? NULL : DP_SAID("another text");
}

static bool known_source(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                         const struct dp_step *step, struct dp_outcome *out)
{
    struct dp_db_source at = {.len = 0};
    struct dp_slot *slot = NULL;
    struct dp_subject s;
    while (reg->source_no[0] != '\0' && slot == NULL &&
           dp_db_source_next(&d->db, reg->source_system, reg->source_no, &at, &s) == DP_OK)
        (void)dp_sight_slot(d, c, &s, &slot); /* of others there is none (R-N3-9) */
    if (slot == NULL || !slot->f.has_reg)
        return false;
    const char *other = differs(d, c, &slot->f, reg, step);
    out->err = DP_DUPLICATE;
    if (other != NULL)
        dp_outcome_set(
            d, out, DP_CONFLICT,
            "this number of its source was registered as %s, with %-s; another register needs another "
            "name of its source",
            slot->f.reg.number.text, other);
    out->name = s.name;
    out->number = dp_arena_str(&d->turn, dp_slice_str(slot->f.reg.number.text));
    return true;
}

/* R-N3-4: where it goes, before anything of it is kept. False: nobody above may have it, and *out says so. */
static bool find_road(struct dp_daemon *d, const struct dp_reg *reg, struct dp_node *to,
                      struct dp_outcome *out)
{
    struct dp_node above[DP_ABOVE_MAX];
    if (dp_n3_road(reg, d->id.self, above, dp_certs_above(d, above), to))
        return true;
    dp_outcome_set(d, out, DP_DENIED,
                   "by rule N3 no bureau of this tree may take this matter: all above are accused, or there "
                   "is none; nothing was kept; send the petitioner to the bureau above by visit or letter");
    return false;
}

static void keep_draft(struct dp_daemon *d, const struct dp_caller *c, struct dp_reg *reg,
                       struct dp_date receipt, const struct dp_part_in *parts, uint8_t n,
                       struct dp_outcome *out)
{
    static const uint8_t none[DP_TICKET_BYTES];
    struct dp_slice body;
    char id[24], json[64];
    /* A number only so that the form is complete; the real one is given at registration. */
    enum dp_err e = dp_number_make(d->id.self, dp_date_yyyymmdd(dp_today(d)), reg->channel, 1, &reg->number);
    if (e == DP_OK)
        e = dp_matter_pack(d, c, reg, receipt, parts, n, none, &body);
    if (e == DP_OK)
        e = dp_draft_keep(d, &c->office, body, id);
    if (e != DP_OK) {
        dp_outcome_set(d, out, e, "the draft could not be kept");
        return;
    }
    snprintf(json, sizeof json, "{\"draft\":\"%s\"}", id);
    dp_outcome_json(d, out, json);
}

static void finish_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                            struct dp_reg *reg, struct dp_date receipt, const struct dp_part_in *parts,
                            uint8_t n, struct dp_outcome *out);

static bool find_draft(struct dp_daemon *d, const struct dp_caller *c, const struct dp_step *s,
                       struct dp_matter *m, struct dp_outcome *out)
{
    enum dp_err e = dp_draft_take(d, &c->office, s->from_draft, m);
    if (e != DP_OK)
        dp_outcome_set(d, out, e, "no such draft here: %s", s->from_draft);
    return e == DP_OK;
}

static void drop_draft(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                       const struct dp_step *s, struct dp_outcome *out)
{
    struct dp_matter m;
    if (!find_draft(d, c, s, &m, out))
        return;
    if (!rq->dry_run)
        dp_draft_drop(d, &c->office, s->from_draft);
    dp_outcome_json(d, out,
                    rq->dry_run ? "{\"would\":\"" DP_SAID("drop the draft") "\"}" : "{\"dropped\":true}");
}

static void register_draft(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                           const struct dp_step *s, struct dp_outcome *out)
{
    struct dp_matter m;
    if (!find_draft(d, c, s, &m, out))
        return;
    struct dp_reg reg = *m.form.reg;
    finish_register(d, c, rq, &reg, m.form.receipt, m.parts, m.part_count, out);
    if (out->err == DP_OK && !rq->dry_run)
        dp_draft_drop(d, &c->office, s->from_draft);
}

void dp_do_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                    const struct dp_step *s, struct dp_outcome *out)
{
    struct dp_reg reg;
    struct dp_part_in parts[DP_PARTS_MAX];
    struct dp_matter old;
    if (s->draft && s->from_draft[0] != '\0' && s->intake == NULL) {
        drop_draft(d, c, rq, s, out);
        return;
    }
    if (d->intake_stopped) {
        dp_outcome_set(d, out, DP_INTAKE_STOPPED, "disk space is low on this node; free some and try again");
        return;
    }
    if (d->clock.wrong && !s->draft) {
        dp_outcome_set(
            d, out, DP_INTAKE_STOPPED,
            "the clock of this node is not its parent's: set it, or keep a draft; see `daipao alarms`");
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
    if (build_reg(d, s->intake, &reg, out) != DP_OK)
        return;
    if (s->intake->profile[0] != '\0' && dp_name_is_none(&reg.profile)) {
        dp_outcome_set(d, out, DP_NOT_FOUND, "no such profile here: %s; see `daipao profile list`",
                       s->intake->profile);
        return;
    }
    if (!take_split(d, c, s->intake, &reg, out) || dp_step_parts(d, s, parts, out) != DP_OK)
        return;
    if (known_source(d, c, &reg, s, out))
        return;
    struct dp_date receipt = dp_date_is_none(s->receipt) ? dp_today(d) : s->receipt;
    if (!dp_receipt_fits(d, receipt)) {
        dp_outcome_set(d, out, DP_RANGE, "the day of receipt lies in the future, or before 1996");
        return;
    }
    struct dp_node to;
    if (s->draft && !find_road(d, &reg, &to, out))
        return;
    if (s->draft && rq->dry_run) {
        dp_outcome_json(d, out, "{\"would\":\"" DP_SAID("keep it as a draft on this node") "\"}");
        return;
    }
    if (s->draft) {
        keep_draft(d, c, &reg, receipt, parts, s->part_count, out);
        return;
    }
    finish_register(d, c, rq, &reg, receipt, parts, s->part_count, out);
    if (out->err == DP_OK && !rq->dry_run && dp_draft_take(d, &c->office, s->from_draft, &old) == DP_OK)
        dp_draft_drop(d, &c->office, s->from_draft);
}

static void send_away(struct dp_daemon *d, const struct dp_caller *c, const struct dp_reg *reg,
                      struct dp_date receipt, const struct dp_part_in *parts, uint8_t n, struct dp_node to,
                      struct dp_outcome *out)
{
    char number[64], json[96];
    enum dp_err err = dp_matter_out(d, c, reg, receipt, parts, n, to, number);
    if (err != DP_OK) {
        dp_outcome_set(d, out, err, "the matter could not be sent on");
        return;
    }
    uint32_t days = dp_post_days_to(d, to, 0); /* with what is queued now */
    bool urgent = (reg->flags & DP_REG_URGENT) != 0;
    snprintf(json, sizeof json, "{\"sealed\":true,\"days\":%u}", days);
    dp_outcome_json(d, out, json);
    if (days == 0)
        dp_outcome_set(d, out, DP_OK, "taken in and sent sealed to the bureau above; receipt %s", number);
    else if (days > DP_POST_DAYS_LONG || urgent)
        dp_outcome_set(d, out, DP_OK,
                       "taken in; it goes in the sealed post (days: about %u): this is too long, so "
                       "tell the bureau above by telephone or visit, or take it there on a stick; receipt %s",
                       days, number);
    else
        dp_outcome_set(
            d, out, DP_OK,
            "taken in; it goes in the sealed post to the bureau above (days: about %u); receipt %s", days,
            number);
}

/* What stands in for what is drawn or counted at registration: of the same length. */
static void forecast(struct dp_daemon *d, const struct dp_caller *c, struct dp_reg *reg,
                     struct dp_date receipt, const struct dp_part_in *parts, uint8_t n, struct dp_node away,
                     struct dp_outcome *out)
{
    static const uint8_t none[DP_TICKET_BYTES];
    struct dp_slice body;
    struct dp_entry e = {.kind = DP_KIND_REGISTER,
                         .rules = DP_RULES_VERSION,
                         .name = dp_own_next(d),
                         .office = c->office,
                         .officer = c->officer,
                         .at_ms = d->now_wall,
                         .at_synced = d->port.clock.synced(d->port.clock.ctx),
                         .receipt = receipt,
                         .step = 1,
                         .reg = reg};
    struct dp_forecast f = {.e = &e, .parts = parts, .part_count = n};
    e.subject = (struct dp_subject){.type = DP_SUBJECT_CASE, .name = e.name};
    enum dp_err err =
        dp_number_make(d->id.self, dp_date_yyyymmdd(dp_today(d)), reg->channel, 1, &reg->number);
    memset(&reg->query_hash, 0xff, sizeof reg->query_hash);
    if (err == DP_OK && away.v != 0) {
        err = dp_matter_pack(d, c, reg, receipt, parts, n, none, &body);
        if (err == DP_OK)
            dp_forecast_sealed(d, away, body.len, out);
    } else if (err == DP_OK) {
        dp_forecast_answer(d, &f, out);
    }
    if (err != DP_OK)
        dp_outcome_set(d, out, err,
                       "the registration does not fit: shorten its texts, or attach them as a file");
}

/* Here, or sealed to the bureau above where the chain leads past an accused office (R-N3-4). */
static void finish_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                            struct dp_reg *reg, struct dp_date receipt, const struct dp_part_in *parts,
                            uint8_t n, struct dp_outcome *out)
{
    struct dp_entry e;
    char code[24] = "";
    enum dp_err err;
    struct dp_node away;
    if (!find_road(d, reg, &away, out))
        return;
    bool here = away.v == 0;
    if (rq->dry_run) {
        forecast(d, c, reg, receipt, parts, n, away, out);
    } else if (!here) {
        send_away(d, c, reg, receipt, parts, n, away, out);
    } else {
        err = dp_register(d, &c->office, c->officer, reg, receipt, parts, n, &e, code);
        if (err == DP_OK)
            register_answer(d, out, &e, reg->number.text, code);
        else
            dp_outcome_set(d, out, err, "it could not be registered");
    }
}
