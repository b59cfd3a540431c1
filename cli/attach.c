/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of a case. One that does not fit a request goes in pieces before the step, and the daemon is asked
 * first whether the step would be taken, so that nobody waits for nothing. Memory holds one piece.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "said.h"
#include "step.h"

#define WHOLE_MAX (512u << 10) /* of one request */
#define PIECE_BYTES (256u << 10)

static uint32_t media_of(const char *path)
{
    static const struct {
        const char *end;
        uint32_t media;
    } ends[] = {{".pdf", 1}, {".jpg", 2}, {".jpeg", 2}, {".png", 3}, {".txt", 4}, {".mp3", 5},
                {".m4a", 5}, {".wav", 5}, {".amr", 5},  {".mp4", 6}, {".docx", 7}};
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i].end);
        if (len >= n && strcasecmp(path + len - n, ends[i].end) == 0)
            return ends[i].media;
    }
    return 99;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int complain(const char *path)
{
    return dp_fail(errno == ENOENT ? DP_NOT_FOUND : DP_IO, "%s: %s", path, strerror(errno));
}

/* ---- in pieces ---- */

static int send_piece(struct dp_app *app, PBC(Blob) * blob)
{
    PBC(Command) c = DAIPAO__CONTROL__V1__COMMAND__INIT;
    PBC(Reply) * reply;
    enum dp_err e;
    int code = 0;

    c.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_BLOB;
    c.blob = blob;
    e = dp_call_one(app, &c, &reply);
    if (e != DP_OK)
        return dp_err_exit(e);
    if (dp_result_err(reply->results[0]) != DP_OK)
        code = dp_result_fail(app, reply->results[0]);
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    return code;
}

static void progress(const struct dp_app *app, uint64_t at, uint64_t all)
{
    if (app->tty_out && !app->json)
        fprintf(stderr, at < all ? "\r%3u%% " : "\r     \r", (unsigned)(at * 100 / all));
}

static int upload(struct dp_app *app, FILE *f, const char *path, char *word, uint64_t size)
{
    PBC(Blob) blob = DAIPAO__CONTROL__V1__BLOB__INIT;
    uint8_t *bytes = malloc(PIECE_BYTES);
    int code = bytes != NULL ? 0 : dp_fail(DP_NOMEM, "%s", _(dp_err_text(DP_NOMEM)));

    blob.upload = word;
    while (code == 0 && blob.offset < size) {
        size_t n = fread(bytes, 1, PIECE_BYTES, f);
        if (n == 0) {
            code = ferror(f) ? complain(path) : dp_fail(DP_IO, _("%s: grew shorter while it was read"), path);
            break;
        }
        blob.data = (ProtobufCBinaryData){n, bytes};
        code = send_piece(app, &blob);
        blob.offset += n;
        progress(app, blob.offset, size);
    }
    free(bytes);
    return code;
}

static enum dp_err draw(char word[33])
{
    uint8_t random[16];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        dp_fail(DP_IO, "%s", strerror(errno));
        return DP_IO;
    }
    dp_hex(random, sizeof(random), word);
    return DP_OK;
}

/* The step alone, without its file, and without its effect. */
static int judge(struct dp_app *app, struct dp_draft *d)
{
    struct dp_app asking = *app;
    PBC(Command) c = DAIPAO__CONTROL__V1__COMMAND__INIT;
    PBC(Reply) * reply;
    enum dp_err e;
    int code = 0;

    asking.dry_run = true;
    c.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    c.step = &d->step;
    e = dp_call_one(&asking, &c, &reply);
    app->ctl = asking.ctl;
    app->last_id = asking.last_id;
    if (e != DP_OK)
        return dp_err_exit(e);
    if (dp_result_err(reply->results[0]) != DP_OK)
        code = dp_result_fail(app, reply->results[0]);
    daipao__control__v1__reply__free_unpacked(reply, NULL);
    return code;
}

static int attach_large(struct dp_app *app, struct dp_draft *d, const char *path, const char *wait)
{
    char word[33];
    FILE *f = fopen(path, "rb");
    int code;

    if (f == NULL)
        return complain(path);
    code = judge(app, d);
    if (code == 0 && !app->dry_run) {
        code = draw(word) == DP_OK ? upload(app, f, path, word, d->file.size) : dp_err_exit(DP_IO);
        d->file.upload = word;
    }
    fclose(f);
    if (code == 0)
        code = dp_do_step(app, &d->step, wait);
    d->file.upload = dp_pb_str(""); /* the word ends here */
    return code;
}

/* ---- whole ---- */

static int attach_small(struct dp_app *app, struct dp_draft *d, const char *path, const char *wait)
{
    char *bytes;
    size_t len;
    enum dp_err e = dp_read_file(path, WHOLE_MAX, &bytes, &len);
    int code;

    if (e != DP_OK)
        return dp_err_exit(e);
    d->file.size = len;
    d->file.content = (ProtobufCBinaryData){len, (uint8_t *)bytes};
    code = dp_do_step(app, &d->step, wait);
    dp_wipe(bytes, len);
    free(bytes);
    return code;
}

int dp_run_attach(struct dp_app *app, const struct dp_verb *v, const struct dp_args *a)
{
    const char *path = a->pos[1], *wait = a->opt[OPT_WAIT];
    bool announced = a->opt[OPT_ANNOUNCE] != NULL, is_stdin = strcmp(path, "-") == 0;
    struct stat st = {0};
    struct dp_draft d;
    int code;

    dp_draft_init(&d);
    d.step.file = &d.file;
    d.file.name = dp_pb_str(base_name(path));
    d.file.media = media_of(path);
    d.file.stored = !announced;
    if (dp_step_fill(&d, v->kind, a) != DP_OK) {
        code = dp_err_exit(DP_USAGE);
    } else if (!is_stdin && stat(path, &st) != 0 && !announced) {
        code = complain(path);
    } else {
        d.file.size = (uint64_t)st.st_size;
        if (announced)
            code = dp_do_step(app, &d.step, wait);
        else if (is_stdin || d.file.size <= WHOLE_MAX)
            code = attach_small(app, &d, path, wait);
        else
            code = attach_large(app, &d, path, wait);
    }
    dp_draft_fini(&d);
    return code;
}
