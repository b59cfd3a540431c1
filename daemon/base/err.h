/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list of everything that can go wrong. Each row gives the enum, the text a
 * person reads, whether trying again can help, and the exit code of the CLI.
 * Foreign codes (errno, LMDB, ZeroMQ, OpenSSL) are translated once, in the adapter.
 */
#ifndef DP_BASE_ERR_H
#define DP_BASE_ERR_H

#include <stdbool.h>

/* clang-format off */
#define DP_ERR_LIST(X)                                                                   \
    /* name            text                                              retry  exit */ \
    X(OK,              "done",                                           false, 0)       \
    X(INTERNAL,        "internal error",                                 false, 1)       \
    X(NOMEM,           "a memory limit was reached",                     true,  1)       \
    X(IO,              "input or output failed",                         true,  1)       \
    X(USAGE,           "wrong usage",                                    false, 2)       \
    X(CONFIG,          "the configuration is wrong",                     false, 2)       \
    X(RANGE,           "a value is outside its limits",                  false, 2)       \
    X(FORMAT,          "the bytes are not in the expected format",       false, 1)       \
    X(TOO_BIG,         "larger than its limit",                          false, 1)       \
    X(NOT_FOUND,       "not found",                                      false, 3)       \
    X(AMBIGUOUS,       "more than one matches",                          false, 3)       \
    X(STEP_INVALID,    "the step is not valid now",                      false, 4)       \
    X(NOT_ENTITLED,    "not entitled",                                   false, 5)       \
    X(CONFLICT,        "already done differently",                       false, 6)       \
    X(UNREACHABLE,     "the daemon cannot be reached",                   true,  7)       \
    X(NOT_ENROLLED,    "the node is not enrolled",                       false, 8)       \
    X(STOPPED,         "the node has stopped issuing",                   false, 8)       \
    X(INTAKE_STOPPED,  "intake is stopped",                              true,  9)       \
    X(TIMEOUT,         "timed out",                                      true,  10)      \
    X(PARTLY,          "only a part was accepted",                       false, 11)      \
    X(SIGNATURE,       "the signature does not verify",                  false, 1)       \
    X(CERTIFICATE,     "the certificate is not acceptable",              false, 1)       \
    X(SCOPE,           "outside the scope of the certificate",           false, 1)       \
    X(NEED_CERT,       "the certificate is not here yet",                true,  1)       \
    X(GAP,             "an earlier item is missing",                     true,  1)       \
    X(FORK,            "contradicts what was signed before",             false, 1)       \
    X(DUPLICATE,       "already here",                                   false, 0)       \
    X(FULL,            "no room",                                        true,  9)       \
    X(CORRUPT,         "stored data is damaged",                         false, 1)       \
    X(SCHEMA,          "the store has another schema",                   false, 1)       \
    X(AGAIN,           "not now",                                        true,  1)       \
    X(DENIED,          "denied by rule N3",                              false, 5)       \
    X(REPLY_FULL,      "the answer does not fit",                        false, 1)       \
    X(TOO_OFTEN,       "asked too often",                                true,  9)
/* clang-format on */

enum dp_err {
#define DP_ERR_ENUM(name, text, retry, code) DP_##name,
    DP_ERR_LIST(DP_ERR_ENUM)
#undef DP_ERR_ENUM
        DP_ERR_COUNT
};

/* Marks a literal that a person reads: the command line has it in other languages too. */
#define DP_SAID(text) text

/* A result that must be looked at. */
#define DP_MUST __attribute__((warn_unused_result))

/* English text of `e`, static; never NULL, whatever the number. */
const char *dp_err_text(enum dp_err e);

/* Identifier of `e` without prefix ("STEP_INVALID"), for logs and JSON. */
const char *dp_err_name(enum dp_err e);

/* True when the same call may succeed later without a change. */
bool dp_err_retryable(enum dp_err e);

/* Exit code of the CLI for `e` (see daipao(1)). */
int dp_err_exit(enum dp_err e);

#endif
