/* SPDX-License-Identifier: Apache-2.0 */
#include "model/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/str.h"
#include "model/match.h"

struct fl_prompter {
	const struct fl_tokenizer *t;
	struct fl_encoder *e;
	const struct fl_task *from;
	size_t *order; /* [from->n] */
	size_t shots, context;
	struct fl_str text; /* of the prompt in hand */
	struct fl_ids ids;
};

static bool
same_line(const struct fl_question *a, const struct fl_question *b)
{
	return a->line.len == b->line.len && memcmp(a->line.s, b->line.s, a->line.len) == 0;
}

static void
shuffle(size_t *order, size_t n, uint64_t seed)
{
	struct fl_rng r = fl_rng_new(seed, 0);

	for (size_t i = 0; i < n; i++) {
		size_t k = i + fl_rng_below(&r, n - i), at = order[k];

		order[k] = order[i];
		order[i] = at;
	}
}

struct fl_prompter *
fl_prompter_new(const struct fl_tokenizer *t, size_t context, const struct fl_task *from, size_t shots,
    uint64_t seed, struct fl_err *err)
{
	struct fl_prompter *p;

	if (shots && shots > from->n) {
		fl_err_data(err, "--shots %zu: there are %zu questions to be examples", shots, from->n);
		return NULL;
	}
	p = fl_alloc(1, sizeof *p);
	*p = (struct fl_prompter){ .t = t, .e = fl_encoder_new(t), .from = from, .shots = shots,
		.context = context };
	if (shots) {
		p->order = fl_alloc(from->n, sizeof *p->order);
		for (size_t i = 0; i < from->n; i++)
			p->order[i] = i;
		shuffle(p->order, from->n, seed);
	}
	return p;
}

void
fl_prompter_free(struct fl_prompter *p)
{
	if (!p)
		return;
	fl_encoder_remark(&p->e, 1);
	fl_encoder_free(p->e);
	fl_str_free(&p->text);
	free(p->ids.v);
	free(p->order);
	free(p);
}

/* --- text --- */

static void
put(struct fl_str *out, const struct fl_text *t)
{
	fl_str_add(out, t->s, t->len);
}

static void
put_example(struct fl_str *out, const struct fl_question *q)
{
	size_t right = q->until.n ? 0 : q->gold;

	put(out, fl_question_context(q, right));
	put(out, &q->delimiter);
	put(out, fl_question_target(q, right));
	put(out, &q->separator);
}

/* Description and examples; `own`: even the question itself may be one. */
static int
put_beginning(struct fl_prompter *p, const struct fl_question *q, bool own, struct fl_err *err)
{
	size_t found = 0;

	fl_str_clear(&p->text);
	put(&p->text, &q->description);
	for (size_t i = 0; found < p->shots && i < p->from->n; i++) {
		const struct fl_question *example = &p->from->question[p->order[i]];

		if (!own && same_line(example, q))
			continue;
		put_example(&p->text, example);
		found++;
	}
	if (found < p->shots)
		return fl_err_data(err, "--shots %zu: there are %zu other questions to be examples", p->shots, found);
	return 0;
}

/* --- tokens --- */

/* Appends the ids of p->text[0 .. len), BOS before them where the tokenizer wants one and the text does
 * not spell it itself. */
static int
encode(struct fl_prompter *p, size_t len, struct fl_ids *out, struct fl_err *err)
{
	long bos = fl_tokenizer_add_bos(p->t) ? fl_tokenizer_bos(p->t) : -1;
	size_t start = out->n;

	if (fl_encoder_run(p->e, p->text.data, len, FL_ENCODE_SPECIALS, out, err) < 0)
		return -1;
	if (bos >= 0 && (out->n == start || out->v[start] != (uint32_t)bos)) {
		fl_ids_push(out, 0);
		memmove(out->v + start + 1, out->v + start, (out->n - start - 1) * sizeof *out->v);
		out->v[start] = (uint32_t)bos;
	}
	return 0;
}

/* Leaves the last `room` ids. */
static void
cut(struct fl_sequence *s, size_t room)
{
	size_t gone = s->ids.n > room ? s->ids.n - room : 0;

	memmove(s->ids.v, s->ids.v + gone, (s->ids.n - gone) * sizeof *s->ids.v);
	s->ids.n -= gone;
	s->first -= gone;
	s->cut = gone > 0;
}

/* A target alone. Where it begins with what would stand before it, that is what stands before it. */
static int
encode_alone(struct fl_prompter *p, struct fl_sequence *s, struct fl_err *err)
{
	long bos = fl_tokenizer_bos(p->t), eos = fl_tokenizer_eos(p->t);
	long front = bos >= 0 ? bos : eos >= 0 ? eos : fl_tokenizer_eot(p->t);

	if (front < 0)
		return fl_err_data(err, "the context is empty, and the tokenizer has neither BOS nor EOS");
	fl_ids_push(&s->ids, (uint32_t)front);
	s->first = 1;
	if (fl_encoder_run(p->e, p->text.data, p->text.len, FL_ENCODE_SPECIALS, &s->ids, err) < 0)
		return -1;
	if (s->ids.n > 1 && s->ids.v[1] == (uint32_t)front)
		memmove(s->ids.v, s->ids.v + 1, --s->ids.n * sizeof *s->ids.v);
	return 0;
}

int
fl_prompt_pair(struct fl_prompter *p, const struct fl_question *q, size_t pair, struct fl_sequence *s,
    struct fl_err *err)
{
	struct fl_text strip;
	size_t len;
	int bad;

	if (put_beginning(p, q, false, err) < 0)
		return -1;
	put(&p->text, fl_question_context(q, pair));
	len = p->text.len;
	put(&p->text, &q->delimiter);
	put(&p->text, fl_question_target(q, pair));
	if (len == 0) {
		bad = encode_alone(p, s, err);
	} else {
		strip = fl_match_strip((struct fl_text){ p->text.data, len });
		p->ids.n = 0;
		bad = encode(p, (size_t)(strip.s + strip.len - p->text.data), &p->ids, err) < 0 || encode(p, p->text.len, &s->ids, err) < 0;
		s->first = p->ids.n;
		if (!bad && s->first < s->ids.n)
			memcpy(s->ids.v, p->ids.v, s->first * sizeof *s->ids.v);
	}
	if (bad)
		return -1;
	if (s->first == 0 || s->first >= s->ids.n)
		return fl_err_data(err, "the %s of alternative %zu has no token of its own",
		    s->first ? "target" : "context", pair);
	if (s->ids.n - s->first > p->context)
		return fl_err_data(err, "the target of alternative %zu has %zu tokens, the model's context %zu",
		    pair, s->ids.n - s->first, p->context);
	cut(s, p->context + 1); /* the last one is predicted, not read */
	return 0;
}

int
fl_prompt_answer(struct fl_prompter *p, const struct fl_question *q, struct fl_sequence *s,
    struct fl_err *err)
{
	if (q->max_tokens >= p->context)
		return fl_err_data(err, "'max_tokens' of %zu leaves no room in the model's context of %zu",
		    q->max_tokens, p->context);
	if (put_beginning(p, q, false, err) < 0)
		return -1;
	put(&p->text, fl_question_context(q, 0));
	if (encode(p, p->text.len, &s->ids, err) < 0)
		return -1;
	if (s->ids.n == 0)
		return fl_err_data(err, "the prompt has no token");
	s->first = s->ids.n;
	cut(s, p->context - q->max_tokens);
	return 0;
}

int
fl_prompt_common(struct fl_prompter *p, const struct fl_question *q, struct fl_ids *out, struct fl_err *err)
{
	if (put_beginning(p, q, true, err) < 0)
		return -1;
	return encode(p, p->text.len, out, err);
}
