/* SPDX-License-Identifier: Apache-2.0 */
/* The one table behind the error list: text, name, retry, exit code. */
#include "base/err.h"

#include <stddef.h>

struct err_row {
    const char *name;
    const char *text;
    bool retryable;
    int exit_code;
};

static const struct err_row rows[] = {
#define ROW(name, text, retry, code) {#name, text, retry, code},
    DP_ERR_LIST(ROW)
#undef ROW
};

/* A number from elsewhere reads as an internal error. */
static const struct err_row *row_of(enum dp_err e)
{
    return (unsigned)e < DP_ERR_COUNT ? &rows[e] : &rows[DP_INTERNAL];
}

const char *dp_err_text(enum dp_err e)
{
    return row_of(e)->text;
}

const char *dp_err_name(enum dp_err e)
{
    return row_of(e)->name;
}

bool dp_err_retryable(enum dp_err e)
{
    return row_of(e)->retryable;
}

int dp_err_exit(enum dp_err e)
{
    return row_of(e)->exit_code;
}
