/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of events and the queues of messages: see cluster.h. */
#include <stdlib.h>
#include <string.h>

#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

#define AT_ONE_TIME_MAX 1000000u

/* ---- queues ---- */

void cl_queue_init(struct cl_queue *q)
{
    *q = (struct cl_queue){0};
    q->tail = &q->first;
}

void cl_queue_put(struct cl_queue *q, struct dp_slice head, struct dp_slice bytes, int64_t sent_us,
                  int64_t at_us)
{
    struct cl_message *m = malloc(sizeof(*m) + head.len + bytes.len);
    assert_non_null(m);
    m->next = NULL;
    m->sent_us = sent_us;
    m->at_us = at_us < q->last_us ? q->last_us : at_us;
    m->len = head.len + bytes.len;
    if (head.len > 0)
        memcpy(m->bytes, head.p, head.len);
    if (bytes.len > 0)
        memcpy(m->bytes + head.len, bytes.p, bytes.len);
    q->last_us = m->at_us;
    *q->tail = m;
    q->tail = &m->next;
    q->count++;
}

struct cl_message *cl_queue_take(struct cl_queue *q)
{
    struct cl_message *m = q->first;
    q->first = m->next;
    if (q->first == NULL)
        q->tail = &q->first;
    q->count--;
    return m;
}

void cl_queue_clear(struct cl_queue *q)
{
    while (q->first != NULL)
        free(cl_queue_take(q));
}

bool cl_queue_due(const struct cl_queue *q, int64_t now_us)
{
    return q->first != NULL && q->first->at_us <= now_us;
}

/* ---- the heap ---- */

static bool before(const struct cl_event *a, const struct cl_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void set(struct cluster *c, uint32_t place, struct cl_event *e)
{
    c->heap[place] = e;
    e->place = place;
}

static void rise(struct cluster *c, uint32_t i)
{
    struct cl_event *e = c->heap[i];
    for (; i > 1 && before(e, c->heap[i / 2]); i /= 2)
        set(c, i, c->heap[i / 2]);
    set(c, i, e);
}

static void sink(struct cluster *c, uint32_t i)
{
    struct cl_event *e = c->heap[i];
    for (;;) {
        uint32_t child = 2 * i;
        if (child < c->heap_count && before(c->heap[child + 1], c->heap[child]))
            child++;
        if (child > c->heap_count || !before(c->heap[child], e))
            break;
        set(c, i, c->heap[child]);
        i = child;
    }
    set(c, i, e);
}

uint64_t cl_draw(const struct cluster *c, uint64_t owner, uint64_t at)
{
    uint64_t x = c->salt ^ owner * UINT64_C(0x9e3779b97f4a7c15) ^ at * UINT64_C(0xd1b54a32d192ed03);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void cl_event_init(struct cluster *c, struct cl_event *e, void (*fire)(void *ctx), void *ctx)
{
    *e = (struct cl_event){.fire = fire, .ctx = ctx, .id = ++c->event_ids};
}

void cl_take_back(struct cluster *c, struct cl_event *e)
{
    uint32_t i = e->place;
    if (i == 0)
        return;
    e->place = 0;
    struct cl_event *last = c->heap[c->heap_count--];
    if (last == e)
        return;
    set(c, i, last);
    rise(c, i);
    sink(c, last->place);
}

void cl_at(struct cluster *c, struct cl_event *e, int64_t at_us)
{
    if (at_us < c->now_us)
        at_us = c->now_us;
    if (e->place != 0 && e->at_us == at_us)
        return;
    cl_take_back(c, e);
    if (at_us == INT64_MAX)
        return;
    if (c->heap_count + 2 > c->heap_cap) {
        c->heap_cap = c->heap_cap == 0 ? 64 : 2 * c->heap_cap;
        c->heap = realloc(c->heap, c->heap_cap * sizeof(c->heap[0]));
        assert_non_null(c->heap);
    }
    e->at_us = at_us;
    e->order = cl_draw(c, e->id, c->by_moment ? (uint64_t)at_us : ++e->drawn);
    set(c, ++c->heap_count, e);
    rise(c, c->heap_count);
}

void cl_want(struct cl_node *n, int64_t at_us)
{
    if (n->d != NULL && (n->next.place == 0 || n->next.at_us > at_us))
        cl_at(n->c, &n->next, at_us < n->busy_us ? n->busy_us : at_us);
}

/* ---- time ---- */

static void pass(struct cluster *c, int64_t to_us)
{
    if (to_us <= c->now_us)
        return;
    c->now_us = to_us;
    c->now_ms = to_us / 1000;
    c->at_once = 0;
}

bool cluster_step(struct cluster *c, int64_t until_ms)
{
    struct cl_event *e = c->heap_count > 0 ? c->heap[1] : NULL;
    c->steps++;
    if (e == NULL || e->at_us > until_ms * 1000) {
        pass(c, until_ms * 1000);
        return false;
    }
    pass(c, e->at_us);
    if (++c->at_once > AT_ONE_TIME_MAX)
        fail_msg("time stands still at %lld ms", (long long)c->now_ms);
    cl_take_back(c, e);
    e->fire(e->ctx);
    return true;
}

void cluster_run(struct cluster *c, int64_t ms)
{
    int64_t until = c->now_ms + ms;
    while (cluster_step(c, until))
        ;
}
