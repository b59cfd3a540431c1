/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict of one ready entry: first what holds for every kind (R-VAL-2 to R-VAL-4), then
 * its row of the table, then the relation of its office to the case, then what its kind needs. Reads
 * nothing but the entry, its certificate and its causal past (R-VAL-1).
 */
#include "case/judge.h"

#include "case/refs.h"

/* ---- the past ---- */

bool dp_match_custody(const struct dp_casefile *f, const struct dp_fact *k, uint32_t arg)
{
    (void)f;
    return k->custody == arg;
}

bool dp_match_re(const struct dp_casefile *f, const struct dp_fact *k, uint32_t arg)
{
    (void)f;
    return k->re == arg;
}

bool dp_judge_past_any(struct dp_judge *j, uint64_t kinds, dp_match *match, uint32_t arg)
{
    for (uint32_t i = 0; i < j->f->count; i++) {
        const struct dp_fact *k = &j->f->facts[i];
        if ((dp_kind_bit(dp_fact_kind_valid(k)) & kinds) != 0 && match(j->f, k, arg) &&
            dp_past_has(&j->past, i))
            return true;
    }
    return false;
}

/* ---- every kind ---- */

static bool own(const struct dp_judge *j, uint32_t i)
{
    return dp_office_eq(&j->f->facts[i].e.office, &j->x->e.office);
}

/* R-VAL-4: the office acts at its own node, in a role that the certificate gives. */
static enum dp_void_reason check_office(const struct dp_fact *x)
{
    if (!dp_node_eq(x->e.office.node, x->e.name.origin) || !dp_node_eq(x->from.node, x->e.name.origin))
        return DP_VOID_ROLE;
    return (x->from.roles & dp_office_role(&x->e.office)) != 0 ? DP_VOID_NONE : DP_VOID_ROLE;
}

static uint32_t step_above(const struct dp_casefile *f, uint32_t step, uint32_t ref)
{
    return ref != DP_FACT_NONE && f->facts[ref].e.step > step ? f->facts[ref].e.step : step;
}

/* R-VAL-3: prev continues the own chain; the step lies above all references, within reach. */
static enum dp_void_reason check_order(const struct dp_casefile *f, const struct dp_fact *x)
{
    uint32_t top = step_above(f, step_above(f, step_above(f, 0, x->prev), x->custody), x->re);

    if (x->foreign & DP_FOREIGN_PREV)
        return DP_VOID_PREV;
    if (x->prev != DP_FACT_NONE) {
        const struct dp_name *p = &f->facts[x->prev].e.name;
        if (!dp_node_eq(p->origin, x->e.name.origin))
            return DP_VOID_PREV;
        if (p->inc == x->e.name.inc && p->seq >= x->e.name.seq)
            return DP_VOID_PREV;
    }
    return x->e.step > top && x->e.step - top <= DP_STEP_JUMP_MAX ? DP_VOID_NONE : DP_VOID_STEP;
}

/* R-SUBJ-1: which subject a kind speaks of; some kinds open theirs. */
static bool subject_fits(const struct dp_entry *e)
{
    uint8_t type = e->subject.type;

    switch ((enum dp_shape)dp_kind_shape(e->kind)) {
    case DP_SHAPE_CERTIFICATE:
    case DP_SHAPE_CUT:
    case DP_SHAPE_OFFICER:
        return type == DP_SUBJECT_NODE;
    case DP_SHAPE_PROFILE:
    case DP_SHAPE_CALENDAR:
        return type == DP_SUBJECT_DATA && dp_name_eq(&e->subject.name, &e->name);
    case DP_SHAPE_WITNESS:
        return true;
    case DP_SHAPE_REGISTER: /* R-REG-1: nothing else about it is ever refused but who issues it */
        return type == DP_SUBJECT_CASE && dp_name_eq(&e->subject.name, &e->name);
    case DP_SHAPE_NONE:
    case DP_SHAPE_OFFER:
    case DP_SHAPE_REPLY:
    case DP_SHAPE_ACT:
    case DP_SHAPE_RELATION:
    case DP_SHAPE_ATTACHMENT:
    case DP_SHAPE_ORDER:
    case DP_SHAPE_SERVE:
    case DP_SHAPE_EVALUATE:
    case DP_SHAPE_PART_ACT:
        break;
    }
    return type == DP_SUBJECT_CASE;
}

static bool is_void(const struct dp_casefile *f, uint32_t ref)
{
    return ref != DP_FACT_NONE && f->facts[ref].verdict != DP_VALID;
}

/* R-VAL-2: an own void entry may be withdrawn or corrected, to no effect. */
static bool mends_own_void(const struct dp_judge *j)
{
    const struct dp_fact *x = j->x;

    return (x->e.kind == DP_KIND_WITHDRAW || x->e.kind == DP_KIND_CORRECT) && is_void(j->f, x->re) &&
           own(j, x->re);
}

/* ---- the row ---- */

/*
 * The register entry heads every chain of custody, so a custody that fits has it in its past: the
 * verdict does not depend on what else is here (R-VAL-1).
 */
static bool is_errand(const struct dp_judge *j)
{
    return j->x->custody != DP_FACT_NONE && j->f->has_reg && (j->f->reg.flags & DP_REG_ERRAND) != 0;
}

static enum dp_void_reason check_rank(const struct dp_judge *j)
{
    unsigned role = dp_office_role(&j->x->e.office);
    unsigned tier = j->x->from.tier <= DP_TIER_VILLAGE ? 1u << j->x->from.tier : 0;
    unsigned roles = j->right->roles, tiers = j->right->tiers;

    if (is_errand(j)) {
        roles |= j->right->roles_errand;
        tiers |= j->right->tiers_errand;
    }
    if ((tier & tiers) != 0 && (role & roles) != 0)
        return DP_VOID_NONE;
    if ((tier & (tiers | j->right->tiers_errand)) != 0 && (role & (roles | j->right->roles_errand)) != 0)
        return DP_VOID_ERRAND_ONLY;
    return (role & roles) == 0 ? DP_VOID_KIND_RULE : DP_VOID_TIER;
}

static bool custody_fits(const struct dp_judge *j)
{
    const struct dp_fact *x = j->x;

    if ((x->foreign & DP_FOREIGN_CUSTODY) != 0)
        return false;
    if (x->custody == DP_FACT_NONE)
        return !j->right->custody;
    if (!j->right->custody && x->e.kind != DP_KIND_ERASE)
        return false;
    return dp_kind_opens(j->f->facts[x->custody].e.kind);
}

static bool re_fits(const struct dp_judge *j)
{
    const struct dp_fact *x = j->x;

    /* Only an edition follows an entry of another subject. */
    if ((x->foreign & DP_FOREIGN_RE) != 0)
        return x->e.kind == DP_KIND_PROFILE || x->e.kind == DP_KIND_CALENDAR;
    if (x->re == DP_FACT_NONE)
        return j->right->re_kinds == 0 || (j->right->re_kinds & 1) != 0;
    return dp_right_allows_re(j->right, j->f->facts[x->re].e.kind);
}

/* ---- the relation ---- */

/* Above the other's node, or the bureau (for whom its daemon reminds) of that very node. */
static bool superior(const struct dp_office *me, const struct dp_office *other)
{
    if (!dp_node_covers(me->node, other->node))
        return false;
    if (!dp_node_eq(me->node, other->node))
        return true;
    return (dp_office_role(me) & (DP_ROLE_BUREAU | DP_ROLE_DAEMON)) != 0 && !dp_office_eq(me, other);
}

static bool concerns(const struct dp_judge *j, uint32_t i)
{
    const struct dp_fact *k = &j->f->facts[i];
    const struct dp_office *me = &j->x->e.office;

    if (k->verdict != DP_VALID)
        return false;
    if (dp_office_eq(&k->e.office, me))
        return true;
    return (dp_kind_bit(k->e.kind) & DP_BITS_DELIVERED) != 0 && dp_office_eq(dp_ref_addressee(j->f, k), me);
}

/* In the causal past the office issued, or was addressed by, a valid entry. */
static bool party(struct dp_judge *j)
{
    const struct dp_fact *x = j->x;

    if (x->prev != DP_FACT_NONE && concerns(j, x->prev))
        return true;
    if (x->re != DP_FACT_NONE && concerns(j, x->re))
        return true;
    for (uint32_t i = 0; i < j->f->count; i++) {
        if (concerns(j, i) && dp_past_has(&j->past, i))
            return true;
    }
    return false;
}

static bool asked_to_serve(struct dp_judge *j)
{
    for (uint32_t i = 0; i < j->f->count; i++) {
        const struct dp_fact *k = &j->f->facts[i];
        if ((dp_kind_bit(dp_fact_kind_valid(k)) & DP_BITS_OFFER) != 0 && k->e.body.code2 == DP_DUTY_SERVE &&
            dp_office_eq(&k->e.body.to, &j->x->e.office) && dp_past_has(&j->past, i))
            return true;
    }
    return false;
}

/* The registrar's node is in the name of the case: no register entry is needed to know it. */
static bool above_registrar(const struct dp_entry *e)
{
    struct dp_node n = e->subject.name.origin;

    return dp_node_covers(e->office.node, n) &&
           (!dp_node_eq(e->office.node, n) || dp_office_role(&e->office) == DP_ROLE_BUREAU);
}

static bool covers(const struct dp_entry *e)
{
    if (!dp_node_eq(e->subject.name.origin, e->body.node) || !dp_node_covers(e->office.node, e->body.node))
        return false;
    return e->kind != DP_KIND_CUT || !dp_node_eq(e->office.node, e->body.node);
}

static enum dp_void_reason unless(bool holds, enum dp_void_reason why)
{
    return holds ? DP_VOID_NONE : why;
}

static enum dp_void_reason holder_or_superior(const struct dp_judge *j)
{
    if (j->x->custody != DP_FACT_NONE)
        return unless(own(j, j->x->custody), DP_VOID_NOT_HOLDER);
    return unless(above_registrar(&j->x->e), DP_VOID_NOT_SUPERIOR);
}

static enum dp_void_reason check_relation(struct dp_judge *j)
{
    const struct dp_casefile *f = j->f;
    const struct dp_entry *e = &j->x->e;
    const struct dp_fact *re = j->x->re != DP_FACT_NONE ? &f->facts[j->x->re] : NULL;

    switch ((enum dp_relation)j->right->relation) {
    case DP_REL_ANY:
        return DP_VOID_NONE;
    case DP_REL_HOLDER:
        return unless(own(j, j->x->custody), DP_VOID_NOT_HOLDER);
    case DP_REL_ADDRESSEE_NODE:
        return unless(dp_node_eq(dp_ref_addressee(f, re)->node, e->office.node), DP_VOID_NOT_ADDRESSEE);
    case DP_REL_ADDRESSEE:
        return unless(dp_office_eq(dp_ref_addressee(f, re), &e->office), DP_VOID_NOT_ADDRESSEE);
    case DP_REL_OFFERER:
        return unless(own(j, j->x->re), DP_VOID_NOT_OFFERER);
    case DP_REL_ISSUER:
        return unless(own(j, j->x->re), DP_VOID_NOT_ISSUER);
    case DP_REL_SUPERIOR_OF_HOLDER:
        return unless(superior(&e->office, &f->facts[j->x->custody].e.office), DP_VOID_NOT_SUPERIOR);
    case DP_REL_SUPERIOR_OF_TO:
        return unless(j->probe || superior(&e->office, &e->body.to), DP_VOID_NOT_SUPERIOR);
    case DP_REL_SUPERIOR_OF_REGISTRAR:
        return unless(above_registrar(e), DP_VOID_NOT_SUPERIOR);
    case DP_REL_PARTY:
        return unless(party(j), DP_VOID_NOT_PARTY);
    case DP_REL_PARENT:
        return unless(dp_node_eq(re->from.parent, e->office.node), DP_VOID_NOT_PARENT);
    case DP_REL_COVERS:
        return unless(covers(e), DP_VOID_NOT_SUPERIOR);
    case DP_REL_OWN_NODE:
        return unless(dp_node_eq(e->subject.name.origin, e->office.node), DP_VOID_NOT_ISSUER);
    case DP_REL_HOLDER_OR_SERVER:
        return unless(own(j, re->custody) || asked_to_serve(j), DP_VOID_NOT_HOLDER);
    case DP_REL_HOLDER_OR_SUPERIOR:
        return holder_or_superior(j);
    case DP_REL_PARTY_OR_SUPERIOR:
        return unless(above_registrar(e) || party(j), DP_VOID_NOT_PARTY);
    case DP_REL_ISSUER_OR_SUPERIOR:
        return unless(own(j, j->x->re) || superior(&e->office, &re->e.office), DP_VOID_NOT_LOCKED);
    case DP_REL_ANSWERER:
        return unless(own(j, re->re), DP_VOID_NOT_OFFERER);
    }
    return DP_VOID_KIND_RULE;
}

/* ---- verdict ---- */

/* R-VAL-5: the causal past holds an end of the custody it acts under. */
static bool knows_end(struct dp_judge *j)
{
    uint32_t c = dp_ref_custody(j->f, j->x);

    return c != DP_FACT_NONE &&
           dp_judge_past_any(j, DP_BIT(TAKE) | DP_BIT(DESIGNATE) | DP_BIT(ACCEPT), dp_match_custody, c);
}

static enum dp_void_reason check_row(struct dp_judge *j)
{
    enum dp_void_reason why;

    if (!subject_fits(&j->x->e))
        return DP_VOID_KIND_RULE;
    if (is_void(j->f, j->x->custody) || (is_void(j->f, j->x->re) && !mends_own_void(j)))
        return DP_VOID_REF_VOID;
    if (!custody_fits(j) || !re_fits(j))
        return DP_VOID_REF_KIND;
    why = check_rank(j);
    if (why != DP_VOID_NONE)
        return why;
    if (mends_own_void(j))
        return DP_VOID_NONE;
    why = check_relation(j);
    if (why != DP_VOID_NONE)
        return why;
    if (knows_end(j))
        return DP_VOID_CUSTODY_ENDED;
    return dp_judge_needs(j);
}

enum dp_void_reason dp_rights_judge_new(const struct dp_casefile *f, const struct dp_fact *x, bool probe)
{
    struct dp_judge j = {.f = f, .x = x, .right = dp_right_of(x->e.kind), .probe = probe};
    enum dp_void_reason why;

    /* R-VAL-1: judged by the rules it names; R-FMT-3 says what becomes of a kind of the future. */
    if (j.right != NULL && x->e.rules != DP_RULES_VERSION)
        return DP_VOID_RULES_VERSION;
    why = check_office(x);
    if (why == DP_VOID_NONE)
        why = check_order(f, x);
    if (why != DP_VOID_NONE || j.right == NULL)
        return why;
    j.past = dp_past_of(f, x);
    return check_row(&j);
}

enum dp_void_reason dp_rights_judge(const struct dp_casefile *f, uint32_t i)
{
    return dp_rights_judge_new(f, &f->facts[i], false);
}
