/* SPDX-License-Identifier: Apache-2.0 */
#include "model/likelihood.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/size.h"
#include "compute/loss.h"
#include "model/forward.h"

/* Rows of a batch, as in windows.c; and the shortest beginning worth a place in the cache. */
enum { ROWS = 2048, WORTH = 16 };

/* A token that row `row` of the batch predicts. */
struct want {
	size_t row;
	uint32_t token;
	size_t sequence;
	double nats;
	bool greedy;
};

struct scorer {
	const struct fl_sequence *s;
	struct fl_likelihood *out;
	struct fl_forward *f;
	size_t vocab, capacity, skip; /* skip: tokens that are in the cache */

	/* The batch. */
	uint32_t *ids; /* [capacity] */
	size_t rows, spans, wants, span_cap, want_cap;
	struct fl_span *span;
	struct want *want;

	/* Of its wants, those of each row that is kept: want[begin[i] .. begin[i+1]). */
	size_t *row, *begin; /* [capacity], [capacity + 1] */
	const float *logits; /* of kept row `first` on */
	size_t first;
};

static size_t
common_length(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	size_t i = 0;

	for (m = fl_min(n, m); i < m && a[i] == b[i];)
		i++;
	return i;
}

/* --- a batch is run --- */

static void
score_row(void *ctx, size_t i, int thread)
{
	struct scorer *x = ctx;
	const float *z = x->logits + i * x->vocab;
	size_t k = x->begin[x->first + i], end = x->begin[x->first + i + 1];
	size_t best = k < end ? fl_likeliest(z, x->vocab) : 0;

	(void)thread;
	for (; k < end; k++) {
		struct want *w = &x->want[k];

		w->nats = -fl_cross_entropy(z, x->vocab, w->token);
		w->greedy = w->token == best;
	}
}

static void
see_logits(void *ctx, size_t first, size_t n, float *logits)
{
	struct scorer *x = ctx;

	x->first = first;
	x->logits = logits;
	fl_parallel(n, score_row, x);
}

static int
by_row(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* How many rows are wanted. */
static size_t
list_rows(struct scorer *x)
{
	size_t n = 0;

	qsort(x->want, x->wants, sizeof *x->want, by_row);
	for (size_t k = 0; k < x->wants; k++)
		if (k == 0 || x->want[k].row != x->want[k - 1].row) {
			x->row[n] = x->want[k].row;
			x->begin[n++] = k;
		}
	x->begin[n] = x->wants;
	return n;
}

static int
run(struct scorer *x, struct fl_err *err)
{
	size_t kept;

	if (!x->spans)
		return 0;
	kept = list_rows(x);
	if (fl_forward_spans(x->f, x->ids, x->span, x->spans, err) < 0)
		return -1;
	fl_forward_keep(x->f, x->row, kept);
	fl_forward_logits(x->f, see_logits, x);
	for (size_t k = 0; k < x->wants; k++) {
		struct fl_likelihood *out = &x->out[x->want[k].sequence];

		out->nats += x->want[k].nats;
		out->greedy = out->greedy && x->want[k].greedy;
	}
	x->rows = x->spans = x->wants = 0;
	return 0;
}

/* --- a batch is filled --- */

static size_t
add_span(struct scorer *x, const uint32_t *ids, size_t n, size_t after)
{
	x->span = fl_grow(x->span, &x->span_cap, x->spans + 1, sizeof *x->span);
	x->span[x->spans] = (struct fl_span){ n, after };
	memcpy(x->ids + x->rows, ids, n * sizeof *ids);
	x->rows += n;
	return x->spans++;
}

/* The model reads all of a sequence but its last token. */
static size_t
inputs(const struct scorer *x, size_t i)
{
	return x->s[i].ids.n - 1 - x->skip;
}

/* Sequence i, whose first `shared` inputs are the rows from `root` on and the others those from `leaf` on. */
static void
add_wants(struct scorer *x, size_t i, size_t shared, size_t root, size_t leaf)
{
	const struct fl_sequence *s = &x->s[i];

	x->want = fl_grow(x->want, &x->want_cap, x->wants + s->ids.n - s->first, sizeof *x->want);
	for (size_t k = s->first; k < s->ids.n; k++) {
		size_t at = k - 1 - x->skip;

		x->want[x->wants++] = (struct want){ at < shared ? root + at : leaf + at - shared, s->ids.v[k], i,
			0, false };
	}
}

/* Sequences [first, end), which begin with `shared` inputs in common. */
static void
add_group(struct scorer *x, size_t first, size_t end, size_t shared)
{
	size_t root = x->rows, after = FL_NO_SPAN;

	if (shared)
		after = add_span(x, x->s[first].ids.v + x->skip, shared, FL_NO_SPAN);
	for (size_t i = first; i < end; i++) {
		size_t leaf = x->rows;

		if (inputs(x, i) > shared)
			add_span(x, x->s[i].ids.v + x->skip + shared, inputs(x, i) - shared, after);
		add_wants(x, i, shared, root, leaf);
	}
}

/* The inputs that sequences [first, end) begin with in common, and the rows they take then. */
static size_t
share(const struct scorer *x, size_t first, size_t end, size_t *rows)
{
	const uint32_t *v = x->s[first].ids.v + x->skip;
	size_t shared = end - first > 1 ? inputs(x, first) : 0;

	for (size_t i = first + 1; i < end; i++)
		shared = common_length(v, shared, x->s[i].ids.v + x->skip, inputs(x, i));
	*rows = shared;
	for (size_t i = first; i < end; i++)
		*rows += inputs(x, i) - shared;
	return shared;
}

/* Sequences [first, end) of a group, one by one if they are too many for a batch. */
static int
put(struct scorer *x, size_t first, size_t end, struct fl_err *err)
{
	size_t rows, shared = share(x, first, end, &rows);

	if (rows > x->capacity) {
		for (size_t i = first; i < end; i++)
			if (put(x, i, i + 1, err) < 0)
				return -1;
		return 0;
	}
	if (x->rows + rows > x->capacity && run(x, err) < 0)
		return -1;
	add_group(x, first, end, shared);
	return 0;
}

/* --- the beginning that most have --- */

static int
downwards(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x > y ? -1 : x < y;
}

/* How many tokens of `common` to keep in the cache: those that save most. match[i]: how many sequence i
 * can take from there. */
static size_t
best_beginning(const size_t *match, size_t n)
{
	size_t *sorted = memcpy(fl_alloc(n, sizeof *sorted), match, n * sizeof *match), best = 0, saved = 0;

	qsort(sorted, n, sizeof *sorted, downwards);
	for (size_t i = 0; i < n; i++)
		if (sorted[i] >= WORTH && sorted[i] * (i + 1) > saved) {
			best = sorted[i];
			saved = best * (i + 1);
		}
	free(sorted);
	return best;
}

/* The sequences that begin with what is in the cache, or those that do not. */
static int
pass(struct scorer *x, const size_t *group, size_t n, const size_t *match, size_t beginning, bool with,
    struct fl_err *err)
{
	x->skip = with ? beginning : 0;
	for (size_t first = 0, end; first < n; first = end) {
		for (end = first + 1; end < n && group[end] == group[first] &&
		    (match[end] >= beginning) == (match[first] >= beginning);)
			end++;
		if ((match[first] >= beginning) != with)
			continue;
		if (put(x, first, end, err) < 0)
			return -1;
		fl_progress_add(end - first);
	}
	return run(x, err);
}

static size_t
longest(const struct fl_sequence *s, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = s[i].ids.n > most ? s[i].ids.n : most;
	return most;
}

static int
score(struct scorer *x, const size_t *group, size_t n, const struct fl_ids *common, const size_t *match,
    size_t beginning, struct fl_err *err)
{
	if (beginning) {
		if (fl_forward_append(x->f, common->v, beginning, err) < 0 ||
		    pass(x, group, n, match, beginning, true, err) < 0)
			return -1;
		fl_forward_reset(x->f);
		return pass(x, group, n, match, beginning, false, err);
	}
	return pass(x, group, n, match, 0, true, err);
}

int
fl_likelihoods(const struct fl_model *m, const struct fl_sequence *s, const size_t *group, size_t n,
    const struct fl_ids *common, struct fl_likelihood *out, struct fl_err *err)
{
	struct scorer x = { .s = s, .out = out, .vocab = (size_t)m->config.vocab };
	size_t *match = fl_alloc(n, sizeof *match), beginning;
	int bad;

	for (size_t i = 0; i < n; i++) {
		match[i] = common_length(s[i].ids.v, s[i].first - 1, common->v, common->n);
		out[i] = (struct fl_likelihood){ 0, true };
	}
	beginning = best_beginning(match, n);
	x.capacity = longest(s, n) > ROWS ? longest(s, n) : ROWS;
	x.f = fl_forward_new(m, x.capacity, beginning, NULL);
	x.ids = fl_alloc(x.capacity, sizeof *x.ids);
	x.row = fl_alloc(x.capacity, sizeof *x.row);
	x.begin = fl_alloc(x.capacity + 1, sizeof *x.begin);
	bad = score(&x, group, n, common, match, beginning, err);
	fl_forward_free(x.f);
	free(x.ids);
	free(x.row);
	free(x.begin);
	free(x.span);
	free(x.want);
	free(match);
	return bad;
}
