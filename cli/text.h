/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people: English in the source, others in po/. */
#ifndef DP_CLI_TEXT_H
#define DP_CLI_TEXT_H

#include <libintl.h>

/* An empty text is its own translation: gettext("") is the head of the catalogue. */
__attribute__((format_arg(1))) static inline const char *dp_text(const char *s)
{
    return s[0] != '\0' ? gettext(s) : s;
}

#define _(s) dp_text(s)
#define N_(s) s

#endif
