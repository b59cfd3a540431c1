/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One case: everything in codes for whoever may see it; persons and free text for a party whose node holds
 * the keys. And the way it took from office to office, with who is responsible for a delay.
 */
#include <stdio.h>
#include <string.h>

#include "node/query.h"

/* ---- parts ---- */

static void put_birth(struct dp_json *j, struct dp_date birth)
{
    char text[11];

    if (dp_date_is_none(birth)) {
        dp_json_str(j, "birth", NULL);
        return;
    }
    dp_birth_format(birth, text);
    dp_json_str(j, "birth", text);
}

static void put_petitioner(struct dp_json *j, const struct dp_petitioner *p)
{
    char div[13];

    dp_json_object(j, NULL);
    dp_json_str(j, "name", p->name);
    dp_json_u64(j, "id_type", p->id_type);
    dp_json_str(j, "id_no", p->id_no);
    dp_json_str(j, "phone", p->phone);
    dp_json_str(j, "address", p->address);
    dp_div_format(p->address_div, div);
    dp_json_str(j, "address_div", p->address_div.v != 0 ? div : NULL);
    dp_json_u64(j, "gender", p->gender);
    put_birth(j, p->birth);
    dp_json_bool(j, "anonymous", p->anonymous);
    dp_json_bool(j, "main", p->main);
    dp_json_str(j, "proxy_name", p->proxy_name);
    dp_json_str(j, "proxy_note", p->proxy_note);
    dp_json_end(j);
}

static void put_text(struct dp_json *j, const char *key, const char *text)
{
    if (text != NULL)
        dp_json_str(j, key, text);
}

/* The key of an attachment stays here: its bytes are asked for by `file`. */
static void put_part_text(struct dp_json *j, const struct dp_part_text *t)
{
    dp_json_str(j, "part", dp_part_kind_word(t->kind));
    if (t->kind == DP_PART_PETITIONERS) {
        dp_json_array(j, "petitioners");
        for (unsigned i = 0; i < t->petitioner_count; i++)
            put_petitioner(j, &t->petitioners[i]);
        dp_json_end(j);
    }
    put_text(j, "respondent_name", t->respondent_name);
    put_text(j, "respondent_org", t->respondent_org);
    put_text(j, "respondent_rank", t->respondent_rank);
    put_text(j, "title", t->title);
    put_text(j, "summary", t->summary);
    put_text(j, "content", t->content);
    put_text(j, "demand", t->demand);
    put_text(j, "text", t->text);
    put_text(j, "file_name", t->file_name);
}

static void put_part(struct dp_ask *a, const struct dp_entry *e, uint8_t index)
{
    struct dp_json *j = &a->j;
    struct dp_part_text t = {0};
    enum dp_err err = dp_parcels_read(a->d, e, index, &t);

    dp_json_object(j, NULL);
    dp_json_name(j, "entry", &e->name);
    dp_ask_kind(j, "kind", e->kind);
    dp_json_u64(j, "index", index);
    if (err == DP_OK)
        put_part_text(j, &t);
    else
        dp_json_str(j, "withheld", err == DP_NOT_FOUND ? "not_here" : dp_err_name(err));
    dp_json_end(j);
    dp_wipe(&t, sizeof(t));
}

/* R-PRT-3: a superior opens a part only with an `unmask` of its own office that names it, and a reason. */
static bool unmasked(const struct dp_ask *a, const struct dp_casefile *f, const struct dp_name *of,
                     uint8_t index)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_entry *e = &f->facts[i].e;
        if (e->kind == DP_KIND_UNMASK && f->facts[i].verdict == DP_VALID && e->body.index == index &&
            dp_office_eq(&e->office, &a->c->office) && dp_name_eq(&e->body.other, of))
            return true;
    }
    return false;
}

/* What a bureau above reads without unmasking: its own words, and what answers them. */
static bool is_own_exchange(const struct dp_ask *a, const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *x = &f->facts[i];
    if (dp_office_eq(&x->e.office, &a->c->office))
        return true;
    return (x->e.kind == DP_KIND_ANSWER || x->e.kind == DP_KIND_REPORT_BACK) && x->re != DP_FACT_NONE &&
           dp_office_eq(&f->facts[x->re].e.office, &a->c->office);
}

static void put_parts(struct dp_ask *a, const struct dp_casefile *f, enum dp_view view)
{
    dp_json_array(&a->j, "parts");
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_entry *e = &f->facts[i].e;
        for (uint8_t k = 0; k < e->part_count; k++)
            if (view == DP_VIEW_PARTY || is_own_exchange(a, f, i) || unmasked(a, f, &e->name, k))
                put_part(a, e, k);
    }
    dp_json_end(&a->j);
}

/* ---- show ---- */

static void put_path(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s)
{
    dp_json_array(&a->j, "custody");
    for (uint32_t i = 0; i < s->path_count; i++) {
        dp_json_object(&a->j, NULL);
        dp_json_office(&a->j, "office", &s->path[i].holder);
        dp_ask_fact(a, "opened", f, s->path[i].opened);
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
}

static void put_attachments(struct dp_ask *a, const struct dp_casefile *f)
{
    struct dp_json *j = &a->j;
    uint64_t no = 0;

    dp_json_array(j, "attachments");
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_entry *e = &f->facts[i].e;
        if (e->kind != DP_KIND_ATTACHMENT || f->facts[i].verdict != DP_VALID)
            continue;
        dp_json_object(j, NULL);
        dp_json_u64(j, "no", ++no);
        dp_json_name(j, "entry", &e->name);
        dp_json_office(j, "office", &e->office);
        dp_json_u64(j, "media", e->body.code);
        dp_json_u64(j, "size", e->body.size);
        dp_json_bool(j, "stored", e->body.flag);
        dp_json_end(j);
    }
    dp_json_end(j);
}

static void put_facts(struct dp_ask *a, const char *key, const struct dp_casefile *f, const uint32_t *list,
                      uint32_t count)
{
    dp_json_array(&a->j, key);
    for (uint32_t i = 0; i < count; i++)
        dp_ask_fact(a, NULL, f, list[i]);
    dp_json_end(&a->j);
}

static void put_orders(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s)
{
    dp_json_array(&a->j, "orders");
    for (uint32_t i = 0; i < s->order_count; i++) {
        dp_json_object(&a->j, NULL);
        dp_ask_fact(a, "issued", f, s->orders[i].issued);
        dp_ask_fact(a, "arrived", f, s->orders[i].arrived);
        dp_ask_fact(a, "signed", f, s->orders[i].signed_);
        dp_ask_fact(a, "answered", f, s->orders[i].answered);
        dp_ask_fact(a, "answer_arrived", f, s->orders[i].answer_arrived);
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
}

/* Who locked it by hand and who lifted that: an entry each, for whoever may see the case (R-N3-10). */
static void put_locks(struct dp_ask *a, const struct dp_casefile *f)
{
    dp_json_bool(&a->j, "locked", dp_case_locked(f));
    dp_json_array(&a->j, "locks");
    for (uint32_t i = dp_lock_next(f, 0); i != DP_FACT_NONE; i = dp_lock_next(f, i + 1)) {
        dp_json_object(&a->j, NULL);
        dp_ask_fact(a, "set", f, i);
        dp_ask_fact(a, "lifted", f, dp_lock_lifted(f, i));
        dp_json_end(&a->j);
    }
    dp_json_end(&a->j);
}

static void put_parties(struct dp_ask *a, const struct dp_state *s)
{
    dp_json_array(&a->j, "parties");
    for (uint32_t i = 0; i < s->party_count; i++)
        dp_json_office(&a->j, NULL, &s->parties[i]);
    dp_json_end(&a->j);
}

static void put_case_dues(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s)
{
    struct dp_due *list = NULL;
    uint32_t count = 0;

    dp_ask_due_list(a, f, s, &a->d->turn, &list, &count);
    dp_ask_dues(a, "due", f, list, count, false);
    dp_ask_due(a, "next_due", f, dp_ask_earliest(list, count));
}

void dp_ask_show(struct dp_ask *a)
{
    const struct dp_casefile *f;
    const struct dp_state *s = &a->seen.s;

    if (dp_ask_receipt(a) || !dp_ask_case(a))
        return;
    f = a->seen.f;
    dp_ask_case_head(a, f, s);
    dp_json_str(&a->j, "view", a->seen.view == DP_VIEW_PARTY ? "party" : "coded");
    put_parties(a, s);
    put_path(a, f, s);
    dp_ask_fact(a, "opinion", f, s->opinion);
    dp_ask_fact(a, "served", f, s->served);
    dp_ask_fact(a, "evaluated", f, s->evaluated);
    dp_ask_fact(a, "closed", f, s->closed);
    put_orders(a, f, s);
    put_attachments(a, f);
    put_case_dues(a, f, s);
    put_facts(a, "void", f, s->voided, s->voided_count);
    put_facts(a, "superseded", f, s->superseded, s->superseded_count);
    put_facts(a, "pending", f, s->pending, s->pending_count);
    dp_json_bool(&a->j, "loop_notice", s->loop_notice);
    put_locks(a, f);
    dp_json_u64(&a->j, "entries", f->count);
    put_parts(a, f, a->seen.view);
}

/* ---- track ---- */

static void put_handovers(struct dp_ask *a, const struct dp_casefile *f, const struct dp_state *s)
{
    struct dp_json *j = &a->j;

    dp_json_array(j, "handovers");
    for (uint32_t i = 0; i < s->offer_count; i++) {
        const struct dp_offer_state *o = &s->offers[i];
        dp_json_object(j, NULL);
        dp_json_office(j, "from", &f->facts[o->offered].e.office);
        dp_json_office(j, "to", &f->facts[o->offered].e.body.to);
        dp_json_bool(j, "open", i == s->open_offer);
        dp_ask_fact(a, "offered", f, o->offered);
        dp_ask_fact(a, "arrived", f, o->arrived);
        dp_ask_fact(a, "signed", f, o->signed_);
        dp_ask_fact(a, "accepted", f, o->accepted);
        dp_ask_fact(a, "objected", f, o->objected);
        dp_ask_fact(a, "objection_answer", f, o->objection_answer);
        dp_ask_fact(a, "withdrawn", f, o->withdrawn);
        dp_json_end(j);
    }
    dp_json_end(j);
}

void dp_ask_track(struct dp_ask *a)
{
    const struct dp_casefile *f;
    const struct dp_state *s = &a->seen.s;
    struct dp_office holder;

    if (!dp_ask_case(a))
        return;
    f = a->seen.f;
    holder = dp_state_custodian(s);
    dp_json_str(&a->j, "number", f->has_reg ? f->reg.number.text : NULL);
    dp_json_name(&a->j, "name", &f->subject.name);
    dp_json_str(&a->j, "status", dp_status_word(s->status));
    dp_json_office(&a->j, "responsible", &holder);
    dp_ask_fact(a, "since", f, s->path_count > 0 ? s->path[s->path_count - 1].opened : DP_FACT_NONE);
    put_handovers(a, f, s);
    put_orders(a, f, s);
    dp_json_array(&a->j, "events");
    for (uint32_t i = 0; i < f->count; i++)
        dp_ask_fact(a, NULL, f, i);
    dp_json_end(&a->j);
    put_case_dues(a, f, s);
}
