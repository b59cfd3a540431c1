/* SPDX-License-Identifier: Apache-2.0 */
/* The lists themselves. Texts of a kind say what was done; those of an action what is to do. */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"

struct row {
    uint32_t no;
    const char *word;
    const char *text;
};

/* clang-format off */
static const struct row kinds[] = {
    {1, "register", N_("registered")}, {2, "arrive", N_("arrived")}, {3, "sign", N_("signed for")},
    {4, "accept", N_("accepted")}, {5, "transfer", N_("transferred")}, {6, "assign", N_("assigned")},
    {7, "refer_up", N_("referred up")}, {8, "withdraw", N_("withdrawn")}, {9, "object", N_("objected")},
    {10, "objection_answer", N_("objection answered")}, {11, "take", N_("recalled")},
    {12, "designate", N_("designated")}, {13, "guide_out", N_("guided out")},
    {14, "refuse_duplicate", N_("refused as duplicate")}, {15, "link", N_("linked")}, {16, "split", N_("split")},
    {17, "correct", N_("corrected")}, {18, "note", N_("note")}, {19, "attachment", N_("attachment")},
    {20, "extend", N_("extended")}, {21, "opinion", N_("opinion issued")}, {22, "serve", N_("served")},
    {23, "evaluate", N_("evaluated")}, {24, "report_back", N_("reported back")},
    {25, "supervise", N_("supervision order")}, {26, "remind", N_("reminder")}, {27, "answer", N_("order answered")}, {33, "lift", N_("order lifted")},
    {34, "lock", N_("locked")}, {35, "unlock", N_("lock lifted")},
    {28, "close", N_("closed")}, {29, "unmask", N_("unmasked")}, {30, "erase", N_("erasure asked")},
    {31, "erased", N_("erased")}, {32, "witness", N_("time witnessed")}, {64, "certificate", N_("certificate")},
    {65, "cut", N_("cut")}, {66, "officer_add", N_("officer added")}, {67, "officer_change", N_("officer changed")},
    {68, "officer_leave", N_("officer left")}, {96, "profile", N_("profile published")},
    {97, "calendar", N_("calendar published")},
};
static const struct row channels[] = {
    {'L', "letter", N_("letter")}, {'V', "visit", N_("visit")}, {'W', "web", N_("web")},
    {'T', "phone", N_("phone")}, {'F', "fax", N_("fax")}, {'O', "other", N_("other")},
};
static const struct row origins[] = {
    {1, "self", N_("the petitioner")}, {2, "proxy", N_("a proxy")}, {3, "outreach", N_("outreach visit")},
    {4, "hotline", N_("hotline 12345")}, {5, "mediation", N_("mediation center")},
    {6, "leader-box", N_("leader's mailbox")}, {7, "superior", N_("superior office")},
    {8, "inspection", N_("inspection")}, {9, "media", N_("media")},
};
static const struct row purposes[] = {
    {1, "suggestion", N_("suggestion")}, {2, "accusation", N_("accusation")}, {3, "appeal", N_("appeal")},
    {4, "claim", N_("claim")}, {5, "inquiry", N_("inquiry")}, {6, "thanks", N_("thanks")},
    {99, "other", N_("other")},
};
static const struct row flags[] = {
    {1, "group", N_("group")}, {2, "urgent", N_("urgent")}, {4, "confidential", N_("confidential")},
    {8, "litigation", N_("litigation")}, {16, "simplified", N_("simplified")}, {32, "public-ok", N_("may be published")},
    {64, "first-national", N_("first nationally")}, {128, "first-here", N_("first here")},
    {256, "repeat", N_("repeat")}, {512, "errand", N_("errand")}, {1024, "proxy", N_("filed by proxy")},
    {2048, "lock", N_("locked by hand")},
};
static const struct row duties[] = {
    {1, "handle", N_("to handle")}, {2, "co-handle", N_("to help handle")}, {3, "serve", N_("to serve papers")},
};
static const struct row sources[] = {
    {0, "own", N_("own")}, {1, "province", N_("province")}, {2, "inspection", N_("inspection")},
    {3, "directive", N_("leader's directive")},
};
static const struct row results[] = {
    {1, "support", N_("supported")}, {2, "explain", N_("explained")}, {3, "not-support", N_("not supported")},
};
static const struct row answers[] = {
    {1, "done", N_("done")}, {2, "explained", N_("explained")}, {3, "refused", N_("refused")},
};
static const struct row objections[] = {
    {1, "grant", N_("granted")}, {2, "deny", N_("denied")},
};
static const struct row closes[] = {
    {1, "opinion-final", N_("opinion final")}, {2, "agreement-performed", N_("agreement performed")},
    {4, "guided-out", N_("guided out")}, {5, "withdrawn", N_("withdrawn by the petitioner")},
    {6, "aid-settled", N_("settled with aid")}, {7, "answered", N_("answered")}, {8, "merged", N_("merged")},
    {9, "not-accepted", N_("not accepted")},
};
static const struct row routes[] = {
    {1, "court", N_("court")}, {2, "procuratorate", N_("procuratorate")}, {3, "police", N_("police")},
    {4, "arbitration", N_("arbitration")}, {5, "review", N_("administrative review")},
    {6, "party", N_("party appeal")}, {9, "other", N_("other")},
};
static const struct row ways[] = {
    {1, "hand", N_("by hand")}, {2, "post", N_("by post")}, {3, "other", N_("other")},
};
static const struct row signeds[] = {
    {1, "no", N_("refused to sign")}, {2, "yes", N_("signed")},
};
static const struct row views[] = {
    {1, "agree", N_("agrees")}, {2, "disagree", N_("disagrees")}, {9, "none", N_("no view")},
};
static const struct row evaluations[] = {
    {1, "waiting", N_("waiting")}, {2, "not-rated", N_("not rated")}, {3, "rated", N_("rated")},
    {4, "lapsed", N_("lapsed")},
};
static const struct row scores[] = {
    {1, "satisfied", N_("satisfied")}, {2, "mostly", N_("mostly satisfied")},
    {3, "not-satisfied", N_("not satisfied")},
};
static const struct row relations[] = {
    {1, "same", N_("same matter")}, {2, "related", N_("related")}, {3, "repeat", N_("repeat of")},
};
static const struct row grounds[] = {
    {1, "not-closed", N_("not closed in time")}, {2, "not-reported", N_("result not reported back")},
    {3, "procedure", N_("procedure not followed")}, {4, "shirking", N_("shirking or delay")},
    {5, "not-executed", N_("opinion not executed")}, {6, "other", N_("other")},
    {7, "wrong-basis", N_("facts or basis clearly wrong")}, {8, "false-result", N_("false or unperformed result")},
};
static const struct row levels[] = {
    {1, "remind", N_("reminder")}, {2, "supervise", N_("supervision")}, {3, "leader", N_("supervision by a leader")},
    {4, "bulletin", N_("bulletin")}, {5, "summon", N_("summons of the unit")},
    {6, "listed", N_("listed supervision")}, {7, "blame", N_("proposal of blame")},
};
static const struct row modes[] = {
    {1, "message", N_("message")}, {2, "letter", N_("letter")}, {3, "phone", N_("phone")},
    {4, "interview", N_("interview")}, {5, "site", N_("on site")},
};
static const struct row medias[] = {
    {1, "pdf", N_("PDF")}, {2, "jpeg", N_("JPEG")}, {3, "png", N_("PNG")}, {4, "text", N_("text")},
    {5, "audio", N_("audio")}, {6, "video", N_("video")}, {7, "docx", N_("DOCX")}, {99, "other", N_("other")},
};
static const struct row unmasks[] = {
    {1, "absent", N_("the handler is absent")}, {2, "lost", N_("the holder's store was lost")},
    {3, "check", N_("a complaint is checked")}, {4, "asked", N_("the petitioner asks")}, {99, "other", N_("other")},
};
static const struct row erasures[] = {
    {1, "asked", N_("the petitioner asks")}, {2, "mistake", N_("recorded by mistake")},
    {3, "expired", N_("its time in the archive is over")}, {4, "ordered", N_("a court or a superior orders it")},
    {99, "other", N_("other")},
};
static const struct row locks[] = {
    {1, "accused", N_("an office complained about may not learn of it")},
    {2, "retaliation", N_("the petitioner fears for himself")}, {3, "asked", N_("the petitioner asks")},
    {4, "ordered", N_("a court or a superior orders it")}, {99, "other", N_("other")},
};
static const struct row unlocks[] = {
    {1, "over", N_("its reason is over")}, {2, "mistake", N_("recorded by mistake")},
    {3, "agreed", N_("the petitioner agrees")}, {4, "ordered", N_("a court or a superior orders it")},
    {99, "other", N_("other")},
};
static const struct row roles[] = {
    {1, "clerk", N_("clerk")}, {2, "head", N_("head")}, {4, "technician", N_("technician")},
};
static const struct row reasons[] = {
    {1, "KIND_RULE", N_("its office may not issue this kind (table of rights)")},
    {2, "ROLE", N_("the certificate does not give its office this role")},
    {3, "TIER", N_("not at this tier")},
    {4, "PREV", N_("its own chain on the case does not fit")},
    {5, "STEP", N_("its step number does not follow its references")},
    {6, "REF_VOID", N_("it refers to a void entry")},
    {7, "REF_KIND", N_("it refers to an entry of the wrong kind")},
    {8, "NOT_HOLDER", N_("its office does not hold the case")},
    {9, "NOT_ADDRESSEE", N_("what it answers is not addressed to its office")},
    {10, "NOT_OFFERER", N_("the offer is not its own")},
    {11, "NOT_ISSUER", N_("the entry is not its own")},
    {12, "NOT_SUPERIOR", N_("its office is not above")},
    {13, "NOT_PARTY", N_("its office is no party to the case")},
    {14, "NOT_PARENT", N_("it is not the direct parent")},
    {15, "TARGET", N_("the office addressed cannot be reached by this kind of step")},
    {16, "CUSTODY_ENDED", N_("it knew that its custody had ended")},
    {17, "OFFER_OPEN", N_("an offer is still open")},
    {18, "OFFER_ENDED", N_("the offer was withdrawn or returned")},
    {19, "ALREADY", N_("already done")},
    {20, "TOO_EARLY", N_("a step that must come before is missing")},
    {21, "TOO_LATE", N_("an opinion or the closing came before")},
    {22, "BODY", N_("a code, date or number in it is not allowed")},
    {23, "BINDING", N_("a designation cannot be objected to or withdrawn")},
    {24, "ERRAND_ONLY", N_("a village station may do this in errands only")},
    {25, "RULES_VERSION", N_("its rules version is not known")},
    {26, "NOT_LOCKED", N_("no lock stands that its office may lift")},
};

/* Words in answers beyond those of the lists. */
static const struct row others[] = {
    {0, "unknown", N_("unknown")}, {0, "registered", N_("registered")}, {0, "held", N_("held")},
    {0, "offered", N_("offered")}, {0, "objected", N_("objected")}, {0, "accepted", N_("accepted")},
    {0, "opinion_issued", N_("opinion issued")}, {0, "opinion_served", N_("opinion served")},
    {0, "guided_out", N_("guided out")}, {0, "dup_linked", N_("refused as duplicate")}, {0, "closed", N_("closed")},
    {0, "beyond", N_("beyond this version")},
    {0, "triage", N_("triage")}, {0, "object", N_("objection")}, {0, "accept", N_("acceptance")},
    {0, "handle", N_("handling")}, {0, "order", N_("order")},
    {0, "sign", N_("signing for")}, {0, "objection_answer", N_("answer to the objection")},
    {0, "review_window", N_("review window")}, {0, "errand", N_("errand")}, {0, "remind", N_("reminder")},
    {0, "none", "-"}, {0, "not_delivered", N_("not delivered")},
    {0, "delivered_not_signed", N_("delivered, not signed for")},
    {0, "signed_not_handled", N_("signed for, not handled")}, {0, "answer_on_its_way", N_("answer on its way")},
    {0, "serve", N_("serve the papers")}, {0, "close", N_("close")}, {0, "co_handle", N_("help handle")},
    {0, "answer_order", N_("answer the order")}, {0, "answer_objection", N_("answer the objection")},
    {0, "settle_loop", N_("settle who handles it")}, {0, "report_back", N_("report back")}, {0, "read_answer", N_("read the answer")},
    {0, "in_use", N_("in use")}, {0, "waits", N_("a new one waits")},
    {0, "up", N_("up")}, {0, "down", N_("down")}, {0, "greeting", N_("greeting")}, {0, "stopped", N_("stopped")},
    {0, "open", N_("open")}, {0, "parent", N_("parent")}, {0, "child", N_("child")},
    {0, "issued", N_("issued")}, {0, "arrived", N_("arrived")}, {0, "signed", N_("signed for")},
    {0, "answered", N_("answered")}, {0, "answer_arrived", N_("answer arrived")},
    {0, "valid", N_("valid")}, {0, "void", N_("void")}, {0, "pending", N_("pending")},
    {0, "root", N_("root")}, {0, "head", N_("head")}, {0, "technician", N_("technician")},
    {0, "active", N_("active")}, {0, "left", N_("left")}, {0, "approved", N_("approved")},
    {0, "refused", N_("refused")}, {0, "party", N_("party")}, {0, "coded", N_("codes only")},
    {0, "province", N_("province")}, {0, "city", N_("city")}, {0, "county", N_("county")},
    {0, "township", N_("township")}, {0, "village", N_("village")},
    {0, "control", N_("control")}, {0, "urgent", N_("urgent")}, {0, "cases", N_("cases")}, {0, "bulk", N_("bulk")},
    {0, "petitioners", N_("petitioners")}, {0, "respondent", N_("respondent")}, {0, "content", N_("content")},
    {0, "text", N_("text")}, {0, "key", N_("file")},
};
/* clang-format on */

#define LIST(rows)                                                                                           \
    {                                                                                                        \
        rows, sizeof(rows) / sizeof((rows)[0])                                                               \
    }
static const struct list {
    const struct row *rows;
    size_t count;
} lists[DP_CODES_COUNT] = {
    [DP_CODES_KIND] = LIST(kinds),     [DP_CODES_CHANNEL] = LIST(channels),
    [DP_CODES_ORIGIN] = LIST(origins), [DP_CODES_PURPOSE] = LIST(purposes),
    [DP_CODES_FLAG] = LIST(flags),     [DP_CODES_DUTY] = LIST(duties),
    [DP_CODES_SOURCE] = LIST(sources), [DP_CODES_RESULT] = LIST(results),
    [DP_CODES_ANSWER] = LIST(answers), [DP_CODES_OBJECTION] = LIST(objections),
    [DP_CODES_CLOSE] = LIST(closes),   [DP_CODES_ROUTE] = LIST(routes),
    [DP_CODES_WAY] = LIST(ways),       [DP_CODES_SIGNED] = LIST(signeds),
    [DP_CODES_VIEW] = LIST(views),     [DP_CODES_EVALUATION] = LIST(evaluations),
    [DP_CODES_SCORE] = LIST(scores),   [DP_CODES_RELATION] = LIST(relations),
    [DP_CODES_GROUND] = LIST(grounds), [DP_CODES_LEVEL] = LIST(levels),
    [DP_CODES_MODE] = LIST(modes),     [DP_CODES_MEDIA] = LIST(medias),
    [DP_CODES_UNMASK] = LIST(unmasks), [DP_CODES_ERASE] = LIST(erasures),
    [DP_CODES_LOCK] = LIST(locks),     [DP_CODES_UNLOCK] = LIST(unlocks),
    [DP_CODES_ROLE] = LIST(roles),     [DP_CODES_REASON] = LIST(reasons),
};

/* A hyphen may be typed for the line that the wire's words have. */
static bool same_word(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a == '_' ? '-' : *a, y = *b == '_' ? '-' : *b;
        if (x != y)
            return false;
    }
    return *a == *b;
}

static const struct row *row_of(enum dp_codes list, uint32_t no)
{
    for (size_t i = 0; i < lists[list].count; i++) {
        if (lists[list].rows[i].no == no)
            return &lists[list].rows[i];
    }
    return NULL;
}

bool dp_code_number(enum dp_codes list, const char *word, uint32_t *no)
{
    uint64_t digits;

    for (size_t i = 0; i < lists[list].count; i++) {
        if (same_word(lists[list].rows[i].word, word)) {
            *no = lists[list].rows[i].no;
            return true;
        }
    }
    if (list == DP_CODES_CHANNEL && word[0] != '\0' && word[1] == '\0' &&
        row_of(list, (uint8_t)word[0]) != NULL) {
        *no = (uint8_t)word[0];
        return true;
    }
    if (!dp_text_digits(dp_slice_str(word), &digits) || digits > UINT32_MAX ||
        row_of(list, (uint32_t)digits) == NULL)
        return false;
    *no = (uint32_t)digits;
    return true;
}

enum dp_err dp_code_parse(enum dp_codes list, const char *what, const char *word, uint32_t *no)
{
    char words[512] = "";
    size_t at = 0;

    if (dp_code_number(list, word, no))
        return DP_OK;
    for (size_t i = 0; i < lists[list].count; i++) {
        int n = snprintf(words + at, sizeof(words) - at, "%s%s", i > 0 ? ", " : "", lists[list].rows[i].word);
        if (n < 0 || (size_t)n >= sizeof(words) - at)
            break;
        at += (size_t)n;
    }
    dp_fail(DP_USAGE, _("%s: %s is none of: %s"), what, word, words);
    return DP_USAGE;
}

const char *dp_code_word(enum dp_codes list, uint32_t no)
{
    const struct row *r = row_of(list, no);

    return r != NULL ? r->word : NULL;
}

const char *dp_code_text(enum dp_codes list, uint32_t no)
{
    const struct row *r = row_of(list, no);

    return r != NULL ? _(r->text) : NULL;
}

const char *dp_word_text(const char *word)
{
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(others[i].word, word) == 0)
            return _(others[i].text);
    }
    return word;
}
