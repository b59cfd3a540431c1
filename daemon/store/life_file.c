/* SPDX-License-Identifier: Apache-2.0 */
/* Life file to bytes and back; machine, boot and inode of the store. */
#include "store/life_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/crc32c.h"
#include "store/fsys.h"
#include "store/kv_lmdb.h"
#include "store/siphash.h"

#define FILE_BYTES 96
#define MACHINE_ID "/etc/machine-id"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static const uint8_t magic[16] = "daipao/life/1";

/* At most `cap` bytes of the file; more is DP_FORMAT. */
static enum dp_err read_small(const char *path, uint8_t *buf, size_t cap, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t got = 0;
    ssize_t n = 1;

    if (fd < 0)
        return dp_fsys_err(errno);
    while (n > 0 && got < cap) {
        n = read(fd, buf + got, cap - got);
        got += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (n < 0)
        return DP_IO;
    if (n > 0)
        return DP_FORMAT;
    *len = got;
    return DP_OK;
}

static enum dp_err hash_file(const char *path, const uint8_t id[DP_LIFE_ID], uint64_t *out)
{
    uint8_t text[256];
    size_t len = 0;
    enum dp_err err = read_small(path, text, sizeof(text), &len);

    if (err != DP_OK && err != DP_NOT_FOUND)
        return err;
    *out = dp_siphash(id, dp_slice_of(text, len));
    return DP_OK;
}

enum dp_err dp_life_look(const struct dp_life_place *place, const uint8_t id[DP_LIFE_ID],
                         struct dp_life_where *out)
{
    struct dp_life_where w = {0};
    char path[DP_FSYS_PATH];
    struct stat st;
    enum dp_err err = dp_fsys_join(path, place->dir, "/", DP_KV_LMDB_DATA);

    if (err == DP_OK)
        err = hash_file(place->machine_id != NULL ? place->machine_id : MACHINE_ID, id, &w.machine);
    if (err == DP_OK)
        err = hash_file(place->boot_id != NULL ? place->boot_id : BOOT_ID, id, &w.boot);
    if (err == DP_OK && stat(path, &st) != 0)
        err = DP_IO;
    if (err != DP_OK)
        return err;
    w.device = (uint64_t)st.st_dev;
    w.inode = (uint64_t)st.st_ino;
    *out = w;
    return DP_OK;
}

static enum dp_err decode(struct dp_slice s, struct dp_life_file *f)
{
    struct dp_rd r = dp_rd_of(s);
    uint8_t start[sizeof(magic)];

    dp_rd_copy(&r, start, sizeof(start));
    dp_rd_copy(&r, f->life.id, sizeof(f->life.id));
    f->life.inc = dp_rd_u32(&r);
    f->life.starts = dp_rd_u64(&r);
    f->life.sealed = dp_rd_u64(&r);
    f->sealed_most = dp_rd_u64(&r);
    f->where.machine = dp_rd_u64(&r);
    f->where.boot = dp_rd_u64(&r);
    f->where.device = dp_rd_u64(&r);
    f->where.inode = dp_rd_u64(&r);
    if (dp_rd_u32(&r) != dp_crc32c(0, s.p, FILE_BYTES - 4) || memcmp(start, magic, sizeof(magic)) != 0)
        return DP_FORMAT;
    return dp_rd_done(&r);
}

static enum dp_err read_named(const struct dp_life_place *place, const char *name,
                              uint8_t buf[FILE_BYTES + 1], size_t *len)
{
    char path[DP_FSYS_PATH];
    enum dp_err err = dp_fsys_join(path, place->dir, "/", name);

    return err == DP_OK ? read_small(path, buf, FILE_BYTES + 1, len) : err;
}

enum dp_err dp_life_file_read(const struct dp_life_place *place, struct dp_life_file *out)
{
    uint8_t buf[FILE_BYTES + 1];
    struct dp_life_file f = {.halted = true};
    size_t len = 0;
    enum dp_err err = read_named(place, DP_LIFE_HALTED, buf, &len);

    if (err == DP_NOT_FOUND) {
        f.halted = false;
        err = read_named(place, DP_LIFE_FILE, buf, &len);
    }
    if (err != DP_OK)
        return err;
    if (len != FILE_BYTES)
        return DP_FORMAT;
    err = decode(dp_slice_of(buf, len), &f);
    if (err == DP_OK)
        *out = f;
    return err;
}

static enum dp_err drop_halted(const struct dp_life_place *place)
{
    char path[DP_FSYS_PATH];
    enum dp_err err = dp_fsys_join(path, place->dir, "/", DP_LIFE_HALTED);

    if (err != DP_OK)
        return err;
    if (unlink(path) != 0)
        return errno == ENOENT ? DP_OK : dp_fsys_err(errno);
    return dp_fsys_sync_dir(place->dir);
}

enum dp_err dp_life_file_write(const struct dp_life_place *place, const struct dp_life_file *f)
{
    char path[DP_FSYS_PATH];
    uint8_t buf[FILE_BYTES];
    struct dp_wr w = dp_wr_of(buf, sizeof(buf));
    enum dp_err err = dp_fsys_join(path, place->dir, "/", DP_LIFE_FILE);

    if (err != DP_OK)
        return err;
    dp_wr_bytes(&w, magic, sizeof(magic));
    dp_wr_bytes(&w, f->life.id, sizeof(f->life.id));
    dp_wr_u32(&w, f->life.inc);
    dp_wr_u64(&w, f->life.starts);
    dp_wr_u64(&w, f->life.sealed);
    dp_wr_u64(&w, f->sealed_most);
    dp_wr_u64(&w, f->where.machine);
    dp_wr_u64(&w, f->where.boot);
    dp_wr_u64(&w, f->where.device);
    dp_wr_u64(&w, f->where.inode);
    dp_wr_u32(&w, dp_crc32c(0, buf, w.len));
    err = dp_fsys_replace(path, dp_wr_slice(&w));
    return err == DP_OK ? drop_halted(place) : err;
}

enum dp_err dp_life_file_rename(const struct dp_life_place *place, const char *from, const char *to)
{
    char was[DP_FSYS_PATH], is[DP_FSYS_PATH];
    enum dp_err err = dp_fsys_join(was, place->dir, "/", from);

    if (err == DP_OK)
        err = dp_fsys_join(is, place->dir, "/", to);
    if (err != DP_OK)
        return err;
    if (rename(was, is) != 0)
        return errno == ENOENT ? DP_OK : dp_fsys_err(errno);
    return dp_fsys_sync_dir(place->dir);
}
