/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for the codes of the entries (proto/entry.proto, proto/RULES.md): as typed, and as shown to a person.
 * Numbers are for ever; a test compares kinds and reasons with those of the daemon.
 */
#ifndef DP_CLI_WORDS_H
#define DP_CLI_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum dp_codes {
    DP_CODES_KIND,
    DP_CODES_CHANNEL, /* number = the letter */
    DP_CODES_ORIGIN,
    DP_CODES_PURPOSE,
    DP_CODES_FLAG, /* number = the bit */
    DP_CODES_DUTY,
    DP_CODES_SOURCE,
    DP_CODES_RESULT,
    DP_CODES_ANSWER,
    DP_CODES_OBJECTION,
    DP_CODES_CLOSE,
    DP_CODES_ROUTE,
    DP_CODES_WAY,
    DP_CODES_SIGNED,
    DP_CODES_VIEW,
    DP_CODES_EVALUATION,
    DP_CODES_SCORE,
    DP_CODES_RELATION,
    DP_CODES_GROUND,
    DP_CODES_LEVEL,
    DP_CODES_MODE,
    DP_CODES_MEDIA,
    DP_CODES_ROLE,   /* number = the bit */
    DP_CODES_UNMASK, /* R-PRT-3 */
    DP_CODES_ERASE,
    DP_CODES_LOCK, /* R-N3-10 */
    DP_CODES_UNLOCK,
    DP_CODES_REASON, /* why a step is void or refused: enum dp_void_reason */
    DP_CODES_COUNT
};

/* Number of a typed word (or of digits, where a word of the list has that number). */
bool dp_code_number(enum dp_codes list, const char *word, uint32_t *no);
/* As dp_code_number; complains with all words of the list. */
DP_MUST enum dp_err dp_code_parse(enum dp_codes list, const char *what, const char *word, uint32_t *no);
/* Word and translated text of a number; NULL when there is none. */
const char *dp_code_word(enum dp_codes list, uint32_t no);
const char *dp_code_text(enum dp_codes list, uint32_t no);
/* Translated text of a word that the daemon uses in its answers (states, clocks, kinds); the word itself when
 * unknown. */
const char *dp_word_text(const char *word);

#endif
