/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where connections come from. Limits of all together would let one stranger use them up and keep
 * the children out, so each address has its share of them; children behind one address share
 * it, and it is far more than they need. Sources are places of a fixed table, found by a secret:
 * nobody can choose to share the place of somebody else.
 */
#include "net/inner.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static int share(int per_s)
{
    return per_s - per_s / 4;
}

void sources_limit(struct server *s, int per_s)
{
    s->accepts = s->messages = rate_of(per_s);
    for (size_t i = 0; i < SOURCES; i++)
        s->source[i] = (struct source){.accepts = rate_of(share(per_s)), .messages = rate_of(share(per_s))};
}

/* An IPv4 address, the network of an IPv6 address (its owner has all the rest), or 0. */
static uint64_t address_of(int fd)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    uint64_t address = 0;

    memset(&from, 0, sizeof(from));
    if (getpeername(fd, (struct sockaddr *)&from, &len) != 0)
        return 0;
    if (from.ss_family == AF_INET) {
        struct sockaddr_in four;

        memcpy(&four, &from, sizeof(four));
        address = four.sin_addr.s_addr;
    } else if (from.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        bool mapped;

        memcpy(&six, &from, sizeof(six));
        mapped = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
        memcpy(&address, six.sin6_addr.s6_addr + (mapped ? 8 : 0), sizeof(address));
    }
    return address;
}

/* Mixes as the finaliser of SplitMix64 does. */
uint16_t sources_place(const struct dp_net *net, int fd)
{
    uint64_t x = address_of(fd) ^ net->secret;

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint16_t)((x ^ (x >> 31)) & (SOURCES - 1));
}

/* The share first: what it refuses takes nothing from the others. */
bool sources_accept(struct server *s, uint16_t place, int64_t now_ms)
{
    return rate_take(&s->source[place].accepts, now_ms) && rate_take(&s->accepts, now_ms);
}

bool sources_message(struct server *s, const struct conn *c, int64_t now_ms)
{
    return (c == NULL || rate_take(&s->source[c->source].messages, now_ms)) &&
           rate_take(&s->messages, now_ms);
}
