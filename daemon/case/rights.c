/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-TAB-1: the table of rights of proto/RULES.md section 3, row for row; a test reads both. What a
 * row cannot say in columns (targets, needs) is in needs.c.
 */
#include "case/rights.h"

#include "case/refs.h"

#define V (1u << DP_TIER_VILLAGE)
#define T (1u << DP_TIER_TOWNSHIP)
#define C (1u << DP_TIER_COUNTY)
#define Y (1u << DP_TIER_CITY)
#define P (1u << DP_TIER_PROVINCE)
#define ANY (V | T | C | Y | P)
#define TCYP (T | C | Y | P)

#define s DP_ROLE_STATION
#define o DP_ROLE_ORGAN
#define b DP_ROLE_BUREAU
#define d DP_ROLE_DAEMON
#define sob (s | o | b)

#define NO 0
#define ABSENT_OK UINT64_C(1)
#define SOME (~UINT64_C(1)) /* must name one, of whatever kind */
#define MAY (~UINT64_C(0))  /* may name one, of whatever kind */
#define K(name) DP_BIT(name)

/* clang-format off */
const struct dp_right dp_rights[] = {
    /* kind                    tiers errand  roles errand relation            custody re                 opens */
    {DP_KIND_REGISTER,         ANY,  0,      sob,    0, DP_REL_ANY,               false, NO,                   true},
    {DP_KIND_ARRIVE,           ANY,  0,      d,      0, DP_REL_ADDRESSEE_NODE,    false, DP_BITS_DELIVERED,    false},
    {DP_KIND_SIGN,             ANY,  0,      sob,    0, DP_REL_ADDRESSEE,         false, DP_BITS_DELIVERED,    false},
    {DP_KIND_ACCEPT,           TCYP, V,      o | b,  s, DP_REL_ADDRESSEE,         true,  DP_BITS_OFFER,        true},
    {DP_KIND_TRANSFER,         TCYP, 0,      o | b,  0, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_ASSIGN,           TCYP, 0,      b,      0, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_REFER_UP,         V | T | C | Y, 0, sob, 0, DP_REL_HOLDER,           true,  NO,                   false},
    {DP_KIND_WITHDRAW,         ANY,  0,      sob,    0, DP_REL_OFFERER,           true,  DP_BITS_OFFER,        false},
    {DP_KIND_OBJECT,           ANY,  0,      sob,    0, DP_REL_ADDRESSEE,         false, DP_BITS_OFFER,        false},
    {DP_KIND_OBJECTION_ANSWER, ANY,  0,      sob,    0, DP_REL_ANSWERER,          true,  K(OBJECT),            false},
    {DP_KIND_TAKE,             TCYP, 0,      b,      0, DP_REL_SUPERIOR_OF_HOLDER, true, NO,                   true},
    {DP_KIND_DESIGNATE,        TCYP, 0,      b,      0, DP_REL_SUPERIOR_OF_HOLDER, true, NO,                   true},
    {DP_KIND_GUIDE_OUT,        TCYP, 0,      o | b,  0, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_REFUSE_DUPLICATE, TCYP, 0,      o | b,  0, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_LINK,             ANY,  0,      sob,    0, DP_REL_PARTY,             false, NO,                   false},
    {DP_KIND_SPLIT,            ANY,  0,      sob,    0, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_CORRECT,          ANY,  0,      sob,    0, DP_REL_ISSUER,            false, SOME,                 false},
    {DP_KIND_NOTE,             ANY,  0,      sob,    0, DP_REL_PARTY,             false, MAY,                  false},
    {DP_KIND_ATTACHMENT,       ANY,  0,      sob,    0, DP_REL_PARTY,             false, MAY,                  false},
    {DP_KIND_EXTEND,           TCYP, 0,      o | b,  0, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_OPINION,          TCYP, V,      o | b,  s, DP_REL_HOLDER,            true,  NO,                   false},
    {DP_KIND_SERVE,            ANY,  0,      sob,    0, DP_REL_HOLDER_OR_SERVER,  false, K(OPINION),           false},
    {DP_KIND_EVALUATE,         ANY,  0,      sob,    0, DP_REL_PARTY,             false, K(SERVE),             false},
    {DP_KIND_REPORT_BACK,      ANY,  0,      sob,    0, DP_REL_ADDRESSEE,         false, K(ASSIGN),            false},
    {DP_KIND_SUPERVISE,        TCYP, 0,      b,      0, DP_REL_SUPERIOR_OF_TO,    false, NO,                   false},
    {DP_KIND_REMIND,           TCYP, 0,      b | d,  0, DP_REL_SUPERIOR_OF_TO,    false, NO,                   false},
    {DP_KIND_ANSWER,           ANY,  0,      sob,    0, DP_REL_ADDRESSEE,         false, DP_BITS_ORDER,        false},
    {DP_KIND_CLOSE,            TCYP, V,      o | b,  s, DP_REL_HOLDER,            true,  K(SERVE) | ABSENT_OK, false},
    {DP_KIND_UNMASK,           TCYP, 0,      b,      0, DP_REL_SUPERIOR_OF_REGISTRAR, false, SOME,             false},
    {DP_KIND_ERASE,            ANY,  0,      sob,    0, DP_REL_HOLDER_OR_SUPERIOR, false, SOME,                false},
    {DP_KIND_ERASED,           ANY,  0,      d,      0, DP_REL_ANY,               false, K(ERASE),             false},
    {DP_KIND_WITNESS,          TCYP, 0,      d,      0, DP_REL_PARENT,            false, SOME,                 false},
    {DP_KIND_LIFT,             TCYP, 0,      b | d,  0, DP_REL_ISSUER,            false, DP_BITS_ORDER,        false},
    {DP_KIND_LOCK,             ANY,  0,      sob,    0, DP_REL_PARTY_OR_SUPERIOR, false, NO,                   false},
    {DP_KIND_UNLOCK,           ANY,  0,      sob,    0, DP_REL_ISSUER_OR_SUPERIOR, false, K(LOCK),             false},
    {DP_KIND_CERTIFICATE,      TCYP, 0,      d,      0, DP_REL_COVERS,            false, NO,                   false},
    {DP_KIND_CUT,              TCYP, 0,      d,      0, DP_REL_COVERS,            false, NO,                   false},
    {DP_KIND_OFFICER_ADD,      ANY,  0,      sob | d, 0, DP_REL_OWN_NODE,         false, NO,                   false},
    {DP_KIND_OFFICER_CHANGE,   ANY,  0,      sob | d, 0, DP_REL_OWN_NODE,         false, NO,                   false},
    {DP_KIND_OFFICER_LEAVE,    ANY,  0,      sob | d, 0, DP_REL_OWN_NODE,         false, NO,                   false},
    {DP_KIND_PROFILE,          C | Y | P, 0, b,      0, DP_REL_ANY,               false, ABSENT_OK,            false},
    {DP_KIND_CALENDAR,         C | Y | P, 0, b,      0, DP_REL_ANY,               false, ABSENT_OK,            false},
};
/* clang-format on */

#undef s
#undef o
#undef b
#undef d

#define COUNT (sizeof(dp_rights) / sizeof(dp_rights[0]))

const uint32_t dp_rights_count = COUNT;

/* Row + 1 of each kind: the rows rise by kind, with gaps for the reserved numbers. */
const struct dp_right *dp_right_of(uint32_t kind)
{
    if (kind >= DP_KIND_REGISTER && kind <= DP_KIND_UNLOCK)
        return &dp_rights[kind - DP_KIND_REGISTER];
    for (uint32_t i = DP_KIND_WITNESS; i < COUNT; i++) {
        if (dp_rights[i].kind == kind)
            return &dp_rights[i];
    }
    return NULL;
}

bool dp_right_is_the_heads(uint32_t kind)
{
    return kind == DP_KIND_EXTEND || kind == DP_KIND_UNLOCK; /* R22 34; R-N3-10 */
}

bool dp_right_allows_re(const struct dp_right *r, uint32_t kind)
{
    if ((r->re_kinds | 1) == MAY)
        return true;
    return (r->re_kinds & ~ABSENT_OK & dp_kind_bit(kind)) != 0;
}
