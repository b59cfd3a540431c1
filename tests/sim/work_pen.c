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
    struct cl_result r = work_do(a, &x);
    if (r.answered && r.err == DP_OK)
        work_pen_wrote(a, a->offered, &r.name, DP_PART_TEXT);
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

/* ---- corrections ---- */

void work_pen_wrote(struct sim_agent *a, const char *ref, const struct dp_name *entry, uint8_t kind)
{
    if (ref != a->own_case)
        snprintf(a->own_case, sizeof(a->own_case), "%s", ref);
    dp_name_format(entry, a->own_entry);
    a->own_kind = kind;
}

void work_pen_intake(struct sim_agent *a, struct cl_command *x)
{
    struct dp_petitioner *p = x->part[0].petitioners;
    p[0].address = "upper hamlet 4";
    p[0].id_no = "331023196001011234";
    p[0].gender = 2;
    x->part[1].demand = "mend it before winter";
    if (!a->slip.two)
        return;
    p[1] = (struct dp_petitioner){.name = "Li Daming", .phone = "13900005678", .address = "lower hamlet 1"};
    x->part[0].petitioner_count = 2;
}

/* Some of the fields, of the part that the entry has or of one of two. */
static void correct(struct sim_agent *a)
{
    static char phone[24];
    struct cl_command x;
    uint8_t kind = a->own_kind != 0 ? a->own_kind : often(a, 60) ? DP_PART_PETITIONERS : DP_PART_CONTENT;
    struct dp_step *s = cl_step(&x, DP_KIND_CORRECT, a->own_case);
    s->re = s->other = a->own_entry;
    s->person = kind == DP_PART_PETITIONERS ? 1 + often(a, 20) : 0;
    s->clear = kind == DP_PART_PETITIONERS && often(a, 20) ? "gender" : "";
    x.part[0] = (struct dp_part_text){.kind = kind, .petitioner_count = kind == DP_PART_PETITIONERS};
    s->part_count = 1;
    snprintf(phone, sizeof(phone), "138%08u", ++a->corrections);
    if (kind == DP_PART_PETITIONERS)
        x.part[0].petitioners[0].phone = phone;
    else if (kind == DP_PART_CONTENT)
        x.part[0].title = phone;
    else
        x.part[0].text = phone;
    struct cl_result r = work_do(a, &x);
    if (r.answered && r.err == DP_OK)
        work_pen_wrote(a, a->own_case, &r.name, kind); /* a correction of it is corrected next */
    else if (r.answered)
        a->own_entry[0] = '\0';
}

void work_pen(struct sim_agent *a)
{
    if (a->own_entry[0] != '\0' && often(a, a->s->work->habits.pen / 2))
        correct(a);
    if (a->n->d == NULL || a->offered[0] == '\0' || !often(a, a->s->work->habits.pen))
        return;
    if (often(a, 15))
        ask_for_help(a);
    else if (often(a, 30))
        attach(a);
    else
        write_note(a);
}
