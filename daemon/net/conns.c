/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of a server by descriptor. The library has no bound on their number, nor on a message of
 * endless parts, so we cut them ourselves: shutdown(2) on a descriptor that it owns and closes. At
 * worst, a descriptor that changed hands a moment ago loses a connection that will be made again.
 *
 * A message names its descriptor, and may be read after that connection has ended and another one
 * has the descriptor. The proof of its key tells: a connection is accepted before it proves one.
 */
#include "net/inner.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define LOOK_CROWD_MS 250   /* anyone may send there: look before much has come */
#define FDS_KEPT 64         /* descriptors for the control socket and the rest of the process */
#define FDS_KEPT_CONTROL 16 /* for the rest of the process */

static struct conn *conn_at(struct server *s, int fd)
{
    struct conns *cs = &s->conns;

    return fd >= 0 && (size_t)fd < cs->cap && cs->at[fd].open ? &cs->at[fd] : NULL;
}

int conns_fd(const struct server *s, const struct conn *c)
{
    return (int)(c - s->conns.at);
}

/* Room for index `fd`. */
static bool grow(struct conns *cs, int fd)
{
    size_t cap = cs->cap > 0 ? cs->cap : 64;
    struct conn *at;

    if (fd < 0)
        return false;
    while (cap <= (size_t)fd)
        cap *= 2;
    if (cap == cs->cap)
        return true;
    at = realloc(cs->at, cap * sizeof(*at));
    if (at == NULL)
        return false;
    memset(at + cs->cap, 0, (cap - cs->cap) * sizeof(*at));
    cs->at = at;
    cs->cap = cap;
    return true;
}

/* No longer among those that are limited in number. */
void conns_uncount(struct server *s, struct conn *c)
{
    s->conns.crowd -= c->crowds;
    s->source[c->source].crowd -= c->crowds;
    c->crowds = false;
}

void conns_cut(struct server *s, struct conn *c)
{
    if (c == NULL || c->cut)
        return;
    c->cut = true;
    conns_uncount(s, c);
    (void)shutdown(conns_fd(s, c), SHUT_RDWR);
}

void conns_cut_soon(struct dp_net *net, struct server *s, struct conn *c)
{
    int64_t due = net_now(net) + DROP_LINGER_MS;

    if (c == NULL || c->cut_ms != 0)
        return;
    c->cut_ms = due;
    if (s->conns.look_ms > due)
        s->conns.look_ms = due;
}

/* Of two that crowd, does `a` go first? The one whose source has more of them; then the older one. */
static bool goes_before(const struct server *s, const struct conn *a, const struct conn *b)
{
    size_t of_a = s->source[a->source].crowd;
    size_t of_b = s->source[b->source].crowd;

    return of_a != of_b ? of_a > of_b : (int32_t)(a->serial - b->serial) < 0;
}

/* One gives way: where a stranger fills the place, his own connections do, and a slow child keeps its own. */
static void make_room(struct dp_net *net, struct server *s)
{
    struct conn *first = NULL;

    for (size_t i = 0; i < s->conns.cap; i++) {
        struct conn *c = &s->conns.at[i];

        if (c->open && c->crowds && (first == NULL || goes_before(s, c, first)))
            first = c;
    }
    net->count.crowded_out += first != NULL;
    conns_cut(s, first);
}

/* The operator is let in where children are not. */
static bool fds_short(struct dp_net *net, const struct server *s, int fd)
{
    struct rlimit r;
    int kept = s->role == ROLE_CONTROL ? FDS_KEPT_CONTROL : FDS_KEPT;

    if (net->fd_limit == 0)
        net->fd_limit =
            getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < INT32_MAX ? (int)r.rlim_cur : INT32_MAX;
    return fd >= net->fd_limit - kept;
}

/* One more than there may be: who gives way? */
static void enforce(struct dp_net *net, struct server *s, struct conn *c)
{
    bool crowded = s->conns.crowd > s->conns.crowd_max || fds_short(net, s, conns_fd(s, c));

    if (!sources_accept(s, c->source, c->since_ms)) {
        net->count.rate_limited++;
        conns_cut(s, c);
    } else if (crowded && s->role == ROLE_CONTROL) {
        shares_make_room(net, s, fds_short(net, s, conns_fd(s, c)));
    } else if (crowded) {
        make_room(net, s);
    }
}

/* The place is free again; its peer, if the connection was still his, goes down. */
static void release(struct dp_net *net, struct server *s, struct conn *c)
{
    struct peer *p = c->peer > 0 ? &net->peers.at[c->peer - 1] : NULL;

    if (p != NULL && conns_of_peer(net, p) == c)
        peers_lost(net, p, true);
    s->conns.open--;
    s->conns.away -= c->away;
    conns_uncount(s, c);
    net->count.disconnected++;
    if (c->spoke) {
        struct dp_net_event ev = {.type = DP_NET_CONTROL_GONE, .conn = c->routing_id, .fd = -1};
        emit(net, &ev);
    }
    memset(c, 0, sizeof(*c));
}

void conns_accepted(struct dp_net *net, struct server *s, int fd)
{
    struct conn *c;

    net->count.accepted++;
    conns_closed(net, s, fd);
    if (!grow(&s->conns, fd)) {
        net->count.crowded_out++;
        (void)shutdown(fd, SHUT_RDWR);
        return;
    }
    c = &s->conns.at[fd];
    *c = (struct conn){
        .open = true,
        .crowds = true,
        .source = sources_place(net, fd),
        .serial = ++net->serials,
        .since_ms = net_now(net),
    };
    s->conns.open++;
    s->conns.crowd++;
    s->source[c->source].crowd++;
    if (s->role == ROLE_CONTROL)
        shares_note(net, c, fd);
    enforce(net, s, c);
}

void conns_closed(struct dp_net *net, struct server *s, int fd)
{
    struct conn *c = conn_at(s, fd);

    if (c != NULL)
        release(net, s, c);
}

struct conn *conns_of(struct server *s, const struct arrival *a)
{
    struct conn *c = conn_at(s, a->fd);

    return c != NULL && a->proven && (int32_t)(a->proof - c->serial) < 0 ? NULL : c;
}

struct conn *conns_of_peer(struct dp_net *net, const struct peer *p)
{
    struct conn *c = conn_at(&net->link, p->fd);

    return c != NULL && c->serial == p->serial ? c : NULL;
}

struct conn *conns_heard(struct server *s, const struct arrival *a)
{
    struct conn *c = conns_of(s, a);

    if (c == NULL)
        return NULL;
    if (s->role == ROLE_LINK)
        conns_uncount(s, c);
    c->settled = true;
    c->hoard.heard = true;
    return c;
}

void conns_forget(struct server *s)
{
    free(s->conns.at);
    s->conns = (struct conns){.at = NULL};
    memset(s->source, 0, sizeof(s->source));
}

static uint64_t received_bytes(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    memset(&info, 0, sizeof(info));
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return info.tcpi_bytes_received;
}

bool hoards(struct hoard *h, int fd, uint64_t max)
{
    uint64_t bytes = received_bytes(fd);

    if (!h->heard && bytes >= h->base_bytes)
        return bytes - h->base_bytes > max;
    h->base_bytes = bytes;
    h->heard = false;
    return false;
}

uint64_t hoard_max(const struct dp_net_config *c, int hwm, int max_bytes)
{
    return (uint64_t)(hwm + 2) * (uint64_t)max_bytes + 2 * (uint64_t)c->rcvbuf_bytes;
}

static void look_at(struct dp_net *net, struct server *s, struct conn *c, int64_t now)
{
    if (hoards(&c->hoard, conns_fd(s, c), c->settled ? s->hoard_max : s->first_max)) {
        net->count.hoarding++;
        conns_cut(s, c);
    }
    if ((s->role == ROLE_ENROLL && now - c->since_ms > net->cfg.enroll_life_ms) ||
        (c->cut_ms != 0 && now >= c->cut_ms))
        conns_cut(s, c);
}

int64_t conns_due_ms(const struct server *s)
{
    size_t looked_at = s->role == ROLE_CONTROL ? s->conns.away : s->conns.open;

    return looked_at > 0 ? s->conns.look_ms : INT64_MAX;
}

void conns_look(struct dp_net *net, struct server *s)
{
    struct conns *cs = &s->conns;
    int64_t now = net_now(net);

    if (now < conns_due_ms(s))
        return;
    cs->look_ms = now + (cs->crowd > 0 ? LOOK_CROWD_MS : LOOK_MS);
    for (size_t i = 0; i < cs->cap; i++) {
        struct conn *c = &cs->at[i];

        if (!c->open || c->cut)
            continue;
        look_at(net, s, c, now);
        if (!c->cut && c->cut_ms != 0 && c->cut_ms < cs->look_ms)
            cs->look_ms = c->cut_ms;
    }
}
