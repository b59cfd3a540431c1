/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrapping key changes (R-STO-2, R-STO-6): at once after an erasure or a correction, and within ten
 * minutes after anything else that was sealed has gone. The store says which rows are no more; their keys are
 * destroyed in the key folder; then the store forgets their numbers. Whatever dies between, the same is done
 * again.
 */
#include "node/core.h"

#define ROWS_MAX 4096 /* destroyed at a time */
#define LOOK_MS INT64_C(600000)
#define RETRY_MS INT64_C(60000)

void dp_wrapping_load(struct dp_daemon *d)
{
    uint64_t row;
    struct dp_keyring_why why;
    if (d->kr == NULL)
        return;
    d->rotate_due = dp_db_gone(&d->db, &row, 1) > 0;
    if (dp_keyring_tidy(d->kr, &why) != DP_OK)
        d->rotate_due = true; /* it is tidied before each change, and an alarm says when that fails */
}

static enum dp_err some(struct dp_daemon *d, uint64_t *rows, size_t *n)
{
    struct dp_keyring_why why = {0};
    enum dp_err e = dp_db_begin(&d->db, false);
    if (e != DP_OK)
        return e;
    *n = dp_db_gone(&d->db, rows, ROWS_MAX);
    e = dp_db_error(&d->db);
    dp_db_abort(&d->db);
    if (e != DP_OK)
        return e;
    e = *n > 0 ? dp_keyring_destroy(d->kr, rows, *n, &why) : dp_keyring_tidy(d->kr, &why);
    if (e != DP_OK)
        dp_log(DP_LOG_ERROR, "keys: %s %s", why.path, dp_keyring_fault_text(why.fault));
    if (e != DP_OK || *n == 0)
        return e;
    e = dp_db_begin(&d->db, true);
    if (e != DP_OK)
        return e;
    dp_db_gone_del(&d->db, rows, *n);
    return dp_db_commit(&d->db);
}

/* Outside a turn: it commits on its own. */
void dp_wrapping_change(struct dp_daemon *d)
{
    static uint64_t rows[ROWS_MAX];
    size_t n = 0;
    if (d->kr == NULL || (!d->rotate_due && d->now_mono < d->rotate_ms) ||
        (d->rotate_due && d->rotate_retry && d->now_mono < d->rotate_ms))
        return;
    enum dp_err e = some(d, rows, &n);
    d->rotate_retry = e != DP_OK;
    if (e == DP_OK) {
        d->rotate_due = n == ROWS_MAX; /* there are more */
        d->rotate_ms = d->now_mono + (d->rotate_due ? 0 : LOOK_MS);
        dp_alarm_clear(d, "rotate");
        return;
    }
    d->rotate_due = true;
    d->rotate_ms = d->now_mono + RETRY_MS;
    dp_alarm(d, "rotate",
             "the wrapping key could not be changed: what was erased can still be opened here; it is tried "
             "again");
}
