/* SPDX-License-Identifier: Apache-2.0 */
/* teacher.c -- opens a teacher and compares its vocabulary with the student's. */
#include "model/teacher.h"

#include <string.h>

#include "base/log.h"
#include "io/safetensors.h"
#include "model/tokenizer_of.h"

/* Whether ordinary tokens are the same up to id n; special ones are renamed where a model is tuned. */
static int
compare_tokens(const struct fl_tokenizer *mine, const struct fl_tokenizer *theirs, size_t n, const char *path,
    struct fl_err *err)
{
	for (uint32_t id = 0; id < n; id++) {
		const char *a = fl_tokenizer_token(mine, id, NULL), *b = fl_tokenizer_token(theirs, id, NULL);

		if (fl_tokenizer_type(mine, id) == FL_TOKEN_NORMAL &&
		    fl_tokenizer_type(theirs, id) == FL_TOKEN_NORMAL && strcmp(a, b) != 0)
			return fl_err_data(err, "'%s' has another vocabulary: token %u is '%s', the model's is '%s'",
			    path, id, b, a);
	}
	return 0;
}

/* Vocabularies of different sizes: what one has more is padding if no token is there. */
static int
check_padding(const struct fl_teacher *t, const char *path, size_t teacher, const struct fl_params *student,
    const struct fl_samples *s, struct fl_err *err)
{
	struct fl_err none = { 0 };
	struct fl_tokenizer *mine = fl_tokenizer_of_params(student, &none);
	struct fl_tokenizer *theirs = t->model ? fl_tokenizer_of_model(t->model, &none) : NULL;
	size_t rows = (size_t)student->config.vocab, both = teacher < rows ? teacher : rows;
	size_t tokens = mine ? fl_tokenizer_size(mine) : theirs ? fl_tokenizer_size(theirs) : 0;
	size_t most = mine ? rows : teacher; /* a tokenizer may have more than its model */
	int rc = 0;

	tokens = tokens < most ? tokens : most;
	for (size_t i = 0; i < s->n * s->length; i++)
		tokens = s->id[i] < tokens ? tokens : s->id[i] + (size_t)1;
	if (tokens > both)
		rc = fl_err_data(err, "'%s' has a vocabulary of %zu, the model one of %zu, and %zu are tokens", path,
		    teacher, rows, tokens);
	else if (mine && theirs)
		rc = compare_tokens(mine, theirs, both, path, err);
	if (rc == 0)
		fl_warn("'%s' has a vocabulary of %zu, the model one of %zu: rows from %zu on count as padding", path,
		    teacher, rows, both);
	fl_tokenizer_free(mine);
	fl_tokenizer_free(theirs);
	return rc;
}

int
fl_teacher_open(struct fl_teacher *t, const char *path, const struct fl_teacher_key *key,
    const struct fl_params *student, const struct fl_samples *s, struct fl_err *err)
{
	int cached = fl_safetensors_is(path, err);
	size_t vocab;

	*t = (struct fl_teacher){ 0 };
	if (cached < 0)
		return -1;
	if (cached)
		t->cache = fl_teacher_cache_open(path, key, err);
	else
		t->model = fl_model_open(path, err);
	if (!t->cache && !t->model)
		return -1;
	vocab = t->model ? (size_t)t->model->config.vocab : fl_teacher_cache_vocab(t->cache);
	return vocab == key->vocab ? 0 : check_padding(t, path, vocab, student, s, err);
}
