/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's monitor: what happens to its connections, read without waiting. Its queue has no limit,
 * for a full one stops the library's thread; it is drained each turn, and what fills it is
 * bounded by the rate of connections.
 */
#include "net/inner.h"

#include <stdio.h>
#include <string.h>

enum dp_err monitor_open(struct dp_net *net, void *socket, int events, void **out)
{
    struct setup s;
    char name[48];

    snprintf(name, sizeof(name), "inproc://daipao.monitor.%u", net->names++);
    if (zmq_socket_monitor(socket, name, events) != 0)
        return net_errno();
    s = setup_socket(net, ZMQ_PAIR);
    setup_int(&s, ZMQ_RCVHWM, 0);
    if (s.err == DP_OK && zmq_connect(s.socket, name) != 0)
        s.err = net_errno();
    if (s.err != DP_OK) {
        zmq_socket_monitor(socket, NULL, 0);
        if (s.socket != NULL)
            zmq_close(s.socket);
        return s.err;
    }
    *out = s.socket;
    return DP_OK;
}

/* Frame 1: event 16 bits, value 32 bits, in the order of this machine. Frame 2: address, unused. */
bool monitor_next(void *monitor, struct mon_event *e)
{
    uint8_t head[6];
    char address[ENDPOINT_BYTES];
    uint16_t what;
    int32_t value;
    int len = zmq_recv(monitor, head, sizeof(head), ZMQ_DONTWAIT);

    if (len < 0)
        return false;
    (void)zmq_recv(monitor, address, sizeof(address), ZMQ_DONTWAIT);
    memcpy(&what, head, sizeof(what));
    memcpy(&value, head + sizeof(what), sizeof(value));
    e->what = len == (int)sizeof(head) ? what : 0;
    e->value = value;
    return true;
}

void monitored_close(void **socket, void **monitor)
{
    if (*socket != NULL && *monitor != NULL)
        zmq_socket_monitor(*socket, NULL, 0);
    if (*monitor != NULL)
        zmq_close(*monitor);
    if (*socket != NULL)
        zmq_close(*socket);
    *socket = NULL;
    *monitor = NULL;
}
