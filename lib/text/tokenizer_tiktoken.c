/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_tiktoken.c -- tokenizer.model as Llama 3 ships it: a token a line, base64 and its rank,
 *
 *     IQ== 0
 *     Ig== 1
 *
 * which is its id. Any two neighbours merge whose bytes together are a token, the lowest rank first;
 * a word that is a token is taken whole. The file has neither pattern nor special tokens: these are
 * Llama 3's, 256 of them behind the last rank, where added_tokens_decoder of tokenizer_config.json does
 * not list them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/base64.h"
#include "text/bytelevel.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

enum { LLAMA3_RANKS = 128000, LLAMA3_SPECIALS = 256 };

/* Appends bytes, spelt in the byte-level alphabet. */
static void
spell(struct fl_str *out, const struct fl_str *bytes)
{
	for (size_t i = 0; i < bytes->len; i++) {
		char c[4];

		fl_str_add(out, c, fl_utf8_put(c, fl_bytelevel_char((unsigned char)bytes->data[i])));
	}
}

static int
read_line(struct fl_tokenizer *t, const char *line, const char *stop, struct fl_str room[2],
    struct fl_err *err)
{
	const char *space = memchr(line, ' ', (size_t)(stop - line));
	char number[12], *end;
	size_t n = space ? (size_t)(stop - space - 1) : 0;

	fl_str_clear(&room[0]);
	fl_str_clear(&room[1]);
	if (!space || space == line || fl_base64_decode(&room[0], line, (size_t)(space - line)) < 0)
		return fl_err_data(err, "no base64 token");
	spell(&room[1], &room[0]);
	if (n == 0 || n >= sizeof number || space[1] < '0' || space[1] > '9')
		return fl_err_data(err, "no rank");
	memcpy(number, space + 1, n);
	number[n] = '\0';
	n = strtoul(number, &end, 10);
	if (*end)
		return fl_err_data(err, "no rank");
	return fl_vocab_add(&t->vocab, (long long)n, room[1].data, room[1].len, FL_TOKEN_NORMAL, err);
}

static int
read_ranks(struct fl_tokenizer *t, const char *text, size_t len, struct fl_err *err)
{
	const char *end = text + len;
	struct fl_str room[2] = { 0 };
	int rc = 0;

	for (size_t number = 1; text < end && rc == 0; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (!stop)
			stop = end;
		if (stop > text && read_line(t, text, stop, room, err) < 0)
			rc = fl_err_prefix(err, "line %zu", number);
		text = stop + (stop < end);
	}
	fl_str_free(&room[0]);
	fl_str_free(&room[1]);
	return rc;
}

static int
merge_by_rank(struct fl_tokenizer *t, struct fl_err *err)
{
	float *score = fl_alloc(t->vocab.n, sizeof *score);
	int rc;

	for (size_t id = 0; id < t->vocab.n; id++)
		score[id] = t->vocab.token[id].text ? -(float)id : NAN;
	rc = fl_tokenizer_score_merges(t, score, err);
	free(score);
	return rc;
}

/* The special tokens of Llama 3 by number. */
static int
add_llama3(struct fl_tokenizer *t, struct fl_err *err)
{
	static const char *const known[] = { "begin_of_text", "end_of_text", "reserved_special_token_0",
		"reserved_special_token_1", "reserved_special_token_2", "reserved_special_token_3",
		"start_header_id", "end_header_id", "reserved_special_token_4", "eot_id" };
	enum { KNOWN = sizeof known / sizeof *known };

	for (int i = 0; i < LLAMA3_SPECIALS; i++) {
		char text[48];
		int n = i < KNOWN ? snprintf(text, sizeof text, "<|%s|>", known[i])
				  : snprintf(text, sizeof text, "<|reserved_special_token_%d|>", i - 5);

		if (fl_tokenizer_add(t, (struct fl_tokenizer_added){ .id = LLAMA3_RANKS + i, .text = text,
					    .len = (size_t)n, .special = true }, err) < 0)
			return -1;
	}
	return 0;
}

static bool
has_special(const struct fl_tokenizer *t, const char *text)
{
	long id = fl_vocab_find(&t->vocab, text, strlen(text));

	return id >= 0 && t->vocab.token[id].type == FL_TOKEN_SPECIAL;
}

/* Whether tokenizer_config.json lists the added tokens; -1 if it is no JSON. */
static int
is_listed(const struct fl_tokenizer_text *config, struct fl_err *err)
{
	struct fl_json *root;
	int listed;

	if (!config->data)
		return 0;
	root = fl_json_parse(config->data, config->len, fl_tokenizer_file[FL_TOKENIZER_CONFIG], err);
	listed = root ? fl_json_len(fl_json_get(root, "added_tokens_decoder")) > 0 : -1;
	fl_json_free(root);
	return listed;
}

int
fl_tokenizer_read_tiktoken(struct fl_tokenizer *t, const struct fl_tokenizer_text *file,
    struct fl_err *err)
{
	const struct fl_tokenizer_text *f = &file[FL_TOKENIZER_MODEL];
	int listed = is_listed(&file[FL_TOKENIZER_CONFIG], err);
	size_t ranks;

	if (listed < 0)
		return -1;
	t->kind = FL_TOKENIZER_BYTE_LEVEL;
	t->ignore_merges = true;
	if (read_ranks(t, f->data, f->len, err) < 0 || merge_by_rank(t, err) < 0)
		return fl_err_prefix(err, "'%s'", fl_tokenizer_file[FL_TOKENIZER_MODEL]);
	ranks = t->vocab.n;
	if ((!listed && ranks == LLAMA3_RANKS && add_llama3(t, err) < 0) ||
	    fl_tokenizer_add_listed(t, file, err) < 0)
		return -1;
	if (!has_special(t, "<|begin_of_text|>") || !has_special(t, "<|eot_id|>"))
		return fl_err_data(err, "'%s' with %zu ranks is not that of Llama 3: how it cuts words is not "
		    "known", fl_tokenizer_file[FL_TOKENIZER_MODEL], ranks);
	t->bos = fl_vocab_find(&t->vocab, "<|begin_of_text|>", 17);
	t->add_bos = true;
	return fl_tokenizer_add_split(t, FL_PATTERN_LLAMA3, false, FL_SPLIT_ISOLATED, false, err);
}
