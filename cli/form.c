/* SPDX-License-Identifier: Apache-2.0 */
/* Registration at the terminal, one question after the other, in the order in which people tell it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "step.h"
#include "words.h"

#define LINE_MAX_BYTES 2000
#define TEXT_MAX 12000

/* One line without its end; false at the end of input. */
static bool ask_line(const char *question, char *line, size_t cap)
{
    size_t len;

    fprintf(stderr, "%s: ", question);
    if (fgets(line, (int)cap, stdin) == NULL)
        return false;
    len = strlen(line);
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        line[--len] = '\0';
    return true;
}

static bool ask_text(struct dp_draft *d, const char *question, char **field)
{
    char line[LINE_MAX_BYTES];
    bool ok = ask_line(question, line, sizeof(line));

    if (ok && line[0] != '\0')
        *field = dp_draft_text(d, dp_slice_str(line));
    dp_wipe(line, sizeof(line));
    return ok;
}

/* Asks again until the word is one of the list; an empty line leaves it as it is. */
static bool ask_code(const char *question, enum dp_codes list, uint32_t *out)
{
    char line[64];

    while (ask_line(question, line, sizeof(line))) {
        if (line[0] == '\0' || dp_code_parse(list, question, line, out) == DP_OK)
            return true;
    }
    return false;
}

static bool ask_division(struct dp_draft *d, const char *question, char **field)
{
    char line[64];

    while (ask_line(question, line, sizeof(line))) {
        struct dp_div div;
        if (line[0] == '\0')
            return true;
        if (dp_div_parse(dp_slice_str(line), &div) == DP_OK) {
            *field = dp_draft_text(d, dp_slice_str(line));
            return true;
        }
        dp_fail(DP_USAGE, _("%s: not a division of 12 digits"), line);
    }
    return false;
}

/* Several lines, ended by a single dot. */
static bool ask_lines(struct dp_draft *d, const char *question, char **field)
{
    char line[LINE_MAX_BYTES], *text = dp_arena_alloc(&d->arena, TEXT_MAX + 1);
    size_t len = 0;
    bool ok;

    fprintf(stderr, "%s\n", question);
    while ((ok = text != NULL && ask_line(">", line, sizeof(line))) && strcmp(line, ".") != 0) {
        size_t n = strlen(line);
        if (len + n + 1 > TEXT_MAX) {
            dp_fail(DP_TOO_BIG, "%s", _("the text is full; attach the rest as a file"));
            break;
        }
        memcpy(text + len, line, n);
        len += n;
        text[len++] = '\n';
    }
    dp_wipe(line, sizeof(line));
    if (text != NULL && len > 0) {
        text[len - 1] = '\0';
        *field = text;
    }
    return ok;
}

static bool ask_matter(struct dp_draft *d)
{
    PBC(Intake) *in = &d->intake;
    uint32_t channel = 0;
    char letter;

    if (!ask_code(_("Channel (visit, letter, web, phone, fax, other)"), DP_CODES_CHANNEL, &channel) ||
        !ask_code(_("Purpose (claim, appeal, accusation, suggestion, inquiry, thanks, other)"),
                  DP_CODES_PURPOSE, &in->purpose) ||
        !ask_division(d, _("Place of the problem (12 digits, may be left out)"), &in->problem_div))
        return false;
    letter = (char)channel;
    if (channel != 0)
        in->channel = dp_draft_text(d, dp_slice_of(&letter, 1));
    return true;
}

static bool ask_person(struct dp_draft *d)
{
    PBC(Person) *p = dp_draft_person(d);

    if (!ask_text(d, _("Name of the petitioner (empty: anonymous)"), &p->name))
        return false;
    p->anonymous = p->name[0] == '\0';
    return p->anonymous || (ask_text(d, _("Number of the identity card"), &p->id_no) &&
                            ask_text(d, _("Phone"), &p->phone) && ask_text(d, _("Address"), &p->address));
}

enum dp_err dp_draft_form(struct dp_draft *d)
{
    PBC(Part) * content;

    if (ask_matter(d) && ask_person(d)) {
        content = dp_draft_part(d, DP_CONTENT);
        if (ask_text(d, _("Title"), &content->title) &&
            ask_lines(d, _("What it is about; end with a line of a single dot"), &content->content) &&
            ask_text(d, _("What is asked for"), &content->demand))
            return DP_OK;
    }
    dp_fail(DP_USAGE, "%s", _("broken off; nothing was registered"));
    return DP_USAGE;
}
