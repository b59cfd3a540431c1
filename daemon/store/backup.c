/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing and reading backup files (the grammar is in the header). Writing goes in steps
 * over one read transaction; a record is encoded into a buffer that is written when it
 * has grown past a chunk.
 */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/crc32c.h"
#include "store/fsys.h"

#define MAGIC_BYTES 16
#define RECORD_HEAD 7 /* table, key length, value length */
#define TAIL_BYTES 13 /* mark, count, checksum */
#define MARK_END 0xff
#define CHUNK ((size_t)64 << 10)
#define STEP_BYTES ((size_t)4 << 20)  /* between two reports of progress */
#define BATCH_BYTES ((size_t)4 << 20) /* of one transaction while reading */

static const uint8_t magic[MAGIC_BYTES] = "daipao/backup/1";

/* ---- writing ---- */

struct dp_backup {
    struct dp_kv *kv;
    struct dp_kv_txn *txn;
    struct dp_kv_cur *cur; /* over `table`; NULL before its first record */
    unsigned table;
    int fd;
    bool complete;
    uint32_t sum;
    size_t stepped; /* bytes of the current step */
    struct dp_backup_progress progress;
    struct dp_buf buf;
    char path[DP_FSYS_PATH];
};

static enum dp_err flush(struct dp_backup *b)
{
    struct dp_slice s = dp_buf_slice(&b->buf);
    enum dp_err err = dp_fsys_write(b->fd, s);

    b->sum = dp_crc32c(b->sum, s.p, s.len);
    dp_buf_reset(&b->buf);
    return err;
}

static enum dp_err emit(struct dp_backup *b, const void *p, size_t len)
{
    b->stepped += len;
    return dp_buf_put(&b->buf, p, len);
}

static enum dp_err emit_record(struct dp_backup *b, struct dp_slice key, struct dp_slice val)
{
    uint8_t head[RECORD_HEAD];
    struct dp_wr w = dp_wr_of(head, sizeof(head));
    enum dp_err err;

    dp_wr_u8(&w, (uint8_t)b->table);
    dp_wr_u16(&w, (uint16_t)key.len);
    dp_wr_u32(&w, (uint32_t)val.len);
    err = emit(b, head, sizeof(head));
    if (err == DP_OK)
        err = emit(b, key.p, key.len);
    if (err == DP_OK)
        err = emit(b, val.p, val.len);
    if (err == DP_OK && b->buf.len >= CHUNK)
        err = flush(b);
    b->progress.done++;
    return err;
}

static enum dp_err finish(struct dp_backup *b)
{
    uint8_t tail[TAIL_BYTES];
    struct dp_wr w = dp_wr_of(tail, sizeof(tail));
    enum dp_err err;

    dp_wr_u8(&w, MARK_END);
    dp_wr_u64(&w, b->progress.done);
    err = emit(b, tail, w.len);
    if (err == DP_OK)
        err = flush(b);
    dp_wr_u32(&w, b->sum);
    if (err == DP_OK)
        err = dp_fsys_write(b->fd, dp_slice_of(tail + TAIL_BYTES - 4, 4));
    if (err == DP_OK && fsync(b->fd) != 0)
        err = dp_fsys_err(errno);
    if (err == DP_OK)
        err = dp_fsys_sync_parent(b->path);
    b->complete = err == DP_OK;
    return err;
}

enum dp_err dp_backup_new(struct dp_kv *kv, const char *path, struct dp_backup **out)
{
    struct dp_backup *b = calloc(1, sizeof(*b));
    struct dp_kv_stat st = {0};
    enum dp_err err;

    if (b == NULL)
        return DP_NOMEM;
    *b = (struct dp_backup){.kv = kv, .fd = -1};
    dp_buf_init(&b->buf, CHUNK + RECORD_HEAD + DP_KV_KEY_MAX + DP_KV_VAL_MAX);
    err = dp_fsys_join(b->path, path, "", "");
    if (err == DP_OK) {
        b->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        err = b->fd < 0 ? dp_fsys_err(errno) : DP_OK;
    }
    if (err == DP_OK)
        err = kv->ops->begin(kv, false, &b->txn);
    if (err == DP_OK)
        err = kv->ops->stat(kv, &st);
    if (err == DP_OK)
        err = emit(b, magic, sizeof(magic));
    if (err != DP_OK) {
        dp_backup_free(&b);
        return err;
    }
    b->progress.total = st.entries;
    *out = b;
    return DP_OK;
}

/* Move to the next record; past the end of a table to the next table. DP_NOT_FOUND at the very end. */
static enum dp_err advance(struct dp_backup *b, struct dp_slice *k, struct dp_slice *v)
{
    const struct dp_kv_ops *ops = b->kv->ops;
    enum dp_err err;

    for (; b->table < DP_KV_TABLES_MAX; b->table++) {
        if (b->cur == NULL) {
            err = ops->cur_open(b->txn, b->table, &b->cur);
            if (err != DP_OK)
                return err;
        }
        err = ops->cur_next(b->cur, k, v);
        if (err != DP_NOT_FOUND)
            return err;
        ops->cur_close(b->cur);
        b->cur = NULL;
    }
    return DP_NOT_FOUND;
}

enum dp_err dp_backup_step(struct dp_backup *b, size_t bytes)
{
    struct dp_slice k, v;
    enum dp_err err;

    if (b->complete)
        return DP_OK;
    b->stepped = 0;
    do {
        err = advance(b, &k, &v);
        if (err == DP_NOT_FOUND)
            return finish(b);
        if (err == DP_OK)
            err = emit_record(b, k, v);
        if (err != DP_OK)
            return err;
    } while (b->stepped < bytes);
    (void)sync_file_range(b->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* so that the last step waits for little */
    return DP_AGAIN;
}

struct dp_backup_progress dp_backup_progress(const struct dp_backup *b)
{
    return b->progress;
}

void dp_backup_free(struct dp_backup **bp)
{
    struct dp_backup *b = *bp;

    *bp = NULL;
    if (b == NULL)
        return;
    if (b->cur != NULL)
        b->kv->ops->cur_close(b->cur);
    if (b->txn != NULL)
        b->kv->ops->abort(b->txn);
    if (b->fd >= 0) {
        close(b->fd);
        if (!b->complete)
            unlink(b->path);
    }
    dp_buf_fini(&b->buf);
    free(b);
}

enum dp_err dp_backup_write(struct dp_kv *kv, const char *path, dp_backup_tell *tell, void *ctx)
{
    struct dp_backup *b;
    enum dp_err err = dp_backup_new(kv, path, &b);

    if (err != DP_OK)
        return err;
    do {
        err = dp_backup_step(b, STEP_BYTES);
        if (tell != NULL)
            tell(ctx, &b->progress);
    } while (err == DP_AGAIN);
    dp_backup_free(&b);
    return err;
}

/* ---- reading ---- */

struct reader {
    struct dp_kv *kv;
    struct dp_kv_txn *txn; /* NULL between two batches */
    size_t batch;
    int fd;
    uint32_t sum;
    uint64_t count;
    struct dp_buf buf; /* key and value of one record */
};

/* Exactly `len` bytes, or DP_CORRUPT: every end but the last is too early. */
static enum dp_err take(struct reader *r, void *to, size_t len)
{
    uint8_t *at = to;

    for (size_t left = len; left > 0;) {
        ssize_t n = read(r->fd, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dp_fsys_err(errno);
        if (n == 0)
            return DP_CORRUPT;
        at += n;
        left -= (size_t)n;
    }
    r->sum = dp_crc32c(r->sum, to, len);
    return DP_OK;
}

static enum dp_err end_batch(struct reader *r)
{
    struct dp_kv_txn *t = r->txn;

    r->txn = NULL;
    r->batch = 0;
    return t == NULL ? DP_OK : r->kv->ops->commit(t);
}

static enum dp_err store_record(struct reader *r, unsigned table, size_t key_len)
{
    struct dp_slice all = dp_buf_slice(&r->buf);
    enum dp_err err = DP_OK;

    if (r->txn == NULL)
        err = r->kv->ops->begin(r->kv, true, &r->txn);
    if (err != DP_OK)
        return err;
    r->kv->ops->append(r->txn, table, dp_slice_of(all.p, key_len),
                       dp_slice_of(all.p + key_len, all.len - key_len));
    r->count++;
    r->batch += all.len;
    return r->batch >= BATCH_BYTES ? end_batch(r) : DP_OK;
}

static enum dp_err take_record(struct reader *r, unsigned table)
{
    uint8_t head[RECORD_HEAD - 1] = {0};
    struct dp_rd rd = dp_rd_of(dp_slice_of(head, sizeof(head)));
    enum dp_err err = take(r, head, sizeof(head));
    size_t key_len = dp_rd_u16(&rd);
    size_t val_len = dp_rd_u32(&rd);

    if (err != DP_OK)
        return err;
    if (table >= DP_KV_TABLES_MAX || key_len == 0 || key_len > DP_KV_KEY_MAX || val_len > DP_KV_VAL_MAX)
        return DP_CORRUPT;
    dp_buf_reset(&r->buf);
    err = dp_buf_reserve(&r->buf, key_len + val_len);
    if (err == DP_OK)
        err = take(r, r->buf.p, key_len + val_len);
    if (err != DP_OK)
        return err;
    r->buf.len = key_len + val_len;
    return store_record(r, table, key_len);
}

static enum dp_err take_tail(struct reader *r)
{
    uint8_t tail[TAIL_BYTES - 1] = {0};
    struct dp_rd rd = dp_rd_of(dp_slice_of(tail, sizeof(tail)));
    enum dp_err err = take(r, tail, sizeof(tail) - 4);
    uint32_t sum = r->sum;

    if (err == DP_OK)
        err = take(r, tail + sizeof(tail) - 4, 4);
    if (err != DP_OK)
        return err;
    if (dp_rd_u64(&rd) != r->count || dp_rd_u32(&rd) != sum)
        return DP_CORRUPT;
    return DP_OK;
}

static enum dp_err take_all(struct reader *r, dp_backup_tell *tell, void *ctx)
{
    uint8_t start[MAGIC_BYTES];
    uint8_t table = 0;
    enum dp_err err = take(r, start, sizeof(start));

    if (err == DP_CORRUPT || (err == DP_OK && memcmp(start, magic, sizeof(magic)) != 0))
        return DP_FORMAT;
    while (err == DP_OK) {
        err = take(r, &table, 1);
        if (err == DP_OK && table == MARK_END)
            return take_tail(r);
        if (err == DP_OK)
            err = take_record(r, table);
        if (err == DP_OK && tell != NULL && r->txn == NULL)
            tell(ctx, &(struct dp_backup_progress){.done = r->count});
    }
    return err;
}

enum dp_err dp_backup_read(struct dp_kv *kv, const char *path, dp_backup_tell *tell, void *ctx)
{
    struct reader r = {.kv = kv, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    enum dp_err err;

    if (r.fd < 0)
        return dp_fsys_err(errno);
    dp_buf_init(&r.buf, DP_KV_KEY_MAX + DP_KV_VAL_MAX);
    err = take_all(&r, tell, ctx);
    if (err == DP_OK)
        err = end_batch(&r);
    if (err == DP_OK && tell != NULL)
        tell(ctx, &(struct dp_backup_progress){.done = r.count, .total = r.count});
    if (r.txn != NULL)
        kv->ops->abort(r.txn);
    dp_buf_fini(&r.buf);
    close(r.fd);
    return err;
}
