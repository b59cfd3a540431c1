/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of this machine. Who asks is what the kernel says of the process that
 * connected, taken by the library at accept and carried with each message; asking later by
 * descriptor could name another process.
 */
#include "net/inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

#define PATH_BYTES_MAX 100
#define RECEIVE_HWM 1024 /* a thousand requests may be under way on one connection */
#define SEND_HWM 4096
#define HANDSHAKE_MS 10000
#define CONNS_PER_S 1000

static bool somebody_answers(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool yes;

    if (fd < 0)
        return false;
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    yes = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EAGAIN;
    close(fd);
    return yes;
}

/* The library removes what lies at the path, whatever it is. */
static enum dp_err path_check(const char *path)
{
    struct stat st;

    if (path[0] != '/' || strlen(path) > PATH_BYTES_MAX)
        return DP_CONFIG;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? DP_OK : DP_IO;
    return S_ISSOCK(st.st_mode) && !somebody_answers(path) ? DP_OK : DP_CONFLICT;
}

static enum dp_err open_to_group(const char *path, gid_t gid)
{
    if (gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) != 0)
        return DP_IO;
    return chmod(path, 0660) == 0 ? DP_OK : DP_IO;
}

enum dp_err dp_net_control_bind(struct dp_net *net, const char *path, gid_t gid)
{
    char endpoint[PATH_BYTES_MAX + 8];
    int64_t max = DP_NET_CONTROL_MAX;
    struct setup s;
    mode_t before;
    enum dp_err err = net->control.socket != NULL ? DP_CONFLICT : path_check(path);

    if (err != DP_OK)
        return err;
    snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
    sources_limit(&net->control, CONNS_PER_S);
    net->control.conns.crowd_max = (size_t)net->cfg.control_conns_max;
    s = setup_socket(net, ZMQ_ROUTER);
    setup_bytes(&s, ZMQ_MAXMSGSIZE, &max, sizeof(max));
    setup_int(&s, ZMQ_RCVHWM, RECEIVE_HWM);
    setup_int(&s, ZMQ_SNDHWM, SEND_HWM);
    setup_int(&s, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    before = umask(0177); /* nobody else between bind and chmod */
    err = server_open(net, &net->control, &s, endpoint);
    umask(before);
    if (err == DP_OK)
        err = open_to_group(path, gid);
    if (err != DP_OK)
        control_close(net);
    return err;
}

/* The name first: while we still answer there, nobody else can have taken it. */
void control_close(struct dp_net *net)
{
    const char *path = net->control.endpoint + sizeof("ipc://") - 1;

    if (net->control.socket != NULL && net->control.endpoint[0] != '\0')
        (void)unlink(path);
    server_close(&net->control);
}

enum dp_err dp_net_control_send(struct dp_net *net, uint32_t conn, struct dp_slice reply)
{
    return server_send(net, &net->control, conn, reply);
}

/* One of the numbers that end "<host>:<uid>:<gid>:<pid>"; shortens *text by it. */
static bool last_number(struct dp_slice *text, uint64_t *out)
{
    size_t at = text->len;
    bool ok;

    while (at > 0 && text->p[at - 1] != ':')
        at--;
    if (at == 0)
        return false;
    ok = dp_text_digits(dp_slice_of(text->p + at, text->len - at), out) && *out <= UINT32_MAX;
    text->len = at - 1;
    return ok;
}

static bool credentials(const struct arrival *a, struct dp_net_event *ev)
{
    const char *peer = zmq_msg_gets(a->msg, "Peer-Address");
    uint64_t uid;
    uint64_t gid;
    uint64_t pid;
    struct dp_slice text;

    if (peer == NULL)
        return false;
    text = dp_slice_str(peer);
    if (!last_number(&text, &pid) || !last_number(&text, &gid) || !last_number(&text, &uid))
        return false;
    ev->uid = (uid_t)uid;
    ev->gid = (gid_t)gid;
    ev->pid = (pid_t)pid;
    return true;
}

static void take(struct dp_net *net, const struct arrival *a)
{
    struct dp_net_event ev = {.type = DP_NET_CONTROL, .conn = a->routing_id, .fd = -1, .bytes = a->bytes};
    struct conn *c;

    if (!credentials(a, &ev)) {
        net->count.control_refused++;
        conns_cut(&net->control, conns_of(&net->control, a));
        return;
    }
    c = conns_heard(&net->control, a);
    if (c != NULL) {
        ev.away = c->away;
        c->spoke = true;
        c->routing_id = a->routing_id;
    }
    net->count.control_in++;
    emit(net, &ev);
    if (ev.away)
        shares_heard_away(net, &net->control, c);
}

void control_serve(struct dp_net *net)
{
    struct budget b = budget_of(net);
    struct arrival a;
    enum received got;

    do {
        got = server_receive(net, &net->control, &a);
        if (got == RECEIVED_ONE)
            take(net, &a);
    } while (got != RECEIVED_NONE && budget_take(&b, a.bytes.len));
}
