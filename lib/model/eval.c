/* SPDX-License-Identifier: Apache-2.0 */
#include "model/eval.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "base/str.h"

/* Sums of one window after the other, for the mean and its standard error. */
struct tally {
	const struct fl_windows *w;
	double *row; /* of a batch, a value a token */
	double *nats;
	size_t *tokens, windows;
};

static void
add_window(struct tally *t, const struct fl_window *at, const double *nats)
{
	double sum = 0;

	if (at->fresh >= at->length)
		return;
	for (size_t i = at->fresh; i < at->length; i++)
		sum += nats[i - 1];
	t->nats[t->windows] = sum;
	t->tokens[t->windows++] = at->length - at->fresh;
}

/* The mean is a ratio of sums over windows, so that windows of different lengths count right:
 * se^2 = n/(n-1) sum (s_i - mean t_i)^2 / (sum t_i)^2. */
static void
conclude(const struct tally *t, struct fl_loss *out)
{
	double nats = 0, tokens = 0, spread = 0, n = (double)t->windows;

	for (size_t i = 0; i < t->windows; i++) {
		nats += t->nats[i];
		tokens += (double)t->tokens[i];
	}
	out->nats = nats / tokens;
	for (size_t i = 0; i < t->windows; i++) {
		double d = t->nats[i] - out->nats * (double)t->tokens[i];

		spread += d * d;
	}
	out->se = t->windows > 1 ? sqrt(n / (n - 1) * spread) / tokens : (double)NAN;
	out->tokens = (long long)tokens;
	out->windows = (long long)t->windows;
}

int
fl_eval_windows(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv, const char *doing,
    fl_eval_see *see, void *ctx, struct fl_err *err)
{
	bool cached = kv != FL_KV_F32;
	struct fl_forward *f = cached ?
	    fl_forward_new_cached(m, w->context, w->context, &(struct fl_cache_opts){ kv, false }) :
	    fl_forward_new(m, fl_windows_rows(w), 0, NULL);
	size_t count = fl_windows_count(w);
	struct fl_batch b = { 0 };
	int bad = 0;

	fl_progress_begin(doing, "tokens", count * w->context);
	while (!bad && fl_windows_next(w, count, &b)) {
		size_t n = cached ? 1 : b.windows;

		for (size_t i = 0; i < b.windows && !bad; i += n) {
			uint32_t *id = b.id + i * b.length;

			fl_forward_reset(f);
			bad = cached ? fl_forward_append(f, id, b.length, err) :
				       fl_forward_batch(f, id, n, b.length, err);
			if (!bad)
				bad = see(ctx, f, &(struct fl_batch){ id, b.first + i, n, b.length });
		}
		fl_progress_add(b.windows * b.length);
	}
	fl_progress_end();
	fl_batch_free(&b);
	fl_forward_free(f);
	return bad;
}

static int
see_loss(void *ctx, struct fl_forward *f, const struct fl_batch *b)
{
	struct tally *t = ctx;

	fl_forward_nats(f, b->id, t->row);
	for (size_t i = 0; i < b->windows; i++) {
		struct fl_window at = fl_windows_at(t->w, b->first + i);

		add_window(t, &at, t->row + i * b->length);
	}
	return 0;
}

int
fl_eval_loss(const struct fl_model *m, const struct fl_windows *w, enum fl_kv_kind kv, struct fl_loss *out,
    struct fl_err *err)
{
	size_t count = fl_windows_count(w);
	struct tally t = { w, fl_alloc(fl_windows_rows(w), sizeof(double)), fl_alloc(count, sizeof(double)),
		fl_alloc(count, sizeof(size_t)), 0 };
	int bad = fl_eval_windows(m, w, kv, "evaluating", see_loss, &t, err);

	if (!bad)
		conclude(&t, out);
	free(t.row);
	free(t.nats);
	free(t.tokens);
	return bad;
}

/* Bytes of the text of id within a text; 0 if it has none. */
static size_t
text_length(const struct fl_tokenizer *t, uint32_t id, struct fl_str *text)
{
	struct fl_decoder d = { .begun = true };
	struct fl_err err = { 0 };
	enum fl_token_type type = fl_tokenizer_type(t, id);

	fl_str_clear(text);
	if (type == FL_TOKEN_UNUSED || type == FL_TOKEN_SPECIAL ||
	    fl_decoder_put(&d, t, id, text, &err) < 0)
		return 0;
	fl_decoder_end(&d, text);
	return text->len;
}

long long
fl_eval_bytes(const struct fl_windows *w, const struct fl_tokenizer *t)
{
	size_t count = fl_windows_count(w), front = w->bos >= 0, total = 0;
	struct fl_str text = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct fl_window at = fl_windows_at(w, i);

		for (size_t k = at.fresh; k < at.length; k++)
			total += text_length(t, w->id[at.start + k - front], &text);
	}
	fl_str_free(&text);
	return (long long)total;
}
