/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of one verb. All options of all verbs stand in one list, and a verb names those it takes; so a
 * word means the same everywhere, and the completion is checked against the same list.
 */
#ifndef DP_CLI_ARGS_H
#define DP_CLI_ARGS_H

#include "base/date.h"
#include "base/id.h"
#include "text.h"

/* clang-format off */
#define DP_OPT_LIST(X)                                                                             \
    /* id             name              value         help */                                      \
    X(REPORT_BY,      "report-by",      "DATE",       N_("date by which the office reports back")) \
    X(ANSWER_BY,      "answer-by",      "DATE",       N_("date by which the office answers"))      \
    X(DATE,           "date",           "DATE",       N_("date of the act"))                       \
    X(RECEIPT,        "receipt",        "DATE",       N_("date of receipt (default today)"))       \
    X(REASON,         "reason",         "CODE",       N_("reason, by number"))                     \
    X(DUTY,           "duty",           "DUTY",       N_("handle (default), co-handle or serve"))  \
    X(SOURCE,         "source",         "CODE",       N_("source of the assignment: own, province, inspection, directive")) \
    X(LABEL,          "label",          "TEXT",       N_("number under which the order or assignment is known elsewhere")) \
    X(FORCE,          "force",          NULL,         N_("though something is left open"))          \
    X(SIGNED,         "signed",         "YES|NO",     N_("whether the petitioner signed for the paper")) \
    X(VIEW,           "view",           "VIEW",       N_("the petitioner's view: agree, disagree, none")) \
    X(OFFICE_SCORE,   "office-score",   "SCORE",      N_("satisfied, mostly, not-satisfied"))      \
    X(UNIT_SCORE,     "unit-score",     "SCORE",      N_("satisfied, mostly, not-satisfied"))      \
    X(RELATION,       "relation",       "RELATION",   N_("same, related (default) or repeat"))     \
    X(GROUND,         "ground",         "CODE",       N_("ground of the order, 1 to 8"))           \
    X(LEVEL,          "level",          "LEVEL",      N_("1 reminder, 2 to 7 supervision (default 2)")) \
    X(MODE,           "mode",           "MODE",       N_("message (default), letter, phone, interview, site")) \
    X(RE,             "re",             "ENTRY",      N_("the entry meant, where it is not the obvious one; the parted case, in a registration")) \
    X(INDEX,          "index",          "NUMBER",     N_("part of the entry, from 0"))             \
    X(TEXT,           "text",           "TEXT",       N_("free text, sealed as a part"))           \
    X(TEXT_FILE,      "text-file",      "FILE",       N_("free text from a file"))                 \
    X(ANNOUNCE,       "announce",       NULL,         N_("only say that the paper is kept here"))  \
    X(WAIT,           "wait",           "SECONDS",    N_("wait until it has arrived, at most so long")) \
    X(FROM,           "from",           "FILE",       N_("registration as JSON, see daipao-json(7)")) \
    X(DRAFT,          "draft",          NULL,         N_("keep as a draft on this node"))          \
    X(CHANNEL,        "channel",        "CHANNEL",    N_("letter, visit, web, phone, fax, other")) \
    X(ORIGIN,         "origin",         "ORIGIN",     N_("self, proxy, outreach, hotline, mediation, leader-box, superior, inspection, media")) \
    X(PURPOSE,        "purpose",        "PURPOSE",    N_("suggestion, accusation, appeal, claim, inquiry, thanks, other")) \
    X(CATEGORY,       "category",       "CODE",       N_("six digits"))                            \
    X(FLAG,           "flag",           "WORD",       N_("group, urgent, confidential, litigation, simplified, public-ok, first-national, first-here, repeat, proxy, lock; may be repeated")) \
    X(HEADCOUNT,      "headcount",      "NUMBER",     N_("persons who came or signed"))            \
    X(INVOLVED,       "involved",       "NUMBER",     N_("persons concerned"))                     \
    X(RESIDENCE,      "residence",      "DIVISION",   N_("division of residence, 12 digits"))      \
    X(PROBLEM,        "problem",        "DIVISION",   N_("division where the problem is"))         \
    X(RESPONDENT,     "respondent",     "OFFICE",     N_("office complained about; may be repeated")) \
    X(PETITION_DATE,  "petition-date",  "DATE",       N_("date on the petition"))                  \
    X(SOURCE_SYSTEM,  "source-system",  "NAME",       N_("system that the matter came from"))      \
    X(SOURCE_NO,      "source-no",      "NUMBER",     N_("its number there"))                      \
    X(NATIONAL_NO,    "national-no",    "NUMBER",     N_("national number"))                       \
    X(PROFILE,        "profile",        "ID",         N_("profile of limits"))                     \
    X(NAME,           "name",           "NAME",       N_("name of the petitioner"))                \
    X(ID_NO,          "id-no",          "NUMBER",     N_("number of the identity card"))           \
    X(PHONE,          "phone",          "NUMBER",     N_("phone number"))                          \
    X(ADDRESS,        "address",        "ADDRESS",    N_("address"))                               \
    X(ANONYMOUS,      "anonymous",      NULL,         N_("the petitioner gave no name"))           \
    X(TITLE,          "title",          "TEXT",       N_("title of the matter"))                   \
    X(SUMMARY,        "summary",        "TEXT",       N_("summary of the matter"))                 \
    X(CONTENT,        "content",        "TEXT",       N_("what the petitioner says"))              \
    X(DEMAND,         "demand",         "TEXT",       N_("what the petitioner asks for"))          \
    X(DUE,            "due",            "DAYS",       N_("only what is due within so many days"))  \
    X(FOLLOW,         "follow",         NULL,         N_("go on as entries come"))                 \
    X(SINCE,          "since",          "CURSOR",     N_("go on after this cursor"))               \
    X(LIMIT,          "limit",          "NUMBER",     N_("at most so many rows"))                  \
    X(MINE,           "mine",           NULL,         N_("only what this office holds or issued")) \
    X(STATUS,         "status",         "STATUS",     N_("only cases in this state"))              \
    X(HOLDER,         "holder",         "OFFICE",     N_("only cases held by this office"))        \
    X(NODE,           "node",           "NODE",       N_("only cases with a party at or below this node")) \
    X(EACH,           "each",           NULL,         N_("one row for each case"))                 \
    X(UID,            "user",           "USER",       N_("user of this machine, by name or number")) \
    X(ROLES,          "roles",          "ROLES",      N_("clerk, head, technician, with commas"))  \
    X(PARENT_ADDRESS, "parent-address", "ADDRESS",    N_("address of its parent, when that is not this node")) \
    X(OUT,            "out",            "FILE",       N_("file to write"))                         \
    X(SYSTEM,         "system",         "NAME",       N_("source system where the register names none")) \
    X(ENCODING,       "encoding",       "ENCODING",   N_("utf-8 or gb18030 (default: found out)")) \
    X(SET,            "set",            "FIELD=VALUE", N_("a field that has no option of its own; may be repeated")) \
    X(CLEAR,          "clear",          "FIELD",      N_("empty this field, or several with commas; asks first")) \
    X(PETITIONER,     "petitioner",     "NUMBER",     N_("which petitioner of several, from 1; one more than there are adds one"))
/* clang-format on */

enum dp_opt {
#define DP_OPT_ENUM(id, name, value, help) OPT_##id,
    DP_OPT_LIST(DP_OPT_ENUM)
#undef DP_OPT_ENUM
        OPT_COUNT
};
/* The options that a verb takes: a bit each. */
__extension__ typedef unsigned __int128 dp_opt_set;
_Static_assert(OPT_COUNT <= 128, "a verb names its options in 128 bits");
#define DP_OPT(id) ((dp_opt_set)1 << OPT_##id)

const char *dp_opt_name(enum dp_opt o);
bool dp_opt_has_value(enum dp_opt o);

#define DP_ARGS_POS_MAX 4
#define DP_ARGS_MANY_MAX 32

struct dp_args {
    const char *pos[DP_ARGS_POS_MAX]; /* NULL past pos_count */
    unsigned pos_count;
    const char *opt[OPT_COUNT]; /* last value; "" for an option without one; NULL = absent */
    struct {
        enum dp_opt opt;
        const char *value;
    } many[DP_ARGS_MANY_MAX]; /* every occurrence, in order */
    unsigned many_count;
};

struct dp_app;
struct dp_verb;

/*
 * Parse what follows noun and verb. DP_USAGE was explained on stderr. --help and --usage print and end the
 * program.
 */
DP_MUST enum dp_err dp_args_parse(struct dp_app *app, const struct dp_verb *v, int argc, char **argv,
                                  struct dp_args *out);

/* Typed values; absent: *out stays. DP_USAGE was explained. */
DP_MUST enum dp_err dp_args_date(const struct dp_args *a, enum dp_opt o, uint32_t *day);
DP_MUST enum dp_err dp_args_number(const struct dp_args *a, enum dp_opt o, uint64_t max, uint32_t *out);

/* One value, named in the complaint as `what`. "today", "+30" (days) and 2026-02-13 are dates. */
DP_MUST enum dp_err dp_value_date(const char *what, const char *s, uint32_t *day);
DP_MUST enum dp_err dp_value_number(const char *what, const char *s, uint64_t max, uint64_t *out);

#endif
