/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets the keys of parts, and who must forget them again. The audience of a text follows from the kind
 * of its entry by one table; N3 has the last word on each node.
 */
#include "relay/route.h"

/* Whose node is meant, seen from an entry. */
enum audience {
    REGISTRAR = 1u << 0,
    ABOVE_REGISTRAR = 1u << 1, /* for unmask only, and not when protected (R-N3-5) */
    ADDRESSEE = 1u << 2,       /* the office in the body */
    CUSTODIAN = 1u << 3,
    SERVERS = 1u << 4,      /* asked to serve papers */
    ASKER = 1u << 5,        /* issuer of `re` */
    ADDRESSEE_RE = 1u << 6, /* the office that `re` is addressed to */
    DISPLACED = 1u << 7,    /* holder of the custody that the entry ends */
    ASKED = 1u << 8,        /* who has an open offer before it, or is asked to help handle the case */
};
/* What whoever has to do with the case now has to read. */
#define COMPANY (REGISTRAR | CUSTODIAN | ASKED)

/* R-PRT-1 */
static const uint16_t audiences[DP_KIND_MAX + 1] = {
    [DP_KIND_REGISTER] = ABOVE_REGISTRAR,
    [DP_KIND_ACCEPT] = REGISTRAR | ASKER,
    [DP_KIND_TRANSFER] = ADDRESSEE,
    [DP_KIND_ASSIGN] = ADDRESSEE,
    [DP_KIND_REFER_UP] = ADDRESSEE,
    [DP_KIND_WITHDRAW] = ADDRESSEE_RE,
    [DP_KIND_OBJECT] = ASKER,
    [DP_KIND_OBJECTION_ANSWER] = ASKER,
    [DP_KIND_TAKE] = DISPLACED,
    [DP_KIND_DESIGNATE] = ADDRESSEE | DISPLACED,
    [DP_KIND_GUIDE_OUT] = REGISTRAR,
    [DP_KIND_REFUSE_DUPLICATE] = REGISTRAR,
    [DP_KIND_LINK] = COMPANY,
    [DP_KIND_SPLIT] = COMPANY,
    [DP_KIND_NOTE] = COMPANY,
    [DP_KIND_ATTACHMENT] = COMPANY,
    [DP_KIND_EXTEND] = COMPANY,
    [DP_KIND_OPINION] = COMPANY | SERVERS,
    [DP_KIND_SERVE] = COMPANY,
    [DP_KIND_EVALUATE] = COMPANY,
    [DP_KIND_REPORT_BACK] = ASKER,
    [DP_KIND_SUPERVISE] = ADDRESSEE,
    [DP_KIND_REMIND] = ADDRESSEE,
    [DP_KIND_ANSWER] = ASKER,
    [DP_KIND_CLOSE] = REGISTRAR,
    [DP_KIND_LIFT] = ADDRESSEE_RE,
};

/* Texts from one office to another, which do not come with custody. */
static const uint16_t letters[DP_KIND_MAX + 1] = {
    [DP_KIND_WITHDRAW] = ADDRESSEE_RE, [DP_KIND_OBJECT] = ASKER,        [DP_KIND_OBJECTION_ANSWER] = ASKER,
    [DP_KIND_REPORT_BACK] = ASKER,     [DP_KIND_SUPERVISE] = ADDRESSEE, [DP_KIND_REMIND] = ADDRESSEE,
    [DP_KIND_ANSWER] = ASKER,          [DP_KIND_LIFT] = ADDRESSEE_RE,
};

/* Recipients being gathered. */
struct gather {
    const struct dp_reg *reg; /* NULL while not here */
    bool locked;
    struct dp_node registrar, self;
    struct dp_node *out;
    uint32_t count, max;
};

static void add(struct gather *g, struct dp_node n)
{
    if (n.v == 0 || dp_node_eq(n, g->self) || g->count >= g->max)
        return;
    for (uint32_t i = 0; i < g->count; i++) {
        if (dp_node_eq(g->out[i], n))
            return;
    }
    if (g->reg == NULL && g->locked)
        return; /* nothing tells who is accused */
    if (g->reg != NULL && dp_n3_denies_node(g->reg, g->locked, g->registrar, n))
        return;
    g->out[g->count++] = n;
}

static const struct dp_fact *fact_of(const struct dp_casefile *f, const struct dp_name *n)
{
    uint32_t i = dp_name_is_none(n) ? DP_FACT_NONE : dp_casefile_find(f, n);

    return i == DP_FACT_NONE ? NULL : &f->facts[i];
}

static uint32_t duty_of(const struct dp_entry *e)
{
    return e->body.code2;
}

static void add_servers(struct gather *g, const struct dp_casefile *f, const struct dp_state *s)
{
    for (uint32_t i = 0; i < s->offer_count; i++) {
        const struct dp_entry *offer = &f->facts[s->offers[i].offered].e;
        if (duty_of(offer) == DP_DUTY_SERVE && s->offers[i].withdrawn == DP_FACT_NONE)
            add(g, offer->body.to.node);
    }
}

/* An office asked by the present holder, for as long as the request stands. */
static bool is_asked(const struct dp_casefile *f, const struct dp_state *s, uint32_t i, struct dp_node n)
{
    const struct dp_offer_state *offer = &s->offers[i];
    const struct dp_entry *e = &f->facts[offer->offered].e;

    if (!dp_node_eq(e->body.to.node, n))
        return false;
    if (duty_of(e) != DP_DUTY_CO_HANDLE && duty_of(e) != DP_DUTY_SERVE)
        return i == s->open_offer;
    if (offer->withdrawn != DP_FACT_NONE || s->closed != DP_FACT_NONE || s->path_count == 0)
        return false;
    return dp_name_eq(&e->custody, &f->facts[s->path[s->path_count - 1].opened].e.name);
}

/* R-PRT-1: they got what there was with the offer or the request, and get what comes since. */
static void add_asked(struct gather *g, const struct dp_casefile *f, const struct dp_state *s)
{
    for (uint32_t i = 0; i < s->offer_count; i++) {
        const struct dp_entry *offer = &f->facts[s->offers[i].offered].e;
        if (duty_of(offer) != DP_DUTY_SERVE && is_asked(f, s, i, offer->body.to.node))
            add(g, offer->body.to.node);
    }
}

/* What is corrected has the audience of the first text. */
static const struct dp_entry *corrected(const struct dp_casefile *f, const struct dp_entry *e)
{
    for (int depth = 0; e->kind == DP_KIND_CORRECT && depth < 16; depth++) {
        const struct dp_fact *of = fact_of(f, &e->body.other);
        if (of == NULL)
            break;
        e = &of->e;
    }
    return e;
}

/* A custody ended from above: its holder's node has the keys that the taker, and the office designated, need.
 */
static bool is_displacing(const struct dp_entry *e)
{
    return e->kind == DP_KIND_TAKE || e->kind == DP_KIND_DESIGNATE;
}

static void hand_over(struct gather *g, const struct dp_casefile *f, const struct dp_entry *e)
{
    const struct dp_fact *ended = fact_of(f, &e->custody);

    if (!is_displacing(e) || ended == NULL || !dp_node_eq(ended->e.office.node, g->self))
        return;
    add(g, e->office.node);
    if (e->kind == DP_KIND_DESIGNATE)
        add(g, e->body.to.node);
}

/* Besides the audience of what it corrects, whoever had to read the text that it replaces; a letter stays
 * one.
 */
static unsigned audience_of(const struct dp_entry *e, bool is_correction)
{
    unsigned who = e->kind <= DP_KIND_MAX ? audiences[e->kind] : 0;
    bool letter = e->kind <= DP_KIND_MAX && letters[e->kind] != 0;
    return is_correction && !letter ? who | COMPANY : who;
}

static void add_audience(struct gather *g, const struct dp_casefile *f, const struct dp_state *s,
                         const struct dp_entry *e, unsigned who, struct dp_node self_parent)
{
    const struct dp_fact *re = fact_of(f, &e->re), *ended = fact_of(f, &e->custody);

    if ((who & REGISTRAR) != 0)
        add(g, g->registrar);
    /* R-N3-5 */
    if ((who & ABOVE_REGISTRAR) != 0 && g->reg != NULL && !dp_n3_protected(g->reg, g->locked))
        add(g, self_parent);
    if ((who & ADDRESSEE) != 0)
        add(g, e->body.to.node);
    if ((who & CUSTODIAN) != 0)
        add(g, dp_state_custodian(s).node);
    if ((who & ASKED) != 0)
        add_asked(g, f, s);
    if ((who & SERVERS) != 0)
        add_servers(g, f, s);
    if ((who & ASKER) != 0 && re != NULL)
        add(g, re->e.office.node);
    if ((who & ADDRESSEE_RE) != 0 && re != NULL)
        add(g, re->e.body.to.node);
    if ((who & DISPLACED) != 0 && ended != NULL)
        add(g, ended->e.office.node);
}

uint32_t dp_route_grantees(const struct dp_casefile *f, const struct dp_state *s, bool locked,
                           const struct dp_entry *e, struct dp_node self, struct dp_node self_parent,
                           struct dp_node *out, uint32_t max)
{
    struct gather g = {
        .reg = f->has_reg ? &f->reg : e->reg,
        .locked = locked,
        .registrar = f->subject.name.origin,
        .self = self,
        .out = out,
        .max = max,
    };
    const struct dp_entry *first = corrected(f, e);

    if (dp_node_eq(e->name.origin, self))
        add_audience(&g, f, s, first, audience_of(first, first != e), self_parent);
    else
        hand_over(&g, f, e);
    return g.count;
}

/* ---- which parts ---- */

enum extent { OWN, WITH_OPINION, WHOLE_CASE };

static enum extent extent_of(const struct dp_entry *e, struct dp_node grantee)
{
    if (is_displacing(e) && dp_node_eq(e->office.node, grantee))
        return WHOLE_CASE;
    if (!dp_kind_is_offer(e->kind) || !dp_node_eq(e->body.to.node, grantee))
        return OWN;
    return duty_of(e) == DP_DUTY_SERVE ? WITH_OPINION : WHOLE_CASE;
}

uint32_t dp_route_parts_for(const struct dp_casefile *f, const struct dp_state *s, const struct dp_entry *e,
                            struct dp_node grantee, uint32_t *facts, uint32_t max)
{
    enum extent extent = extent_of(e, grantee);
    uint32_t count = 0;

    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *fact = &f->facts[i];
        bool own = dp_name_eq(&fact->e.name, &e->name);
        bool also = extent == WHOLE_CASE || (extent == WITH_OPINION && i == s->opinion);
        if (fact->e.part_count == 0 || !(own || (also && fact->verdict == DP_VALID)))
            continue;
        if (count < max)
            facts[count] = i;
        count++;
    }
    return count;
}

/* ---- forgetting ---- */

/* R-PRT-2: what came with custody goes with custody. */
bool dp_route_keeps_keys(const struct dp_casefile *f, const struct dp_state *s, bool locked, struct dp_node n)
{
    if (s->registered == DP_FACT_NONE)
        return false;
    if (dp_node_eq(f->facts[s->registered].e.name.origin, n) || dp_node_eq(dp_state_custodian(s).node, n))
        return true;
    if (f->has_reg && !dp_n3_protected(&f->reg, locked) && dp_node_eq(f->facts[s->registered].from.parent, n))
        return true;
    for (uint32_t i = 0; i < s->offer_count; i++) {
        if (is_asked(f, s, i, n))
            return true;
    }
    return false;
}

bool dp_route_keeps_key(const struct dp_casefile *f, const struct dp_state *s, bool locked,
                        const struct dp_entry *e, struct dp_node n)
{
    const struct dp_entry *first = corrected(f, e);
    unsigned letter = first->kind <= DP_KIND_MAX ? letters[first->kind] : 0;
    const struct dp_fact *re = fact_of(f, &first->re);

    if (dp_route_keeps_keys(f, s, locked, n) || dp_node_eq(e->name.origin, n))
        return true;
    if ((letter & ADDRESSEE) != 0 && dp_node_eq(first->body.to.node, n))
        return true;
    if ((letter & ASKER) != 0 && re != NULL && dp_node_eq(re->e.office.node, n))
        return true;
    return (letter & ADDRESSEE_RE) != 0 && re != NULL && dp_node_eq(re->e.body.to.node, n);
}
