/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile of limits as a file (conf/profile/): INI with a section [profile] (id, edition,
 * valid-from, flags) and one section per clock by its word (days, working, max-extend). It is what
 * `profile publish FILE` turns into an entry; a published edition never changes.
 */
#ifndef DP_CONFIG_PROFILE_FILE_H
#define DP_CONFIG_PROFILE_FILE_H

#include "base/slice.h"
#include "case/entry.h"
#include "config/config.h"

#define DP_PROFILE_DAYS_MAX 3650
#define DP_PROFILE_EXTEND_MAX 365
#define DP_EDITION_MAX 999999

/*
 * `file` is the name for messages. DP_CONFIG and *error (file, line, reason) on anything
 * that is not exactly right: an unknown section or key, a key given twice, a value outside
 * its limits, a clock without days. Limits are in order of their clocks. *out only on success.
 */
DP_MUST enum dp_err dp_profile_file_parse(struct dp_slice text, const char *file, struct dp_profile *out,
                                          struct dp_config_error *error);

#endif
