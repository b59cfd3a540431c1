/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections by descriptor. The library has no bound on their number, nor on a message of
 * endless parts, so we cut them ourselves: shutdown(2) on a descriptor that it owns and closes. At
 * worst, a descriptor that changed hands a moment ago loses a connection that will be made again.
 */
#include "net/inner.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define LOOK_MS 1000
#define LOOK_ENROLL_MS 250 /* anyone may send there: look before much has come */
#define FDS_KEPT 64        /* descriptors for the rest of the process */

struct server *server_of(struct dp_net *net, enum role role)
{
    switch (role) {
    case ROLE_LINK:
        return &net->link;
    case ROLE_ENROLL:
        return &net->enroll;
    case ROLE_CONTROL:
        return &net->control;
    case ROLE_NONE:
        break;
    }
    return NULL;
}

static struct conn *conn_at(struct dp_net *net, int fd)
{
    struct conns *c = &net->conns;

    return fd >= 0 && (size_t)fd < c->cap && c->at[fd].role != ROLE_NONE ? &c->at[fd] : NULL;
}

/* Room for index `fd`. */
static bool grow(struct conns *c, int fd)
{
    size_t cap = c->cap > 0 ? c->cap : 64;
    struct conn *at;

    if (fd < 0)
        return false;
    while (cap <= (size_t)fd)
        cap *= 2;
    if (cap == c->cap)
        return true;
    at = realloc(c->at, cap * sizeof(*at));
    if (at == NULL)
        return false;
    memset(at + c->cap, 0, (cap - c->cap) * sizeof(*at));
    c->at = at;
    c->cap = cap;
    return true;
}

static void cut(struct dp_net *net, struct conn *c, int fd)
{
    struct server *s = server_of(net, c->role);

    if (c->cut)
        return;
    c->cut = true;
    s->live--;
    s->pending -= !c->settled;
    (void)shutdown(fd, SHUT_RDWR);
}

void conns_cut(struct dp_net *net, int fd)
{
    struct conn *c = conn_at(net, fd);

    if (c != NULL)
        cut(net, c, fd);
}

void conns_cut_soon(struct dp_net *net, int fd)
{
    struct conn *c = conn_at(net, fd);
    int64_t due = net_now(net) + DROP_LINGER_MS;

    if (c == NULL || c->cut_ms != 0)
        return;
    c->cut_ms = due;
    if (net->conns.look_ms > due)
        net->conns.look_ms = due;
}

static void cut_oldest(struct dp_net *net, enum role role, bool pending_only)
{
    struct conns *cs = &net->conns;
    struct conn *oldest = NULL;

    for (size_t i = 0; i < cs->cap; i++) {
        struct conn *c = &cs->at[i];

        if (c->role != role || c->cut || (pending_only && c->settled))
            continue;
        if (oldest == NULL || (int32_t)(c->serial - oldest->serial) < 0)
            oldest = c;
    }
    if (oldest == NULL)
        return;
    net->count.crowded_out++;
    cut(net, oldest, (int)(oldest - cs->at));
}

static int fd_limit(struct conns *c)
{
    struct rlimit r;

    if (c->fd_limit == 0)
        c->fd_limit =
            getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < INT32_MAX ? (int)r.rlim_cur : INT32_MAX;
    return c->fd_limit;
}

/* One more than there may be: who gives way? */
static void enforce(struct dp_net *net, struct server *s, int fd)
{
    struct conn *c = &net->conns.at[fd];

    if (!rate_take(&s->accepts, c->since_ms)) {
        net->count.rate_limited++;
        cut(net, c, fd);
    } else if (fd >= fd_limit(&net->conns) - FDS_KEPT ||
               (s->role == ROLE_CONTROL && s->live > (size_t)net->cfg.control_conns_max)) {
        net->count.crowded_out++;
        cut(net, c, fd);
    } else if (s->role == ROLE_LINK && s->pending > (size_t)net->cfg.pending_max) {
        cut_oldest(net, ROLE_LINK, true);
    } else if (s->role == ROLE_ENROLL && s->live > (size_t)net->cfg.enroll_conns_max) {
        cut_oldest(net, ROLE_ENROLL, false);
    }
}

/* The slot is free again; its peer, if the connection was still his, goes down. */
static void release(struct dp_net *net, struct conn *c, int fd)
{
    struct server *s = server_of(net, c->role);
    struct peer *p = c->peer > 0 ? &net->peers.at[c->peer - 1] : NULL;

    s->open--;
    if (!c->cut) {
        s->live--;
        s->pending -= !c->settled;
    }
    if (p != NULL && p->fd == fd && p->serial == c->serial)
        peers_lost(net, p, true);
    memset(c, 0, sizeof(*c));
    net->count.disconnected++;
}

void conns_accepted(struct dp_net *net, struct server *s, int fd)
{
    struct conn *old = conn_at(net, fd);

    net->count.accepted++;
    if (old != NULL) /* its end waits in another socket's monitor */
        release(net, old, fd);
    if (!grow(&net->conns, fd)) {
        net->count.crowded_out++;
        (void)shutdown(fd, SHUT_RDWR);
        return;
    }
    net->conns.at[fd] = (struct conn){
        .role = s->role,
        .serial = ++net->conns.serial,
        .since_ms = net_now(net),
    };
    s->open++;
    s->live++;
    s->pending++;
    enforce(net, s, fd);
}

void conns_closed(struct dp_net *net, struct server *s, int fd)
{
    struct conn *c = conn_at(net, fd);

    if (c != NULL && c->role == s->role)
        release(net, c, fd);
}

struct conn *conns_heard(struct dp_net *net, enum role role, int fd)
{
    struct conn *c = conn_at(net, fd);

    if (c == NULL || c->role != role)
        return NULL;
    if (!c->settled && !c->cut)
        server_of(net, role)->pending--;
    c->settled = true;
    c->heard = true;
    return c;
}

void conns_forget(struct dp_net *net, enum role role)
{
    for (size_t i = 0; i < net->conns.cap; i++)
        if (net->conns.at[i].role == role)
            memset(&net->conns.at[i], 0, sizeof(net->conns.at[i]));
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

static void look_at(struct dp_net *net, struct conn *c, int fd, int64_t now)
{
    uint64_t bytes = received_bytes(fd);

    if (c->heard || bytes < c->base_bytes) {
        c->base_bytes = bytes;
        c->heard = false;
    } else if (bytes - c->base_bytes > server_of(net, c->role)->hoard_max) {
        net->count.hoarding++;
        cut(net, c, fd);
    }
    if ((c->role == ROLE_ENROLL && now - c->since_ms > net->cfg.enroll_life_ms) ||
        (c->cut_ms != 0 && now >= c->cut_ms))
        cut(net, c, fd);
}

int64_t conns_due_ms(const struct dp_net *net)
{
    return net->link.live + net->enroll.live > 0 ? net->conns.look_ms : INT64_MAX;
}

void conns_look(struct dp_net *net)
{
    struct conns *cs = &net->conns;
    int64_t now = net_now(net);

    if (now < conns_due_ms(net))
        return;
    cs->look_ms = now + (net->enroll.live > 0 ? LOOK_ENROLL_MS : LOOK_MS);
    for (size_t i = 0; i < cs->cap; i++) {
        struct conn *c = &cs->at[i];

        if ((c->role == ROLE_LINK || c->role == ROLE_ENROLL) && !c->cut)
            look_at(net, c, (int)i, now);
    }
}
