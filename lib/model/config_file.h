/* SPDX-License-Identifier: Apache-2.0 */
/* config_file.h -- a configuration without its weights. */
#ifndef FL_MODEL_CONFIG_FILE_H
#define FL_MODEL_CONFIG_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

/* What `path` holds: a config.json, if its name ends in .json, or a checkpoint, if it is a directory or its name ends in
 * .tar or .tar.zst. Anything else, standard input ("-") and pipes among it, is what the caller says. The caller's
 * to free; NULL with err set. */
struct fl_json *fl_config_read(const char *path, bool else_json, struct fl_err *err) FL_MUST_USE;

#endif
