/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of local users (R-CTL-6). All users share the places of the control socket; when there is none
 * left the newest connection of the user who has most gives way, so that nobody locks out another, and
 * whoever has few always finds room. Root gives way to nobody who has as much. Who gives way is told why: at
 * once when it has asked before, else when it asks, and then it is cut.
 */
#include "net/inner.h"

#include <sys/socket.h>
#include <unistd.h>

#define AWAY_MAX 32  /* that are told at the same time; beyond it they are cut without a word */
#define AWAY_MS 2000 /* for who has not asked yet to ask, and be told */

static bool kernel_uid(int fd, uid_t *out)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    *out = peer.uid;
    return true;
}

void shares_note(struct dp_net *net, struct conn *c, int fd)
{
    if (!(net->cfg.peer_uid != NULL ? net->cfg.peer_uid : kernel_uid)(fd, &c->uid))
        c->uid = (uid_t)-1;
}

static bool is_root(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

static size_t count_of(const struct server *s, uid_t uid)
{
    size_t n = 0;

    for (size_t i = 0; i < s->conns.cap; i++) {
        const struct conn *c = &s->conns.at[i];
        n += c->open && c->crowds && c->uid == uid;
    }
    return n;
}

/* Of two of different users, whose goes first? Then the newer one. */
static bool goes_before(const struct server *s, const struct conn *a, const struct conn *b)
{
    size_t of_a, of_b;

    if (a->uid == b->uid)
        return (int32_t)(a->serial - b->serial) > 0;
    of_a = count_of(s, a->uid);
    of_b = count_of(s, b->uid);
    if (of_a != of_b)
        return of_a > of_b;
    if (is_root(a->uid) != is_root(b->uid))
        return is_root(b->uid);
    return (int32_t)(a->serial - b->serial) > 0;
}

static struct conn *newest_of_greediest(struct server *s)
{
    struct conn *first = NULL;

    for (size_t i = 0; i < s->conns.cap; i++) {
        struct conn *c = &s->conns.at[i];
        if (c->open && c->crowds && (first == NULL || goes_before(s, c, first)))
            first = c;
    }
    return first;
}

static void cut_at(struct server *s, struct conn *c, int64_t due_ms)
{
    c->cut_ms = due_ms;
    if (s->conns.look_ms > due_ms)
        s->conns.look_ms = due_ms;
}

void shares_make_room(struct dp_net *net, struct server *s, bool at_once)
{
    struct conn *c = newest_of_greediest(s);

    net->count.crowded_out += c != NULL;
    if (c == NULL || at_once || s->conns.away >= AWAY_MAX) {
        conns_cut(s, c);
        return;
    }
    conns_uncount(s, c);
    c->away = true;
    s->conns.away++;
    if (c->spoke) {
        struct dp_net_event ev = {.type = DP_NET_CONTROL_AWAY, .conn = c->routing_id, .fd = -1};
        cut_at(s, c, net_now(net) + DROP_LINGER_MS);
        emit(net, &ev);
    } else {
        cut_at(s, c, net_now(net) + AWAY_MS);
    }
}

void shares_heard_away(struct dp_net *net, struct server *s, struct conn *c)
{
    int64_t due_ms = net_now(net) + DROP_LINGER_MS;

    if (c->cut_ms == 0 || c->cut_ms > due_ms)
        cut_at(s, c, due_ms);
}
