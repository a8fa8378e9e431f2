/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tokenizer_of.h"

#include "base/str.h"
#include "io/checkpoint.h"

enum { TOKENIZER, CONFIG, FILES };
static const char *const names[FILES] = { "tokenizer.json", "tokenizer_config.json" };

/* data NULL: the checkpoint, called `what`, does not have the file. */
static struct fl_tokenizer *
make(const char *const data[FILES], const size_t size[FILES], const char *what, struct fl_err *err)
{
	struct fl_tokenizer *t = NULL;

	if (!data[TOKENIZER])
		fl_err_data(err, "'%s' has no %s", what, names[TOKENIZER]);
	else if (!(t = fl_tokenizer_new(data[TOKENIZER], size[TOKENIZER], data[CONFIG], size[CONFIG], err)))
		fl_err_prefix(err, "'%s'", what);
	return t;
}

struct fl_tokenizer *
fl_tokenizer_of_model(const struct fl_model *m, struct fl_err *err)
{
	const char *data[FILES];
	size_t size[FILES] = { 0 };

	for (int i = 0; i < FILES; i++)
		data[i] = fl_model_member(m, names[i], &size[i]);
	return make(data, size, fl_model_name(m), err);
}

struct fl_tokenizer *
fl_tokenizer_of_checkpoint(const char *path, struct fl_err *err)
{
	struct fl_str text[FILES] = { { 0 } };
	struct fl_tokenizer *t = NULL;

	if (fl_checkpoint_members(path, names, FILES, text, err) == 0)
		t = make((const char *[]){ text[TOKENIZER].data, text[CONFIG].data },
		    (size_t[]){ text[TOKENIZER].len, text[CONFIG].len }, fl_input_name(path), err);
	for (int i = 0; i < FILES; i++)
		fl_str_free(&text[i]);
	return t;
}
