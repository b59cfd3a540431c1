/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as a whole: `daipao [options] NOUN VERB arguments`. A verb is a row of one table; its
 * handler asks the daemon and prints. Nothing here decides about a case.
 */
#ifndef DP_CLI_APP_H
#define DP_CLI_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "base/err.h"
#include "ctl.h"
#include "text.h"

#define DP_SOCKET_DEFAULT "/run/daipao/control.sock"

struct dp_app {
    const char *socket;
    const char *as_office; /* "" = the only one */
    bool json, dry_run, yes;
    bool tty_in, tty_out; /* stdin and stdout are a terminal */
    struct dp_ctl *ctl;   /* opened when first needed */
    uint64_t last_id;
};

/* How a step with legal effect asks before it is done. */
enum dp_ask_first { DP_ASK_NOT, DP_ASK_FIRST };

typedef int dp_verb_run(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a);

struct dp_verb {
    const char *noun; /* "" for verbs without one */
    const char *verb;
    dp_verb_run *run; /* gives the exit code */
    const char *args; /* as in the help; words in brackets may be left out */
    uint8_t min, max; /* positional arguments */
    uint8_t kind;     /* kind of entry it issues, 0 = none */
    uint8_t ask;      /* enum dp_ask_first */
    dp_opt_set opts;
    const char *help;
};
extern const struct dp_verb dp_verbs[];
extern const unsigned dp_verbs_count;
/* NULL when there is none such. */
const struct dp_verb *dp_verb_find(const char *noun, const char *verb);
bool dp_noun_known(const char *noun);

/* Whole program; the exit code of daipao(1). */
int dp_app_run(int argc, char **argv);

/* Complain on stderr; returns the exit code of `err`. */
int dp_fail(enum dp_err err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* True when it may go on: -y, or the person says yes. False was explained. */
bool dp_confirm(struct dp_app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whole file, heap, NUL after it; DP_NOT_FOUND, DP_TOO_BIG, DP_IO were explained. "-" is stdin. */
DP_MUST enum dp_err dp_read_file(const char *path, size_t max, char **text, size_t *len);

/* Handlers, by file. */
dp_verb_run dp_run_step;                                                           /* step.c */
dp_verb_run dp_run_note, dp_run_part, dp_run_opinion;                              /* step.c */
dp_verb_run dp_run_correct;                                                        /* correct.c */
dp_verb_run dp_run_attach;                                                         /* attach.c */
dp_verb_run dp_run_drafts, dp_run_draft_drop;                                      /* drafts.c */
dp_verb_run dp_run_register, dp_run_errand_open;                                   /* intake.c */
dp_verb_run dp_run_status, dp_run_inbox, dp_run_list, dp_run_find, dp_run_errands; /* ask.c */
dp_verb_run dp_run_orders, dp_run_rows, dp_run_digest, dp_run_log;                 /* ask.c */
dp_verb_run dp_run_show, dp_run_track, dp_run_link, dp_run_fetch;                  /* show.c */
dp_verb_run dp_run_admin, dp_run_officer, dp_run_publish, dp_run_backup;           /* admin.c */
dp_verb_run dp_run_import, dp_run_export;

#endif
