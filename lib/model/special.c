/* SPDX-License-Identifier: Apache-2.0 */
/* special.c -- finds the tokens that end a text, begin one, and pad. */
#include "model/special.h"

#include <stdlib.h>

#include "base/log.h"

bool
fl_special_ends(const struct fl_special *s, uint32_t id)
{
	for (size_t i = 0; i < s->ends.n; i++)
		if (s->ends.v[i] == id)
			return true;
	return false;
}

void
fl_special_add_end(struct fl_special *s, long id)
{
	if (id >= 0 && !fl_special_ends(s, (uint32_t)id))
		fl_ids_push(&s->ends, (uint32_t)id);
}

void
fl_special_remark(const struct fl_special *s, const char *what, const char *then)
{
	if (s->text && !s->ends.n)
		fl_warn("'%s': no token ends a text%s", what, then);
}

void
fl_special_free(struct fl_special *s)
{
	free(s->ends.v);
	*s = (struct fl_special){ 0 };
}

void
fl_special_ids(const struct fl_json *json, const char *key, int vocab, const char *what, const char *file,
    struct fl_ids *out)
{
	const struct fl_json *v = fl_json_get(json, key);
	bool list = fl_json_type(v) == FL_JSON_ARRAY;
	size_t n = list ? fl_json_len(v) : 1;
	long long beyond = -1;

	for (size_t i = 0; i < n; i++) {
		long long id = fl_json_int(list ? fl_json_at(v, i) : v, -1);

		if (id >= vocab)
			beyond = id;
		else if (id >= 0)
			fl_ids_push(out, (uint32_t)id);
	}
	if (beyond >= 0)
		fl_warn("'%s': leaving out the %s %lld of %s, beyond the vocabulary of %d", what, key, beyond, file,
		    vocab);
}

/* Returns the first id under key, -1 if there is none. */
static long
first_id(const struct fl_special_source *from, const struct fl_json *json, const char *key, const char *file)
{
	struct fl_ids ids = { 0 };
	long id;

	fl_special_ids(json, key, from->config->vocab, from->what, file, &ids);
	id = ids.n ? (long)ids.v[0] : -1;
	free(ids.v);
	return id;
}

/* Takes what one file names. */
static int
take(struct fl_special *s, const struct fl_special_source *from, const struct fl_json *json, const char *file,
    struct fl_err *err)
{
	struct fl_ids ends = { 0 };

	if (fl_config_check_ids(json, from->what, file, err) < 0)
		return -1;
	fl_special_ids(json, "eos_token_id", from->config->vocab, from->what, file, &ends);
	for (size_t i = 0; i < ends.n; i++)
		fl_special_add_end(s, ends.v[i]);
	free(ends.v);
	if (s->bos < 0)
		s->bos = first_id(from, json, "bos_token_id", file);
	if (s->pad < 0)
		s->pad = first_id(from, json, "pad_token_id", file);
	return 0;
}

/* An id of the tokenizer that is beyond the embedding is none. */
static long
known(const struct fl_config *c, long id)
{
	return id < c->vocab ? id : -1;
}

static long
find_unused(const struct fl_config *c, const struct fl_tokenizer *t)
{
	for (int id = c->vocab; id-- > 0;)
		if (!fl_tokenizer_token(t, (uint32_t)id, NULL))
			return id;
	return known(c, fl_tokenizer_unk(t));
}

/* Makes the tokenizer of the files, if there is one and it is understood. */
static struct fl_tokenizer *
make_tokenizer(const struct fl_special_source *from)
{
	const struct fl_tokenizer_text *file = from->file;
	struct fl_err err = { 0 };
	struct fl_tokenizer *t;

	if (!file[FL_TOKENIZER_JSON].data && !file[FL_TOKENIZER_MODEL].data && !file[FL_TOKENIZER_MERGES].data)
		return NULL;
	t = fl_tokenizer_new(file, &err);
	if (!t)
		fl_warn("'%s': the tokenizer is not asked what ends a text: %s", from->what, err.text);
	return t;
}

static void
take_tokenizer(struct fl_special *s, const struct fl_config *c, const struct fl_tokenizer *t)
{
	s->text = true;
	fl_special_add_end(s, known(c, fl_tokenizer_eos(t)));
	if (s->bos < 0)
		s->bos = known(c, fl_tokenizer_bos(t));
	if (s->pad < 0)
		s->pad = known(c, fl_tokenizer_pad(t));
	s->unused = find_unused(c, t);
}

int
fl_special_read(struct fl_special *s, const struct fl_special_source *from, struct fl_err *err)
{
	struct fl_tokenizer *own = from->tokenizer ? NULL : make_tokenizer(from);
	const struct fl_tokenizer *t = from->tokenizer ? from->tokenizer : own;
	struct fl_json *generation = NULL;
	int bad = 0;

	*s = (struct fl_special){ .bos = -1, .pad = -1, .unused = -1 };
	if (from->generation.data) {
		generation = fl_json_parse(from->generation.data, from->generation.len, "generation_config.json", err);
		bad = generation ? take(s, from, generation, "generation_config.json", err) :
				   fl_err_prefix(err, "'%s'", from->what);
	}
	if (!bad)
		bad = take(s, from, from->config->json, "config.json", err);
	if (!bad && t)
		take_tokenizer(s, from->config, t);
	fl_json_free(generation);
	fl_tokenizer_free(own);
	return bad;
}

int
fl_special_of_model(struct fl_special *s, const struct fl_model *m, const struct fl_tokenizer *t, struct fl_err *err)
{
	struct fl_special_source from = { .what = fl_model_name(m), .config = &m->config, .tokenizer = t };

	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		from.file[i].data = fl_model_member(m, fl_tokenizer_file[i], &from.file[i].len);
	from.generation.data = fl_model_member(m, "generation_config.json", &from.generation.len);
	return fl_special_read(s, &from, err);
}

int
fl_special_bos(const struct fl_model *m, const struct fl_tokenizer *t, long *bos, struct fl_err *err)
{
	struct fl_special s;
	int bad = fl_special_of_model(&s, m, t, err);

	*bos = s.bos;
	fl_special_free(&s);
	if (!bad && *bos < 0)
		bad = fl_err_data(err, "--bos: '%s' names no BOS token", fl_model_name(m));
	return bad;
}
