/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its reply in the control protocol (proto/control.proto). Messages are the generated types;
 * what the daemon refused is explained here, the same way for all verbs.
 */
#ifndef DP_CLI_CALL_H
#define DP_CLI_CALL_H

#include <jansson.h>

#include "app.h"
#include "control.pb-c.h"

#define PBC(message) Daipao__Control__V1__##message
#define DP_CALL_COMMANDS_MAX 250
#define DP_CALL_TIMEOUT_MS 60000

/* A string field borrows its text. */
char *dp_pb_str(const char *s);

/* Connect when not connected. Explained on stderr. */
DP_MUST enum dp_err dp_call_open(struct dp_app *app);
/* Pack and queue one request with these commands; *id is that of its reply. */
DP_MUST enum dp_err dp_call_send(struct dp_app *app, PBC(Command) * *commands, unsigned count, uint64_t *id);
/* The next reply; free with daipao__control__v1__reply__free_unpacked(reply, NULL). */
DP_MUST enum dp_err dp_call_recv(struct dp_app *app, PBC(Reply) * *reply);
/* One command and its reply, which has one result. Trouble on the way is explained; the result is the
 * caller's. */
DP_MUST enum dp_err dp_call_one(struct dp_app *app, PBC(Command) * command, PBC(Reply) * *reply);

/* Error of a result; numbers from a later daemon are DP_INTERNAL. */
enum dp_err dp_result_err(const PBC(Result) * r);
/* Explain a failed result (or, with --json, print it); its exit code. */
int dp_result_fail(struct dp_app *app, const PBC(Result) * r);

/* ---- whole verbs ---- */

/* Send; on success *out is the JSON of the result (or null), to be released with json_decref. */
DP_MUST enum dp_err dp_query(struct dp_app *app, PBC(Query) * q, json_t **out, int *code);
/* The same, all pages put together: "rows" of all, until `limit` (0 = all). */
DP_MUST enum dp_err dp_query_rows(struct dp_app *app, PBC(Query) * q, uint32_t limit, json_t **out,
                                  int *code);
/* The same where the rows stand under another word. */
DP_MUST enum dp_err dp_query_pages(struct dp_app *app, PBC(Query) * q, const char *key, uint32_t limit,
                                   json_t **out, int *code);
/* Do a step or an administrative command and print its outcome; the exit code. */
int dp_do_step(struct dp_app *app, PBC(Step) * step, const char *wait);
int dp_do_admin(struct dp_app *app, PBC(Admin) * admin, const char *done);
/* What such a command came to; the exit code. */
int dp_print_admin(struct dp_app *app, const PBC(Result) * r, const char *done);
/* JSON on stdout, one line's end; what a terminal would obey is \uXXXX in it. Takes `v`; the exit code. */
int dp_print_json(json_t *v);
/* The same of a borrowed one; false: it could not be written. */
bool dp_put_json(const json_t *v);

/* wait.c: until the entry has arrived at its addressee, or at the parent. Exit code 0 or 10. */
int dp_wait_for(struct dp_app *app, const char *case_ref, const char *entry, const char *seconds);

#endif
