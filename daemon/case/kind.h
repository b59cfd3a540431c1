/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of entries and the codes in their bodies. Numbers are for ever (proto/RULES.md
 * section 3); a number marked reserved there must not be used for anything else.
 */
#ifndef DP_CASE_KIND_H
#define DP_CASE_KIND_H

#include <stdbool.h>
#include <stdint.h>

/* Body shapes of proto/entry.proto; every kind has exactly one. */
enum dp_shape {
    DP_SHAPE_NONE = 0,
    DP_SHAPE_REGISTER = 32,
    DP_SHAPE_OFFER,
    DP_SHAPE_REPLY,
    DP_SHAPE_ACT,
    DP_SHAPE_RELATION,
    DP_SHAPE_ATTACHMENT,
    DP_SHAPE_ORDER,
    DP_SHAPE_SERVE,
    DP_SHAPE_EVALUATE,
    DP_SHAPE_WITNESS,
    DP_SHAPE_PART_ACT,
    DP_SHAPE_CERTIFICATE = 64,
    DP_SHAPE_CUT,
    DP_SHAPE_OFFICER,
    DP_SHAPE_PROFILE = 96,
    DP_SHAPE_CALENDAR,
};

/* clang-format off */
#define DP_KIND_LIST(X)                                  \
    /* name             no   word                shape */\
    X(REGISTER,          1, "register",          REGISTER)    \
    X(ARRIVE,            2, "arrive",            NONE)        \
    X(SIGN,              3, "sign",              NONE)        \
    X(ACCEPT,            4, "accept",            ACT)         \
    X(TRANSFER,          5, "transfer",          OFFER)       \
    X(ASSIGN,            6, "assign",            OFFER)       \
    X(REFER_UP,          7, "refer_up",          OFFER)       \
    X(WITHDRAW,          8, "withdraw",          ACT)         \
    X(OBJECT,            9, "object",            ACT)         \
    X(OBJECTION_ANSWER, 10, "objection_answer",  REPLY)       \
    X(TAKE,             11, "take",              ACT)         \
    X(DESIGNATE,        12, "designate",         OFFER)       \
    X(GUIDE_OUT,        13, "guide_out",         ACT)         \
    X(REFUSE_DUPLICATE, 14, "refuse_duplicate",  RELATION)    \
    X(LINK,             15, "link",              RELATION)    \
    X(SPLIT,            16, "split",             ACT)         \
    X(CORRECT,          17, "correct",           PART_ACT)    \
    X(NOTE,             18, "note",              ACT)         \
    X(ATTACHMENT,       19, "attachment",        ATTACHMENT)  \
    X(EXTEND,           20, "extend",            ACT)         \
    X(OPINION,          21, "opinion",           ACT)         \
    X(SERVE,            22, "serve",             SERVE)       \
    X(EVALUATE,         23, "evaluate",          EVALUATE)    \
    X(REPORT_BACK,      24, "report_back",       REPLY)       \
    X(SUPERVISE,        25, "supervise",         ORDER)       \
    X(REMIND,           26, "remind",            ORDER)       \
    X(ANSWER,           27, "answer",            REPLY)       \
    X(CLOSE,            28, "close",             ACT)         \
    X(UNMASK,           29, "unmask",            PART_ACT)    \
    X(ERASE,            30, "erase",             PART_ACT)    \
    X(ERASED,           31, "erased",            PART_ACT)    \
    X(WITNESS,          32, "witness",           WITNESS)     \
    X(LIFT,             33, "lift",              ACT)         \
    X(LOCK,             34, "lock",              ACT)         \
    X(UNLOCK,           35, "unlock",            ACT)         \
    X(CERTIFICATE,      64, "certificate",       CERTIFICATE) \
    X(CUT,              65, "cut",               CUT)         \
    X(OFFICER_ADD,      66, "officer_add",       OFFICER)     \
    X(OFFICER_CHANGE,   67, "officer_change",    OFFICER)     \
    X(OFFICER_LEAVE,    68, "officer_leave",     OFFICER)     \
    X(PROFILE,          96, "profile",           PROFILE)     \
    X(CALENDAR,         97, "calendar",          CALENDAR)
/* clang-format on */

enum dp_kind {
    DP_KIND_NONE = 0,
#define DP_KIND_ENUM(name, no, word, shape) DP_KIND_##name = (no),
    DP_KIND_LIST(DP_KIND_ENUM)
#undef DP_KIND_ENUM
};

#define DP_KIND_MAX 127 /* larger numbers are malformed */

/* Word of the kind as in RULES.md, or NULL when this version does not know it. */
const char *dp_kind_word(uint32_t kind);
bool dp_kind_known(uint32_t kind);
enum dp_shape dp_kind_shape(uint32_t kind);
/* Kind by word; DP_KIND_NONE when unknown. */
enum dp_kind dp_kind_of_word(const char *word);
/* transfer, assign, refer_up, designate */
bool dp_kind_is_offer(uint32_t kind);
/* register, accept, take, designate: may open custody */
bool dp_kind_opens(uint32_t kind);

enum dp_duty { DP_DUTY_HANDLE = 1, DP_DUTY_CO_HANDLE = 2, DP_DUTY_SERVE = 3 };
enum dp_objection_code { DP_OBJECTION_GRANT = 1, DP_OBJECTION_DENY = 2 };
enum dp_result { DP_RESULT_SUPPORT = 1, DP_RESULT_EXPLAIN = 2, DP_RESULT_NOT_SUPPORT = 3 };

enum dp_purpose {
    DP_PURPOSE_SUGGESTION = 1,
    DP_PURPOSE_ACCUSATION = 2,
    DP_PURPOSE_APPEAL = 3,
    DP_PURPOSE_CLAIM = 4,
    DP_PURPOSE_INQUIRY = 5,
    DP_PURPOSE_THANKS = 6,
    DP_PURPOSE_OTHER = 99,
};

enum dp_close_code {
    DP_CLOSE_OPINION_FINAL = 1,
    DP_CLOSE_AGREEMENT_PERFORMED = 2,
    DP_CLOSE_RECHECK_FINAL = 3,
    DP_CLOSE_GUIDED_OUT = 4,
    DP_CLOSE_WITHDRAWN = 5,
    DP_CLOSE_AID_SETTLED = 6,
    DP_CLOSE_ANSWERED = 7,
    DP_CLOSE_MERGED = 8,
    DP_CLOSE_NOT_ACCEPTED = 9,
};

/* R-REG-3 */
enum dp_reg_flag {
    DP_REG_GROUP = 1u << 0,
    DP_REG_URGENT = 1u << 1,
    DP_REG_CONFIDENTIAL = 1u << 2,
    DP_REG_LITIGATION = 1u << 3,
    DP_REG_SIMPLIFIED = 1u << 4,
    DP_REG_PUBLIC_OK = 1u << 5,
    DP_REG_FIRST_NATIONAL = 1u << 6,
    DP_REG_FIRST_HERE = 1u << 7,
    DP_REG_REPEAT = 1u << 8,
    DP_REG_ERRAND = 1u << 9,
    DP_REG_PROXY = 1u << 10,
    DP_REG_LOCK = 1u << 11,
};
#define DP_REG_FLAGS_ALL 0xFFFu

/* What an officer is in its office; a matter of its own node. */
enum dp_officer_role { DP_OFFICER_CLERK = 1, DP_OFFICER_HEAD = 2, DP_OFFICER_TECHNICIAN = 4 };

/* Role mask of a certificate and role of an office (R-VAL-4). */
enum dp_role { DP_ROLE_STATION = 1, DP_ROLE_ORGAN = 2, DP_ROLE_BUREAU = 4, DP_ROLE_DAEMON = 8 };

#endif
