/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_config.c -- which tokens begin and end a text. */
#include <string.h>

#include "base/json.h"
#include "text/tokenizer_impl.h"

/* A token by its text, or by an object that has it as "content"; *id stays where there is none. */
static int
read_token(const struct fl_tokenizer *t, const struct fl_json *root, const char *key, long *id,
    struct fl_err *err)
{
	const struct fl_json *v = fl_json_get(root, key);
	const char *text;

	if (fl_json_type(v) == FL_JSON_OBJECT)
		v = fl_json_get(v, "content");
	text = fl_json_str(v);
	if (!text)
		return 0;
	*id = fl_vocab_find(&t->vocab, text, fl_json_str_len(v));
	if (*id < 0)
		return fl_err_data(err, "%s '%s' of 'tokenizer_config.json' is not in the vocabulary",
		    key, text);
	return 0;
}

int
fl_tokenizer_read_config(struct fl_tokenizer *t, const char *json, size_t len, struct fl_err *err)
{
	struct fl_json *root = fl_json_parse(json, len, "tokenizer_config.json", err);
	int rc = -1;

	if (!root || read_token(t, root, "bos_token", &t->bos, err) < 0 ||
	    read_token(t, root, "eos_token", &t->eos, err) < 0)
		goto out;
	t->add_bos = fl_json_bool(fl_json_get(root, "add_bos_token"), t->add_bos);
	if (t->add_bos && t->bos < 0)
		fl_err_data(err, "'tokenizer_config.json' asks for a bos_token and names none");
	else
		rc = 0;
out:
	fl_json_free(root);
	return rc;
}
