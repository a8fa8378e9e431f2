/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_config.c -- which tokens begin and end a text. */
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "text/tokenizer_impl.h"

/* A token by its text, or by an object that has it as "content"; *id stays where there is none. */
static int
read_token(const struct fl_tokenizer *t, const struct fl_json *root, const char *key, long *id,
    const char *name, struct fl_err *err)
{
	const struct fl_json *v = fl_json_get(root, key);
	const char *text;

	if (fl_json_type(v) == FL_JSON_OBJECT)
		v = fl_json_get(v, "content");
	text = fl_json_str(v);
	if (!text)
		return 0;
	*id = fl_vocab_find(&t->vocab, text, fl_json_str_len(v));
	if (*id < 0 && id != &t->pad) /* which no text needs */
		return fl_err_data(err, "%s '%s' of '%s' is not in the vocabulary", key, text, name);
	return 0;
}

/* transformers 5 puts around a text what tokenizer.json says, whatever the flags beside it are; version 4 followed
 * them in the classes of Llama and its like. */
static void
read_flag(const struct fl_json *root, const char *key, bool *flag, bool json, const char *name)
{
	bool says = fl_json_bool(fl_json_get(root, key), *flag);

	if (json && says != *flag)
		fl_warn("'%s' says %s %s; tokenizer.json does otherwise and is followed", name, key,
		    says ? "true" : "false");
	else
		*flag = says;
}

static int
read_file(struct fl_tokenizer *t, const struct fl_tokenizer_text *text, bool json, const char *name,
    struct fl_err *err)
{
	struct fl_json *root = fl_json_parse(text->data, text->len, name, err);
	long put = json && t->add_bos ? t->bos : -1;
	int rc = -1;

	if (!root || read_token(t, root, "bos_token", &t->bos, name, err) < 0 ||
	    read_token(t, root, "eos_token", &t->eos, name, err) < 0 ||
	    read_token(t, root, "pad_token", &t->pad, name, err) < 0)
		goto out;
	if (put >= 0)
		t->bos = put;
	if (fl_json_type(fl_json_get(root, "eos_token")) != FL_JSON_NONE)
		t->no_eos = fl_json_type(fl_json_get(root, "eos_token")) == FL_JSON_NULL && !t->add_eos;
	if (t->no_eos)
		t->eos = -1;
	read_flag(root, "add_bos_token", &t->add_bos, json, name);
	read_flag(root, "add_eos_token", &t->add_eos, json, name);
	rc = 0;
out:
	fl_json_free(root);
	return rc;
}

int
fl_tokenizer_read_config(struct fl_tokenizer *t, const struct fl_tokenizer_text *file, struct fl_err *err)
{
	static const int from[] = { FL_TOKENIZER_MAP, FL_TOKENIZER_CONFIG };

	for (size_t i = 0; i < 2; i++)
		if (file[from[i]].data &&
		    read_file(t, &file[from[i]], file[FL_TOKENIZER_JSON].data, fl_tokenizer_file[from[i]], err) < 0)
			return -1;
	if (t->add_bos && t->bos < 0)
		return fl_err_data(err, "the tokenizer asks for a bos_token and has none");
	if (t->add_eos && t->eos < 0)
		return fl_err_data(err, "the tokenizer asks for an eos_token and has none");
	return 0;
}
