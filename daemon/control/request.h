/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control protocol (proto/control.proto) as plain C types, so that the node floor sees no
 * protobuf. Decoding checks every limit; strings are NUL-terminated UTF-8 in the arena, never NULL
 * ("" = absent). Encoding a reply is the only way back.
 */
#ifndef DP_CONTROL_REQUEST_H
#define DP_CONTROL_REQUEST_H

#include "base/arena.h"
#include "base/id.h"
#include "case/entry.h"
#include "wire/part.h"

#define DP_CONTROL_VERSION 1
#define DP_COMMANDS_MAX 1000
#define DP_REQUEST_BYTES_MAX (1u << 20)
/* Of one reply: what answers to questions may fill, and all of it. Whatever does not fit says so (R-CTL-4).
 */
#define DP_REPLY_ANSWERS_MAX (4u << 20)
#define DP_REPLY_BYTES_MAX (8u << 20)

enum dp_command_kind { DP_COMMAND_STEP = 1, DP_COMMAND_QUERY, DP_COMMAND_ADMIN, DP_COMMAND_BLOB };

struct dp_intake {
    char channel;
    uint32_t origin, purpose, category, flags, headcount, involved;
    struct dp_div residence_div, problem_div;
    const char *respondents[DP_RESPONDENTS_MAX]; /* office ids as text */
    uint8_t respondent_count;
    struct dp_date petition_date;
    const char *source_system, *source_no, *national_no, *profile;
    const char *split_from; /* reference of a case; "" = none */
};

struct dp_file {
    const char *name;
    uint32_t media;
    uint64_t size;
    bool stored;
    struct dp_slice content;
    const char *upload;
};

struct dp_step {
    uint32_t kind;
    const char *case_ref, *to, *other, *re, *label, *from_draft, *doc_no, *clear;
    struct dp_date due, date, receipt;
    uint32_t code, code2, code3, days, index, person;
    const struct dp_intake *intake; /* register, else NULL */
    const struct dp_part_text *parts;
    uint8_t part_count;
    const struct dp_file *file; /* attachment, else NULL */
    bool draft;
    struct dp_slice token;
};

struct dp_query {
    const char *what, *case_ref, *name, *tail, *node, *after, *status;
    uint32_t due_days, limit, index;
    uint64_t since;
    bool mine;
};

struct dp_admin {
    const char *verb, *node, *name, *address, *code, *reason, *office, *path;
    uint32_t number, uid, roles, flags;
    bool user; /* uid is said, though it be 0 */
    struct dp_slice data;
};

struct dp_blob {
    const char *upload;
    uint64_t offset;
    struct dp_slice data;
};

struct dp_command {
    enum dp_command_kind kind;
    union {
        struct dp_step step;
        struct dp_query query;
        struct dp_admin admin;
        struct dp_blob blob;
    } u;
};

struct dp_request {
    uint64_t id;
    const char *as_office;
    bool dry_run;
    struct dp_command *commands;
    uint32_t count;
};

/*
 * Decode a request. DP_FORMAT, DP_TOO_BIG, DP_RANGE (a field outside its limits), DP_SCHEMA (a version that
 * is not spoken here). *id is set whenever it could be read, so that the refusal can be answered.
 */
DP_MUST enum dp_err dp_request_decode(struct dp_slice s, struct dp_arena *a, struct dp_request *out,
                                      uint64_t *id);

#define DP_OUTCOME_ARGS 4

struct dp_outcome {
    enum dp_err err;
    const char *text;                  /* NULL = the error's own text */
    const char *format;                /* of the text, with %s, %u, %d and %-s; NULL = none is known */
    const char *args[DP_OUTCOME_ARGS]; /* as texts */
    uint8_t arg_count;
    struct dp_name name; /* zero = none */
    const char *number;  /* or NULL */
    uint64_t valid_kinds;
    const char *json; /* or NULL */
    uint32_t reason;  /* enum dp_void_reason */
};

/* Append the encoded reply. */
DP_MUST enum dp_err dp_reply_encode(uint64_t id, const struct dp_outcome *results, uint32_t count,
                                    struct dp_arena *a, struct dp_buf *out);
/* The same piece by piece: its head, then each result in the order of the commands; DP_TOO_BIG when the reply
 * would pass `max_bytes`, and nothing is appended. */
DP_MUST enum dp_err dp_reply_begin(uint64_t id, struct dp_buf *out);
DP_MUST enum dp_err dp_reply_add(const struct dp_outcome *r, size_t max_bytes, struct dp_buf *out);
/*
 * A whole reply of `count` results that say nothing but `err`, without asking for memory. The reply has at
 * most DP_REPLY_BARE_MAX bytes.
 */
#define DP_REPLY_BARE_MAX (16 + DP_COMMANDS_MAX * 5)
size_t dp_reply_bare(uint64_t id, enum dp_err err, uint32_t count, uint8_t out[DP_REPLY_BARE_MAX]);
/* The id of a request, wherever it can be read, even when the rest cannot; 0. Needs no memory. */
uint64_t dp_request_id(struct dp_slice s);

#endif
