/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headings of registers: the allow-list with what clerks write for each column, and the
 * columns of older systems that are never taken (R-N4-1; domain 1b).
 */
#include "register_words.h"

#include <string.h>

#define HEADING_BYTES_MAX 96
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const column_words[DP_COLUMN_COUNT] = {
#define DP_COLUMN_WORD(name, number, word) [DP_COLUMN_##name] = word,
    DP_COLUMN_LIST(DP_COLUMN_WORD)
#undef DP_COLUMN_WORD
};

static const uint8_t column_numbers[DP_COLUMN_COUNT] = {
#define DP_COLUMN_NUMBER_OF(name, number, word) [DP_COLUMN_##name] = number,
    DP_COLUMN_LIST(DP_COLUMN_NUMBER_OF)
#undef DP_COLUMN_NUMBER_OF
};

static const struct {
    enum dp_column column;
    const char *words; /* each followed by a space; lower case, without spaces of their own */
} aliases[] = {
    {DP_COLUMN_NUMBER, "信访编号 编号 信访件编号 信访件号 登记编号 登记号 案件编号 number no case_no "},
    {DP_COLUMN_SOURCE_SYSTEM, "来源系统 系统来源 来源平台 source_system "},
    {DP_COLUMN_SOURCE_NO, "来源编号 原编号 来源系统编号 外部编号 工单编号 工单号 source_no source_number "},
    {DP_COLUMN_NATIONAL_NO, "全国编号 国家编号 全国信访编号 国家信访系统编号 national_no "},
    {DP_COLUMN_REGISTERED_ON, "登记日期 登记时间 录入日期 录入时间 registered_on registered_at "},
    {DP_COLUMN_RECEIVED_ON,
     "收件日期 收件时间 收到日期 接收日期 接收时间 收信日期 接访日期 received_on received_at "},
    {DP_COLUMN_PETITION_ON, "信访日期 信访时间 来信日期 来访日期 反映日期 反映时间 petition_date "},
    {DP_COLUMN_CHANNEL, "信访形式 渠道 信访渠道 信访方式 形式 反映渠道 来件渠道 channel "},
    {DP_COLUMN_ORIGIN, "信访来源 来源 件来源 origin "},
    {DP_COLUMN_PURPOSE, "信访目的 目的 信访类别 purpose "},
    {DP_COLUMN_CATEGORY, "内容分类 问题分类 分类 问题类别 内容类别 一级分类 category "},
    {DP_COLUMN_NAME, "信访人姓名 姓名 信访人 来访人 来信人 反映人 反映人姓名 name petitioner "},
    {DP_COLUMN_ID_NO, "证件号码 身份证号 身份证号码 身份证 证件号 公民身份号码 id_no id_number "},
    {DP_COLUMN_PHONE, "联系电话 电话 手机 手机号 手机号码 联系方式 电话号码 phone telephone "},
    {DP_COLUMN_ADDRESS, "住址 地址 家庭住址 联系地址 户籍地址 现住址 通讯地址 address "},
    {DP_COLUMN_RESIDENCE_DIV, "住址属地 户籍地 住址所在地 户籍所在地 residence_div "},
    {DP_COLUMN_HEADCOUNT, "人数 信访人数 来访人数 人次 上访人数 headcount "},
    {DP_COLUMN_INVOLVED, "涉及人数 涉及人次 involved "},
    {DP_COLUMN_PROBLEM_DIV,
     "问题属地 问题发生地 属地 所属村 所属乡镇 事发地 发生地 问题发生地点 problem_div place "},
    {DP_COLUMN_RESPONDENT_NAME, "被反映人 被反映人姓名 被举报人 respondent respondent_name "},
    {DP_COLUMN_RESPONDENT_ORG, "被反映单位 被反映人单位 被举报单位 被反映对象 respondent_org "},
    {DP_COLUMN_RESPONDENT_RANK, "被反映人职务 被反映人级别 respondent_rank "},
    {DP_COLUMN_TITLE, "标题 主题 信访标题 事项名称 title subject "},
    {DP_COLUMN_SUMMARY, "概况 概述 摘要 概况信息 内容摘要 信访概况 summary "},
    {DP_COLUMN_CONTENT, "内容 反映内容 信访内容 反映问题 详细内容 主要内容 content text "},
    {DP_COLUMN_DEMAND, "主要诉求 诉求 信访诉求 demand "},
    {DP_COLUMN_REPEAT, "是否重复 重复信访 初重件 是否重复件 是否重信重访 重复件标志 is_repeat repeat "},
    {DP_COLUMN_GROUP, "是否集体 集体访 是否集体访 是否联名 集体标志 is_group group "},
    {DP_COLUMN_URGENT, "是否紧急 紧急程度 是否重大紧急 is_urgent urgent "},
    {DP_COLUMN_CONFIDENTIAL, "是否保密 是否要求保密 confidential "},
    {DP_COLUMN_LITIGATION, "是否涉法涉诉 涉法涉诉 litigation_related "},
    {DP_COLUMN_ANONYMOUS, "是否匿名 匿名 anonymous "},
    {DP_COLUMN_PUBLIC_OK, "是否公开 是否适宜公开 是否同意公开 public_ok "},
};

/* R-N4-1: scoring, watching or classing of persons. A heading that contains one of these is never taken. */
static const char *const barred[] = {
    "重点人",   "扬言",     "进京访",   "赴京",     "特殊人员", "其他行为", "不良影响", "异常动态",
    "异常行为", "越级",     "政治身份", "政治面貌", "民族",     "稳控",     "信用",     "息访",
    "息诉",     "上访次数", "信访次数", "涉稳",     "训诫",     "宗教",
};

const char *dp_column_word(enum dp_column c)
{
    return c < DP_COLUMN_COUNT ? column_words[c] : "";
}

uint8_t dp_column_number(enum dp_column c)
{
    return column_numbers[c];
}

/* Bytes of a character by its first byte; the heading is valid UTF-8. */
static size_t char_len(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* White space, stars and marks of order, which mean nothing in a heading. */
static bool is_noise(const uint8_t *p, size_t len)
{
    static const char *const noise[] = {" ", "\t", "\n", "*", "＊", "　", "\xC2\xA0", ":", "：", "、"};

    for (size_t i = 0; i < COUNT(noise); i++)
        if (strlen(noise[i]) == len && memcmp(p, noise[i], len) == 0)
            return true;
    return false;
}

/* Lower case, without noise, up to a bracket; false when nothing or too much is left. */
static bool plain(struct dp_slice s, char out[HEADING_BYTES_MAX])
{
    size_t n = 0, len;

    for (size_t i = 0; i < s.len; i += len) {
        len = char_len(s.p[i]);
        if (len > s.len - i || n + len + 1 >= HEADING_BYTES_MAX)
            return false;
        if (n > 0 && (s.p[i] == '(' || s.p[i] == '[' || (len == 3 && memcmp(s.p + i, "（", 3) == 0)))
            break;
        if (is_noise(s.p + i, len))
            continue;
        memcpy(out + n, s.p + i, len);
        if (len == 1 && out[n] >= 'A' && out[n] <= 'Z')
            out[n] = (char)(out[n] - 'A' + 'a');
        if (out[n] == '-')
            out[n] = '_';
        n += len;
    }
    out[n] = '\0';
    return n > 0;
}

static bool is_barred(struct dp_slice heading)
{
    for (size_t i = 0; i < COUNT(barred); i++)
        if (heading.len > 0 && memmem(heading.p, heading.len, barred[i], strlen(barred[i])) != NULL)
            return true;
    return false;
}

/* True when `word` is one of the `words`. */
static bool among(const char *words, const char *word)
{
    size_t len = strlen(word);

    while (*words != '\0') {
        size_t n = strcspn(words, " ");
        if (n == len && memcmp(words, word, len) == 0)
            return true;
        words += n + 1;
    }
    return false;
}

enum dp_column dp_column_of(struct dp_slice heading)
{
    char word[HEADING_BYTES_MAX];

    if (is_barred(heading))
        return DP_COLUMN_BARRED;
    if (!plain(heading, word))
        return DP_COLUMN_UNKNOWN;
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (among(aliases[i].words, word))
            return aliases[i].column;
    return DP_COLUMN_UNKNOWN;
}
