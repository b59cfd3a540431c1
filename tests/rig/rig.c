/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

#define CALL_MS 60000
#define LOG_TAIL 3000 /* bytes of each log that a failed scenario shows */

static struct proc_rig *current; /* for the clean-up of a scenario that dies */

#define die proc_die

/* What the daemons said last, for a reader who has only this output. */
static void show_log(const struct proc_node *n)
{
    char path[300], bytes[LOG_TAIL + 1];
    snprintf(path, sizeof path, "%s/log", n->dir);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return;
    if (fseek(f, -LOG_TAIL, SEEK_END) != 0)
        rewind(f);
    bytes[fread(bytes, 1, LOG_TAIL, f)] = '\0';
    fclose(f);
    fprintf(stderr, "rig: end of the log of %s:\n%s\n", n->id, bytes);
}

void proc_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "rig: ");
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    for (unsigned i = 0; current != NULL && i < current->count; i++)
        show_log(&current->node[i]);
    if (current != NULL)
        proc_free(current);
    exit(1);
}

double proc_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void proc_nap(void)
{
    const struct timespec t = {.tv_nsec = 5000000};
    nanosleep(&t, NULL);
}

void proc_new(struct proc_rig *r, const char *daemon)
{
    const char *tmp = getenv("TMPDIR");
    memset(r, 0, sizeof *r);
    snprintf(r->dir, sizeof r->dir, "%s/daipao-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(r->dir) == NULL)
        die("no temporary folder: %s", strerror(errno));
    snprintf(r->daemon, sizeof r->daemon, "%s", daemon);
    r->next_port = 10000 + (unsigned)getpid() % 135 * 160;
    current = r;
}

static void remove_tree(const char *dir)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", dir, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

void proc_free(struct proc_rig *r)
{
    current = NULL;
    for (unsigned i = 0; i < r->count; i++)
        if (r->node[i].pid > 0)
            proc_kill(&r->node[i], SIGTERM);
    if (getenv("DP_KEEP") != NULL)
        fprintf(stderr, "kept: %s\n", r->dir);
    else
        remove_tree(r->dir);
}

static void write_conf(const struct proc_node *n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/daipaod.conf", n->dir);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        die("%s: %s", path, strerror(errno));
    fprintf(f, "[node]\ndata-dir = %s/data\nruntime-dir = %s/run\n", n->dir, n->dir);
    if (n->port != 0)
        fprintf(f, "[children]\nlisten = 127.0.0.1:%u\n", n->port);
    if (strstr(n->conf, "[store]") == NULL)
        fprintf(f, "[store]\nmap-size = 8G\nfree-min = 1%%\n");
    fprintf(f, "[control]\ngroup = root\n%s", n->conf);
    fclose(f);
}

struct proc_node *proc_lay(struct proc_rig *r, const char *id, bool listens)
{
    if (r->count == RIG_NODES)
        die("more than %d nodes", RIG_NODES);
    struct proc_node *n = &r->node[r->count++];
    char base[sizeof r->dir];
    memcpy(base, r->dir, sizeof base);
    snprintf(n->id, sizeof n->id, "%s", id);
    snprintf(n->dir, sizeof n->dir, "%s/%s", base, id);
    if (mkdir(n->dir, 0700) != 0)
        die("%s: %s", n->dir, strerror(errno));
    if (listens) {
        n->port = r->next_port;
        r->next_port += 10;
    }
    return n;
}

struct proc_node *proc_add(struct proc_rig *r, const char *id, bool listens)
{
    struct proc_node *n = proc_lay(r, id, listens);
    proc_start(r, n);
    return n;
}

/* In the child: never returns. Nobody outlives the scenario, however it ends. */
static void become(const struct proc_rig *r, const struct proc_node *n, int fd, const char *const *argv)
{
    const char *program = n->program[0] != '\0' ? n->program : r->daemon;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0; i < sizeof n->env / sizeof n->env[0]; i++)
        if (n->env[i][0] != '\0')
            putenv((char *)n->env[i]);
    if (fd < 0 || dup2(fd, 2) < 0 || dup2(fd, 1) < 0)
        _exit(126);
    execv(program, (char *const *)argv);
    _exit(127);
}

bool proc_try_start(struct proc_rig *r, struct proc_node *n, int *status)
{
    char conf[300], log[300], sock[320];
    const char *argv[] = {"daipaod", "-c", conf, NULL};
    write_conf(n);
    snprintf(conf, sizeof conf, "%s/daipaod.conf", n->dir);
    snprintf(log, sizeof log, "%s/log", n->dir);
    snprintf(sock, sizeof sock, "%s/run/control.sock", n->dir);
    if (n->ctl != NULL)
        dp_ctl_close(&n->ctl);
    n->pid = fork();
    if (n->pid == 0)
        become(r, n, open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), argv);
    for (double end = proc_now() + 20; proc_now() < end; proc_nap()) {
        if (proc_ended(n, status))
            return false;
        if (dp_ctl_open(sock, &n->ctl) == DP_OK)
            return true;
    }
    die("%s does not answer at %s", n->id, sock);
}

void proc_start(struct proc_rig *r, struct proc_node *n)
{
    int status;
    if (!proc_try_start(r, n, &status))
        die("%s ended at its start, status %x; see %s/log", n->id, (unsigned)status, n->dir);
}

void proc_kill(struct proc_node *n, int sig)
{
    if (n->ctl != NULL)
        dp_ctl_close(&n->ctl);
    kill(n->pid, sig);
    waitpid(n->pid, NULL, 0);
    n->pid = 0;
}

bool proc_ended(struct proc_node *n, int *status)
{
    if (n->pid <= 0 || waitpid(n->pid, status, WNOHANG) != n->pid)
        return false;
    n->pid = 0;
    if (n->ctl != NULL)
        dp_ctl_close(&n->ctl);
    return true;
}

int proc_offline(struct proc_rig *r, const struct proc_node *n, const char *option, const char *arg,
                 char *out, size_t cap)
{
    char conf[300];
    const char *argv[] = {"daipaod", "-c", conf, option, arg, NULL};
    int fd[2], status = 0;
    size_t len = 0;
    write_conf(n);
    snprintf(conf, sizeof conf, "%s/daipaod.conf", n->dir);
    if (pipe2(fd, O_CLOEXEC) != 0)
        die("pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        become(r, n, fd[1], argv);
    close(fd[1]);
    for (ssize_t got; len + 1 < cap && (got = read(fd[0], out + len, cap - 1 - len)) > 0;)
        len += (size_t)got;
    out[len] = '\0';
    for (char rest[4096]; read(fd[0], rest, sizeof rest) > 0;)
        ; /* so that it is not ended by our not listening */
    close(fd[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Daipao__Control__V1__Reply *proc_try_call(struct proc_node *n, Daipao__Control__V1__Request *rq)
{
    struct dp_slice reply;
    rq->version = 1;
    size_t len = daipao__control__v1__request__get_packed_size(rq);
    uint8_t *buf = malloc(len);
    if (buf == NULL)
        die("no memory");
    daipao__control__v1__request__pack(rq, buf);
    enum dp_err e = dp_ctl_call(n->ctl, dp_slice_of(buf, len), &reply, CALL_MS);
    free(buf);
    if (e == DP_UNREACHABLE)
        return NULL;
    if (e != DP_OK)
        die("%s: control: %s", n->id, dp_err_text(e));
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, reply.len, reply.p);
    if (r == NULL || r->n_results < 1)
        die("%s: a reply cannot be read", n->id);
    return r;
}

Daipao__Control__V1__Reply *proc_call(struct proc_node *n, Daipao__Control__V1__Request *rq)
{
    Daipao__Control__V1__Reply *r = proc_try_call(n, rq);
    if (r == NULL)
        die("%s: went away; see %s/log", n->id, n->dir);
    return r;
}

void proc_reply_free(Daipao__Control__V1__Reply *r)
{
    daipao__control__v1__reply__free_unpacked(r, NULL);
}

static Daipao__Control__V1__Reply *call_one(struct proc_node *n, Daipao__Control__V1__Command *cmd,
                                            const char *as_office)
{
    Daipao__Control__V1__Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    Daipao__Control__V1__Command *list[1] = {cmd};
    rq.as_office = (char *)(as_office == NULL ? "" : as_office);
    rq.commands = list;
    rq.n_commands = 1;
    return proc_call(n, &rq);
}

char *proc_query(struct proc_node *n, const char *what, const char *case_ref, const char *as_office)
{
    Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
    Daipao__Control__V1__Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT;
    q.what = (char *)what;
    q.case_ref = (char *)(case_ref == NULL ? "" : case_ref);
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_QUERY;
    cmd.query = &q;
    Daipao__Control__V1__Reply *r = call_one(n, &cmd, as_office);
    char *json = strdup(r->results[0]->json);
    if (r->results[0]->err != DP_OK)
        fprintf(stderr, "rig: %s: query %s: %s\n", n->id, what, r->results[0]->text);
    proc_reply_free(r);
    return json;
}

int64_t proc_number(struct proc_node *n, const char *what, const char *path)
{
    char copy[128], *save = NULL, *json = proc_query(n, what, NULL, NULL);
    json_t *root = json_loads(json, 0, NULL), *at = root;
    int64_t v = -1;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *w = strtok_r(copy, ".", &save); w != NULL && at != NULL; w = strtok_r(NULL, ".", &save))
        at = json_object_get(at, w);
    if (json_is_integer(at))
        v = json_integer_value(at);
    else if (json_is_boolean(at))
        v = json_is_true(at);
    json_decref(root);
    free(json);
    return v;
}

uint32_t proc_admin(struct proc_node *n, Daipao__Control__V1__Admin *a, const char *as_office)
{
    Daipao__Control__V1__Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT;
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_ADMIN;
    cmd.admin = a;
    Daipao__Control__V1__Reply *r = call_one(n, &cmd, as_office);
    uint32_t err = r->results[0]->err;
    if (err != DP_OK && err != DP_DUPLICATE)
        fprintf(stderr, "rig: %s: %s: %s\n", n->id, a->verb, r->results[0]->text);
    proc_reply_free(r);
    return err;
}

void proc_wait(struct proc_node *n, const char *what, const char *path, int64_t at_least, int seconds)
{
    int64_t v = -1;
    for (double end = proc_now() + seconds; proc_now() < end; proc_nap())
        if ((v = proc_number(n, what, path)) >= at_least)
            return;
    die("%s: %s.%s is %lld after %d s, not %lld; see %s/log", n->id, what, path, (long long)v, seconds,
        (long long)at_least, n->dir);
}

/* ---- identities ---- */

void proc_root(struct proc_node *n)
{
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    a.verb = (char *)"node.init";
    a.node = n->id;
    a.name = (char *)"root";
    if (proc_admin(n, &a, NULL) != DP_OK)
        die("%s: the root could not be made", n->id);
}

void proc_token(struct proc_node *by, const char *id, const char *address, char code[64])
{
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    Daipao__Control__V1__Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT;
    a.verb = (char *)"enroll.token";
    a.node = (char *)id;
    a.address = (char *)address;
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_ADMIN;
    cmd.admin = &a;
    Daipao__Control__V1__Reply *r = call_one(by, &cmd, NULL);
    json_t *j = json_loads(r->results[0]->json, 0, NULL);
    const char *text = json_string_value(json_object_get(j, "code"));
    if (text == NULL)
        die("%s: no code for %s: %s", by->id, id, r->results[0]->text);
    snprintf(code, 64, "%s", text);
    json_decref(j);
    proc_reply_free(r);
}

uint32_t proc_join(struct proc_node *n, const char *id, const struct proc_node *by, const char *code)
{
    char address[40];
    Daipao__Control__V1__Admin join = DAIPAO__CONTROL__V1__ADMIN__INIT;
    snprintf(address, sizeof address, "127.0.0.1:%u", by->port);
    join.verb = (char *)"node.join";
    join.node = (char *)id;
    join.address = address;
    join.code = (char *)code;
    return proc_admin(n, &join, NULL);
}

/* Is there a request of `id` in that state? */
static bool requested(struct proc_node *by, const char *id, const char *state)
{
    char *json = proc_query(by, "enrolments", NULL, NULL);
    json_t *root = json_loads(json, 0, NULL), *row;
    bool is = false;
    size_t i;
    json_array_foreach(json_object_get(root, "requests"), i, row)
    {
        const char *node = json_string_value(json_object_get(row, "node"));
        const char *have = json_string_value(json_object_get(row, "state"));
        is |= node != NULL && have != NULL && strcmp(node, id) == 0 && strcmp(have, state) == 0;
    }
    json_decref(root);
    free(json);
    return is;
}

void proc_approve(struct proc_node *by, const char *id)
{
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    a.verb = (char *)"enroll.approve";
    a.node = (char *)id;
    for (double end = proc_now() + 30; !requested(by, id, "pending"); proc_nap())
        if (proc_now() > end)
            die("%s: the request of %s did not arrive", by->id, id);
    if (proc_admin(by, &a, NULL) != DP_OK)
        die("%s cannot approve %s", by->id, id);
}

void proc_enroll(struct proc_rig *r, struct proc_node *n, struct proc_node *parent)
{
    char code[64];
    (void)r;
    proc_token(parent, n->id, "", code);
    if (proc_join(n, n->id, parent, code) != DP_OK)
        die("%s cannot ask", n->id);
    proc_approve(parent, n->id);
    proc_wait(n, "status", "enrolled", 1, 30);
    proc_wait(n, "status", "links_up", 1, 30);
}

void proc_office(struct proc_node *n, const char *slug)
{
    char office[64];
    Daipao__Control__V1__Admin a = DAIPAO__CONTROL__V1__ADMIN__INIT;
    snprintf(office, sizeof office, "%s/%s", n->id, slug);
    a.verb = (char *)"office.add";
    a.office = office;
    a.name = office;
    if (proc_admin(n, &a, NULL) != DP_OK)
        die("no office %s", office);
    a.verb = (char *)"officer.add";
    a.number = 1;
    a.uid = (uint32_t)getuid();
    a.user = true;
    a.roles = 3; /* clerk and head */
    if (proc_admin(n, &a, NULL) != DP_OK)
        die("no officer for %s", office);
}

/* ---- measuring ---- */

double proc_cpu(const struct proc_node *n)
{
    char path[64], text[1024];
    unsigned long user = 0, sys = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)n->pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[len] = '\0';
    const char *p = strrchr(text, ')');
    if (p == NULL || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
        return 0;
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* "FIELD:   123 kB" of a file of /proc. */
static int64_t proc_kb(const struct proc_node *n, const char *file, const char *field)
{
    char path[64], line[256];
    int64_t kb = -1;
    size_t len = strlen(field);
    snprintf(path, sizeof path, "/proc/%d/%s", (int)n->pid, file);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, len) == 0 && line[len] == ':')
            kb = strtoll(line + len + 1, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kb;
}

int64_t proc_smaps(const struct proc_node *n, const char *field)
{
    return proc_kb(n, "smaps_rollup", field);
}

void proc_peak_begin(const struct proc_node *n)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)n->pid);
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs("5", f) < 0 || fclose(f) != 0) /* proc(5): the peak is what it has now */
        proc_die("%s cannot be written", path);
}

int64_t proc_peak(const struct proc_node *n)
{
    return proc_kb(n, "status", "VmHWM");
}
