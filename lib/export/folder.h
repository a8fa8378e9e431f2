/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h -- what every target that is a directory has in it beside the model. */
#ifndef FL_EXPORT_FOLDER_H
#define FL_EXPORT_FOLDER_H

#include "base/json.h"
#include "io/output.h"
#include "model/weights.h"

/* A directory to be, path ending in a slash, as fl_output_open_dir() makes one. NULL with err set. */
struct fl_output *fl_folder_open(const char *path, struct fl_err *err) FL_MUST_USE;

/* A file of it, whole. */
int fl_folder_file(const struct fl_output *dir, const char *name, const void *data, size_t n,
    struct fl_err *err) FL_MUST_USE;

/* The tokenizer's files and generation_config.json as the checkpoint has them, and a history with the export's
 * line at its end. */
int fl_folder_members(const struct fl_output *dir, const struct fl_model *m, const struct fl_json *arguments,
    struct fl_err *err) FL_MUST_USE;

#endif
