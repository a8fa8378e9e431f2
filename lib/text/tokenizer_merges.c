/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_merges.c -- the merges of a tokenizer: as pairs, as a file of pairs, or from scores.
 *
 * merges.txt has a pair a line, in order of rank, its parts separated by a space; a first line
 * "#version: ..." is a remark. vocab.json has ids by token. How words are cut is not in these files
 * but in the class that tokenizer_config.json names; without one it is GPT-2's, whose format they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

int
fl_tokenizer_add_merge(struct fl_tokenizer *t, size_t rank, const char *left, size_t left_len,
    const char *right, size_t right_len, struct fl_err *err)
{
	struct fl_str both = { 0 };
	long l = fl_vocab_find(&t->vocab, left, left_len), r = fl_vocab_find(&t->vocab, right, right_len);
	long result;
	int rc = 0;

	fl_str_add(&both, left, left_len);
	fl_str_add(&both, right, right_len);
	result = fl_vocab_find(&t->vocab, both.data, both.len);
	if (l < 0 || r < 0 || result < 0)
		rc = fl_err_data(err, "merge %zu, '%s', is not in the vocabulary", rank, both.data);
	else
		fl_merges_add(&t->merges,
		    (struct fl_merge){ (uint32_t)l, (uint32_t)r, (uint32_t)result, (uint32_t)rank });
	fl_str_free(&both);
	return rc;
}

/* vocab.json and merges.txt ----------------------------------------------------------------------- */

static int
read_pairs(struct fl_tokenizer *t, const char *text, size_t len, struct fl_err *err)
{
	const char *end = text + len;
	size_t rank = 0;

	for (size_t number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text)), *line = text, *space;

		if (!stop)
			stop = end;
		text = stop + (stop < end);
		if (stop > line && stop[-1] == '\r')
			stop--;
		if (stop == line || (number == 1 && *line == '#'))
			continue;
		space = memchr(line, ' ', (size_t)(stop - line));
		if (!space || space == line || space + 1 == stop ||
		    memchr(space + 1, ' ', (size_t)(stop - space - 1)))
			return fl_err_data(err, "line %zu is no pair of tokens", number);
		if (fl_tokenizer_add_merge(t, rank++, line, (size_t)(space - line), space + 1,
			(size_t)(stop - space - 1), err) < 0)
			return fl_err_prefix(err, "line %zu", number);
	}
	fl_merges_index(&t->merges);
	return 0;
}

static int
read_ids(struct fl_tokenizer *t, const char *text, size_t len, struct fl_err *err)
{
	struct fl_json *root = fl_json_parse(text, len, fl_tokenizer_file[FL_TOKENIZER_VOCAB], err);
	int rc = root ? fl_tokenizer_add_vocab(t, root, err) : -1;

	if (root && rc < 0)
		fl_err_prefix(err, "'%s'", fl_tokenizer_file[FL_TOKENIZER_VOCAB]);
	fl_json_free(root);
	return rc;
}

/* The classes of which it is known how they cut words. */
static const struct class {
	const char *name, *pattern;
	bool nfc;
} classes[] = {
	{ "GPT2Tokenizer", FL_PATTERN_GPT2, false },
	{ "GPTNeoXTokenizer", FL_PATTERN_GPT2, false },
	{ "CodeGenTokenizer", FL_PATTERN_GPT2, false },
	{ "Qwen2Tokenizer", FL_PATTERN_QWEN2, true },
};

static const struct class *
find_class(const char *name, struct fl_err *err)
{
	size_t n = name ? strlen(name) : 0;

	if (n > 4 && strcmp(name + n - 4, "Fast") == 0)
		n -= 4;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (!name || (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0))
			return &classes[i];
	fl_err_data(err,
	    "how the tokenizer class '%s' cuts words is not known: it needs its tokenizer.json", name);
	return NULL;
}

static int
read_class(struct fl_tokenizer *t, const struct fl_json *config, struct fl_err *err)
{
	const char *name = fl_json_str(fl_json_get(config, "tokenizer_class"));
	const struct class *c = find_class(name, err);

	if (!c)
		return -1;
	if (!name)
		fl_warn("no tokenizer_class says how words are cut: as GPT-2 does");
	if (fl_json_bool(fl_json_get(config, "add_prefix_space"), false) &&
	    fl_tokenizer_add_step(t, (struct fl_step){ .kind = FL_STEP_SPACE }, err) < 0)
		return -1;
	if (c->nfc)
		t->normalizer.step[t->normalizer.n++].kind = FL_NORMALIZE_NFC;
	return fl_tokenizer_add_split(t, c->pattern, false, FL_SPLIT_ISOLATED, false, err);
}

/* All of them take "<|endoftext|>" for special even if no file says so. */
static int
add_default(struct fl_tokenizer *t, struct fl_err *err)
{
	static const char text[] = "<|endoftext|>";
	struct fl_tokenizer_added a = { .id = -1, .text = text, .len = sizeof text - 1, .special = true };

	return fl_vocab_find(&t->vocab, a.text, a.len) < 0 ? 0 : fl_tokenizer_add_special(t, a, err);
}

int
fl_tokenizer_read_merges(struct fl_tokenizer *t, const struct fl_tokenizer_text *file, struct fl_err *err)
{
	const struct fl_tokenizer_text *c = &file[FL_TOKENIZER_CONFIG], *m = &file[FL_TOKENIZER_MERGES];
	struct fl_json *config = c->data ? fl_json_parse(c->data, c->len,
					       fl_tokenizer_file[FL_TOKENIZER_CONFIG], err) : NULL;
	int rc = c->data && !config ? -1 : 0;

	t->kind = FL_TOKENIZER_BYTE_LEVEL;
	if (rc == 0)
		rc = read_class(t, config, err);
	fl_json_free(config);
	if (rc == 0)
		rc = read_ids(t, file[FL_TOKENIZER_VOCAB].data, file[FL_TOKENIZER_VOCAB].len, err);
	if (rc == 0 && read_pairs(t, m->data, m->len, err) < 0)
		rc = fl_err_prefix(err, "'%s'", fl_tokenizer_file[FL_TOKENIZER_MERGES]);
	return rc < 0 || fl_tokenizer_add_listed(t, file, err) < 0 ? -1 : add_default(t, err);
}

/* From scores ------------------------------------------------------------------------------------- */

struct scored {
	float score;
	uint32_t id;
};

static int
by_score(const void *x, const void *y)
{
	const struct scored *a = x, *b = y;

	return a->score != b->score ? (a->score < b->score ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

/* Every cut of the token into two that take part. */
static void
cut_token(struct fl_tokenizer *t, const float *score, uint32_t id, uint32_t rank)
{
	const struct fl_token *token = &t->vocab.token[id];
	const char *p = token->text, *end = p + token->len;
	uint32_t c;

	while ((p = fl_utf8_next(p, &c)) < end) {
		size_t n = (size_t)(p - token->text);
		long left = fl_vocab_find(&t->vocab, token->text, n);
		long right = left < 0 || isnan(score[left]) ? -1
							    : fl_vocab_find(&t->vocab, p, token->len - n);

		if (right >= 0 && !isnan(score[right]))
			fl_merges_add(&t->merges,
			    (struct fl_merge){ (uint32_t)left, (uint32_t)right, id, rank });
	}
}

int
fl_tokenizer_score_merges(struct fl_tokenizer *t, const float *score, struct fl_err *err)
{
	enum { LONGEST = 512 }; /* bounds the time, which is that of its cuts */
	struct scored *order = fl_alloc(t->vocab.n, sizeof *order);
	size_t n = 0;
	uint32_t rank = 0;
	int rc = 0;

	for (uint32_t id = 0; id < t->vocab.n && rc == 0; id++)
		if (!isnan(score[id]) && t->vocab.token[id].len > LONGEST)
			rc = fl_err_data(err, "token %u has %u bytes, more than %d", id,
			    t->vocab.token[id].len, LONGEST);
		else if (!isnan(score[id]))
			order[n++] = (struct scored){ score[id], id };
	qsort(order, n, sizeof *order, by_score);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rank = i > 0 && order[i].score == order[i - 1].score ? rank : (uint32_t)i;
		cut_token(t, score, order[i].id, rank);
	}
	free(order);
	fl_merges_index(&t->merges);
	return rc;
}
