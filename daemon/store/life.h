/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One life of a store (R-STO-3). A store that was copied, restored or rolled back must not
 * go on issuing under the same incarnation: it would sign two different things with one
 * name. The store holds the life it is in; a small file beside it, which copies and
 * backups of the store do not carry along unchanged, holds where that life runs and how
 * far it has come. At start the two must agree, else the node stops issuing and says so (R-HEL-3).
 *
 * What is compared, and what each comparison can see:
 *  - life id, random: another life's file.
 *  - hash of the machine id: the disk, or a copy of it, in another machine.
 *  - inode of data.mdb, and within one boot its device (device numbers may change at a boot): a copy
 *    of the store, also on the same disk and with the file beside it.
 *  - number of starts: the store is older than the last start. Exact.
 *  - last sealed seq: the store holds the exact number, written by the transaction that
 *    seals. The file holds a range: not below what was sealed when the file was last written, not above
 *    what it reserves. A store below the range is older than the file: BEHIND. The file is written at
 *    start, at a clean stop, at dp_life_refresh when something was sealed since, and when the reserve is used
 * up. So after a clean stop any older store is seen, exactly. After a crash an older store is seen unless it
 * is of the same run and misses only what was sealed after the last refresh. What is not seen here: that
 * window, entries that were not sealed yet, and a machine rolled back as a whole, file included. These show
 * when a peer names a block beyond our head (R-HEL-3).
 */
#ifndef DP_STORE_LIFE_H
#define DP_STORE_LIFE_H

#include <stdint.h>

#include "port/kv.h"

#define DP_LIFE_TABLE 39              /* DP_T_LIFE of the layout: of this module alone */
#define DP_LIFE_FILE "life"           /* in the directory of the store */
#define DP_LIFE_HALTED "life.stopped" /* its name while the node is stopped as restored or doubled */
#define DP_LIFE_ID 16
#define DP_LIFE_RESERVE 65536 /* sealed entries per write of the file */

enum dp_life_state {
    DP_LIFE_OK,
    DP_LIFE_NEW,           /* no life yet, or one that never came to issue anything */
    DP_LIFE_MISSING,       /* the file is not there or not readable as one */
    DP_LIFE_OTHER_MACHINE, /* the file was written on another machine */
    DP_LIFE_OTHER_FILE,    /* the store is a copy, or the file is of another life or an older one */
    DP_LIFE_BEHIND,        /* the store is older than the file */
    DP_LIFE_RESTORED,      /* the store came out of a backup */
    DP_LIFE_HALTED_HERE,   /* store and file agree, and the file bears the name DP_LIFE_HALTED */
};

/* English, without full stop; static. */
const char *dp_life_text(enum dp_life_state s);

/* Where to look. Borrowed strings that outlive the use. */
struct dp_life_place {
    const char *dir;        /* of the store */
    const char *machine_id; /* file; NULL = /etc/machine-id */
    const char *boot_id;    /* file; NULL = /proc/sys/kernel/random/boot_id */
};

struct dp_life {
    uint8_t id[DP_LIFE_ID];
    uint32_t inc;
    uint64_t starts;
    uint64_t sealed; /* last sealed seq; 0 = none */
};

/*
 * Compare store and file; writes nothing. *life: what the store holds, zero when it holds
 * none. DP_IO, DP_CORRUPT: could not be found out.
 */
DP_MUST enum dp_err dp_life_check(struct dp_kv *kv, const struct dp_life_place *place,
                                  enum dp_life_state *state, struct dp_life *life);

/* A running life. */
struct dp_life_keeper;

/*
 * Begin a new life with a random `id` and incarnation `inc`, whatever was there before; then
 * as dp_life_resume. Interrupted, the next check gives DP_LIFE_NEW or another state that is not DP_LIFE_OK.
 */
DP_MUST enum dp_err dp_life_begin(struct dp_kv *kv, const struct dp_life_place *place,
                                  const uint8_t id[DP_LIFE_ID], uint32_t inc, struct dp_life_keeper **out);

/* Go on after DP_LIFE_OK: counts the start, in the store and in the file. */
DP_MUST enum dp_err dp_life_resume(struct dp_kv *kv, const struct dp_life_place *place,
                                   struct dp_life_keeper **out);

/*
 * Note in the write transaction `t`, which seals it, that `seq` is the last sealed. Once in DP_LIFE_RESERVE
 * entries this writes the file first. On failure `t` must be aborted: what it seals would
 * be beyond what the file can vouch for. DP_RANGE: not above the last.
 */
DP_MUST enum dp_err dp_life_seal(struct dp_life_keeper *k, struct dp_kv_txn *t, uint64_t seq);

/* Bring the file up to what is committed; nothing when it is. For every 30 s. No write transaction open. */
DP_MUST enum dp_err dp_life_refresh(struct dp_life_keeper *k);

/* The clean stop: the file says exactly what was sealed. Nulls, whatever the result. */
DP_MUST enum dp_err dp_life_stop(struct dp_life_keeper **k);

/*
 * R-HEL-7: give the life file the name DP_LIFE_HALTED, or its own name back. That takes no room, so that a
 * stop which a full disk does not let into the store is seen at the next start all the same. Durable on
 * DP_OK, which also says that there is no file to name. A keeper of this life must be dropped first.
 */
DP_MUST enum dp_err dp_life_halt(const struct dp_life_place *place);
DP_MUST enum dp_err dp_life_unhalt(const struct dp_life_place *place);

/* Free without writing, as a crash would leave it. Nulls. */
void dp_life_drop(struct dp_life_keeper **k);

/* Mark in the write transaction `t` that the store came out of a backup. dp_life_begin clears it. */
void dp_life_mark_restored(struct dp_kv *kv, struct dp_kv_txn *t);

#endif
