/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a register (台账) as clerks write them: names of columns, and values with a
 * fixed meaning. R-N4-1: the list of columns is an allow-list; what it does not name is
 * never read.
 */
#ifndef DP_CLI_REGISTER_WORDS_H
#define DP_CLI_REGISTER_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/date.h"
#include "base/slice.h"

/*
 * Columns that are read; the first name is the one used in messages. The number is for ever: a row without a
 * number of its own is known again by a digest over numbers and values. 7 (办理期限) and 27 (责任单位) are
 * not taken, and so named in the report: a due date follows from the profile and is never stored, and a
 * register does not say whether that office ever accepted the matter. It is offered to it with `daipao case
 * transfer`.
 */
/* clang-format off */
#define DP_COLUMN_LIST(X) \
    X(NUMBER,           0, "信访编号") \
    X(SOURCE_SYSTEM,    1, "来源系统") \
    X(SOURCE_NO,        2, "来源编号") \
    X(NATIONAL_NO,      3, "全国编号") \
    X(REGISTERED_ON,    4, "登记日期") \
    X(RECEIVED_ON,      5, "收件日期") \
    X(PETITION_ON,      6, "信访日期") \
    X(CHANNEL,          8, "信访形式") \
    X(ORIGIN,           9, "信访来源") \
    X(PURPOSE,         10, "信访目的") \
    X(CATEGORY,        11, "内容分类") \
    X(NAME,            12, "信访人姓名") \
    X(ID_NO,           13, "证件号码") \
    X(PHONE,           14, "联系电话") \
    X(ADDRESS,         15, "住址") \
    X(RESIDENCE_DIV,   16, "住址属地") \
    X(HEADCOUNT,       17, "人数") \
    X(INVOLVED,        18, "涉及人数") \
    X(PROBLEM_DIV,     19, "问题属地") \
    X(RESPONDENT_NAME, 20, "被反映人") \
    X(RESPONDENT_ORG,  21, "被反映单位") \
    X(RESPONDENT_RANK, 22, "被反映人职务") \
    X(TITLE,           23, "标题") \
    X(SUMMARY,         24, "概况") \
    X(CONTENT,         25, "内容") \
    X(DEMAND,          26, "主要诉求") \
    X(REPEAT,          28, "是否重复") \
    X(GROUP,           29, "是否集体") \
    X(URGENT,          30, "是否紧急") \
    X(CONFIDENTIAL,    31, "是否保密") \
    X(LITIGATION,      32, "是否涉法涉诉") \
    X(ANONYMOUS,       33, "是否匿名") \
    X(PUBLIC_OK,       34, "是否公开")
/* clang-format on */

enum dp_column {
#define DP_COLUMN_ENUM(name, number, word) DP_COLUMN_##name,
    DP_COLUMN_LIST(DP_COLUMN_ENUM)
#undef DP_COLUMN_ENUM
        DP_COLUMN_COUNT,
    DP_COLUMN_UNKNOWN, /* not on the list: dropped */
    DP_COLUMN_BARRED,  /* about persons in a way that is never taken (R-N4-1) */
};

/* Name of the column for messages. */
const char *dp_column_word(enum dp_column c);
/* Its number in digests. */
uint8_t dp_column_number(enum dp_column c);
/* What a heading means; spaces, stars and a remark in brackets at its end do not count. */
enum dp_column dp_column_of(struct dp_slice heading);

/* The numbers are those of the register entry (proto/entry.proto); 0 = not said. */
struct dp_channel_word {
    char channel;   /* L V W T F O */
    uint8_t origin; /* 0 when the word says nothing of it */
};

/* false when the word is not known */
bool dp_word_channel(struct dp_slice s, struct dp_channel_word *out);
bool dp_word_origin(struct dp_slice s, uint8_t *out);
bool dp_word_purpose(struct dp_slice s, uint8_t *out);
/* Six digits (five where the first was a zero) under a known first level, or the word of that level. */
bool dp_word_category(struct dp_slice s, uint32_t *out);
/* Its first level is one that is known. */
bool dp_category_known(uint32_t v);
bool dp_word_yes(struct dp_slice s, bool *out);
/* 1..65535, with or without 人. */
bool dp_word_count(struct dp_slice s, uint32_t *out);
/* 2026-02-13, 2026/2/13, 2026.2.13, 2026年2月13日, 20260213; a time of day after it is left aside.
 * 1990..2099. */
bool dp_word_date(struct dp_slice s, struct dp_date *out);
/* "3.3E+17": a number of many digits that a spreadsheet has destroyed. */
bool dp_word_spoiled(struct dp_slice s);

/* Without white space, also U+3000, U+00A0 and U+FEFF, at both ends. */
struct dp_slice dp_word_trim(struct dp_slice s);

#endif
