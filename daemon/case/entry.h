/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded entry: what the core sees. Fixed size and without pointers, but for the
 * register body and the data bodies, which live where the decoder's arena says. The
 * bytes it was decoded from stay the authority (R-FMT-1).
 */
#ifndef DP_CASE_ENTRY_H
#define DP_CASE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/date.h"
#include "base/id.h"
#include "case/kind.h"

#define DP_RULES_VERSION 1
#define DP_ENTRY_BYTES_MAX 4096
#define DP_PARTS_MAX 8
#define DP_DOC_NO_MAX 300
#define DP_RESPONDENTS_MAX 4

struct dp_reg {
    struct dp_number number;
    char channel;
    uint8_t origin;
    uint8_t purpose;
    uint32_t category;
    uint32_t flags; /* enum dp_reg_flag */
    uint32_t headcount;
    uint32_t involved;
    struct dp_div residence_div;
    struct dp_div problem_div;
    struct dp_office respondents[DP_RESPONDENTS_MAX];
    uint8_t respondent_count;
    struct dp_date petition_date;
    struct dp_name profile;
    struct dp_name calendar;
    char source_system[64];
    char source_no[40];
    char national_no[40];
    struct dp_name split_from;
    struct dp_digest query_hash; /* zero = none */
    struct dp_office first_office;
};

/* The union of the small bodies; which fields count follows from the shape of the kind. */
struct dp_body {
    struct dp_office to;     /* offer, order, officer: the office meant */
    struct dp_date due;      /* offer report_by, order answer_by */
    struct dp_date date;     /* act, reply, serve: date in the body */
    uint32_t code;           /* reason, result, route, relation, closing code, ground, way, state, media */
    uint32_t code2;          /* duties, level, signed, office_score, roles, certificate reason */
    uint32_t code3;          /* view, unit_score, mode, chunks, source */
    uint32_t days;           /* act */
    uint32_t index;          /* part_act */
    struct dp_name other;    /* relation.other, part_act.of, witness.of */
    struct dp_name profile;  /* offer, act, order */
    struct dp_name calendar; /* offer, act, order */
    int64_t not_before_ms;   /* witness */
    int64_t not_after_ms;    /* witness */
    uint64_t size;           /* attachment, cut.block */
    struct dp_digest digest; /* attachment.root, certificate.der_digest, cut.header */
    struct dp_node node;     /* certificate, cut */
    uint32_t number;         /* officer number, cut.incarnation */
    bool flag;               /* attachment.stored */
    char label[40];          /* order.case_number, offer.source_no */
};

#define DP_LIMITS_MAX 16
struct dp_limit {
    uint8_t clock; /* enum dp_clock */
    uint16_t days;
    bool working;
    uint16_t max_extend;
};

/* A published profile: the limits of law or of an errand. */
struct dp_profile {
    char id[24];
    uint32_t edition;
    struct dp_date valid_from;
    uint32_t flags;
    /* The post through relays (R-POST-2): KiB of one, minutes between two, whether on rest days; 0: default.
     */
    uint32_t post_kib, post_every;
    bool post_rest_days;
    uint8_t limit_count;
    struct dp_limit limits[DP_LIMITS_MAX];
};

#define DP_YEARS_MAX 16
#define DP_YEAR_DAYS_MAX 64
struct dp_year {
    uint16_t year;
    uint8_t rest_count, work_count;
    uint16_t rest[DP_YEAR_DAYS_MAX]; /* day of year 1..366, rising */
    uint16_t work[DP_YEAR_DAYS_MAX];
};

/* A published calendar: statutory rest days and shifted working days by year. */
struct dp_calendar {
    char id[24];
    uint32_t edition;
    uint8_t year_count;
    struct dp_year years[DP_YEARS_MAX]; /* rising */
};

struct dp_entry {
    struct dp_name name; /* from its place in a block */
    uint8_t kind;        /* may be one this version does not know */
    uint8_t rules;
    bool critical;
    bool at_synced;
    struct dp_subject subject;
    struct dp_office office;
    uint32_t officer;
    int64_t at_ms;
    struct dp_date receipt;
    uint32_t step;
    struct dp_name prev;
    struct dp_name custody;
    struct dp_name re;
    uint8_t part_count;
    struct dp_digest parts_root;
    struct dp_body body;
    const char *doc_no;                 /* shape act: number of the paper, or NULL */
    const struct dp_reg *reg;           /* kind register, else NULL */
    const struct dp_profile *profile;   /* kind profile, else NULL */
    const struct dp_calendar *calendar; /* kind calendar, else NULL */
};

/* What the certificate of an entry's block says of its origin (crypto/cert.h fills it). */
struct dp_origin {
    struct dp_node node;
    struct dp_node parent; /* the node it is enrolled under; {0} for the root */
    uint8_t tier;          /* enum dp_tier */
    uint8_t roles;         /* mask of enum dp_role */
};

/* Role of an office by its slug (R-VAL-4). */
enum dp_role dp_office_role(const struct dp_office *o);

#endif
