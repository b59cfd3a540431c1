/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of things: divisions, nodes, offices, entries, subjects, case numbers.
 * Ids are one-field structs so that a swap does not compile. All orders are numeric,
 * which is the byte order of their big-endian form.
 *
 * Source: statistical division codes (统计用区划代码和城乡划分代码编制规则): digits 1-2
 * province, 3-4 city, 5-6 county, 7-9 township, 10-12 village; zero-padded. An office is
 * not a division: it is a division (and a post, for a department that runs its own node)
 * and a slug.
 */
#ifndef DP_BASE_ID_H
#define DP_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Administrative tier, higher authority = smaller number. */
enum dp_tier {
    DP_TIER_NONE = 0,
    DP_TIER_PROVINCE = 1,
    DP_TIER_CITY = 2,
    DP_TIER_COUNTY = 3,
    DP_TIER_TOWNSHIP = 4,
    DP_TIER_VILLAGE = 5,
};

/* 12-digit division code as a number; 0 = none. */
struct dp_div {
    uint64_t v;
};

/* Node: division * 100 + post (0 = the division's own node); 0 = none. */
struct dp_node {
    uint64_t v;
};

#define DP_SLUG_MAX 15

/* Office: node that hosts it, and a slug [a-z][a-z0-9-]{0,14}, zero-padded. */
struct dp_office {
    struct dp_node node;
    char slug[DP_SLUG_MAX + 1];
};

/* Full name of an entry: (origin, incarnation, seq). seq starts at 1; all zero = none. */
struct dp_name {
    struct dp_node origin;
    uint32_t inc;
    uint64_t seq;
};

#define DP_NAME_BYTES 20 /* BE: origin 8, incarnation 4, seq 8 */

enum dp_subject_type {
    DP_SUBJECT_NONE = 0,
    DP_SUBJECT_CASE = 1,     /* name of its register entry (or the first entry held, see R-SUBJ-1) */
    DP_SUBJECT_NODE = 2,     /* origin = the node, inc = 0, seq = 0 */
    DP_SUBJECT_DATA = 3,     /* name of the publishing entry: one edition of a profile or calendar */
    DP_SUBJECT_CAMPAIGN = 4, /* reserved */
};

struct dp_subject {
    uint8_t type; /* enum dp_subject_type */
    struct dp_name name;
};

#define DP_SUBJECT_BYTES 21 /* type 1, name 20 */

struct dp_digest {
    uint8_t b[32];
};

/* ---- divisions ---- */

/* Exactly 12 digits that form a code of a known tier: no zero above a non-zero level, but for the county of a
 * township that stands right below its city. */
DP_MUST enum dp_err dp_div_parse(struct dp_slice s, struct dp_div *out);
enum dp_tier dp_div_tier(struct dp_div d);
/*
 * The division one tier up; {0} for a province. A level that is not there is passed over: a township's is its
 * city where there is no county, a county's its province where the city's code is a heading only (4290,
 * 1101).
 */
struct dp_div dp_div_parent(struct dp_div d);
/* True when `a` is `d` or an ancestor of it (digit prefix). */
bool dp_div_covers(struct dp_div a, struct dp_div d);
/* 12 digits and NUL. */
void dp_div_format(struct dp_div d, char out[13]);

/* ---- nodes ---- */

struct dp_node dp_node_of(struct dp_div d, unsigned post);
struct dp_div dp_node_div(struct dp_node n);
unsigned dp_node_post(struct dp_node n);
/* Tier of the division; a post's node has its division's tier. */
enum dp_tier dp_node_tier(struct dp_node n);
/* The node above by the codes: a post's is its division's node; a division's is its parent's node. */
struct dp_node dp_node_parent(struct dp_node n);
/* True when `n` is `a` itself or below it in the tree of codes. */
bool dp_node_covers(struct dp_node a, struct dp_node n);
bool dp_node_eq(struct dp_node a, struct dp_node b);
/* "331023000000" or "331023000000.05". */
DP_MUST enum dp_err dp_node_parse(struct dp_slice s, struct dp_node *out);
#define DP_NODE_TEXT 16
void dp_node_format(struct dp_node n, char out[DP_NODE_TEXT]);

/* ---- offices ---- */

/* "331023000000/bureau", "331023000000.05/housing". */
DP_MUST enum dp_err dp_office_parse(struct dp_slice s, struct dp_office *out);
#define DP_OFFICE_TEXT (DP_NODE_TEXT + 1 + DP_SLUG_MAX + 1)
void dp_office_format(const struct dp_office *o, char out[DP_OFFICE_TEXT]);
bool dp_office_eq(const struct dp_office *a, const struct dp_office *b);
bool dp_office_is_none(const struct dp_office *o);
bool dp_slug_ok(struct dp_slice s);

/* ---- entry names and subjects ---- */

bool dp_name_eq(const struct dp_name *a, const struct dp_name *b);
bool dp_name_is_none(const struct dp_name *a);
int dp_name_cmp(const struct dp_name *a, const struct dp_name *b);
void dp_name_put(const struct dp_name *n, uint8_t out[DP_NAME_BYTES]);
struct dp_name dp_name_get(const uint8_t in[DP_NAME_BYTES]);
/* "331023105001:1f2e3d4c:17", post after a dot as in a node's text. */
#define DP_NAME_TEXT 48
void dp_name_format(const struct dp_name *n, char out[DP_NAME_TEXT]);
DP_MUST enum dp_err dp_name_parse(struct dp_slice s, struct dp_name *out);

bool dp_subject_eq(const struct dp_subject *a, const struct dp_subject *b);
void dp_subject_put(const struct dp_subject *s, uint8_t out[DP_SUBJECT_BYTES]);
DP_MUST enum dp_err dp_subject_get(const uint8_t in[DP_SUBJECT_BYTES], struct dp_subject *out);
struct dp_subject dp_subject_of_node(struct dp_node n);

bool dp_digest_eq(const struct dp_digest *a, const struct dp_digest *b);
bool dp_digest_is_zero(const struct dp_digest *a);

/* ---- case numbers ---- */

/* DDDDDDDDDDDD[.PP]-YYYYMMDD-C-NNNNN-K; K by ISO 7064 MOD 37,36 over the letters and digits before it. */
#define DP_NUMBER_TEXT 36
struct dp_number {
    char text[DP_NUMBER_TEXT];
};

/* day: local date as YYYYMMDD; channel: one of L V W T F O; serial 1..99999. */
DP_MUST enum dp_err dp_number_make(struct dp_node n, uint32_t yyyymmdd, char channel, uint32_t serial,
                                   struct dp_number *out);
/* DP_FORMAT for a bad shape or a wrong check character. */
DP_MUST enum dp_err dp_number_check(struct dp_slice s);
/* ISO 7064 MOD 37,36 check character over [0-9A-Z]; other characters are skipped. 0 when none is left. */
char dp_iso7064(struct dp_slice s);

#endif
