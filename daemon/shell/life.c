/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the store as the shell keeps it: compared, counted and written beside the store (R-STO-3), and
 * named when the node is stopped as restored or doubled (R-HEL-7). A full disk stops nobody for good: until
 * the start is noted nothing is issued, and it is tried again by itself.
 */
#include <stdio.h>

#include "base/log.h"
#include "shell/shell.h"

#define RETRY_MS 1000
#define REFRESH_MS 30000

/* Resumed, begun where there was none, or (after a stop was ended) begun anew; else *state says what is
 * wrong. */
static enum dp_err take(struct shell *sh, enum dp_life_state *state)
{
    struct dp_life life;
    uint32_t inc;
    uint8_t id[DP_LIFE_ID];
    enum dp_err e = sh->life_anew ? dp_life_unhalt(&sh->place) : DP_OK;
    if (e == DP_OK)
        e = dp_life_check(sh->kv, &sh->place, state, &life);
    if (e == DP_OK && *state == DP_LIFE_OK)
        return dp_life_resume(sh->kv, &sh->place, &sh->life);
    if (e != DP_OK || (*state != DP_LIFE_NEW && !sh->life_anew))
        return e;
    (void)dp_daemon_new_life(sh->d, &inc);
    sh->random.fill(sh->random.ctx, id, sizeof id);
    return dp_life_begin(sh->kv, &sh->place, id, inc, &sh->life);
}

static void wait_for_room(struct shell *sh)
{
    sh->life_retry_ms = sh->clock.mono_ms(sh->clock.ctx) + RETRY_MS;
    dp_daemon_wait_life(sh->d);
}

/* `e` is that of take: DP_OK. */
static void settle(struct shell *sh, enum dp_life_state state)
{
    sh->life_retry_ms = 0;
    sh->life_anew = false;
    if (sh->life != NULL)
        dp_daemon_life(sh->d, sh->life);
    else
        dp_daemon_stop_issuing(sh->d, DP_STOP_RESTORED, dp_life_text(state), state == DP_LIFE_BEHIND);
}

/* A store that lost everything is not taken for a new one (R-STO-5). */
static enum dp_err check_blank(struct shell *sh, char *why, size_t why_len)
{
    enum dp_life_state state;
    struct dp_life life;
    if (dp_life_check(sh->kv, &sh->place, &state, &life) != DP_OK || state != DP_LIFE_BEHIND)
        return DP_OK;
    snprintf(why, why_len, "data.mdb is empty, and the life file beside it is that of a store in use");
    return DP_CORRUPT;
}

/*
 * Where it cannot be found out whether store and file are of one life, the next start may do better; only a
 * full disk does not keep a node from acks and reads (R-STO-4).
 */
enum dp_err dp_shell_life_start(struct shell *sh, char *why, size_t why_len, const char **what)
{
    static char path[1100];
    enum dp_life_state state = DP_LIFE_OK;
    enum dp_stop stopped = dp_daemon_stopped(sh->d);
    if (!dp_daemon_enrolled(sh->d))
        return check_blank(sh, why, why_len);
    if (stopped == DP_STOP_RESTORED || stopped == DP_STOP_CLONE) {
        if (dp_life_halt(&sh->place) != DP_OK)
            dp_log(DP_LOG_WARN, "the life file beside the store cannot be renamed");
        return DP_OK; /* it seals nothing: no life runs */
    }
    enum dp_err e = take(sh, &state);
    if (e == DP_OK)
        settle(sh, state);
    else if (e == DP_FULL)
        wait_for_room(sh);
    else if (e == DP_CORRUPT)
        snprintf(why, why_len, "the record of its life cannot be read or renewed");
    else
        snprintf(why, why_len, "%s", dp_err_text(e));
    if (e != DP_OK && e != DP_CORRUPT) {
        snprintf(path, sizeof path, "%s/%s", sh->store_dir, DP_LIFE_FILE);
        *what = path;
    }
    return e == DP_FULL ? DP_OK : e;
}

void dp_shell_life_begin(struct shell *sh)
{
    enum dp_life_state state = DP_LIFE_OK;
    sh->life_anew = true; /* of a new identity: whatever lies there is another's */
    if (take(sh, &state) == DP_OK)
        settle(sh, state);
    else
        wait_for_room(sh);
}

void dp_shell_life_tend(struct shell *sh, int64_t now)
{
    enum dp_life_state state = DP_LIFE_OK;
    if (sh->life_retry_ms != 0 && now >= sh->life_retry_ms) {
        if (take(sh, &state) == DP_OK)
            settle(sh, state);
        else
            sh->life_retry_ms = now + RETRY_MS;
    }
    if (sh->life == NULL || now < sh->life_next_ms)
        return;
    if (dp_life_refresh(sh->life) != DP_OK)
        dp_log(DP_LOG_WARN, "the life file beside the store cannot be written");
    sh->life_next_ms = now + REFRESH_MS;
}

/* ---- what the node asks for ---- */

static void hold(void *ctx, bool stopped)
{
    struct shell *sh = ctx;
    if (stopped) {
        if (sh->life != NULL)
            dp_life_drop(&sh->life);
        sh->life_retry_ms = 0;
        if (dp_life_halt(&sh->place) != DP_OK)
            dp_log(DP_LOG_WARN, "the life file beside the store cannot be renamed");
        return;
    }
    enum dp_life_state state = DP_LIFE_OK;
    sh->life_anew = true;
    if (take(sh, &state) == DP_OK)
        settle(sh, state);
    else
        wait_for_room(sh);
}

struct dp_beside dp_shell_beside(struct shell *sh)
{
    return (struct dp_beside){hold, sh};
}
