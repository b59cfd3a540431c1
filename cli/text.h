/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people: English in the source, others in po/. */
#ifndef DP_CLI_TEXT_H
#define DP_CLI_TEXT_H

#include <libintl.h>

#define _(s) gettext(s)
#define N_(s) s

#endif
