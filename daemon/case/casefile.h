/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of one subject: the facts of all its entries held here, each with its verdict.
 * It is an index, derived from the entries and rebuildable from them; the bytes of the
 * entries are the truth. Facts lie in fold order (R-FLD-1): (step, origin, inc, seq).
 *
 * Verdicts are decided when an entry becomes ready and never change (R-VAL-1).
 */
#ifndef DP_CASE_CASEFILE_H
#define DP_CASE_CASEFILE_H

#include "base/arena.h"
#include "base/id.h"
#include "base/slice.h"
#include "case/entry.h"

/* clang-format off */
#define DP_VOID_LIST(X)                                                                    \
    X(NONE,           "")                                                                  \
    X(KIND_RULE,      "its office may not issue this kind (table of rights)")              \
    X(ROLE,           "the certificate does not give its office this role")                \
    X(TIER,           "not at this tier")                                                  \
    X(PREV,           "its own chain on the case does not fit")                            \
    X(STEP,           "its step number does not follow its references")                    \
    X(REF_VOID,       "it refers to a void entry")                                         \
    X(REF_KIND,       "it refers to an entry of the wrong kind")                           \
    X(NOT_HOLDER,     "its office does not hold the case")                                 \
    X(NOT_ADDRESSEE,  "what it answers is not addressed to its office")                    \
    X(NOT_OFFERER,    "the offer is not its own")                                          \
    X(NOT_ISSUER,     "the entry is not its own")                                          \
    X(NOT_SUPERIOR,   "its office is not above")                                           \
    X(NOT_PARTY,      "its office is no party to the case")                                \
    X(NOT_PARENT,     "it is not the direct parent")                                       \
    X(TARGET,         "the office addressed cannot be reached by this kind of step")       \
    X(CUSTODY_ENDED,  "it knew that its custody had ended")                                \
    X(OFFER_OPEN,     "an offer is still open")                                            \
    X(OFFER_ENDED,    "the offer was withdrawn or returned")                               \
    X(ALREADY,        "already done")                                                      \
    X(TOO_EARLY,      "a step that must come before is missing")                           \
    X(TOO_LATE,       "an opinion or the closing came before")                             \
    X(BODY,           "a code, date or number in it is not allowed")                       \
    X(BINDING,        "a designation cannot be objected to or withdrawn")                  \
    X(ERRAND_ONLY,    "a village station may do this in errands only")                     \
    X(RULES_VERSION,  "its rules version is not known")                                    \
    X(NOT_LOCKED,     "no lock stands that its office may lift")
/* clang-format on */

enum dp_void_reason {
#define DP_VOID_ENUM(name, text) DP_VOID_##name,
    DP_VOID_LIST(DP_VOID_ENUM)
#undef DP_VOID_ENUM
        DP_VOID_COUNT
};
const char *dp_void_text(enum dp_void_reason r);
const char *dp_void_name(enum dp_void_reason r);

enum dp_verdict { DP_PENDING = 0, DP_VALID = 1, DP_VOIDED = 2 };

#define DP_FACT_NONE UINT32_MAX

/*
 * One entry as the fold sees it. prev/custody/re are resolved to indices in the same file
 * where possible (DP_FACT_NONE: absent, or in another file and then ready).
 */
struct dp_fact {
    uint32_t prev, custody, re;
    uint8_t verdict;       /* enum dp_verdict */
    uint8_t reason;        /* enum dp_void_reason when voided */
    uint8_t foreign;       /* bits prev 1, custody 2, re 4: names an entry of another subject that is ready */
    struct dp_entry e;     /* e.doc_no, e.reg, e.profile, e.calendar are NULL here: see dp_casefile.reg */
    struct dp_origin from; /* of its certificate */
};

struct dp_casefile {
    struct dp_subject subject;
    bool has_reg;
    struct dp_reg reg; /* of the register entry, once held */
    struct dp_fact *facts;
    uint32_t count, cap;          /* facts: heap, owned */
    uint32_t pending, witnesses;  /* facts not decided yet; valid `witness` facts */
    uint32_t *slots, slots_count; /* name to index + 1, open addressing; heap */
    uint64_t *scratch;            /* of the causal walks; heap; a file serves one thread */
};

/* A case holds at most this many entries; more are quarantined (R-QUA-1). */
#define DP_CASEFILE_MAX 20000u

void dp_casefile_init(struct dp_casefile *f, const struct dp_subject *s);
void dp_casefile_fini(struct dp_casefile *f);
/* Index of the entry, or DP_FACT_NONE. O(log n). */
uint32_t dp_casefile_find(const struct dp_casefile *f, const struct dp_name *n);

/*
 * Whether an entry of another subject (the edition before this one) is here and ready. The core asks
 * through this, so that it stays pure; NULL means nothing outside is known.
 */
typedef bool dp_ready_elsewhere(void *ctx, const struct dp_name *n);

/* ---- locks by hand (R-N3-10, lock.c); indices of facts, or DP_FACT_NONE ---- */
/* The first valid `lock` from there on; the valid `unlock` that lifts it. */
uint32_t dp_lock_next(const struct dp_casefile *f, uint32_t from);
uint32_t dp_lock_lifted(const struct dp_casefile *f, uint32_t lock);
/* Whether one stands. */
bool dp_case_locked(const struct dp_casefile *f);

/* What one insertion did. */
struct dp_insert {
    uint32_t index;   /* where the entry is now */
    bool duplicate;   /* it was here before: nothing changed, not even when the content differs */
    uint32_t decided; /* how many entries became ready through it, itself included */
};

/*
 * Insert `e`, whose block's certificate says `from`, resolve what it and what waited for it
 * need, and decide the verdicts of all that became ready, in causal order. Names that are still missing for
 * it are pending. A duplicate is not an error: DP_OK and out->duplicate. DP_FULL past
 * DP_CASEFILE_MAX; DP_NOMEM; DP_FORMAT for a register without its body; DP_INTERNAL for an entry of
 * another subject. `elsewhere` is asked about the new entry only; the waiting ones are asked for by
 * dp_casefile_settle.
 * Complexity: O(n) memory move, plus the causal walk where a rule needs one.
 */
DP_MUST enum dp_err dp_casefile_insert(struct dp_casefile *f, const struct dp_entry *e,
                                       const struct dp_origin *from, dp_ready_elsewhere *elsewhere, void *ctx,
                                       struct dp_insert *out);

/* Try again what waits for entries of other subjects; returns how many became ready. */
uint32_t dp_casefile_settle(struct dp_casefile *f, dp_ready_elsewhere *elsewhere, void *ctx);

/*
 * A name outside the file can count only in the chain of editions of a data subject: there a `re` is ready
 * when the name is known elsewhere, and a prev or custody then void. In any other file such an entry is
 * pending, for good, at every node alike (R-RDY-1).
 *
 * Packed form for the local store (varints and name tables; about 60-100 bytes a fact). Not a wire
 * format: it may change with the store schema. pack appends to `out`; unpack replaces the content of an
 * initialised file; DP_CORRUPT for damaged bytes.
 */
DP_MUST enum dp_err dp_casefile_pack(const struct dp_casefile *f, struct dp_buf *out);
DP_MUST enum dp_err dp_casefile_unpack(struct dp_slice s, struct dp_casefile *f);
/* Checksum that ends the packed form (8 bytes, big-endian), over all before it. */
uint64_t dp_casefile_sum(struct dp_slice s);

#endif
