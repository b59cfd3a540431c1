/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "probe.h"
#include "rig.h"
#include "wire/block.h"
#include "wire/link.h"

#define CHUNK (4u << 20)
#define OVERLAP 4096
#define UNPACK_MAX (1u << 20)
#define TAP_CONNS 32

void hunt_new(struct hunt *h, const char *const *needles, unsigned n)
{
    memset(h, 0, sizeof *h);
    for (h->n = 0; h->n < n && h->n < HUNT_MAX; h->n++)
        h->needle[h->n] = needles[h->n];
}

void hunt_reset(struct hunt *h)
{
    memset(h->hits, 0, sizeof h->hits);
    h->bytes = h->unpacked = 0;
}

uint64_t hunt_total(const struct hunt *h)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < h->n; i++)
        n += h->hits[i];
    return n;
}

static void plain(struct hunt *h, const uint8_t *p, size_t len)
{
    for (unsigned i = 0; i < h->n; i++) {
        size_t k = strlen(h->needle[i]);
        const uint8_t *at = p;
        while ((at = memmem(at, len - (size_t)(at - p), h->needle[i], k)) != NULL) {
            h->hits[i]++;
            at += k;
        }
    }
    h->bytes += len;
}

/* Compressed runs; one that is cut off gives what it can. */
static void unpack(struct hunt *h, const uint8_t *p, size_t len)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    static uint8_t room[UNPACK_MAX];
    const uint8_t *at = p;
    while ((at = memmem(at, len - (size_t)(at - p), magic, sizeof magic)) != NULL) {
        ZSTD_DStream *z = ZSTD_createDStream();
        ZSTD_inBuffer in = {at, len - (size_t)(at - p), 0};
        ZSTD_outBuffer out = {room, sizeof room, 0};
        size_t rc = 1;
        while (rc != 0 && !ZSTD_isError(rc) && in.pos < in.size && out.pos < out.size)
            rc = ZSTD_decompressStream(z, &out, &in);
        ZSTD_freeDStream(z);
        plain(h, room, out.pos);
        h->unpacked += out.pos;
        at += sizeof magic;
    }
}

void hunt_bytes(struct hunt *h, const uint8_t *p, size_t len)
{
    plain(h, p, len);
    unpack(h, p, len);
}

/* From `from` on, up to `len` bytes, in pieces that overlap; holes are passed over. */
static void hunt_fd(struct hunt *h, int fd, off_t from, uint64_t len)
{
    uint8_t *buf = malloc(CHUNK);
    if (buf == NULL)
        proc_die("no memory");
    for (uint64_t done = 0; done < len; done += CHUNK - OVERLAP) {
        uint64_t want = len - done < CHUNK ? len - done : CHUNK;
        ssize_t got = pread(fd, buf, want, from + (off_t)done);
        if (got > 0)
            hunt_bytes(h, buf, (size_t)got);
    }
    free(buf);
}

static void hunt_file(struct hunt *h, const char *path, uint64_t len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        proc_die("%s cannot be read", path);
    hunt_fd(h, fd, 0, len);
    close(fd);
}

void hunt_path(struct hunt *h, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        proc_die("%s is not there", path);
    if (S_ISREG(st.st_mode))
        hunt_file(h, path, (uint64_t)st.st_size);
    if (!S_ISDIR(st.st_mode))
        return;
    DIR *dir = opendir(path);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char below[1024];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        hunt_path(h, below);
    }
    if (dir != NULL)
        closedir(dir);
}

#define SHADOW_BYTES (1ul << 40) /* no daemon has so much: what a sanitizer keeps about the rest */

void hunt_memory(struct hunt *h, pid_t pid)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    if (fd < 0 || maps == NULL)
        proc_die("the memory of %d cannot be read", (int)pid);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[0] == 'r' &&
            strstr(line, "[v") == NULL && to - from < SHADOW_BYTES)
            hunt_fd(h, fd, (off_t)from, to - from);
    }
    fclose(maps);
    close(fd);
}

unsigned hunt_frames(const char *path, uint8_t kind)
{
    unsigned n = 0;
    struct probe_record r;
    FILE *f = fopen(path, "rb");
    uint8_t *buf = malloc(DP_FRAME_MAX);
    if (f == NULL || buf == NULL)
        proc_die("%s cannot be read", path);
    while (fread(&r, sizeof r, 1, f) == 1) {
        struct dp_frame frame;
        if (r.len > DP_FRAME_MAX || fread(buf, 1, r.len, f) != r.len)
            break;
        n += r.out == 1 && dp_frame_get(dp_slice_of(buf, r.len), &frame) == DP_OK &&
             frame.type == DP_FRAME_ITEM && frame.u.item.kind == kind;
    }
    fclose(f);
    free(buf);
    return n;
}

/* ---- the tap ---- */

struct tap {
    int file, listen;
    struct sockaddr_in to;
    int fd[TAP_CONNS * 2]; /* pairs: who came, where it goes; -1 = free */
};

static struct sockaddr_in loopback(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static void tap_accept(struct tap *t)
{
    int from = accept(t->listen, NULL, NULL), to = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    for (unsigned i = 0; i < TAP_CONNS; i++)
        if (t->fd[2 * i] < 0 && from >= 0 && to >= 0 &&
            connect(to, (struct sockaddr *)&t->to, sizeof t->to) == 0) {
            setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            t->fd[2 * i] = from;
            t->fd[2 * i + 1] = to;
            return;
        }
    close(from);
    close(to);
}

static void tap_pass(struct tap *t, unsigned i)
{
    char buf[65536];
    ssize_t got = recv(t->fd[i], buf, sizeof buf, 0);
    if (got > 0 && write(t->file, buf, (size_t)got) == got &&
        send(t->fd[i ^ 1u], buf, (size_t)got, MSG_NOSIGNAL) == got)
        return;
    close(t->fd[i]);
    close(t->fd[i ^ 1u]);
    t->fd[i] = t->fd[i ^ 1u] = -1;
}

static void tap_run(struct tap *t)
{
    for (;;) {
        struct pollfd p[TAP_CONNS * 2 + 1];
        for (unsigned i = 0; i < TAP_CONNS * 2; i++)
            p[i] = (struct pollfd){.fd = t->fd[i], .events = POLLIN};
        p[TAP_CONNS * 2] = (struct pollfd){.fd = t->listen, .events = POLLIN};
        if (poll(p, TAP_CONNS * 2 + 1, -1) < 0)
            return;
        for (unsigned i = 0; i < TAP_CONNS * 2; i++)
            if (p[i].revents != 0 && t->fd[i] == p[i].fd)
                tap_pass(t, i);
        if (p[TAP_CONNS * 2].revents != 0)
            tap_accept(t);
    }
}

pid_t tap_start(unsigned port, unsigned to_port, const char *file)
{
    struct tap t = {.to = loopback(to_port)};
    struct sockaddr_in at = loopback(port);
    int one = 1;
    memset(t.fd, -1, sizeof t.fd);
    t.file = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    t.listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(t.listen, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (t.file < 0 || bind(t.listen, (struct sockaddr *)&at, sizeof at) != 0 || listen(t.listen, 16) != 0)
        proc_die("no tap on port %u", port);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        tap_run(&t);
        _exit(1);
    }
    close(t.file);
    close(t.listen);
    return pid;
}
