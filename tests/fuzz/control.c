/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of local programs: what decodes keeps its promises, and its texts can be made parts of an entry.
 */
#include <string.h>

#include "control/request.h"
#include "fuzz.h"

static void check_text(const char *s)
{
    FUZZ_CHECK(s != NULL);
    FUZZ_CHECK(dp_utf8_ok(dp_slice_str(s)));
}

static void check_parts(const struct dp_step *s)
{
    struct dp_buf b;

    FUZZ_CHECK(s->part_count <= DP_PARTS_MAX);
    dp_buf_init(&b, DP_PART_PLAIN_MAX);
    for (unsigned i = 0; i < s->part_count; i++) {
        dp_buf_reset(&b);
        FUZZ_CHECK(s->parts[i].kind >= DP_PART_PETITIONERS && s->parts[i].kind <= DP_PART_TEXT);
        FUZZ_CHECK(dp_part_text_encode(&s->parts[i], &b) == DP_OK);
    }
    dp_buf_fini(&b);
}

static void check_step(const struct dp_step *s)
{
    FUZZ_CHECK(dp_kind_known(s->kind));
    check_text(s->case_ref);
    check_text(s->to);
    check_text(s->other);
    check_text(s->re);
    check_text(s->label);
    check_text(s->from_draft);
    FUZZ_CHECK(s->token.len <= 32);
    check_parts(s);
    if (s->intake != NULL) {
        FUZZ_CHECK(s->intake->respondent_count <= DP_RESPONDENTS_MAX);
        for (unsigned i = 0; i < s->intake->respondent_count; i++)
            check_text(s->intake->respondents[i]);
        check_text(s->intake->source_system);
        FUZZ_CHECK(strlen(s->intake->source_system) < 64 && strlen(s->intake->source_no) < 40);
    }
    if (s->file != NULL)
        check_text(s->file->name);
}

static void check_command(const struct dp_command *c)
{
    switch (c->kind) {
    case DP_COMMAND_STEP:
        check_step(&c->u.step);
        return;
    case DP_COMMAND_QUERY:
        check_text(c->u.query.what);
        check_text(c->u.query.case_ref);
        check_text(c->u.query.after);
        return;
    case DP_COMMAND_ADMIN:
        check_text(c->u.admin.verb);
        check_text(c->u.admin.path);
        return;
    case DP_COMMAND_BLOB:
        check_text(c->u.blob.upload);
        return;
    }
    FUZZ_CHECK(false);
}

bool fuzz_one(const struct dp_suite *suite, struct dp_slice input, struct dp_arena *a)
{
    struct dp_request rq;
    uint64_t id = 77;

    (void)suite;
    if (dp_request_decode(input, a, &rq, &id) != DP_OK)
        return false;
    FUZZ_CHECK(rq.id == id);
    FUZZ_CHECK(rq.count >= 1 && rq.count <= DP_COMMANDS_MAX);
    check_text(rq.as_office);
    for (uint32_t i = 0; i < rq.count; i++)
        check_command(&rq.commands[i]);
    return true;
}
