/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_finish.c -- what follows from a tokenizer once it is read, from whatever format. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "text/bytelevel.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

/* The tokens of the 256 bytes; many vocabularies lack those that no text has. */
static void
find_bytes(struct fl_tokenizer *t)
{
	bool level = t->kind == FL_TOKENIZER_BYTE_LEVEL;

	for (unsigned b = 0; b < 256 && (level || t->byte_fallback); b++) {
		char text[8];
		size_t len = level ? fl_utf8_put(text, fl_bytelevel_char((unsigned char)b))
				   : (size_t)snprintf(text, sizeof text, "<0x%02X>", b);
		long id = fl_vocab_find(&t->vocab, text, len);

		t->byte_id[b] = id < 0 ? FL_NO_TOKEN : (uint32_t)id;
		if (id >= 0 && !level)
			t->vocab.token[id].type = FL_TOKEN_BYTE;
	}
}

/* Whether a U+2581 stands behind something else in the token. */
static bool
crosses(const struct fl_token *token)
{
	const char *p = token->text, *end = p + token->len;

	while (end - p >= FL_META_LEN && memcmp(p, FL_META, FL_META_LEN) == 0)
		p += FL_META_LEN;
	return memmem(p, (size_t)(end - p), FL_META, FL_META_LEN) != NULL;
}

/* True if text may be left out, so that what stood around it merges. */
static bool
leaves_out(const struct fl_tokenizer *t)
{
	for (unsigned b = 0; b < 256 && t->unk < 0; b++)
		if (!t->byte_fallback || t->byte_id[b] == FL_NO_TOKEN)
			return true;
	return false;
}

static void
find_ranks(struct fl_tokenizer *t)
{
	bool level = t->kind == FL_TOKENIZER_BYTE_LEVEL;

	t->meta_cut = !level && !t->ignore_merges && fl_vocab_find(&t->vocab, FL_META, FL_META_LEN) >= 0 && !leaves_out(t);
	t->rank = fl_alloc(t->vocab.n, sizeof *t->rank);
	for (size_t id = 0; id < t->vocab.n; id++) {
		const struct fl_token *token = &t->vocab.token[id];

		t->rank[id] = UINT32_MAX;
		if (t->meta_cut && token->type == FL_TOKEN_NORMAL && token->text)
			t->meta_cut = !crosses(token);
	}
	for (size_t i = t->merges.n; i-- > 0;)
		t->rank[t->merges.v[i].result] = t->merges.v[i].rank;
}

/* The end-of-text token: one by a name that base models use, else eos; and eos, if nothing else said
 * which it is, or that there is none. */
static void
find_eot(struct fl_tokenizer *t)
{
	static const char *const name[] = { "<|endoftext|>", "<|end_of_text|>",
		"<|end\xe2\x96\x81of\xe2\x96\x81sentence|>", "</s>", "<eos>" };

	t->eot = t->eos;
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		long id = fl_vocab_find(&t->vocab, name[i], strlen(name[i]));

		if (id < 0 || t->vocab.token[id].type != FL_TOKEN_SPECIAL)
			continue;
		t->eot = id;
		break;
	}
	if (t->eos < 0 && !t->no_eos)
		t->eos = t->eot;
}

int
fl_tokenizer_finish(struct fl_tokenizer *t, struct fl_err *err)
{
	long id[] = { t->bos, t->eos };

	for (size_t i = 0; i < 2; i++)
		if (id[i] >= 0 && fl_tokenizer_type(t, (uint32_t)id[i]) == FL_TOKEN_UNUSED)
			return fl_err_data(err, "%s is %ld, and no token has this id", i ? "EOS" : "BOS",
			    id[i]);
	find_bytes(t);
	fl_added_sort(&t->added[0]);
	fl_added_sort(&t->added[1]);
	find_ranks(t);
	t->cuts = fl_tokenizer_allows_cuts(t);
	find_eot(t);
	return 0;
}
