/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves hold pointers to records; inner nodes hold children, each but the first with a
 * separator: a key that is above all keys to its left and not above those in the child.
 * A node goes away when it is empty and is never merged; a full node is split in the
 * middle, or at its end when the new key comes last, so that appending fills nodes.
 */
#include "store/mem_tree.h"

#include <stdlib.h>
#include <string.h>

#define FAN 32

struct rec {
    uint64_t stamp; /* first, as in struct dp_mem_node */
    uint32_t val_len;
    uint16_t key_len;
    uint8_t bytes[]; /* key, value */
};

struct dp_mem_node {
    uint64_t stamp; /* first, as in struct rec */
    uint16_t n;
    bool leaf;
    void *slot[]; /* leaf: FAN records; inner: FAN children, then FAN separators (records without value) */
};

/* What a split hands to the parent. */
struct split {
    struct dp_mem_node *right; /* NULL: no split */
    struct rec *sep;
};

/* ---- memory ---- */

/* Nodes and separators are small and of bounded size: without them there is no going on. */
static void *alloc_small(size_t size)
{
    void *p = malloc(size);

    if (p == NULL)
        abort();
    return p;
}

static void trash_push(struct dp_mem_trash *t, void *p)
{
    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 16 : t->cap * 2;
        t->p = realloc(t->p, t->cap * sizeof(*t->p));
        if (t->p == NULL)
            abort();
    }
    t->p[t->n++] = p;
}

void dp_mem_trash_burn(struct dp_mem_trash *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->p[i]);
    t->n = 0;
}

void dp_mem_trash_move(struct dp_mem_trash *from, struct dp_mem_trash *to)
{
    for (size_t i = 0; i < from->n; i++)
        trash_push(to, from->p[i]);
    from->n = 0;
}

void dp_mem_trash_fini(struct dp_mem_trash *t)
{
    dp_mem_trash_burn(t);
    free(t->p);
    *t = (struct dp_mem_trash){0};
}

static uint64_t stamp_of(const void *p)
{
    uint64_t stamp;

    memcpy(&stamp, p, sizeof(stamp));
    return stamp;
}

void dp_mem_trash_spare(struct dp_mem_trash *t, uint64_t stamp)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->n; i++)
        if (stamp_of(t->p[i]) > stamp)
            t->p[kept++] = t->p[i];
    t->n = kept;
}

/* Free a record or node that this write made; keep an older one for the snapshots. */
static void discard(struct dp_mem_write *w, void *p)
{
    if (stamp_of(p) == w->stamp)
        free(p);
    else
        trash_push(&w->trash, p);
}

size_t dp_mem_record_bytes(size_t key_len, size_t val_len)
{
    return sizeof(struct rec) + key_len + val_len;
}

static void rec_fill(struct rec *r, uint64_t stamp, struct dp_slice key, struct dp_slice val)
{
    *r = (struct rec){.stamp = stamp, .val_len = (uint32_t)val.len, .key_len = (uint16_t)key.len};
    memcpy(r->bytes, key.p, key.len);
    if (val.len > 0)
        memcpy(r->bytes + key.len, val.p, val.len);
}

static struct dp_slice key_of(const struct rec *r)
{
    return dp_slice_of(r->bytes, r->key_len);
}

static size_t node_bytes(bool leaf)
{
    return sizeof(struct dp_mem_node) + (leaf ? 1u : 2u) * FAN * sizeof(void *);
}

static struct dp_mem_node *node_new(const struct dp_mem_write *w, bool leaf)
{
    struct dp_mem_node *x = alloc_small(node_bytes(leaf));

    x->stamp = w->stamp;
    x->n = 0;
    x->leaf = leaf;
    return x;
}

/* The node at *ref, ours to change. */
static struct dp_mem_node *own(struct dp_mem_write *w, struct dp_mem_node **ref)
{
    struct dp_mem_node *old = *ref;
    struct dp_mem_node *x;

    if (old->stamp == w->stamp)
        return old;
    x = alloc_small(node_bytes(old->leaf));
    memcpy(x, old, node_bytes(old->leaf));
    x->stamp = w->stamp;
    *ref = x;
    discard(w, old);
    return x;
}

/* ---- search ---- */

/* How many keys of the leaf are below `key`; *found: the next one is it. */
static unsigned leaf_rank(const struct dp_mem_node *x, struct dp_slice key, bool *found)
{
    unsigned low = 0;
    unsigned high = x->n;

    *found = false;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        int c = dp_slice_cmp(key_of(x->slot[mid]), key);
        if (c == 0) {
            *found = true;
            return mid;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The child whose keys `key` would be among. */
static unsigned child_rank(const struct dp_mem_node *x, struct dp_slice key)
{
    unsigned low = 1;
    unsigned high = x->n;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        if (dp_slice_cmp(key_of(x->slot[FAN + mid]), key) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low - 1;
}

static struct dp_mem_spot edge(const struct dp_mem_node *x, bool last)
{
    if (x == NULL)
        return (struct dp_mem_spot){0};
    while (!x->leaf)
        x = x->slot[last ? x->n - 1 : 0];
    return (struct dp_mem_spot){.leaf = x, .i = last ? x->n - 1u : 0};
}

struct dp_mem_spot dp_mem_last(const struct dp_mem_node *root)
{
    return edge(root, true);
}

struct dp_mem_spot dp_mem_beside(struct dp_mem_spot s, bool forward)
{
    if (forward ? s.i + 1u < s.leaf->n : s.i > 0)
        return (struct dp_mem_spot){.leaf = s.leaf, .i = forward ? s.i + 1 : s.i - 1};
    return (struct dp_mem_spot){0};
}

struct dp_mem_spot dp_mem_seek(const struct dp_mem_node *root, struct dp_slice key, enum dp_mem_rel rel)
{
    const struct dp_mem_node *x = root;
    const struct dp_mem_node *left = NULL; /* the subtrees next to the path */
    const struct dp_mem_node *right = NULL;
    unsigned i;
    bool found;

    if (x == NULL)
        return (struct dp_mem_spot){0};
    while (!x->leaf) {
        i = child_rank(x, key);
        left = i > 0 ? x->slot[i - 1] : left;
        right = i + 1 < x->n ? x->slot[i + 1] : right;
        x = x->slot[i];
    }
    i = leaf_rank(x, key, &found);
    if (rel == DP_MEM_GE || rel == DP_MEM_GT) {
        i += found && rel == DP_MEM_GT;
        return i < x->n ? (struct dp_mem_spot){.leaf = x, .i = i} : edge(right, false);
    }
    if (found && rel == DP_MEM_LE)
        return (struct dp_mem_spot){.leaf = x, .i = i};
    return i > 0 ? (struct dp_mem_spot){.leaf = x, .i = i - 1} : edge(left, true);
}

struct dp_slice dp_mem_key(struct dp_mem_spot s)
{
    return key_of(s.leaf->slot[s.i]);
}

struct dp_slice dp_mem_val(struct dp_mem_spot s)
{
    const struct rec *r = s.leaf->slot[s.i];

    return dp_slice_of(r->bytes + r->key_len, r->val_len);
}

/* ---- insertion ---- */

/* The shortest key above `left` and not above `right`. */
static struct rec *separator(const struct dp_mem_write *w, const struct rec *left, const struct rec *right)
{
    struct rec *sep;
    size_t same = 0;

    while (same < left->key_len && same < right->key_len && left->bytes[same] == right->bytes[same])
        same++;
    sep = alloc_small(sizeof(*sep) + same + 1);
    rec_fill(sep, w->stamp, dp_slice_of(right->bytes, same + 1), dp_slice_of(NULL, 0));
    return sep;
}

/* Make room for one slot at `i` in an array with `n` in use. */
static void slot_insert(void **slot, unsigned n, unsigned i, void *p)
{
    memmove(slot + i + 1, slot + i, (n - i) * sizeof(*slot));
    slot[i] = p;
}

static void slot_remove(void **slot, unsigned n, unsigned i)
{
    memmove(slot + i, slot + i + 1, (n - i - 1) * sizeof(*slot));
}

static struct split leaf_insert(struct dp_mem_write *w, struct dp_mem_node *x, unsigned i, struct rec *r)
{
    struct dp_mem_node *right;
    unsigned keep = i == FAN ? FAN : FAN / 2;

    if (x->n < FAN) {
        slot_insert(x->slot, x->n++, i, r);
        return (struct split){0};
    }
    right = node_new(w, true);
    right->n = (uint16_t)(FAN - keep);
    memcpy(right->slot, x->slot + keep, right->n * sizeof(*x->slot));
    x->n = (uint16_t)keep;
    if (i <= keep && keep < FAN)
        slot_insert(x->slot, x->n++, i, r);
    else
        slot_insert(right->slot, right->n++, i - keep, r);
    return (struct split){.right = right, .sep = separator(w, x->slot[x->n - 1], right->slot[0])};
}

static void inner_add(struct dp_mem_node *x, unsigned i, struct split s)
{
    slot_insert(x->slot, x->n, i, s.right);
    slot_insert(x->slot + FAN, x->n, i, s.sep);
    x->n++;
}

/* Put the new child of `s` at `i` >= 1. */
static struct split inner_insert(struct dp_mem_write *w, struct dp_mem_node *x, unsigned i, struct split s)
{
    struct dp_mem_node *right;
    unsigned keep = FAN / 2;
    struct rec *sep;

    if (x->n < FAN) {
        inner_add(x, i, s);
        return (struct split){0};
    }
    right = node_new(w, false);
    if (i == FAN) { /* appending: the new child alone */
        right->n = 1;
        right->slot[0] = s.right;
        right->slot[FAN] = NULL;
        return (struct split){.right = right, .sep = s.sep};
    }
    right->n = (uint16_t)(FAN - keep);
    memcpy(right->slot, x->slot + keep, right->n * sizeof(*x->slot));
    memcpy(right->slot + FAN, x->slot + FAN + keep, right->n * sizeof(*x->slot));
    sep = right->slot[FAN];
    right->slot[FAN] = NULL;
    x->n = (uint16_t)keep;
    if (i <= keep)
        inner_add(x, i, s);
    else
        inner_add(right, i - keep, s);
    return (struct split){.right = right, .sep = sep};
}

/* Depth is at most 13 for 2^64 records. */
static struct split insert(struct dp_mem_write *w, struct dp_mem_node **ref, struct rec *r, size_t *old_bytes)
{
    struct dp_mem_node *x = own(w, ref);
    struct dp_slice key = key_of(r);
    struct split s;
    unsigned i;
    bool found;

    if (!x->leaf) {
        i = child_rank(x, key);
        s = insert(w, (struct dp_mem_node **)&x->slot[i], r, old_bytes);
        return s.right != NULL ? inner_insert(w, x, i + 1, s) : s;
    }
    i = leaf_rank(x, key, &found);
    if (!found)
        return leaf_insert(w, x, i, r);
    *old_bytes = dp_mem_record_bytes(key.len, dp_mem_val((struct dp_mem_spot){.leaf = x, .i = i}).len);
    discard(w, x->slot[i]);
    x->slot[i] = r;
    return (struct split){0};
}

enum dp_err dp_mem_put(struct dp_mem_write *w, struct dp_mem_node **root, struct dp_slice key,
                       struct dp_slice val, size_t *old_bytes)
{
    struct rec *r = malloc(dp_mem_record_bytes(key.len, val.len));
    struct dp_mem_node *top;
    struct split s;

    if (r == NULL)
        return DP_NOMEM;
    rec_fill(r, w->stamp, key, val); /* before anything is freed: they may be borrowed from here */
    *old_bytes = 0;
    if (*root == NULL)
        *root = node_new(w, true);
    s = insert(w, root, r, old_bytes);
    if (s.right == NULL)
        return DP_OK;
    top = node_new(w, false);
    top->n = 1;
    top->slot[0] = *root;
    top->slot[FAN] = NULL;
    inner_add(top, 1, s);
    *root = top;
    return DP_OK;
}

/* ---- removal ---- */

static void child_remove(struct dp_mem_write *w, struct dp_mem_node *x, unsigned i)
{
    unsigned sep = i > 0 ? i : 1; /* the first child has none */

    if (sep < x->n) {
        discard(w, x->slot[FAN + sep]);
        slot_remove(x->slot + FAN, x->n, sep);
    }
    slot_remove(x->slot, x->n, i);
    x->n--;
}

/* `key` is there. The node at *ref is discarded, and *ref NULL, when it was its last. */
static void remove_key(struct dp_mem_write *w, struct dp_mem_node **ref, struct dp_slice key)
{
    struct dp_mem_node *x = own(w, ref);
    bool found;
    unsigned i;

    if (x->leaf) {
        i = leaf_rank(x, key, &found);
        discard(w, x->slot[i]);
        slot_remove(x->slot, x->n--, i);
    } else {
        i = child_rank(x, key);
        remove_key(w, (struct dp_mem_node **)&x->slot[i], key);
        if (x->slot[i] == NULL)
            child_remove(w, x, i);
    }
    if (x->n == 0) {
        discard(w, x);
        *ref = NULL;
    }
}

bool dp_mem_del(struct dp_mem_write *w, struct dp_mem_node **root, struct dp_slice key, size_t *old_bytes)
{
    struct dp_mem_spot s = dp_mem_seek(*root, key, DP_MEM_GE);

    if (s.leaf == NULL || !dp_slice_eq(dp_mem_key(s), key))
        return false;
    *old_bytes = dp_mem_record_bytes(key.len, dp_mem_val(s).len);
    remove_key(w, root, key);
    while (*root != NULL && !(*root)->leaf && (*root)->n == 1) {
        struct dp_mem_node *only = (*root)->slot[0];
        discard(w, *root);
        *root = only;
    }
    return true;
}

/* ---- the end of a write ---- */

static void rec_free_since(struct rec *r, uint64_t stamp)
{
    if (r != NULL && r->stamp >= stamp)
        free(r);
}

void dp_mem_free_since(struct dp_mem_node *root, uint64_t stamp)
{
    if (root == NULL || root->stamp < stamp) /* an older node reaches only older things */
        return;
    for (unsigned i = 0; i < root->n; i++) {
        if (root->leaf) {
            rec_free_since(root->slot[i], stamp);
            continue;
        }
        rec_free_since(root->slot[FAN + i], stamp);
        dp_mem_free_since(root->slot[i], stamp);
    }
    free(root);
}
