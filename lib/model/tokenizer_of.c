/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tokenizer_of.h"

#include "base/str.h"
#include "io/checkpoint.h"

/* From the files of the checkpoint called `what`. */
static struct fl_tokenizer *
make(const struct fl_tokenizer_text *file, const char *what, struct fl_err *err)
{
	struct fl_tokenizer *t = fl_tokenizer_new(file, err);

	if (!t)
		fl_err_prefix(err, "'%s'", what);
	return t;
}

bool
fl_tokenizer_in_files(const struct fl_str file[FL_TOKENIZER_FILES])
{
	return file[FL_TOKENIZER_JSON].data || file[FL_TOKENIZER_MODEL].data || file[FL_TOKENIZER_MERGES].data;
}

struct fl_tokenizer *
fl_tokenizer_of_files(const struct fl_str text[FL_TOKENIZER_FILES], const char *what, struct fl_err *err)
{
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES];

	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		file[i] = (struct fl_tokenizer_text){ text[i].data, text[i].len };
	return make(file, what, err);
}

bool
fl_tokenizer_in_model(const struct fl_model *m)
{
	return fl_model_member(m, fl_tokenizer_file[FL_TOKENIZER_JSON], NULL) ||
	    fl_model_member(m, fl_tokenizer_file[FL_TOKENIZER_MODEL], NULL) ||
	    fl_model_member(m, fl_tokenizer_file[FL_TOKENIZER_MERGES], NULL);
}

struct fl_tokenizer *
fl_tokenizer_of_model(const struct fl_model *m, struct fl_err *err)
{
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };

	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		file[i].data = fl_model_member(m, fl_tokenizer_file[i], &file[i].len);
	return make(file, fl_model_name(m), err);
}

struct fl_tokenizer *
fl_tokenizer_of_params(const struct fl_params *p, struct fl_err *err)
{
	struct fl_tokenizer_text file[FL_TOKENIZER_FILES] = { { 0 } };

	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		file[i].data = fl_params_member(p, fl_tokenizer_file[i], &file[i].len);
	return make(file, p->inventory->what, err);
}

struct fl_tokenizer *
fl_tokenizer_of_checkpoint(const char *path, struct fl_err *err)
{
	struct fl_str text[FL_TOKENIZER_FILES] = { { 0 } };
	struct fl_tokenizer *t = NULL;

	if (fl_checkpoint_members(path, fl_tokenizer_file, FL_TOKENIZER_FILES, text, err) == 0)
		t = fl_tokenizer_of_files(text, fl_input_name(path), err);
	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		fl_str_free(&text[i]);
	return t;
}
