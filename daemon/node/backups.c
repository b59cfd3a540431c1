/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backups while the node works: some of one in each turn, so that lines and people wait for none of it. Who
 * asks for one asks again for how far it is, and when he stops asking it ends and leaves nothing; the daily
 * one is nobody's, and has its own name only when it is whole.
 */
#include "node/admin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "store/backup.h"

#define STEP_BYTES (512u << 10)
#define ASKED_MS 10000   /* not asked for so long: the client is gone */
#define RETRY_MS 3600000 /* of the daily one */
#define SUFFIX ".backup"
#define PART ".part"

/* ---- one backup ---- */

static void end_job(struct dp_daemon *d)
{
    dp_backup_free(&d->backup.b);
    d->backup.path[0] = '\0';
}

static enum dp_err begin_job(struct dp_daemon *d, const char *path, bool daily)
{
    struct dp_backup_job *j = &d->backup;
    if (strlen(path) >= sizeof j->path)
        return DP_TOO_BIG;
    enum dp_err e = dp_backup_new(d->port.kv, path, &j->b);
    if (e != DP_OK)
        return e;
    snprintf(j->path, sizeof j->path, "%s", path);
    j->daily = daily;
    j->err = DP_AGAIN;
    j->asked_ms = d->now_mono;
    return DP_OK;
}

/* ---- the daily one ---- */

static void name_of(const struct dp_daemon *d, char out[DP_NODE_TEXT + 16])
{
    char node[DP_NODE_TEXT];
    dp_node_format(d->id.self, node);
    snprintf(out, DP_NODE_TEXT + 16, "daipao-%s-", node);
}

static enum dp_err begin_daily(struct dp_daemon *d)
{
    char path[sizeof d->backup.path], name[DP_NODE_TEXT + 16], date[11];
    name_of(d, name);
    dp_date_format(dp_date_of_ms(d->now_wall), date);
    enum dp_err e = dp_os_dir_make(d->opt.backup_dir);
    if (e != DP_OK)
        return e;
    if (snprintf(path, sizeof path, "%s/%s%s" SUFFIX, d->opt.backup_dir, name, date) >=
        (int)(sizeof path - sizeof PART))
        return DP_TOO_BIG;
    if (dp_os_file_exists(path))
        return DP_OK; /* of today, before a restart */
    strcat(path, PART);
    e = dp_os_file_remove(path); /* of a process that died over it */
    return e == DP_OK ? begin_job(d, path, true) : e;
}

static enum dp_err finish_daily(struct dp_daemon *d)
{
    char path[sizeof d->backup.path], name[DP_NODE_TEXT + 16];
    name_of(d, name);
    snprintf(path, sizeof path, "%.*s", (int)(strlen(d->backup.path) - strlen(PART)), d->backup.path);
    enum dp_err e = dp_os_file_move(d->backup.path, path);
    if (e != DP_OK)
        return e;
    dp_log(DP_LOG_NOTICE, "backup written: %s", path);
    return dp_os_dir_keep(d->opt.backup_dir, name, SUFFIX, d->opt.backup_keep);
}

static void judge_daily(struct dp_daemon *d, enum dp_err e)
{
    char text[320];
    d->backup.retry_ms = e == DP_OK ? 0 : d->now_mono + RETRY_MS;
    if (e == DP_OK) {
        dp_alarm_clear(d, "backup");
        return;
    }
    snprintf(text, sizeof text, "the daily backup into %s was not written: %s", d->opt.backup_dir,
             dp_err_text(e));
    dp_alarm(d, "backup", text);
}

static void look_daily(struct dp_daemon *d)
{
    int32_t today = dp_date_of_ms(d->now_wall).day;
    bool due = d->backup.day != today || (d->backup.retry_ms != 0 && d->now_mono >= d->backup.retry_ms);
    if (d->opt.backup_dir == NULL || d->opt.backup_dir[0] == '\0' || !d->id.enrolled || !due ||
        d->backup.b != NULL)
        return;
    d->backup.day = today;
    judge_daily(d, begin_daily(d));
}

/* ---- each turn ---- */

bool dp_backups_busy(const struct dp_daemon *d)
{
    return d->backup.b != NULL && d->backup.err == DP_AGAIN;
}

void dp_backups_go(struct dp_daemon *d)
{
    struct dp_backup_job *j = &d->backup;
    look_daily(d);
    if (j->b != NULL && !j->daily && d->now_mono - j->asked_ms > ASKED_MS) {
        dp_log(DP_LOG_NOTICE, "backup: nobody asks for it any more");
        end_job(d);
    }
    if (!dp_backups_busy(d))
        return;
    j->err = dp_backup_step(j->b, d->opt.backup_step == 0 ? STEP_BYTES : d->opt.backup_step);
    if (!j->daily || j->err == DP_AGAIN)
        return;
    enum dp_err e = j->err == DP_OK ? finish_daily(d) : j->err;
    end_job(d);
    judge_daily(d, e);
}

void dp_backups_free(struct dp_daemon *d)
{
    end_job(d);
}

/* ---- asked for ---- */

/* How far it is; the last answer is the end of it. */
static void answer(struct dp_act *x)
{
    struct dp_backup_job *j = &x->d->backup;
    struct dp_backup_progress at = dp_backup_progress(j->b);
    char json[96];
    enum dp_err e = j->err;
    j->asked_ms = x->d->now_mono;
    if (e == DP_OK)
        snprintf(json, sizeof json, "{\"written\":true,\"records\":%llu}", (unsigned long long)at.done);
    else
        snprintf(json, sizeof json, "{\"written\":false,\"done\":%llu,\"total\":%llu}",
                 (unsigned long long)at.done, (unsigned long long)at.total);
    if (e != DP_AGAIN)
        end_job(x->d);
    if (e == DP_OK || e == DP_AGAIN)
        dp_admin_done(x, json);
    else
        dp_outcome_set(x->d, x->out, e, "the backup %s", x->a->path);
}

void dp_admin_backup(struct dp_act *x)
{
    const char *path = x->a->path;
    struct dp_backup_job *j = &x->d->backup;
    bool same = j->b != NULL && strcmp(j->path, path) == 0;
    if (path[0] != '/') {
        dp_outcome_set(x->d, x->out, DP_USAGE, "give the backup an absolute path on this machine");
        return;
    }
    if (!same && access(path, F_OK) == 0) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "%s: %-s", path, DP_SAID("exists already"));
        return;
    }
    if (!same && j->b != NULL) {
        dp_outcome_set(x->d, x->out, DP_CONFLICT, "another backup is being written: %s", j->path);
        return;
    }
    if (dp_admin_dry(x))
        return;
    enum dp_err e = same ? DP_OK : begin_job(x->d, path, false);
    if (e == DP_OK)
        answer(x);
    else
        dp_outcome_set(x->d, x->out, e, "the backup %s", path);
}
