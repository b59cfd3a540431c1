/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an office writes while a case is on its way: notes and files on what it offered and nobody has
 * accepted yet, and a request for help now and then. It draws from a stream of its own. See work.h.
 */
#include "sim/work.h"

#include <stdio.h>
#include <string.h>

#define FILE_BYTES 700u

static bool often(struct sim_agent *a, uint32_t percent)
{
    return dp_rng_below(&a->pen, 100) < percent;
}

static void write_note(struct sim_agent *a)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_NOTE, a->offered);
    cl_text(&x, "came by and asked how far it is");
    (void)work_do(a, &x);
}

static void attach(struct sim_agent *a)
{
    static uint8_t bytes[FILE_BYTES];
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ATTACHMENT, a->offered);
    memset(bytes, (int)dp_rng_below(&a->pen, 256), sizeof(bytes));
    x.file = (struct dp_file){.name = "receipt.jpg",
                              .media = 1,
                              .size = sizeof(bytes),
                              .stored = true,
                              .content = dp_slice_of(bytes, sizeof(bytes)),
                              .upload = ""};
    s->file = &x.file;
    (void)work_do(a, &x);
}

/* The holder alone may: the others are refused. */
static void ask_for_help(struct sim_agent *a)
{
    struct cl_command x;
    char to[DP_OFFICE_TEXT];
    if (!work_near(a, false, to))
        return;
    struct dp_step *s = cl_step(&x, DP_KIND_TRANSFER, a->offered);
    s->to = to;
    s->code2 = DP_DUTY_CO_HANDLE;
    cl_text(&x, "please look at the road with us");
    (void)work_do(a, &x);
}

void work_pen_offered(struct sim_agent *a, const char *ref)
{
    snprintf(a->offered, sizeof(a->offered), "%s", ref);
}

void work_pen(struct sim_agent *a)
{
    if (a->offered[0] == '\0' || !often(a, a->s->work->habits.pen))
        return;
    if (often(a, 15))
        ask_for_help(a);
    else if (often(a, 30))
        attach(a);
    else
        write_note(a);
}
