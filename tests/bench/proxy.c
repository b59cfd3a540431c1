/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

/* False when that side has ended. */
static bool carry(int from, int to, _Atomic uint64_t *count)
{
    char buf[65536];
    ssize_t n = read(from, buf, sizeof buf);
    for (ssize_t at = 0; at < n;) {
        ssize_t w = write(to, buf + at, (size_t)(n - at));
        if (w <= 0)
            return false;
        at += w;
    }
    if (n > 0)
        atomic_fetch_add(count, (uint64_t)n);
    return n > 0;
}

static void serve(struct proxy *p, int child)
{
    struct sockaddr_in a = loopback(p->to);
    int one = 1, parent = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd fd[2] = {{.fd = child, .events = POLLIN}, {.fd = parent, .events = POLLIN}};
    bool on = parent >= 0 && connect(parent, (struct sockaddr *)&a, sizeof a) == 0;
    setsockopt(parent, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(child, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (on && poll(fd, 2, -1) > 0) {
        if (fd[0].revents != 0)
            on = carry(child, parent, &p->up);
        if (on && fd[1].revents != 0)
            on = carry(parent, child, &p->down);
    }
    close(parent);
    close(child);
}

static void *run(void *ctx)
{
    struct proxy *p = ctx;
    for (;;) {
        int child = accept(p->listener, NULL, NULL);
        if (child >= 0)
            serve(p, child);
    }
    return NULL;
}

void proxy_start(struct proxy *p, unsigned to)
{
    struct sockaddr_in a = loopback(0);
    socklen_t len = sizeof a;
    pthread_t thread;
    p->to = to;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (p->listener < 0 || bind(p->listener, (struct sockaddr *)&a, len) != 0 ||
        listen(p->listener, 4) != 0 || getsockname(p->listener, (struct sockaddr *)&a, &len) != 0)
        die("proxy");
    p->port = ntohs(a.sin_port);
    if (pthread_create(&thread, NULL, run, p) != 0)
        die("proxy");
    pthread_detach(thread);
}

uint64_t proxy_bytes(struct proxy *p)
{
    return atomic_load(&p->up) + atomic_load(&p->down);
}
