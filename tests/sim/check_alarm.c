/* SPDX-License-Identifier: Apache-2.0 */
/* Each hour: every stop and every refusal has its alarm (I15), and every list its end (I16). */
#include "sim/oracle.h"

#include <string.h>

#include "sim/fault.h"
#include "support/cmocka_all.h"

#define SHELF_ROWS_MAX 1025u /* of one peer and lane */
#define REFUSED_HERE 0x80u
#define EVIDENCE_ROWS_MAX 16u

/* ---- I15 ---- */

static bool has_alarm(const struct dp_daemon *d, const char *word)
{
    const struct dp_alarm_row *a;
    for (uint32_t at = 0; (a = dp_alarm_next(d, &at)) != NULL;)
        if (strcmp(a->word, word) == 0)
            return true;
    return false;
}

static void want(struct oracle *o, const struct cl_node *n, bool trouble, const char *word)
{
    if (trouble && !has_alarm(n->d, word))
        sim_broken(o->s, "I15", "%s has trouble and says nothing: no alarm %s", n->text, word);
}

static void check_stops(struct oracle *o, const struct cl_node *n)
{
    bool stopped = n->d->stopped != DP_STOP_NONE;
    for (uint32_t i = 0; i < n->d->peer_count; i++)
        stopped = stopped || n->d->peers[i]->s.state == DP_SESSION_STOPPED;
    if (stopped && !has_alarm(n->d, "link") && !has_alarm(n->d, "stopped"))
        sim_broken(o->s, "I15", "%s has stopped and says nothing", n->text);
    want(o, n, n->d->intake_stopped, "disk");
    want(o, n, n->d->clock.wrong, "clock");
}

/* ---- rows of a store ---- */

struct rows {
    uint32_t count, most; /* all, and the most of one group */
    bool here, there;     /* of the shelf: refused at this end, at the other */
    bool entry;           /* of the quarantine: an entry, not an item */
};

/* Rows of a table, in groups by the first bytes of their keys. */
static struct rows rows_of(const struct cl_node *n, enum dp_table table, size_t group)
{
    struct rows r = {0};
    struct dp_db db = {.kv = n->kv};
    struct dp_slice key = {0}, v;
    uint8_t last[32] = {0};
    uint32_t run = 0;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, table, dp_slice_of(NULL, 0), &key, &v) == DP_OK) {
        run = key.len >= group && memcmp(last, key.p, group) == 0 ? run + 1 : 1;
        memcpy(last, key.p, key.len < group ? key.len : group);
        r.count++;
        r.most = run > r.most ? run : r.most;
        if (table == DP_T_SHELF && key.len > 8) {
            bool here = (key.p[8] & REFUSED_HERE) != 0;
            r.here = r.here || here;
            r.there = r.there || (!here && v.len == 2 && (v.p[0] | v.p[1]) != 0);
        }
        r.entry = r.entry || (table == DP_T_QUARANTINE && (v.len < 4 || memcmp(v.p, "item", 4) != 0));
    }
    dp_db_abort(&db);
    return r;
}

static void check_lists(struct oracle *o, const struct cl_node *n)
{
    struct rows shelf = rows_of(n, DP_T_SHELF, 9), quarantine = rows_of(n, DP_T_QUARANTINE, 0);
    struct rows evidence = rows_of(n, DP_T_EVIDENCE, 0);
    want(o, n, shelf.here, "refused");
    want(o, n, shelf.there, "shelf");
    want(o, n, quarantine.entry, "quarantine");
    if (shelf.most > SHELF_ROWS_MAX || quarantine.count > DP_QUARANTINE_MAX * o->node_count ||
        evidence.count > EVIDENCE_ROWS_MAX * (n->line_count + 1))
        sim_broken(o->s, "I16", "%s keeps a list without end: shelf %u, quarantine %u, evidence %u", n->text,
                   shelf.most, quarantine.count, evidence.count);
}

/* R-ACK-2: what is refused is kept as refused in the transaction that refuses it. */
void check_alarm_commit(struct oracle *o, const struct oracle_node *x, const struct tape *t)
{
    struct tape_write w;
    uint32_t refused = 0, kept = 0;
    for (size_t at = 0; tape_next(t, &at, &w);) {
        refused += w.table == DP_T_QUARANTINE && !w.del && w.val.len > 4 && memcmp(w.val.p, "item", 4) == 0;
        kept += w.table == DP_T_SHELF && !w.del && w.key.len > 8 && (w.key.p[8] & REFUSED_HERE) != 0;
    }
    if (refused > kept)
        sim_broken(o->s, "I15", "%s refuses an item, and nobody will hear of it", x->n->text);
}

/* ---- I16 ---- */

static void check_memory(struct oracle *o, const struct cl_node *n)
{
    const struct dp_daemon *d = n->d;
    if (d->touched != NULL || d->outgoing != NULL || d->replies != NULL)
        sim_broken(o->s, "I16", "%s keeps something of a turn that has ended", n->text);
    for (uint32_t i = 0; i < d->peer_count; i++)
        if (d->peers[i]->s.flight_count > DP_FLIGHT_MAX)
            sim_broken(o->s, "I16", "%s keeps more for one peer than it may", n->text);
}

void check_alarm_hour(struct oracle *o, const struct cl_node *n)
{
    check_stops(o, n);
    check_memory(o, n);
    check_lists(o, n);
}
