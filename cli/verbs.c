/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, in the order of daipao(1). */
#include "app.h"

#define O(id) DP_OPT(id)
#define TEXTS (O(TEXT) | O(TEXT_FILE))
#define STEP (O(RECEIPT) | O(WAIT))
#define PERSON (O(NAME) | O(ID_NO) | O(PHONE) | O(ADDRESS) | O(ANONYMOUS))
#define CONTENTS (O(TITLE) | O(SUMMARY) | O(CONTENT) | O(DEMAND))
#define INTAKE                                                                                               \
    (O(CHANNEL) | O(ORIGIN) | O(PURPOSE) | O(CATEGORY) | O(FLAG) | O(HEADCOUNT) | O(INVOLVED) |              \
     O(RESIDENCE) | O(PROBLEM) | O(RESPONDENT) | O(PETITION_DATE) | O(SOURCE_SYSTEM) | O(SOURCE_NO) |        \
     O(NATIONAL_NO) | O(PROFILE) | O(RE) | PERSON | CONTENTS)
#define REGISTER (O(FROM) | O(DRAFT) | INTAKE | STEP)
#define LISTED (O(DUE) | O(LIMIT) | O(MINE) | O(STATUS) | O(HOLDER))

/* clang-format off */
const struct dp_verb dp_verbs[] = {
    {"", "status", dp_run_status, "", 0, 0, 0, 0, 0, N_("state of this node")},
    {"", "inbox", dp_run_inbox, "", 0, 0, 0, 0, O(DUE), N_("what waits for this office")},
    {"", "log", dp_run_log, "", 0, 0, 0, 0, O(FOLLOW) | O(SINCE) | O(LIMIT), N_("entries in the order in which they came")},
    {"", "digest", dp_run_digest, "[CASE]", 0, 1, 0, 0, O(NODE) | O(EACH), N_("digest of a case, or of all")},
    {"", "alarms", dp_run_rows, "", 0, 0, 0, 0, 0, N_("what is in trouble")},
    {"", "trail", dp_run_rows, "", 0, 0, 0, 0, 0, N_("what was done in the administration, by whom and when, as far as it concerns this office")},
    {"", "quarantine", dp_run_rows, "", 0, 0, 0, 0, 0, N_("entries that could not be used")},
    {"", "backup", dp_run_backup, "DEST", 1, 1, 0, 0, 0, N_("copy the store while it runs")},
    {"", "import", dp_run_import, "FILE", 1, 1, 0, 0, O(SYSTEM) | O(ENCODING), N_("register the rows of a spreadsheet saved as CSV")},
    {"", "export", dp_run_export, "", 0, 0, 0, 0, O(OUT) | LISTED, N_("cases in codes as CSV, without persons")},

    {"node", "init", dp_run_admin, "CODE NAME", 2, 2, 0, DP_ASK_FIRST, 0, N_("make this node the root")},
    {"node", "join", dp_run_admin, "ADDRESS CODE [NODE]", 2, 3, 0, 0, 0, N_("ask at ADDRESS to be enrolled, with the one-time code made there")},
    {"node", "retire", dp_run_admin, "", 0, 0, 0, DP_ASK_FIRST, O(FORCE), N_("end this node: its officers leave, and nothing is issued any more")},

    {"life", "clear", dp_run_admin, "", 0, 0, 0, DP_ASK_FIRST, 0, N_("end the stop of a restored or doubled node, as root")},

    {"enroll", "token", dp_run_admin, "NODE", 1, 1, 0, 0, O(PARENT_ADDRESS), N_("one-time code for a node below")},
    {"enroll", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("requests and codes that are out")},
    {"enroll", "approve", dp_run_admin, "NODE", 1, 1, 0, 0, 0, N_("enrol a node that asks")},
    {"enroll", "refuse", dp_run_admin, "NODE REASON", 2, 2, 0, 0, 0, N_("turn a request down")},
    {"enroll", "revoke", dp_run_admin, "NODE REASON", 2, 2, 0, DP_ASK_FIRST, 0, N_("withdraw the certificate of a node")},

    {"link", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("lines to the parent and the children")},
    {"link", "show", dp_run_link, "NODE", 1, 1, 0, 0, 0, N_("one line at length")},
    {"link", "clear", dp_run_admin, "NODE", 1, 1, 0, DP_ASK_FIRST, 0, N_("try a stopped line again, after its cause was removed")},

    {"post", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("the sealed post with the nodes behind the next one")},
    {"post", "admit", dp_run_admin, "NODE", 1, 1, 0, DP_ASK_FIRST, 0, N_("use the new certificate of NODE for its post, after you asked there")},

    {"alarm", "clear", dp_run_admin, "WORD [NODE]", 1, 2, 0, 0, 0, N_("take an alarm off the list, after its cause was removed")},

    {"office", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("offices known here")},
    {"office", "add", dp_run_admin, "OFFICE NAME", 2, 2, 0, 0, 0, N_("name an office")},
    {"office", "set", dp_run_admin, "OFFICE NAME", 2, 2, 0, 0, 0, N_("rename an office")},
    {"office", "leave", dp_run_admin, "OFFICE", 1, 1, 0, DP_ASK_FIRST, 0, N_("take an office from the list")},
    {"officer", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("officers of this node's offices")},
    {"officer", "add", dp_run_officer, "OFFICE NUMBER", 2, 2, 0, 0, O(UID) | O(ROLES), N_("let a user of this machine act for an office")},
    {"officer", "set", dp_run_admin, "OFFICE NUMBER", 2, 2, 0, 0, O(UID) | O(ROLES), N_("change user or roles of an officer")},
    {"officer", "leave", dp_run_admin, "OFFICE NUMBER", 2, 2, 0, DP_ASK_FIRST, 0, N_("end an officer's access")},

    {"draft", "list", dp_run_drafts, "", 0, 0, 0, 0, 0, N_("registrations kept on this node and not made yet")},
    {"draft", "drop", dp_run_draft_drop, "NO", 1, 1, 1, DP_ASK_FIRST, 0, N_("throw a draft away")},

    {"case", "register", dp_run_register, "", 0, 0, 1, 0, REGISTER, N_("register a matter")},
    {"case", "split", dp_run_step, "CASE", 1, 1, 16, DP_ASK_FIRST, STEP | TEXTS, N_("part a mixed matter")},
    {"case", "correct", dp_run_correct, "CASE ENTRY", 2, 2, 17, 0, STEP | TEXTS | O(INDEX) | O(REASON) | PERSON | CONTENTS | O(SET) | O(CLEAR) | O(PETITIONER), N_("correct fields of an own entry; what is not given stays")},
    {"case", "unmask", dp_run_part, "CASE ENTRY REASON", 3, 3, 29, DP_ASK_FIRST, STEP | TEXTS | O(INDEX), N_("open a part of an entry from below; everybody on the case sees that, and why")},
    {"case", "erase", dp_run_part, "CASE ENTRY REASON", 3, 3, 30, DP_ASK_FIRST, STEP | TEXTS | O(INDEX), N_("have a part of an entry erased everywhere, for good")},
    {"case", "withdraw", dp_run_step, "CASE", 1, 1, 8, DP_ASK_FIRST, STEP | O(REASON) | O(RE), N_("take back an own offer that nobody accepted yet")},
    {"case", "find", dp_run_find, "NAME TAIL", 2, 2, 0, 0, 0, N_("own cases of one person, by exact name and the end of a phone or id number; logged")},
    {"case", "list", dp_run_list, "", 0, 0, 0, 0, LISTED, N_("cases that this office may see")},
    {"case", "show", dp_run_show, "CASE", 1, 1, 0, 0, 0, N_("a case at length")},
    {"case", "track", dp_run_track, "CASE", 1, 1, 0, 0, 0, N_("its way from office to office, and who must act by when")},
    {"case", "note", dp_run_note, "CASE [TEXT]", 1, 2, 18, 0, STEP | TEXTS | O(RE), N_("add a note")},
    {"case", "attach", dp_run_attach, "CASE FILE", 2, 2, 19, 0, STEP | O(ANNOUNCE) | TEXTS, N_("add a file")},
    {"case", "fetch", dp_run_fetch, "CASE NO FILE", 3, 3, 0, 0, 0, N_("write attachment NO to a new file")},
    {"case", "link", dp_run_step, "CASE OTHER", 2, 2, 15, 0, STEP | O(RELATION) | TEXTS, N_("link with another case")},
    {"case", "lock", dp_run_step, "CASE REASON", 2, 2, 34, 0, STEP, N_("keep a case from the offices complained about, by hand")},
    {"case", "unlock", dp_run_step, "CASE REASON", 2, 2, 35, DP_ASK_FIRST, STEP | O(RE), N_("lift a lock that this office set, or one below it; by the head")},

    {"case", "transfer", dp_run_step, "CASE OFFICE", 2, 2, 5, 0, STEP | O(REASON) | O(DUTY) | TEXTS, N_("transfer to an office below")},
    {"case", "assign", dp_run_step, "CASE OFFICE", 2, 2, 6, 0, STEP | O(REPORT_BY) | O(DUTY) | O(SOURCE) | O(LABEL) | TEXTS, N_("assign to an office below, which reports back")},
    {"case", "refer-up", dp_run_step, "CASE OFFICE", 2, 2, 7, 0, STEP | O(REASON) | TEXTS, N_("refer to an office above")},
    {"case", "sign", dp_run_step, "CASE", 1, 1, 3, 0, STEP | O(RE), N_("sign for what arrived")},
    {"case", "accept", dp_run_step, "CASE", 1, 1, 4, 0, STEP | O(RE), N_("accept: this office is responsible now")},
    {"case", "object", dp_run_step, "CASE REASON", 2, 2, 9, 0, STEP | O(RE) | TEXTS, N_("object: not our remit")},
    {"case", "objection", dp_run_step, "CASE grant|deny", 2, 2, 10, 0, STEP | O(RE) | TEXTS, N_("answer an objection")},
    {"case", "recall", dp_run_step, "CASE", 1, 1, 11, DP_ASK_FIRST, STEP | O(REASON) | TEXTS, N_("take a case from an office below")},
    {"case", "designate", dp_run_step, "CASE OFFICE", 2, 2, 12, DP_ASK_FIRST, STEP | O(REASON) | TEXTS, N_("name the office that must handle it")},
    {"case", "guide-out", dp_run_step, "CASE ROUTE", 2, 2, 13, DP_ASK_FIRST, STEP | TEXTS, N_("guide to court, arbitration or another legal route")},
    {"case", "refuse-duplicate", dp_run_step, "CASE OTHER", 2, 2, 14, DP_ASK_FIRST, STEP | TEXTS, N_("the same matter is handled already")},

    {"case", "extend", dp_run_step, "CASE DAYS", 2, 2, 20, 0, STEP | O(REASON) | TEXTS, N_("extend the time of handling, once, 30 days at most; by the head of the office")},
    {"case", "opinion", dp_run_opinion, "CASE RESULT FILE", 3, 3, 21, DP_ASK_FIRST, STEP | O(DATE), N_("issue the written opinion")},
    {"case", "serve", dp_run_step, "CASE WAY", 2, 2, 22, DP_ASK_FIRST, STEP | O(DATE) | O(SIGNED) | O(VIEW) | O(RE) | TEXTS, N_("the petitioner has the opinion")},
    {"case", "evaluate", dp_run_step, "CASE STATE", 2, 2, 23, 0, STEP | O(OFFICE_SCORE) | O(UNIT_SCORE) | O(RE) | TEXTS, N_("record the petitioner's rating")},
    {"case", "report-back", dp_run_step, "CASE RESULT", 2, 2, 24, 0, STEP | O(DATE) | O(RE) | TEXTS, N_("report the result to the assigner")},
    {"case", "close", dp_run_step, "CASE CODE", 2, 2, 28, DP_ASK_FIRST, STEP | TEXTS, N_("close the case")},

    {"order", "issue", dp_run_step, "CASE OFFICE", 2, 2, 25, 0, STEP | O(ANSWER_BY) | O(GROUND) | O(LEVEL) | O(MODE) | O(LABEL) | TEXTS, N_("order or remind an office below")},
    {"order", "answer", dp_run_step, "CASE ANSWER", 2, 2, 27, 0, STEP | O(DATE) | O(RE) | TEXTS, N_("answer an order")},
    {"order", "lift", dp_run_step, "CASE", 1, 1, 33, 0, STEP | O(REASON) | O(RE) | TEXTS, N_("take back an order that is not answered yet")},
    {"order", "list", dp_run_orders, "", 0, 0, 0, 0, O(LIMIT) | O(MINE), N_("orders and where they stand")},

    {"errand", "open", dp_run_errand_open, "", 0, 0, 1, 0, REGISTER, N_("take an errand for a villager")},
    {"errand", "pick-up", dp_run_step, "CASE", 1, 1, 4, 0, STEP | O(RE), N_("take over an errand handed on")},
    {"errand", "hand-on", dp_run_step, "CASE OFFICE", 2, 2, 7, 0, STEP | O(REASON) | TEXTS, N_("hand an errand on to an office above")},
    {"errand", "result", dp_run_step, "CASE CODE", 2, 2, 28, DP_ASK_FIRST, STEP | TEXTS, N_("what became of it; closes the errand")},
    {"errand", "list", dp_run_errands, "", 0, 0, 0, 0, LISTED, N_("errands that this office may see")},

    {"calendar", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("published calendars of rest days")},
    {"calendar", "publish", dp_run_publish, "FILE", 1, 1, 0, 0, 0, N_("publish an edition to all below")},
    {"profile", "list", dp_run_rows, "", 0, 0, 0, 0, 0, N_("published profiles of limits")},
    {"profile", "publish", dp_run_publish, "FILE", 1, 1, 0, 0, 0, N_("publish an edition to all below")},
};
/* clang-format on */
const unsigned dp_verbs_count = sizeof(dp_verbs) / sizeof(dp_verbs[0]);
