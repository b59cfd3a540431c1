/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked around the decoders of a real daemon with --wrap: what a decoder took is written to
 * $DAIPAO_TAP/<target>/<label>-<hash>, a file for each different input, as the target of that name reads it.
 * The daemon is unchanged; what it refused is not written. tests/fuzz/record chooses from these files.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/calendar_file.h"
#include "config/config.h"
#include "config/profile_file.h"
#include "control/request.h"
#include "crypto/ca.h"
#include "crypto/chain.h"
#include "crypto/code.h"
#include "net/net.h"
#include "wire/block.h"
#include "wire/entry.h"
#include "wire/link.h"
#include "wire/part.h"

#define INPUT_MAX 8192  /* tests/fuzz/hunt tries none longer */
#define LABEL_FILES 400 /* of one label by one process */
#define LABELS 256

/* ---- writing ---- */

static uint64_t hash_of(struct dp_slice s, uint64_t h)
{
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ s.p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* False when this process wrote enough of the label. */
static bool wanted(const char *target, const char *label)
{
    static struct {
        char name[64];
        unsigned files;
    } seen[LABELS];
    char name[64];
    snprintf(name, sizeof name, "%s/%s", target, label);
    for (unsigned i = 0; i < LABELS; i++) {
        if (seen[i].name[0] == '\0')
            memcpy(seen[i].name, name, sizeof name);
        if (strcmp(seen[i].name, name) == 0)
            return seen[i].files++ < LABEL_FILES;
    }
    return false;
}

static void write_all(int fd, struct dp_slice s)
{
    if (s.len > 0 && write(fd, s.p, s.len) != (ssize_t)s.len)
        abort(); /* a seed that was cut would be a made one */
}

/* The input is `head` and then `body`; either may be empty. A daemon that is killed here leaves no half of
 * it. */
static void keep(const char *target, const char *label, struct dp_slice head, struct dp_slice body)
{
    const char *folder = getenv("DAIPAO_TAP");
    char path[512], part[512];
    if (folder == NULL || head.len + body.len > INPUT_MAX || !wanted(target, label))
        return;
    snprintf(path, sizeof path, "%s/%s", folder, target);
    (void)mkdir(path, 0777);
    uint64_t h = hash_of(body, hash_of(head, UINT64_C(0xcbf29ce484222325)));
    snprintf(path, sizeof path, "%s/%s/%s-%016llx", folder, target, label, (unsigned long long)h);
    snprintf(part, sizeof part, "%s/%s/.%ld", folder, target, (long)getpid());
    int fd = access(path, F_OK) == 0 ? -1 : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return; /* known already */
    write_all(fd, head);
    write_all(fd, body);
    close(fd);
    if (rename(part, path) != 0)
        abort();
}

static void keep_one(const char *target, const char *label, struct dp_slice s)
{
    keep(target, label, dp_slice_of(NULL, 0), s);
}

#define KEY_SLICE(key) dp_slice_of((key)->b, sizeof((key)->b))

/* ---- what goes over a link ---- */

enum dp_err __real_dp_frame_get(struct dp_slice, struct dp_frame *);
enum dp_err __wrap_dp_frame_get(struct dp_slice, struct dp_frame *);
enum dp_err __wrap_dp_frame_get(struct dp_slice s, struct dp_frame *out)
{
    static const char *const types[] = {"",     "hello", "item", "ack",   "refused", "bye",
                                        "keep", "ask",   "list", "prove", "proof"};
    static const char *const kinds[] = {"item", "block", "pruned", "cert", "parcel", "chunk"};
    enum dp_err e = __real_dp_frame_get(s, out);
    if (e == DP_OK)
        keep_one("frame", out->type == DP_FRAME_ITEM ? kinds[out->u.item.kind % 6] : types[out->type % 11],
                 s);
    return e;
}

enum dp_err __real_dp_header_get(struct dp_slice, struct dp_header *);
enum dp_err __wrap_dp_header_get(struct dp_slice, struct dp_header *);
enum dp_err __wrap_dp_header_get(struct dp_slice s, struct dp_header *out)
{
    enum dp_err e = __real_dp_header_get(s, out);
    if (e == DP_OK)
        keep_one("header", out->first ? "first" : out->count > 1 ? "many" : "one", s);
    return e;
}

enum dp_err __real_dp_block_decode(const struct dp_suite *, struct dp_slice, struct dp_arena *,
                                   struct dp_block *);
enum dp_err __wrap_dp_block_decode(const struct dp_suite *, struct dp_slice, struct dp_arena *,
                                   struct dp_block *);
enum dp_err __wrap_dp_block_decode(const struct dp_suite *suite, struct dp_slice wire, struct dp_arena *a,
                                   struct dp_block *out)
{
    enum dp_err e = __real_dp_block_decode(suite, wire, a, out);
    if (e == DP_OK)
        keep_one("block", out->h.count > 1 ? "many" : "one", wire);
    return e;
}

enum dp_err __real_dp_block_decode_pruned(const struct dp_suite *, struct dp_slice, struct dp_arena *,
                                          struct dp_block *);
enum dp_err __wrap_dp_block_decode_pruned(const struct dp_suite *, struct dp_slice, struct dp_arena *,
                                          struct dp_block *);
enum dp_err __wrap_dp_block_decode_pruned(const struct dp_suite *suite, struct dp_slice wire,
                                          struct dp_arena *a, struct dp_block *out)
{
    enum dp_err e = __real_dp_block_decode_pruned(suite, wire, a, out);
    if (e == DP_OK)
        keep_one("pruned", out->hidden_count > 0 ? "some" : "all", wire);
    return e;
}

enum dp_err __real_dp_entry_decode(struct dp_slice, const struct dp_name *, struct dp_arena *,
                                   struct dp_entry *);
enum dp_err __wrap_dp_entry_decode(struct dp_slice, const struct dp_name *, struct dp_arena *,
                                   struct dp_entry *);
enum dp_err __wrap_dp_entry_decode(struct dp_slice bytes, const struct dp_name *name, struct dp_arena *a,
                                   struct dp_entry *out)
{
    enum dp_err e = __real_dp_entry_decode(bytes, name, a, out);
    uint8_t head[DP_NAME_BYTES];
    dp_name_put(name, head);
    if (e == DP_OK && dp_kind_known(out->kind))
        keep("entry", dp_kind_word(out->kind), dp_slice_of(head, sizeof head), bytes);
    return e;
}

/* ---- parts, grants, parcels: the key that opens, and what it opens ---- */

enum dp_err __real_dp_part_open(const struct dp_suite *, const struct dp_part *, const struct dp_key *,
                                struct dp_arena *, struct dp_slice *);
enum dp_err __wrap_dp_part_open(const struct dp_suite *, const struct dp_part *, const struct dp_key *,
                                struct dp_arena *, struct dp_slice *);
enum dp_err __wrap_dp_part_open(const struct dp_suite *suite, const struct dp_part *p,
                                const struct dp_key *key, struct dp_arena *a, struct dp_slice *plain)
{
    enum dp_err e = __real_dp_part_open(suite, p, key, a, plain);
    struct dp_buf b;
    dp_buf_init(&b, 2 * DP_PART_PLAIN_MAX);
    if (e == DP_OK && dp_part_put(p, &b) == DP_OK) {
        keep("part", dp_part_kind_word(p->kind), KEY_SLICE(key), dp_buf_slice(&b));
        keep("part_text", dp_part_kind_word(p->kind), dp_slice_of(&p->kind, 1), *plain);
    }
    dp_buf_fini(&b);
    return e;
}

enum dp_err __real_dp_grant_open(const struct dp_suite *, const struct dp_grant *, const struct dp_key *,
                                 struct dp_key *);
enum dp_err __wrap_dp_grant_open(const struct dp_suite *, const struct dp_grant *, const struct dp_key *,
                                 struct dp_key *);
enum dp_err __wrap_dp_grant_open(const struct dp_suite *suite, const struct dp_grant *g,
                                 const struct dp_key *seal_priv, struct dp_key *part_key)
{
    enum dp_err e = __real_dp_grant_open(suite, g, seal_priv, part_key);
    uint8_t bytes[DP_GRANT_BYTES];
    dp_grant_put(g, bytes);
    if (e == DP_OK)
        keep("grant", "grant", KEY_SLICE(seal_priv), dp_slice_of(bytes, sizeof bytes));
    return e;
}

enum dp_err __real_dp_parcel_open(const struct dp_suite *, struct dp_slice, const struct dp_key *,
                                  struct dp_arena *, uint8_t *, struct dp_slice *);
enum dp_err __wrap_dp_parcel_open(const struct dp_suite *, struct dp_slice, const struct dp_key *,
                                  struct dp_arena *, uint8_t *, struct dp_slice *);
enum dp_err __wrap_dp_parcel_open(const struct dp_suite *suite, struct dp_slice parcel,
                                  const struct dp_key *seal_priv, struct dp_arena *a, uint8_t *kind,
                                  struct dp_slice *body)
{
    static const char *const kinds[] = {"other", "content", "matter", "receipt", "chunk"};
    enum dp_err e = __real_dp_parcel_open(suite, parcel, seal_priv, a, kind, body);
    if (e != DP_OK)
        return e;
    keep("parcel", kinds[*kind < 5 ? *kind : 0], KEY_SLICE(seal_priv), parcel);
    if (*kind == DP_PARCEL_CONTENT)
        keep_one("content", "content", *body);
    return e;
}

/* ---- certificates and enrolment ---- */

enum dp_err __real_dp_cert_parse(struct dp_slice, struct dp_cert *, struct dp_refusal *);
enum dp_err __wrap_dp_cert_parse(struct dp_slice, struct dp_cert *, struct dp_refusal *);
enum dp_err __wrap_dp_cert_parse(struct dp_slice der, struct dp_cert *out, struct dp_refusal *why)
{
    enum dp_err e = __real_dp_cert_parse(der, out, why);
    if (e == DP_OK)
        keep_one("cert", out->is_ca ? "ca" : "node", der);
    return e;
}

enum dp_err __real_dp_chain_decode(struct dp_slice, struct dp_chain *);
enum dp_err __wrap_dp_chain_decode(struct dp_slice, struct dp_chain *);
enum dp_err __wrap_dp_chain_decode(struct dp_slice s, struct dp_chain *out)
{
    static const char *const lengths[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8"};
    enum dp_err e = __real_dp_chain_decode(s, out);
    if (e == DP_OK)
        keep_one("chain", lengths[out->count % 9], s);
    return e;
}

enum dp_err __real_dp_csr_parse(struct dp_slice, struct dp_csr *, struct dp_refusal *);
enum dp_err __wrap_dp_csr_parse(struct dp_slice, struct dp_csr *, struct dp_refusal *);
enum dp_err __wrap_dp_csr_parse(struct dp_slice der, struct dp_csr *out, struct dp_refusal *why)
{
    enum dp_err e = __real_dp_csr_parse(der, out, why);
    if (e == DP_OK)
        keep_one("csr", out->is_ca ? "ca" : "node", der);
    return e;
}

enum dp_err __real_dp_enrol_code_parse(struct dp_slice, struct dp_enrol_code *);
enum dp_err __wrap_dp_enrol_code_parse(struct dp_slice, struct dp_enrol_code *);
enum dp_err __wrap_dp_enrol_code_parse(struct dp_slice s, struct dp_enrol_code *out)
{
    enum dp_err e = __real_dp_enrol_code_parse(s, out);
    if (e == DP_OK)
        keep_one("code", "enrol", s);
    return e;
}

/* ---- control ---- */

static const char *command_label(const struct dp_command *c)
{
    switch (c->kind) {
    case DP_COMMAND_STEP:
        return dp_kind_word(c->u.step.kind);
    case DP_COMMAND_QUERY:
        return c->u.query.what;
    case DP_COMMAND_ADMIN:
        return c->u.admin.verb;
    case DP_COMMAND_BLOB:
        return "blob";
    }
    return "other";
}

enum dp_err __real_dp_request_decode(struct dp_slice, struct dp_arena *, struct dp_request *, uint64_t *);
enum dp_err __wrap_dp_request_decode(struct dp_slice, struct dp_arena *, struct dp_request *, uint64_t *);
enum dp_err __wrap_dp_request_decode(struct dp_slice s, struct dp_arena *a, struct dp_request *out,
                                     uint64_t *id)
{
    enum dp_err e = __real_dp_request_decode(s, a, out, id);
    if (e == DP_OK && strchr(command_label(&out->commands[0]), '/') == NULL)
        keep_one("control", command_label(&out->commands[0]), s);
    return e;
}

enum dp_err __real_dp_net_control_send(struct dp_net *, uint32_t, struct dp_slice);
enum dp_err __wrap_dp_net_control_send(struct dp_net *, uint32_t, struct dp_slice);
enum dp_err __wrap_dp_net_control_send(struct dp_net *net, uint32_t conn, struct dp_slice bytes)
{
    keep_one("reply", "reply", bytes);
    return __real_dp_net_control_send(net, conn, bytes);
}

/* ---- files ---- */

enum dp_err __real_dp_config_load(const char *, struct dp_config *, struct dp_config_error *);
enum dp_err __wrap_dp_config_load(const char *, struct dp_config *, struct dp_config_error *);
enum dp_err __wrap_dp_config_load(const char *path, struct dp_config *out, struct dp_config_error *error)
{
    uint8_t text[INPUT_MAX];
    enum dp_err e = __real_dp_config_load(path, out, error);
    int fd = e == DP_OK ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    if (n > 0)
        keep_one("config", "config", dp_slice_of(text, (size_t)n));
    return e;
}

enum dp_err __real_dp_profile_file_parse(struct dp_slice, const char *, struct dp_profile *,
                                         struct dp_config_error *);
enum dp_err __wrap_dp_profile_file_parse(struct dp_slice, const char *, struct dp_profile *,
                                         struct dp_config_error *);
enum dp_err __wrap_dp_profile_file_parse(struct dp_slice text, const char *file, struct dp_profile *out,
                                         struct dp_config_error *error)
{
    enum dp_err e = __real_dp_profile_file_parse(text, file, out, error);
    if (e == DP_OK)
        keep_one("profile", "profile", text);
    return e;
}

enum dp_err __real_dp_calendar_file_parse(struct dp_slice, const char *, struct dp_calendar *,
                                          struct dp_config_error *);
enum dp_err __wrap_dp_calendar_file_parse(struct dp_slice, const char *, struct dp_calendar *,
                                          struct dp_config_error *);
enum dp_err __wrap_dp_calendar_file_parse(struct dp_slice text, const char *file, struct dp_calendar *out,
                                          struct dp_config_error *error)
{
    enum dp_err e = __real_dp_calendar_file_parse(text, file, out, error);
    if (e == DP_OK)
        keep_one("calendar", "calendar", text);
    return e;
}
