/* SPDX-License-Identifier: Apache-2.0 */
/* Words and shapes of the kinds, one table made from the list in kind.h. */
#include "case/kind.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *word;
    uint8_t shape;
} kinds[DP_KIND_MAX + 1] = {
#define KIND_ROW(name, no, word, shape) [no] = {word, DP_SHAPE_##shape},
    DP_KIND_LIST(KIND_ROW)
#undef KIND_ROW
};

const char *dp_kind_word(uint32_t kind)
{
    return kind <= DP_KIND_MAX ? kinds[kind].word : NULL;
}

bool dp_kind_known(uint32_t kind)
{
    return dp_kind_word(kind) != NULL;
}

enum dp_shape dp_kind_shape(uint32_t kind)
{
    return dp_kind_known(kind) ? (enum dp_shape)kinds[kind].shape : DP_SHAPE_NONE;
}

enum dp_kind dp_kind_of_word(const char *word)
{
    for (uint32_t k = 1; k <= DP_KIND_MAX; k++) {
        if (kinds[k].word != NULL && strcmp(kinds[k].word, word) == 0)
            return (enum dp_kind)k;
    }
    return DP_KIND_NONE;
}

bool dp_kind_is_offer(uint32_t kind)
{
    return kind == DP_KIND_TRANSFER || kind == DP_KIND_ASSIGN || kind == DP_KIND_REFER_UP ||
           kind == DP_KIND_DESIGNATE;
}

bool dp_kind_opens(uint32_t kind)
{
    return kind == DP_KIND_REGISTER || kind == DP_KIND_ACCEPT || kind == DP_KIND_TAKE ||
           kind == DP_KIND_DESIGNATE;
}
