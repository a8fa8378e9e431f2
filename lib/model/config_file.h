/* SPDX-License-Identifier: Apache-2.0 */
/* config_file.h -- a configuration without its weights. */
#ifndef FL_MODEL_CONFIG_FILE_H
#define FL_MODEL_CONFIG_FILE_H

#include "base/err.h"
#include "base/json.h"

/* What `path` holds: a config.json, its name or -, or any checkpoint. The caller's to free; NULL with err set. */
struct fl_json *fl_config_read(const char *path, struct fl_err *err) FL_MUST_USE;

#endif
