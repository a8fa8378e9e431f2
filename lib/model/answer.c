/* SPDX-License-Identifier: Apache-2.0 */
#include "model/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/forward.h"
#include "model/sample.h"

enum { CHUNK = 512 };

struct fl_answerer {
	const struct fl_model *m;
	const struct fl_tokenizer *t;
	struct fl_forward *f;
	const struct fl_special *special;
	struct fl_ids held; /* what is in the cache */
	size_t vocab;
};

struct fl_answerer *
fl_answerer_new(const struct fl_model *m, const struct fl_tokenizer *t, const struct fl_special *special)
{
	struct fl_answerer *a = fl_alloc(1, sizeof *a);
	size_t context = (size_t)m->config.context;

	*a = (struct fl_answerer){ .m = m, .t = t, .special = special, .vocab = (size_t)m->config.vocab };
	/* A vocabulary may be padded with ids that no token has. */
	if (fl_tokenizer_size(t) < a->vocab)
		a->vocab = fl_tokenizer_size(t);
	a->f = fl_forward_new(m, context < CHUNK ? context : CHUNK, context, NULL);
	return a;
}

void
fl_answerer_free(struct fl_answerer *a)
{
	if (!a)
		return;
	fl_forward_free(a->f);
	free(a->held.v);
	free(a);
}

static int
append(struct fl_answerer *a, const uint32_t *ids, size_t n, struct fl_err *err)
{
	for (size_t i = 0; i < n; i++)
		fl_ids_push(&a->held, ids[i]);
	return fl_forward_append(a->f, ids, n, err);
}

/* Puts the prompt into the cache; at least its last token is computed, for the logits after it. */
static int
read_prompt(struct fl_answerer *a, const struct fl_ids *prompt, struct fl_err *err)
{
	size_t same = 0;

	while (same < a->held.n && same + 1 < prompt->n && a->held.v[same] == prompt->v[same])
		same++;
	if (!fl_forward_rewind(a->f, same)) {
		fl_forward_reset(a->f);
		same = 0;
	}
	a->held.n = same;
	return append(a, prompt->v + same, prompt->n - same, err);
}

/* Where the first of `until` begins in text, or its length. */
static size_t
end_of(const struct fl_str *text, const struct fl_texts *until)
{
	size_t end = text->len;

	for (size_t i = 0; i < until->n; i++) {
		const char *at = memmem(text->data, text->len, until->v[i].s, until->v[i].len);

		if (at && (size_t)(at - text->data) < end)
			end = (size_t)(at - text->data);
	}
	return end;
}

/* The next token, to be appended to the text; 1: there is none, or it ends the text. */
static int
step(struct fl_answerer *a, struct fl_decoder *d, struct fl_str *text, uint32_t *id, bool *ruined,
    struct fl_err *err)
{
	struct fl_sampler greedy = fl_sampler_new(0, 1, 0);
	struct fl_err why = { 0 };

	*ruined = fl_sample(&greedy, fl_forward_last(a->f), a->vocab, id, &why) < 0;
	if (*ruined || fl_special_ends(a->special, *id))
		return 1;
	if (fl_tokenizer_type(a->t, *id) == FL_TOKEN_SPECIAL)
		return 0;
	return fl_decoder_put(d, a->t, *id, text, err);
}

int
fl_answer(struct fl_answerer *a, const struct fl_sequence *prompt, const struct fl_question *q,
    struct fl_str *out, struct fl_err *err)
{
	struct fl_decoder d = { 0 };
	struct fl_str text = { 0 };
	bool ruined = false;
	int state = read_prompt(a, &prompt->ids, err);

	for (size_t n = 1; state == 0; n++) {
		uint32_t id;

		state = step(a, &d, &text, &id, &ruined, err);
		if (state == 0 && (n == q->max_tokens || end_of(&text, &q->until) < text.len))
			break;
		if (state == 0)
			state = append(a, &id, 1, err);
	}
	fl_decoder_end(&d, &text);
	if (text.len)
		fl_str_add(out, text.data, end_of(&text, &q->until));
	fl_str_free(&text);
	return state < 0 ? -1 : ruined;
}
