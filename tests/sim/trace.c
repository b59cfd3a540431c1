/* SPDX-License-Identifier: Apache-2.0 */
/* A history in words, a line each: step, time since its beginning, node, what. */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>

static void begin_line(const struct sim *s, const struct cl_node *n)
{
    int64_t ms = s->c->now_ms - s->began_ms;
    printf("%8llu %lldd%02lld:%02lld:%02lld.%03lld %-16s ", (unsigned long long)s->c->steps,
           (long long)(ms / 86400000), (long long)(ms / 3600000 % 24), (long long)(ms / 60000 % 60),
           (long long)(ms / 1000 % 60), (long long)(ms % 1000), n == NULL ? "-" : n->text);
}

void trace_say(const struct sim *s, const struct cl_node *n, const char *fmt, ...)
{
    va_list ap;
    if (!s->opt.trace)
        return;
    begin_line(s, n);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

static void say_hello(const struct dp_hello *h)
{
    printf("hello inc %08x head %llu yours %llu", h->inc, (unsigned long long)h->head.number,
           (unsigned long long)h->yours.number);
    for (unsigned i = 0; i < DP_LANES; i++)
        printf(" %u:%llu/%llu", i, (unsigned long long)h->lane[i].my_last,
               (unsigned long long)h->lane[i].your_durable);
}

static void say_item(const struct dp_item_frame *it)
{
    static const char *const kinds[] = {"?", "block", "pruned", "cert", "parcel", "chunk", "post"};
    _Static_assert(sizeof kinds / sizeof kinds[0] == DP_ITEM_POST + 1, "a word for each kind");
    printf("%s %s %llu, %u bytes", it->kind <= DP_ITEM_POST ? kinds[it->kind] : "?", dp_lane_word(it->lane),
           (unsigned long long)it->number, it->total);
}

void trace_frame(const struct sim *s, const struct cl_node *from, const struct cl_node *to,
                 struct dp_slice frame)
{
    struct dp_frame f;
    begin_line(s, from);
    printf("-> %s ", to->text);
    if (dp_frame_get(frame, &f) != DP_OK)
        f.type = 0;
    switch (f.type) {
    case DP_FRAME_HELLO:
        say_hello(&f.u.hello);
        break;
    case DP_FRAME_ITEM:
        say_item(&f.u.item);
        break;
    case DP_FRAME_ACK:
        printf("ack");
        for (unsigned i = 0; i < DP_LANES; i++)
            if ((f.u.ack.lanes >> i & 1) != 0)
                printf(" %s %llu", dp_lane_word((uint8_t)i), (unsigned long long)f.u.ack.lane[i].durable);
        break;
    case DP_FRAME_REFUSED:
        printf("refused %s %llu: %s", dp_lane_word(f.u.refused.lane), (unsigned long long)f.u.refused.number,
               dp_err_name((enum dp_err)f.u.refused.code));
        break;
    case DP_FRAME_BYE:
        printf("bye: %s", dp_stop_text((enum dp_stop)f.u.bye.reason));
        break;
    case DP_FRAME_KEEP:
        printf("keep-alive %u", f.u.keep);
        break;
    default:
        printf("frame of type %u, %u bytes", frame.len > 0 ? frame.p[0] : 0, (unsigned)frame.len);
        break;
    }
    putchar('\n');
}
