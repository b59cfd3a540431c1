/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a register: channels, purposes, categories, dates, numbers. */
#include "register_words.h"

#include <string.h>

#include "base/text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Length of one white space at the start of `s`, 0 when there is none. */
static size_t space_at(const uint8_t *p, size_t len)
{
    if (len >= 1 && (p[0] == ' ' || p[0] == '\t' || p[0] == '\n'))
        return 1;
    if (len >= 2 && p[0] == 0xC2 && p[1] == 0xA0)
        return 2;
    return len >= 3 && (memcmp(p, "\xE3\x80\x80", 3) == 0 || memcmp(p, "\xEF\xBB\xBF", 3) == 0) ? 3 : 0;
}

static size_t space_before(const uint8_t *p, size_t len)
{
    for (size_t n = 1; n <= 3 && n <= len; n++)
        if (space_at(p + len - n, n) == n)
            return n;
    return 0;
}

struct dp_slice dp_word_trim(struct dp_slice s)
{
    size_t n;

    while ((n = space_at(s.p, s.len)) > 0)
        s = dp_slice_of(s.p + n, s.len - n);
    while ((n = space_before(s.p, s.len)) > 0)
        s.len -= n;
    return s;
}

static bool is(struct dp_slice s, const char *word)
{
    return dp_slice_eq(s, dp_slice_str(word));
}

static bool ends(struct dp_slice *s, const char *end)
{
    size_t len = strlen(end);

    if (s->len < len || memcmp(s->p + s->len - len, end, len) != 0)
        return false;
    s->len -= len;
    return true;
}

/* ---- words with a number ---- */

struct word {
    const char *text;
    uint32_t value;
};

static bool find(const struct word *words, size_t count, struct dp_slice s, uint32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (is(s, words[i].text)) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

#define CHANNEL(letter, origin) ((uint32_t)(letter) << 8 | (origin))

/* R22 17; origins 4 hotline, 5 mediation centre, 6 leader's box, 3 outreach */
static const struct word channels[] = {
    {"L", CHANNEL('L', 0)},        {"V", CHANNEL('V', 0)},         {"W", CHANNEL('W', 0)},
    {"T", CHANNEL('T', 0)},        {"F", CHANNEL('F', 0)},         {"O", CHANNEL('O', 0)},
    {"来信", CHANNEL('L', 0)},     {"信件", CHANNEL('L', 0)},      {"群众来信", CHANNEL('L', 0)},
    {"来访", CHANNEL('V', 0)},     {"走访", CHANNEL('V', 0)},      {"个访", CHANNEL('V', 0)},
    {"集体访", CHANNEL('V', 0)},   {"接访", CHANNEL('V', 0)},      {"群众来访", CHANNEL('V', 0)},
    {"下访", CHANNEL('V', 3)},     {"夜访", CHANNEL('V', 3)},      {"矛调中心", CHANNEL('V', 5)},
    {"网上", CHANNEL('W', 0)},     {"网信", CHANNEL('W', 0)},      {"网上信访", CHANNEL('W', 0)},
    {"网上投诉", CHANNEL('W', 0)}, {"手机信访", CHANNEL('W', 0)},  {"微信", CHANNEL('W', 0)},
    {"电子邮件", CHANNEL('W', 0)}, {"领导信箱", CHANNEL('W', 6)},  {"县长信箱", CHANNEL('W', 6)},
    {"市长信箱", CHANNEL('W', 6)}, {"电话", CHANNEL('T', 0)},      {"来电", CHANNEL('T', 0)},
    {"12345", CHANNEL('T', 4)},    {"12345热线", CHANNEL('T', 4)}, {"热线", CHANNEL('T', 4)},
    {"传真", CHANNEL('F', 0)},     {"其他", CHANNEL('O', 0)},      {"其它", CHANNEL('O', 0)},
    {"letter", CHANNEL('L', 0)},   {"visit", CHANNEL('V', 0)},     {"web", CHANNEL('W', 0)},
    {"phone", CHANNEL('T', 0)},    {"fax", CHANNEL('F', 0)},       {"other", CHANNEL('O', 0)},
};

static const struct word origins[] = {
    {"本人", 1},     {"自己", 1},     {"代办", 2},     {"代跑", 2},     {"代理", 2},
    {"走访发现", 3}, {"下访", 3},     {"排查", 3},     {"12345", 4},    {"12345热线", 4},
    {"热线", 4},     {"矛调中心", 5}, {"领导信箱", 6}, {"上级交办", 7}, {"上级转送", 7},
    {"巡视", 8},     {"督察", 8},     {"巡察", 8},     {"媒体", 9},
};

static const struct word purposes[] = {
    {"建议", 1},   {"意见建议", 1}, {"建议意见", 1},   {"批评建议", 1},   {"suggestion", 1}, {"检举控告", 2},
    {"检举", 2},   {"控告", 2},     {"举报", 2},       {"揭发控告", 2},   {"accusation", 2}, {"申诉", 3},
    {"appeal", 3}, {"求决", 4},     {"申诉求决", 4},   {"投诉", 4},       {"投诉请求", 4},   {"求助", 4},
    {"claim", 4},  {"咨询", 5},     {"inquiry", 5},    {"感谢", 6},       {"thanks", 6},     {"其他", 99},
    {"其它", 99},  {"other", 99},   {"建议意见类", 1}, {"检举控告类", 2}, {"申诉求决类", 4},
};

#define LEVEL 10000
#define CATEGORY_OTHER 990000

/* Six digits are three levels; 990000 is the official "other". The first levels are ours, in the order of
 * volume. */
static const struct word categories[] = {
    {"涉法涉诉", 10000},  {"城乡建设", 20000},       {"征地拆迁", 20000},  {"住房", 20000},
    {"劳动社保", 30000},  {"劳动和社会保障", 30000}, {"欠薪", 30000},      {"国土资源", 40000},
    {"自然资源", 40000},  {"林权", 40000},           {"卫生", 50000},      {"医患", 50000},
    {"卫生健康", 50000},  {"民政", 60000},           {"民政优抚", 60000},  {"退役军人", 60000},
    {"农村农业", 70000},  {"农业农村", 70000},       {"水利", 70000},      {"水库移民", 70000},
    {"企业改制", 80000},  {"教育", 90000},           {"交通", 100000},     {"交通运输", 100000},
    {"环境", 110000},     {"环境保护", 110000},      {"生态环境", 110000}, {"金融", 120000},
    {"非法集资", 120000}, {"干部作风", 130000},      {"纪检监察", 130000}, {"其他", 990000},
    {"其它", 990000},
};

static const struct word answers[] = {
    {"是", 1},       {"有", 1},     {"1", 1},    {"Y", 1},     {"y", 1},      {"yes", 1},    {"true", 1},
    {"√", 1},        {"重复", 1},   {"重信", 1}, {"重访", 1},  {"重复件", 1}, {"集体", 1},   {"联名", 1},
    {"匿名", 1},     {"保密", 1},   {"公开", 1}, {"紧急", 1},  {"否", 0},     {"无", 0},     {"0", 0},
    {"N", 0},        {"n", 0},      {"no", 0},   {"false", 0}, {"×", 0},      {"初次", 0},   {"初信", 0},
    {"初访", 0},     {"初次件", 0}, {"个人", 0}, {"个体", 0},  {"实名", 0},   {"不保密", 0}, {"不公开", 0},
    {"不予公开", 0}, {"一般", 0},
};

bool dp_word_channel(struct dp_slice s, struct dp_channel_word *out)
{
    uint32_t v;

    if (!find(channels, COUNT(channels), s, &v))
        return false;
    out->channel = (char)(v >> 8);
    out->origin = (uint8_t)(v & 0xFF);
    return true;
}

bool dp_word_origin(struct dp_slice s, uint8_t *out)
{
    uint32_t v;

    if (!find(origins, COUNT(origins), s, &v))
        return false;
    *out = (uint8_t)v;
    return true;
}

bool dp_word_purpose(struct dp_slice s, uint8_t *out)
{
    uint32_t v;

    if (!find(purposes, COUNT(purposes), s, &v))
        return false;
    *out = (uint8_t)v;
    return true;
}

/* The first two digits are one of the first levels; lower levels are not numbered here. */
bool dp_category_known(uint32_t v)
{
    for (size_t i = 0; i < COUNT(categories); i++)
        if (v == categories[i].value ||
            (categories[i].value != CATEGORY_OTHER && v / LEVEL == categories[i].value / LEVEL))
            return true;
    return false;
}

bool dp_word_category(struct dp_slice s, uint32_t *out)
{
    uint64_t v;

    /* a spreadsheet drops the zero in front */
    if ((s.len == 6 || s.len == 5) && dp_text_digits(s, &v) && dp_category_known((uint32_t)v)) {
        *out = (uint32_t)v;
        return true;
    }
    return find(categories, COUNT(categories), s, out);
}

bool dp_word_yes(struct dp_slice s, bool *out)
{
    uint32_t v;

    if (!find(answers, COUNT(answers), s, &v))
        return false;
    *out = v != 0;
    return true;
}

bool dp_word_count(struct dp_slice s, uint32_t *out)
{
    uint64_t v;

    if (!ends(&s, "人次"))
        (void)ends(&s, "人");
    if (!dp_text_digits(dp_word_trim(s), &v) || v < 1 || v > UINT16_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* ---- dates ---- */

/* One to `max` digits at the start of *s. */
static bool take_number(struct dp_slice *s, size_t min, size_t max, int *out)
{
    size_t n = 0;
    int v = 0;

    while (n < s->len && n < max && s->p[n] >= '0' && s->p[n] <= '9')
        v = v * 10 + (s->p[n++] - '0');
    *s = dp_slice_of(s->p + n, s->len - n);
    *out = v;
    return n >= min;
}

static bool take_text(struct dp_slice *s, const char *text)
{
    size_t len = strlen(text);

    if (s->len < len || memcmp(s->p, text, len) != 0)
        return false;
    *s = dp_slice_of(s->p + len, s->len - len);
    return true;
}

/* "14:30", "14:30:05" with anything behind the seconds refused. */
static bool is_time(struct dp_slice s)
{
    int h, m, sec = 0;

    if (!take_number(&s, 1, 2, &h) || !take_text(&s, ":") || !take_number(&s, 2, 2, &m))
        return false;
    if (take_text(&s, ":") && !take_number(&s, 2, 2, &sec))
        return false;
    return s.len == 0 && h < 24 && m < 60 && sec < 60;
}

static bool take_date(struct dp_slice *s, int *y, int *m, int *d)
{
    static const char *const marks[][3] = {
        {"-", "-", ""}, {"/", "/", ""}, {".", ".", ""}, {"年", "月", "日"}};

    if (!take_number(s, 4, 4, y))
        return false;
    if (s->len > 0 && s->p[0] >= '0' && s->p[0] <= '9')
        return take_number(s, 2, 2, m) && take_number(s, 2, 2, d);
    for (size_t i = 0; i < COUNT(marks); i++)
        if (take_text(s, marks[i][0]))
            return take_number(s, 1, 2, m) && take_text(s, marks[i][1]) && take_number(s, 1, 2, d) &&
                   take_text(s, marks[i][2]);
    return false;
}

bool dp_word_date(struct dp_slice s, struct dp_date *out)
{
    int y, m, d;

    if (!take_date(&s, &y, &m, &d) || y < 1990 || y > 2099)
        return false;
    if (s.len > 0 && !((take_text(&s, "T") || space_at(s.p, s.len) > 0) && is_time(dp_word_trim(s))))
        return false;
    return dp_date_make(y, m, d, out) == DP_OK;
}

bool dp_word_spoiled(struct dp_slice s)
{
    bool dot = false;
    size_t i = 0;

    for (; i < s.len && ((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] == '.' && !dot)); i++)
        dot = dot || s.p[i] == '.';
    return i > 0 && i + 1 < s.len && (s.p[i] == 'E' || s.p[i] == 'e') && s.p[i + 1] == '+';
}
