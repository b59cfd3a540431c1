/* SPDX-License-Identifier: Apache-2.0 */
/* A step under construction: the message, the parts it carries, and the memory of both. */
#ifndef DP_CLI_STEP_H
#define DP_CLI_STEP_H

#include "base/arena.h"
#include "call.h"

#define DP_DRAFT_PARTS_MAX 4
#define DP_DRAFT_PERSONS_MAX 5
#define DP_DRAFT_RESPONDENTS_MAX 4

/* Kinds of parts on the wire. */
enum { DP_PETITIONERS = 1, DP_RESPONDENT = 2, DP_CONTENT = 3, DP_TEXT = 4 };

struct dp_draft {
    struct dp_arena arena; /* texts that are neither arguments nor static */
    PBC(Step) step;
    PBC(Intake) intake;
    PBC(File) file;
    PBC(Part) parts[DP_DRAFT_PARTS_MAX];
    PBC(Part) * part_list[DP_DRAFT_PARTS_MAX];
    PBC(Person) persons[DP_DRAFT_PERSONS_MAX];
    PBC(Person) * person_list[DP_DRAFT_PERSONS_MAX];
    char *respondents[DP_DRAFT_RESPONDENTS_MAX];
};

void dp_draft_init(struct dp_draft *d);
void dp_draft_fini(struct dp_draft *d);
/* The part of that kind, made when there is none. */
PBC(Part) * dp_draft_part(struct dp_draft *d, uint32_t kind);
/* A further petitioner; NULL when there are five. */
PBC(Person) * dp_draft_person(struct dp_draft *d);
/* Copy into the draft's memory; never NULL (the program ends without memory). */
char *dp_draft_text(struct dp_draft *d, struct dp_slice s);

/* Fill the step of `kind`: case, second argument, defaults, options. Explained. */
DP_MUST enum dp_err dp_step_fill(struct dp_draft *d, uint32_t kind, const struct dp_args *a);
/* --text and --text-file as a part. Explained. */
DP_MUST enum dp_err dp_draft_free_text(struct dp_draft *d, const struct dp_args *a);
/* A whole text file as a part: UTF-8. Explained. */
DP_MUST enum dp_err dp_draft_text_file(struct dp_draft *d, const char *path);

/* Intake options into the draft. */
DP_MUST enum dp_err dp_draft_intake(struct dp_draft *d, const struct dp_args *a);
/* A registration as JSON (daipao-json(7)); a field that is not known is an error. */
DP_MUST enum dp_err dp_draft_json(struct dp_draft *d, const char *path);
/* Ask a person at the terminal, field by field. */
DP_MUST enum dp_err dp_draft_form(struct dp_draft *d);

#endif
