/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not go unnoticed (N5): alarms, grouped by word; the loud stop of a node; a disk that fills; who
 * was turned away at the door.
 */
#include "node/core.h"

#include <stdio.h>
#include <string.h>

#include "net/net.h"

#define TIDY_MS 30000
#define DOOR_MS 2000
#define DOOR_SILENT_MAX 32 /* handshakes that end in nothing, between two looks: a poor line makes a few */

/* ---- alarms and stops ---- */

static struct dp_alarm_row *row_of(struct dp_daemon *d, const char *word)
{
    for (unsigned i = 0; i < DP_ALARMS_MAX; i++)
        if (strcmp(d->alarms[i].word, word) == 0)
            return &d->alarms[i];
    return NULL;
}

void dp_alarm(struct dp_daemon *d, const char *word, const char *text)
{
    struct dp_alarm_row *a = row_of(d, word);
    if (a == NULL)
        a = row_of(d, "");
    if (a == NULL) {
        dp_log(DP_LOG_WARN, "alarm %s: %s", word, text); /* no room to remember it */
        return;
    }
    if (a->word[0] == '\0' || strcmp(a->text, text) != 0) {
        if (a->word[0] == '\0')
            a->since_ms = d->now_wall;
        snprintf(a->word, sizeof a->word, "%s", word);
        snprintf(a->text, sizeof a->text, "%s", text);
        dp_log(DP_LOG_WARN, "alarm %s: %s", word, text);
        if (d->opt.alarmed != NULL)
            d->opt.alarmed(d->opt.alarmed_ctx, word, "", text);
    }
    a->count++;
    a->last_ms = d->now_wall;
}

void dp_alarm_clear(struct dp_daemon *d, const char *word)
{
    struct dp_alarm_row *a = row_of(d, word);
    if (a == NULL || word[0] == '\0')
        return;
    memset(a, 0, sizeof *a);
    dp_log(DP_LOG_NOTICE, "alarm %s: cleared", word);
}

void dp_stop_loudly(struct dp_daemon *d, enum dp_stop why, const char *detail)
{
    if (d->stopped != DP_STOP_NONE)
        return;
    d->stopped = why;
    snprintf(d->stopped_why, sizeof d->stopped_why, "%s", detail);
    dp_log(DP_LOG_ERROR, "this node stops issuing: %s", detail);
    dp_alarm(d, "stopped", detail);
}

void dp_daemon_stop_issuing(struct dp_daemon *d, enum dp_stop why, const char *detail)
{
    dp_stop_loudly(d, why, detail);
}

void dp_stop_retired(struct dp_daemon *d)
{
    d->retired = true;
    dp_stop_loudly(d, DP_STOP_REVOKED, DP_SAID("this node was retired by its operator"));
}

/* ---- disk and door ---- */

/* R-STO-4: the watermark, not MAP_FULL, stops intake; and lets it go on. */
void dp_watch_disk(struct dp_daemon *d)
{
    struct dp_kv_stat st;
    if (d->now_mono < d->next_tidy)
        return;
    d->next_tidy = d->now_mono + (d->intake_stopped ? TIDY_MS / 30 : TIDY_MS);
    d->port.kv->ops->tidy(d->port.kv);
    bool known =
        d->port.kv->ops->stat(d->port.kv, &st) == DP_OK && st.disk_free != UINT64_MAX && st.disk_total != 0;
    dp_sweep_volume(d, known ? st.disk_total : 0);
    bool low = known && st.disk_free / (st.disk_total / 1000 + 1) < d->opt.disk_min_permille;
    if (low && !d->intake_stopped)
        dp_alarm(d, "disk", "disk space is low: intake is stopped; acks, orders and reads go on");
    if (!low && d->intake_stopped)
        dp_alarm_clear(d, "disk");
    d->intake_stopped = low;
}

/* N5: who was turned away is counted and said. The text stays the same, so that a flood fills no log. */
void dp_watch_door(struct dp_daemon *d)
{
    const struct dp_net_counters *n = d->opt.net;
    if (n == NULL || d->now_mono < d->door_ms)
        return;
    uint64_t refused = n->auth_failed + n->handshake_protocol + n->handshake_auth;
    uint64_t flood = n->rate_limited + n->crowded_out + n->enroll_limited + n->hoarding;
    if (refused > d->door_refused)
        dp_alarm(
            d, "door",
            "connections were refused: a key that is not enrolled, or another protocol; see `daipao status`");
    if (flood > d->door_flood || n->handshake_other > d->door_silent + DOOR_SILENT_MAX)
        dp_alarm(d, "flood", "connections or messages were cut: too many at once; see `daipao status`");
    d->door_ms = d->now_mono + DOOR_MS;
    d->door_refused = refused;
    d->door_flood = flood;
    d->door_silent = n->handshake_other;
}
