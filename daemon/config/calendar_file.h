/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statutory rest days as a file (conf/calendar/): comments `# id: WORD` and `# edition: N`,
 * then CSV `date,kind,name` with kind rest or work (a shifted working day). It is what
 * `calendar publish FILE` turns into an entry. A new edition takes over the years of the
 * one before, so that a clock may run over New Year.
 */
#ifndef DP_CONFIG_CALENDAR_FILE_H
#define DP_CONFIG_CALENDAR_FILE_H

#include "base/slice.h"
#include "case/entry.h"
#include "config/config.h"

#define DP_CALENDAR_YEAR_MIN 2000
#define DP_CALENDAR_YEAR_MAX 2099

/*
 * `file` is the name for messages. DP_CONFIG and *error (file, line, reason) on anything that
 * is not exactly right: a date that does not exist or is listed twice, a year outside
 * 2000..2099, a shifted working day that is no weekend. Lines may stand in any order; years
 * and days of *out rise. *out only on success.
 */
DP_MUST enum dp_err dp_calendar_file_parse(struct dp_slice text, const char *file, struct dp_calendar *out,
                                           struct dp_config_error *error);

/*
 * Years of `older` that `newer` does not state itself, added to `newer`, whose id and edition
 * stay. The oldest years fall away where there is no room. DP_CONFLICT for another id, or an
 * edition that does not rise; *newer is then untouched.
 */
DP_MUST enum dp_err dp_calendar_take_over(const struct dp_calendar *older, struct dp_calendar *newer);

#endif
