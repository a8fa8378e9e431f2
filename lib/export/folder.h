/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h -- what every target that is a directory has in it beside the model. */
#ifndef FL_EXPORT_FOLDER_H
#define FL_EXPORT_FOLDER_H

#include "base/json.h"
#include "export/export.h"
#include "io/output.h"
#include "model/weights.h"

/* A file of it, whole; v as text, taken over. */
int fl_folder_file(const struct fl_output *dir, const char *name, const void *data, size_t n,
    struct fl_err *err) FL_MUST_USE;
int fl_folder_json(const struct fl_output *dir, const char *name, struct fl_json *v, struct fl_err *err) FL_MUST_USE;

/* Writes what is the target's own into dir. */
typedef int fl_folder_files(const struct fl_output *dir, const struct fl_model *m, const struct fl_export_opts *o,
    struct fl_err *err);

/* A target's write(), fl_target, where o->output must be a name that ends in a slash: a directory of these files, of
 * the tokenizer's and generation_config.json as the checkpoint has them, and of a history with the export's line at
 * its end. */
int fl_folder_write(struct fl_reader *in, const struct fl_export_opts *o, fl_folder_files *files, struct fl_err *err)
    FL_MUST_USE;

#endif
