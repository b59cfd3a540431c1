/* SPDX-License-Identifier: Apache-2.0 */
/* Private to node/: what the files behind the local commands share. All calls inside a write turn. */
#ifndef DP_NODE_COMMAND_H
#define DP_NODE_COMMAND_H

#include "node/core.h"

/* caller.c: who is asking (R-CTL-1). DP_AMBIGUOUS: several offices and none named, DP_NOT_ENTITLED. */
enum dp_err dp_caller_find(struct dp_daemon *d, uint32_t uid, const char *as_office, struct dp_caller *out);
struct dp_date dp_today(const struct dp_daemon *d);

/* step.c: texts of a command as the plain bytes of parts; arena of the turn. When one cannot be used `said`
 * names the field. */
enum dp_err dp_step_parts(struct dp_daemon *d, const struct dp_step *s, struct dp_part_in *out,
                          struct dp_outcome *said);

/* intake.c */
void dp_do_register(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                    const struct dp_step *s, struct dp_outcome *out);

/* ---- forecast.c: the answer to a dry run ---- */
struct dp_forecast {
    const struct dp_casefile *file; /* as the caller sees it; NULL for a registration */
    const struct dp_state *st;
    const struct dp_entry *e; /* as it would be issued; its name is the next one */
    const struct dp_part_in *parts;
    uint8_t part_count;
    const struct dp_correction *correction; /* field by field; NULL: it is none (correct.h) */
};
/* What would happen, to whom personal parts would go, and its bytes on the lines of this node if sent alone.
 */
void dp_forecast_answer(struct dp_daemon *d, const struct dp_forecast *f, struct dp_outcome *out);
/* The same for a matter of so many bytes that would go sealed to `to`. */
void dp_forecast_sealed(struct dp_daemon *d, struct dp_node to, size_t body_len, struct dp_outcome *out);

/* ---- upload.c: a file in pieces, before the step that attaches it ---- */
#define DP_FILE_BYTES_MAX (DP_CHUNKS_MAX * DP_CHUNK_BYTES)
void dp_do_blob(struct dp_daemon *d, const struct dp_caller *c, const struct dp_request *rq,
                const struct dp_blob *b, struct dp_outcome *out);
/* The file that was uploaded under this word by this user: what a body says of it, and its key. The upload is
 * over. DP_NOT_FOUND; DP_CONFLICT when another size was announced. */
enum dp_err dp_upload_take(struct dp_daemon *d, const struct dp_caller *c, const struct dp_file *f,
                           struct dp_body *body, struct dp_key *key);

/* ---- answers.c: the answer to a command whose token was seen before ---- */
#define DP_TOKEN_BYTES_MIN 16
/* True: *out is what was answered then. */
bool dp_answer_again(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice token,
                     struct dp_outcome *out);
void dp_answer_keep(struct dp_daemon *d, const struct dp_caller *c, struct dp_slice token,
                    const struct dp_outcome *out);

#endif
