/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_of.h -- the tokenizer that a checkpoint comes with.
 *
 * Made of the files that text/tokenizer.h names; without them there is none, an error of class DATA, as
 * is one that is not understood. */
#ifndef FL_MODEL_TOKENIZER_OF_H
#define FL_MODEL_TOKENIZER_OF_H

#include "base/err.h"
#include "base/str.h"
#include "model/params.h"
#include "model/weights.h"
#include "text/tokenizer.h"

/* From the texts of its files, one without data is not there; what: the checkpoint. */
bool fl_tokenizer_in_files(const struct fl_str file[FL_TOKENIZER_FILES]);
struct fl_tokenizer *fl_tokenizer_of_files(const struct fl_str file[FL_TOKENIZER_FILES], const char *what,
    struct fl_err *err) FL_MUST_USE;

bool fl_tokenizer_in_model(const struct fl_model *m); /* whether it has any */
struct fl_tokenizer *fl_tokenizer_of_model(const struct fl_model *m, struct fl_err *err) FL_MUST_USE;
struct fl_tokenizer *fl_tokenizer_of_params(const struct fl_params *p, struct fl_err *err) FL_MUST_USE;

/* Reads nothing else of the checkpoint, which needs no weights. path NULL or "-": standard input. */
struct fl_tokenizer *fl_tokenizer_of_checkpoint(const char *path, struct fl_err *err) FL_MUST_USE;

#endif
